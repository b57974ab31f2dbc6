<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;
use WechatPay\Gateway;
use WechatPay\Ledger;
use WechatPay\LedgerState;
use WechatPay\RefundQuery;
use WechatPay\Resolution;
use WechatPay\ServiceException;
use WechatPay\Sync;
use WechatPay\SyncReport;
use WechatPay\TransportException;

/**
 * The ledger and WeChat: refunds, closing, reversing, and Sync; on each database, against the simulator.
 *
 * @group slow
 */
#[Group('slow')]
final class LedgerGatewayTest extends LedgerSimulatorTestCase
{
    protected function setUp(): void
    {
        parent::setUp();
        $this->gateway = new Gateway(self::$simulator->url, caFile: self::$simulator->caFile, timeoutMs: 3000);
    }

    protected function shop(\PDO $pdo, mixed ...$more): Ledger
    {
        return parent::shop($pdo, ...$more + ['gateway' => $this->gateway ?? null]);
    }

    private function ordered(Ledger $ledger, string $number, string $state = 'NOTPAY', string $type = 'NATIVE'): void
    {
        $ledger->open($this->merchant, $number, 100, tradeType: $type);
        self::$simulator->control('POST', '/orders', [
            'out_trade_no' => $number, 'total_fee' => 100, 'trade_state' => $state, 'trade_type' => $type,
            'created_ago_ms' => 600_000,
        ]);
    }

    private function sync(Ledger $ledger): SyncReport
    {
        return (new Sync($ledger, $this->merchant))->run(0);
    }

    private function state(string $number): LedgerState
    {
        return $this->shop($this->database->connect())->find($this->merchant, $number)->state;
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testALostNoticeIsFoundBySyncAndCreditedOnce(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->ordered($ledger, 'sync-0001', 'SUCCESS');
        self::assertSame(0, $this->sync($ledger)->claimed, 'it is not due yet');
        $this->pass(10, 'sync-0001');
        $report = $this->sync($ledger);
        self::assertSame([1, 1, 1, 0], [$report->claimed, $report->asked, $report->credited, $report->faults]);
        self::assertSame([LedgerState::Paid, [100]], [$this->state('sync-0001'), $this->booked('sync-0001')]);
        self::assertSame(0, $this->sync($ledger)->claimed, 'nothing more is to be known');
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testL16AnExpiredOrderIsClosedAndAskedAboutAgain(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->ordered($ledger, 'sync-0002');
        $this->pass(7300, 'sync-0002');
        $report = $this->sync($ledger);
        self::assertSame([1, 3], [$report->claimed, $report->asked], implode("\n", $report->messages));
        self::assertSame(LedgerState::Closed, $this->state('sync-0002'));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testL19AFaultPostponesTheOrderAndAfterTooManyItIsForReview(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->ordered($ledger, 'sync-0003', 'SUCCESS');
        $this->pass(10, 'sync-0003');
        self::$simulator->control('POST', '/faults', ['fault' => 'bad_sign', 'times' => 50]);
        $report = $this->sync($ledger);
        self::assertSame([1, 1, 0], [$report->claimed, $report->faults, $report->credited]);
        self::assertStringContainsString('sync-0003: ', $report->messages[0]);
        self::assertSame(LedgerState::Created, $this->state('sync-0003'));

        $this->pdo->exec('UPDATE wechatpay_order SET due_at = 0, attempt = 30');
        $this->sync($ledger);
        self::assertSame(LedgerState::Review, $this->state('sync-0003'));

        self::$simulator->control('DELETE', '/faults');
        self::$simulator->control('POST', '/faults', ['fault' => 'bad_sign', 'times' => 1]);
        foreach (['sync-0013' => 1, 'sync-0023' => 2] as $number => $due) {
            $this->ordered($ledger, $number, 'SUCCESS');
            $this->pdo->exec("UPDATE wechatpay_order SET due_at = $due WHERE out_trade_no = '$number'");
        }
        $report = (new Sync($ledger, $this->merchant))->run(0, batch: 1);
        self::assertSame([1, 1], [$report->faults, $report->credited], 'the one before it fails, and it does not starve');
        self::assertSame([LedgerState::Created, LedgerState::Paid], [$this->state('sync-0013'), $this->state('sync-0023')]);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testH5ACallbackThatThrowsInSyncFailsItsOrderOnly(string $database): void
    {
        $mine = new \DomainException('no stock');
        $ledger = $this->shop($this->pdo, onCredit: function ($t, $pdo) use ($mine): void {
            $t->outTradeNo === 'sync-0004' ? throw $mine : self::book(1)($t, $pdo);
        });
        foreach (['sync-0004', 'sync-0005'] as $number) {
            $this->ordered($ledger, $number, 'SUCCESS');
            $this->pass(10, $number);
        }
        $report = $this->sync($ledger);
        self::assertSame([2, 1, 1], [$report->claimed, $report->credited, $report->failures]);
        self::assertSame([$mine], $report->exceptions);
        self::assertSame(LedgerState::Created, $this->state('sync-0004'));
        self::assertSame(LedgerState::Paid, $this->state('sync-0005'));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testARefundIsWrittenDownAskedForAndBooked(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->ordered($ledger, 'back-0001', 'SUCCESS');
        $this->pass(10, 'back-0001');
        $this->sync($ledger);
        $t = $ledger->refund($this->merchant, 'back-0001', 'back-0001-R1', 40, ['refund_desc' => '咖啡凉了']);
        self::assertSame([LedgerState::Paid, LedgerState::PartiallyRefunded, 40], [$t->from, $t->to, $t->entry->refundedFee]);
        self::assertFalse($ledger->refund($this->merchant, 'back-0001', 'back-0001-R1', 40)->changed);
        foreach ([['back-0001-R2', 61, 'refundFee'], ['back-0001-R1', 41, 'outRefundNo']] as [$number, $fee, $argument]) {
            try {
                $ledger->refund($this->merchant, 'back-0001', $number, $fee);
                self::fail("$number over $fee");
            } catch (\ValueError $e) {
                self::assertStringContainsString("(\$$argument)", $e->getMessage());
            }
        }
        self::assertSame(LedgerState::Refunded, $ledger->refund($this->merchant, 'back-0001', 'back-0001-R2', 60)->to);
        $refunds = (new RefundQuery($this->merchant, $this->gateway))->byOutTradeNo('back-0001');
        self::assertSame(LedgerState::Refunded, $ledger->applyRefunds($refunds)->to);
        self::assertSame([[100], 2], [$this->booked('back-0001'), $this->rows('refund')]);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testL17ARefundWhoseAnswerIsLostIsCarriedOnUnderItsNumber(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->ordered($ledger, 'back-0002', 'SUCCESS');
        $this->pass(10, 'back-0002');
        $this->sync($ledger);
        self::$simulator->control('POST', '/faults', [
            'path' => '/secapi/pay/refund', 'fault' => 'close_after_request', 'processed' => true, 'times' => 1,
        ]);
        try {
            $ledger->refund($this->merchant, 'back-0002', 'back-0002-R1', 100);
            self::fail('Nothing was thrown.');
        } catch (TransportException $e) {
            self::assertTrue($e->maybeProcessed);
        }
        self::assertSame(LedgerState::Paid, $this->state('back-0002'));
        $this->pass(10, 'back-0002');
        $this->sync($ledger);
        self::assertSame(LedgerState::Refunded, $this->state('back-0002'));
        self::assertCount(1, self::$simulator->control('GET', '/refunds'));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testF9ListsOfRefundsDecideAboutARefundSeenBeforeThePayment(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        foreach (['part-0001' => 40, 'full-0001' => 100] as $number => $fee) {
            $this->ordered($ledger, $number, 'SUCCESS');
            (new \WechatPay\Refund($this->merchant, $this->gateway))->byOutTradeNo($number, "$number-R", 100, $fee);
            $this->pass(10, $number);
        }
        $this->sync($ledger);
        self::assertSame([LedgerState::PartiallyRefunded, [100]], [$this->state('part-0001'), $this->booked('part-0001')]);
        self::assertSame([LedgerState::Refunded, []], [$this->state('full-0001'), $this->booked('full-0001')]);

        $one = (new RefundQuery($this->merchant, $this->gateway))->byOutRefundNo('full-0001-R');
        $this->expectException(\ValueError::class);
        $this->expectExceptionMessage('must be the list of all refunds');
        $ledger->applyRefunds($one);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testClosingAsksAndAPaymentThatWasFasterIsCredited(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->ordered($ledger, 'close-001');
        $this->ordered($ledger, 'close-002', 'SUCCESS');
        $t = $ledger->close($this->merchant, 'close-001');
        self::assertSame([LedgerState::Created, LedgerState::Closed], [$t->from, $t->to]);
        $t = $ledger->close($this->merchant, 'close-002');
        self::assertSame([LedgerState::Paid, true], [$t->to, $t->credited]);
        self::assertFalse($ledger->close($this->merchant, 'close-001')->changed);

        self::$simulator->control('POST', '/state', ['out_trade_no' => 'close-001', 'trade_state' => 'SUCCESS']);
        $order = (new \WechatPay\OrderQuery($this->merchant, $this->gateway))->byOutTradeNo('close-001');
        self::assertSame(LedgerState::PaidLate, $ledger->apply($order)->to);
        $t = $ledger->resolve($this->merchant, 'close-001', Resolution::Refund, 'too late for this one');
        self::assertSame(LedgerState::PaidLate, $t->to);
        $this->pass(10, 'close-001');
        $this->sync($ledger);
        self::assertSame([LedgerState::Refunded, []], [$this->state('close-001'), $this->booked('close-001')]);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testACodePaymentIsReversedAndItsCreditTakenBack(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->ordered($ledger, 'till-0001', 'SUCCESS', 'MICROPAY');
        $this->pass(20, 'till-0001');
        $this->sync($ledger);
        self::assertSame(LedgerState::Paid, $this->state('till-0001'));
        try {
            $ledger->close($this->merchant, 'till-0001');
            self::fail('A code payment was closed.');
        } catch (\LogicException) {
            $t = $ledger->reverse($this->merchant, 'till-0001');
        }
        self::assertSame([LedgerState::Revoked, true], [$t->to, $t->revoked]);
        self::assertSame([100, -100], $this->booked('till-0001'));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testARefusedRefundIsBookedAndThrown(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $ledger->open($this->merchant, 'back-0003', 100);
        $ledger->apply($this->order(out_trade_no: 'back-0003'));
        try {
            $ledger->refund($this->merchant, 'back-0003', 'back-0003-R1', 100);
            self::fail('WeChat does not know this order.');
        } catch (ServiceException $e) {
            self::assertSame('ORDERNOTEXIST', $e->errCode);
        }
        self::assertSame([LedgerState::Paid, 1], [$this->state('back-0003'), $this->rows('refund')]);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testL6L7AWorkerThatSleptLongerThanItsLeaseSpoilsNothing(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->ordered($ledger, 'lease-001', 'SUCCESS');
        $this->pass(10, 'lease-001');
        $stolen = false;
        $slow = new Gateway(self::$simulator->url, caFile: self::$simulator->caFile, onAttempt: function () use (&$stolen): void {
            if (!$stolen) {
                $stolen = true;
                $other = $this->database->connect();
                $other->exec('UPDATE wechatpay_order SET due_at = 0');
                self::assertSame(1, $this->sync($this->shop($other))->credited);
            }
        });
        $report = $this->sync($this->shop($this->pdo, gateway: $slow));
        self::assertSame([true, 0], [$stolen, $report->credited]);
        self::assertSame([[100], 1], [$this->booked('lease-001'), $this->rows('credit')]);
        self::assertNull($ledger->find($this->merchant, 'lease-001')->dueAt);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testL20TheOldestIsAskedAboutFirst(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        foreach (['queue-001' => 30, 'queue-002' => 10, 'queue-003' => 20] as $number => $due) {
            $this->ordered($ledger, $number, 'SUCCESS');
            $this->pdo->exec("UPDATE wechatpay_order SET due_at = $due WHERE out_trade_no = '$number'");
        }
        $order = [];
        (new Sync($ledger, $this->merchant))->run(0, batch: 1, onProgress: function () use (&$order): void {
            foreach (['queue-001', 'queue-002', 'queue-003'] as $number) {
                if ($this->state($number) === LedgerState::Paid && !\in_array($number, $order, true)) {
                    $order[] = $number;
                }
            }
        });
        self::assertSame(['queue-002', 'queue-003', 'queue-001'], $order);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testL18RefundsThatRaceNeverExceedThePayment(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->ordered($ledger, 'race-0001', 'SUCCESS');
        $this->pass(10, 'race-0001');
        $this->sync($ledger);
        $children = array_map(function (int $at): int {
            $child = pcntl_fork();
            if ($child === 0) {
                try {
                    $ledger = $this->shop($this->database->connect());
                    $ledger->refund($this->merchant, 'race-0001', "race-0001-R$at", 40);
                } catch (\Throwable) {
                }
                posix_kill(getmypid(), SIGKILL);
            }
            return $child;
        }, [1, 2, 3, 4]);
        array_map(fn (int $child) => pcntl_waitpid($child, $status), $children);
        $sum = $this->database->connect()->query('SELECT SUM(refund_fee), COUNT(*) FROM wechatpay_refund');
        self::assertSame([80, 2], array_map(intval(...), $sum->fetchAll(\PDO::FETCH_NUM)[0]));
        self::assertCount(2, self::$simulator->control('GET', '/refunds'));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testN18AComplaintOfWeChatSlowsTheRunDown(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->ordered($ledger, 'slow-0001', 'SUCCESS');
        $this->pass(10, 'slow-0001');
        self::$simulator->control('POST', '/faults', ['fault' => 'status_429', 'times' => 3]);
        $report = $this->sync($ledger);
        self::assertSame([true, 0], [$report->limited, $report->credited]);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testH9SigtermEndsARunAndGivesTheLeasesBack(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->ordered($ledger, 'stop-0001');
        $this->pass(10, 'stop-0001');
        $report = (new Sync($ledger, $this->merchant))->run(30, onProgress: function (SyncReport $r): void {
            posix_kill(getmypid(), SIGTERM);
        });
        self::assertTrue($report->stopped);
        self::assertLessThan(5000, $report->ms);
        self::assertLessThan(time() + 60, $ledger->find($this->merchant, 'stop-0001')->dueAt->getTimestamp());

        $report = (new Sync($ledger, $this->merchant))->run(30, onProgress: fn () => false);
        self::assertSame([true, 1], [$report->stopped, $report->rounds]);
    }
}
