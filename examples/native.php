<?php

declare(strict_types=1);

/*
 * Places a scan-pay order and shows its QR code:
 *
 *     php examples/native.php coffee-0001 12.30 'A large coffee'
 *
 * The same line again gives the same order a fresh code. Goes to the address in php.ini (wechatpay.url). WeChat tells
 * WECHATPAY_NOTIFY_URL that it is paid: https, or http on this machine for a simulator, where notify-endpoint.php listens.
 */

require __DIR__ . '/merchant.php';

use WechatPay\Fen;
use WechatPay\PayException;
use WechatPay\UnifiedOrder;

if ($argc !== 4) {
    fwrite(STDERR, "usage: php examples/native.php OUT_TRADE_NO YUAN BODY\n");
    exit(2);
}
[, $outTradeNo, $yuan, $body] = $argv;

try {
    $prepay = (new UnifiedOrder(merchant()))->native(
        outTradeNo: $outTradeNo,
        totalFee: Fen::fromYuan($yuan),
        body: $body,
        notifyUrl: getenv('WECHATPAY_NOTIFY_URL') ?: 'https://shop.example/notify',
        spbillCreateIp: '127.0.0.1',
    );
} catch (PayException $e) {
    fwrite(STDERR, get_class($e) . ": {$e->getMessage()}\nnext: {$e->advice->value}\n");
    exit(1);
}
echo $prepay->qrText(), "\n", $prepay->codeUrl, "\n";
