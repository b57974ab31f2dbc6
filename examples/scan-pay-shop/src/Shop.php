<?php

declare(strict_types=1);

namespace Shop;

use WechatPay\Ledger;
use WechatPay\Merchant;

/** The shop put together, once a request: order pages, notice page and worker share this, and so the meaning of a credit. */
final class Shop
{
    public readonly Settings $settings;
    public readonly Database $database;
    public readonly Ledger $ledger;
    public readonly Members $members;
    public readonly Credit $credit;
    public readonly Orders $orders;
    public readonly Checkout $checkout;
    /** @var array<string, Merchant> by merchant number and dialect */
    public readonly array $merchants;

    public function __construct()
    {
        $this->settings = new Settings();
        $this->database = new Database($this->settings);
        $this->merchants = Settings::merchants();
        $this->members = new Members($this->database);
        $this->credit = new Credit($this->database, $this->members);
        $this->ledger = new Ledger($this->database->pdo, onCredit: $this->credit->give(...), onRevoke: $this->credit->takeBack(...));
        $this->orders = new Orders($this);
        $this->checkout = new Checkout($this);
    }

    /** Who has a number: in the dialect of an order if that is listed, else in the other one, which can ask about it as well. */
    public function merchant(string $mchId, ?string $api = null): ?Merchant
    {
        return $this->merchants["$mchId.$api"] ?? array_column($this->merchants, null, 'mchId')[$mchId] ?? null;
    }

    /** Makes all tables where there are none. Call it when you deploy. */
    public function install(): void
    {
        $this->database->install();
        $this->ledger->install();
    }
}
