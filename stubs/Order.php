<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * What became of an order, verified: signed with the merchant's key, about this merchant and the number that was asked.
 * A value; only the extension makes one: `OrderQuery`, `Micropay`, and `Notification::read()`. For tests there is the
 * simulator, and `Notification::sign()`.
 *
 * Amounts are fen (int), times are Beijing times, ids are strings. What the answer lacks is null, never 0 or ''.
 *
 * `json_encode()` gives the properties by their names, enums as their values, times as ATOM.
 *
 * ```php
 * use WechatPay\Merchant;
 * use WechatPay\OrderQuery;
 * use WechatPay\TradeState;
 * use WechatPay\UnifiedOrder;
 *
 * $merchant = new Merchant('wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV');
 * (new UnifiedOrder($merchant))
 *     ->native('T20261122-0006', 1230, 'A large coffee', 'https://shop.example/notify', '127.0.0.1');
 *
 * $order = (new OrderQuery($merchant))->byOutTradeNo('T20261122-0006');
 * echo match ($order->tradeState) {
 *     TradeState::Success => 'paid at ' . $order->timeEnd?->format(DATE_ATOM),
 *     TradeState::Refund => 'paid, and refunded at least in part',
 *     default => 'not paid: ' . $order->tradeState->value,   // prints: not paid: NOTPAY
 * }, "\n";
 * echo json_encode($order), "\n";                            // prints: "outTradeNo":"T20261122-0006"
 * echo $order->fields()['trade_state'], "\n";                // prints: NOTPAY
 * ```
 */
final class Order implements \JsonSerializable
{
    /** `appid`; always ours. */
    public readonly string $appid;

    /** `mch_id`; always ours. */
    public readonly string $mchId;

    /** `sub_appid` (service-provider mode). */
    public readonly ?string $subAppid;

    /** `sub_mch_id` (service-provider mode). */
    public readonly ?string $subMchId;

    /** `out_trade_no`: the shop's number. */
    public readonly ?string $outTradeNo;

    /** `transaction_id`: WeChat's number; null until the order is paid. */
    public readonly ?string $transactionId;

    /**
     * `trade_state`; TradeState::Unknown for a word this version does not know, which then stands in fields().
     */
    public readonly TradeState $tradeState;

    /** `trade_state_desc`: Chinese text for people; do not parse it. */
    public readonly ?string $tradeStateDesc;

    /** `trade_type`: JSAPI, NATIVE, APP, MWEB, MICROPAY ...; an open set. */
    public readonly ?string $tradeType;

    /** `total_fee`: fen. Compare this with the shop's own amount. */
    public readonly ?int $totalFee;

    /**
     * `settlement_total_fee`: fen; total_fee without the coupons that nobody paid for. Null if there were none.
     */
    public readonly ?int $settlementTotalFee;

    /** `fee_type`: CNY when absent. */
    public readonly ?string $feeType;

    /** `cash_fee`: fen that the payer paid; total_fee without coupons. */
    public readonly ?int $cashFee;

    /** `cash_fee_type`. */
    public readonly ?string $cashFeeType;

    /** `coupon_fee`: fen of all coupons; null if none were used. */
    public readonly ?int $couponFee;

    /**
     * `coupon_id_$n`, `coupon_type_$n`, `coupon_fee_$n`, in the order of their index.
     *
     * @var list<Coupon>
     */
    public readonly array $coupons;

    /** `bank_type`; an open set. */
    public readonly ?string $bankType;

    /** `openid`: the payer, as seen by appid. */
    public readonly ?string $openid;

    /** `is_subscribe`: does the payer follow the account of appid? */
    public readonly ?bool $isSubscribe;

    /** `sub_openid`: the payer, as seen by sub_appid. */
    public readonly ?string $subOpenid;

    /** `attach`: what the shop sent along; unreliable until the order is paid. */
    public readonly ?string $attach;

    /** `device_info`: number of the terminal. */
    public readonly ?string $deviceInfo;

    /** `time_end`: when it was paid, Beijing time (+08:00). */
    public readonly ?\DateTimeImmutable $timeEnd;

    /**
     * `promotion_detail`: the list inside, decoded; null if it is absent or no JSON.
     *
     * @var list<array<string, mixed>>|null
     */
    public readonly ?array $promotionDetail;

    /** Made by the extension only; can be neither constructed nor unserialized. */
    private function __construct()
    {
        throw new \Error('WechatPay\\Order is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Every verified field by its name on the wire, in the order of the answer, with or without a property: in v2 a flat
     * map of texts, in APIv3 nested as it came.
     *
     * @return array<string, mixed>
     */
    public function fields(): array
    {
        throw new \Error('WechatPay\\Order is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Was the money paid? True for SUCCESS and REFUND, and so true after a full refund too: deliver on
     * `$order->tradeState === TradeState::Success`, not on this. How much went back is told by `RefundQuery`.
     */
    public function isPaid(): bool
    {
        throw new \Error('WechatPay\\Order is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * The properties by their names: enums as values, times as ATOM, coupons as objects.
     *
     * @return array<string, mixed>
     */
    public function jsonSerialize(): array
    {
        throw new \Error('WechatPay\\Order is provided by the wechatpay extension, which is not loaded.');
    }
}
