<?php

/* The same page with a new curl handle, as plain PHP must: no handle outlives a request. */

require_once __DIR__ . '/../PlainOrder.php';
require_once __DIR__ . '/../plain.php';

$ids = ['wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV', 'BENCH-000001'];
$handle = WechatPayBench\plain_handle(ini_get('wechatpay.url'), $_GET['ca'] ?? ini_get('wechatpay.ca_file'));
echo WechatPayBench\plain_query($handle, ...$ids)->tradeState->value;
