<?php

declare(strict_types=1);

/*
 * Asks what became of an order, or of several:
 *
 *     php examples/query.php coffee-0001
 *
 * Prints one JSON line for each order. Goes to the address in php.ini (wechatpay.url).
 */

require __DIR__ . '/merchant.php';

use WechatPay\Order;
use WechatPay\OrderQuery;

if ($argc < 2) {
    fwrite(STDERR, "usage: php examples/query.php OUT_TRADE_NO...\n");
    exit(2);
}

$faults = 0;
foreach ((new OrderQuery(merchant()))->many(array_slice($argv, 1)) as $outTradeNo => $seen) {
    if ($seen instanceof Order) {
        echo json_encode($seen, JSON_UNESCAPED_UNICODE), "\n";
        continue;
    }
    $faults++;
    fwrite(STDERR, get_class($seen) . ": {$seen->getMessage()}\nnext: {$seen->advice->value}\n");
}
exit($faults === 0 ? 0 : 1);
