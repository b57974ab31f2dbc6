<?php

/* The same with a new curl handle and keys that are parsed anew, as plain PHP must: neither outlives a request. */

require_once __DIR__ . '/../PlainOrder.php';
require_once __DIR__ . '/../plain_v3.php';

$keys = new WechatPayBench\PlainKeys(require __DIR__ . '/../../target/bench-v3.php');
$handle = WechatPayBench\plain_v3_handle($_GET['ca'] ?? ini_get('wechatpay.ca_file'));
echo WechatPayBench\plain_v3_query($handle, $keys, ini_get('wechatpay.url'), 'BENCH-000001')->tradeState->value;
