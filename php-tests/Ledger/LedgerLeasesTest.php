<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;
use WechatPay\Gateway;
use WechatPay\Ledger;
use WechatPay\Sync;

/**
 * Leases that run out are nobody's fault, and a run ends in its time.
 *
 * @group slow
 */
#[Group('slow')]
final class LedgerLeasesTest extends LedgerSimulatorTestCase
{
    private function unpaid(int $count, int $attempt = 0): Ledger
    {
        $ledger = $this->shop($this->pdo);
        for ($n = 0; $n < $count; $n++) {
            $number = sprintf('wait-%04d', $n);
            $ledger->open($this->merchant, $number, 100);
            self::$simulator->control('POST', '/orders', ['out_trade_no' => $number, 'total_fee' => 100]);
        }
        $this->pdo->exec("UPDATE wechatpay_order SET due_at = 1, attempt = $attempt");
        return $ledger;
    }

    private function silent(): void
    {
        self::$simulator->control('POST', '/faults', ['path' => '/pay/orderquery', 'fault' => 'no_answer', 'times' => 10_000]);
    }

    /** @return list<array{string, int}> */
    private function orders(): array
    {
        $rows = $this->database->connect()->query('SELECT DISTINCT state, attempt FROM wechatpay_order');
        return array_map(fn (array $row): array => [$row[0], (int) $row[1]], $rows->fetchAll(\PDO::FETCH_NUM));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR9TwoProcessesWhoseLeasesRunOutBlameNoOrderForAnOutage(string $database): void
    {
        $this->unpaid(6, 28);
        $this->silent();
        $expire = function (): void {
            // Meanwhile all leases run out, those that wait and that of the question under way.
            $this->database->connect()->exec('UPDATE wechatpay_order SET due_at = 1');
        };
        $gateway = fn () => new Gateway(self::$simulator->url, caFile: self::$simulator->caFile, timeoutMs: 200, onAttempt: $expire);
        $piece = fn (): callable => function () use ($gateway): array {
            $ledger = $this->shop($this->database->connect(), gateway: $gateway());
            $report = (new Sync($ledger, $this->merchant))->run(seconds: 8, concurrency: 1, batch: 6);
            return [$report->failures, $report->credited];
        };
        self::assertSame([[0, 0], [0, 0]], self::atOnce([$piece, $piece]));
        foreach ($this->orders() as [$state, $attempt]) {
            self::assertSame('CREATED', $state);
            self::assertLessThanOrEqual(8, $attempt);
        }
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR9ARunEndsWithinItsTimeAndOneCallAndGivesTheRestBack(string $database): void
    {
        $this->unpaid(12);
        $this->silent();
        $gateway = new Gateway(self::$simulator->url, caFile: self::$simulator->caFile, timeoutMs: 1500);
        $began = microtime(true);
        $report = (new Sync($this->shop($this->pdo, gateway: $gateway), $this->merchant))->run(seconds: 1, concurrency: 1);
        $took = microtime(true) - $began;
        self::assertLessThan(4.5, $took, 'a second, one call, and a slow machine');
        self::assertSame([12, $report->asked], [$report->claimed, $report->faults]);
        self::assertLessThan(4, $report->asked);
        $free = $this->pdo->query('SELECT COUNT(*) FROM wechatpay_order WHERE due_at <= ' . (int) (microtime(true) * 1000 + 500) . ' AND attempt = 0');
        self::assertSame(12 - $report->asked, (int) $free->fetchColumn(), 'what was not asked about is due, and not blamed');
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR9SigtermEndsARunWithinOneCall(string $database): void
    {
        $this->unpaid(12);
        $this->silent();
        $parent = getmypid();
        [$took] = self::atOnce([fn (): callable => function (): float {
            $gateway = new Gateway(self::$simulator->url, caFile: self::$simulator->caFile, timeoutMs: 1500);
            $sync = new Sync($this->shop($this->database->connect(), gateway: $gateway), $this->merchant);
            $pid = getmypid();
            if (pcntl_fork() === 0) {
                usleep(500_000);
                posix_kill($pid, SIGTERM);
                posix_kill(getmypid(), SIGKILL);
            }
            $began = microtime(true);
            $report = $sync->run(seconds: 60, concurrency: 1);
            return $report->stopped ? microtime(true) - $began : -1.0;
        }]);
        self::assertSame($parent, getmypid());
        self::assertIsFloat($took, var_export($took, true));
        self::assertGreaterThan(0, $took);
        self::assertLessThan(5, $took);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR9AnOrderThatAnotherWorkerHasTakenIsNotClosedByThisOne(string $database): void
    {
        $ledger = $this->unpaid(1);
        $this->pass(7300, 'wait-0000');
        $stolen = false;
        $steals = new Gateway(self::$simulator->url, caFile: self::$simulator->caFile, onAttempt: function () use (&$stolen): void {
            if (!$stolen) {
                $stolen = true;
                $this->database->connect()->exec('UPDATE wechatpay_order SET epoch = epoch + 1, due_at = 9000000000000');
            }
        });
        $report = (new Sync($this->shop($this->pdo, gateway: $steals), $this->merchant))->run(0);
        self::assertSame([1, 1, 0, 0], [$report->claimed, $report->asked, $report->faults, $report->failures]);
        self::assertSame('NOTPAY', self::$simulator->control('GET', '/orders')[0]['trade_state']);
    }
}
