<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * A row of a `Bill`. What stands in a cell is read when somebody looks at its property; a column that the file has not, and
 * an empty cell, are null. Amounts are fen (hundredths where the currency is another), fees 1/100000 yuan, times Beijing's.
 * A value; it outlives its bill.
 *
 * ```php
 * use WechatPay\Bill;
 * use WechatPay\TradeState;
 *
 * $bill = Bill::fromString(<<<'CSV'
 * 交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易状态,货币种类,应结订单金额,手续费,订单金额
 * `2026-11-21 10:00:01,`wx2421b1c4370ec43b,`10000100,`4200000000202611210000000001,`T1,`SUCCESS,`CNY,`12.30,`0.07000,`12.30
 * `2026-11-21 11:30:00,`wx2421b1c4370ec43b,`10000100,`4200000000202611210000000002,`T2,`SUCCESS,`CNY,`5.00,`0.03000,`5.00
 * 总交易单数,应结订单总金额,手续费总金额,订单总金额
 * `2,`17.30,`0.10000,`17.30
 * CSV);
 * [$row] = iterator_to_array($bill);
 * var_dump($row->tradeState === TradeState::Success);         // prints: bool(true)
 * echo $row->tradeTime->format('H:i'), " $row->feeE5\n";      // prints: 10:00 7000
 * echo $row->fields()['手续费'], "\n";                         // prints: 0.07000
 * ```
 */
final class BillRow implements \JsonSerializable
{
    /** 交易时间: when it was paid, or the refund accepted; in a bill of refunds when the order was paid. */
    public readonly \DateTimeImmutable $tradeTime;

    /** 公众账号ID. */
    public readonly ?string $appid;

    /** 商户号. */
    public readonly ?string $mchId;

    /** 特约商户号 or 子商户号: the sub-merchant, where there is one. */
    public readonly ?string $subMchId;

    /** 设备号. */
    public readonly ?string $deviceInfo;

    /** 微信订单号: WeChat's number of the payment. */
    public readonly string $transactionId;

    /** 商户订单号: the shop's number of the order. */
    public readonly string $outTradeNo;

    /** 用户标识: the payer under the appid. */
    public readonly ?string $openid;

    /** 交易类型: JSAPI, NATIVE, MICROPAY ...; an open set. */
    public readonly ?string $tradeType;

    /**
     * 交易状态: Success for a payment, Refund for a refund, Revoked for a payment that was reversed; for any other word Unknown,
     * and fields() has the word.
     */
    public readonly TradeState $tradeState;

    /** 付款银行. */
    public readonly ?string $bankType;

    /** 货币种类: CNY when absent. */
    public readonly ?string $feeType;

    /** 应结订单金额: fen that are settled; in old layouts the same as $totalFee. */
    public readonly ?int $settlementTotalFee;

    /** 代金券金额: fen of coupons. */
    public readonly ?int $couponFee;

    /** 退款申请时间: bills of refunds only. */
    public readonly ?\DateTimeImmutable $refundApplyTime;

    /** 退款成功时间: bills of refunds only; null while it is under way. */
    public readonly ?\DateTimeImmutable $refundSuccessTime;

    /** 微信退款单号: WeChat's number of the refund. */
    public readonly ?string $refundId;

    /** 商户退款单号: the shop's number of the refund. */
    public readonly ?string $outRefundNo;

    /** 退款金额: fen that are taken back of what was settled; in old layouts the same as $refundFee. */
    public readonly ?int $settlementRefundFee;

    /** 充值券退款金额: fen of coupons. */
    public readonly ?int $couponRefundFee;

    /** 退款类型: ORIGINAL, BALANCE ... */
    public readonly ?string $refundChannel;

    /** 退款状态: PROCESSING, SUCCESS, FAIL; written when the bill was made, and never again. */
    public readonly ?string $refundStatus;

    /** 商品名称, byte for byte. */
    public readonly ?string $body;

    /** 商户数据包, byte for byte. */
    public readonly ?string $attach;

    /** 手续费: 1/100000 yuan, as printed: negative where a refund gives fees back. */
    public readonly ?int $feeE5;

    /** 返还手续费: 1/100000 yuan, positive; bills of recharge refunds only. */
    public readonly ?int $returnedFeeE5;

    /** 费率: `0.60%`. */
    public readonly ?string $rate;

    /** 订单金额: fen of the order. */
    public readonly ?int $totalFee;

    /** 申请退款金额: fen that were asked to be refunded. */
    public readonly ?int $refundFee;

    /** 费率备注. */
    public readonly ?string $rateNote;

    /** Made by the extension only; can be neither constructed nor unserialized. */
    private function __construct()
    {
        throw new \Error('WechatPay\\BillRow is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Every cell as it stands in the file, under the name of its column; unknown columns too.
     *
     * @return array<string, string>
     */
    public function fields(): array
    {
        throw new \Error('WechatPay\\BillRow is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Property names, enum values, times as ATOM.
     *
     * @return array<string, mixed>
     */
    public function jsonSerialize(): array
    {
        throw new \Error('WechatPay\\BillRow is provided by the wechatpay extension, which is not loaded.');
    }
}
