<?php

declare(strict_types=1);

namespace Shop;

use WechatPay\LedgerEntry;
use WechatPay\LedgerState;
use WechatPay\Merchant;
use WechatPay\OrderQuery;
use WechatPay\ServiceException;

/** Orders that are placed: found again, shown to be paid, asked about, let go. */
final class Orders
{
    /** Why goods wait if WeChat says that nobody has paid, or something else was: no money can be sent back. */
    public const UNKNOWN = 'WeChat Pay knows of no such payment';
    /** A person has decided so about one of those: nothing of it is given. */
    public const REJECTED = 'rejected';

    /** SQL about a row of shop_order: it waits for its payment, and the ledger has it neither cancelled nor ended otherwise. */
    public const UNPAID = "open_key IS NOT NULL AND EXISTS (SELECT 1 FROM wechatpay_order l
        WHERE l.mch_id = shop_order.mch_id AND l.out_trade_no = shop_order.number AND l.state IN ('CREATED', 'USERPAYING'))";

    private readonly Database $database;

    public function __construct(private readonly Shop $shop)
    {
        $this->database = $shop->database;
    }

    /** @return array{0: array<string, mixed>, 1: LedgerEntry}|null the shop's row and the ledger's entry */
    public function find(string $number): ?array
    {
        $row = $this->database->row('SELECT * FROM shop_order WHERE number = ?', [$number]);
        return $row === null ? null : [$row, $this->shop->ledger->find($this->shop->merchant($row['mch_id'], $row['api']), $number)];
    }

    /** Can it still be paid, for a minute at least? Whoever charges a payer, or asks WeChat for a code, asks this first. */
    public static function isOpen(?LedgerEntry $entry): bool
    {
        $isUnpaid = \in_array($entry?->state, [LedgerState::Created, LedgerState::UserPaying], true);
        return $isUnpaid && $entry->expiresAt->getTimestamp() > time() + 60;
    }

    /** Asks WeChat now, and applies what it says. */
    public function check(string $number): void
    {
        $this->shop->ledger->apply((new OrderQuery($this->merchantOf($number)))->byOutTradeNo($number));
    }

    /**
     * Do the goods of a payment leave the house? 'leave', 'wait' until a person has decided, or 'stay': all of it went back, it
     * is rejected, or they have left. Asked for each message of the ledger that says "paid", of which there are several when a
     * refund came to nothing. The one that lets them leave hears so again.
     *
     * WeChat is asked first, once. Whoever has stolen the key signs notices as WeChat does, but does not answer in
     * WeChat's place: what it knows nothing of, knows otherwise, or says was paid before it was ordered, waits. Until then a
     * top-up cannot be spent, and there are no points. What stays is in stock again.
     */
    public function goods(string $number, int $message): string
    {
        [$row, $entry] = $this->find($number);
        if (!$entry->credited || $entry->state === LedgerState::Refunded || $row['hold'] === self::REJECTED) {
            $row['left_at'] === null && $this->database->together(fn () => $this->shop->credit->moveStock($number, 0));
            return 'stay';
        }
        if ($row['left_at'] !== null) {
            return (int) $row['left_by'] === $message ? 'leave' : 'stay';
        }
        $isPaid = \in_array($entry->state, [LedgerState::Paid, LedgerState::PartiallyRefunded], true) && $row['kept'] > 0;
        $refunds = "SELECT COUNT(*) FROM shop_refund WHERE number = ? AND state IN ('waiting', 'booked', 'failed')";
        if (!$isPaid || $row['hold'] !== null || $this->database->value($refunds, [$number]) > 0) {
            return 'wait';
        }
        $row['asked_at'] === null ? $this->ask($row, $entry) : $this->shop->credit->leave($number, $message);
        return $this->goods($number, $message);
    }

    /** @param array<string, mixed> $row */
    private function ask(array $row, LedgerEntry $entry): void
    {
        try {
            $order = (new OrderQuery($this->merchantOf($row['number'])))->byOutTradeNo($row['number']);
            $told = [$order->totalFee, $order->feeType ?? 'CNY', $order->transactionId];
            $isKnown = $order->isPaid() && $told === [$entry->paidFee, $entry->feeType, $entry->transactionId];
        } catch (ServiceException $e) {
            $isKnown = \in_array($e->errCode, ['ORDERNOTEXIST', 'ORDER_NOT_EXIST'], true) ? false : throw $e;
        }
        $reason = $isKnown ? Risk::paidWhen((int) $row['made_at'], (int) $order->timeEnd?->getTimestamp())->reason : self::UNKNOWN;
        $this->database->run('UPDATE shop_order SET asked_at = ?, hold = ? WHERE number = ? AND asked_at IS NULL', [time(), $reason ?: null, $row['number']]);
    }

    /**
     * What the payer scans, opens or confirms: asked of WeChat once, and again with the same arguments when it is stale.
     *
     * @throws \DomainException if the order is over
     */
    public function code(string $number): string
    {
        [$row, $entry] = $this->find($number);
        $lifetime = $row['trade_type'] === 'MWEB' ? 240 : 7000;
        if ($row['code'] !== null && $row['code_at'] > time() - $lifetime) {
            return $row['code'];
        }
        self::isOpen($entry) || throw new \DomainException('not_open');
        $code = (new Placing($this->shop->settings, $this->shop->merchant($row['mch_id'], $row['api'])))->code($row, $entry);
        $this->database->run('UPDATE shop_order SET code = ?, code_at = ? WHERE number = ?', [$code, time(), $number]);
        return $code;
    }

    /** Who is paid by an order of the shop's. */
    public function merchantOf(string $number): Merchant
    {
        return $this->shop->merchant(...array_values($this->database->row('SELECT mch_id, api FROM shop_order WHERE number = ?', [$number])));
    }
}
