<?php

declare(strict_types=1);

/*
 * The shop's notify endpoint, run by the demo under PHP's own web server: one page for v2 and APIv3. What it saw goes to
 * the file that DEMO_NOTICES names, one JSON line a notice.
 */

use WechatPay\Merchant;
use WechatPay\Notification;
use WechatPay\PayException;
use WechatPay\ServiceException;

$merchant = new Merchant((string) getenv('DEMO_APPID'), (string) getenv('DEMO_MCH_ID'), (string) getenv('DEMO_KEY'));
$merchantV3 = Merchant::v3(...json_decode((string) getenv('DEMO_V3'), true, 512, JSON_THROW_ON_ERROR));
$body = (string) file_get_contents('php://input');
// Body and headers are noted as they came, for the demo's ledger, which lives in another process.
$came = ['body' => $body, 'headers' => array_filter(getallheaders(), fn (string $name) => stripos($name, 'wechatpay-') === 0, ARRAY_FILTER_USE_KEY)];
$noted = fn (array $what) => file_put_contents((string) getenv('DEMO_NOTICES'), json_encode($what + $came) . "\n", FILE_APPEND);

try {
    $notice = Notification::receive($body, $_SERVER, $merchantV3, $merchant);
    // A shop stores the dedupeKey with what the notice leads to, and does nothing for one it has seen.
    $noted(['key' => $notice->dedupeKey, 'order' => $notice->order, 'refund' => $notice->refund]);
    $notice->reply()->send();
} catch (ServiceException $refusal) {
    // Of v2 only: genuine, and it says that nothing was paid. There is nothing to repeat.
    $noted(['fault' => $refusal::class, 'message' => $refusal->getMessage()]);
    echo Notification::success();
} catch (PayException $fault) {
    $noted(['fault' => $fault::class, 'message' => $fault->getMessage()]);
    Notification::refuse('refused')->send();
}
