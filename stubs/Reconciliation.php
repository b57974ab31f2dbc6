<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * Compares bills with the shop's own books: which payments and refunds one side has and the other has not, and where both
 * have them differently. Memory is bounded by the numbers in the bills, however large the books are.
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
 * $books = [
 *     ['out_trade_no' => 'T1', 'total_fee' => 1230, 'state' => 'SUCCESS'],
 *     ['out_trade_no' => 'T2', 'total_fee' => 5000, 'state' => 'SUCCESS'],
 * ];
 * foreach (Reconciliation::compare($bill, $books) as $difference) {
 *     echo "{$difference->kind->name} $difference->key: $difference->theirs there, $difference->ours here\n";
 *     // prints: AmountDiffers T2: 500 there, 5000 here
 * }
 * ```
 */
final class Reconciliation
{
    /** Not to be made: compare() is static. */
    private function __construct()
    {
        throw new \Error('WechatPay\\Reconciliation is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Reads both sides once, and verifies the bills as it goes.
     *
     * A row of the books is an array: `out_trade_no`, `total_fee` (fen) and `state`; if known, `fee_type` (CNY without),
     * `transaction_id`, `paid_on` (the Beijing day it was booked as paid) and `refunds`, a list of arrays with `out_refund_no`,
     * `refund_fee`, `state` and `asked_on`. SUCCESS and REFUND are paid, every other state is not. A refund is booked without a
     * state, or with SUCCESS, PROCESSING or CHANGE; with another it was asked for only. Other entries are not looked at.
     *
     * A bill alone moves no money: nobody has signed it. Ask `OrderQuery` about what differs.
     *
     * @param Bill|list<Bill>                            $bills  bills of one or more days; a bill without rows needs its date
     * @param \Traversable<array<string, mixed>>|array<array<string, mixed>> $books rows in any order: an array, a generator, an
     *                                                          unbuffered PDOStatement
     * @param FundFlow|null                              $flow   joined to the bills by WeChat's numbers, where given
     * @param \DateTimeInterface|null                    $asOf   when it is looked at, null for now: what is booked and not in a bill
     *                                                          may come until the second day after
     * @param list<string>                               $appids the shop's own; with none, appids are not looked at
     *
     * @throws MalformedMessageException a bill does not read or does not add up
     * @throws \ValueError               no bill, a bill without a date, a row of the books that lacks what it needs: names the row
     * @throws \TypeError                what is no bill, or no row
     */
    public static function compare(Bill|array $bills, \Traversable|array $books, ?FundFlow $flow = null, ?\DateTimeInterface $asOf = null, array $appids = []): DayReport
    {
        throw new \Error('WechatPay\\Reconciliation is provided by the wechatpay extension, which is not loaded.');
    }
}
