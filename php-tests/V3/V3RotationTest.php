<?php

declare(strict_types=1);

namespace WechatPayTests;

use WechatPay\Advice;
use WechatPay\CloseOrder;
use WechatPay\Merchant;
use WechatPay\Order;
use WechatPay\OrderQuery;
use WechatPay\PayException;
use WechatPay\Refund;
use WechatPay\SignatureException;
use WechatPay\TradeState;

/** The gateway changes its keys while a shop runs, and looks now and then whether anybody looks. */
final class V3RotationTest extends SimulatorTestCase
{
    protected function setUp(): void
    {
        parent::setUp();
        self::order('T100001');
    }

    /** A merchant by certificates of whom this process knows nothing yet; it is given the first of them, or none. */
    private function byCertificates(string ...$known): Merchant
    {
        return $this->merchantV3(publicKeyId: null, publicKey: null, platformCertificates: $known, previousApiV3Key: bin2hex(random_bytes(16)));
    }

    private static function platform(mixed ...$setting): void
    {
        self::$simulator->control('POST', '/platform', $setting);
    }

    /** @return list<string> paths of its two certificates: the one that ends soon, and the one that follows it */
    private static function certificates(): array
    {
        return self::$simulator->ready['v3']['platform_certificate_files'];
    }

    private static function downloads(): int
    {
        return \count(array_filter(self::requests(), static fn (array $request) => $request['path'] === '/v3/certificates'));
    }

    private function asks(Merchant $merchant, int $times = 12): void
    {
        $query = new OrderQuery($merchant, $this->gateway());
        for ($time = 0; $time < $times; $time++) {
            self::assertSame(TradeState::NotPay, $query->byOutTradeNo('T100001')->tradeState);
        }
    }

    public function testV8ARotationWhileTheShopRunsFailsNoCall(): void
    {
        self::platform(mode: 'certificates', certificates: 'old');
        $merchant = $this->byCertificates(self::certificates()[0]);
        $this->asks($merchant);
        self::assertSame(0, self::downloads());
        foreach (['both', 'new', 'both', 'old'] as $rotation) {
            self::platform(certificates: $rotation);
            $this->asks($merchant);
        }
        self::assertSame(1, self::downloads(), 'when the new one was first met');
        self::assertSame(['ok'], array_values(array_unique($this->outcomes())));
    }

    public function testV8AFileMayHoldTheCertificateThatIsUsedAndTheOneThatFollowsIt(): void
    {
        self::platform(mode: 'certificates', certificates: 'both');
        $file = implode("\n", array_map(file_get_contents(...), self::certificates()));
        $merchant = $this->byCertificates($file);
        foreach (['old', 'both', 'new'] as $rotation) {
            self::platform(certificates: $rotation);
            $this->asks($merchant);
        }
        self::assertSame(0, self::downloads());
    }

    public function testV8AProcessThatKnowsNoneLoadsTheListWithItsFirstCall(): void
    {
        self::platform(mode: 'certificates', certificates: 'both');
        $this->asks($this->byCertificates());
        self::assertSame(1, self::downloads());
        self::assertSame('/v3/certificates', $this->attempts[0]->path);
    }

    public function testV7ManyThatMeetAnUnknownCertificateAtOnceLoadTheListOnce(): void
    {
        self::platform(mode: 'certificates', certificates: 'new');
        $answers = (new OrderQuery($this->byCertificates(self::certificates()[0]), $this->gateway()))
            ->many(array_merge(['T100001'], array_map(static fn (int $n) => "T20000$n", range(0, 99))), 50);
        self::assertInstanceOf(Order::class, $answers['T100001']);
        self::assertSame(['ORDER_NOT_EXIST'], array_values(array_unique(array_map(static fn (PayException $e) => $e->errCode, \array_slice($answers, 1)))));
        self::assertSame(1, self::downloads());
    }

    public function testV7APublicKeyThatIsNotKnownIsRefusedAndNoListIsAskedForIt(): void
    {
        self::platform(mode: 'certificates');
        $query = new OrderQuery($this->byCertificates(self::certificates()[0]), $this->gateway());
        self::$simulator->control('POST', '/faults', ['fault' => 'other_key_sign', 'path' => '/v3/pay/transactions/out-trade-no/T100001', 'times' => 3]);
        for ($time = 0; $time < 3; $time++) {
            $e = self::assertFault(SignatureException::class, Advice::FixConfiguration, false, static fn () => $query->byOutTradeNo('T100001'));
            self::assertStringContainsString('which is not among the configured ones', $e->getMessage());
        }
        self::assertSame(0, self::downloads(), 'no list of certificates has a public key');
        self::assertSame('T100001', $query->byOutTradeNo('T100001')->outTradeNo);
    }

    public function testV9TheMoveToThePublicKeyAndBackFailsNoCall(): void
    {
        self::platform(mode: 'certificates', certificates: 'both');
        $both = $this->merchantV3(platformCertificates: self::certificates());
        foreach (['certificates', 'switching', 'public_key', 'switching', 'certificates'] as $mode) {
            self::platform(mode: $mode);
            $this->asks($both);
        }
        self::assertSame(0, self::downloads(), 'who has a public key downloads nothing');
        // Whoever has not begun to move is answered with certificates until the end.
        self::platform(mode: 'switching');
        $this->asks($this->byCertificates(...self::certificates()));
    }

    public function testV10AMerchantWithoutCertificatesIsToldOfThePublicKey(): void
    {
        $close = new CloseOrder($this->byCertificates(), $this->gateway());
        $e = self::assertFault(PayException::class, Advice::FixConfiguration, false, static fn () => $close->byOutTradeNo('T100001'));
        self::assertStringContainsString('configure its public key and PUB_KEY_ID', $e->getMessage());
        self::assertSame([1, 1], [self::downloads(), \count(self::requests())], 'the call itself is not made');
    }

    public function testV3AProbeIsRefusedAndAQuestionAskedOnceMore(): void
    {
        self::platform(probes: 100);
        $query = new OrderQuery($this->merchantV3(), $this->gateway());
        self::assertSame('T100001', $query->byOutTradeNo('T100001')->outTradeNo);
        self::assertSame(['signature', 'ok'], $this->outcomes());
    }

    public function testV3AProbeIsNoSuccessOfWhatActsAndTheNextCallWorks(): void
    {
        self::platform(probes: 100);
        $close = new CloseOrder($this->merchantV3(), $this->gateway());
        $e = self::caught(static fn () => $close->byOutTradeNo('T100001'));
        self::assertInstanceOf(SignatureException::class, $e);
        self::assertSame([true, 'T100001', 1], [$e->maybeProcessed, $e->outTradeNo, \count($this->attempts)]);
        self::platform(probes: 0);
        $close->byOutTradeNo('T100001');
        self::assertSame(TradeState::Closed, $this->query()->byOutTradeNo('T100001')->tradeState);
    }

    public function testV3AProbeOfARefundLeavesTheSameNumberToBeSentAgain(): void
    {
        self::$simulator->control('POST', '/pay', ['out_trade_no' => 'T100001']);
        $refund = new Refund($this->merchantV3(), $this->gateway());
        self::platform(probes: 100);
        $e = self::caught(static fn () => $refund->byOutTradeNo('T100001', 'R1', 100, 40));
        self::assertSame([SignatureException::class, true], [$e::class, $e->maybeProcessed]);
        self::platform(probes: 0);
        self::assertSame('R1', $refund->byOutTradeNo('T100001', 'R1', 100, 40)->outRefundNo);
        self::assertSame(40, $refund->byOutTradeNo('T100001', 'R1', 100, 40)->refundFee, 'once');
    }

    public function testV25WhatAWrongSignatureThrowsShowsNoSecret(): void
    {
        $before = ini_set('zend.exception_ignore_args', '0');
        self::platform(probes: 100);
        $settings = self::$simulator->v3();
        $merchant = Merchant::v3(...['privateKey' => file_get_contents($settings['privateKey'])] + $settings);
        $close = new CloseOrder($merchant, $this->gateway());
        $e = self::caught(static fn () => $close->byOutTradeNo('T100001'));
        ini_set('zend.exception_ignore_args', $before);
        ob_start();
        var_dump($e->getMessage(), $e->getTraceAsString(), $merchant, $close, $this->attempts);
        $shown = ob_get_clean() . print_r([$merchant, $close, $this->attempts], true) . var_export($merchant, true) . $e . json_encode($e->getTrace()[0])
            . self::caught(static fn () => serialize($merchant)) . self::caught(static fn () => serialize($close));
        foreach ([$settings['apiV3Key'], 'PRIVATE KEY', 'WECHATPAY2-SHA256-RSA2048 mchid', 'serial_no='] as $secret) {
            self::assertStringNotContainsString($secret, $shown);
        }
        $lines = explode("\n", trim(file_get_contents($settings['privateKey'])));
        self::assertStringNotContainsString($lines[3], $shown);
    }
}
