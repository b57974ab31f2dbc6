<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * What every fault of WeChat Pay is: catch this one for all. Each kind of fault has its own class below it; the class
 * itself is thrown for settings that cannot work (a certificate that is missing or expired, a file that cannot be read)
 * before anything is sent, with Advice::FixConfiguration.
 *
 * Wrong arguments are PHP's own \TypeError and \ValueError, not this.
 *
 * ```php
 * use WechatPay\Merchant;
 * use WechatPay\OrderQuery;
 * use WechatPay\PayException;
 *
 * $merchant = new Merchant('wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV');
 * try {
 *     (new OrderQuery($merchant))->byOutTradeNo('T20261122-nobody');
 * } catch (PayException $e) {
 *     printf(
 *         "%s: %s. Next: %s%s\n",   // prints: ServiceException: ORDERNOTEXIST
 *         (new \ReflectionClass($e))->getShortName(),
 *         $e->getMessage(),
 *         $e->advice->value,
 *         $e->retryable ? ', the same call may be made again' : '',
 *     );
 * }
 * ```
 */
class PayException extends \RuntimeException
{
    /** What to do next. */
    public readonly Advice $advice;

    /**
     * Is the very same call, with the very same arguments, safe and may it help? Never implies a new number.
     */
    public readonly bool $retryable;

    /**
     * Could the gateway have acted? False only if no byte of the request left us, or a verified answer says "not
     * accepted"; always false for queries.
     */
    public readonly bool $maybeProcessed;

    /**
     * Does the ledger want it still? True only from `Ledger::refund()`, `close()`, `reverse()` and `withdraw()`: `Sync`
     * carries it on under the same number, and for a refund `Ledger::withdraw()` takes it back. False: nothing will be
     * done by itself; the same number may be called again.
     */
    public readonly bool $stillWanted;

    /** The order it was about, by the shop's number; null if it was not asked by that. */
    public readonly ?string $outTradeNo;

    /**
     * For tests of the shop's own handling; named arguments read best.
     *
     * @param string          $message        what happened
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
        Advice $advice = Advice::GiveUp,
        bool $retryable = false,
        bool $maybeProcessed = false,
        ?string $outTradeNo = null,
        int $code = 0,
        ?\Throwable $previous = null,
        bool $stillWanted = false,
    ) {
        throw new \Error('WechatPay\\PayException is provided by the wechatpay extension, which is not loaded.');
    }
}
