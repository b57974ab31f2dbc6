<?php

/* A thousand queries in a fresh process; prints by how many MiB its memory peaked above where it began. */

require_once __DIR__ . '/../PlainOrder.php';
require_once __DIR__ . '/../plain.php';

function peak(): float
{
    preg_match('/^VmHWM:\s+(\d+)/m', file_get_contents('/proc/self/status'), $found);
    return $found[1] / 1024;
}

$ids = ['wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV'];
$numbers = array_map(static fn (int $n) => sprintf('BENCH-%06d', $n), range(1, 1000));
$before = peak();
if ($argv[1] === 'wechatpay') {
    $orders = (new WechatPay\OrderQuery(new WechatPay\Merchant(...$ids)))->many($numbers);
} else {
    $handles = [];
    for ($n = 0; $n < 16; $n++) {
        $handles[] = WechatPayBench\plain_handle(ini_get('wechatpay.url'), ini_get('wechatpay.ca_file'));
    }
    $orders = WechatPayBench\plain_many($handles, ...[...$ids, $numbers]);
}
$paid = array_filter($orders, static fn (object $order) => $order->tradeState->value === 'SUCCESS');
if (count($paid) !== 1000) {
    exit(1);
}
echo peak() - $before;
