<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * One refund in a `RefundList`. A verified value. Amounts are fen, times are Beijing times; null is what the answer
 * does not say.
 *
 * ```php
 * use WechatPay\Merchant;
 * use WechatPay\Micropay;
 * use WechatPay\Refund;
 * use WechatPay\RefundQuery;
 * use WechatPay\RefundStatus;
 *
 * $merchant = new Merchant(
 *     'wx2421b1c4370ec43b',
 *     '10000100',
 *     '0123456789abcdefghijKLMNOPQRSTUV',
 *     certificate: getenv('WECHATPAY_CERTIFICATE'),
 *     privateKey: getenv('WECHATPAY_PRIVATE_KEY'),
 * );
 * (new Micropay($merchant))->pay('M20261122-0007', '134567890123456783', 1230, 'A large coffee', '127.0.0.1');
 * (new Refund($merchant))->byOutTradeNo('M20261122-0007', 'R20261122-0007', 1230, 230);
 *
 * [$entry] = (new RefundQuery($merchant))->byOutRefundNo('R20261122-0007')->entries;
 * echo match ($entry->refundStatus) {
 *     RefundStatus::Success => "back since {$entry->refundSuccessTime?->format(DATE_ATOM)}",
 *     RefundStatus::Processing => "$entry->refundFee fen under way",      // prints: 230 fen under way
 *     default => 'look into it: ' . json_encode($entry),
 * }, "\n";
 * ```
 */
final class RefundEntry implements \JsonSerializable
{
    /** `out_refund_no_$n`: the shop's number of the refund. */
    public readonly ?string $outRefundNo;

    /** `refund_id_$n`: WeChat's number of the refund. */
    public readonly ?string $refundId;

    /** `refund_status_$n`; RefundStatus::Unknown for a word this version does not know. */
    public readonly RefundStatus $refundStatus;

    /** `refund_channel_$n`: ORIGINAL, BALANCE, OTHER_BALANCE, OTHER_BANKCARD; an open set. */
    public readonly ?string $refundChannel;

    /** `refund_fee_$n`: fen of this refund, coupons included. */
    public readonly ?int $refundFee;

    /** `settlement_refund_fee_$n`: fen; refund_fee without the coupons that nobody paid for. */
    public readonly ?int $settlementRefundFee;

    /** `refund_account_$n`: what it is paid from. */
    public readonly ?string $refundAccount;

    /** `refund_recv_accout_$n` (the wire spells it so): where it goes, for people. */
    public readonly ?string $refundRecvAccout;

    /** `refund_success_time_$n`: when it was back, Beijing time; null before. */
    public readonly ?\DateTimeImmutable $refundSuccessTime;

    /** `coupon_refund_fee_$n`: fen that went back into coupons. */
    public readonly ?int $couponRefundFee;

    /**
     * `coupon_refund_id_$n_$m`, `coupon_type_$n_$m`, `coupon_refund_fee_$n_$m`, in the order of $m.
     *
     * @var list<Coupon>
     */
    public readonly array $coupons;

    /** Made by the extension only; can be neither constructed nor unserialized. */
    private function __construct()
    {
        throw new \Error('WechatPay\\RefundEntry is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * The properties by their names: the status as its value, the time as ATOM, coupons as objects.
     *
     * @return array<string, mixed>
     */
    public function jsonSerialize(): array
    {
        throw new \Error('WechatPay\\RefundEntry is provided by the wechatpay extension, which is not loaded.');
    }
}
