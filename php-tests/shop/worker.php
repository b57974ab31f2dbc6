<?php

declare(strict_types=1);

/* A worker: asks WeChat about what is due until somebody ends it. A lost database is waited for. */

namespace WechatPayTests;

require __DIR__ . '/shop.php';

use WechatPay\Sync;

while (true) {
    try {
        (new Sync(ledger(), merchant()))->run(seconds: 5, concurrency: 4, batch: 10);
    } catch (\PDOException | \WechatPay\PayException) {
        usleep(50_000);
    }
}
