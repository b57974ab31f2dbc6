<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * Nobody proved to be WeChat Pay: the sign is missing, wrong, or of another algorithm than the merchant's. Never
 * retried, never believed. Wrong key or SignType, an MD5 answer to an HMAC-SHA256 merchant, or an attack. No message
 * shows a digest that was computed here; `Signer::explain()` helps to find the cause.
 *
 * ```php
 * use WechatPay\SignatureException;
 * use WechatPay\Signer;
 * use WechatPay\SignType;
 *
 * $forged = ['out_trade_no' => 'T20261122-0001', 'trade_state' => 'SUCCESS', 'sign' => str_repeat('0', 64)];
 * try {
 *     Signer::verify($forged, '0123456789abcdefghijKLMNOPQRSTUV', SignType::HmacSha256);
 * } catch (SignatureException $e) {
 *     echo $e->advice->value, ': ', $e->getMessage(), "\n";   // prints: fix_configuration
 * }
 * ```
 */
class SignatureException extends PayException
{
}
