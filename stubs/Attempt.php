<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * One try of one call: what a shop logs. A value that `Gateway`'s `onAttempt` gets; it holds neither secrets nor the
 * bodies of messages.
 *
 * ```php
 * use WechatPay\Attempt;
 * use WechatPay\Gateway;
 * use WechatPay\Merchant;
 * use WechatPay\OrderQuery;
 * use WechatPay\PayException;
 *
 * $log = function (Attempt $a): void {
 *     printf(
 *         "%s%s #%d %s %dms status=%s outcome=%s\n",   // prints: outcome=service
 *         $a->host,
 *         $a->path,
 *         $a->number,
 *         match ($a->reused) { true => 'reused', false => 'new', null => 'unconnected' },
 *         $a->ms,
 *         $a->status ?? '-',
 *         $a->outcome,
 *     );
 * };
 * $merchant = new Merchant('wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV');
 * try {
 *     (new OrderQuery($merchant, new Gateway(onAttempt: $log)))->byOutTradeNo('T20261122-nobody');
 * } catch (PayException $e) {
 *     echo get_class($e), "\n";   // prints: WechatPay\ServiceException
 * }
 * ```
 */
final class Attempt
{
    /** Path of the call, such as `/pay/orderquery`. */
    public readonly string $path;

    /** Host that was asked, with its port if the address names one. */
    public readonly string $host;

    /** 1 for the first try of a call. */
    public readonly int $number;

    /** Did an older connection carry it? Null if no connection was reached. */
    public readonly ?bool $reused;

    /** Milliseconds that this try took. */
    public readonly int $ms;

    /** HTTP status; null if none came. */
    public readonly ?int $status;

    /**
     * `ok`, or the class of fault: `transport`, `malformed`, `gateway`, `signature`, `mismatch`, `service`.
     */
    public readonly string $outcome;

    /** Made by the extension only; can be neither constructed nor unserialized. */
    private function __construct()
    {
        throw new \Error('WechatPay\\Attempt is provided by the wechatpay extension, which is not loaded.');
    }
}
