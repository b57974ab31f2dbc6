<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * Calls any v2 endpoint that has no class of its own. A service. Signs, sends once, verifies and compares as the others
 * do.
 *
 * ```php
 * use WechatPay\Client;
 * use WechatPay\Merchant;
 * use WechatPay\ServiceException;
 *
 * $merchant = new Merchant('wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV');
 * try {
 *     $answer = (new Client($merchant))->call('/pay/orderquery', ['out_trade_no' => 'T20261122-nobody']);
 *     echo $answer['trade_state'], "\n";
 * } catch (ServiceException $e) {
 *     echo $e->errCode, ' ', $e->outTradeNo, "\n";   // prints: ORDERNOTEXIST T20261122-nobody
 * }
 * ```
 */
final class Client
{
    /**
     * @param Merchant     $merchant who calls
     * @param Gateway|null $gateway  where to ask; null for the INI settings
     */
    public function __construct(Merchant $merchant, ?Gateway $gateway = null)
    {
        throw new \Error('WechatPay\\Client is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Makes one call. `appid`, `mch_id`, the sub-merchant's ids, `nonce_str`, `sign_type` and `sign` are added unless
     * $fields brings them; a field given as null is left out, one of these too.
     *
     * Some endpoints never sign their answers (report, red packets, transfers ...). They throw a
     * SignatureException unless you agree to believe an unsigned answer.
     *
     * @param string                                     $path          such as `/pay/orderquery`
     * @param array<string, string|int|\Stringable|null> $fields        by their names on the wire
     * @param bool                                       $certificate   send the merchant's client certificate
     * @param bool                                       $allowUnsigned take an answer without a sign; one with a wrong
     *                                                                  sign is refused all the same
     *
     * @return array<string, string> all fields of the answer, in its order; bytes as they came
     *
     * @throws TransportException        no complete answer within the time limit
     * @throws MalformedMessageException an answer that is not what WeChat Pay says
     * @throws GatewayException          `return_code` is not SUCCESS; says nothing about the order
     * @throws SignatureException        the answer's sign is missing, wrong or of another algorithm
     * @throws MismatchException         a genuine answer about another merchant or order
     * @throws ServiceException          `result_code` FAIL
     * @throws PayException              with Advice::FixConfiguration: a file named in the settings cannot be used, or
     *                                   there is no certificate
     * @throws \ValueError               if the path or a field cannot be sent
     */
    public function call(string $path, array $fields, bool $certificate = false, bool $allowUnsigned = false): array
    {
        throw new \Error('WechatPay\\Client is provided by the wechatpay extension, which is not loaded.');
    }
}
