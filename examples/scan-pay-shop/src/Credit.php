<?php

declare(strict_types=1);

namespace Shop;

use WechatPay\Transition;

/**
 * What a payment means to this shop. The ledger calls give() in the transaction that makes the order Paid, so that all of it
 * is written once: the order is marked, the stock goes down. What it brings its member can be spent once WeChat has said so
 * itself: see Orders::goods().
 */
final class Credit
{
    public function __construct(private readonly Database $database, private readonly Members $members) {}

    /** The order is paid. */
    public function give(Transition $t): void
    {
        $order = $this->find($t->outTradeNo) ?? throw new \DomainException('unknown_order');
        $paid = (int) $t->entry->paidFee;
        // An exception would only make WeChat repeat the notice: what there is to say against it waits for a person.
        $hold = $this->takeStock($t->outTradeNo) ?? $this->objection($order, $paid);
        $bounced = "SELECT COALESCE(SUM(fen), 0) FROM shop_refund WHERE number = ? AND state IN ('bounced', 'settled')";   // before it was credited
        $set = 'UPDATE shop_order SET paid_at = ?, open_key = NULL, kept = ?, hold = ? WHERE number = ?';
        $this->database->run($set, [time(), $paid - $this->database->value($bounced, [$t->outTradeNo]), $hold ?: null, $t->outTradeNo]);
    }

    /** A payment that was credited has been reversed: a code payment at the counter. */
    public function takeBack(Transition $t): void
    {
        $this->moveStock($t->outTradeNo, 0);
        $this->keep($t->outTradeNo, -(int) $this->find($t->outTradeNo)['kept'], "undone:$t->outTradeNo");
    }

    /** Goods leave the house, told so by a message of the ledger, and what the payment brings can be spent: once. */
    public function leave(string $number, int $message): void
    {
        $this->database->together(function () use ($number, $message): void {
            $sql = 'UPDATE shop_order SET left_at = ?, left_by = ? WHERE number = ? AND left_at IS NULL';
            $isFirst = $this->database->run($sql, [time(), $message, $number]) === 1;
            $isFirst && $this->takeStock($number, mayOwe: true);
            $isFirst && $this->book($order = $this->find($number), ($order['kind'] === 'topup' ? 'topup' : 'paid') . ":$number", 0);
        });
    }

    /**
     * Keeps more of a payment, or less since some of it goes back, within a transaction. What its member has of it is always
     * what the rest brings, however it was divided, and whichever refund came to nothing.
     *
     * @throws \DomainException if there is not so much left of it, or the member has spent it
     */
    public function keep(string $number, int $fen, string $source): void
    {
        $sql = 'UPDATE shop_order SET kept = kept + ? WHERE number = ? AND kept >= ?';
        $this->database->run($sql, [$fen, $number, -$fen]) === 1 || throw new \DomainException('less is kept');
        $order = $this->find($number);
        $this->book($order, $source, $order['kept'] - $fen);
    }

    /**
     * Takes what an order has of the stock, within a transaction; says what is sold out, and then takes none of it. Whoever
     * lets it leave all the same has the goods in hand: the count then falls below nothing until it is put right.
     */
    public function takeStock(string $number, bool $mayOwe = false): ?string
    {
        if (!$this->moveStock($number, 1) || $mayOwe) {
            return null;
        }
        $short = $this->database->row('SELECT g.sku FROM goods g JOIN order_line l ON l.sku = g.sku WHERE l.number = ? AND g.stock < 0', [$number]);
        $short === null || $this->moveStock($number, 0);
        return $short === null ? null : "sold out: {$short['sku']}";
    }

    /** Is all of an order taken from the stock (1), or all of it there (0)? Makes it so, within a transaction; false: it was. */
    public function moveStock(string $number, int $taken): bool
    {
        $isMoved = $this->database->run('UPDATE shop_order SET taken = ? WHERE number = ? AND taken <> ?', [$taken, $number, $taken]) === 1;
        $lines = $isMoved ? $this->database->rows('SELECT sku, quantity FROM order_line WHERE number = ? ORDER BY sku', [$number]) : [];
        foreach ($lines as $line) {
            $this->database->run('UPDATE goods SET stock = stock - ? WHERE sku = ?', [$taken === 1 ? $line['quantity'] : -$line['quantity'], $line['sku']]);
        }
        return $isMoved;
    }

    /** @param array<string, mixed> $order */
    private function book(array $order, string $source, int $keptBefore): void
    {
        $changes = array_map(static fn (int $now, int $before) => $now - $before, self::brings($order), self::brings(['kept' => $keptBefore] + $order));
        $order['kind'] === 'till' || $this->members->book($order['member_id'], $source, ...$changes, mayOwePoints: true);
    }

    /**
     * @param array<string, mixed> $order
     *
     * @return array{int, int, int} balance, gift and points that its member has of it
     */
    private static function brings(array $order): array
    {
        $kept = $order['left_at'] === null ? 0 : (int) $order['kept'];
        return $order['kind'] === 'topup' ? [$kept, Members::gift($kept), 0] : [0, 0, Members::points($kept)];
    }

    /** @return array<string, mixed>|null */
    private function find(string $number): ?array
    {
        return $this->database->row('SELECT * FROM shop_order WHERE number = ?', [$number]);
    }

    /**
     * Why the goods wait for a person although the money is there.
     *
     * @param array<string, mixed> $order
     */
    private function objection(array $order, int $paid): string
    {
        // Who stands at the counter is no member.
        $sql = "SELECT COALESCE(SUM(fen), 0) FROM shop_order WHERE member_id = ? AND member_id <> '' AND paid_at >= ?";
        $today = $this->database->value($sql, [$order['member_id'], time() - 86_400]);
        return Verdict::strictest(Risk::day($today + $paid), Risk::paidWhen((int) $order['made_at'], time()))->reason;
    }
}
