<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * `result_code` FAIL, verified (in APIv3 a signed refusal): WeChat Pay's own word about the call. `errCode` tells which,
 * as the dialect spells it; an unknown code leaves the outcome of a call that acts open.
 *
 * ```php
 * use WechatPay\Merchant;
 * use WechatPay\OrderQuery;
 * use WechatPay\ServiceException;
 *
 * $merchant = new Merchant('wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV');
 * try {
 *     (new OrderQuery($merchant))->byOutTradeNo('T20261122-nobody');
 * } catch (ServiceException $e) {
 *     echo $e->errCode, ' (', $e->errCodeDes, ') -> ', $e->advice->value, "\n";   // prints: ORDERNOTEXIST
 * }
 * ```
 */
class ServiceException extends PayException
{
    /** `err_code`, such as ORDERNOTEXIST; an open set. */
    public readonly string $errCode;

    /** `err_code_des`: text for people, mostly Chinese. */
    public readonly ?string $errCodeDes;

    /**
     * `detail` in APIv3: which field is wrong, and why; for people, its form is not the same everywhere. Null in v2.
     *
     * @var array<string, mixed>|null
     */
    public readonly ?array $detail;

    /** `Request-ID` in APIv3, which WeChat Pay's support asks for; null in v2. */
    public readonly ?string $requestId;

    /**
     * For tests of the shop's own handling; named arguments read best.
     *
     * @param string          $message        what happened
     * @param string          $errCode        `err_code`
     * @param string|null     $errCodeDes     `err_code_des`
     * @param Advice          $advice         what to do next
     * @param bool            $retryable      is the very same call safe, and may it help?
     * @param bool            $maybeProcessed could the gateway have acted?
     * @param string|null     $outTradeNo     the order it was about
     * @param int             $code           always 0 for those that the extension throws
     * @param \Throwable|null $previous       the fault behind it
     * @param bool            $stillWanted    does the ledger want it still, and carry it on by itself?
     * @param array|null      $detail         `detail` in APIv3
     * @param string|null     $requestId      `Request-ID` in APIv3
     */
    public function __construct(
        string $message = '',
        string $errCode = '',
        ?string $errCodeDes = null,
        Advice $advice = Advice::GiveUp,
        bool $retryable = false,
        bool $maybeProcessed = false,
        ?string $outTradeNo = null,
        int $code = 0,
        ?\Throwable $previous = null,
        bool $stillWanted = false,
        ?array $detail = null,
        ?string $requestId = null,
    ) {
        throw new \Error('WechatPay\\ServiceException is provided by the wechatpay extension, which is not loaded.');
    }
}
