<?php

declare(strict_types=1);

/*
 * Asks WeChat about every order that is due, gives up those that nobody pays, hands on what happened, reconciles the days
 * whose bills are there, and looks whether the members' accounts add up. As many as you
 * like, on as many machines as you like:
 *
 *     php bin/worker.php [SECONDS]      without SECONDS until SIGTERM
 *     php bin/worker.php install        makes the tables: once, when you deploy
 */

require_once \dirname(__DIR__) . '/src/bootstrap.php';

use Shop\Office\Days;
use Shop\Office\RefundWatch;
use Shop\Office\Status;
use Shop\Shop;
use WechatPay\Sync;

if (($argv[1] ?? '') === 'install') {
    (new Shop())->install();
    exit(0);
}
$until = isset($argv[1]) ? time() + (int) $argv[1] : PHP_INT_MAX;

/** What fails stops no other job: false. Without its database the worker begins anew. */
$try = static function (callable $job): mixed {
    try {
        return $job();
    } catch (Throwable $e) {
        error_log($e instanceof PDOException ? throw $e : $e::class . ": {$e->getMessage()}");
        return false;
    }
};

/**
 * Tell the outside world: mail, delivery, invoices. What returns has arrived; false means "again later". The topic is only
 * where it stands, since a refund that was given up says PAID again: whether goods leave is up to the order.
 */
$deliver = static function (string $topic, array $payload, int $message) use (&$shop, $try): bool {
    $isPaid = \in_array($topic, ['PAID', 'PART_REFUNDED'], true);
    $goods = $isPaid ? $try(fn () => $shop->orders->goods($payload['out_trade_no'], $message)) : 'stay';
    $isTold = \in_array($goods, ['leave', 'stay'], true);
    $isTold && print date('H:i:s') . ($goods === 'leave' ? ' deliver' : '') . " {$payload['out_trade_no']} $topic ({$payload['reason']})\n";
    return $isTold;
};

$nextCheck = 0;
while (time() < $until) {
    try {
        $shop = new Shop();
        $sync = new Sync($shop->ledger, ...array_values($shop->merchants));
        do {
            $report = $sync->run(seconds: (int) max(1, min(5, $until - time())));
            array_map(error_log(...), $report->messages);
            $try(fn () => Status::beat($shop->database, $report));
            $try(fn () => $shop->ledger->outbox($deliver, 30));
            $try(fn () => (new RefundWatch($shop))->look());
            if (time() >= $nextCheck) {
                $nextCheck = time() + 1800;
                $try(fn () => (new Days($shop))->reconcileMissing());
                $try(fn () => array_map(static fn (string $id) => error_log("the journal of member $id does not add up"), $shop->members->wrong()));
            }
        } while (!$report->stopped && time() < $until);
        exit(0);
    } catch (Throwable $e) {
        // The database went away, a setting is wrong: begin anew. No order is lost by that.
        error_log($e::class . ": {$e->getMessage()}");
        sleep(2);
    }
}
