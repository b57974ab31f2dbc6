<?php

declare(strict_types=1);

namespace WechatPayTests;

/**
 * Many processes on one database: four workers with Sync, killed at random and started again, a notify endpoint of four
 * processes that gets every notice twice, a gateway with faults, the database killed once. Afterwards plain SQL says
 * whether every paid order was credited exactly once.
 *
 * LEDGER_ORDERS sets the number of orders for each database.
 */
final class LedgerProcessesTest extends LedgerTestCase
{
    private const WORKERS = 4;

    private static SimulatorProcess $simulator;
    /** @var array<int, resource> */
    private array $workers = [];
    /** @var resource|null */
    private $endpoint = null;
    private string $url;

    public static function setUpBeforeClass(): void
    {
        self::$simulator = SimulatorProcess::start();
    }

    public static function tearDownAfterClass(): void
    {
        self::$simulator->stop();
    }

    protected function tearDown(): void
    {
        foreach ([...$this->workers, $this->endpoint] as $process) {
            if (\is_resource($process)) {
                $this->kill($process);
            }
        }
        self::$simulator->reset();
        parent::tearDown();
    }

    /** @dataProvider databases */
    public function testF10F11F18L1L3L6EveryPaidOrderIsCreditedOnceWhateverDies(string $database): void
    {
        $count = (int) (getenv('LEDGER_ORDERS') ?: 400);
        self::$simulator->reset();
        $this->startEndpoint();
        $numbers = $this->openOrders($count);
        $this->spoil($count);
        foreach (range(1, self::WORKERS) as $at) {
            $this->workers[$at] = $this->startWorker();
        }
        $kills = 0;
        $deadline = microtime(true) + 60 + $count / 5;
        $restartAt = intdiv($count, 2);
        while (($left = $this->unpaid($numbers['paid'])) > 0 && microtime(true) < $deadline) {
            $kills += $this->killOne();
            $this->everythingIsDue();
            if ($left < $restartAt) {
                $this->database->restart();
                $restartAt = 0;
            }
            usleep(100_000);
        }
        self::assertSame(0, $restartAt, 'the database was killed once');
        self::assertSame(0, $left, "orders not credited after $kills kills");
        array_map($this->kill(...), $this->workers);
        $this->workers = [];
        self::$simulator->control('DELETE', '/faults');
        $this->assertInvariants($numbers);
        fprintf(STDERR, "\n  %s: %d orders, %d workers and the database killed, all well\n", $database, $count, $kills);
    }

    private function startEndpoint(): void
    {
        $socket = stream_socket_server('tcp://127.0.0.1:0');
        $address = stream_socket_get_name($socket, false);
        fclose($socket);
        $this->url = "http://$address/";
        $this->endpoint = $this->spawn(['-S', $address, __DIR__ . '/ledger/notify.php'], ['PHP_CLI_SERVER_WORKERS' => '4']);
        for ($tries = 0; $tries < 200 && @file_get_contents($this->url) === false; $tries++) {
            usleep(20_000);
        }
    }

    /** @return resource */
    private function startWorker()
    {
        return $this->spawn([__DIR__ . '/ledger/worker.php']);
    }

    /** @return resource */
    private function spawn(array $arguments, array $environment = [])
    {
        $command = [PHP_BINARY, '-d', 'extension=' . PhpProcess::extension()];
        foreach (self::$simulator->ini() + ['display_errors' => 'stderr', 'wechatpay.timeout_ms' => '2000'] as $name => $value) {
            array_push($command, '-d', "$name=$value");
        }
        $null = ['file', '/dev/null', 'w'];
        $environment += ['LEDGER_PDO' => base64_encode(serialize($this->database->arguments()))] + getenv();
        // A group of its own, so that the endpoint's children go with it.
        return proc_open(['setsid', ...$command, ...$arguments], [['file', '/dev/null', 'r'], $null, $null], $pipes, null, $environment);
    }

    /** @param resource $process */
    private function kill($process): void
    {
        $pid = proc_get_status($process)['pid'];
        // Its group, and itself in case it had no time to make one.
        posix_kill(-$pid, SIGKILL);
        posix_kill($pid, SIGKILL);
        proc_close($process);
    }

    private function killOne(): int
    {
        $at = random_int(1, self::WORKERS);
        $this->kill($this->workers[$at]);
        $this->workers[$at] = $this->startWorker();
        return 1;
    }

    /** @return array{paid: list<string>, unpaid: list<string>} */
    private function openOrders(int $count): array
    {
        $ledger = $this->shop($this->pdo);
        $numbers = ['paid' => [], 'unpaid' => []];
        $this->pdo->beginTransaction();
        for ($at = 0; $at < $count; $at++) {
            $number = sprintf('many-%05d', $at);
            $ledger->open($this->merchant, $number, 100 + $at);
            $numbers[$at % 10 === 9 ? 'unpaid' : 'paid'][] = $number;
        }
        $this->pdo->commit();
        for ($at = 0; $at < $count; $at++) {
            $this->place(sprintf('many-%05d', $at), 100 + $at, $at % 10);
        }
        return $numbers;
    }

    /** Seven of ten are paid and told, two are paid and the notice is lost, one is not paid. */
    private function place(string $number, int $fee, int $kind): void
    {
        $order = ['out_trade_no' => $number, 'total_fee' => $fee, 'notify_url' => $this->url];
        self::$simulator->control('POST', '/orders', $order + ['trade_state' => $kind === 7 || $kind === 8 ? 'SUCCESS' : 'NOTPAY']);
        if ($kind < 7) {
            self::$simulator->control('POST', '/pay', ['out_trade_no' => $number]);
        }
        if ($kind < 3) {
            self::$simulator->control('POST', '/notify', ['out_trade_no' => $number, 'mutate' => 'two_at_once']);
        }
    }

    private function spoil(int $count): void
    {
        foreach (['system_error', 'status_502', 'reset_mid_body', 'bad_sign', 'swapped_order'] as $fault) {
            $rule = ['fault' => $fault, 'path' => '/pay/orderquery', 'times' => intdiv($count, 20)];
            self::$simulator->control('POST', '/faults', $rule);
        }
    }

    /** Time passes: polls are due, leases of the dead are over, of the living too. */
    private function everythingIsDue(): void
    {
        try {
            $this->database->connect()->exec('UPDATE wechatpay_order SET due_at = 0, attempt = 0 WHERE due_at IS NOT NULL');
        } catch (\PDOException) {
            // A deadlock with a worker, or the database is starting: the next turn does it.
        }
    }

    /** @param list<string> $numbers */
    private function unpaid(array $numbers): int
    {
        $rows = $this->database->connect()->query("SELECT out_trade_no FROM wechatpay_order WHERE state = 'PAID'");
        return \count(array_diff($numbers, $rows->fetchAll(\PDO::FETCH_COLUMN)));
    }

    /** @param array{paid: list<string>, unpaid: list<string>} $numbers */
    private function assertInvariants(array $numbers): void
    {
        $pdo = $this->database->connect();
        $wrong = fn (string $sql): array => $pdo->query($sql)->fetchAll(\PDO::FETCH_NUM);
        $paid = \count($numbers['paid']);
        self::assertSame([], $wrong(
            'SELECT trade, COUNT(*) FROM balance GROUP BY trade HAVING COUNT(*) > 1',
        ), 'the shop books each order once');
        self::assertSame([], $wrong(
            'SELECT o.out_trade_no FROM wechatpay_order o JOIN balance b ON b.trade = o.out_trade_no
             JOIN wechatpay_credit c ON c.order_id = o.id
             WHERE b.fen <> o.total_fee OR c.total_fee <> o.total_fee OR c.transaction_id <> o.transaction_id',
        ), 'credit = order = booked');
        self::assertSame([], $wrong(
            "SELECT o.out_trade_no FROM wechatpay_order o LEFT JOIN wechatpay_credit c ON c.order_id = o.id
             LEFT JOIN balance b ON b.trade = o.out_trade_no
             WHERE (o.state = 'PAID') <> (c.id IS NOT NULL) OR (c.id IS NOT NULL) <> (b.trade IS NOT NULL)",
        ), 'paid, credited and booked together or not at all');
        self::assertSame([], $wrong(
            'SELECT transaction_id FROM wechatpay_credit GROUP BY transaction_id HAVING COUNT(*) > 1',
        ), 'no payment is credited twice');
        self::assertSame([], $wrong(
            'SELECT c.out_trade_no FROM wechatpay_credit c LEFT JOIN wechatpay_evidence e
             ON e.order_id = c.order_id AND e.sha256 = c.sha256 WHERE e.id IS NULL',
        ), 'no credit without evidence');
        self::assertSame([], $wrong(
            "SELECT out_trade_no FROM wechatpay_order WHERE state = 'CREATED' AND due_at IS NULL",
        ), 'an open order has a next poll');
        self::assertSame([], $wrong(
            "SELECT order_id FROM wechatpay_outbox WHERE topic = 'PAID' GROUP BY order_id HAVING COUNT(*) > 1",
        ), 'one message for each payment');
        foreach (['balance', 'wechatpay_credit'] as $table) {
            self::assertSame($paid, (int) $wrong("SELECT COUNT(*) FROM $table")[0][0], $table);
        }
        $states = array_column($wrong('SELECT out_trade_no, state FROM wechatpay_order'), 1, 0);
        foreach ($numbers['unpaid'] as $number) {
            self::assertSame('CREATED', $states[$number]);
        }
    }
}
