<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\DifferenceKind;
use WechatPay\DifferenceState;
use WechatPay\LedgerState;
use WechatPay\Merchant;
use WechatPay\OrderQuery;
use WechatPay\PayException;
use WechatPay\Resolution;
use WechatPay\Transition;

/** A day's bill compared with the ledger: what does not fit is asked about, applied, and what is left is kept. */
final class LedgerDayTest extends LedgerDayTestCase
{
    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testB13WhatWasPaidAndNotSeenIsAskedAboutAndCreditedOnce(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        foreach (['T00001', 'T00002', 'T00003'] as $number) {
            $this->open($ledger, $number);
            self::paid($number);
        }
        $ledger->apply($this->asked('T00001'));
        self::days(3);
        $report = $ledger->reconcileDay($this->merchant, $this->day);
        self::assertSame(['StateDiffers T00002 Healed', 'StateDiffers T00003 Healed'], self::told($report));
        self::assertTrue($report->isClean());
        self::assertSame([3, 3, 0], [$report->theirs['payments']['count'], $report->ours['payments']['count'], $report->surplus]);
        foreach (['T00001', 'T00002', 'T00003'] as $number) {
            self::assertSame([100], $this->booked($number), $number);
            self::assertSame(LedgerState::Paid, $ledger->find($this->merchant, $number)->state);
        }
        $again = $ledger->reconcileDay($this->merchant, $this->day);
        self::assertEquals(iterator_to_array($report), iterator_to_array($again), 'the same bill gives the same rows');
        self::assertSame(2, $this->rows('difference'));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testB13WhatNobodyOpenedIsForAPersonAtOnceAndWhatWasClosedStaysLate(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        self::paid('STRANGER');
        $this->open($ledger, 'T00001');
        $ledger->apply($this->order(trade_state: 'CLOSED'));
        self::paid('T00001');
        self::days(3);
        $report = $ledger->reconcileDay($this->merchant, $this->day);
        self::assertSame(['PaidNotBooked STRANGER Healed', 'StateDiffers STRANGER Open', 'StateDiffers T00001 Open'], self::told($report));
        self::assertFalse($report->isClean());
        self::assertSame(LedgerState::Review, $ledger->find($this->merchant, 'STRANGER')->state);
        self::assertSame(LedgerState::PaidLate, $ledger->find($this->merchant, 'T00001')->state);
        self::assertSame([], [...$this->booked('STRANGER'), ...$this->booked()], 'nobody is credited by a bill');
        // From both there is a way on, and the next look sees it.
        $ledger->resolve($this->merchant, 'STRANGER', Resolution::Credit, 'a phone order');
        $ledger->resolve($this->merchant, 'T00001', Resolution::Credit, 'delivered late');
        self::assertTrue($ledger->reconcileDay($this->merchant, $this->day)->isClean());
        self::assertSame([[100], [100]], [$this->booked('STRANGER'), $this->booked()]);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testB13ARefundThatWasMadeByHandIsAskedAboutAndBooked(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->open($ledger);
        self::paid('T00001');
        $ledger->apply($this->asked('T00001'));
        $certified = $this->certified();
        (new \WechatPay\Refund($certified, $this->gateway))->byOutTradeNo('T00001', 'BY-HAND', 100, 30);
        self::days(3);
        $report = $ledger->reconcileDay($this->merchant, $this->day);
        self::assertSame(['RefundUnknown BY-HAND Healed'], self::told($report));
        $entry = $ledger->find($this->merchant, 'T00001');
        self::assertSame([LedgerState::PartiallyRefunded, 30], [$entry->state, $entry->refundedFee]);
        self::assertSame(0, $report->surplus);
        self::assertTrue($ledger->reconcileDay($this->merchant, $this->day)->isClean());
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testB14WhatIsOursAndNotInTheBillWaitsForTwoDaysAndALaterBillEndsIt(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        foreach (['T00001', 'T00002'] as $number) {
            $this->open($ledger, $number);
            self::paid($number);
            $ledger->apply($this->asked($number));
        }
        self::bills('row_left_out', row: 2);
        self::days(1);
        self::paid('NEXT-DAY');
        self::days(2);
        $report = $ledger->reconcileDay($this->merchant, $this->day);
        [$difference] = iterator_to_array($report);
        $left = $difference->outTradeNo;
        self::assertSame([DifferenceKind::BookedNotPaid, null, 100], [$difference->kind, $difference->theirs, $difference->ours]);
        self::assertSame([self::beijing(-1), DifferenceState::Open], [$difference->due, $difference->state], 'the second day after is over');
        self::assertSame([$this->day, $difference->id], [$difference->date, $ledger->differences($this->merchant)[0]->id]);
        self::assertSame([$difference->id], array_column($ledger->differences($this->merchant, DifferenceState::Open), 'id'));
        self::bills('other_day');
        try {
            $ledger->reconcileDay($this->merchant, $this->next);
            self::fail('a bill of another day is taken');
        } catch (PayException $e) {
            self::assertStringContainsString($this->day, $e->getMessage());
        }
        self::assertSame([$this->next], array_values(array_intersect([$this->next, $this->day], $ledger->missingDays($this->merchant, $this->day))));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testB14APaymentAtMidnightIsInTheBillOfTheNextDay(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        self::days(1);
        self::paid('T00001');
        self::days(2);
        $this->open($ledger);
        $ledger->apply($this->asked('T00001'));
        $this->pdo->exec("UPDATE wechatpay_order SET paid_at = paid_at - 86400000");
        self::assertSame(['BookedNotPaid T00001 Healed'], self::told($ledger->reconcileDay($this->merchant, $this->day)), 'WeChat says when it was paid');
        // As if WeChat had not been reached.
        $this->pdo->exec("UPDATE wechatpay_difference SET state = 'waiting', wait_until = '2999-01-01'");
        self::assertSame(['BookedNotPaid T00001 Waiting'], self::told($ledger->differences($this->merchant, DifferenceState::Waiting)));
        self::assertTrue($ledger->reconcileDay($this->merchant, $this->next)->isClean());
        self::assertSame(['BookedNotPaid T00001 Healed'], self::told($ledger->differences($this->merchant)));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testB10ARefundSentBeforeMidnightIsInTheBillOfTheNextDayAndStaysFound(string $database): void
    {
        $this->merchant = $this->certified();
        $ledger = $this->shop($this->pdo);
        $this->open($ledger);
        self::paid('T00001');
        $ledger->apply($this->asked('T00001'));
        self::days(1);
        $ledger->refund($this->merchant, 'T00001', 'BEFORE-MIDNIGHT', 30);
        self::days(2);
        // WeChat has accepted it on the day after it was sent.
        $sent = (new \DateTimeImmutable("$this->day 23:59:59+08:00"))->getTimestamp() * 1000;
        $this->pdo->exec("UPDATE wechatpay_refund SET sent_at = $sent");
        $this->merchant = new Merchant(SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY);
        self::assertSame(['RefundDiffers BEFORE-MIDNIGHT Open'], self::told($ledger->reconcileDay($this->merchant, $this->day)));
        self::assertTrue($ledger->reconcileDay($this->merchant, $this->next)->isClean());
        $found = ['RefundDiffers BEFORE-MIDNIGHT Healed'];
        self::assertSame($found, self::told($ledger->differences($this->merchant)));
        self::assertSame($found, self::told($ledger->reconcileDay($this->merchant, $this->day)), 'it is not missing again');
        // The other way round: the day before is done last.
        $this->pdo->exec('DELETE FROM wechatpay_difference');
        $this->pdo->exec('DELETE FROM wechatpay_day');
        $ledger->reconcileDay($this->merchant, $this->next);
        self::assertSame([$this->day], array_values(array_intersect([$this->day, $this->next], $ledger->missingDays($this->merchant, $this->day))));
        self::assertTrue($ledger->reconcileDay($this->merchant, $this->day)->isClean());
    }

    public function testB12ARefundOfALaterDayDoesNotEndAMissingPayment(): void
    {
        $ledger = $this->shop($this->pdo);
        $this->open($ledger);
        self::paid('T00001');
        $ledger->apply($this->asked('T00001'));
        self::days(1);
        (new \WechatPay\Refund($this->certified(), $this->gateway))->byOutTradeNo('T00001', 'T00001-R', 100, 30);
        self::days(2);
        self::bills('row_left_out', row: 1);
        self::assertSame(['BookedNotPaid T00001 Open'], self::told($ledger->reconcileDay($this->merchant, $this->day)));
        $ledger->reconcileDay($this->merchant, $this->next);
        self::assertSame(['BookedNotPaid T00001 Open'], self::told($ledger->differences($this->merchant, DifferenceState::Open)));
    }

    public function testAskedTooOftenItSlowsDownAndAsksAgain(): void
    {
        $ledger = $this->shop($this->pdo);
        foreach (['T00001', 'T00002'] as $number) {
            $this->open($ledger, $number);
            self::paid($number);
        }
        self::days(3);
        // A query is tried three times before it is a fault.
        self::$simulator->control('POST', '/faults', ['fault' => 'status_429', 'path' => '/pay/orderquery', 'times' => 6]);
        $started = microtime(true);
        self::assertSame(['StateDiffers T00001 Healed', 'StateDiffers T00002 Healed'], self::told($ledger->reconcileDay($this->merchant, $this->day)));
        self::assertGreaterThan(1.0, microtime(true) - $started);
    }

    public function testADamagedBillHoldsUpNoNewerDay(): void
    {
        $ledger = $this->shop($this->pdo);
        $before = self::beijing(-4);
        self::days(-1);
        self::paid('OLD');
        self::days(4);
        self::bills('no_summary');
        try {
            $ledger->reconcileMissing($this->merchant, $before, 1);
            self::fail('a bill without sums is taken');
        } catch (PayException) {
        }
        $left = $ledger->missingDays($this->merchant, $before);
        self::assertSame([$before], array_values(array_intersect([$before, $this->day], $left)));
        $old = (new \DateTimeImmutable('-100 days'))->format('Y-m-d');
        $this->expectException(\ValueError::class);
        $this->expectExceptionMessage('must be one of the last three months');
        $ledger->reconcileDay($this->merchant, $old);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testAnotherContentForADayThatIsDoneIsToldAndOverwritesNothing(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->open($ledger);
        self::paid('T00001');
        self::days(3);
        $done = $ledger->reconcileDay($this->merchant, $this->day);
        self::days(-3);
        self::paid('LATER');
        self::days(3);
        $changed = $ledger->reconcileDay($this->merchant, $this->day);
        self::assertSame(["BillChanged $this->day Open", 'StateDiffers T00001 Healed'], self::told($changed));
        self::assertSame([null, false], [$changed->theirs, $changed->isClean()]);
        self::assertNull($ledger->find($this->merchant, 'LATER'), 'nothing of it is applied');
        $stored = $this->pdo->query('SELECT totals FROM wechatpay_day')->fetchColumn();
        self::assertStringContainsString('"payments":["1","100"]', $stored);
        $ledger->reconcileDay($this->merchant, $this->day);
        self::assertSame(2, $this->rows('difference'), 'it is told once');
        // Whoever settles it accepts the new content.
        [$open] = $ledger->differences($this->merchant, DifferenceState::Open);
        $ledger->settle($open->id, 'WeChat has added a payment');
        $accepted = $ledger->reconcileDay($this->merchant, $this->day);
        self::assertSame(
            ["BillChanged $this->day Settled", 'PaidNotBooked LATER Healed', 'StateDiffers LATER Open', 'StateDiffers T00001 Healed'],
            self::told($accepted),
        );
        self::assertSame(2, $accepted->theirs['payments']['count']);
        self::assertSame([100], $this->booked(), 'and nothing is credited again');
        self::assertSame(1, $done->theirs['payments']['count']);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testB1ADayWithoutTradeIsADayAndWhatIsBookedOnItIsADifference(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        self::days(3);
        self::assertCount(0, $ledger->reconcileDay($this->merchant, $this->day));
        $this->open($ledger);
        $ledger->apply($this->order(time_end: strtr($this->next, ['-' => '']) . '120000'));
        $report = $ledger->reconcileDay($this->merchant, $this->next);
        self::assertSame(['BookedNotPaid T00001 Open'], self::told($report));
        self::assertSame(self::beijing(0), iterator_to_array($report)[0]->due, 'the second day after is today');
        self::assertSame([0, 100, -100], [$report->long, $report->short, $report->surplus]);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testWorkersAtOnceDownloadOnce(string $database): void
    {
        $this->open($this->shop($this->pdo));
        self::paid('T00001');
        self::days(3);
        self::$simulator->control('POST', '/faults', ['fault' => 'delay', 'ms' => 700, 'path' => '/pay/downloadbill']);
        $reconcile = function (): callable {
            $ledger = $this->shop($this->database->connect());
            return fn (): array => [self::told($report = $ledger->reconcileDay($this->merchant, $this->day)), $report->surplus];
        };
        self::assertSame(array_fill(0, 3, [['StateDiffers T00001 Healed'], 0]), self::atOnce([$reconcile, $reconcile, $reconcile]));
        self::assertSame([1, [100]], [self::downloads(), $this->booked()]);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testOneOrderThatCannotBeAppliedKeepsNoOtherBack(string $database): void
    {
        $ledger = $this->shop($this->pdo, onCredit: function (Transition $t, \PDO $pdo): void {
            if ($t->outTradeNo === 'T00002') {
                throw new \RuntimeException('no such member');
            }
            self::book(1)($t, $pdo);
        });
        foreach (['T00001', 'T00002', 'T00003'] as $number) {
            $this->open($ledger, $number);
            self::paid($number);
        }
        self::days(3);
        $report = $ledger->reconcileDay($this->merchant, $this->day);
        self::assertSame(['StateDiffers T00001 Healed', 'StateDiffers T00002 Open', 'StateDiffers T00003 Healed'], self::told($report));
        $open = $ledger->differences($this->merchant, DifferenceState::Open);
        self::assertSame(['not applied: RuntimeException: no such member'], array_column($open, 'note'));
        self::assertSame([[100], [], [100]], array_map($this->booked(...), ['T00001', 'T00002', 'T00003']));
        // The shop has mended it.
        $mended = $this->shop($this->database->connect());
        self::assertTrue($mended->reconcileDay($this->merchant, $this->day)->isClean());
        self::assertSame([[100], [100], [100]], array_map($this->booked(...), ['T00001', 'T00002', 'T00003']));
    }

    public function testAnOrderInWhichProcessesEndIsLeftOutAndTheOthersAreDone(): void
    {
        foreach (['T00001', 'T00002', 'T00003'] as $number) {
            $this->open($this->shop($this->pdo), $number);
            self::paid($number);
        }
        self::days(3);
        $dying = fn (): callable => function (): array {
            $ledger = $this->shop($this->database->connect(), onCredit: function (Transition $t, \PDO $pdo): void {
                if ($t->outTradeNo === 'T00002') {
                    posix_kill(getmypid(), SIGKILL);
                }
                self::book(1)($t, $pdo);
            });
            return self::told($ledger->reconcileDay($this->merchant, $this->day));
        };
        foreach ([1, 2] as $time) {
            self::assertSame([false], self::atOnce([$dying]), "the process ends, time $time");
            $this->leaseEnds();
        }
        self::assertSame(
            [['StateDiffers T00002 Open', 'StateDiffers T00003 Healed']],
            self::atOnce([$dying]),
        );
        self::assertSame([[100], [], [100]], array_map($this->booked(...), ['T00001', 'T00002', 'T00003']));
        [$open] = $this->shop($this->database->connect())->differences($this->merchant, DifferenceState::Open);
        self::assertStringContainsString('apply() what OrderQuery says of it by hand', $open->note);
        self::assertTrue($this->shop($this->pdo)->apply($this->asked('T00002'))->credited, 'which is the way on');
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testAPersonSettlesWhatIsLeftAndThatStays(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        self::paid('STRANGER');
        self::days(3);
        $ledger->reconcileDay($this->merchant, $this->day);
        [$open] = $ledger->differences($this->merchant, DifferenceState::Open);
        $settled = $ledger->settle($open->id, '已核对 ☎ "ok"');
        self::assertSame([$open->id, DifferenceState::Settled, '已核对 ☎ "ok"'], [$settled->id, $settled->state, $settled->note]);
        self::assertEquals($settled, $ledger->settle($open->id, 'again'), 'the first word counts');
        self::assertTrue($ledger->reconcileDay($this->merchant, $this->day)->isClean());
        self::assertSame([], $ledger->differences($this->merchant, DifferenceState::Open));
        [$healed] = $ledger->differences($this->merchant, DifferenceState::Healed);
        foreach ([
            [\LogicException::class, '~healed~', $healed->id, 'x'],
            [\ValueError::class, '~\(\$difference\) must be the id of a difference~', 999_999, 'x'],
            [\ValueError::class, '~\(\$note\) must be 1 to 1000 bytes~', $open->id, ''],
        ] as [$class, $message, $id, $note]) {
            try {
                $ledger->settle($id, $note);
                self::fail("no $class");
            } catch (\LogicException|\ValueError $e) {
                self::assertInstanceOf($class, $e);
                self::assertMatchesRegularExpression($message, $e->getMessage());
            }
        }
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testTheNewestDayHidesNoGap(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        self::days(3);
        $last = (int) date_create('now', new \DateTimeZone('Asia/Shanghai'))->format('H') >= 10 ? -1 : -2;
        $days = array_map(self::beijing(...), range(-5, $last));
        self::assertSame($days, $ledger->missingDays($this->merchant, $days[0]));
        $ledger->reconcileDay($this->merchant, self::beijing($last));
        self::assertSame(array_slice($days, 0, -1), $ledger->missingDays($this->merchant, $days[0]));
        self::bills('creating', times: 3);
        try {
            $ledger->reconcileMissing($this->merchant, $days[0], 2);
            self::fail('a bill that is not made yet is no fault');
        } catch (PayException) {
        }
        self::$simulator->reset();
        $reports = $ledger->reconcileMissing($this->merchant, $days[0], 2);
        self::assertCount(2, $reports);
        $left = $ledger->missingDays($this->merchant, $days[0]);
        self::assertSame([], array_intersect(array_column($reports, 'from'), $left));
        $ledger->reconcileMissing($this->merchant, $days[0]);
        self::assertSame([], $ledger->missingDays($this->merchant, $days[0]));
        self::assertSame([], $ledger->missingDays($this->merchant, self::beijing(3)));
        self::assertLessThan(94, \count($ledger->missingDays($this->merchant, '2020-01-01')), 'three months at most');
        $other = new Merchant(SimulatorProcess::APPID, '1900000109', SimulatorProcess::KEY);
        self::assertSame($days, $ledger->missingDays($other, $days[0]), 'each merchant has days of its own');
    }

    public function testAFundFlowIsComparedWhereThereIsACertificate(): void
    {
        $this->merchant = $this->certified();
        $ledger = $this->shop($this->pdo);
        $this->open($ledger);
        self::paid('T00001', 10_000);
        self::days(3);
        $report = $ledger->reconcileDay($this->merchant, $this->day);
        $paths = array_column(self::$simulator->control('GET', '/requests'), 'path');
        self::assertContains('/pay/downloadfundflow', $paths);
        self::assertNotContains('SettlementDiffers', array_map(static fn ($d) => $d->kind->name, iterator_to_array($report)));
    }

    public function testAnOrderOfAnotherAccountIsNotAskedAboutInThisOnesName(): void
    {
        $ledger = $this->shop($this->pdo);
        $other = new Merchant('wx0000000000000001', SimulatorProcess::MCH_ID, SimulatorProcess::KEY);
        $ledger->open($other, 'T00001', 100);
        self::paid('T00001', 100, appid: 'wx0000000000000001');
        self::days(3);
        $report = $ledger->reconcileDay($this->merchant, $this->day);
        self::assertSame(['StateDiffers T00001 Open'], self::told($report), 'its appid is known');
        self::assertSame('WeChat was not asked: the order was opened with appid wx0000000000000001', iterator_to_array($report)[0]->note);
        self::assertNotContains('/pay/orderquery', array_column(self::$simulator->control('GET', '/requests'), 'path'));
        self::assertSame([], $this->booked());
    }

    public function testNothingOfItRunsInsideATransaction(): void
    {
        $ledger = $this->shop($this->pdo);
        $this->pdo->beginTransaction();
        foreach ([
            fn () => $ledger->reconcileDay($this->merchant, $this->day),
            fn () => $ledger->reconcileMissing($this->merchant, $this->day),
        ] as $call) {
            try {
                $call();
                self::fail('it runs inside a transaction');
            } catch (\LogicException $e) {
                self::assertStringContainsString('inside a transaction', $e->getMessage());
            }
        }
        self::assertSame(0, self::downloads());
    }

    public function testTablesOfADayThatAnotherProcessDidSayWhereItsBillIs(): void
    {
        $this->open($this->shop($this->pdo));
        self::paid('T00001');
        self::days(3);
        self::$simulator->control('POST', '/faults', ['fault' => 'delay', 'ms' => 700, 'path' => '/pay/downloadbill']);
        $folder = sys_get_temp_dir() . '/wechatpay-day-' . getmypid();
        mkdir($folder);
        $write = function () use ($folder): callable {
            $ledger = $this->shop($this->database->connect());
            return function () use ($ledger, $folder): string {
                $ledger->reconcileDay($this->merchant, $this->day)->toCsv("$folder/orders.csv", "$folder/differences.csv");
                return 'written';
            };
        };
        try {
            $ends = self::atOnce([$write, $write]);
            sort($ends);
            self::assertStringStartsWith('LogicException: Another process has reconciled this day', $ends[0]);
            self::assertSame('written', $ends[1]);
            self::assertStringContainsString('StateDiffers', file_get_contents("$folder/differences.csv"));
            self::assertStringContainsString('T00001', file_get_contents("$folder/orders.csv"));
        } finally {
            array_map('unlink', glob("$folder/*"));
            rmdir($folder);
        }
    }

    private function asked(string $number): \WechatPay\Order
    {
        return (new OrderQuery($this->merchant, $this->gateway))->byOutTradeNo($number);
    }

    private function certified(): Merchant
    {
        return new Merchant(
            SimulatorProcess::APPID,
            SimulatorProcess::MCH_ID,
            SimulatorProcess::KEY,
            certificate: self::$simulator->ready['cert_file'],
            privateKey: self::$simulator->ready['key_file'],
        );
    }

    private function leaseEnds(): void
    {
        $this->database->connect()->exec('UPDATE wechatpay_day SET due_at = 0 WHERE due_at IS NOT NULL');
    }
}
