<?php

declare(strict_types=1);

namespace Shop;

use WechatPay\Ledger;
use WechatPay\Merchant;

/** The shop put together, once a request: order pages, notice page and worker share this, and so the meaning of a credit. */
final class Shop
{
    private function __construct(
        public readonly Settings $settings,
        public readonly Database $database,
        public readonly Ledger $ledger,
        public readonly Members $members,
        public readonly Orders $orders,
        public readonly Checkout $checkout,
        /** @var array<string, Merchant> by merchant number */
        public readonly array $merchants,
    ) {
    }

    public static function open(): self
    {
        $settings = Settings::fromEnvironment();
        $database = new Database($settings);
        $members = new Members($database);
        $credit = new Credit($database, $members);
        $ledger = new Ledger($database->pdo, onCredit: $credit->give(...), onRevoke: $credit->takeBack(...));
        $merchants = Settings::merchants();
        $orders = new Orders($settings, $database, $ledger, $merchants);
        $checkout = new Checkout($database, $ledger, $merchants);
        return new self($settings, $database, $ledger, $members, $orders, $checkout, $merchants);
    }

    /** Makes all tables where there are none. Call it when you deploy. */
    public function install(): void
    {
        $this->database->install();
        $this->ledger->install();
    }
}
