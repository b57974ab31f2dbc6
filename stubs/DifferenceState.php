<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * Where a `Difference` stands.
 *
 * ```php
 * use WechatPay\Bill;
 * use WechatPay\Reconciliation;
 *
 * $bill = Bill::fromString(<<<'CSV'
 * 交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易状态,货币种类,应结订单金额,手续费,订单金额
 * `2026-11-21 10:00:01,`wx2421b1c4370ec43b,`10000100,`4200000000202611210000000001,`T1,`SUCCESS,`CNY,`12.30,`0.07000,`12.30
 * `2026-11-21 11:30:00,`wx2421b1c4370ec43b,`10000100,`4200000000202611210000000002,`T2,`SUCCESS,`CNY,`5.00,`0.03000,`5.00
 * 总交易单数,应结订单总金额,手续费总金额,订单总金额
 * `2,`17.30,`0.10000,`17.30
 * CSV);
 * $books = [];
 * foreach (['T1' => 1230, 'T2' => 500, 'T3' => 100] as $number => $fee) {
 *     $books[] = ['out_trade_no' => $number, 'total_fee' => $fee, 'state' => 'SUCCESS'];
 * }
 * [$difference] = iterator_to_array(Reconciliation::compare($bill, $books, asOf: new DateTimeImmutable('2026-11-22 10:00+08:00')));
 * echo "{$difference->state->name} until $difference->due\n";   // prints: Waiting until 2026-11-23
 * ```
 */
enum DifferenceState: string
{
    /** The next bills may yet bring it. */
    case Waiting = 'waiting';

    /** It counts. */
    case Open = 'open';

    /** WeChat was asked, and what it said was applied. */
    case Healed = 'healed';

    /** A person has settled it. */
    case Settled = 'settled';
}
