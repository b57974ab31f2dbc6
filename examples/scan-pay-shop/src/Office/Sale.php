<?php

declare(strict_types=1);

namespace Shop\Office;

use Shop\OrderPage;
use Shop\Orders;
use Shop\Risk;
use Shop\Shop;
use Shop\Verdict;
use WechatPay\LedgerEntry;
use WechatPay\LedgerState;
use WechatPay\Merchant;

/** One order as the back office sees it: the shop's row, and the ledger's entry where WeChat had a part in it. */
final class Sale
{
    private function __construct(
        private readonly Shop $shop,
        public readonly string $number,
        public readonly int $fen,
        public readonly string $state,
        /** @var array<string, mixed> the shop's row */
        public readonly array $row,
        public readonly ?LedgerEntry $entry,
    ) {}

    /** @throws \DomainException if neither the shop nor the ledger knows it */
    public static function find(Shop $shop, string $number): self
    {
        $row = $shop->database->row('SELECT * FROM shop_order WHERE number = ?', [$number]);
        $entry = $row === null || $row['mch_id'] !== '' ? self::entry($shop, $number) : null;
        if ($row === null && $entry === null) {
            throw new \DomainException('not_found', 404);
        }
        $row ??= ['kind' => 'unknown', 'member_id' => '', 'fen' => $entry->totalFee, 'paid_at' => null, 'kept' => null, 'hold' => null,
            'body' => '', 'trade_type' => $entry->tradeType, 'made_at' => $entry->createdAt->getTimestamp(), 'address' => ''];
        $state = $entry === null ? 'paid' : OrderPage::state($row, $entry);
        $fen = (int) ($entry?->paidFee ?? $row['fen']);
        return new self($shop, $number, $fen, $state, $row, $entry);
    }

    /** Who was paid. */
    public function merchant(): Merchant
    {
        return $this->shop->merchant($this->entry->mchId, $this->row['api'] ?? null);
    }

    /** Can it still be paid? */
    public function isOpen(): bool
    {
        return \in_array($this->state, ['waiting', 'paying', 'closing'], true);
    }

    /** Can its lines go back one by one? What was paid from a balance, and a top-up, go back whole. */
    public function isDivisible(): bool
    {
        return $this->entry !== null && !\in_array($this->row['kind'], ['topup', 'unknown'], true);
    }

    /** Can money of it be sent back? Not if WeChat knows of none. */
    public function canRefund(): bool
    {
        $isPaid = $this->entry === null || \in_array($this->entry->state, [LedgerState::Paid, LedgerState::PartiallyRefunded], true);
        return $isPaid && !\in_array($this->row['hold'], [Orders::UNKNOWN, Orders::REJECTED], true);
    }

    /** @return list<array<string, mixed>> its lines, with the number of the refund that has each */
    public function lines(): array
    {
        return $this->shop->database->rows(
            'SELECT l.sku, l.quantity, l.gross, l.discount, r.refund_no FROM order_line l
             LEFT JOIN refund_line r ON r.number = l.number AND r.sku IN (l.sku, \'*\')
             AND r.refund_no NOT IN (SELECT refund_no FROM shop_refund WHERE state = \'failed\') WHERE l.number = ? ORDER BY l.sku',
            [$this->number],
        );
    }

    /** @return list<string> the lines that nobody has asked for yet; '*' where all of it goes back or nothing */
    public function rest(): array
    {
        $rest = array_filter($this->lines(), static fn (array $line) => $line['refund_no'] === null);
        return $this->isDivisible() ? array_column($rest, 'sku') : ['*'];
    }

    /**
     * What lines have really cost: the split that was stored with the order. Of '*' it is all that is kept.
     *
     * @param list<string> $skus
     */
    public function worth(array $skus): int
    {
        $this->canRefund() || throw new \DomainException('not_paid');
        if ($skus === ['*']) {
            return (int) ($this->row['kept'] ?? $this->fen);
        }
        $chosen = array_filter($this->lines(), static fn (array $line) => \in_array($line['sku'], $skus, true));
        $chosen !== [] && \count($chosen) === \count($skus) || throw new \DomainException('nothing_chosen');
        $fen = array_sum(array_map(static fn (array $line) => $line['gross'] - $line['discount'], $chosen));
        return $fen <= $this->row['kept'] ? $fen : throw new \DomainException('less is kept');
    }

    /** @return list<Verdict> what the rules say to a refund of so much */
    public function risks(int $fen): array
    {
        $sql = 'SELECT COUNT(*) FROM shop_refund r JOIN shop_order o ON o.number = r.number WHERE o.member_id = ? AND r.asked_at > ?';
        $ofMember = $this->row['member_id'] === '' ? 0 : $this->shop->database->value($sql, [$this->row['member_id'], time() - 604_800]);
        $age = time() - (int) $this->row['paid_at'];
        $rules = [Risk::amount($fen), Risk::refund($fen, $ofMember, intdiv($age, 86_400))];
        return $this->row['kind'] === 'topup' ? [...$rules, Risk::velocity($age)] : $rules;
    }

    private static function entry(Shop $shop, string $number): ?LedgerEntry
    {
        $entries = array_map(static fn (Merchant $merchant) => $shop->ledger->find($merchant, $number), $shop->merchants);
        return current(array_filter($entries)) ?: null;
    }
}
