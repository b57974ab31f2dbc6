<?php

/*
 * One callback that ends in one way, and whether our work ended in order before it. For tools that watch memory; what is
 * stored and told is looked at by CallbackEndsTest, CallbackPollsTest and CallbackHostTest.
 *
 *     php-tests/callback-ends.php                one line for each pair of a callback and an end
 *     php-tests/callback-ends.php onCredit exit  that pair; prints "in order"
 */

declare(strict_types=1);

namespace WechatPayTests;

use WechatPay\Gateway;
use WechatPay\Ledger;
use WechatPay\Merchant;
use WechatPay\Notification;
use WechatPay\OrderQuery;
use WechatPay\Signer;
use WechatPay\SignType;
use WechatPay\Sync;

require __DIR__ . '/autoload.php';

$ends = [
    'exception' => fn () => throw new \RuntimeException('boom'),
    'exit' => function (): never { exit(7); },
    'user-error' => fn () => trigger_error('boom', E_USER_ERROR),
    'compilation' => fn () => eval('final class A {} class B extends A {}'),
    'time-limit' => function (): never {
        set_time_limit(1);
        for (;;) {
        }
    },
    'fiber' => fn () => \Fiber::suspend(),
    'child' => function (): bool {
        if (($child = pcntl_fork()) === 0) {
            posix_kill(getmypid(), SIGKILL);
        }
        pcntl_waitpid($child, $status);
        return true;
    },
];
$number = 'T100001';
$callbacks = [
    'onCredit' => fn (\Closure $end) => ledger($end)->applyNotification(notice('SUCCESS')),
    'onRevoke' => function (\Closure $end): void {
        $ledger = ledger(fn () => true, $end);
        $ledger->applyNotification(notice('SUCCESS'));
        $ledger->applyNotification(notice('REVOKED'));
    },
    'deliver' => function (\Closure $end): void {
        $ledger = ledger(fn () => true);
        $ledger->applyNotification(notice('SUCCESS'));
        $ledger->outbox($end);
    },
    'onProgress' => fn (\Closure $end) => (new Sync(ledger(fn () => true), merchant()))->run(0, onProgress: $end),
    'onAttempt' => fn (\Closure $end) => (new OrderQuery(merchant(), gateway($end)))->byOutTradeNo($number),
    'many' => fn (\Closure $end) => (new OrderQuery(merchant(), gateway($end)))->many([$number, 'T100002', 'T100003']),
    'onPoll' => fn (\Closure $end) => (new OrderQuery(merchant(), gateway()))->untilFinal($number, 400, 100, $end),
    'toString' => fn (\Closure $end) => Signer::sign(['a' => new class ($end) {
        public function __construct(private \Closure $end)
        {
        }

        public function __toString(): string
        {
            ($this->end)();
            return 'text';
        }
    }], 'key', SignType::Md5),
];

function merchant(): Merchant
{
    return new Merchant(SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY);
}

function gateway(?\Closure $end = null): Gateway
{
    $simulator = $GLOBALS['simulator'];
    return new Gateway($simulator->url, caFile: $simulator->caFile, onAttempt: $end);
}

function ledger(\Closure $onCredit, ?\Closure $onRevoke = null): Ledger
{
    $GLOBALS['pdo'] = $pdo = new \PDO('sqlite::memory:', null, null, [\PDO::ATTR_ERRMODE => \PDO::ERRMODE_EXCEPTION]);
    $ledger = new Ledger($pdo, $onCredit, $onRevoke, gateway());
    $ledger->install();
    $ledger->open(merchant(), $GLOBALS['number'], 100);
    return $ledger;
}

function notice(string $state): Notification
{
    $fields = ['out_trade_no' => $GLOBALS['number'], 'transaction_id' => '42', 'total_fee' => 100, 'trade_state' => $state];
    return Notification::read(Notification::sign($fields, merchant()), merchant());
}

if ($argc < 3) {
    foreach (array_keys($callbacks) as $callback) {
        foreach (array_keys($ends) as $end) {
            echo "$callback $end\n";
        }
    }
    exit;
}
$simulator = SimulatorProcess::start('--chacha20');
foreach ([$number, 'T100002', 'T100003'] as $placed) {
    $simulator->control('POST', '/orders', ['out_trade_no' => $placed, 'total_fee' => 100]);
}
[, $callback, $end] = $argv;
register_shutdown_function(function (): void {
    $open = ($GLOBALS['pdo'] ?? null)?->inTransaction() ?? false;
    echo $open ? "a transaction was left open\n" : "in order\n";
    $GLOBALS['simulator']->stop();
});
(new \Fiber(fn () => $callbacks[$callback]($ends[$end])))->start();
