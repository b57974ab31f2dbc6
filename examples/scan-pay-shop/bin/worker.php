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
use Shop\Office\Refunds;
use Shop\Office\Status;
use Shop\OrderPage;
use Shop\Shop;
use WechatPay\Sync;

if (($argv[1] ?? '') === 'install') {
    Shop::open()->install();
    exit(0);
}
$until = isset($argv[1]) ? time() + (int) $argv[1] : PHP_INT_MAX;

/** Tell the outside world: mail, delivery, invoices. What returns has arrived; false means "again later". */
$deliver = static function (string $topic, array $payload) use (&$shop): bool {
    if ($topic === 'PAID' && OrderPage::state(...$shop->orders->confirmed($payload['out_trade_no'])) === 'review') {
        return false;   // a person looks at it first
    }
    echo date('H:i:s'), " {$payload['out_trade_no']} $topic ({$payload['reason']})\n";
    return true;
};

$nextCheck = 0;
while (time() < $until) {
    try {
        $shop = Shop::open();
        $sync = new Sync($shop->ledger, ...array_values($shop->merchants));
        do {
            $report = $sync->run(seconds: (int) max(1, min(5, $until - time())));
            array_map(error_log(...), $report->messages);
            $shop->ledger->outbox($deliver);
            (new Refunds($shop))->carryOn();
            Status::beat($shop->database, $report);
            if (time() >= $nextCheck) {
                (new Days($shop))->reconcileMissing();
                array_map(static fn (string $id) => error_log("the journal of member $id does not add up"), $shop->members->wrong());
                $nextCheck = time() + 1800;
            }
        } while (!$report->stopped && time() < $until);
        exit(0);
    } catch (Throwable $e) {
        // The database went away, a setting is wrong: begin anew. No order is lost by that.
        error_log($e::class . ": {$e->getMessage()}");
        sleep(2);
    }
}
