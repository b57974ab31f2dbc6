<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * WeChat Pay has accepted a refund. **The money is not back yet**: `RefundQuery` and the refund notice tell when it is.
 * A verified value, made by `Refund` only. Amounts are fen.
 *
 * ```php
 * use WechatPay\Merchant;
 * use WechatPay\Micropay;
 * use WechatPay\Refund;
 *
 * $merchant = new Merchant(
 *     'wx2421b1c4370ec43b',
 *     '10000100',
 *     '0123456789abcdefghijKLMNOPQRSTUV',
 *     certificate: getenv('WECHATPAY_CERTIFICATE'),
 *     privateKey: getenv('WECHATPAY_PRIVATE_KEY'),
 * );
 * (new Micropay($merchant))->pay('M20261122-0004', '134567890123456786', 1230, 'A large coffee', '127.0.0.1');
 *
 * $receipt = (new Refund($merchant))->byOutTradeNo('M20261122-0004', 'R20261122-0004', 1230, 1230);
 * echo "$receipt->outRefundNo is WeChat's $receipt->refundId\n";      // prints: R20261122-0004 is WeChat's 50
 * echo json_encode($receipt), "\n";                                   // prints: "refundFee":1230
 * echo $receipt->fields()['refund_fee'], "\n";                        // prints: 1230
 * ```
 */
final class RefundReceipt
{
    /** `out_trade_no`: the shop's number of the order. */
    public readonly ?string $outTradeNo;

    /** `transaction_id`: WeChat's number of the order. */
    public readonly ?string $transactionId;

    /** `out_refund_no`: the shop's number of the refund; always the one that was asked with. */
    public readonly ?string $outRefundNo;

    /** `refund_id`: WeChat's number of the refund; the same for every repeat. */
    public readonly ?string $refundId;

    /** `refund_fee`: fen of this refund, coupons included. */
    public readonly ?int $refundFee;

    /** `settlement_refund_fee`: fen; refund_fee without the coupons that nobody paid for. Null if there were none. */
    public readonly ?int $settlementRefundFee;

    /** `total_fee`: fen of the order. */
    public readonly ?int $totalFee;

    /** `settlement_total_fee`: fen; total_fee without the coupons that nobody paid for. Null if there were none. */
    public readonly ?int $settlementTotalFee;

    /** `fee_type`: CNY when absent. */
    public readonly ?string $feeType;

    /** `cash_fee`: fen that the payer paid. */
    public readonly ?int $cashFee;

    /** `cash_refund_fee`: fen that go back to the payer. */
    public readonly ?int $cashRefundFee;

    /** `coupon_refund_fee`: fen that go back into coupons. */
    public readonly ?int $couponRefundFee;

    /**
     * `coupon_refund_id_$n`, `coupon_type_$n`, `coupon_refund_fee_$n`, in the order of their index.
     *
     * @var list<Coupon>
     */
    public readonly array $coupons;

    /** `status` in APIv3, which tells it at once (CLOSED is RefundClose, ABNORMAL is Change); null in v2. */
    public readonly ?RefundStatus $refundStatus;

    /** Made by the extension only; can be neither constructed nor unserialized. */
    private function __construct()
    {
        throw new \Error('WechatPay\\RefundReceipt is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Every verified field by its name on the wire: in v2 a flat map of texts, in APIv3 nested as it came.
     *
     * @return array<string, mixed>
     */
    public function fields(): array
    {
        throw new \Error('WechatPay\\RefundReceipt is provided by the wechatpay extension, which is not loaded.');
    }
}
