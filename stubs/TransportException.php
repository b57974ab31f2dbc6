<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * No complete HTTP 200 answer within the limits: no address, no connection, TLS, time over, cut off, too long, another
 * status. Says nothing about the order. After a call that acts look at `maybeProcessed`, and query.
 *
 * ```php
 * use WechatPay\Gateway;
 * use WechatPay\Merchant;
 * use WechatPay\OrderQuery;
 * use WechatPay\TransportException;
 *
 * $merchant = new Merchant('wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV');
 * $nobody = new Gateway(url: 'https://127.0.0.1:1', connectTimeoutMs: 200, timeoutMs: 1000);
 * try {
 *     (new OrderQuery($merchant, $nobody))->byOutTradeNo('T20261122-0001');
 * } catch (TransportException $e) {
 *     echo $e->advice->value, ': ', $e->getMessage(), "\n";   // prints: retry
 * }
 * ```
 */
class TransportException extends PayException
{
}
