<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * Calls any endpoint that has no class of its own: call() one of v2, callV3() one of APIv3. A service. Signs, sends,
 * verifies and compares. What acts is sent once.
 *
 * Besides what it names itself, each call may throw TransportException (no complete answer within the time limit),
 * MalformedMessageException (an answer that is not what WeChat Pay says), GatewayException (`return_code` is not
 * SUCCESS, or a refusal in APIv3 that nobody has signed; says nothing about the order), SignatureException (the answer's signature is missing, wrong or of another
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
 *
 * $client = new Client(Merchant::v3(
 *     appid: 'wx2421b1c4370ec43b',
 *     mchId: '10000100',
 *     apiV3Key: getenv('WECHATPAY_V3_KEY'),
 *     privateKey: getenv('WECHATPAY_V3_PRIVATE_KEY'),   // path of apiclient_key.pem
 *     certificate: getenv('WECHATPAY_V3_SERIAL'),
 *     publicKeyId: getenv('WECHATPAY_V3_PUBLIC_KEY_ID'),
 *     publicKey: getenv('WECHATPAY_V3_PUBLIC_KEY'),     // path of pub_key.pem
 * ));
 * $name = $client->encrypt('张三');   // the request that has it in its body names the key by itself
 * try {
 *     $answer = $client->callV3('GET', '/v3/pay/transactions/out-trade-no/T20261122-nobody?mchid=10000100');
 *     echo $answer['amount']['total'], "\n";
 * } catch (ServiceException $e) {
 *     echo $e->errCode, ' ', $e->outTradeNo, "\n";   // prints: ORDER_NOT_EXIST T20261122-nobody
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
     * @throws \LogicException  for a merchant of APIv3
     * @throws \ValueError      if the path or a field cannot be sent: no carriage return, and no text that holds
     *                          `&out_trade_no=` or the like, which could be split off as a field of its own
     */
    public function call(string $path, array $fields, bool $certificate = false, bool $allowUnsigned = false): array
    {
        throw new \Error('WechatPay\\Client is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Makes one call of APIv3. It is signed, the answer is verified, and ids and numbers that were asked with, in the body,
     * the query or the path, must not come back changed, as texts or as numbers: after `/refunds/` for example the answer's
     * `out_refund_no` or its `refund_id` must be what the path says. `mchid` and its like must be what was asked with, or else
     * the merchant's. What an answer does not tell is not compared. A GET is tried up to three times, anything else once.
     *
     * $body becomes JSON: an array with names is an object, one that counts from 0 a list, ints, bools and texts are what
     * they are. A name given as null is left out. `[]` inside is an empty list; as the whole body it is `{}`, and null sends
     * none. Floats, objects, resources, NUL bytes, texts that are not UTF-8 or have characters of 4 bytes, and lists with
     * gaps are refused by their place, `/amount/total`; so is a body over 1 MiB or 64 levels.
     *
     * The answer is what json_decode() would give as arrays, but no float: a number that no int holds is the text as it
     * came. An answer of status 204 is an empty array. WeChat Pay does not sign files and pictures: such an endpoint throws
     * a SignatureException.
     *
     * @param string                    $method GET, POST, PUT, PATCH or DELETE
     * @param string                    $target path and query, percent-encoded: they are signed and sent as they are
     * @param array<string, mixed>|null $body   by the names on the wire; null for GET and DELETE
     *
     * @return array<string, mixed> all of the answer, in its order
     *
     * @throws ServiceException a refusal that is signed
     * @throws PayException     of every kind that the class names; itself with Advice::FixConfiguration: a key cannot be used
     * @throws \LogicException  for a merchant of v2
     * @throws \ValueError      if method, target or body cannot be sent, or if the body holds texts of encrypt() for two keys,
     *                          which have changed between: encrypt all of them again
     */
    public function callV3(string $method, string $target, ?array $body = null): array
    {
        throw new \Error('WechatPay\\Client is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Encrypts a field that only WeChat Pay may read, a name or a card number, in APIv3: RSA-OAEP with SHA-1, in Base64.
     * Never twice the same. For a merchant by certificates the newest is downloaded first if none is known.
     *
     * Put it into the body of callV3(), or into `$extra` or `$options` of another call, in the same process: the request
     * names the key that it is for (`Wechatpay-Serial`), also when keys have changed since. The last 8,192 are remembered.
     *
     * @param string $text UTF-8, at most 214 bytes for a key of 2048 bits
     *
     * @throws PayException    with Advice::FixConfiguration: no key of WeChat Pay's is known, or a key cannot be used; a
     *                         TransportException if its certificates could not be downloaded
     * @throws \LogicException for a merchant of v2
     * @throws \ValueError     if the text is too long
     */
    public function encrypt(#[\SensitiveParameter] string $text): string
    {
        throw new \Error('WechatPay\\Client is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Opens a field that WeChat Pay has encrypted for the merchant's certificate, with the merchant's private key.
     *
     * @param string $ciphertext Base64, as it stands in the answer
     *
     * @return string what was inside: it is secret, and now yours to keep so
     *
     * @throws MalformedMessageException it was encrypted for another key, or is damaged
     * @throws PayException              with Advice::FixConfiguration: the private key cannot be used
     * @throws \LogicException           for a merchant of v2
     */
    public function decrypt(string $ciphertext): string
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
