<?php

declare(strict_types=1);

namespace Shop;

/** What was asked for, with the shop's own prices: the page says what and how many, never what it costs. */
final class Basket
{
    /**
     * @param array<string, int> $quantities by sku
     * @param array<string, int> $lines      what each line costs, in fen
     * @param array<string, int> $discounts  what each line is cheaper by
     */
    private function __construct(
        private readonly Database $database,
        public readonly array $quantities,
        public readonly string $body,
        private readonly array $lines,
        private readonly array $discounts,
    ) {}

    /**
     * @param array<string, int> $asked by sku
     *
     * @throws \DomainException if the shop does not have that
     */
    public static function of(Database $database, array $asked): self
    {
        $quantities = array_filter($asked);
        ksort($quantities);
        $names = $lines = [];
        foreach ($quantities as $sku => $quantity) {
            $goods = $database->row('SELECT * FROM goods WHERE sku = ?', [$sku]);
            $isSold = $goods !== null && $quantity > 0 && $quantity <= min(99, $goods['stock']);
            $isSold || throw new \DomainException('unavailable');
            $names[] = $goods['name'];
            $lines[$sku] = $quantity * $goods['fen'];
        }
        $body = mb_strcut(implode(', ', $names), 0, 120, 'UTF-8');
        return new self($database, $quantities, $body, $lines, Split::discount(Split::rule(array_sum($lines)), $lines));
    }

    /** What it comes to, in fen. */
    public function fen(): int
    {
        return array_sum($this->lines) - array_sum($this->discounts);
    }

    /** Stores its lines with an order. */
    public function store(string $number): void
    {
        foreach ($this->quantities as $sku => $quantity) {
            $sums = ['gross' => $this->lines[$sku], 'discount' => $this->discounts[$sku]];
            $this->database->insert('order_line', ['number' => $number, 'sku' => $sku, 'quantity' => $quantity] + $sums);
        }
    }
}
