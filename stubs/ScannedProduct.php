<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * Somebody has scanned a product's code (Native mode 1). A verified value, made by `ScanPay::read()` only.
 *
 * ```php
 * use WechatPay\Merchant;
 * use WechatPay\ScanPay;
 * use WechatPay\Signer;
 * use WechatPay\SignType;
 * use WechatPay\Xml;
 *
 * $key = '0123456789abcdefghijKLMNOPQRSTUV';
 * $fields = [
 *     'appid' => 'wx2421b1c4370ec43b',
 *     'mch_id' => '10000100',
 *     'openid' => 'oUpF8uMuAJO',
 *     'is_subscribe' => 'N',
 *     'nonce_str' => '5K8264ILTKCH16CQ',
 *     'product_id' => 'coffee',
 * ];
 * $body = Xml::encode($fields + ['sign' => Signer::sign($fields, $key, SignType::Md5)]);
 *
 * $scanned = (new ScanPay(new Merchant('wx2421b1c4370ec43b', '10000100', $key)))->read($body);
 * echo "$scanned->openid wants $scanned->productId\n";    // prints: oUpF8uMuAJO wants coffee
 * ```
 */
final class ScannedProduct
{
    /** `product_id`: the shop's number of the product. */
    public readonly string $productId;

    /** `openid`: the payer, as seen by appid. */
    public readonly string $openid;

    /** `is_subscribe`: does the payer follow the account of appid? */
    public readonly ?bool $isSubscribe;

    /** Made by the extension only; can be neither constructed nor unserialized. */
    private function __construct()
    {
        throw new \Error('WechatPay\\ScannedProduct is provided by the wechatpay extension, which is not loaded.');
    }
}
