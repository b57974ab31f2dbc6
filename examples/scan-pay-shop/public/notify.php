<?php

declare(strict_types=1);

/*
 * The page behind notify_url. Everything is decided by the bytes of the body: they are verified, the ledger decides, and
 * what it says goes back to WeChat, in the dialect in which it asked. Nobody else is asked, so it answers at once.
 */

require_once \dirname(__DIR__) . '/src/bootstrap.php';

use Shop\Shop;
use WechatPay\Notification;
use WechatPay\ServiceException;

try {
    $shop = new Shop();
    if (!hash_equals($shop->settings->noticePath(), (string) parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH))) {
        http_response_code(404);
        return;
    }
    $notice = Notification::receive(file_get_contents('php://input'), $_SERVER, ...array_values($shop->merchants));
    // Shares of money and the like, which WeChat tells too, are nothing that this shop books.
    ($notice->order || $notice->refund ? $shop->ledger->applyNotification($notice) : $notice)->reply()->send();
} catch (ServiceException $e) {
    error_log("not paid: {$e->getMessage()}");
    header('Content-Type: text/xml');
    echo Notification::success();   // genuine, and there is nothing to repeat
} catch (Throwable $e) {
    error_log($e::class . ": {$e->getMessage()}");
    Notification::refuse('not accepted')->send();
}
