<?php

declare(strict_types=1);

/*
 * A shop in three files that you can copy: this one sells, notify.php hears what was paid, worker.php asks about the rest.
 * Keys and addresses come from the environment; without it, it sells beside the simulator. Try it: `php -S 127.0.0.1:8000`.
 */

use WechatPay\Ledger;
use WechatPay\LedgerState;
use WechatPay\Merchant;
use WechatPay\Transition;
use WechatPay\UnifiedOrder;

function merchant(): Merchant
{
    return new Merchant(
        appid: getenv('WECHATPAY_APPID') ?: 'wx2421b1c4370ec43b',
        mchId: getenv('WECHATPAY_MCH_ID') ?: '10000100',
        key: getenv('WECHATPAY_KEY') ?: '0123456789abcdefghijKLMNOPQRSTUV',
    );
}

function database(): PDO
{
    $pdo = new PDO(getenv('SHOP_DSN') ?: 'sqlite:' . __DIR__ . '/shop.sqlite', getenv('SHOP_DB_USER') ?: null, getenv('SHOP_DB_PASSWORD') ?: null);
    $pdo->exec('CREATE TABLE IF NOT EXISTS tea_order (number VARCHAR(32) PRIMARY KEY, delivered BIGINT NOT NULL)');
    return $pdo;
}

/** All three files share it, so that a credit means the same everywhere: here, that the tea may be handed over. */
function ledger(PDO $pdo): Ledger
{
    $ledger = new Ledger($pdo, onCredit: function (Transition $t, PDO $pdo): void {
        $pdo->prepare('UPDATE tea_order SET delivered = delivered + 1 WHERE number = ?')->execute([$t->outTradeNo]);
    });
    $ledger->install();   // in your shop: when you deploy
    return $ledger;
}

if (realpath($_SERVER['SCRIPT_FILENAME']) !== __FILE__) {
    return;   // one of the other two: it needs the functions only
}
$pdo = database();
$ledger = ledger($pdo);
$number = $_GET['order'] ?? '';
if (!is_string($number) || !preg_match('~^tea-[0-9a-f]{16}$~D', $number)) {
    $number = 'tea-' . bin2hex(random_bytes(8));
    $pdo->beginTransaction();
    $pdo->prepare('INSERT INTO tea_order (number, delivered) VALUES (?, 0)')->execute([$number]);
    $ledger->open(merchant(), $number, 1230);   // the price comes from here, never from the browser
    $pdo->commit();
    header("Location: ?order=$number", true, 303);   // so that a reload is the same order
    exit;
}
$entry = $ledger->find(merchant(), $number) ?? exit(http_response_code(404));
header('Content-Type: text/html; charset=utf-8');
echo '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="3"><title>Tea</title>';
$isPaid = ($entry->paidFee ?? $entry->suspectTransactionId) !== null;
$entry->state === LedgerState::Created || exit(match ($entry->state) {
    LedgerState::Paid, LedgerState::PartiallyRefunded => "Paid: here is your tea. $number",
    LedgerState::Refunded => "Your money goes back. $number",
    default => $isPaid ? "A person deals with your payment: ask us before you pay again. $number" : "No payment is known: {$entry->state->value}",
});
$url = (getenv('SHOP_URL') ?: 'http://127.0.0.1:8000') . '/notify.php';
echo (new UnifiedOrder(merchant()))
    ->native($number, 1230, 'A cup of tea', $url, $_SERVER['REMOTE_ADDR'], timeExpire: $entry->expiresAt)
    ->qrSvg(280);
