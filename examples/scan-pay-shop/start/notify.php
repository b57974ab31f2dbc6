<?php

declare(strict_types=1);

/* The page behind notify_url: the bytes are verified, the ledger decides, and what it says goes back to WeChat. */

require __DIR__ . '/order.php';

use WechatPay\Notification;
use WechatPay\ServiceException;

header('Content-Type: text/xml');
try {
    $notice = Notification::read(file_get_contents('php://input'), merchant());
    echo ledger(database())->applyNotification($notice)->reply();
} catch (ServiceException $e) {
    echo Notification::success();   // genuine, nothing was paid, and there is nothing to repeat
} catch (Throwable $e) {
    error_log($e::class . ": {$e->getMessage()}");
    echo Notification::fail('not accepted');
}
