<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * What a run of `Sync` did, so far or in all. A value.
 *
 * ```php
 * use WechatPay\Ledger;
 * use WechatPay\Merchant;
 * use WechatPay\Sync;
 *
 * $merchant = new Merchant('wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV');
 * $ledger = new Ledger(new PDO('sqlite::memory:'), fn () => null);
 * $ledger->install();
 * $report = (new Sync($ledger, $merchant))->run(seconds: 0);
 * echo "$report->claimed claimed, $report->credited credited\n";   // prints: 0 claimed, 0 credited
 * ```
 */
final class SyncReport
{
    /** Rounds over one merchant's orders each. */
    public readonly int $rounds;

    /** Orders taken because they were due. */
    public readonly int $claimed;

    /** Questions and calls to WeChat. */
    public readonly int $asked;

    /** Applications that changed an order. */
    public readonly int $changed;

    /** Credits given. */
    public readonly int $credited;

    /** Questions that brought nothing; each order is due again later. */
    public readonly int $faults;

    /** Applications that failed, a callback's exception for one; each order is due again later. */
    public readonly int $failures;

    /**
     * Orders that are due and belong to a merchant that `Sync` was not given: another appid, sub_mch_id or sub_appid
     * counts as another. Nobody asks about them; give `Sync` their merchants too.
     */
    public readonly int $others;

    /** Did WeChat say FREQUENCY_LIMITED? */
    public readonly bool $limited;

    /** Was it told to stop: by SIGTERM, SIGINT or $onProgress? */
    public readonly bool $stopped;

    /** Milliseconds. */
    public readonly int $ms;

    /**
     * The last 20 faults and failures: the order's number and what happened.
     *
     * @var list<string>
     */
    public readonly array $messages;

    /**
     * The last 20 exceptions behind failures: what a callback threw or the database said, the very same object; an
     * UndecidedException where the answer to a COMMIT was lost.
     *
     * @var list<\Throwable>
     */
    public readonly array $exceptions;

    /** Made by the extension only; can be neither constructed nor unserialized. */
    private function __construct()
    {
        throw new \Error('WechatPay\\SyncReport is provided by the wechatpay extension, which is not loaded.');
    }
}
