<?php

declare(strict_types=1);

/*
 * The shop's notify endpoint, run by the demo under PHP's own web server. What it saw goes to the file that
 * DEMO_NOTICES names, one JSON line a notice.
 */

use WechatPay\Merchant;
use WechatPay\Notification;
use WechatPay\PayException;
use WechatPay\ServiceException;

$merchant = new Merchant((string) getenv('DEMO_APPID'), (string) getenv('DEMO_MCH_ID'), (string) getenv('DEMO_KEY'));
$noted = fn (array $what) => file_put_contents((string) getenv('DEMO_NOTICES'), json_encode($what) . "\n", FILE_APPEND);

try {
    $notice = Notification::read((string) file_get_contents('php://input'), $merchant);
    // A shop stores the dedupeKey with what the notice leads to, and does nothing for one it has seen.
    $noted(['key' => $notice->dedupeKey, 'order' => $notice->order, 'refund' => $notice->refund]);
    echo Notification::success();
} catch (ServiceException $refusal) {
    // Genuine, and it says that nothing was paid: there is nothing to repeat.
    $noted(['fault' => $refusal::class, 'message' => $refusal->getMessage()]);
    echo Notification::success();
} catch (PayException $fault) {
    $noted(['fault' => $fault::class, 'message' => $fault->getMessage()]);
    echo Notification::fail('refused');
}
