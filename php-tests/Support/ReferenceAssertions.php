<?php

declare(strict_types=1);

namespace WechatPayTests;

use WechatPay\Order;
use WechatPay\RefundEntry;

/** What the fields of an answer mean by docs/protocol.md, beside what the extension made of them. */
trait ReferenceAssertions
{
    /** An order, field by field (D.3). */
    private static function assertOrder(array $told, Order $order): void
    {
        $said = $order->fields();
        foreach (['sign', 'nonce_str'] as $name) {
            unset($told[$name], $said[$name]);
        }
        ksort($told);
        ksort($said);
        self::assertSame($told, $said);
        $told = array_filter($told, static fn (string $text): bool => $text !== '');
        foreach (['total_fee', 'settlement_total_fee', 'cash_fee', 'coupon_fee'] as $name) {
            $expected[$name] = isset($told[$name]) ? (int) $told[$name] : null;
        }
        $texts = ['appid', 'mch_id', 'sub_appid', 'sub_mch_id', 'out_trade_no', 'transaction_id', 'trade_state_desc'];
        $texts = [...$texts, 'trade_type', 'fee_type', 'cash_fee_type', 'bank_type', 'openid', 'sub_openid', 'attach'];
        foreach ([...$texts, 'device_info'] as $name) {
            $expected[$name] = $told[$name] ?? null;
        }
        foreach ($expected as $name => $value) {
            $property = lcfirst(str_replace('_', '', ucwords($name, '_')));
            self::assertSame($value, $order->$property, $name);
        }
        $state = $told['trade_state'] ?? 'SUCCESS';
        self::assertSame($state === 'SOMETHING_NEW' ? 'UNKNOWN' : $state, $order->tradeState->value);
        self::assertSame(isset($told['is_subscribe']) ? $told['is_subscribe'] === 'Y' : null, $order->isSubscribe);
        self::assertSame($told['time_end'] ?? null, $order->timeEnd?->format('YmdHis'));
        self::assertSame($order->timeEnd ? 28_800 : null, $order->timeEnd?->getOffset());
        $coupons = [];
        for ($n = 0; isset($told["coupon_id_$n"]); $n++) {
            $coupons[] = [$told["coupon_id_$n"], $told["coupon_type_$n"] ?? null, (int) $told["coupon_fee_$n"]];
        }
        self::assertSame($coupons, array_map(static fn ($c) => [$c->id, $c->type, $c->fee], $order->coupons));
        $promotions = json_decode($told['promotion_detail'] ?? 'null', true)['promotion_detail'] ?? null;
        self::assertEquals($promotions, $order->promotionDetail);
    }

    /** One refund of an answer to refundquery (C.5). */
    private static function refund(array $page, int $n): array
    {
        $names = ['out_refund_no', 'refund_id', 'refund_status', 'refund_channel', 'refund_fee', 'refund_account'];
        $names = [...$names, 'settlement_refund_fee', 'refund_recv_accout', 'refund_success_time', 'coupon_refund_fee'];
        foreach ($names as $name) {
            $refund[$name] = $page["{$name}_$n"] ?? null;
        }
        $refund['coupons'] = [];
        for ($m = 0; $m < (int) ($page["coupon_refund_count_$n"] ?? 0); $m++) {
            $refund['coupons'][] = [
                $page["coupon_refund_id_{$n}_$m"],
                $page["coupon_type_{$n}_$m"] ?? null,
                $page["coupon_refund_fee_{$n}_$m"],
            ];
        }
        return $refund;
    }

    /** The same of the extension. */
    private static function entry(RefundEntry $entry): array
    {
        return [
            'out_refund_no' => $entry->outRefundNo,
            'refund_id' => $entry->refundId,
            'refund_status' => $entry->refundStatus->value,
            'refund_channel' => $entry->refundChannel,
            'refund_fee' => self::text($entry->refundFee),
            'refund_account' => $entry->refundAccount,
            'settlement_refund_fee' => self::text($entry->settlementRefundFee),
            'refund_recv_accout' => $entry->refundRecvAccout,
            'refund_success_time' => $entry->refundSuccessTime?->format('Y-m-d H:i:s'),
            'coupon_refund_fee' => self::text($entry->couponRefundFee),
            'coupons' => array_map(static fn ($c) => [$c->id, $c->type, (string) $c->fee], $entry->coupons),
        ];
    }

    private static function text(?int $fee): ?string
    {
        return $fee === null ? null : (string) $fee;
    }
}
