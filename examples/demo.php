<?php

declare(strict_types=1);

/*
 * A shop and a simulated WeChat Pay, all on this machine: `make demo`.
 *
 * Each chapter is one function under demo/. It tells what it does and checks that it is so; the first thing that is
 * not as told ends the demo with exit code 1.
 */

namespace Demo;

require __DIR__ . '/demo/Simulator.php';
require __DIR__ . '/demo/Screen.php';
require __DIR__ . '/demo/Shop.php';
require __DIR__ . '/demo/orders.php';
require __DIR__ . '/demo/Endpoint.php';
require __DIR__ . '/demo/faults.php';
require __DIR__ . '/demo/trade.php';
require __DIR__ . '/demo/apiv3.php';
require __DIR__ . '/demo/ledger.php';
require __DIR__ . '/demo/day.php';

/** @return array<string, callable(Shop): void> title => chapter */
function chapters(): array
{
    return [
        'Place a scan-pay order' => placeAnOrder(...),
        'Ask what became of it' => askWhatBecameOfIt(...),
        'Close an order that nobody pays' => closeAnOrder(...),
        'Wait for the payer' => waitForThePayer(...),
        'Ask for many orders at once' => askForMany(...),
        'A fault that heals by itself' => askWhileOneDomainIsIll(...),
        'Faults that need you' => provokeFaults(...),
        'Why is this sign wrong?' => explainASign(...),
        'Hear that an order was paid' => hearThatItWasPaid(...),
        'Refund a part of it' => refundAPart(...),
        "Scan the payer's code" => scanThePayersCode(...),
        'A close that comes too late' => closeTooLate(...),
        'The same shop in APIv3' => sellInApiV3(...),
        'APIv3: the certificate is rotated' => rotateTheCertificate(...),
        'APIv3: a probe is refused' => refuseAProbe(...),
    ];
}

/** Those that need a database: SQLite, in memory. @return array<string, callable(Shop): void> */
function chaptersOfTheLedger(): array
{
    return [
        'The ledger finds a lost notice' => findALostNotice(...),
        'The ledger credits once' => creditOnce(...),
        'The ledger and a late payment' => showALatePayment(...),
        'The ledger books a refund' => bookARefund(...),
        'The ledger credits once, in APIv3 too' => creditOnceInApiV3(...),
        "The ledger and the day's bill" => reconcileTheDay(...),
    ];
}

/** Somebody pressed Ctrl-C, or sent SIGTERM. */
final class Interrupted extends \RuntimeException
{
    /** The signal that came, if one came. */
    public static ?int $signal = null;

    /** Lets a signal end the demo as a fault does, so that the simulator is stopped. */
    public static function endOnSignals(): void
    {
        if (!\function_exists('pcntl_async_signals')) {
            return;
        }
        pcntl_async_signals(true);
        foreach ([SIGINT, SIGTERM] as $signal) {
            pcntl_signal($signal, function (int $signal): never {
                self::$signal = $signal;
                throw new self("ended by signal $signal");
            });
        }
    }
}

/** Tells all chapters, and stops the simulator whatever happens. */
function tell(Screen $screen): void
{
    $simulator = Simulator::start();
    $versions = 'wechatpay ' . phpversion('wechatpay') . ', PHP ' . PHP_VERSION;
    $screen->say("$versions: a shop and a simulated WeChat Pay; real TLS, real signs, no network.");
    try {
        $shop = new Shop($simulator, $screen);
        $hasSqlite = \extension_loaded('pdo_sqlite');
        foreach ([...chapters(), ...$hasSqlite ? chaptersOfTheLedger() : []] as $title => $chapter) {
            $screen->chapter($title);
            $chapter($shop);
            $shop->expect(null, Interrupted::$signal, 'a signal');
        }
        if (!$hasSqlite) {
            $screen->gap();
            $screen->say("The ledger's chapters are left out: this PHP has no pdo_sqlite (Debian: php-sqlite3).");
        }
    } finally {
        isset($shop) && $shop->close();
        $clean = $simulator->stop();
    }
    $shop->expect(true, $clean, 'the simulator has gone, and its temporary files with it');
    $screen->gap();
    $screen->say('All was as told. The simulator has ended and left no files behind.');
}

if (!\extension_loaded('wechatpay')) {
    fwrite(STDERR, "The demo needs the extension: run `make demo`.\n");
    exit(1);
}
Interrupted::endOnSignals();
try {
    tell(new Screen());
} catch (\Throwable $fault) {
    if (Interrupted::$signal !== null) {
        fwrite(STDERR, "\nInterrupted. The simulator has ended.\n");
        exit(128 + Interrupted::$signal);
    }
    fwrite(STDERR, "\nThe demo failed: " . $fault::class . ": {$fault->getMessage()}\n{$fault->getTraceAsString()}\n");
    exit(1);
}
