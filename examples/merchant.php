<?php

declare(strict_types=1);

use WechatPay\Merchant;

/**
 * The merchant of these examples: from the environment, else the one that the simulator knows. Keep a real key out of
 * the code.
 */
function merchant(): Merchant
{
    return new Merchant(
        appid: getenv('WECHATPAY_APPID') ?: 'wx2421b1c4370ec43b',
        mchId: getenv('WECHATPAY_MCH_ID') ?: '10000100',
        key: getenv('WECHATPAY_KEY') ?: '0123456789abcdefghijKLMNOPQRSTUV',
        certificate: getenv('WECHATPAY_CERTIFICATE') ?: null,   // path of apiclient_cert.pem, or of the p12
        privateKey: getenv('WECHATPAY_PRIVATE_KEY') ?: null,    // path of apiclient_key.pem; none with the p12
    );
}
