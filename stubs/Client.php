<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * Calls any v2 endpoint that has no class of its own. A service. Signs, sends once, verifies and compares.
 *
 * Besides what it names itself, each call may throw TransportException (no complete answer within the time limit),
 * MalformedMessageException (an answer that is not what WeChat Pay says), GatewayException (`return_code` is not
 * SUCCESS; says nothing about the order), SignatureException (the answer's signature is missing, wrong or of another
 * algorithm) and MismatchException (a genuine answer about another merchant or order).
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
     * Such an answer may hold lists below a field, as that of `/mmpaymkttransfers/gethbinfo` does:
     * `$answer['hblist']['hbinfo'][0]['amount']`. A field with elements inside is an array by their names. A name whose
     * element has elements inside again is a list, of one entry too; a text that comes often is a list of texts. At most
     * 8 levels and 4,096 elements. A signed answer is flat: no rule says how lists would be signed.
     *
     * @param string                                     $path          such as `/pay/orderquery`
     * @param array<string, string|int|\Stringable|null> $fields        by their names on the wire
     * @param bool                                       $certificate   send the merchant's client certificate
     * @param bool                                       $allowUnsigned take an answer without a sign; one with a wrong
     *                                                                  sign is refused all the same
     *
     * @return array<string, string|array<string, mixed>> all fields of the answer, in its order; bytes as they came
     *
     * @throws ServiceException `result_code` FAIL
     * @throws PayException     of every kind that the class names; itself with Advice::FixConfiguration: a file named
     *                          in the settings cannot be used, or there is no certificate
     * @throws \ValueError      if the path or a field cannot be sent: no carriage return, and no text that holds
     *                          `&out_trade_no=` or the like, which could be split off as a field of its own
     */
    public function call(string $path, array $fields, bool $certificate = false, bool $allowUnsigned = false): array
    {
        throw new \Error('WechatPay\\Client is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Reads a notice that `Notification` does not know: of a signed or cancelled contract (papay), for example, which
     * tells of no payment. It is verified as any other; the ids that it names must be the merchant's, though it need not
     * name them all. What it means is yours to know. Answer it with `Notification::success()`.
     *
     * @param string   $body     the raw bytes of the request
     * @param Merchant $merchant whose key signed it
     *
     * @return array<string, string> all its fields, `result_code` among them if there is one
     *
     * @throws MalformedMessageException not a notice, or `return_code` is not SUCCESS
     * @throws GatewayException          an unsigned FAIL
     * @throws SignatureException        no sign, or a wrong one
     * @throws MismatchException         a genuine notice for another merchant
     */
    public static function readNotice(string $body, Merchant $merchant): array
    {
        throw new \Error('WechatPay\\Client is provided by the wechatpay extension, which is not loaded.');
    }
}
