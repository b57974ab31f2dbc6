<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Ledger;
use WechatPay\LedgerState;
use WechatPay\PayException;
use WechatPay\Refund;
use WechatPay\Resolution;

/** A refund's number that is another order's at WeChat: APIv3 answers with that one, which is no answer about ours. */
final class LedgerV3NumbersTest extends LedgerV3TestCase
{
    private const ANOTHERS = 'out_refund_no belongs to another order';

    /** Two paid orders; the number R1 is the first one's at WeChat, and the second one's refund of it was lost. */
    private function confused(Ledger $ledger): void
    {
        array_map(fn (string $number) => $this->paid($ledger, $number), ['first-0001', 'other-0001']);
        (new Refund($this->v3, $this->gateway))->byOutTradeNo('first-0001', 'R1', 1000, 100);
        self::$simulator->control('POST', '/faults', ['fault' => 'status_429', 'times' => 1, 'processed' => false]);
        self::assertTrue(self::fault(fn () => $ledger->refund($this->v3, 'other-0001', 'R1', 100))->stillWanted);
    }

    private static function fault(callable $call): PayException
    {
        try {
            $call();
        } catch (PayException $e) {
            return $e;
        }
        self::fail('Nothing was thrown.');
    }

    private function settle(): void
    {
        $this->pdo->exec('UPDATE wechatpay_refund SET sent_at = sent_at - 61000');
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testARefundWhoseNumberIsAnotherOrdersEndsWhenItsSendHasHadItsTime(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->confused($ledger);
        $this->sync($ledger);
        self::assertSame('INTENT', $this->word('R1'), 'what was sent has not had its time');
        $sent = array_keys(self::paths(), '/v3/refund/domestic/refunds', true);
        $this->settle();
        self::told($ledger);
        $this->sync($ledger);
        $entry = $ledger->find($this->v3, 'other-0001');
        self::assertSame(['REFUSED', 0, self::ANOTHERS, null], [$this->word('R1'), $entry->pendingRefundFee, $entry->reason, $entry->dueAt]);
        $told = self::told($ledger);
        self::assertSame(['PAID', self::ANOTHERS, 'R1'], [$told['to'], $told['reason'], $told['note']]);
        self::assertSame($sent, array_keys(self::paths(), '/v3/refund/domestic/refunds', true), 'nothing more was sent under it');
        self::assertSame(LedgerState::Paid, $ledger->find($this->v3, 'first-0001')->state, 'nobody has asked about the other order');
        self::$simulator->control('POST', '/clock', ['advance_ms' => 61_000]);
        self::assertSame(LedgerState::PartiallyRefunded, $ledger->refund($this->v3, 'other-0001', 'R2', 100)->to, 'the way on');
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testARefundWhoseNumberIsAnotherOrdersCanBeWithdrawn(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->confused($ledger);
        $e = self::fault(fn () => $ledger->withdraw($this->v3, 'other-0001', 'R1'));
        self::assertTrue($e->stillWanted);
        self::assertStringContainsString('of another order', $e->getMessage());
        $this->settle();
        self::assertSame(self::ANOTHERS, $ledger->withdraw($this->v3, 'other-0001', 'R1')->reason);
        self::assertSame(['REFUSED', 0], [$this->word('R1'), $ledger->find($this->v3, 'other-0001')->pendingRefundFee]);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testAPersonsRefundTakesTheNextNumberWhereTheFirstIsAnotherOrders(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->paid($ledger, 'first-0001');
        (new Refund($this->v3, $this->gateway))->byOutTradeNo('first-0001', 'other-0001-resolved', 1000, 100);
        $ledger->open($this->v3, 'other-0001', 1000);
        self::placed('other-0001', 900);
        $ledger->apply($this->asked('other-0001'));
        foreach (['other-0001-resolved', 'other-0001-resolved-2'] as $number) {
            $ledger->resolve($this->v3, 'other-0001', Resolution::Refund, 'paid too little');
            self::assertSame('INTENT', $this->word($number));
            self::$simulator->control('POST', '/clock', ['advance_ms' => 61_000]);
            $this->sync($ledger);
        }
        self::assertSame(['REFUSED', 'PROCESSING'], [$this->word('other-0001-resolved'), $this->word('other-0001-resolved-2')]);
        self::assertSame(LedgerState::Refunded, $ledger->find($this->v3, 'other-0001')->state);
    }
}
