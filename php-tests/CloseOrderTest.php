<?php

declare(strict_types=1);

namespace WechatPayTests;

use WechatPay\Advice;
use WechatPay\CloseOrder;
use WechatPay\MismatchException;
use WechatPay\ServiceException;
use WechatPay\SignatureException;
use WechatPay\TradeState;

final class CloseOrderTest extends SimulatorTestCase
{
    protected function setUp(): void
    {
        parent::setUp();
        self::order('T100001');
    }

    private function close(string $number = 'T100001'): void
    {
        self::assertNull((new CloseOrder($this->merchant(), $this->gateway()))->byOutTradeNo($number));
    }

    public function testAnUnpaidOrderIsClosed(): void
    {
        $this->close();
        self::assertSame(TradeState::Closed, $this->query()->byOutTradeNo('T100001')->tradeState);
    }

    public function testAnOrderThatIsClosedAlreadyIsSuccess(): void
    {
        $this->close();
        $this->close();
        self::assertCount(2, self::requests());
    }

    public function testAPaidOrderIsNotClosedAndShouldBeQueried(): void
    {
        self::$simulator->control('POST', '/pay', ['out_trade_no' => 'T100001']);
        $e = self::caught(fn () => $this->close());
        self::assertInstanceOf(ServiceException::class, $e);
        self::assertSame(['ORDERPAID', Advice::QueryOrder, false, false], [$e->errCode, $e->advice, $e->retryable, $e->maybeProcessed]);
    }

    public function testAnOrderThatDoesNotExistMayStillArrive(): void
    {
        $e = self::caught(fn () => $this->close('none01'));
        self::assertSame(['ORDERNOTEXIST', Advice::QueryOrder], [$e->errCode, $e->advice]);
    }

    public function testASystemErrorMayHaveClosedIt(): void
    {
        self::fault('system_error', ['path' => '/pay/closeorder']);
        $e = self::caught(fn () => $this->close());
        self::assertSame(['SYSTEMERROR', Advice::Retry, true, true], [$e->errCode, $e->advice, $e->retryable, $e->maybeProcessed]);
    }

    public function testAnAnswerThatProvesNothingMayHaveClosedIt(): void
    {
        foreach (['no_sign' => SignatureException::class, 'swapped_merchant' => MismatchException::class] as $fault => $class) {
            self::fault($fault, ['path' => '/pay/closeorder']);
            $e = self::caught(fn () => $this->close());
            self::assertInstanceOf($class, $e);
            self::assertTrue($e->maybeProcessed);
        }
    }

    public function testTheCapturedMannersOfTheGatewayAreUnderstoodToo(): void
    {
        self::$simulator->control('POST', '/manners', ['closeorder' => 'captured']);
        $this->close();
        $this->close('none01');
        self::assertSame(['ok', 'ok'], $this->outcomes());
    }

    public function testANumberThatCannotBeOneIsRefusedBeforeAnythingIsSent(): void
    {
        $e = self::caught(fn () => $this->close('a b'));
        self::assertSame(
            'WechatPay\CloseOrder::byOutTradeNo(): Argument #1 ($outTradeNo) must be 1 to 32 characters of 0-9A-Za-z_-|*@',
            $e->getMessage(),
        );
        self::assertSame([], self::requests());
    }
}
