<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\LedgerState;
use WechatPay\Merchant;
use WechatPay\OrderQuery;
use WechatPay\Refund;

/** A day's bill of a merchant of APIv3: what it names is asked about, refunds by their numbers. */
final class LedgerV3DayTest extends LedgerDayTestCase
{
    /** Speaks only while the gateway's clock is right: APIv3 refuses what is signed at another time. */
    private Merchant $v3;

    protected function setUp(): void
    {
        parent::setUp();
        $this->v3 = Merchant::v3(...self::$simulator->v3());
    }

    /** The same merchant in v2, which asks whatever the clock says. */
    private function asked(string $number): \WechatPay\Order
    {
        return (new OrderQuery($this->merchant, $this->gateway))->byOutTradeNo($number);
    }

    private function sentBack(string $order, string $refund, int $fen): void
    {
        $files = self::$simulator->ready;
        $certified = new Merchant(SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY, certificate: $files['cert_file'], privateKey: $files['key_file']);
        (new Refund($certified, $this->gateway))->byOutTradeNo($order, $refund, 100, $fen);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testB13WhatTheBillNamesIsAskedAboutInApiV3(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        foreach (['T00001', 'T00002', 'T00003'] as $number) {
            $ledger->open($this->v3, $number, 100);
            self::paid($number);
        }
        $ledger->apply($this->asked('T00001'));
        $this->sentBack('T00001', 'BY-HAND', 30);
        $this->sentBack('T00003', 'BY-HAND-TOO', 100);
        self::days(3);
        $report = $ledger->reconcileDay($this->v3, $this->day);
        self::assertContains('StateDiffers T00002 Healed', self::told($report));
        self::assertContains('RefundUnknown BY-HAND Healed', self::told($report));
        $state = fn (string $number): array => [$ledger->find($this->v3, $number)->state, $ledger->find($this->v3, $number)->refundedFee];
        self::assertSame([LedgerState::PartiallyRefunded, 30], $state('T00001'));
        self::assertSame([LedgerState::Paid, 0], $state('T00002'));
        self::assertSame([LedgerState::Refunded, 100], $state('T00003'), 'all of it went back before anybody saw it');
        self::assertSame([[100], [100], []], array_map($this->booked(...), ['T00001', 'T00002', 'T00003']));
        $paths = array_column(self::$simulator->control('GET', '/requests'), 'path');
        $refunds = array_filter($paths, fn (string $path): bool => str_contains($path, '/v3/refund/domestic/refunds/'));
        self::assertCount(2, $refunds, 'each is asked about once');
        self::assertTrue($ledger->reconcileDay($this->v3, $this->day)->isClean());
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testTheSameDayOfTheSameMerchantIsTheSameInBothDialects(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $ledger->open($this->v3, 'T00001', 100);
        self::paid('T00001');
        self::paid('STRANGER');
        self::days(3);
        $report = $ledger->reconcileDay($this->v3, $this->day);
        self::assertSame(['PaidNotBooked STRANGER Healed', 'StateDiffers STRANGER Open', 'StateDiffers T00001 Healed'], self::told($report));
        self::assertSame($report->theirs, $ledger->reconcileDay($this->merchant, $this->day)->theirs);
        self::assertSame([[100], []], array_map($this->booked(...), ['T00001', 'STRANGER']));
    }

    public function testTheFundFlowIsComparedInApiV3(): void
    {
        $ledger = $this->shop($this->pdo);
        $ledger->open($this->v3, 'T00001', 10_000);
        self::paid('T00001', 10_000);
        self::days(3);
        $report = $ledger->reconcileDay($this->v3, $this->day);
        $paths = array_column(self::$simulator->control('GET', '/requests'), 'path');
        self::assertCount(1, array_filter($paths, static fn (string $path): bool => str_starts_with($path, '/v3/bill/fundflowbill')));
        self::assertNotContains('SettlementDiffers', array_map(static fn ($d) => $d->kind->name, iterator_to_array($report)));
    }

    public function testAPartnersFundFlowIsNotThatOfTheSubMerchant(): void
    {
        $ledger = $this->shop($this->pdo);
        $partner = Merchant::v3(...self::$simulator->v3(), subMchId: '1900000109');
        self::days(3);
        $ledger->reconcileDay($partner, $this->day);
        $paths = array_column(self::$simulator->control('GET', '/requests'), 'path');
        self::assertSame([], array_filter($paths, static fn (string $path): bool => str_contains($path, 'fundflow')));
    }
}
