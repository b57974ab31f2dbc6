<?php

declare(strict_types=1);

namespace WechatPayTests;

use WechatPay\Gateway;
use WechatPay\Ledger;
use WechatPay\LedgerState;
use WechatPay\Sync;

/** A process is killed by SIGKILL before and after each thing it does with the database: claim to acknowledgement. */
final class LedgerCrashTest extends LedgerTestCase
{
    private static SimulatorProcess $simulator;

    public static function setUpBeforeClass(): void
    {
        self::$simulator = SimulatorProcess::start();
    }

    public static function tearDownAfterClass(): void
    {
        self::$simulator->stop();
    }

    protected function setUp(): void
    {
        parent::setUp();
        self::$simulator->reset();
    }

    /** @dataProvider databases */
    public function testL1KilledAtEachStepOfAnApply(string $database): void
    {
        $points = 0;
        do {
            $number = 'T' . 10000 + ++$points;
            $this->open($this->shop($this->pdo), $number);
            $order = $this->order(out_trade_no: $number, transaction_id: "42$number");
            $ended = $this->killedAt($points, fn (Ledger $ledger) => $ledger->apply($order));
            $this->assertWhole($number);
            $this->shop($this->database->connect())->apply($order);
            self::assertSame([100], $this->booked($number), "killed at point $points");
        } while (!$ended);
        self::assertGreaterThan(40, $points);
        fprintf(STDERR, "\n  %s: apply killed at %d points\n", $database, $points);
    }

    /** @dataProvider databases */
    public function testL1KilledAtEachStepOfSync(string $database): void
    {
        $points = 0;
        $gateway = new Gateway(self::$simulator->url, caFile: self::$simulator->caFile);
        do {
            $number = 'T' . 20000 + ++$points;
            $this->open($this->shop($this->pdo), $number);
            self::$simulator->control('POST', '/orders', [
                'out_trade_no' => $number, 'total_fee' => 100, 'trade_state' => 'SUCCESS',
            ]);
            $this->pass(10, $number);
            $ended = $this->killedAt($points, fn (Ledger $ledger) => (new Sync($ledger, $this->merchant))->run(0), $gateway);
            $this->assertWhole($number);
            $this->pass(300, $number);
            $ledger = $this->shop($this->database->connect(), gateway: $gateway);
            (new Sync($ledger, $this->merchant))->run(0);
            self::assertSame([100], $this->booked($number), "killed at point $points");
        } while (!$ended);
        self::assertGreaterThan(50, $points);
        fprintf(STDERR, "\n  %s: Sync killed at %d points\n", $database, $points);
    }

    /** @dataProvider databases */
    public function testL1KilledAtEachStepOfTheOutbox(string $database): void
    {
        $points = 0;
        do {
            $number = 'T' . 30000 + ++$points;
            $ledger = $this->shop($this->database->connect());
            $this->open($ledger, $number);
            $ledger->apply($this->order(out_trade_no: $number, transaction_id: "42$number"));
            $ended = $this->killedAt($points, fn (Ledger $ledger) => $ledger->outbox(fn () => true));
            $this->database->connect()->exec('UPDATE wechatpay_outbox SET due_at = 0 WHERE due_at IS NOT NULL');
            $ledger->outbox(fn () => true);
            $left = 'SELECT COUNT(*) FROM wechatpay_outbox WHERE done_at IS NULL';
            $left = (int) $this->database->connect()->query($left)->fetchColumn();
            self::assertSame(0, $left, "killed at point $points: no message is lost");
        } while (!$ended);
        fprintf(STDERR, "\n  %s: outbox killed at %d points\n", $database, $points);
    }

    /** Works in a child that is killed at the n-th point; true if it had fewer. */
    private function killedAt(int $point, callable $work, ?Gateway $gateway = null): bool
    {
        [$here, $there] = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);
        $child = pcntl_fork();
        if ($child === 0) {
            try {
                DyingPdo::$left = null;
                $pdo = $this->database->connect(DyingPdo::class);
                $pdo->setAttribute(\PDO::ATTR_STATEMENT_CLASS, [DyingStatement::class]);
                $ledger = $this->shop($pdo, ...$gateway === null ? [] : ['gateway' => $gateway]);
                DyingPdo::$left = $point;
                $work($ledger);
                fwrite($there, 'ended');
            } catch (\Throwable $e) {
                fwrite($there, $e::class . ': ' . $e->getMessage());
            }
            posix_kill(getmypid(), SIGKILL);
        }
        fclose($there);
        $said = stream_get_contents($here);
        pcntl_waitpid($child, $status);
        self::assertContains($said, ['', 'ended']);
        return $said === 'ended';
    }

    private function assertWhole(string $number): void
    {
        $pdo = $this->database->connect();
        $paid = (new Ledger($pdo, fn () => null))->find($this->merchant, $number)->state === LedgerState::Paid;
        $credits = $pdo->query("SELECT COUNT(*) FROM wechatpay_credit WHERE out_trade_no = '$number'")->fetchColumn();
        self::assertSame([(int) $paid, $paid ? [100] : []], [(int) $credits, $this->booked($number, $pdo)]);
    }
}

/** Kills its process before or after one of its calls. */
final class DyingPdo extends \PDO
{
    public static ?int $left = null;

    public static function step(): void
    {
        if (self::$left !== null && --self::$left === 0) {
            posix_kill(getmypid(), SIGKILL);
        }
    }

    public static function around(\Closure $call): mixed
    {
        self::step();
        $result = $call();
        self::step();
        return $result;
    }

    public function beginTransaction(): bool
    {
        return self::around(fn () => parent::beginTransaction());
    }

    public function commit(): bool
    {
        return self::around(fn () => parent::commit());
    }

    public function exec(string $statement): int|false
    {
        return self::around(fn () => parent::exec($statement));
    }

    public function prepare(string $query, array $options = []): \PDOStatement|false
    {
        return self::around(fn () => parent::prepare($query, $options));
    }
}

/** Its statements. */
final class DyingStatement extends \PDOStatement
{
    public function execute(?array $params = null): bool
    {
        return DyingPdo::around(fn () => parent::execute($params));
    }

    public function fetchAll(int $mode = \PDO::FETCH_DEFAULT, mixed ...$args): array
    {
        return DyingPdo::around(fn () => parent::fetchAll($mode, ...$args));
    }
}
