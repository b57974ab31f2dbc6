<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * A dialect of WeChat Pay: what a {@see Merchant} speaks.
 *
 * ```php
 * use WechatPay\ApiVersion;
 * use WechatPay\Merchant;
 *
 * $merchant = new Merchant(appid: 'wx2421b1c4370ec43b', mchId: '10000100', key: '0123456789abcdefghijKLMNOPQRSTUV');
 * echo match ($merchant->apiVersion) {
 *     ApiVersion::V2 => "XML and one shared key\n",
 *     ApiVersion::V3 => "JSON and RSA keys\n",
 * };   // prints: XML and one shared key
 * ```
 */
enum ApiVersion: string
{
    /** XML, signed with MD5 or HMAC-SHA256 under the APIv2 key. */
    case V2 = 'v2';

    /** JSON, signed with RSA-SHA256; notices are encrypted with the APIv3 key. */
    case V3 = 'v3';
}
