<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Coupon;
use WechatPay\Order;
use WechatPay\TradeState;

final class OrderTest extends SimulatorTestCase
{
    /** @param array<string, mixed> $more */
    private function asked(array $more = []): Order
    {
        self::order('T100001', $more);
        return $this->query()->byOutTradeNo('T100001');
    }

    /** The answer with some fields replaced, rightly signed. */
    private function with(string $name, string $value): Order
    {
        self::fault('set_field', ['name' => $name, 'value' => $value]);
        return $this->query()->byOutTradeNo('T100001');
    }

    public function testAPaidOrderIsToldWhole(): void
    {
        $order = $this->asked(['trade_state' => 'SUCCESS', 'total_fee' => 150, 'attach' => '七号桌', 'device_info' => 'till 1',
            'bank_type' => 'CCB_DEBIT', 'openid' => 'oUpF8uN95-Ptaags6E_roPHg7AG0', 'transaction_id' => '4200001234202611220000000001',
            'coupons' => [['id' => 'c1', 'type' => 'CASH', 'fee' => 20], ['id' => 'c2', 'type' => 'NO_CASH', 'fee' => 30], ['id' => 'c3', 'fee' => 1]]]);
        self::assertSame([
            'appid' => SimulatorProcess::APPID,
            'mchId' => SimulatorProcess::MCH_ID,
            'subAppid' => null,
            'subMchId' => null,
            'outTradeNo' => 'T100001',
            'transactionId' => '4200001234202611220000000001',
            'tradeState' => TradeState::Success,
            'tradeStateDesc' => '支付成功',
            'tradeType' => 'NATIVE',
            'totalFee' => 150,
            'settlementTotalFee' => 120,
            'feeType' => 'CNY',
            'cashFee' => 99,
            'cashFeeType' => 'CNY',
            'couponFee' => 51,
            'bankType' => 'CCB_DEBIT',
            'openid' => 'oUpF8uN95-Ptaags6E_roPHg7AG0',
            'isSubscribe' => false,
            'subOpenid' => null,
            'attach' => '七号桌',
            'deviceInfo' => 'till 1',
            'promotionDetail' => null,
        ], array_diff_key(get_object_vars($order), ['coupons' => 1, 'timeEnd' => 1]));
        self::assertSame(
            [['c1', 'CASH', 20], ['c2', 'NO_CASH', 30], ['c3', null, 1]],
            array_map(static fn (Coupon $c): array => [$c->id, $c->type, $c->fee], $order->coupons),
        );
        self::assertTrue($order->isPaid());
    }

    public function testTheTimeIsBeijings(): void
    {
        $this->asked(['trade_state' => 'SUCCESS']);
        $time = $this->with('time_end', '20260228235959')->timeEnd;
        self::assertSame(\DateTimeImmutable::class, $time::class);
        self::assertSame('2026-02-28T23:59:59+08:00', $time->format(DATE_ATOM));
        self::assertSame('2026-02-28T15:59:59+00:00', $time->setTimezone(new \DateTimeZone('UTC'))->format(DATE_ATOM));
        foreach (['20260229000000', '2026022823595', '20261322000000', 'yesterday'] as $wrong) {
            self::assertNull($this->with('time_end', $wrong)->timeEnd, $wrong);
        }
    }

    public function testWhatTheAnswerLacksIsNullAndNeverZeroOrEmpty(): void
    {
        $order = $this->asked();
        foreach (['transactionId', 'settlementTotalFee', 'cashFee', 'couponFee', 'bankType', 'openid', 'isSubscribe', 'attach', 'timeEnd', 'promotionDetail', 'tradeType'] as $property) {
            self::assertNull($order->$property, $property);
        }
        self::assertSame([], $order->coupons);
        self::assertFalse($order->isPaid());
    }

    public function testFieldsAreAllThatWereVerifiedInTheirOrderAsText(): void
    {
        $order = $this->asked();
        $fields = $order->fields();
        self::assertSame($fields, array_filter($fields, 'is_string'));
        self::assertSame(['100', 'NOTPAY', 'T100001'], [$fields['total_fee'], $fields['trade_state'], $fields['out_trade_no']]);
        self::assertSame('return_code', array_key_first($fields));
        self::assertSame('sign', array_key_last($fields));
        $fields['total_fee'] = '1';
        self::assertSame('100', $order->fields()['total_fee'], 'a copy');
    }

    public function testJsonHasThePropertiesByNameEnumsAsValuesTimesAsAtom(): void
    {
        $order = $this->asked(['trade_state' => 'SUCCESS', 'coupons' => [['id' => 'c1', 'type' => 'CASH', 'fee' => 20]]]);
        $json = json_decode(json_encode($order, JSON_THROW_ON_ERROR), true);
        self::assertSame(array_keys(get_object_vars($order)), array_keys($json));
        self::assertSame(['SUCCESS', 100], [$json['tradeState'], $json['totalFee']]);
        self::assertSame($order->timeEnd->format(DATE_ATOM), $json['timeEnd']);
        self::assertSame([['id' => 'c1', 'type' => 'CASH', 'fee' => 20]], $json['coupons']);
        self::assertEquals($json, json_decode(json_encode($order->jsonSerialize()), true));
    }

    /** @dataProvider promotions */
    #[DataProvider('promotions')]
    public function testPromotionDetailIsTheInnerListAsJsonDecodeReadsIt(string $json): void
    {
        $this->asked(['trade_state' => 'SUCCESS']);
        $expected = json_decode($json, true)['promotion_detail'] ?? null;
        self::assertSame($expected, $this->with('promotion_detail', $json)->promotionDetail);
    }

    /** @return list<array{string}> */
    public static function promotions(): array
    {
        return array_map(static fn (string $list): array => ["{\"promotion_detail\":$list}"], [
            '[]',
            '[{"promotion_id":"109519","amount":100,"rate":0.5,"on":true,"none":null,"goods_detail":[{"goods_id":"g","quantity":1}]}]',
            '["文\u4e2d\ud83d\ude00\n"]',
            '[9223372036854775807, -9223372036854775808, 9223372036854775808, 1e300, -0.0, 1.5, 0]',
            '[{"":"empty","0":"zero","-1":"minus","-0":"m0","007":"padded","1.5":"float","+1":"plus"," 1":"blank","9223372036854775807":"max","9223372036854775808":"over","-9223372036854775808":"min","-9223372036854775807":"min1","true":1}]',
            '[{"a\u0000b":"nul in a key"},{"c":"nul\u0000"}]',
            '[{"k":1,"k":2,"j":3,"k":4}]',
            '[[[[[[[[[[[[[[[["deep"]]]]]]]]]]]]]]]]',
        ]);
    }

    public function testAPromotionDetailThatIsNoListIsNull(): void
    {
        $this->asked(['trade_state' => 'SUCCESS']);
        foreach (['{}', '{"promotion_detail":{}}', '{"promotion_detail":"x"}', '5', '"x"', 'null', '[', '{"promotion_detail":[1}', str_repeat('[', 100_000)] as $json) {
            self::assertNull($this->with('promotion_detail', $json)->promotionDetail, substr($json, 0, 40));
        }
        self::assertSame([['a' => 1]], $this->with('promotion_detail', '[{"a":1}]')->promotionDetail, 'the list alone');
    }

    public function testAnOrderCannotBeForged(): void
    {
        $order = $this->asked();
        foreach ([Order::class => $order, Coupon::class => null] as $class => $_) {
            $tries = [
                static fn () => new $class(),
                static fn () => (new \ReflectionClass($class))->newInstance(),
                static fn () => (new \ReflectionClass($class))->newInstanceWithoutConstructor(),
                static fn () => unserialize('O:' . \strlen($class) . ":\"$class\":0:{}"),
                static fn () => unserialize('C:' . \strlen($class) . ":\"$class\":0:{}"),
            ];
            foreach ($tries as $n => $try) {
                self::assertInstanceOf(\Throwable::class, self::caught($try), "$class $n");
            }
        }
        $tries = [
            static fn () => $order->totalFee = 1,
            static fn () => $order->paid = true,
            static function () use ($order): void {
                unset($order->totalFee);
            },
            static fn () => (new \ReflectionProperty($order, 'totalFee'))->setValue($order, 1),
            static fn () => (new \ReflectionMethod($order, '__construct'))->invoke($order),
            static fn () => clone $order,
            static fn () => serialize($order),
            static function () use ($order): void {
                $reference = &$order->totalFee;
                $reference = 1;
            },
            static fn () => $order->coupons[] = 1,
        ];
        foreach ($tries as $n => $try) {
            self::assertInstanceOf(\Throwable::class, self::caught($try), "change $n");
        }
        self::assertNull(@\Closure::bind(static fn () => 1, null, Order::class), 'no scope of ours for closures');
        self::assertSame(100, $order->totalFee);
    }

    public function testItsClassIsFinalAndItsPropertiesAreTypedAndReadonly(): void
    {
        $class = new \ReflectionClass(Order::class);
        self::assertTrue($class->isFinal());
        self::assertTrue($class->implementsInterface(\JsonSerializable::class));
        foreach ($class->getProperties() as $property) {
            self::assertTrue($property->isReadOnly() && $property->isPublic() && $property->hasType(), $property->name);
        }
        self::assertSame('?int', (string) $class->getProperty('totalFee')->getType());
        self::assertSame('?DateTimeImmutable', (string) $class->getProperty('timeEnd')->getType());
    }

    public function testItsValuesLiveOnAfterIt(): void
    {
        $order = $this->asked(['trade_state' => 'SUCCESS', 'coupons' => [['id' => 'c1', 'fee' => 20]]]);
        [$coupons, $time, $fields] = [$order->coupons, $order->timeEnd, $order->fields()];
        unset($order);
        gc_collect_cycles();
        self::assertSame(['c1', 'T100001'], [$coupons[0]->id, $fields['out_trade_no']]);
        self::assertSame('+08:00', $time->format('P'));
    }
}
