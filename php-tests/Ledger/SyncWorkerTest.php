<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;

/**
 * examples/sync-worker.php as a process of its own, and the systemd unit beside it.
 *
 * @group slow
 */
#[Group('slow')]
final class SyncWorkerTest extends LedgerSimulatorTestCase
{
    private const SCRIPT = ROOT . '/examples/sync-worker.php';
    private const UNIT = ROOT . '/examples/wechatpay-sync.service';

    /** @var resource|null */
    private $worker = null;
    /** @var array<int, resource> its output, and the terminal that its errors go to */
    private array $pipes = [];
    /** What it has said there. @var array<int, string> */
    private array $said = [1 => '', 2 => ''];

    protected function tearDown(): void
    {
        if (\is_resource($this->worker)) {
            proc_terminate($this->worker, SIGKILL);
            proc_close($this->worker);
        }
        $this->worker = null;
        parent::tearDown();
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testItCreditsALostNoticeShowsItsProgressAndDeliversTheMessage(string $database): void
    {
        $this->due('lost-0001', 'SUCCESS');
        $this->start('1');
        self::assertSame(0, $this->end(), $this->said[2]);
        self::assertMatchesRegularExpression('~\r\d+s  asked [1-9]\d*  credited 1  changed 1  faults 0~', $this->said[2]);
        self::assertMatchesRegularExpression('~^\d\d:\d\d:\d\d lost-0001 PAID \(.+\)\s*$~', $this->said[1]);
        self::assertSame([['lost-0001', 100]], $this->balance());
        self::assertSame(['PAID', null], $this->columns('lost-0001', 'state, due_at'));
        self::assertSame(0, $this->undelivered());
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testH9SigtermEndsItAfterTheOrdersInHandAndGivesTheirLeasesBack(string $database): void
    {
        $numbers = ['slow-0001', 'slow-0002', 'slow-0003'];
        foreach ($numbers as $number) {
            $this->due($number, 'NOTPAY', 7300);
        }
        $slow = ['fault' => 'delay', 'ms' => 2000, 'path' => '/pay/orderquery', 'times' => 3];
        self::$simulator->control('POST', '/faults', $slow);
        $this->start();
        $this->until(fn (): bool => \count($this->arrived('/pay/orderquery')) === 3, 'all three are asked about');
        $leased = microtime(true) * 1000 + 60_000;
        foreach ($numbers as $number) {
            self::assertGreaterThan($leased, $this->columns($number, 'due_at')[0], 'it is leased');
        }
        $told = microtime(true);
        proc_terminate($this->worker, SIGTERM);
        self::assertSame(0, $this->end(), $this->said[2]);
        self::assertLessThan(5, microtime(true) - $told);
        foreach ($numbers as $number) {
            // What was asked for was booked: it is to be closed. That would have been a question of its own.
            [$state, $due, $attempt] = $this->columns($number, 'state, due_at, attempt');
            self::assertSame(['CLOSING', 0], [$state, $attempt]);
            self::assertLessThanOrEqual(microtime(true) * 1000, $due, 'its lease was given back');
        }
        self::assertSame([], $this->arrived('/pay/closeorder'));
        self::assertSame(0, $this->undelivered(), 'the messages were delivered before the end');

        $this->start('1');
        self::assertSame(0, $this->end(), $this->said[2]);
        foreach ($numbers as $number) {
            self::assertSame('CLOSED', $this->columns($number, 'state')[0], 'the next worker goes on');
        }
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testH9SigtermInTheMiddleOfADeliveryLosesNoMessage(string $database): void
    {
        if (!\extension_loaded('pcntl')) {
            self::markTestSkipped('The worker needs ext/pcntl for this.');
        }
        $ledger = $this->shop($this->pdo);
        $count = 30;
        for ($at = 0; $at < $count; $at++) {
            $number = 'long-' . (10000 + $at);
            $this->open($ledger, $number);
            $ledger->apply($this->order(out_trade_no: $number, transaction_id: "42$at"));
        }
        // Long messages: a pipe that nobody reads is full after 64 kB, and the worker stands in the middle of them.
        $long = $this->pdo->prepare("UPDATE wechatpay_outbox SET payload = REPLACE(payload, '\"reason\":\"', ?)");
        $long->execute(['"reason":"' . str_repeat('long ', 1000)]);
        $this->start('1');
        $this->until(function () use ($count): bool {
            $left = $this->undelivered();
            usleep(300_000);
            return $left < $count && $left === $this->undelivered();
        }, 'it stands still', false);
        self::assertGreaterThan(0, $this->undelivered());
        proc_terminate($this->worker, SIGTERM);
        usleep(200_000);
        self::assertTrue(proc_get_status($this->worker)['running'], 'the delivery in hand goes on');
        self::assertSame(0, $this->end(), $this->said[2]);
        self::assertSame(0, $this->undelivered());
        self::assertSame($count, substr_count($this->said[1], ' PAID '), 'each was delivered once');
    }

    public function testTheSystemdUnitIsOneAndEndsTheWorkerAsTheWorkerExpects(): void
    {
        $unit = parse_ini_file(self::UNIT, true, INI_SCANNER_RAW);
        self::assertSame(['Unit', 'Service', 'Install'], array_keys($unit));
        self::assertSame('sync-worker.php', basename(strrchr($unit['Service']['ExecStart'], ' ')));
        self::assertSame(['SIGTERM', 'always'], [$unit['Service']['KillSignal'], $unit['Service']['Restart']]);
        $known = ['Description', 'After', 'Wants', 'User', 'WorkingDirectory', 'ExecStart', 'KillSignal', 'TimeoutStopSec',
            'Restart', 'RestartSec', 'NoNewPrivileges', 'ProtectSystem', 'PrivateTmp', 'WantedBy'];
        self::assertSame([], array_diff(array_keys(array_merge(...array_values($unit))), $known), 'a key that systemd may not know');
        if (trim((string) shell_exec('command -v systemd-analyze')) === '') {
            return;
        }
        $folder = sys_get_temp_dir() . '/wechatpay-unit-' . getmypid();
        mkdir($folder);
        $file = "$folder/wechatpay-sync.service";
        // Only what the machine must have is changed: the program.
        file_put_contents($file, preg_replace('~^ExecStart=\S+~m', 'ExecStart=' . PHP_BINARY, file_get_contents(self::UNIT)));
        try {
            $run = PhpProcess::command(['systemd-analyze', 'verify', '--man=no', $file]);
        } finally {
            PhpProcess::command(['rm', '-r', $folder]);
        }
        self::assertStringNotContainsString($file, $run->output . $run->errors, 'systemd complains of it');
        self::assertStringNotContainsString('Unknown', $run->output . $run->errors);
    }

    /** An order that is due, there and here. */
    private function due(string $number, string $state, int $age = 10): void
    {
        $this->open($this->shop($this->pdo), $number);
        self::$simulator->control('POST', '/orders', [
            'out_trade_no' => $number, 'total_fee' => 100, 'trade_state' => $state, 'created_ago_ms' => $age * 1000,
        ]);
        $this->pass($age, $number);
    }

    private function start(string ...$arguments): void
    {
        [$dsn, $user, $password] = $this->database->arguments();
        $environment = ['WECHATPAY_EXAMPLE_DSN' => $dsn, 'WECHATPAY_EXAMPLE_USER' => (string) $user,
            'WECHATPAY_EXAMPLE_PASSWORD' => (string) $password] + getenv();
        $command = [PHP_BINARY, '-d', 'extension=' . PhpProcess::extension()];
        foreach (self::$simulator->ini() as $name => $value) {
            array_push($command, '-d', "$name=$value");
        }
        $this->said = [1 => '', 2 => ''];
        $streams = [['file', '/dev/null', 'r'], ['pipe', 'w'], ['pty']];
        $this->worker = proc_open([...$command, self::SCRIPT, ...$arguments], $streams, $this->pipes, null, $environment);
        array_map(fn ($pipe) => stream_set_blocking($pipe, false), $this->pipes);
    }

    /** Waits until it has ended; gives its exit code. */
    private function end(): int
    {
        $status = [];
        $this->until(function () use (&$status): bool {
            $status = proc_get_status($this->worker);
            return !$status['running'];
        }, 'it ends');
        $this->listen();
        proc_close($this->worker);
        return $status['exitcode'];
    }

    private function until(callable $isSo, string $what, bool $listening = true): void
    {
        for ($deadline = microtime(true) + 20; !$isSo(); usleep(10_000)) {
            if ($listening) {
                $this->listen();
            }
            self::assertLessThan($deadline, microtime(true), "$what: " . $this->said[2]);
        }
    }

    /** A terminal whose other end is closed gives an error and no end. */
    private function listen(): void
    {
        foreach ($this->pipes as $at => $pipe) {
            while (($heard = (string) @fread($pipe, 8192)) !== '') {
                $this->said[$at] .= $heard;
            }
        }
    }

    /** @return list<mixed> */
    private function columns(string $number, string $columns): array
    {
        $row = $this->database->connect()->query("SELECT $columns FROM wechatpay_order WHERE out_trade_no = '$number'");
        return $row->fetch(\PDO::FETCH_NUM);
    }

    /** @return list<array{string, int}> */
    private function balance(): array
    {
        $rows = $this->database->connect()->query('SELECT order_number, fen FROM shop_balance')->fetchAll(\PDO::FETCH_NUM);
        return array_map(fn (array $row): array => [$row[0], (int) $row[1]], $rows);
    }

    private function undelivered(): int
    {
        $left = 'SELECT COUNT(*) FROM wechatpay_outbox WHERE done_at IS NULL';
        return (int) $this->database->connect()->query($left)->fetchColumn();
    }

    /** @return list<array<string, mixed>> the requests for a path */
    private function arrived(string $path): array
    {
        $requests = self::$simulator->control('GET', '/requests');
        return array_values(array_filter($requests, fn (array $one): bool => $one['path'] === $path));
    }
}
