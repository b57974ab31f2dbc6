<?php

declare(strict_types=1);

namespace Shop;

/**
 * Balances and points. Everything that moves is a row of the journal with a source of its own, in the transaction that
 * moves it: a top-up that is told ten times is booked once, and the sums can be checked at any time.
 */
final class Members
{
    public function __construct(private readonly Database $database) {}

    /** Makes a member at the first visit. */
    public function greet(string $id): void
    {
        $new = ['id' => $id, 'name' => 'Guest ' . substr($id, 0, 4), 'balance' => 0, 'gift' => 0, 'points' => 0];
        try {
            $this->find($id) === null && $this->database->insert('member', $new);
        } catch (\PDOException $e) {
            Database::isDouble($e) || throw $e;   // two pages at once
        }
    }

    /** @return array<string, mixed>|null */
    public function find(string $id): ?array
    {
        return $this->database->row('SELECT * FROM member WHERE id = ?', [$id]);
    }

    /**
     * Books, within a transaction: no balance ever falls below zero, whoever else is at it. Only a refund may leave a
     * debt, of points.
     *
     * @throws \DomainException if there is too little, or no such member
     */
    public function book(string $member, string $source, int $balance = 0, int $gift = 0, int $points = 0, bool $mayOwePoints = false): void
    {
        $sums = ['balance' => $balance, 'gift' => $gift, 'points' => $points];
        $this->database->insert('member_journal', ['source' => $source, 'member_id' => $member, 'booked_at' => time()] + $sums);
        $changed = $this->database->run(
            'UPDATE member SET balance = balance + ?, gift = gift + ?, points = points + ?
             WHERE id = ? AND balance >= ? AND gift >= ? AND points >= ?',
            [$balance, $gift, $points, $member, -$balance, -$gift, $mayOwePoints ? PHP_INT_MIN + 1 : -$points],
        );
        $changed === 1 || throw new \DomainException('not enough');
    }

    /** Takes a booking back, within a transaction. */
    public function undo(string $source, string $by): void
    {
        $row = $this->database->row('SELECT * FROM member_journal WHERE source = ?', [$source]);
        $this->book($row['member_id'], $by, -(int) $row['balance'], -(int) $row['gift'], -(int) $row['points'], mayOwePoints: true);
    }

    /** The gift of a top-up: 10 yuan for each 100. */
    public static function gift(int $fen): int
    {
        return intdiv($fen, 10_000) * 1_000;
    }

    /** Points for a payment: one for each whole yuan. */
    public static function points(int $fen): int
    {
        return intdiv($fen, 100);
    }

    /** Goods for points: the points and the stock go together, or neither. */
    public function exchange(string $member, string $sku, string $source): void
    {
        $points = $this->database->value('SELECT points FROM goods WHERE sku = ? AND points IS NOT NULL', [$sku]);
        $points > 0 || throw new \DomainException('unavailable');
        $this->database->together(function () use ($member, $sku, $source, $points): void {
            $this->book($member, $source, points: -$points);
            $this->database->run('UPDATE goods SET stock = stock - 1 WHERE sku = ? AND stock > 0', [$sku]) === 1
                || throw new \DomainException('sold out');
        });
    }

    /**
     * The check that runs every night: whose account is not what the journal comes to.
     *
     * @return list<string>
     */
    public function wrong(): array
    {
        return array_column($this->database->rows(
            'SELECT m.id FROM member m LEFT JOIN member_journal j ON j.member_id = m.id
             GROUP BY m.id, m.balance, m.gift, m.points
             HAVING m.balance <> COALESCE(SUM(j.balance), 0) OR m.gift <> COALESCE(SUM(j.gift), 0)
                 OR m.points <> COALESCE(SUM(j.points), 0)',
        ), 'id');
    }
}
