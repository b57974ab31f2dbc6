<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * The end of a payment is not known: ask again later with `OrderQuery`, and neither deliver nor charge again until
 * then. `OrderQuery::untilFinal()` throws it if no order was seen at all, `Micropay::pay()` if even the reverse got no
 * answer, or was accepted ($reversed) without a query showing it yet.
 *
 * ```php
 * use WechatPay\Merchant;
 * use WechatPay\OrderQuery;
 * use WechatPay\UndecidedException;
 *
 * $merchant = new Merchant('wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV');
 * try {
 *     (new OrderQuery($merchant))->untilFinal('T20261122-nobody', timeoutMs: 600, intervalMs: 200);
 * } catch (UndecidedException $e) {
 *     echo $e->lastSeen?->tradeState->value ?? 'no order was seen', "\n";   // prints: no order was seen
 *     echo get_class($e->getPrevious()), "\n";   // prints: WechatPay\ServiceException
 * }
 * ```
 */
class UndecidedException extends PayException
{
    /** The last order that was seen; null if none was. */
    public readonly ?Order $lastSeen;

    /** Was a reverse accepted? Then the money goes back if it was taken. */
    public readonly bool $reversed;

    /**
     * For tests of the shop's own handling; named arguments read best.
     *
     * @param string          $message        what happened
     * @param Order|null      $lastSeen       the last order that was seen
     * @param bool            $reversed       was a reverse accepted?
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
        ?Order $lastSeen = null,
        bool $reversed = false,
        Advice $advice = Advice::GiveUp,
        bool $retryable = false,
        bool $maybeProcessed = false,
        ?string $outTradeNo = null,
        int $code = 0,
        ?\Throwable $previous = null,
        bool $stillWanted = false,
    ) {
        throw new \Error('WechatPay\\UndecidedException is provided by the wechatpay extension, which is not loaded.');
    }
}
