<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Ledger;
use WechatPay\LedgerState;
use WechatPay\Refund;
use WechatPay\RefundQuery;
use WechatPay\Resolution;

/** What a person may decide while APIv3 says that something went back, and nothing says how much. */
final class LedgerUnlistedTest extends LedgerV3TestCase
{
    /** An order under review, or paid late; 400 of its 1000 fen were sent back by hand. */
    private function unlisted(LedgerState $state): Ledger
    {
        $ledger = $this->shop($this->pdo);
        $ledger->open($this->v3, 'coffee-0001', 1000);
        if ($state === LedgerState::PaidLate) {
            self::placed('coffee-0001', 1000, 'CLOSED');
            $ledger->apply($this->asked('coffee-0001'));
            self::$simulator->control('POST', '/state', ['out_trade_no' => 'coffee-0001', 'trade_state' => 'SUCCESS']);
        } else {
            self::placed('coffee-0001');
        }
        (new Refund($this->v3, $this->gateway))->byOutTradeNo('coffee-0001', 'HAND', 1000, 400);
        $ledger->apply($this->asked('coffee-0001'));
        $this->sync($ledger);
        $entry = $ledger->find($this->v3, 'coffee-0001');
        self::assertSame([$state, self::UNLISTED, null], [$entry->state, $entry->reason, $entry->dueAt]);
        return $ledger;
    }

    /** @return iterable<string, array{string, LedgerState}> */
    public static function waiting(): iterable
    {
        foreach (Database::KINDS as $kind) {
            yield "$kind Review" => [$kind, LedgerState::Review];
            yield "$kind PaidLate" => [$kind, LedgerState::PaidLate];
        }
    }

    private function refused(Ledger $ledger, string $when): void
    {
        try {
            $ledger->resolve($this->v3, 'coffee-0001', Resolution::Credit, $when);
            self::fail("$when: how much went back is not known.");
        } catch (\LogicException $e) {
            self::assertStringContainsString('coffee-0001 cannot be credited', $e->getMessage(), $when);
        }
    }

    /** @dataProvider waiting */
    #[DataProvider('waiting')]
    public function testR7NothingIsCreditedBeforeItIsKnownAndARefundThatIsRefusedOrWithdrawnForgetsNothing(string $database, LedgerState $state): void
    {
        $ledger = $this->unlisted($state);
        $this->refused($ledger, 'at once');
        $ledger->resolve($this->v3, 'coffee-0001', Resolution::Refund, 'all of it');
        $this->refused($ledger, 'while a refund is wanted');
        self::$simulator->control('POST', '/clock', ['advance_ms' => 61_000]);
        $this->sync($ledger);
        self::assertSame('REFUSED', $this->word('coffee-0001-resolved'), 'it is more than is left');
        $this->refused($ledger, 'after a refund was refused');
        $ledger->resolve($this->v3, 'coffee-0001', Resolution::Refund, 'once more');
        $ledger->withdraw($this->v3, 'coffee-0001', 'coffee-0001-resolved');
        $this->refused($ledger, 'after a refund was withdrawn');
        $ledger->refund($this->v3, 'coffee-0001', 'LATER', 100);
        $this->refused($ledger, 'after a refund of ours that came later');
        $ledger->applyRefunds((new RefundQuery($this->v3, $this->gateway))->byOutRefundNo('HAND'));
        $done = $ledger->resolve($this->v3, 'coffee-0001', Resolution::Credit, 'looked up: 400 went back before');
        self::assertSame([LedgerState::PartiallyRefunded, 500, true], [$done->to, $done->entry->refundedFee, $done->credited]);
        self::assertSame([1000], $this->booked('coffee-0001'));
    }

    /** @dataProvider waiting */
    #[DataProvider('waiting')]
    public function testR7WhatWasDismissedWhileItsRefundsWereUnlistedStaysSo(string $database, LedgerState $state): void
    {
        $ledger = $this->unlisted($state);
        self::assertSame(LedgerState::Closed, $ledger->resolve($this->v3, 'coffee-0001', Resolution::Dismiss, 'settled by hand')->to);
        $ledger->apply($this->asked('coffee-0001'));
        $this->sync($ledger);
        self::assertSame(LedgerState::Closed, $ledger->find($this->v3, 'coffee-0001')->state);
        self::assertSame([], $this->booked('coffee-0001'));
    }
}
