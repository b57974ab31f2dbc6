<?php

declare(strict_types=1);

/*
 * The daily job: reconciles every day that is missing, and tells what is left for a person. Run it once a day after
 * 10:00 in Beijing; a day on which it did not run is made up for by the next run:
 *
 *     php examples/daily.php [SINCE]      SINCE as 2026-11-01; without it the last thirty days
 *
 * It exits with 0 if nothing is open, 1 if differences are open, 2 if a bill could not be had or read.
 * systemd: examples/wechatpay-daily.service and examples/wechatpay-daily.timer.
 */

require __DIR__ . '/ledger.php';

use WechatPay\DifferenceState;
use WechatPay\PayException;

$beijing = new DateTimeZone('Asia/Shanghai');
$since = $argv[1] ?? (new DateTimeImmutable('-30 days', $beijing))->format('Y-m-d');
$ledger = shop_ledger();
$failed = false;

try {
    foreach ($ledger->reconcileMissing(merchant(), $since, limit: 31) as $report) {
        echo "$report->from: {$report->theirs['payments']['count']} payments, ", count($report), " differences\n";
    }
} catch (PayException $e) {
    // The other days are done; this one is tried again by the next run.
    $failed = true;
    fwrite(STDERR, $e::class . ": {$e->getMessage()}\nnext: {$e->advice->value}\n");
}
$open = $ledger->differences(merchant(), DifferenceState::Open);
foreach ($open as $difference) {
    $note = $difference->note === null ? '' : " ($difference->note)";
    echo "#$difference->id $difference->date {$difference->kind->name} $difference->key: {$difference->advice->value}$note\n";
}
exit($failed ? 2 : (int) ($open !== []));
