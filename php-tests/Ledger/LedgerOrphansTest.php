<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Ledger;
use WechatPay\LedgerState;
use WechatPay\Refund;
use WechatPay\RefundQuery;
use WechatPay\Resolution;

/** A payment that nobody opened, of which something went back: nobody is credited before it is known how much. */
final class LedgerOrphansTest extends LedgerV3TestCase
{
    private const WENT_BACK = 'unknown order, and something of it went back';

    private function refused(Ledger $ledger): void
    {
        try {
            $ledger->resolve($this->v3, 'late-0001', Resolution::Credit, 'nobody has looked');
            self::fail('How much went back is not known yet.');
        } catch (\LogicException $e) {
            self::assertStringContainsString('late-0001 cannot be credited before its refunds are known', $e->getMessage());
        }
    }

    private function old(): void
    {
        $this->pdo->exec('UPDATE wechatpay_evidence SET seen_at = seen_at - 400000');
    }

    private function paidAndSentBack(): void
    {
        self::placed('late-0001');
        (new Refund($this->v3, $this->gateway))->byOutTradeNo('late-0001', 'HAND', 1000, 400);
    }

    /** What a notice from before the refund says. */
    private function applyOldNotice(Ledger $ledger): \WechatPay\Transition
    {
        return $ledger->apply($this->order(out_trade_no: 'late-0001', total_fee: 1000, transaction_id: $this->asked('late-0001')->transactionId));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR7WhatWentBackOfAnOrphanIsSaidAndKeepsItFromBeingCreditedUntilARefundExplainsIt(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->paidAndSentBack();
        $ledger->apply($this->asked('late-0001'));
        $this->old();
        self::assertSame(LedgerState::Review, $ledger->apply($this->asked('late-0001'))->entry->state);
        $this->refused($ledger);
        self::told($ledger);
        $this->sync($ledger);
        $entry = $ledger->find($this->v3, 'late-0001');
        self::assertSame([LedgerState::Review, self::WENT_BACK, null], [$entry->state, $entry->reason, $entry->dueAt]);
        self::assertSame(self::WENT_BACK, self::told($ledger)['reason']);
        $this->refused($ledger);
        $ledger->applyRefunds((new RefundQuery($this->v3, $this->gateway))->byOutRefundNo('HAND'));
        $done = $ledger->resolve($this->v3, 'late-0001', Resolution::Credit, 'the rest was delivered');
        self::assertSame([LedgerState::PartiallyRefunded, 400, true], [$done->to, $done->entry->refundedFee, $done->credited]);
        self::assertSame([1000], $this->booked('late-0001'));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR7WhatWasToldBeforeTheOrphanWasKeptIsNotForgotten(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->paidAndSentBack();
        // Both ways of hearing it: WeChat says REFUND, or a notice comes of one refund.
        foreach (['a query', 'a notice'] as $how) {
            $this->pdo->exec('DELETE FROM wechatpay_evidence');
            $this->pdo->exec('DELETE FROM wechatpay_order');
            $heard = $how === 'a query' ? $ledger->apply($this->asked('late-0001')) : $ledger->applyNotification($this->notified('late-0001', 'HAND', 400, 'SUCCESS'));
            self::assertNotSame(204, $heard->reply()->status, 'it shall come again');
            $this->old();
            self::assertSame(LedgerState::Review, $this->applyOldNotice($ledger)->entry->state);
            $this->refused($ledger);
            $this->sync($ledger);
            self::assertSame(self::WENT_BACK, $ledger->find($this->v3, 'late-0001')->reason, $how);
            $this->refused($ledger);
        }
        $ledger->open($this->v3, 'late-0001', 1000);
        self::assertSame(LedgerState::Created, $ledger->find($this->v3, 'late-0001')->state, 'it may be opened still');
        $this->sync($ledger);
        self::assertSame([LedgerState::Review, self::UNLISTED], [($entry = $ledger->find($this->v3, 'late-0001'))->state, $entry->reason]);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testAnOrphanOfWhichNothingWentBackIsCreditedAtOnce(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        self::placed('late-0001');
        $ledger->apply($this->asked('late-0001'));
        $this->old();
        $ledger->apply($this->asked('late-0001'));
        self::assertTrue($ledger->resolve($this->v3, 'late-0001', Resolution::Credit, 'found whose it is')->credited);
    }
}
