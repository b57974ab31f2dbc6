<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * A placed order: what the shop shows to the payer. A verified value, made by `UnifiedOrder` only.
 *
 * ```php
 * use WechatPay\Merchant;
 * use WechatPay\UnifiedOrder;
 *
 * $merchant = new Merchant('wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV');
 * $prepay = (new UnifiedOrder($merchant))
 *     ->native('T20261122-0004', 1230, 'A large coffee', 'https://shop.example/notify', '127.0.0.1');
 *
 * echo $prepay->tradeType, ' ', $prepay->codeUrl, "\n";   // prints: NATIVE weixin://
 * echo $prepay->qrText(), "\n";                           // for a terminal
 * echo substr($prepay->qrPng(), 1, 3), "\n";              // prints: PNG
 * echo '<img src="data:image/svg+xml;base64,', base64_encode($prepay->qrSvg(320)), "\">\n";   // prints: <img
 * ```
 */
final class Prepay
{
    /** `code_url` (NATIVE): what the QR code holds; good for two hours. */
    public readonly ?string $codeUrl;

    /** `prepay_id`: good for two hours. */
    public readonly ?string $prepayId;

    /** `trade_type`: NATIVE, JSAPI, APP, MWEB; an open set. */
    public readonly ?string $tradeType;

    /** `mweb_url` (MWEB, H5): good for five minutes. */
    public readonly ?string $h5Url;

    /** Made by the extension only; can be neither constructed nor unserialized. */
    private function __construct()
    {
        throw new \Error('WechatPay\\Prepay is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * The QR code as an SVG document: black on white with a quiet margin, one path, with a title and `role="img"`.
     *
     * @param int $size width and height in pixels, 32 to 4096: exactly, unless a module would get less than one
     *
     * @throws \LogicException if there is no codeUrl
     * @throws \ValueError     if $size is out of range
     */
    public function qrSvg(int $size = 256): string
    {
        throw new \Error('WechatPay\\Prepay is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * The QR code as the bytes of a PNG picture, black on white with a quiet margin.
     *
     * @param int $size width and height in pixels, 32 to 4096: exactly, unless a module would get less than one. Each
     *                  module gets a whole number of pixels
     *
     * @throws \LogicException if there is no codeUrl
     * @throws \ValueError     if $size is out of range
     */
    public function qrPng(int $size = 256): string
    {
        throw new \Error('WechatPay\\Prepay is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * The QR code for a terminal: UTF-8 blocks, two rows of modules in a line.
     *
     * @throws \LogicException if there is no codeUrl
     */
    public function qrText(): string
    {
        throw new \Error('WechatPay\\Prepay is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * What a page's JavaScript hands to `WeixinJSBridge` or `wx.requestPayment`: `appId`, `timeStamp`, `nonceStr`,
     * `package`, `signType`, `paySign`, all strings. Signed with the merchant's key and algorithm; time and nonce are
     * made at each call.
     *
     * `appId` is the merchant's subAppid if the order was placed for a `subOpenid`.
     *
     * @return array<string, string>
     *
     * @throws \LogicException if there is no prepayId
     */
    public function jsapiParams(): array
    {
        throw new \Error('WechatPay\\Prepay is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * What the app's SDK needs: `appid`, `partnerid`, `prepayid`, `package`, `noncestr`, `timestamp`, `sign`, all
     * strings. Signed with the merchant's key and algorithm; time and nonce are made at each call.
     *
     * `appid` and `partnerid` are the merchant's subAppid and subMchId where it has them.
     *
     * @return array<string, string>
     *
     * @throws \LogicException if there is no prepayId
     */
    public function appParams(): array
    {
        throw new \Error('WechatPay\\Prepay is provided by the wechatpay extension, which is not loaded.');
    }
}
