<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * Who shows a code. A verified value, made by `AuthCodeToOpenId` only.
 *
 * ```php
 * use WechatPay\AuthCodeToOpenId;
 * use WechatPay\Merchant;
 *
 * $merchant = new Merchant(
 *     'wx2421b1c4370ec43b',
 *     '10000100',
 *     '0123456789abcdefghijKLMNOPQRSTUV',
 *     subAppid: 'wx0000000000000001',
 *     subMchId: '1900000109',
 * );
 * $payer = (new AuthCodeToOpenId($merchant))->byAuthCode('134567890123456781');
 * echo "here $payer->openid, there $payer->subOpenid\n";   // prints: here o
 * ```
 */
final class Payer
{
    /** `openid`: the payer, as seen by appid. */
    public readonly string $openid;

    /** `sub_openid`: the payer, as seen by sub_appid. */
    public readonly ?string $subOpenid;

    /** Made by the extension only; can be neither constructed nor unserialized. */
    private function __construct()
    {
        throw new \Error('WechatPay\\Payer is provided by the wechatpay extension, which is not loaded.');
    }
}
