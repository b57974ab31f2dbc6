<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * The algorithm of a sign: `sign_type`. A merchant pins one; answers of the other are refused.
 *
 * ```php
 * use WechatPay\Signer;
 * use WechatPay\SignType;
 *
 * $fields = ['appid' => 'wxd930ea5d5a258f4f', 'mch_id' => '10000100', 'device_info' => '1000', 'body' => 'test',
 *     'nonce_str' => 'ibuaiVcKdpRxkhJA'];
 * echo Signer::sign($fields, '192006250b4c09247ec02edce69f6a2d', SignType::Md5), "\n";
 * // prints: 9A0A8659F005D6984697E2CA0A9CF3B7
 * ```
 */
enum SignType: string
{
    /** MD5 over the canonical string: 32 upper-case hex characters. */
    case Md5 = 'MD5';

    /** HMAC-SHA256 over the same string, keyed with the API key: 64 upper-case hex characters. */
    case HmacSha256 = 'HMAC-SHA256';
}
