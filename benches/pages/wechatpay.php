<?php

/* A payment page that asks for one order with the extension; the address stands in the INI settings. */

$merchant = new WechatPay\Merchant('wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV');
echo (new WechatPay\OrderQuery($merchant))->byOutTradeNo('BENCH-000001')->tradeState->value;
