<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * What a `Bill` lists; `bill_type` on the wire.
 *
 * ```php
 * use WechatPay\Bill;
 *
 * $bill = Bill::fromString(<<<'CSV'
 * 交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易状态,货币种类,应结订单金额,手续费,订单金额
 * `2026-11-21 10:00:01,`wx2421b1c4370ec43b,`10000100,`4200000000202611210000000001,`T1,`SUCCESS,`CNY,`12.30,`0.07000,`12.30
 * `2026-11-21 11:30:00,`wx2421b1c4370ec43b,`10000100,`4200000000202611210000000002,`T2,`SUCCESS,`CNY,`5.00,`0.03000,`5.00
 * 总交易单数,应结订单总金额,手续费总金额,订单总金额
 * `2,`17.30,`0.10000,`17.30
 * CSV);
 * echo $bill->type->name, "\n";   // prints: Success
 * ```
 */
enum BillType: string
{
    /** Payments and refunds, without refunds of recharged coupons. */
    case All = 'ALL';

    /** Payments. */
    case Success = 'SUCCESS';

    /** Refunds. */
    case Refund = 'REFUND';

    /** Refunds of recharged coupons. */
    case RechargeRefund = 'RECHARGE_REFUND';
}
