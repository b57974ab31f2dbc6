<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * Undoes a code payment: an unpaid one is closed, a paid one goes back to the payer. A service. `Micropay` reverses by
 * itself; this is for sales that were left open, after a crash say. Orders of `UnifiedOrder` are closed, not reversed.
 *
 * Needs the client certificate; in APIv3 it needs none.
 *
 * Besides what it names itself, each call may throw MalformedMessageException (an answer that is not what WeChat Pay
 * says), GatewayException (`return_code` is not SUCCESS; says nothing about the order), SignatureException (the
 * answer's signature is missing, wrong or of another algorithm), MismatchException (a genuine answer about another
 * merchant or order) and PayException itself with Advice::FixConfiguration (the certificate is missing, unreadable or
 * expired; nothing was sent).
 *
 * ```php
 * use WechatPay\Merchant;
 * use WechatPay\Micropay;
 * use WechatPay\Reverse;
 * use WechatPay\ServiceException;
 *
 * $merchant = new Merchant(
 *     'wx2421b1c4370ec43b',
 *     '10000100',
 *     '0123456789abcdefghijKLMNOPQRSTUV',
 *     certificate: getenv('WECHATPAY_CERTIFICATE'),
 *     privateKey: getenv('WECHATPAY_PRIVATE_KEY'),
 * );
 * $order = (new Micropay($merchant))
 *     ->pay('M20261122-0002', '134567890123456788', 1230, 'A large coffee', '127.0.0.1');
 * echo $order->tradeState->value, "\n";   // prints: SUCCESS
 *
 * try {
 *     (new Reverse($merchant))->byOutTradeNo('M20261122-9999');
 * } catch (ServiceException $e) {
 *     echo $e->errCode, ' ', $e->advice->name, "\n";   // prints: ORDERNOTEXIST QueryOrder
 * }
 * ```
 */
final class Reverse
{
    /**
     * @param Merchant     $merchant whose payments; with a client certificate, or of APIv3 with `codePay: true`
     * @param Gateway|null $gateway  where to ask; null for the INI settings
     *
     * @throws \LogicException for a merchant of APIv3 that was made without `codePay: true`; the message says what to do
     */
    public function __construct(Merchant $merchant, ?Gateway $gateway = null)
    {
        throw new \Error('WechatPay\\Reverse is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Reverses by the shop's number. Repeats while `recall` is Y, on USERPAYING and SYSTEMERROR and when no answer
     * came: at most 10 times, a second apart, within 20 seconds (or the gateway's `timeoutMs`, if that is longer).
     *
     * Not earlier than 15 seconds after the payment call, and not later than 7 days after it: WeChat refuses both. An
     * order that is reversed already is success.
     *
     * @param string $outTradeNo `out_trade_no`, 1 to 32 characters of 0-9A-Za-z_-|*@
     *
     * @throws TransportException no complete answer to the last repeat; the order may be reversed or not, query it
     * @throws ServiceException   `result_code` FAIL: REVERSE_EXPIRE (refund instead), TRADE_ERROR ..., SYSTEMERROR or
     *                            USERPAYING after the last repeat
     * @throws PayException       of every kind that the class names
     * @throws \ValueError        if the number cannot be one
     */
    public function byOutTradeNo(string $outTradeNo): void
    {
        throw new \Error('WechatPay\\Reverse is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Reverses by WeChat's number; else as byOutTradeNo(). APIv3 does not have it.
     *
     * @param string $transactionId `transaction_id`, 1 to 32 characters of 0-9A-Za-z
     *
     * @throws \LogicException    for a merchant of APIv3
     * @throws TransportException no complete answer to the last repeat; the order may be reversed or not, query it
     * @throws ServiceException   `result_code` FAIL: REVERSE_EXPIRE (refund instead), TRADE_ERROR ..., SYSTEMERROR or
     *                            USERPAYING after the last repeat
     * @throws PayException       of every kind that the class names
     * @throws \ValueError        if the number cannot be one
     */
    public function byTransactionId(string $transactionId): void
    {
        throw new \Error('WechatPay\\Reverse is provided by the wechatpay extension, which is not loaded.');
    }
}
