<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * One coupon that was used in a payment. A value inside `Order`.
 *
 * ```php
 * use WechatPay\Merchant;
 * use WechatPay\OrderQuery;
 * use WechatPay\UnifiedOrder;
 *
 * $merchant = new Merchant('wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV');
 * (new UnifiedOrder($merchant))
 *     ->native('T20261122-0007', 1230, 'A large coffee', 'https://shop.example/notify', '127.0.0.1');
 *
 * $order = (new OrderQuery($merchant))->byOutTradeNo('T20261122-0007');
 * foreach ($order->coupons as $coupon) {
 *     printf("%s %s %d fen\n", $coupon->id, $coupon->type ?? 'discount', $coupon->fee ?? 0);
 * }
 * echo count($order->coupons), " coupons\n";   // prints: 0 coupons
 * ```
 */
final class Coupon
{
    /** `coupon_id_$n`. */
    public readonly ?string $id;

    /** `coupon_type_$n`: CASH (somebody paid for it) or NO_CASH; may be absent for instant discounts. */
    public readonly ?string $type;

    /** `coupon_fee_$n`: fen. */
    public readonly ?int $fee;

    /** Made by the extension only; can be neither constructed nor unserialized. */
    private function __construct()
    {
        throw new \Error('WechatPay\\Coupon is provided by the wechatpay extension, which is not loaded.');
    }
}
