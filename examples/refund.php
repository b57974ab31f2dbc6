<?php

declare(strict_types=1);

/*
 * Gives money back, and tells what became of it:
 *
 *     php examples/refund.php coffee-0001 refund-0001 12.30 2.30
 *     php examples/refund.php coffee-0001
 *
 * The first line asks for a refund of 2.30 yuan; the very same line again is safe, it never refunds twice. The second
 * line lists the refunds of the order. Needs the client certificate (see examples/merchant.php). Goes to the address in
 * php.ini (wechatpay.url).
 */

require __DIR__ . '/merchant.php';

use WechatPay\Fen;
use WechatPay\PayException;
use WechatPay\Refund;
use WechatPay\RefundQuery;

if ($argc !== 5 && $argc !== 2) {
    fwrite(STDERR, "usage: php examples/refund.php OUT_TRADE_NO [OUT_REFUND_NO TOTAL_YUAN REFUND_YUAN]\n");
    exit(2);
}

try {
    if ($argc === 5) {
        [, $outTradeNo, $outRefundNo, $total, $refund] = $argv;
        $receipt = (new Refund(merchant()))
            ->byOutTradeNo($outTradeNo, $outRefundNo, Fen::fromYuan($total), Fen::fromYuan($refund));
        echo "accepted: $receipt->outRefundNo is $receipt->refundId\n";
    }
    $refunds = (new RefundQuery(merchant()))->byOutTradeNo($argv[1]);
} catch (PayException $e) {
    fwrite(STDERR, get_class($e) . ": {$e->getMessage()}\nnext: {$e->advice->value}\n");
    exit(1);
}
foreach ($refunds as $entry) {
    echo "$entry->outRefundNo: ", Fen::toYuan($entry->refundFee ?? 0), ' ', $entry->refundStatus->value, "\n";
}
echo Fen::toYuan($refunds->refundedFee), ' back, ', Fen::toYuan($refunds->pendingFee), " under way\n";
