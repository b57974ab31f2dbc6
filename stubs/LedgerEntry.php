<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * What the ledger knows of one order. A value, as the row was when it was read.
 *
 * ```php
 * use WechatPay\Ledger;
 * use WechatPay\Merchant;
 *
 * $merchant = new Merchant('wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV');
 * $ledger = new Ledger(new PDO('sqlite::memory:'), fn () => null);
 * $ledger->install();
 * $entry = $ledger->open($merchant, 'T20261122-0001', 1230, new DateTimeImmutable('+30 minutes'));
 * echo "{$entry->state->name}, {$entry->totalFee} fen\n";   // prints: Created, 1230 fen
 * var_dump($entry->credited);                                // prints: bool(false)
 * ```
 */
final class LedgerEntry implements \JsonSerializable
{
    /** The shop's number. */
    public readonly string $outTradeNo;

    /** The merchant. */
    public readonly string $mchId;

    /** The sub-merchant of a service provider. */
    public readonly ?string $subMchId;

    /** The app. */
    public readonly string $appid;

    /** The sub-merchant's app. */
    public readonly ?string $subAppid;

    /** Where it stands. */
    public readonly LedgerState $state;

    /** What it was opened with, in fen. */
    public readonly int $totalFee;

    /** Currency. */
    public readonly string $feeType;

    /** How it is paid: NATIVE, JSAPI, MICROPAY ... */
    public readonly string $tradeType;

    /** The payment that counts; null while there is none. */
    public readonly ?string $transactionId;

    /**
     * What was paid, in fen; null while nothing is. Not always totalFee: a person may have credited another amount. This
     * is what is booked and what can be refunded.
     */
    public readonly ?int $paidFee;

    /** Is the credit given, and not taken back? */
    public readonly bool $credited;

    /** Fen that went back, or are on their way. */
    public readonly int $refundedFee;

    /** Fen of refunds that are wanted and not known to have arrived: they may still go back. */
    public readonly int $pendingRefundFee;

    /** In Review: the last payment that was seen, which resolve() credits or sends back. */
    public readonly ?string $suspectTransactionId;

    /** Why it stands where it stands. */
    public readonly string $reason;

    /** When it was opened, by the database's clock, Beijing time. */
    public readonly \DateTimeImmutable $createdAt;

    /** When it changed last. */
    public readonly \DateTimeImmutable $changedAt;

    /** When `Sync` gives it up if it is not paid. */
    public readonly \DateTimeImmutable $expiresAt;

    /** When `Sync` asks about it next; null if nothing more is to be known. */
    public readonly ?\DateTimeImmutable $dueAt;

    /** Made by the extension only; can be neither constructed nor unserialized. */
    private function __construct()
    {
        throw new \Error('WechatPay\\LedgerEntry is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Property names, enum values, times as ATOM.
     *
     * @return array<string, mixed>
     */
    public function jsonSerialize(): array
    {
        throw new \Error('WechatPay\\LedgerEntry is provided by the wechatpay extension, which is not loaded.');
    }
}
