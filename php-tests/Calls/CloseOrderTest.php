<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Advice;
use WechatPay\CloseOrder;
use WechatPay\ServiceException;
use WechatPay\TransportException;

final class CloseOrderTest extends TradeTestCase
{
    private const NUMBER = 'T100001';
    private const PATH = '/pay/closeorder';

    private function close(string $outTradeNo = self::NUMBER, mixed ...$gateway): void
    {
        (new CloseOrder($this->merchant(), $this->gateway(...$gateway)))->byOutTradeNo($outTradeNo);
    }

    /** @dataProvider manners */
    #[DataProvider('manners')]
    public function testAnOpenOrderIsClosed(string $manner): void
    {
        self::$simulator->control('POST', '/manners', ['closeorder' => $manner]);
        self::order(self::NUMBER);
        $this->close();
        self::assertSame('CLOSED', self::booked(self::NUMBER)['trade_state']);
        self::assertFalse(self::requests()[0]['client_certificate']);
    }

    /** @dataProvider manners */
    #[DataProvider('manners')]
    public function testAnOrderThatIsClosedAlreadyIsSuccess(string $manner): void
    {
        self::$simulator->control('POST', '/manners', ['closeorder' => $manner]);
        self::order(self::NUMBER);
        $this->close();
        $this->close();
        self::assertCount(2, self::sent(self::PATH));
    }

    /** @return list<array{string}> */
    public static function manners(): array
    {
        return [['documented'], ['captured']];
    }

    public function testACloseThatMeetsThePayerIsAskedAbout(): void
    {
        self::paid(self::NUMBER);
        $e = self::thrown(ServiceException::class, fn () => $this->close());
        self::assertSame(['ORDERPAID', self::NUMBER], [$e->errCode, $e->outTradeNo]);
        self::assertVerdict(Advice::QueryOrder, false, false, $e);
        self::assertSame('SUCCESS', self::booked(self::NUMBER)['trade_state']);
    }

    public function testAnUnknownOrderIsAskedAboutForItMayStillArrive(): void
    {
        $e = self::thrown(ServiceException::class, fn () => $this->close());
        self::assertSame('ORDERNOTEXIST', $e->errCode);
        self::assertVerdict(Advice::QueryOrder, false, false, $e);
    }

    public function testACodePaymentIsReversedInstead(): void
    {
        self::order(self::NUMBER, ['trade_type' => 'MICROPAY']);
        $e = self::thrown(ServiceException::class, fn () => $this->close());
        self::assertSame('TRADE_STATE_ERROR', $e->errCode);
    }

    public function testL16ALostAnswerMayHaveClosed(): void
    {
        self::order(self::NUMBER);
        self::spoil(self::PATH, 'no_answer');
        $e = self::thrown(TransportException::class, fn () => $this->close(timeoutMs: 300));
        self::assertVerdict(Advice::QueryOrder, true, true, $e);
        self::assertSame('CLOSED', self::booked(self::NUMBER)['trade_state']);
        $this->close();
        self::assertCount(2, self::sent(self::PATH), 'what acts is sent once a call');
    }

    public function testL16APayerWhoIsQuickerThanARepeatedCloseIsSeen(): void
    {
        self::order(self::NUMBER);
        self::spoil(self::PATH, 'status_502');
        self::thrown(TransportException::class, fn () => $this->close());
        self::$simulator->control('POST', '/pay', ['out_trade_no' => self::NUMBER]);
        $e = self::thrown(ServiceException::class, fn () => $this->close());
        self::assertSame(['ORDERPAID', Advice::QueryOrder], [$e->errCode, $e->advice]);
    }

    public function testTheNumberIsCheckedFirst(): void
    {
        self::assertRefused('outTradeNo', fn () => $this->close("T1\n"));
        self::assertRefused('outTradeNo', fn () => $this->close(''));
    }

    public function testOrdersOfAnOlderSystemCanBeClosed(): void
    {
        self::order('a|b*c@d');
        $this->close('a|b*c@d');
        self::assertSame('CLOSED', self::booked('a|b*c@d')['trade_state']);
    }
}
