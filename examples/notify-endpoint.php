<?php

declare(strict_types=1);

/*
 * The page behind notify_url, in plain PHP: payments and refunds. To try it:
 *
 *     php -S 127.0.0.1:8000 examples/notify-endpoint.php
 *
 * It keeps what it has heard in SQLite (WECHATPAY_EXAMPLE_DB, by default notices.sqlite beside the temporary files):
 * one row an event, however often WeChat tells it.
 */

require __DIR__ . '/merchant.php';

use WechatPay\Notification;
use WechatPay\Order;
use WechatPay\PayException;
use WechatPay\RefundQuery;
use WechatPay\ServiceException;
use WechatPay\TradeState;

function database(): PDO
{
    $pdo = new PDO('sqlite:' . (getenv('WECHATPAY_EXAMPLE_DB') ?: sys_get_temp_dir() . '/notices.sqlite'));
    $pdo->setAttribute(PDO::ATTR_TIMEOUT, 5);
    $pdo->exec('CREATE TABLE IF NOT EXISTS event (dedupe_key TEXT PRIMARY KEY, what TEXT NOT NULL)');
    return $pdo;
}

/** What the shop asked for, in fen. A real shop looks into its own table; here every order costs 12.30. */
function asked(string $outTradeNo): ?int
{
    return str_starts_with($outTradeNo, 'coffee-') ? 1230 : null;
}

/** Why a verified payment is not the one that the shop waits for. */
function objection(Order $order): ?string
{
    return match (true) {
        $order->tradeState !== TradeState::Success => 'not paid',
        asked($order->outTradeNo) === null => 'unknown order',
        $order->totalFee !== asked($order->outTradeNo), ($order->feeType ?? 'CNY') !== 'CNY' => 'another amount',
        default => null,
    };
}

/** Stores an event once; true if it is new. The delivery belongs into the same transaction. */
function remember(string $dedupeKey, string $what): bool
{
    $insert = database()->prepare('INSERT OR IGNORE INTO event VALUES (?, ?)');
    $insert->execute([$dedupeKey, $what]);
    return $insert->rowCount() === 1;
}

header('Content-Type: text/xml');
try {
    $notice = Notification::read(file_get_contents('php://input'), merchant());
    if ($notice->order !== null) {
        $objection = objection($notice->order);
        if ($objection !== null) {
            exit(Notification::fail($objection));
        }
        remember($notice->dedupeKey, "{$notice->order->outTradeNo} is paid");
    } else {
        // A refund notice is encrypted, not signed: ask before you believe it.
        $refunds = (new RefundQuery($notice->merchant))->byOutRefundNo($notice->refund->outRefundNo);
        remember($notice->dedupeKey, "{$notice->refund->outRefundNo}: {$refunds->refundedFee} fen are back");
    }
    exit(Notification::success());
} catch (ServiceException $e) {
    // Genuine, and it says that nothing was paid: a deduction by contract that was refused. There is nothing to repeat.
    error_log("not paid: {$e->getMessage()}");
    exit(Notification::success());
} catch (PayException $e) {
    error_log(get_class($e) . ": {$e->getMessage()}");
    exit(Notification::fail('not accepted'));
}
