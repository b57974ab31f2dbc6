<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * A notice that WeChat Pay posted to the shop: of a payment, or of a refund. A verified value, made by receive() and
 * read() only.
 *
 * Read the raw body, `file_get_contents('php://input')`, before any framework touches it. In v2 headers and addresses prove
 * nothing and are not looked at; in APIv3 the signature stands in the headers: receive() reads both dialects. Answer success() when the event is stored, fail() when it is not: WeChat repeats a
 * notice until it is told SUCCESS within 5 seconds (these bytes are safe), up to 15 times in a day, and may post one twice at the
 * same moment. Notices may never come at all: ask `OrderQuery` too.
 *
 * ```php
 * use WechatPay\Merchant;
 * use WechatPay\Notification;
 * use WechatPay\PayException;
 * use WechatPay\TradeState;
 *
 * $merchant = new Merchant('wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV');
 *
 * // What WeChat would post; in the shop: $body = file_get_contents('php://input');
 * $body = Notification::sign([
 *     'out_trade_no' => 'T20261122-0008',
 *     'transaction_id' => '4200000000202611220000000001',
 *     'total_fee' => 1230,
 *     'cash_fee' => 1230,
 *     'time_end' => '20261122103000',
 * ], $merchant);
 *
 * try {
 *     $notice = Notification::read($body, $merchant);
 *     if ($notice->order?->tradeState === TradeState::Success) {
 *         echo "{$notice->order->outTradeNo}: {$notice->order->totalFee} fen\n";   // prints: T20261122-0008: 1230 fen
 *         echo $notice->dedupeKey, "\n";   // prints: pay:10000100::4200000000202611220000000001
 *     }
 *     echo Notification::success(), "\n";  // prints: <return_code><![CDATA[SUCCESS]]></return_code>
 * } catch (PayException $e) {
 *     echo Notification::fail('not accepted');
 * }
 *
 * // A page for both dialects; in the shop: receive(file_get_contents('php://input'), $_SERVER, $merchantV3, $merchant).
 * try {
 *     $notice = Notification::receive($body, [], $merchant);
 *     $reply = $notice->reply();           // in the shop: $reply->send();
 *     echo $reply->status, ' ', $reply->body, "\n";   // prints: 200 <xml><return_code><![CDATA[SUCCESS]]>
 * } catch (PayException $e) {
 *     Notification::refuse('not accepted')->send();
 * }
 * ```
 */
final class Notification
{
    /** What was paid, verified; null in a refund notice. Compare its totalFee with the shop's own amount. */
    public readonly ?Order $order;

    /** What a refund notice tells: in v2 decrypted, not signed, in APIv3 verified; null in a payment notice. */
    public readonly ?RefundNotice $refund;

    /** The one of the given merchants that it is for. */
    public readonly Merchant $merchant;

    /**
     * The same for every repeat of one event, so that the shop can store it under a unique key:
     * `pay:{mch_id}:{sub_mch_id}:{transaction_id}` or `refund:{mch_id}:{sub_mch_id}:{refund_id}:{refund_status}`; of
     * another event of APIv3 `other:{mch_id}:{id}`.
     */
    public readonly string $dedupeKey;

    /** `event_type` of APIv3, for logs and for other events; what is inside decides. Null in v2. */
    public readonly ?string $eventType;

    /** Made by the extension only; can be neither constructed nor unserialized. */
    private function __construct()
    {
        throw new \Error('WechatPay\\Notification is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Reads a notice: finds whose it is by `appid`, `mch_id` and the sub-merchant's ids, verifies its sign (or opens a
     * refund's `req_info`) with that merchant's key or previousKey, and reads it. Nothing is sent.
     *
     * Among several merchants the best match counts: one whose sub ids equal the notice's; else one without sub ids,
     * who takes the notices of all sub-merchants (look at `->order->subMchId` then). A Merchant with a subMchId takes
     * that sub-merchant's only.
     *
     * On an exception answer fail(): whoever sent it is not believed, and a genuine notice comes again. Only a
     * ServiceException is genuine, and would come again and say the same: answer success().
     *
     * @param string   $body         the raw bytes of the request
     * @param Merchant ...$merchants whose notices come to this address, at least one
     *
     * @throws MalformedMessageException truncated, empty, not XML, fields missing, or a `req_info` that does not open
     * @throws SignatureException        no sign, a wrong one, or one of an algorithm that the merchant does not accept
     * @throws MismatchException         it is for none of these merchants
     * @throws GatewayException          an unsigned FAIL; says nothing about any order
     * @throws ServiceException          a verified `result_code` FAIL: nothing was paid
     * @throws \ValueError               if no merchant is given
     */
    public static function read(string $body, Merchant ...$merchants): Notification
    {
        throw new \Error('WechatPay\\Notification is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Reads a notice of either dialect, by its content: JSON is APIv3's, XML v2's. Verifies APIv3's signature with the key
     * that the headers name, opens it with the merchant's APIv3 key or the one before, and reads it; XML goes to read()
     * with those of the merchants that have an APIv2 key.
     *
     * Nothing is sent, but for a merchant without a public key: a notice that names a certificate which is not known yet has
     * the list of certificates downloaded, at most once a minute and within 3 seconds for all merchants, by the INI settings
     * (`wechatpay.url` and so on). If that fails, nobody knows whether the notice is genuine: a TransportException says so, with Advice::Wait.
     * Answer refuse() to whatever is thrown: a genuine notice comes again.
     *
     * Give the same merchant in both dialects if it has both: a refund that was placed without `notify_url`, or by hand, is
     * announced in XML even in APIv3. Of several merchants the best match counts, as in read().
     *
     * An event that is neither payment nor refund has order and refund null: look at eventType and fields(). What is inside
     * decides: a share of money or a combined order is another event, though its eventType be TRANSACTION.SUCCESS. The ids
     * that it names must be the merchant's (or it tells the merchant, its `receiver`, of another's money); it need not name any.
     *
     * @param string               $body         the raw bytes of the request
     * @param array<string, mixed> $headers      `$_SERVER`, `getallheaders()`, or `getHeaders()` of a PSR-7 request
     * @param Merchant             ...$merchants whose notices come to this address, at least one
     *
     * @throws MalformedMessageException neither JSON nor XML of WeChat's, fields missing, or what does not open
     * @throws SignatureException        no signature, a wrong, stale or unknown one (a proxy may have dropped the headers)
     * @throws TransportException        the certificate that it names is not known, and the list could not be downloaded
     * @throws MismatchException         it is for none of these merchants
     * @throws PayException              of the other kinds that read() names; a key that cannot be used
     * @throws \ValueError               if no merchant is given
     */
    public static function receive(string $body, array $headers, Merchant ...$merchants): Notification
    {
        throw new \Error('WechatPay\\Notification is provided by the wechatpay extension, which is not loaded.');
    }

    /** The reply that ends the repeats, in the notice's own dialect: send it when the event is stored. */
    public function reply(): Reply
    {
        throw new \Error('WechatPay\\Notification is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Every field of what it tells by its name on the wire: in v2 a flat map of texts, in APIv3 nested as it was inside.
     *
     * @return array<string, mixed>
     */
    public function fields(): array
    {
        throw new \Error('WechatPay\\Notification is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * The reply that lets WeChat send the notice again, whichever dialect it is in: status 500, with a reason.
     *
     * @param string $reason for WeChat's logs; cut to 128 bytes
     */
    public static function refuse(string $reason): Reply
    {
        throw new \Error('WechatPay\\Notification is provided by the wechatpay extension, which is not loaded.');
    }

    /** The reply of v2 that ends the repeats. These bytes are safe; print nothing else. */
    public static function success(): string
    {
        throw new \Error('WechatPay\\Notification is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * The reply of v2 that lets WeChat send the notice again.
     *
     * @param string $reason for WeChat's logs; cut to 128 bytes, and it cannot break out of the document
     */
    public static function fail(string $reason): string
    {
        throw new \Error('WechatPay\\Notification is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * A payment notice as WeChat Pay would post it, for a shop's own tests. `return_code`, `result_code`, the
     * merchant's ids and `nonce_str` are added unless given, then all is signed. It signs also what read() refuses, so that
     * a page can be tried with it.
     *
     * For a merchant of APIv3 it makes the notice of a payment, or of a refund if there is a `refund_status`, from fields
     * in APIv3's names, nested: ids and `trade_state` are added, then it is encrypted. Its headers are made by headers().
     *
     * @param array<string, mixed>                       $fields   by their names on the wire; a field given as null is
     *                                                              left out
     * @param Merchant                                   $merchant whose key and algorithm sign
     *
     * @throws \ValueError if a field cannot be written
     */
    public static function sign(array $fields, Merchant $merchant): string
    {
        throw new \Error('WechatPay\\Notification is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * The headers that WeChat Pay would post such a body with, for a shop's own tests. In APIv3 they are signed now, with
     * the merchant's own private key: give the merchant of a test the public half of that key as `publicKey`.
     *
     * @param string   $body     what sign() has made
     * @param Merchant $merchant whose key signs
     *
     * @return array<string, string>
     *
     * @throws \ValueError if the merchant's publicKey is not the public half of its privateKey
     */
    public static function headers(string $body, Merchant $merchant): array
    {
        throw new \Error('WechatPay\\Notification is provided by the wechatpay extension, which is not loaded.');
    }
}
