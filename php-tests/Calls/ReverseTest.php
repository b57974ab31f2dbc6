<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;
use WechatPay\Advice;
use WechatPay\PayException;
use WechatPay\Reverse;
use WechatPay\ServiceException;
use WechatPay\TransportException;

/** @group slow */
#[Group('slow')]
final class ReverseTest extends TradeTestCase
{
    private const NUMBER = 'M100001';
    private const PATH = '/secapi/pay/reverse';

    protected function setUp(): void
    {
        parent::setUp();
        self::paid(self::NUMBER, ['trade_type' => 'MICROPAY', 'created_ago_ms' => 20_000]);
    }

    private function reverse(string $outTradeNo = self::NUMBER, mixed ...$gateway): void
    {
        (new Reverse($this->shop(), $this->gateway(...$gateway)))->byOutTradeNo($outTradeNo);
    }

    /** @param array<string, mixed> $how */
    private static function manner(array $how): void
    {
        self::$simulator->control('POST', '/reverse', $how);
    }

    public function testAPaymentIsUndone(): void
    {
        $this->reverse();
        self::assertSame('REVOKED', self::booked(self::NUMBER)['trade_state']);
        [$sent] = self::sent(self::PATH);
        self::assertTrue($sent['client_certificate']);
        self::assertSame(self::NUMBER, $sent['fields']['out_trade_no']);
        self::assertArrayNotHasKey('transaction_id', $sent['fields']);
    }

    public function testAPaymentIsUndoneByWechatsNumber(): void
    {
        $id = self::booked(self::NUMBER)['payment']['transaction_id'];
        (new Reverse($this->shop(), $this->gateway()))->byTransactionId($id);
        self::assertSame('REVOKED', self::booked(self::NUMBER)['trade_state']);
        self::assertSame($id, self::sentFields(self::PATH)[0]['transaction_id']);
    }

    public function testAReversedOrderIsSuccess(): void
    {
        $this->reverse();
        $this->reverse();
        self::assertSame('REVOKED', self::booked(self::NUMBER)['trade_state']);
    }

    /** @dataProvider open */
    #[DataProvider('open')]
    public function testItRepeatsWhileTheEndIsOpen(array $manner, int $sends): void
    {
        self::manner($manner);
        $seconds = self::seconds(fn () => $this->reverse(timeoutMs: 700));
        self::assertSame('REVOKED', self::booked(self::NUMBER)['trade_state']);
        self::assertCount($sends, self::sent(self::PATH));
        self::assertGreaterThan($sends - 1.1, $seconds, 'a second between two of them');
    }

    /** @return iterable<string, array{array<string, mixed>, int}> */
    public static function open(): iterable
    {
        yield 'recall' => [['recall' => 2], 3];
        yield 'the payer still types' => [['userpaying' => 1], 2];
        yield 'system error' => [['system_error' => 1], 2];
        yield 'error page' => [['page_502' => 1], 2];
        yield 'no answer' => [['silent' => 1, 'carried_out' => true], 2];
    }

    public function testItEndsAfterTenTries(): void
    {
        self::manner(['recall' => 50]);
        $e = self::thrown(ServiceException::class, fn () => $this->reverse());
        self::assertSame('SYSTEMERROR', $e->errCode);
        self::assertVerdict(Advice::Retry, true, true, $e);
        self::assertCount(10, self::sent(self::PATH));
    }

    public function testAnUnknownNumberIsAskedAboutFirst(): void
    {
        $e = self::thrown(ServiceException::class, fn () => $this->reverse('M999999'));
        self::assertSame(['ORDERNOTEXIST', 'M999999'], [$e->errCode, $e->outTradeNo]);
        self::assertVerdict(Advice::QueryOrder, false, false, $e);
    }

    public function testAnOldPaymentIsRefundedInstead(): void
    {
        self::passTime(8 * 86_400);
        $e = self::thrown(ServiceException::class, fn () => $this->reverse());
        self::assertSame('REVERSE_EXPIRE', $e->errCode);
        self::assertVerdict(Advice::GiveUp, false, false, $e);
        self::assertCount(1, self::sent(self::PATH));
    }

    public function testAnOrderThatIsNoCodePaymentIsRefused(): void
    {
        self::paid('T100001', ['created_ago_ms' => 20_000]);
        $e = self::thrown(ServiceException::class, fn () => $this->reverse('T100001'));
        self::assertSame(['TRADE_ERROR', false], [$e->errCode, $e->maybeProcessed]);
        self::assertSame('SUCCESS', self::booked('T100001')['trade_state']);
    }

    public function testARefusalAfterALostAnswerDoesNotSayThatNothingHappened(): void
    {
        self::paid('T100001', ['created_ago_ms' => 20_000]);
        self::manner(['silent' => 1]);
        $e = self::thrown(ServiceException::class, fn () => $this->reverse('T100001', timeoutMs: 300));
        self::assertSame('TRADE_ERROR', $e->errCode);
        self::assertVerdict(Advice::QueryOrder, false, true, $e);
    }

    public function testWithoutAnyAnswerTheOrderMayBeReversed(): void
    {
        self::manner(['silent' => 50]);
        $e = self::thrown(TransportException::class, fn () => $this->reverse(timeoutMs: 300));
        self::assertVerdict(Advice::QueryOrder, true, true, $e);
    }

    public function testN28WithoutACertificateNothingIsSent(): void
    {
        $reverse = new Reverse($this->merchant(), $this->gateway());
        foreach (['byOutTradeNo' => self::NUMBER, 'byTransactionId' => '4200000001'] as $method => $number) {
            $e = self::thrown(PayException::class, static fn () => $reverse->$method($number));
            self::assertVerdict(Advice::FixConfiguration, false, false, $e);
        }
        self::assertSame([], self::requests());
    }

    public function testBadNumbersAreRefusedByName(): void
    {
        $reverse = new Reverse($this->shop(), $this->gateway());
        self::assertRefused('outTradeNo', static fn () => $reverse->byOutTradeNo('a b'));
        self::assertRefused('transactionId', static fn () => $reverse->byTransactionId('4200-1'));
    }
}
