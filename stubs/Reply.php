<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * What to answer a notice with: status, content type and body, as the notice's dialect has them. A value.
 *
 * v2 reads the body, APIv3 the status: send both with send(), or hand them to your framework.
 *
 * ```php
 * use WechatPay\Merchant;
 * use WechatPay\Notification;
 *
 * $merchant = new Merchant('wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV');
 * $body = Notification::sign(
 *     ['out_trade_no' => 'T20261122-0001', 'transaction_id' => '4200000000202611220000000001', 'total_fee' => 1230],
 *     $merchant,
 * );
 * $reply = Notification::receive($body, [], $merchant)->reply();
 * echo $reply->status, ' ', $reply->contentType, "\n";                     // prints: 200 text/xml
 *
 * $reply = Notification::refuse('not stored');
 * echo $reply->status, ' ', $reply->contentType, ' ', $reply->body, "\n";  // prints: 500 application/json {"code":"FAIL"
 * ```
 */
final class Reply implements \Stringable
{
    /** The HTTP status. */
    public readonly int $status;

    /** `Content-Type` of the body; empty if there is none. */
    public readonly string $contentType;

    /** The exact bytes. */
    public readonly string $body;

    /** Made by the extension only; can be neither constructed nor unserialized. */
    private function __construct()
    {
        throw new \Error('WechatPay\\Reply is provided by the wechatpay extension, which is not loaded.');
    }

    /** Sends it from a PHP page: `http_response_code()`, `header()`, and the body. */
    public function send(): void
    {
        throw new \Error('WechatPay\\Reply is provided by the wechatpay extension, which is not loaded.');
    }

    /** The body alone, which is all of an answer in v2. */
    public function __toString(): string
    {
        throw new \Error('WechatPay\\Reply is provided by the wechatpay extension, which is not loaded.');
    }
}
