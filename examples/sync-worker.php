<?php

declare(strict_types=1);

/*
 * The worker: asks WeChat Pay about every order that is due, gives up those that nobody pays, delivers the outbox. Run as
 * many as you like, on as many machines as you like:
 *
 *     php examples/sync-worker.php [SECONDS]      without SECONDS until SIGTERM
 *
 * systemd: examples/wechatpay-sync.service.
 */

require __DIR__ . '/ledger.php';

use WechatPay\Sync;
use WechatPay\SyncReport;

$until = isset($argv[1]) ? time() + (int) $argv[1] : PHP_INT_MAX;
$isTerminal = stream_isatty(STDERR);

$progress = function (SyncReport $r) use ($isTerminal): void {
    if ($isTerminal) {
        $seconds = intdiv($r->ms, 1000);
        fwrite(STDERR, "\r{$seconds}s  asked $r->asked  credited $r->credited  changed $r->changed  faults $r->faults\e[K");
    }
};
/** Tell the outside world: mail, stock, invoices. What returns has arrived; false means "again later". */
$deliver = function (string $topic, array $payload): bool {
    try {
        echo date('H:i:s'), " {$payload['out_trade_no']} $topic ({$payload['reason']})\n";
        return true;
    } catch (Throwable $e) {
        // One message that cannot be delivered stops no other.
        fwrite(STDERR, "\n{$payload['out_trade_no']} $topic: {$e->getMessage()}");
        return false;
    }
};

// Sync sees SIGTERM and SIGINT while it runs. Between two runs they are noted here, so that a delivery ends as it should.
$isTold = false;
$note = function () use (&$isTold): void {
    $isTold = true;
};
$watch = function (callable|int $handler): void {
    if (extension_loaded('pcntl')) {
        pcntl_async_signals(true);
        array_map(fn (int $signal) => pcntl_signal($signal, $handler), [SIGTERM, SIGINT]);
    }
};
$watch($note);

for ($pause = 1; !$isTold && time() < $until;) {
    try {
        $ledger = shop_ledger();
        $sync = new Sync($ledger, merchant());
        do {
            $watch(SIG_DFL);
            $report = $sync->run(seconds: max(1, min(10, $until - time())), onProgress: $progress);
            $watch($note);
            array_map(fn (string $message) => fwrite(STDERR, "\n$message"), $report->messages);
            if ($report->others > 0) {
                fwrite(STDERR, "\n$report->others orders are due whose merchant this worker was not given");
            }
            $ledger->outbox($deliver);
            $pause = 1;
        } while (!$report->stopped && !$isTold && time() < $until);
        exit(0);
    } catch (Throwable $e) {
        $watch($note);
        // The database went away, a setting is wrong: begin anew, a little later each time. No order is lost by that.
        fwrite(STDERR, "\n" . $e::class . ": {$e->getMessage()}, again in $pause s\n");
        sleep($pause);
        $pause = min(60, 2 * $pause);
    }
}
