<?php

declare(strict_types=1);

namespace Shop;

/**
 * Places orders, with prices from the database only. What is not paid yet and asked for again is the same order: whoever
 * presses twice, or reloads, pays once.
 */
final class Checkout
{
    private readonly Database $database;

    public function __construct(private readonly Shop $shop)
    {
        $this->database = $shop->database;
    }

    /**
     * Orders goods; gives the order's number.
     *
     * @param array<string, int> $quantities by sku: the page says what and how many, never what it costs
     * @throws \DomainException with the reason, if the shop does not sell that now
     */
    public function goods(Visitor $visitor, array $quantities): string
    {
        $basket = Basket::of($this->database, $quantities);
        return $this->order($visitor, 'goods', $basket->body, $basket->fen(), json_encode($basket->quantities), $basket->store(...));
    }

    /**
     * Sells goods for the member's balance: paid money first, then what was given. WeChat Pay has no part in it, and
     * nobody gets points for it: the top-up that paid for it had its gift.
     *
     * @param array<string, int> $quantities by sku
     * @param string $once source of the booking: the same button pressed twice sells once
     * @throws \DomainException with the reason
     */
    public function fromBalance(Visitor $visitor, array $quantities, string $once): void
    {
        $basket = Basket::of($this->database, $quantities);
        $fen = $basket->fen();
        self::agree(Risk::amount($fen));
        $paid = min($fen, (int) $this->shop->members->find($visitor->member)['balance']);
        $this->database->together(function () use ($visitor, $basket, $once, $fen, $paid): void {
            $number = 'B' . substr(hash('sha256', $once), 0, 28);
            $this->shop->members->book($visitor->member, "sale:$number", -$paid, $paid - $fen);
            $this->database->insert('shop_order', [
                'number' => $number, 'mch_id' => '', 'member_id' => $visitor->member, 'address' => $visitor->address,
                'kind' => 'goods', 'trade_type' => 'BALANCE', 'body' => $basket->body, 'fen' => $fen, 'made_at' => time(), 'paid_at' => time(),
            ]);
            $basket->store($number);
            $this->shop->credit->takeStock($number) === null || throw new \DomainException('sold out');
        });
    }

    /** Orders a top-up of the member's balance. */
    public function topUp(Visitor $visitor, int $fen): string
    {
        // Whoever asks again for what is open gets the same order: only another one counts beside it.
        return $this->order($visitor, 'topup', '余额充值 Top-up', $fen, (string) $fen, function () use ($visitor, $fen): void {
            $underWay = "SELECT COALESCE(SUM(COALESCE(kept, fen)), 0) FROM shop_order WHERE member_id = ? AND kind = 'topup' AND left_at IS NULL";
            $underWay .= ' AND (kept IS NOT NULL OR ' . Orders::UNPAID . ')';
            $balance = $this->shop->members->find($visitor->member)['balance'] + $this->database->value($underWay, [$visitor->member]);
            self::agree(Risk::topUp($balance, $fen));
        });
    }

    /** @param callable(string $number): mixed $addLines */
    private function order(Visitor $visitor, string $kind, string $body, int $fen, string $what, callable $addLines): string
    {
        $key = hash('sha256', "$visitor->member $visitor->tradeType $kind $what");
        if (($open = $this->open($key, $fen)) !== null) {
            return $open;
        }
        $this->judge($visitor, $fen);
        $number = self::number('S');
        $merchant = $this->shop->merchants[self::route($what, Settings::sells())];
        try {
            $this->database->together(function () use ($visitor, $kind, $body, $fen, $key, $number, $merchant, $addLines): void {
                $this->database->insert('shop_order', [
                    'number' => $number, 'mch_id' => $merchant->mchId, 'api' => $merchant->apiVersion->value, 'member_id' => $visitor->member, 'address' => $visitor->address,
                    'kind' => $kind, 'trade_type' => $visitor->tradeType, 'body' => $body, 'fen' => $fen, 'open_key' => $key, 'made_at' => time(),
                ]);
                $addLines($number);
                $this->shop->ledger->open($merchant, $number, $fen, new \DateTimeImmutable('+2 hours'), tradeType: $visitor->tradeType);
            });
        } catch (\PDOException $e) {
            Database::isDouble($e) || throw $e;
            return $this->open($key, $fen) ?? throw $e;   // the payer pressed twice: the other press was faster
        }
        return $number;
    }

    /** The number of such an order that can still be paid; one that cannot, or whose price has changed, is let go. */
    private function open(string $key, int $fen): ?string
    {
        $order = $this->database->row('SELECT number, mch_id, api, fen FROM shop_order WHERE open_key = ?', [$key]);
        if ($order === null) {
            return null;
        }
        $entry = $this->shop->ledger->find($this->shop->merchant($order['mch_id'], $order['api']), $order['number']);
        if (Orders::isOpen($entry) && (int) $order['fen'] === $fen) {
            return $order['number'];
        }
        $this->database->run('UPDATE shop_order SET open_key = NULL WHERE number = ?', [$order['number']]);
        return null;
    }

    /** The rules that can be asked before anybody has paid. */
    private function judge(Visitor $visitor, int $fen): void
    {
        $count = fn (string $where, mixed ...$values): int => $this->database->value("SELECT COUNT(*) FROM shop_order WHERE $where", $values);
        self::agree(
            Risk::amount($fen),
            Risk::unpaid(
                $count(Orders::UNPAID . ' AND member_id = ? AND made_at > ?', $visitor->member, time() - 7200),
                $count(Orders::UNPAID . ' AND address = ? AND made_at > ?', $visitor->address, time() - 7200),
            ),
            Risk::pace($count('member_id = ? AND made_at > ?', $visitor->member, time() - 60)),
        );
    }

    /** A number that nobody else has, and that nobody guesses. */
    public static function number(string $kind): string
    {
        return $kind . date('ymdHis') . bin2hex(random_bytes(8));
    }

    /** @throws \DomainException if a rule says no */
    public static function agree(Verdict ...$verdicts): void
    {
        $verdict = Verdict::strictest(...$verdicts);
        $verdict->says !== 'refuse' || throw new \DomainException($verdict->reason);
    }

    /**
     * Which merchant is paid: who sells just this, else the first who sells everything ('*'). Said once, when the order is
     * placed, and stored with it; who sells nothing ('') is retired, and still refunds what it was paid.
     *
     * @param array<int|string, string> $sells by merchant number and dialect
     */
    public static function route(string $what, array $sells): string
    {
        $sku = preg_match('~^\{"(\w+)":\d+\}$~', $what, $found) === 1 ? $found[1] : '*';
        $mchId = array_search($sku, $sells, true) ?: array_search('*', $sells, true);
        return (string) ($mchId ?: throw new \DomainException('unavailable'));
    }
}
