<?php

declare(strict_types=1);

/* The notify endpoint: a fresh connection for each request, FAIL for whatever goes wrong, so that WeChat repeats it. */

namespace WechatPayTests;

require __DIR__ . '/shop.php';

use WechatPay\Notification;

try {
    $notice = Notification::read((string) file_get_contents('php://input'), merchant());
    echo ledger()->applyNotification($notice)->reply();
} catch (\Throwable $e) {
    echo Notification::fail($e::class);
}
