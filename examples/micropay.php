<?php

declare(strict_types=1);

/*
 * Charges the code that a payer shows:
 *
 *     php examples/micropay.php sale-0001 12.30 134567890123456789
 *
 * Ends with 0 if it is paid, 1 if it is not and nothing was charged, 3 if nobody could say: then ask again later
 * (examples/query.php), and neither deliver nor charge again until then. Needs the client certificate (see
 * examples/merchant.php). Goes to the address in php.ini (wechatpay.url).
 */

require __DIR__ . '/merchant.php';

use WechatPay\Fen;
use WechatPay\Micropay;
use WechatPay\Order;
use WechatPay\PayException;
use WechatPay\TradeState;
use WechatPay\UndecidedException;

if ($argc !== 4) {
    fwrite(STDERR, "usage: php examples/micropay.php OUT_TRADE_NO YUAN AUTH_CODE\n");
    exit(2);
}
[, $outTradeNo, $yuan, $authCode] = $argv;

try {
    $order = (new Micropay(merchant()))->pay(
        outTradeNo: $outTradeNo,
        authCode: $authCode,
        totalFee: Fen::fromYuan($yuan),
        body: 'At the till',
        spbillCreateIp: '127.0.0.1',
        onPoll: function (Order|PayException $seen, int $number): void {
            echo $number, ': ', $seen instanceof Order ? $seen->tradeState->value : $seen->getMessage(), "\n";
        },
    );
} catch (UndecidedException $e) {
    fwrite(STDERR, "not decided: {$e->getMessage()}\n");
    exit(3);
} catch (PayException $e) {
    fwrite(STDERR, get_class($e) . ": {$e->getMessage()}\nnext: {$e->advice->value}\n");
    exit($e->maybeProcessed ? 3 : 1);
}
echo json_encode($order, JSON_UNESCAPED_UNICODE), "\n";
exit($order->tradeState === TradeState::Success ? 0 : 1);
