<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * Asks WeChat about every order of a ledger that is due, so that a lost notice loses no order, and gives up orders that
 * nobody pays in time. A service; run it in one process or in many, on one machine or many: each order is one worker's
 * at a time. `examples/sync-worker.php` is a worker ready to use.
 *
 * ```php
 * use WechatPay\Ledger;
 * use WechatPay\Merchant;
 * use WechatPay\Sync;
 * use WechatPay\SyncReport;
 * use WechatPay\UnifiedOrder;
 *
 * $merchant = new Merchant('wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV');
 * $pdo = new PDO('sqlite::memory:');
 * $ledger = new Ledger($pdo, fn () => null);
 * $ledger->install();
 * $ledger->open($merchant, 'T20261122-0001', 1230);
 * (new UnifiedOrder($merchant))
 *     ->native('T20261122-0001', 1230, 'A large coffee', 'https://shop.example/notify', '127.0.0.1');
 *
 * $pdo->exec('UPDATE wechatpay_order SET due_at = 0');   // only here: do not wait the five seconds
 * $report = (new Sync($ledger, $merchant))->run(seconds: 0, onProgress: function (SyncReport $soFar): void {
 *     echo "asked $soFar->asked\n";                       // prints: asked 1
 * });
 * echo $report->faults, "\n";                             // prints: 0
 * ```
 */
final class Sync
{
    /**
     * @param Ledger   $ledger    whose orders; its gateway is asked
     * @param Merchant ...$merchants one or more, each with the ids its orders were opened with: WeChat is asked about
     *                            an order by its own merchant only. Two appids on one mch_id are two merchants. Orders
     *                            of others are left alone and counted in SyncReport::$others. Those whose refunds and
     *                            reverses are to be carried on need their certificate, in v2. Of one that is given in
     *                            both dialects, in whichever order, v2 is asked, which lists all refunds of an order;
     *                            what acts goes out in v2 if that one has its certificate, else in APIv3
     *
     * @throws \ValueError without a merchant
     */
    public function __construct(Ledger $ledger, Merchant ...$merchants)
    {
        throw new \Error('WechatPay\\Sync is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Works until the time is over: claims a batch, asks about it outside of any transaction, as many at once as
     * $concurrency says, and applies the answers one by one. It ends within $seconds and the time limit of one call
     * (`Gateway(timeoutMs:)`; a reverse that has to be repeated may take 20 seconds). SIGTERM and SIGINT end it within
     * that time too, unless the script has handlers of its own for them. Orders that were claimed and not asked about
     * are given back.
     *
     * exit(), a fatal error, a time or memory limit, or a browser that hung up, in a callback of the ledger's or in
     * $onProgress, end the run as they end the script: what was under way is rolled back, the process has its signal
     * handlers back, and the other orders in hand are due again when their leases have run out.
     *
     * What fails for one order stops no other: it is counted, kept in the report and due again later; a COMMIT that the
     * database refuses, or whose answer is lost, is one order's failure as well. A connection that cannot be used any
     * more ends the run: what it had claimed is due again after its lease, and counts as nobody's fault.
     *
     * @param int $seconds     how long, 0 to 86400; 0: until nothing is due
     * @param int $concurrency questions at once, 1 to 64
     * @param int $batch       orders claimed at once, 1 to 1000
     * @param (callable(SyncReport $report): mixed)|null $onProgress called after each round; false stops; what it throws is
     *                                                       thrown on; a Generator is an error
     *
     * @return SyncReport what was done
     *
     * @throws \LogicException if the PDO is in a transaction, its Ledger is at work, the server is too old to claim, or
     *                         $onProgress gave a Generator
     * @throws \PDOException   if the database cannot be used; it says so of a replica
     * @throws PayException    with Advice::FixConfiguration: the gateway's settings cannot be used
     * @throws \ValueError     if an argument is out of range
     */
    public function run(
        int $seconds = 60,
        int $concurrency = 16,
        int $batch = 50,
        ?callable $onProgress = null,
    ): SyncReport {
        throw new \Error('WechatPay\\Sync is provided by the wechatpay extension, which is not loaded.');
    }
}
