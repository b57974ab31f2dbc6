<?php

declare(strict_types=1);

/* Finds payments whose notice was lost, and gives up what nobody pays: `php worker.php [SECONDS]`, by cron or systemd. */

require __DIR__ . '/order.php';

use WechatPay\Sync;

$report = (new Sync(ledger(database()), merchant()))->run(seconds: (int) ($argv[1] ?? 55));
array_map(error_log(...), $report->messages);
echo "asked $report->asked, credited $report->credited\n";
