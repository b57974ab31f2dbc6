<?php

declare(strict_types=1);

namespace Shop;

use WechatPay\Ledger;
use WechatPay\LedgerEntry;
use WechatPay\Merchant;
use WechatPay\OrderQuery;

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
