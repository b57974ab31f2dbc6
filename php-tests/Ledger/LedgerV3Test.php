<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\LedgerState;
use WechatPay\Merchant;
use WechatPay\OrderQuery;
use WechatPay\PayException;
use WechatPay\Refund;
use WechatPay\RefundQuery;
use WechatPay\Resolution;

/** One ledger for merchants of v2 and of APIv3, and for one that speaks both. */
final class LedgerV3Test extends LedgerV3TestCase
{
    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testEachRefundIsAskedAboutByItsNumberUntilItHasEnded(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->paid($ledger, 'coffee-0001');
        $ledger->refund($this->v3, 'coffee-0001', 'R1', 100);
        self::$simulator->control('POST', '/clock', ['advance_ms' => 61_000]);
        $ledger->refund($this->v3, 'coffee-0001', 'R2', 200);
        $this->sync($ledger);
        self::assertSame(['SUCCESS', 'PROCESSING'], [$this->word('R1'), $this->word('R2')]);
        self::ends('R2', 'CHANGE');
        $asked = \count(self::paths());
        $this->sync($ledger);
        self::assertSame(['/v3/refund/domestic/refunds/R2'], \array_slice(self::paths(), $asked), 'what has ended is not asked about again');
        $entry = $ledger->find($this->v3, 'coffee-0001');
        self::assertSame([LedgerState::PartiallyRefunded, 300, null], [$entry->state, $entry->refundedFee, $entry->dueAt], 'a refund that bounced has gone from the payment');
        self::assertSame('CHANGE', $this->word('R2'));
        self::assertSame([1000], $this->booked('coffee-0001'));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testV15AClosedRefundIsShownAndWantsANewNumber(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->paid($ledger, 'coffee-0001');
        $ledger->refund($this->v3, 'coffee-0001', 'R1', 1000);
        self::assertSame(LedgerState::Refunded, $ledger->find($this->v3, 'coffee-0001')->state);
        self::ends('R1', 'REFUNDCLOSE');
        $this->sync($ledger);
        $entry = $ledger->find($this->v3, 'coffee-0001');
        self::assertSame([LedgerState::Paid, 0, 0, 'refund closed, wants a new number'], [$entry->state, $entry->refundedFee, $entry->pendingRefundFee, $entry->reason]);
        $told = self::told($ledger);
        self::assertSame(['PAID', 'refund closed, wants a new number', 'R1'], [$told['to'], $told['reason'], $told['note']]);
        $posts = fn (): int => \count(array_keys(self::paths(), '/v3/refund/domestic/refunds', true));
        $sent = $posts();
        $this->sync($ledger);
        try {
            $ledger->refund($this->v3, 'coffee-0001', 'R1', 1000);
            self::fail('The number was taken again.');
        } catch (\ValueError $e) {
            self::assertStringContainsString('($outRefundNo) must be a new number', $e->getMessage());
        }
        self::assertSame($sent, $posts(), 'nothing was sent under the old number');
        self::$simulator->control('POST', '/clock', ['advance_ms' => 61_000]);
        self::assertSame(LedgerState::Refunded, $ledger->refund($this->v3, 'coffee-0001', 'R2', 1000)->to);
        self::assertSame([1000], $this->booked('coffee-0001'));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testV15WhatAPersonSentBackAndWeChatClosedWaitsForThePersonAgain(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $ledger->open($this->v3, 'coffee-0001', 1000);
        self::placed('coffee-0001', 900);
        self::assertSame(LedgerState::Review, $ledger->apply($this->asked('coffee-0001'))->to);
        $ledger->resolve($this->v3, 'coffee-0001', Resolution::Refund, 'paid too little');
        $this->sync($ledger);
        self::assertSame('PROCESSING', $this->word('coffee-0001-resolved'));
        self::ends('coffee-0001-resolved', 'REFUNDCLOSE');
        $this->sync($ledger);
        $entry = $ledger->find($this->v3, 'coffee-0001');
        self::assertSame([LedgerState::PaidLate, 0, null], [$entry->state, $entry->pendingRefundFee, $entry->dueAt]);
        $ledger->resolve($this->v3, 'coffee-0001', Resolution::Refund, 'once more');
        self::$simulator->control('POST', '/clock', ['advance_ms' => 61_000]);
        $this->sync($ledger);
        self::assertSame(['CLOSED', 'PROCESSING'], [$this->word('coffee-0001-resolved'), $this->word('coffee-0001-resolved-2')]);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testSignedNoticesMoveARefundToEachOfItsEnds(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->paid($ledger, 'coffee-0001');
        $states = [];
        foreach (['R1' => 'SUCCESS', 'R2' => 'CLOSED', 'R3' => 'ABNORMAL'] as $number => $status) {
            $ledger->refund($this->v3, 'coffee-0001', $number, 100);
            self::$simulator->control('POST', '/clock', ['advance_ms' => 61_000]);
            $notice = $this->notified('coffee-0001', $number, 100, $status);
            $moved = $ledger->applyNotification($notice);
            self::assertSame(204, $moved->reply()->status);
            self::assertFalse($ledger->applyNotification($notice)->changed, 'it came twice');
            $states[$number] = [$this->word($number), $moved->entry->refundedFee, $moved->reason];
        }
        self::assertSame([
            'R1' => ['SUCCESS', 100, 'refunds'],
            'R2' => ['PROCESSING', 200, 'refunds'],
            'R3' => ['CHANGE', 300, 'refunds'],
        ], $states);
        self::ends('R2', 'REFUNDCLOSE');
        $this->sync($ledger);
        $entry = $ledger->find($this->v3, 'coffee-0001');
        self::assertSame(
            ['CLOSED', 200, 'refund closed, wants a new number'],
            [$this->word('R2'), $entry->refundedFee, $entry->reason],
            'a CLOSED that nobody asked for may be older than the last send: it is asked about first',
        );
        self::assertSame([1000], $this->booked('coffee-0001'));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testWhatWasSentBackByHandCreditsNobody(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $refund = new Refund($this->v3, $this->gateway);
        foreach (['coffee-0001', 'coffee-0002', 'coffee-0003'] as $number) {
            $ledger->open($this->v3, $number, 1000);
            self::placed($number);
        }
        $refund->byOutTradeNo('coffee-0001', 'HAND1', 1000, 400);
        $refund->byOutTradeNo('coffee-0002', 'HAND2', 1000, 1000);
        $this->sync($ledger);
        $entry = $ledger->find($this->v3, 'coffee-0001');
        self::assertSame([LedgerState::Review, self::UNLISTED], [$entry->state, $entry->reason], 'how much went back, nobody has said');
        self::assertSame([[], [], [1000]], array_map($this->booked(...), ['coffee-0001', 'coffee-0002', 'coffee-0003']));
        // A person knows the number, or has looked it up.
        $list = (new RefundQuery($this->v3, $this->gateway))->byOutRefundNo('HAND1');
        self::assertFalse($ledger->applyRefunds($list)->credited);
        $done = $ledger->resolve($this->v3, 'coffee-0001', Resolution::Credit, 'the rest was delivered');
        self::assertSame([LedgerState::PartiallyRefunded, 400, true], [$done->to, $done->entry->refundedFee, $done->credited]);
        // The whole of the other was told before anybody asked.
        $whole = (new RefundQuery($this->v3, $this->gateway))->byOutRefundNo('HAND2');
        $ledger->applyRefunds($whole);
        self::assertSame([[1000], []], array_map($this->booked(...), ['coffee-0001', 'coffee-0002']));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testThatSomethingOfACreditedOrderWentBackIsSaidOnceAndThenHowMuch(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->paid($ledger, 'coffee-0001');
        (new Refund($this->v3, $this->gateway))->byOutTradeNo('coffee-0001', 'HAND', 1000, 300);
        foreach ([self::UNLISTED, null] as $said) {
            self::told($ledger);
            $ledger->apply($this->asked('coffee-0001'));
            $this->sync($ledger);
            self::assertSame($said, self::told($ledger)['reason'] ?? null);
            $entry = $ledger->find($this->v3, 'coffee-0001');
            self::assertSame([LedgerState::Paid, self::UNLISTED, null], [$entry->state, $entry->reason, $entry->dueAt]);
        }
        $moved = $ledger->applyRefunds((new RefundQuery($this->v3, $this->gateway))->byOutRefundNo('HAND'));
        self::assertSame([LedgerState::PartiallyRefunded, 300, 'refunds'], [$moved->to, $moved->entry->refundedFee, $moved->reason]);
        self::assertSame([1000], $this->booked('coffee-0001'));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testV13ARefundWithoutAnAnswerIsAskedAboutAndOnlyWhatIsNotThereIsSentAgain(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->paid($ledger, 'coffee-0001');
        foreach (['ARRIVED' => true, 'LOST' => false] as $number => $processed) {
            self::$simulator->control('POST', '/faults', ['fault' => 'status_429', 'times' => 1, 'processed' => $processed]);
            try {
                $ledger->refund($this->v3, 'coffee-0001', $number, 100);
                self::fail('It was answered.');
            } catch (\WechatPay\PayException $e) {
                self::assertSame([true, true], [$e->maybeProcessed, $e->stillWanted]);
            }
            self::$simulator->control('POST', '/clock', ['advance_ms' => 61_000]);
        }
        $this->sync($ledger);
        self::assertSame('INTENT', $this->word('LOST'), 'a send of it may still arrive');
        self::assertNotSame('INTENT', $this->word('ARRIVED'));
        $this->pdo->exec('UPDATE wechatpay_refund SET sent_at = sent_at - 61000');
        $this->sync($ledger);
        self::assertSame('PROCESSING', $this->word('LOST'));
        self::assertSame(200, $ledger->find($this->v3, 'coffee-0001')->refundedFee);
        $back = array_column(self::$simulator->control('GET', '/refunds'), 'refund_fee', 'out_refund_no');
        ksort($back);
        self::assertSame(['ARRIVED' => 100, 'LOST' => 100], $back);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testARefundOfTheWholeThatIsToldByANoticeNeedsNoPerson(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $ledger->open($this->v3, 'coffee-0001', 1000);
        self::placed('coffee-0001');
        (new Refund($this->v3, $this->gateway))->byOutTradeNo('coffee-0001', 'HAND', 1000, 1000);
        $moved = $ledger->applyNotification($this->notified('coffee-0001', 'HAND', 1000, 'SUCCESS'));
        self::assertSame([LedgerState::Refunded, false], [$moved->to, $moved->credited]);
        self::assertSame([], $this->booked('coffee-0001'));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testTheSameMerchantInBothDialectsCreditsOnceAndV2ListsWhatWasDoneByHand(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $ledger->open($this->merchant, 'coffee-0001', 1000);
        self::placed('coffee-0001');
        self::assertTrue($ledger->apply((new OrderQuery($this->merchant, $this->gateway))->byOutTradeNo('coffee-0001'))->credited);
        self::assertFalse($ledger->apply($this->asked('coffee-0001'))->changed);
        $ledger->refund($this->v3, 'coffee-0001', 'R1', 100);
        self::$simulator->control('POST', '/clock', ['advance_ms' => 61_000]);
        (new Refund($this->v3, $this->gateway))->byOutTradeNo('coffee-0001', 'HAND', 1000, 200);
        $ledger->apply($this->asked('coffee-0001'));
        self::ends('R1', 'SUCCESS');
        $this->sync($ledger, $this->merchant);
        $entry = $ledger->find($this->v3, 'coffee-0001');
        self::assertSame([LedgerState::PartiallyRefunded, 300], [$entry->state, $entry->refundedFee]);
        self::assertSame([1000], $this->booked('coffee-0001'));
    }

    /** @dataProvider bothOrders */
    #[DataProvider('bothOrders')]
    public function testOfBothDialectsV2AsksAboutRefundsInWhicheverOrderTheyAreGiven(string $database, bool $v3First, bool $certified): void
    {
        $v2 = $certified ? $this->merchant : new Merchant(SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY);
        $merchants = $v3First ? [$this->v3, $v2] : [$v2, $this->v3];
        $ledger = $this->shop($this->pdo);
        foreach (['coffee-0001', 'coffee-0002'] as $number) {
            $ledger->open($this->v3, $number, 1000);
            self::placed($number);
        }
        (new Refund($this->v3, $this->gateway))->byOutTradeNo('coffee-0001', 'HAND', 1000, 400);
        $ledger->apply($this->asked('coffee-0002'));
        // This one has not arrived, and goes out again.
        self::$simulator->control('POST', '/faults', ['fault' => 'status_429', 'times' => 1, 'processed' => false]);
        try {
            $ledger->refund($this->v3, 'coffee-0002', 'LOST', 300);
            self::fail('It was answered.');
        } catch (PayException $e) {
            self::assertTrue($e->stillWanted);
        }
        $this->pdo->exec('UPDATE wechatpay_refund SET sent_at = sent_at - 61000');
        $before = \count(self::paths());
        $this->sync($ledger, ...$merchants);
        $entry = $ledger->find($this->v3, 'coffee-0001');
        self::assertSame([LedgerState::PartiallyRefunded, 400], [$entry->state, $entry->refundedFee], 'v2 lists what was sent back by hand');
        self::assertSame([1000], $this->booked('coffee-0001'));
        $paths = array_values(array_diff(\array_slice(self::paths(), $before), ['/pay/orderquery']));
        sort($paths);
        $sent = $certified ? '/secapi/pay/refund' : '/v3/refund/domestic/refunds';
        self::assertSame(['/pay/refundquery', '/pay/refundquery', $sent], $paths, 'one asks, and one sends');
        self::assertSame('PROCESSING', $this->word('LOST'));
        self::ends('LOST', 'SUCCESS');
        $this->sync($ledger, ...$merchants);
        self::assertSame(['SUCCESS', 300], [$this->word('LOST'), $ledger->find($this->v3, 'coffee-0002')->refundedFee]);
    }

    /** @return iterable<string, array{string, bool, bool}> */
    public static function bothOrders(): iterable
    {
        foreach (Database::KINDS as $kind) {
            yield "$kind, APIv3 first" => [$kind, true, true];
            yield "$kind, v2 first" => [$kind, false, true];
            yield "$kind, APIv3 first, v2 without its certificate" => [$kind, true, false];
            yield "$kind, v2 first, without its certificate" => [$kind, false, false];
        }
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testV2AnUnsignedRefusalSaysNothingOfARefund(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->paid($ledger, 'coffee-0001');
        $ledger->refund($this->v3, 'coffee-0001', 'R1', 100);
        foreach (['no_sign', 'bad_sign', 'probe', 'swapped_order', 'status_429', 'status_502'] as $fault) {
            self::$simulator->control('POST', '/faults', ['fault' => $fault, 'times' => 9]);
            $this->sync($ledger);
            self::$simulator->control('DELETE', '/faults');
            self::assertSame(['PROCESSING', 100], [$this->word('R1'), $ledger->find($this->v3, 'coffee-0001')->refundedFee], $fault);
        }
        self::ends('R1', 'SUCCESS');
        $this->sync($ledger);
        self::assertSame('SUCCESS', $this->word('R1'));
    }
}
