<?php

declare(strict_types=1);

namespace WechatPayTests;

use WechatPay\Advice;
use WechatPay\Order;
use WechatPay\OrderQuery;
use WechatPay\ServiceException;
use WechatPay\TradeState;

/** What became of an order, asked in APIv3: the calls, the values and the exceptions are those of v2. */
final class V3OrderQueryTest extends SimulatorTestCase
{
    private OrderQuery $v3;

    protected function setUp(): void
    {
        parent::setUp();
        self::order('T100001', ['attach' => 'table 7']);
        $this->v3 = new OrderQuery($this->merchantV3(), $this->gateway());
    }

    public function testAnOrderIsFoundByEitherNumber(): void
    {
        self::assertSame(TradeState::NotPay, $this->v3->byOutTradeNo('T100001')->tradeState);
        self::$simulator->control('POST', '/pay', ['out_trade_no' => 'T100001', 'coupons' => [['id' => 'C1', 'type' => 'NO_CASH', 'fee' => 30]]]);
        $order = $this->v3->byOutTradeNo('T100001');
        self::assertSame([TradeState::Success, 100, 'CNY', 70, 30, 'table 7'], [$order->tradeState, $order->totalFee, $order->feeType, $order->cashFee, $order->couponFee, $order->attach]);
        self::assertSame([['C1', 'NO_CASH', 30]], array_map(static fn ($c) => [$c->id, $c->type, $c->fee], $order->coupons));
        self::assertNull($order->isSubscribe ?? $order->settlementTotalFee);
        self::assertSame('+08:00', $order->timeEnd->format('P'));
        self::assertEquals($order, $this->v3->byTransactionId($order->transactionId));
        self::assertSame(['ok', 'ok', 'ok'], $this->outcomes());
    }

    public function testTheFieldsAreThoseOfApiV3AsTheyCame(): void
    {
        self::$simulator->control('POST', '/pay', ['out_trade_no' => 'T100001']);
        $fields = $this->v3->byOutTradeNo('T100001')->fields();
        self::assertSame([SimulatorProcess::MCH_ID, 'T100001', 'SUCCESS'], [$fields['mchid'], $fields['out_trade_no'], $fields['trade_state']]);
        self::assertSame(100, $fields['amount']['total']);
        self::assertArrayNotHasKey('mch_id', $fields);
    }

    public function testTheSameOrderIsTheSameInBothDialects(): void
    {
        self::$simulator->control('POST', '/pay', ['out_trade_no' => 'T100001']);
        $v2 = $this->query()->byOutTradeNo('T100001');
        $v3 = $this->v3->byOutTradeNo('T100001');
        foreach (['appid', 'mchId', 'outTradeNo', 'transactionId', 'tradeState', 'tradeType', 'totalFee', 'feeType', 'cashFee', 'bankType', 'openid', 'attach', 'timeEnd'] as $name) {
            self::assertEquals($v2->$name, $v3->$name, $name);
        }
    }

    public function testManyAreAskedAtOnce(): void
    {
        self::order('T100002');
        $answers = $this->v3->many(['T100001', 'T100002', 'T100003']);
        self::assertInstanceOf(Order::class, $answers['T100002']);
        self::assertSame('ORDER_NOT_EXIST', $answers['T100003']->errCode);
        self::assertSame(['T100001', 'T100002', 'T100003'], array_keys($answers));
    }

    public function testItAsksUntilTheEnd(): void
    {
        self::$simulator->control('POST', '/pay', ['out_trade_no' => 'T100001']);
        self::assertSame(TradeState::Success, $this->v3->untilFinal('T100001', 5_000, 100)->tradeState);
    }

    public function testAnUnknownOrderIsWeChatPaysWord(): void
    {
        $e = self::assertFault(ServiceException::class, Advice::Wait, true, fn () => $this->v3->byOutTradeNo('T100009'));
        self::assertSame(['ORDER_NOT_EXIST', 'order not exist', 'T100009'], [$e->errCode, $e->errCodeDes, $e->outTradeNo]);
    }
}
