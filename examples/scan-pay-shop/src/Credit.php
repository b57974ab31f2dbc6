<?php

declare(strict_types=1);

namespace Shop;

use WechatPay\Transition;

/**
 * What a payment means to this shop. The ledger calls it in the transaction that makes the order Paid, so that all of it
 * is written once: the order is marked, the stock goes down, points or a top-up are booked.
 */
final class Credit
{
    public function __construct(private readonly Database $database, private readonly Members $members)
    {
    }

    /** The order is paid. */
    public function give(Transition $t): void
    {
        $order = $this->database->row('SELECT * FROM shop_order WHERE number = ?', [$t->outTradeNo]) ?? throw new \DomainException('unknown_order');
        $paid = (int) $t->entry->paidFee;
        $hold = $this->objection($order, $paid);
        $this->database->run('UPDATE shop_order SET paid_at = ?, open_key = NULL, hold = ? WHERE number = ?', [time(), $hold, $t->outTradeNo]);
        if ($order['kind'] === 'topup') {
            $this->members->book($order['member_id'], "topup:$t->outTradeNo", $paid, Members::gift($paid));
        } elseif ($order['kind'] === 'goods') {
            $this->members->book($order['member_id'], "paid:$t->outTradeNo", points: Members::points($paid));
        }
    }

    /** A payment that was credited has been reversed: a code payment at the counter. */
    public function takeBack(Transition $t): void
    {
        $sql = 'SELECT l.sku, l.quantity FROM order_line l JOIN shop_order o ON o.number = l.number WHERE o.number = ? AND o.hold IS NULL';
        foreach ($this->database->rows($sql, [$t->outTradeNo]) as $line) {
            $this->database->run('UPDATE goods SET stock = stock + ? WHERE sku = ?', [$line['quantity'], $line['sku']]);
        }
        $this->members->undo("paid:$t->outTradeNo");
        $this->members->undo("topup:$t->outTradeNo");
    }

    /**
     * Why the goods wait for a person although the money is there. An exception here would only make WeChat repeat the
     * notice: the payment is booked in any case.
     *
     * @param array<string, mixed> $order
     */
    private function objection(array $order, int $paid): ?string
    {
        foreach ($this->database->rows('SELECT sku, quantity FROM order_line WHERE number = ?', [$order['number']]) as $line) {
            $sql = 'UPDATE goods SET stock = stock - ? WHERE sku = ? AND stock >= ?';
            if ($this->database->run($sql, [$line['quantity'], $line['sku'], $line['quantity']]) === 0) {
                return "sold out: {$line['sku']}";
            }
        }
        if ($order['kind'] === 'till') {
            return null;   // who stands at the counter is not the member of a day
        }
        $sql = 'SELECT COALESCE(SUM(fen), 0) FROM shop_order WHERE member_id = ? AND paid_at >= ?';
        $today = $this->database->value($sql, [$order['member_id'], time() - 86_400]);
        $verdict = Verdict::strictest(Risk::day($today + $paid), Risk::paidWhen((int) $order['made_at'], time()));
        return $verdict->reason ?: null;
    }
}
