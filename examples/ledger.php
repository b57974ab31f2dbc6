<?php

declare(strict_types=1);

/*
 * The one function that order page, notify endpoint, worker and back office share: what a credit means is said here, and
 * nowhere else.
 *
 *     require __DIR__ . '/ledger.php';
 *     shop_ledger()->open(merchant(), 'coffee-0001', 1230);                       // the order page, before UnifiedOrder
 *     echo shop_ledger()->applyNotification(Notification::read($body, merchant()))->reply();   // the notify endpoint
 *
 * The database is that of WECHATPAY_EXAMPLE_DSN (with WECHATPAY_EXAMPLE_USER and _PASSWORD), else SQLite in a file
 * beside the temporary files.
 */

require_once __DIR__ . '/merchant.php';

use WechatPay\Ledger;
use WechatPay\Transition;

function shop_database(): PDO
{
    $dsn = getenv('WECHATPAY_EXAMPLE_DSN') ?: 'sqlite:' . sys_get_temp_dir() . '/wechatpay-shop.sqlite';
    $pdo = new PDO($dsn, getenv('WECHATPAY_EXAMPLE_USER') ?: null, getenv('WECHATPAY_EXAMPLE_PASSWORD') ?: null);
    $pdo->exec('CREATE TABLE IF NOT EXISTS shop_balance (order_number VARCHAR(32) NOT NULL, fen BIGINT NOT NULL)');
    return $pdo;
}

function shop_ledger(): Ledger
{
    $book = fn (int $sign) => function (Transition $t, PDO $pdo) use ($sign): void {
        // In the transaction that makes the order Paid: this row and that state are stored together, once.
        $pdo->prepare('INSERT INTO shop_balance (order_number, fen) VALUES (?, ?)')
            ->execute([$t->outTradeNo, $sign * $t->entry->paidFee]);
    };
    $ledger = new Ledger(shop_database(), onCredit: $book(1), onRevoke: $book(-1));
    $ledger->install();
    return $ledger;
}
