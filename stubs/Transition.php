<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * What one application of evidence did to an order. A value; $onCredit and $onRevoke get one.
 *
 * ```php
 * use WechatPay\Ledger;
 * use WechatPay\Merchant;
 * use WechatPay\Notification;
 * use WechatPay\Transition;
 *
 * $merchant = new Merchant('wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV');
 * $ledger = new Ledger(new PDO('sqlite::memory:'), function (Transition $t, PDO $pdo): void {
 *     echo "book {$t->entry->paidFee} fen for $t->outTradeNo\n";   // prints: book 1230 fen for T20261122-0001
 * });
 * $ledger->install();
 * $ledger->open($merchant, 'T20261122-0001', 1230);
 *
 * $body = Notification::sign(
 *     ['out_trade_no' => 'T20261122-0001', 'transaction_id' => '4200000000202611220000000001', 'total_fee' => 1230],
 *     $merchant,
 * );
 * foreach ([1, 2] as $time) {
 *     $t = $ledger->applyNotification(Notification::read($body, $merchant));
 *     echo "{$t->from->name} -> {$t->to->name}: $t->reason\n";   // prints: Created -> Paid: paid
 * }                                                                // prints: Paid -> Paid: seen before
 * ```
 */
final class Transition implements \JsonSerializable
{
    /** The order. */
    public readonly string $outTradeNo;

    /** Where it stood. */
    public readonly LedgerState $from;

    /** Where it stands. */
    public readonly LedgerState $to;

    /** Did anything change: the state, the credit, the refunds or what is wanted of WeChat? */
    public readonly bool $changed;

    /** Was the credit given just now? In a transaction of the shop's: when the shop commits. */
    public readonly bool $credited;

    /** Was the credit taken back just now? */
    public readonly bool $revoked;

    /** Why, in a few words, such as `paid`, `seen before`, `total_fee differs`. */
    public readonly string $reason;

    /** The order after it; null for one that was never opened. */
    public readonly ?LedgerEntry $entry;

    /** Made by the extension only; can be neither constructed nor unserialized. */
    private function __construct()
    {
        throw new \Error('WechatPay\\Transition is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * What to answer a notice with, in its own dialect: yes once the ledger has it, no for an order that nobody opened
     * yet. Send it only after your own transaction, if you have one, is committed: `reply()->send()`. In v2 `echo` does as
     * well; APIv3 reads the status.
     */
    public function reply(): Reply
    {
        throw new \Error('WechatPay\\Transition is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Property names with enum values.
     *
     * @return array<string, mixed>
     */
    public function jsonSerialize(): array
    {
        throw new \Error('WechatPay\\Transition is provided by the wechatpay extension, which is not loaded.');
    }
}
