<?php

declare(strict_types=1);

/*
 * The shop of the tests with many processes: its ledger on the database that LEDGER_PDO names, its gateway the
 * simulator of php.ini.
 */

namespace WechatPayTests;

use WechatPay\Ledger;
use WechatPay\Merchant;
use WechatPay\Transition;

function merchant(): Merchant
{
    return new Merchant('wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV');
}

function ledger(): Ledger
{
    $pdo = new \PDO(...unserialize(base64_decode((string) getenv('LEDGER_PDO'))));
    return new Ledger($pdo, function (Transition $t, \PDO $pdo): void {
        $pdo->prepare('INSERT INTO balance (trade, fen) VALUES (?, ?)')->execute([$t->outTradeNo, $t->entry->totalFee]);
    });
}
