<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * `return_code` is not SUCCESS: the gateway did not take the call. Such an answer is unsigned, so nothing in it may be
 * trusted and nothing follows from it about an order. Most often the key, the algorithm or the ids are wrong.
 *
 * ```php
 * use WechatPay\GatewayException;
 * use WechatPay\Merchant;
 * use WechatPay\OrderQuery;
 *
 * $merchant = new Merchant('wx2421b1c4370ec43b', '10000100', 'ThisIsNotTheKeyOfThisMerchant!!!');
 * try {
 *     (new OrderQuery($merchant))->byOutTradeNo('T20261122-0001');
 * } catch (GatewayException $e) {
 *     echo $e->returnMsg, ' -> ', $e->advice->value, "\n";   // prints: 签名错误
 * }
 * ```
 */
class GatewayException extends PayException
{
    /** `return_msg`, `error_code` and `error_msg` as they came: unsigned text for people; empty if there was none. */
    public readonly string $returnMsg;

    /**
     * For tests of the shop's own handling; named arguments read best.
     *
     * @param string          $message        what happened
     * @param string          $returnMsg      `return_msg`, and `error_code` and `error_msg` if they came; empty if nothing did
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
        string $returnMsg = '',
        Advice $advice = Advice::GiveUp,
        bool $retryable = false,
        bool $maybeProcessed = false,
        ?string $outTradeNo = null,
        int $code = 0,
        ?\Throwable $previous = null,
        bool $stillWanted = false,
    ) {
        throw new \Error('WechatPay\\GatewayException is provided by the wechatpay extension, which is not loaded.');
    }
}
