<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * A genuine answer, but not for us or not about what was asked: another appid, mch_id, order, transaction or refund
 * number. A swapped or replayed answer looks so. Never believed.
 *
 * ```php
 * use WechatPay\Advice;
 * use WechatPay\MismatchException;
 *
 * // A shop tests its own handling:
 * $e = new MismatchException(
 *     message: 'the answer is about another order',
 *     field: 'out_trade_no',
 *     advice: Advice::QueryOrder,
 *     outTradeNo: 'T20261122-0001',
 * );
 * echo $e->field, ': ', $e->getMessage(), "\n";   // prints: out_trade_no: the answer is about another order
 * ```
 */
class MismatchException extends PayException
{
    /** The field that differs, by its name on the wire. */
    public readonly ?string $field;

    /**
     * For tests of the shop's own handling; named arguments read best.
     *
     * @param string          $message        what happened
     * @param string|null     $field          the field that differs, by its name on the wire
     * @param Advice          $advice         what to do next
     * @param bool            $retryable      is the very same call safe, and may it help?
     * @param bool            $maybeProcessed could the gateway have acted?
     * @param string|null     $outTradeNo     the order it was about
     * @param int             $code           always 0 for those that the extension throws
     * @param \Throwable|null $previous       the fault behind it
     * @param bool            $stillWanted    does the ledger want it still, and carry it on by itself?
     */
    public function __construct(
        string $message = '',
        ?string $field = null,
        Advice $advice = Advice::GiveUp,
        bool $retryable = false,
        bool $maybeProcessed = false,
        ?string $outTradeNo = null,
        int $code = 0,
        ?\Throwable $previous = null,
        bool $stillWanted = false,
    ) {
        throw new \Error('WechatPay\\MismatchException is provided by the wechatpay extension, which is not loaded.');
    }
}
