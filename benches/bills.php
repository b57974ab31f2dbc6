<?php

declare(strict_types=1);

namespace WechatPayBench;

/** A day's bill of many rows: verified, iterated, compared with books; each work in a process of its own. */
final class Bills
{
    private const FEW = 10_000;

    private readonly string $bench;
    private readonly string $folder;
    /** @var array<string, array<string, list<array{cpu: float, wall: float}>>> by group and contestant */
    private array $taken = [];
    /** @var array<string, float> the most memory above the start, in MiB */
    private array $memory = [];

    public function __construct(private readonly int $rows, private readonly int $rounds)
    {
        $this->bench = rust_bench('bill');
        $this->folder = sys_get_temp_dir() . '/wechatpay-bench-bills-' . getmypid();
    }

    /** @return iterable<Row> */
    public function rows(): iterable
    {
        try {
            $this->write($this->folder, $this->rows);
            $this->write("$this->folder/few", self::FEW);
            self::write_books($this->folder);
            yield from $this->verify();
            yield from $this->verifyPacked();
            yield from $this->iterate();
            yield from $this->reconcile('in order', 1.8);
            yield from $this->reconcile('shuffled', 2.2);
            yield from $this->smallDay();
        } finally {
            exec('rm -rf ' . escapeshellarg($this->folder));
        }
    }

    /** @return iterable<Row> */
    private function verify(): iterable
    {
        $contestants = ['wechatpay' => 'verify', 'plain PHP, the same checks' => 'verify, strict', 'plain PHP, lean' => 'verify, lean'];
        $contestants += $this->peers();
        yield $this->contest('verify', $contestants, [
            'plain PHP, the same checks' => 12, 'plain PHP, lean' => 6.5, 'DuckDB, one core, six sums' => 4, 'polars, one core, six sums' => 4,
        ]);
        $few = $this->turn('verify', "$this->folder/few")['kib'] / 1024;
        yield $this->memory('verify: memory above the start', 'verify', 'verify, lean', 8.0);
        yield Row::limit(sprintf('verify: memory above that for %s rows', number_format(self::FEW)), 'MiB', $this->memory['verify'] - $few, null, 1.0);
    }

    /** @return iterable<Row> */
    private function verifyPacked(): iterable
    {
        exec(implode(' ', array_map(escapeshellarg(...), [$this->bench, 'by-turns', "$this->folder/packed", (string) (2 * $this->rounds + 1)])), $lines);
        $ratios = array_map(static fn (string $line): float => array_product(sscanf($line, '%f %f')) / sscanf($line, '%f')[0] ** 2, $lines);
        yield Row::limit('verify, packed: how much longer than inflating alone, by zlib-rs in the same process', 'times', median($ratios), null, 1.4);
        yield $this->contest('verify, packed', ['wechatpay' => 'verify packed', 'plain PHP, the same checks' => 'verify packed, strict'], ['plain PHP, the same checks' => 4.5]);
    }

    /** @return iterable<Row> */
    private function iterate(): iterable
    {
        yield $this->contest('iterate, four values of each row', ['wechatpay' => 'iterate', 'plain PHP, arrays with names, unchecked' => 'iterate, arrays'], ['plain PHP, arrays with names, unchecked' => 2]);
        yield $this->memory('iterate: memory above the start', 'iterate', 'iterate, arrays', 8.0);
    }

    /** @return iterable<Row> */
    private function reconcile(string $order, float $reach): iterable
    {
        $work = sprintf('compare with as many books of an unbuffered statement, %s', $order);
        $works = ['wechatpay' => "reconcile $order", 'plain PHP, the same checks' => "reconcile $order, strict", 'plain PHP, amounts alone, unchecked' => "reconcile $order, lean", 'books' => "books $order"];
        yield $this->contest($work, $works, ['plain PHP, amounts alone, unchecked' => $reach], apart: 'books');
        $above = static fn (array $whole, array $books): array => ['cpu' => $whole['cpu'] - $books['cpu'], 'wall' => $whole['wall'] - $books['wall']];
        ['books' => $books] = $taken = $this->taken[$work];
        unset($taken['books']);
        $joins = array_map(static fn (array $rounds): array => array_map($above, $rounds, $books), $taken);
        yield Row::of("the same without what the statement alone takes, $order", 'cpu', $joins, ['plain PHP, amounts alone, unchecked' => 3.5]);
        $lean = $this->memory["reconcile $order, lean"];
        yield $this->memory("compare, $order: memory above the start", "reconcile $order", "reconcile $order, lean", 0.45 * $lean);
    }

    /** @return iterable<Row> */
    private function smallDay(): iterable
    {
        $folder = "$this->folder/small";
        $this->write($folder, 100);
        $books = iterator_to_array(plain_books("$folder/payments"), false);
        $row = (new Contest('a day of 100 rows: open, verify, compare', [
            'wechatpay' => static function (int $times) use ($folder, $books) {
                for (; $times > 0; $times--) {
                    $bill = \WechatPay\Bill::open("$folder/payments");
                    $bill->verify();
                    $report = \WechatPay\Reconciliation::compare($bill, $books);
                }
                return [$report->theirs['payments']['count'], \count($report)];
            },
            'plain PHP, the same checks' => static function (int $times) use ($folder, $books) {
                for (; $times > 0; $times--) {
                    $found = plain_reconcile_strict("$folder/payments", $books);
                }
                return $found;
            },
        ]))->run(['plain PHP, the same checks' => 1]);
        yield $row;
        yield Row::limit('a day of 100 rows: open, verify, compare', 'ms', $row->facts['taken']['wechatpay']['wall']['median'] * 1000, null, 1.0);
    }

    /**
     * Works by turns, each in a process of its own; all must come to the same.
     *
     * @param array<string, string|list<string>> $contestants works, or commands
     * @param array<string, float>               $reach
     * @param string|null                        $apart       a contestant that is measured with them, and not compared
     */
    private function contest(string $work, array $contestants, array $reach, ?string $apart = null): Row
    {
        $taken = [];
        for ($round = 0; $round < $this->rounds; $round++) {
            foreach ($round % 2 === 0 ? $contestants : array_reverse($contestants) as $name => $task) {
                $turn = $this->turn($task);
                $taken[$name][] = ['cpu' => $turn['cpu'], 'wall' => $turn['wall']];
                $key = \is_array($task) ? $name : $task;
                $this->memory[$key] = max($this->memory[$key] ?? 0.0, $turn['kib'] / 1024);
                if ($turn['result'] !== ($expected ??= $turn['result'])) {
                    throw new \LogicException("$work: $name came to " . json_encode($turn['result']) . ', not to ' . json_encode($expected));
                }
            }
        }
        $this->taken[$work] = $taken;
        unset($taken[$apart]);
        return Row::of($work, 'cpu', $taken, $reach);
    }

    /** @param string|list<string> $task @return array{result: list<int>, cpu: float, wall: float, kib: int} */
    private function turn(string|array $task, ?string $folder = null): array
    {
        $ours = static fn (string $work): array => [PHP_BINARY, '-d', 'extension=' . getenv('WECHATPAY_EXTENSION'), '-d', 'memory_limit=-1', __DIR__ . '/bill_work.php', $work];
        $command = [...\is_array($task) ? $task : $ours($task), $folder ?? $this->folder];
        $output = shell_exec(implode(' ', array_map(escapeshellarg(...), $command)));
        return json_decode((string) $output, true) ?? throw new \LogicException(implode(' ', $command) . ": $output");
    }

    private function memory(string $title, string $ours, string $plain, float $limit): Row
    {
        return Row::limit($title, 'MiB', $this->memory[$ours], $this->memory[$plain], $limit);
    }

    /** DuckDB and polars, where python3 has them. @return array<string, list<string>> */
    private function peers(): array
    {
        $peers = [];
        foreach (['duckdb' => 'DuckDB', 'polars' => 'polars'] as $module => $name) {
            exec("python3 -c 'import $module' 2>/dev/null", $lines, $status);
            if ($status === 0) {
                $peers["$name, one core, six sums"] = ['python3', __DIR__ . '/bill_peers.py', $module];
            }
        }
        if ($peers !== []) {
            exec('tail -n +2 ' . escapeshellarg("$this->folder/plain") . ' | head -n -2 > ' . escapeshellarg("$this->folder/rows"));
        }
        return $peers;
    }

    private function write(string $folder, int $rows): void
    {
        exec(implode(' ', array_map(escapeshellarg(...), [$this->bench, 'write', $folder, (string) $rows])), $lines, $status);
        if ($status !== 0) {
            throw new \RuntimeException('the bill was not written');
        }
    }

    /** The books of the payments, in the order of the bill and in none. */
    private static function write_books(string $folder): void
    {
        $pdo = new \PDO("sqlite:$folder/books.sqlite");
        $pdo->exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF');
        foreach (['in_order', 'shuffled'] as $table) {
            $pdo->exec("CREATE TABLE $table (out_trade_no TEXT, total_fee INTEGER, state TEXT, transaction_id TEXT)");
        }
        $insert = $pdo->prepare('INSERT INTO in_order VALUES (?, ?, ?, ?)');
        $pdo->beginTransaction();
        foreach (plain_books("$folder/payments") as $book) {
            $insert->execute(array_values($book));
        }
        $pdo->exec('INSERT INTO shuffled SELECT * FROM in_order ORDER BY substr(out_trade_no, 2)');
        $pdo->commit();
    }
}

/** The books that go with a bill. @return \Generator<array{out_trade_no: string, total_fee: int, state: string, transaction_id: string}> */
function plain_books(string $path): \Generator
{
    $file = plain_open($path);
    while (($line = fgets($file)) !== false && $line[0] === '`') {
        $cells = explode(',`', $line);
        yield ['out_trade_no' => $cells[6], 'total_fee' => (int) str_replace('.', '', $cells[24]), 'state' => $cells[9], 'transaction_id' => $cells[5]];
    }
}
