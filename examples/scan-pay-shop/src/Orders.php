<?php

declare(strict_types=1);

namespace Shop;

use WechatPay\Ledger;
use WechatPay\LedgerEntry;
use WechatPay\Merchant;
use WechatPay\OrderQuery;
use WechatPay\ServiceException;

/** Orders that are placed: found again, shown to be paid, asked about, closed. */
final class Orders
{
    /** @param array<string, Merchant> $merchants by merchant number */
    public function __construct(
        private readonly Settings $settings,
        private readonly Database $database,
        private readonly Ledger $ledger,
        private readonly array $merchants,
    ) {
    }

    /** @return array{0: array<string, mixed>, 1: LedgerEntry}|null the shop's row and the ledger's entry */
    public function find(string $number): ?array
    {
        $row = $this->database->row('SELECT * FROM shop_order WHERE number = ?', [$number]);
        return $row === null ? null : [$row, $this->ledger->find($this->merchants[$row['mch_id']], $number)];
    }

    /** Asks WeChat now, and applies what it says. */
    public function check(string $number): void
    {
        $this->ledger->apply((new OrderQuery($this->merchantOf($number)))->byOutTradeNo($number));
    }

    /**
     * Asks before anything leaves the house, once. Whoever has stolen the key signs notices as WeChat does, but does not
     * answer in WeChat's place: what it knows nothing of, or says was paid before it was ordered, waits for a person.
     *
     * @return array{0: array<string, mixed>, 1: LedgerEntry} as find() gives it
     */
    public function confirmed(string $number): array
    {
        [$row] = $this->find($number);
        if ($row['asked_at'] === null) {
            $sql = 'UPDATE shop_order SET asked_at = ?, hold = COALESCE(hold, ?) WHERE number = ?';
            $this->database->run($sql, [time(), $this->verdict($row)->reason ?: null, $number]);
        }
        return $this->find($number);
    }

    /** @param array<string, mixed> $row */
    private function verdict(array $row): Verdict
    {
        try {
            $order = (new OrderQuery($this->merchantOf($row['number'])))->byOutTradeNo($row['number']);
            return $order->isPaid() ? Risk::paidWhen((int) $row['made_at'], (int) $order->timeEnd?->getTimestamp()) : Verdict::review('WeChat Pay knows of no payment');
        } catch (ServiceException $e) {
            return Verdict::review("WeChat Pay knows of no payment: $e->errCode");
        }
    }

    /** Gives it up; a payment that was faster is credited. */
    public function close(string $number): void
    {
        $this->ledger->close($this->merchantOf($number), $number);
    }

    /** What the payer scans, opens or confirms: asked of WeChat once, and again with the same arguments when it is stale. */
    public function code(string $number): string
    {
        [$row, $entry] = $this->find($number);
        $lifetime = $row['trade_type'] === 'MWEB' ? 240 : 7000;
        if ($row['code'] !== null && $row['code_at'] > time() - $lifetime) {
            return $row['code'];
        }
        $code = (new Placing($this->settings, $this->merchants[$row['mch_id']]))->code($row, $entry);
        $this->database->run('UPDATE shop_order SET code = ?, code_at = ? WHERE number = ?', [$code, time(), $number]);
        return $code;
    }

    /** Who is paid by an order of the shop's. */
    public function merchantOf(string $number): Merchant
    {
        return $this->merchants[$this->database->row('SELECT mch_id FROM shop_order WHERE number = ?', [$number])['mch_id']];
    }
}
