<?php

/* The page of a merchant of APIv3. */

$merchant = WechatPay\Merchant::v3(...require __DIR__ . '/../../target/bench-v3.php');
echo (new WechatPay\OrderQuery($merchant))->byOutTradeNo('BENCH-000001')->tradeState->value;
