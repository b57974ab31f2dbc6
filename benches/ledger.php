<?php

declare(strict_types=1);

/*
 * The ledger's speed: `make bench`, or alone: tools/php benches/ledger.php [sqlite|mariadb|pgsql ...]
 *
 * Applies per second in one process, with our share of the CPU time: in all, and of the
 * PHP process alone; claims per second with one and four workers; Sync
 * over many due orders against the local simulator; a day of lost notices. QUICK=1 for a short run, ONLY=day for the last, ORDERS=100000 for a longer one.
 */

namespace WechatPayBench;

use WechatPay\Gateway;
use WechatPay\Ledger;
use WechatPay\Merchant;
use WechatPay\Notification;
use WechatPay\Order;
use WechatPay\Sync;
use WechatPay\Transition;
use WechatPayTests\Database;
use WechatPayTests\SimulatorProcess;

require __DIR__ . '/../php-tests/autoload.php';

final class LedgerBench
{
    private const BATCH = 50;
    private const MERCHANTS = 100;

    private readonly Merchant $merchant;
    private readonly int $orders;

    public function __construct(private readonly Database $database, private readonly bool $quick)
    {
        $this->merchant = new Merchant(SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY);
        $this->orders = $quick ? 600 : 4000;
    }

    /** A shop whose credit is one row of its own. */
    private function ledger(\PDO $pdo, ?Gateway $gateway = null): Ledger
    {
        return new Ledger($pdo, function (Transition $t, \PDO $pdo): void {
            $pdo->exec("INSERT INTO balance VALUES ('$t->outTradeNo', {$t->entry->totalFee})");
        }, gateway: $gateway);
    }

    private function fresh(): \PDO
    {
        $this->database->clear();
        $pdo = $this->database->connect();
        $pdo->exec('CREATE TABLE balance (trade VARCHAR(32), fen BIGINT)');
        $this->ledger($pdo)->install();
        return $pdo;
    }

    private function order(string $number): Order
    {
        $fields = ['out_trade_no' => $number, 'transaction_id' => '42' . strtr($number, ['-' => '']), 'total_fee' => '100'];
        return Notification::read(Notification::sign($fields, $this->merchant), $this->merchant)->order;
    }

    private function open(\PDO $pdo, int $count, bool $due = false): void
    {
        $ledger = $this->ledger($pdo);
        $pdo->beginTransaction();
        for ($at = 0; $at < $count; $at++) {
            $ledger->open($this->merchant, "bench-$at", 100);
        }
        $due && $pdo->exec('UPDATE wechatpay_order SET due_at = 0');
        $pdo->commit();
    }

    /**
     * Batches by turns, ours and plain, so that both meet the same machine; the medians of the batches.
     *
     * @return array{float, float, float, float} applies per second, CPU microseconds of each in this process, those of
     *                                           PDO alone, and those of the database server
     */
    public function applies(): array
    {
        $pdo = $this->fresh();
        $this->open($pdo, $this->orders);
        $ledger = $this->ledger($pdo);
        $seen = array_map(fn (int $at) => $this->order("bench-$at"), range(0, $this->orders - 1));
        $plain = $this->plain($pdo);
        [$wall, $taken] = [[], ['ours' => [], 'plain' => [], 'server' => []]];
        for ($first = 0; $first < $this->orders; $first += self::BATCH) {
            $turn = intdiv($first, self::BATCH) % 2 === 0 ? 'ours' : 'plain';
            $started = [microtime(true), self::cpu(), self::serverCpu()];
            for ($at = $first; $at < $first + self::BATCH; $at++) {
                $turn === 'ours' ? $ledger->apply($seen[$at]) : $plain($at);
            }
            $taken[$turn][] = (self::cpu() - $started[1]) / self::BATCH * 1e6;
            if ($turn === 'ours') {
                $wall[] = (microtime(true) - $started[0]) / self::BATCH;
                $taken['server'][] = (self::serverCpu() - $started[2]) / self::BATCH * 1e6;
            }
        }
        return [1 / self::median($wall), ...array_map(self::median(...), array_values($taken))];
    }

    /** @param list<float> $numbers */
    private static function median(array $numbers): float
    {
        sort($numbers);
        return $numbers[intdiv(\count($numbers), 2)];
    }

    /**
     * The same statements through the same PDO, written in PHP: what is left is ours.
     *
     * @return \Closure(int): void for one order
     */
    private function plain(\PDO $pdo): \Closure
    {
        $texts = $this->statements();
        $prepared = array_map(fn (array $one) => $pdo->prepare($one[0]), $texts);
        return function (int $at) use ($pdo, $texts, $prepared): void {
            $pdo->getAttribute(\PDO::ATTR_ERRMODE);
            $pdo->inTransaction();
            $pdo->beginTransaction();
            match ($this->database->kind) {
                'sqlite' => $pdo->exec('DELETE FROM wechatpay_schema WHERE 0'),
                'pgsql' => $pdo->exec("SET LOCAL lock_timeout = '5s'"),
                default => null,
            };
            foreach ($texts as $n => [, $bound]) {
                self::execute($prepared[$n], $bound($at));
                $n === 0 ? $prepared[$n]->fetchAll(\PDO::FETCH_NUM) : $prepared[$n]->rowCount();
            }
            self::credit($pdo, $at);
            $pdo->commit();
        };
    }

    /** @param list<int|string> $bound */
    private static function execute(\PDOStatement $prepared, array $bound): void
    {
        foreach ($bound as $place => $value) {
            $prepared->bindValue($place + 1, $value, \is_int($value) ? \PDO::PARAM_INT : \PDO::PARAM_STR);
        }
        $prepared->execute();
    }

    /** The shop's callback, between the marks that tell whether it has ended the transaction. */
    private static function credit(\PDO $pdo, int $at): void
    {
        $pdo->exec("SAVEPOINT plain_$at");
        $pdo->exec("INSERT INTO balance VALUES ('bench-$at', 100)");
        $pdo->exec("RELEASE SAVEPOINT plain_$at");
    }

    /**
     * What PDO alone needs for what orders of a batch cannot share: row, credit, message and callback of one are written
     * before those of the next, so that a callback which commits leaves no credit behind of which the shop was not told.
     *
     * @return float orders a second, nobody asked about and nothing else kept
     */
    private function unshared(int $count): float
    {
        $pdo = $this->fresh();
        $this->open($pdo, $count);
        $texts = \array_slice($this->statements(), 2);
        $prepared = array_map(fn (array $one) => $pdo->prepare($one[0]), $texts);
        $started = microtime(true);
        for ($first = 0; $first < $count; $first += 100) {
            $pdo->beginTransaction();
            for ($at = $first; $at < min($count, $first + 100); $at++) {
                foreach ($texts as $n => [, $bound]) {
                    self::execute($prepared[$n], $bound($at));
                }
                self::credit($pdo, $at);
            }
            $pdo->commit();
        }
        return $count / (microtime(true) - $started);
    }

    /** @return list<array{string, \Closure(int): list<mixed>}> */
    private function statements(): array
    {
        $lock = $this->database->kind === 'sqlite' ? '' : ' FOR UPDATE';
        $mch = SimulatorProcess::MCH_ID;
        return [
            ["SELECT * FROM wechatpay_order WHERE mch_id = ? AND sub_mch_id = ? AND out_trade_no = ?$lock",
                fn (int $at) => [$mch, '', "bench-$at"]],
            ['INSERT INTO wechatpay_evidence (mch_id, sub_mch_id, out_trade_no, order_id, sha256, source, observed,
              transaction_id, total_fee, reason, note, seen_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
                fn (int $at) => [$mch, '', "bench-$at", $at + 1, str_repeat('a', 64), 'query', 'SUCCESS', "42$at", 100,
                    'paid', '', 1]],
            ['UPDATE wechatpay_order SET state = ?, version = version + 1, transaction_id = ?, paid = ?, credited = ?,
              refunded = ?, intent = ?, ask_refunds = ?, reason = ?, changed_at = ?, attempt = ?
              WHERE mch_id = ? AND sub_mch_id = ? AND out_trade_no = ?',
                fn (int $at) => ['PAID', "42$at", 100, 1, 0, '', 0, 'paid', $at, 0, $mch, '', "bench-$at"]],
            ['INSERT INTO wechatpay_credit (order_id, mch_id, sub_mch_id, out_trade_no, transaction_id, total_fee,
              fee_type, sha256, credited_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
                fn (int $at) => [$at + 1, $mch, '', "bench-$at", "42$at", 100, 'CNY', str_repeat('a', 64), 1]],
            ['INSERT INTO wechatpay_outbox (order_id, topic, payload, created_at) VALUES (?, ?, ?, ?)',
                fn (int $at) => [$at + 1, 'PAID', str_repeat('x', 250), 1]],
        ];
    }

    /**
     * Orders that so many workers together claim in a second, ask about in vain, and postpone. They belong to many
     * merchants, since Sync asks about each at a measured pace.
     */
    public function claims(int $workers): float
    {
        $pdo = $this->fresh();
        $this->open($pdo, $this->quick ? 6000 : 20_000, true);
        for ($at = 1; $at < self::MERCHANTS; $at++) {
            $pdo->exec(sprintf("UPDATE wechatpay_order SET mch_id = '%d' WHERE out_trade_no LIKE '%%%02d'", 10000100 + $at, $at));
        }
        unset($pdo);
        $files = array_map(static fn () => tempnam(sys_get_temp_dir(), 'claims'), range(1, $workers));
        $children = array_map($this->claimer(...), $files);
        array_map(static fn (int $child) => pcntl_waitpid($child, $status), $children);
        $claims = array_map(static fn (string $file) => (float) file_get_contents($file), $files);
        array_map(unlink(...), $files);
        return array_sum($claims);
    }

    /** Claims by Sync, whose gateway is nowhere: the question is lost, the claim is not. Writes down how many a second. */
    private function claimer(string $file): int
    {
        $child = pcntl_fork();
        if ($child === 0) {
            $ledger = $this->ledger($this->database->connect(), new Gateway('https://127.0.0.1:1', connectTimeoutMs: 1, timeoutMs: 1));
            $merchant = static fn (int $at) => new Merchant(SimulatorProcess::APPID, (string) (10000100 + $at), SimulatorProcess::KEY);
            $report = (new Sync($ledger, ...array_map($merchant, range(0, self::MERCHANTS - 1))))->run($this->quick ? 1 : 3, batch: 50);
            file_put_contents($file, (string) ($report->claimed * 1000 / $report->ms));
            posix_kill(getmypid(), SIGKILL);
        }
        return $child;
    }

    /** Seconds that Sync takes for so many due orders, all paid. @return array{int, float, int} */
    public function sync(SimulatorProcess $simulator): array
    {
        $pdo = $this->fresh();
        $count = $this->quick ? 500 : 10_000;
        $this->open($pdo, $count, true);
        for ($at = 0; $at < $count; $at++) {
            $simulator->control('POST', '/orders', [
                'out_trade_no' => "bench-$at", 'total_fee' => 100, 'trade_state' => 'SUCCESS',
            ]);
        }
        $gateway = new Gateway($simulator->url, caFile: $simulator->caFile);
        $report = (new Sync($this->ledger($pdo, $gateway), $this->merchant))->run(0, batch: 200);
        $simulator->reset();
        return [$count, $report->ms / 1000, $report->credited];
    }

    /**
     * A day of payments whose notices were all lost: how many are asked about, booked and kept in a second, beside single
     * applications of as many answers that are at hand.
     *
     * @return array{int, float, float, float} how many, the day's rate, that of single applications, MiB that PHP needed more
     */
    public function day(SimulatorProcess $simulator, string $date, int $count): array
    {
        $single = min($count, 2000);
        $pdo = $this->fresh();
        $this->open($pdo, $single);
        $seen = array_map(fn (int $at) => $this->order("bench-$at"), range(0, $single - 1));
        $ledger = $this->ledger($pdo);
        $started = microtime(true);
        array_map($ledger->apply(...), $seen);
        $rate = $single / (microtime(true) - $started);
        unset($seen, $ledger, $pdo);
        $pdo = $this->fresh();
        $this->open($pdo, $count);
        $ledger = $this->ledger($pdo, new Gateway($simulator->url, caFile: $simulator->caFile));
        [$started, $before] = [microtime(true), self::resident()];
        $report = $ledger->reconcileDay($this->merchant, $date);
        $seconds = microtime(true) - $started;
        $credits = (int) $pdo->query('SELECT COUNT(*) FROM balance')->fetchColumn();
        [\count($report), $credits, $report->isClean()] === [$count, $count, true] || throw new \Error("$credits of $count are booked");
        $memory = self::resident() - $before;
        unset($ledger, $pdo);
        return [$count, $count / $seconds, $rate, $this->unshared($single), $memory];
    }

    private static function resident(): float
    {
        preg_match('~VmHWM:\s+(\d+)~', (string) file_get_contents('/proc/self/status'), $found);
        return $found[1] / 1024;
    }

    /** Orders of two days ago at the gateway, all paid. Gives the day. */
    public static function trade(SimulatorProcess $simulator, int $count): string
    {
        $simulator->control('POST', '/clock', ['advance_ms' => -2 * 86_400_000]);
        $date = substr($simulator->control('GET', '/clock')['beijing'], 0, 10);
        for ($at = 0; $at < $count; $at++) {
            $simulator->control('POST', '/orders', ['out_trade_no' => "bench-$at", 'total_fee' => 100, 'trade_state' => 'SUCCESS']);
        }
        $simulator->control('POST', '/clock', ['advance_ms' => 2 * 86_400_000]);
        return $date;
    }

    /** Of the processes that this one has started: the server, and what it has started. */
    private static function serverCpu(): float
    {
        $seconds = 0.0;
        for ($parents = [getmypid()]; $parents !== []; $parents = $children) {
            $children = [];
            foreach ($parents as $parent) {
                $listed = array_map(intval(...), preg_split('/\s+/', (string) @file_get_contents("/proc/$parent/task/$parent/children"), -1, PREG_SPLIT_NO_EMPTY));
                array_push($children, ...$listed);
            }
            foreach ($children as $child) {
                foreach (glob("/proc/$child/task/*/schedstat") ?: [] as $thread) {
                    $seconds += (float) @file_get_contents($thread) / 1e9;
                }
            }
        }
        return $seconds;
    }

    private static function cpu(): float
    {
        $used = getrusage();
        return $used['ru_utime.tv_sec'] + $used['ru_stime.tv_sec'] + ($used['ru_utime.tv_usec'] + $used['ru_stime.tv_usec']) / 1e6;
    }
}

(function (array $kinds): void {
    $quick = (bool) getenv('QUICK');
    Database::$durable = true;
    $simulator = SimulatorProcess::start();
    if (getenv('ONLY') !== 'day') {
        echo "| ledger | apply/s | CPU us of an apply: PHP (PDO alone) + server | our share | claims/s, 1 and 4 workers | Sync |\n|---|---|---|---|---|---|\n";
        foreach ($kinds as $kind) {
            $bench = new LedgerBench(Database::of($kind), $quick);
            [$applies, $cpu, $plain, $server] = $bench->applies();
            $ours = max(0, $cpu - $plain);
            [$one, $four] = [$bench->claims(1), $bench->claims(4)];
            [$count, $seconds, $credited] = $bench->sync($simulator);
            printf(
                "| %s | %.0f | %.0f (%.0f) + %.0f | %.0f %% of all, %.0f %% of PHP's (aim: under 20 %%) | %.0f, %.0f | %d orders, %d credited in %.1f s |\n",
                $kind,
                $applies,
                $cpu,
                $plain,
                $server,
                100 * $ours / ($cpu + $server),
                100 * $ours / $cpu,
                $one,
                $four,
                $count,
                $credited,
                $seconds,
            );
        }
    }
    $simulator->reset();
    $count = (int) (getenv('ORDERS') ?: ($quick ? 2000 : 10_000));
    $date = LedgerBench::trade($simulator, $count);
    echo "\n| a day, all notices lost | asked, booked and kept | single applications | ratio (aim: 5) | PDO alone, what batches cannot share | memory |\n|---|---|---|---|---|---|\n";
    foreach ($kinds as $kind) {
        [$orders, $day, $single, $most, $more] = (new LedgerBench(Database::of($kind), $quick))->day($simulator, $date, $count);
        printf("| %s, %d orders | %.0f/s | %.0f/s | %.1fx | %.0f/s, %.1fx | +%.0f MiB |\n", $kind, $orders, $day, $single, $day / $single, $most, $most / $single, $more);
    }
    $simulator->stop();
})(\array_slice($argv, 1) ?: Database::KINDS);
