<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;
use WechatPay\LedgerState;
use WechatPay\Refund;
use WechatPay\RefundQuery;
use WechatPay\Resolution;

/**
 * Other amounts, and whatever waits for a person: from everywhere there is a way on.
 *
 * @group slow
 */
#[Group('slow')]
final class LedgerReviewTest extends LedgerIntentsTestCase
{
    /** @dataProvider otherAmounts */
    #[DataProvider('otherAmounts')]
    public function testR6AnotherAmountIsSentBackOrCreditedAsItWasPaid(string $database, int $paid): void
    {
        $ledger = $this->shop($this->pdo);
        foreach (['back-0001' => Resolution::Refund, 'book-0001' => Resolution::Credit] as $number => $how) {
            $ledger->open($this->merchant, $number, 1230);
            $this->placed($number, $paid);
            self::assertSame('total_fee differs', $ledger->apply($this->asked($number))->reason);
            $t = $ledger->resolve($this->merchant, $number, $how, 'as it was paid');
            self::assertSame([1230, $paid], [$t->entry->totalFee, $t->entry->paidFee]);
        }
        self::assertStringContainsString('what was paid is not what was opened', $t->reason);
        self::assertSame([(string) $paid], array_map(strval(...), $this->pdo->query('SELECT total_fee FROM wechatpay_credit')->fetchAll(\PDO::FETCH_COLUMN)));
        $this->sync($ledger);
        self::assertSame([LedgerState::Refunded, 0], [$ledger->find($this->merchant, 'back-0001')->state, $ledger->find($this->merchant, 'back-0001')->pendingRefundFee]);
        self::assertSame(['back-0001-resolved' => $paid], $this->back());

        self::assertSame(LedgerState::PartiallyRefunded, $ledger->refund($this->merchant, 'book-0001', 'B1', $paid - 1)->to);
        $refunds = (new RefundQuery($this->merchant, $this->gateway))->byOutTradeNo('book-0001');
        self::assertSame(LedgerState::PartiallyRefunded, $ledger->applyRefunds($refunds)->to);
        try {
            $ledger->refund($this->merchant, 'book-0001', 'B2', 2);
            self::fail('more than was paid');
        } catch (\ValueError $e) {
            self::assertStringContainsString('($refundFee) must be at most the 1 fen', $e->getMessage());
        }
        self::assertSame(LedgerState::Refunded, $ledger->refund($this->merchant, 'book-0001', 'B2', 1)->to);
    }

    /** @return iterable<string, array{string, int}> */
    public static function otherAmounts(): iterable
    {
        foreach (Database::KINDS as $kind) {
            foreach ([1000, 1500] as $paid) {
                yield "$kind $paid" => [$kind, $paid];
            }
        }
    }

    /** @dataProvider otherAmounts */
    #[DataProvider('otherAmounts')]
    public function testR6RefundsByHandDoNotThrowTheOrderIntoReviewAgain(string $database, int $paid): void
    {
        $ledger = $this->shop($this->pdo);
        $ledger->open($this->merchant, 'hand-0001', 1230);
        $this->placed('hand-0001', $paid);
        $ledger->apply($this->asked('hand-0001'));
        $ledger->resolve($this->merchant, 'hand-0001', Resolution::Refund, 'by hand');
        $ledger->withdraw($this->merchant, 'hand-0001', 'hand-0001-resolved');
        (new Refund($this->merchant, $this->gateway))->byOutTradeNo('hand-0001', 'H1', $paid, $paid);
        $refunds = (new RefundQuery($this->merchant, $this->gateway))->byOutTradeNo('hand-0001');
        self::assertSame(LedgerState::Refunded, $ledger->applyRefunds($refunds)->to);
    }

    /** @dataProvider otherAmounts */
    #[DataProvider('otherAmounts')]
    public function testF20WhatAPersonHasSentBackIsNotCreditedWithCreditLateEither(string $database, int $paid): void
    {
        $ledger = $this->shop($this->pdo, creditLate: true);
        $ledger->open($this->merchant, 'sent-0001', 1230);
        $this->placed('sent-0001', $paid);
        $ledger->apply($this->asked('sent-0001'));
        (new Refund($this->merchant, $this->gateway))->byOutTradeNo('sent-0001', 'H1', $paid, 500);
        $ledger->resolve($this->merchant, 'sent-0001', Resolution::Refund, 'not ours');
        $ledger->applyRefunds((new RefundQuery($this->merchant, $this->gateway))->byOutTradeNo('sent-0001'));
        $this->sync($ledger);
        $entry = $ledger->find($this->merchant, 'sent-0001');
        self::assertSame([LedgerState::PaidLate, 500, []], [$entry->state, $entry->refundedFee, $this->booked('sent-0001')]);
        $ledger->resolve($this->merchant, 'sent-0001', Resolution::Refund, 'what is left');
        $this->sync($ledger);
        self::assertSame([LedgerState::Refunded, []], [$ledger->find($this->merchant, 'sent-0001')->state, $this->booked('sent-0001')]);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR7WhatWasFrozenIsCreditedOrSentBackOnceItsPaymentIsKnown(string $database): void
    {
        $broken = true;
        $ledger = $this->shop($this->pdo, onCredit: function ($t, $pdo) use (&$broken): void {
            $broken ? throw new \RuntimeException('shop table is missing') : self::book(1)($t, $pdo);
        });
        // Paid before it was frozen, and every application failed.
        $ledger->open($this->merchant, 'froz-0001', 100);
        $this->placed('froz-0001', 100);
        $this->pdo->exec('UPDATE wechatpay_order SET attempt = 30');
        $this->sync($ledger);
        $entry = $ledger->find($this->merchant, 'froz-0001');
        self::assertSame([LedgerState::Review, 'failed too often'], [$entry->state, $entry->reason]);
        self::assertNotNull($entry->suspectTransactionId);
        // Frozen first, paid later: the notice is remembered.
        foreach (['froz-0002', 'froz-0003'] as $at => $number) {
            $ledger->open($this->merchant, $number, 100);
            $this->placed($number, 100, 'NOTPAY');
            $this->pdo->exec("UPDATE wechatpay_order SET attempt = 30 WHERE out_trade_no = '$number'");
            $this->sync($ledger);
            try {
                $ledger->resolve($this->merchant, $number, Resolution::Credit, 'too early');
                self::fail('Nothing was paid.');
            } catch (\LogicException $e) {
                self::assertStringContainsString('no verified payment is known', $e->getMessage());
            }
            self::$simulator->control('POST', '/state', ['out_trade_no' => $number, 'trade_state' => 'SUCCESS']);
            $t = $at === 0 ? $ledger->applyNotification($this->notice(out_trade_no: $number)) : $ledger->apply($this->asked($number));
            self::assertSame([LedgerState::Review, \WechatPay\Notification::success()], [$t->to, (string) $t->reply()]);
        }
        $broken = false;
        foreach (['froz-0001', 'froz-0002'] as $number) {
            self::assertTrue($ledger->resolve($this->merchant, $number, Resolution::Credit, 'mended')->credited);
            self::assertSame([100], $this->booked($number));
        }
        $ledger->resolve($this->merchant, 'froz-0003', Resolution::Refund, 'not wanted');
        $this->sync($ledger);
        self::assertSame(LedgerState::Refunded, $ledger->find($this->merchant, 'froz-0003')->state);
    }

    /** @dataProvider givenUp */
    #[DataProvider('givenUp')]
    public function testR12WhatIsNeitherClosedNorReversedSlowsDownAndEndsInReview(string $database, string $type, string $path): void
    {
        $ledger = $this->shop($this->pdo);
        $ledger->open($this->merchant, 'loop-0001', 100, tradeType: $type);
        $this->placed('loop-0001', 100, 'PAYERROR', $type);
        $this->pass(600, 'loop-0001');
        $this->refuses('TRADE_ERROR', $path, 100);
        $pauses = [];
        for ($round = 1; $round <= 40; $round++) {
            $this->sync($ledger);
            $entry = $ledger->find($this->merchant, 'loop-0001');
            if ($entry->state === LedgerState::Review) {
                break;
            }
            $pauses[] = $entry->dueAt->getTimestamp() - time();
        }
        self::assertSame([LedgerState::Review, 31], [$entry->state, $round]);
        self::assertGreaterThan(300, max($pauses));
        self::assertGreaterThan($pauses[0] * 10, $pauses[10]);
        self::assertLessThan(6, $this->rows('outbox'));
        self::assertSame(LedgerState::Closed, $ledger->resolve($this->merchant, 'loop-0001', Resolution::Dismiss, 'x')->to);
    }

    /** @return iterable<string, array{string, string, string}> */
    public static function givenUp(): iterable
    {
        foreach (Database::KINDS as $kind) {
            yield "$kind NATIVE" => [$kind, 'NATIVE', '/pay/closeorder'];
            yield "$kind MICROPAY" => [$kind, 'MICROPAY', '/secapi/pay/reverse'];
        }
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR12AFailedPaymentOfACodeThatIsScannedIsClosed(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $ledger->open($this->merchant, 'fail-0001', 100);
        $this->placed('fail-0001', 100, 'PAYERROR');
        $this->pass(600, 'fail-0001');
        $this->sync($ledger);
        self::assertSame(LedgerState::Closed, $ledger->find($this->merchant, 'fail-0001')->state);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR7WhatWentBackIsKnownBeforeAPersonCanCreditIt(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        foreach (['back-0001' => 1500, 'part-0001' => 300] as $number => $back) {
            $ledger->open($this->merchant, $number, 1230);
            $this->placed($number, 1500);
            (new Refund($this->merchant, $this->gateway))->byOutTradeNo($number, "$number-hand", 1500, $back);
            $t = $ledger->apply($this->asked($number));
            self::assertSame([LedgerState::Review, 'total_fee differs'], [$t->to, $t->reason]);
            try {
                $ledger->resolve($this->merchant, $number, Resolution::Credit, 'too early');
                self::fail('How much went back is not known yet.');
            } catch (\LogicException $e) {
                self::assertStringContainsString("$number cannot be credited before its refunds are known", $e->getMessage());
            }
        }
        $this->sync($ledger);
        self::assertSame([1500, 300], [$ledger->find($this->merchant, 'back-0001')->refundedFee, $ledger->find($this->merchant, 'part-0001')->refundedFee]);
        $part = $ledger->resolve($this->merchant, 'part-0001', Resolution::Credit, 'they keep the rest');
        self::assertSame([LedgerState::PartiallyRefunded, true, 300], [$part->to, $part->credited, $part->entry->refundedFee]);
        try {
            $ledger->resolve($this->merchant, 'back-0001', Resolution::Credit, 'all of it went back');
            self::fail('All of it went back.');
        } catch (\LogicException $e) {
            self::assertStringContainsString('all of it having gone back', $e->getMessage());
        }
        self::assertSame(LedgerState::Refunded, $ledger->resolve($this->merchant, 'back-0001', Resolution::Refund, 'so it did')->to);
        self::assertSame([], $this->booked('back-0001'));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR7AnOrphanThatWentBackIsAskedAboutBeforeItIsCredited(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->placed('late-0001', 100);
        (new Refund($this->merchant, $this->gateway))->byOutTradeNo('late-0001', 'H1', 100, 100);
        $ledger->apply($this->asked('late-0001'));
        $this->pdo->exec('UPDATE wechatpay_evidence SET seen_at = seen_at - 400000');
        self::assertSame(LedgerState::Review, $ledger->apply($this->asked('late-0001'))->entry->state);
        $this->sync($ledger);
        self::assertSame(100, $ledger->find($this->merchant, 'late-0001')->refundedFee);
        $this->expectException(\LogicException::class);
        $ledger->resolve($this->merchant, 'late-0001', Resolution::Credit, 'nobody knows whose');
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testF12TheKnownPaymentWithAnotherAmountIsForAPersonWhoIsToldWhichAmount(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $ledger->open($this->merchant, 'T00001', 100);
        self::assertTrue($ledger->apply($this->order())->credited);
        self::assertSame('seen before', $ledger->apply($this->order())->reason);
        $t = $ledger->apply($this->order(total_fee: 99));
        self::assertSame([LedgerState::Review, 'total_fee differs', 100], [$t->to, $t->reason, $t->entry->paidFee]);
        self::assertSame([$t->entry->transactionId, '99'], array_map(strval(...), $this->pdo->query('SELECT suspect_id, suspect_fee FROM wechatpay_order')->fetch(\PDO::FETCH_NUM)));
        self::assertSame(LedgerState::Paid, $ledger->resolve($this->merchant, 'T00001', Resolution::Dismiss, 'asked WeChat: 100')->to);
        self::assertSame('seen before', $ledger->apply($this->order())->reason);
        self::assertSame([100], $this->booked('T00001'));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR6ASecondPaymentThatIsSentBackTakesNothingFromTheFirst(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->paid($ledger, 'two-00001', 100);
        $second = fn () => $this->order(out_trade_no: 'two-00001', transaction_id: 'SECOND');
        self::assertSame('second transaction_id', $ledger->apply($second())->reason);
        $fields = self::payment(out_trade_no: 'two-00001', transaction_id: 'SECOND', refund_count: 1, out_refund_no_0: 'H2',
            refund_id_0: '5000', refund_fee_0: 100, refund_status_0: 'SUCCESS');
        unset($fields['trade_state']);
        $list = function () use ($fields) {
            $this->fails('raw_body', '/pay/refundquery', body: \WechatPay\Notification::sign($fields, $this->merchant));
            return (new RefundQuery($this->merchant, $this->gateway))->byTransactionId('SECOND');
        };
        self::assertSame([LedgerState::Review, 0], [($t = $ledger->applyRefunds($list()))->to, $t->entry->refundedFee]);
        $t = $ledger->resolve($this->merchant, 'two-00001', Resolution::Dismiss, 'the second one was sent back by hand');
        self::assertSame([LedgerState::Paid, 0], [$t->to, $t->entry->refundedFee]);
        self::assertSame([LedgerState::Paid, 0], [($t = $ledger->applyRefunds($list()))->to, $t->entry->refundedFee]);
        self::assertSame(LedgerState::Refunded, $ledger->refund($this->merchant, 'two-00001', 'R1', 100)->to);
    }
}
