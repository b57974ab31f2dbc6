<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * Native mode 1: a printed code for each product. Whoever scans it makes WeChat ask the shop's callback, the shop
 * places an order and answers with its `prepay_id`. A service that sends nothing itself. These messages are signed with
 * MD5, whatever the merchant's algorithm.
 *
 * ```php
 * use WechatPay\Merchant;
 * use WechatPay\Notification;
 * use WechatPay\PayException;
 * use WechatPay\ScanPay;
 * use WechatPay\Signer;
 * use WechatPay\SignType;
 * use WechatPay\UnifiedOrder;
 * use WechatPay\Xml;
 *
 * $key = '0123456789abcdefghijKLMNOPQRSTUV';
 * $merchant = new Merchant('wx2421b1c4370ec43b', '10000100', $key);
 * $scanPay = new ScanPay($merchant);
 * echo $scanPay->productUrl('coffee'), "\n";          // prints: weixin://wxpay/bizpayurl?sign=
 *
 * // What WeChat would post to the callback; in the shop: $body = file_get_contents('php://input');
 * $callback = [
 *     'appid' => 'wx2421b1c4370ec43b',
 *     'mch_id' => '10000100',
 *     'openid' => 'oUpF8uMuAJO',
 *     'is_subscribe' => 'N',
 *     'nonce_str' => '5K8264ILTKCH16CQ',
 *     'product_id' => 'coffee',
 * ];
 * $body = Xml::encode($callback + ['sign' => Signer::sign($callback, $key, SignType::Md5)]);
 *
 * try {
 *     $scanned = $scanPay->read($body);
 * } catch (PayException $e) {
 *     exit(Notification::fail('not accepted'));       // nobody has proved to be WeChat: sign nothing for them
 * }
 * try {
 *     $prepay = (new UnifiedOrder($merchant))->native(
 *         outTradeNo: 'T20261122-0010',
 *         totalFee: 1230,
 *         body: "A large $scanned->productId",
 *         notifyUrl: 'https://shop.example/notify',
 *         spbillCreateIp: '127.0.0.1',
 *         productId: $scanned->productId,
 *     );
 *     echo $scanPay->answer($prepay->prepayId), "\n";  // prints: prepay_id
 * } catch (PayException $e) {
 *     echo $scanPay->refuse('sold out');
 * }
 * ```
 */
final class ScanPay
{
    /**
     * @param Merchant $merchant who sells
     *
     * @throws \LogicException for a merchant of APIv3, which does not have it; the message says what to do there
     */
    public function __construct(Merchant $merchant)
    {
        throw new \Error('WechatPay\\ScanPay is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * The link behind a product's code; it does not expire. WeChat shortens it for a smaller code.
     *
     * @param string $productId `product_id`, 1 to 32 characters of 0-9A-Za-z_-.~|*@
     *
     * @throws \ValueError if the number cannot be one
     */
    public function productUrl(string $productId): string
    {
        throw new \Error('WechatPay\\ScanPay is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Reads what WeChat posts to the callback when somebody has scanned the code.
     *
     * @param string $body the raw bytes of the request
     *
     * @throws MalformedMessageException truncated, empty, not XML, or fields are missing
     * @throws SignatureException        no sign, or a wrong one: answer `Notification::fail()`, which signs nothing
     * @throws MismatchException         a genuine callback of another merchant
     */
    public function read(string $body): ScannedProduct
    {
        throw new \Error('WechatPay\\ScanPay is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * The answer to the callback: the payer is shown this order.
     *
     * @param string $prepayId `prepay_id` of a NATIVE order, 1 to 64 characters of 0-9A-Za-z_-
     *
     * @throws \ValueError if the number cannot be one
     */
    public function answer(string $prepayId): string
    {
        throw new \Error('WechatPay\\ScanPay is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * The answer to the callback: there is nothing to pay. It is signed with the merchant's key, so it takes words only;
     * and it is for callbacks that read() has verified: `Notification::fail()`, which signs nothing, is for all others.
     *
     * @param string $reason shown to the payer: at most 64 letters, digits, Chinese characters, blanks
     *                       and `.,:;!?-，。：；！？`
     *
     * @throws \ValueError if the reason holds anything else
     */
    public function refuse(string $reason): string
    {
        throw new \Error('WechatPay\\ScanPay is provided by the wechatpay extension, which is not loaded.');
    }
}
