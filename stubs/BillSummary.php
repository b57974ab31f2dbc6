<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * The sums at the end of a `Bill` or a `FundFlow`, as the file prints them: `verify()` says whether the rows come to them.
 * What the file does not print is null. Amounts are fen. A value.
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
 * echo $bill->summary->count, ' rows, ', $bill->summary->totalFee, " fen\n";      // prints: 2 rows, 1730 fen
 * echo 'fees of ', $bill->summary->feeE5 / 100_000, " yuan\n";                   // prints: fees of 0.1 yuan
 * var_dump($bill->summary->refundFee);                                           // prints: NULL
 * ```
 */
final class BillSummary implements \JsonSerializable
{
    /** 总交易单数 or 资金流水总笔数: rows. */
    public readonly int $count;

    /** 应结订单总金额: fen; what is settled of the payments. */
    public readonly ?int $settlementTotalFee;

    /** 订单总金额: fen; what the orders came to. */
    public readonly ?int $totalFee;

    /** 退款总金额: fen; what is taken back of what was settled. */
    public readonly ?int $settlementRefundFee;

    /** 申请退款总金额: fen; what was asked to be refunded. */
    public readonly ?int $refundFee;

    /** 充值券退款总金额: fen of coupons. */
    public readonly ?int $couponRefundFee;

    /** 手续费总金额: fees in 1/100000 yuan, less those given back. */
    public readonly ?int $feeE5;

    /** 收入笔数: rows of a fund flow that bring money. */
    public readonly ?int $incomeCount;

    /** 收入金额: fen that came. */
    public readonly ?int $incomeFee;

    /** 支出笔数: rows of a fund flow that take money. */
    public readonly ?int $expenseCount;

    /** 支出金额: fen that went. */
    public readonly ?int $expenseFee;

    /** Made by the extension only; can be neither constructed nor unserialized. */
    private function __construct()
    {
        throw new \Error('WechatPay\\BillSummary is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Property names and values.
     *
     * @return array<string, int|null>
     */
    public function jsonSerialize(): array
    {
        throw new \Error('WechatPay\\BillSummary is provided by the wechatpay extension, which is not loaded.');
    }
}
