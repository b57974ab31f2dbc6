<?php

declare(strict_types=1);

namespace Shop\Office;

use Shop\Checkout;
use Shop\Database;
use Shop\Shop;
use Shop\Verdict;
use WechatPay\PayException;

/**
 * Money that goes back. First it is written down, then the member's account gives up what the payment had brought, then
 * WeChat is asked: a top-up that is spent stops here, at a person, and never shrinks on the way.
 */
final class Refunds
{
    /** States in which the books have it that the money goes back. */
    private const BOOKED = ['booked', 'sent', 'foreign', 'bounced', 'settled'];
    /** What becomes of one that a person has dealt with. */
    private const SETTLED = ['waiting' => 'refused', 'failed' => 'refused', 'foreign' => 'sent', 'bounced' => 'settled', 'spent' => 'lost'];
    /** So many seconds are for whoever asks WeChat: it takes less, and another one asks if that process has died. */
    private const TURN = 300;

    public function __construct(private readonly Shop $shop) {}

    /**
     * Asks for the money of some lines back, or of '*': all that is left. A top-up goes back whole. Gives the refund's number.
     *
     * @param list<string> $skus
     */
    public function ask(Clerk $clerk, Sale $sale, array $skus, string $reason): string
    {
        $isAll = !$sale->isDivisible() || \in_array('*', $skus, true);
        $fen = $sale->worth($isAll ? ['*'] : $skus);
        $skus = $isAll ? $sale->rest() : $skus;
        $verdict = Verdict::strictest(...$sale->risks($fen));
        $verdict->says !== 'refuse' || throw new \DomainException($verdict->reason);
        $refundNo = Checkout::number('R');
        try {
            $this->shop->database->together(function () use ($clerk, $sale, $skus, $reason, $fen, $verdict, $refundNo): void {
                $this->shop->database->insert('shop_refund', [
                    'refund_no' => $refundNo, 'number' => $sale->number, 'fen' => $fen, 'reason' => mb_strcut($reason, 0, 80, 'UTF-8'),
                    'doubt' => $verdict->reason, 'asked_by' => $clerk->name, 'asked_at' => time(), 'state' => 'waiting',
                ]);
                $failed = "DELETE FROM refund_line WHERE number = ? AND sku = ? AND refund_no IN (SELECT refund_no FROM shop_refund WHERE state = 'failed')";
                foreach ($skus as $sku) {
                    $this->shop->database->run($failed, [$sale->number, $sku]);
                    $this->shop->database->insert('refund_line', ['number' => $sale->number, 'sku' => $sku, 'refund_no' => $refundNo]);
                }
                // One that failed is replaced, and at its end, once each of its lines is asked for anew.
                $this->shop->database->run("UPDATE shop_refund SET state = 'refused' WHERE number = ? AND state = 'failed'
                    AND refund_no NOT IN (SELECT refund_no FROM refund_line)", [$sale->number]);
            });
        } catch (\PDOException $e) {
            throw Database::isDouble($e) ? new \DomainException('refunded_before') : $e;
        }
        $verdict->says === 'allow' && $this->carryOut($sale, $refundNo);
        return $refundNo;
    }

    /** A second person agrees. */
    public function agree(Clerk $clerk, Sale $sale, string $refundNo): void
    {
        $sql = "SELECT COUNT(*) FROM shop_refund WHERE refund_no = ? AND number = ? AND state = 'waiting' AND asked_by <> ?";
        $this->shop->database->value($sql, [$refundNo, $sale->number, $clerk->name]) === 1 || throw new \DomainException('second_person');
        $this->carryOut($sale, $refundNo, $clerk->name);
    }

    /** A person has dealt with one that waits: nothing goes back after all, or what WeChat did with it is looked at. */
    public function settle(Sale $sale, string $refundNo): void
    {
        $refund = $this->shop->database->row('SELECT state FROM shop_refund WHERE refund_no = ? AND number = ?', [$refundNo, $sale->number]);
        [$from, $to] = [$refund['state'] ?? '', self::SETTLED[$refund['state'] ?? ''] ?? ''];
        $to !== '' && $this->move($refundNo, $from, $to) || throw new \DomainException('done_before');
    }

    private function carryOut(Sale $sale, string $refundNo, ?string $agreedBy = null): void
    {
        $this->move($refundNo, 'waiting', 'booked', $agreedBy) || throw new \DomainException('done_before');
        $this->send($sale, $refundNo);
    }

    /** Asks WeChat, unless somebody else does. What it does not take ends the refund, and the account has everything again. */
    public function send(Sale $sale, string $refundNo): void
    {
        $claim = "UPDATE shop_refund SET sent_at = ? WHERE refund_no = ? AND state = 'booked' AND (sent_at IS NULL OR sent_at < ?)";
        if ($this->shop->database->run($claim, [time(), $refundNo, time() - self::TURN]) === 0) {
            return;
        }
        $refund = $this->shop->database->row('SELECT * FROM shop_refund WHERE refund_no = ?', [$refundNo]);
        try {
            $sale->entry === null || $this->refund($sale, $refundNo, (int) $refund['fen'], ['refund_desc' => $refund['reason']]);
        } catch (PayException|\LogicException|\ValueError $e) {
            // The latter two say nothing of an earlier call, which the ledger may carry on.
            $sql = "SELECT COUNT(*) FROM wechatpay_refund WHERE out_refund_no = ? AND state NOT IN ('REFUSED', 'CLOSED')";
            $isWanted = $e instanceof PayException ? $e->stillWanted : $this->shop->database->value($sql, [$refundNo]) > 0;
            $this->move($refundNo, 'booked', $isWanted ? 'sent' : 'refused');
            throw $e instanceof PayException ? $e : new \DomainException($e->getMessage());
        }
        $this->move($refundNo, 'booked', 'sent');
    }

    /**
     * Asks for what a person has decided to send back, of an order that nobody was credited for. What WeChat refuses is told, and
     * the order goes on waiting for a person.
     */
    public function sendBack(Sale $sale): void
    {
        $sql = "SELECT out_refund_no, refund_fee FROM wechatpay_refund WHERE state = 'INTENT' AND order_id IN (SELECT id FROM wechatpay_order WHERE mch_id = ? AND out_trade_no = ?)";
        $wanted = $this->shop->database->row($sql, [$sale->entry->mchId, $sale->number]);
        $wanted === null || $this->refund($sale, $wanted['out_refund_no'], (int) $wanted['refund_fee']);
    }

    /** @param array<string, string> $options beside the page that hears of it */
    private function refund(Sale $sale, string $refundNo, int $fen, array $options = []): void
    {
        $options['notify_url'] = $this->shop->settings->url . $this->shop->settings->noticePath();
        $this->shop->ledger->refund($sale->merchant(), $sale->number, $refundNo, $fen, $options);
    }

    /**
     * A refund goes on from one state to another, once; false: it did before. With it the account gives up what the payment had
     * brought, balance and gift of a top-up and points of goods, or has all of it again, and its lines can be asked for again.
     */
    public function move(string $refundNo, string $from, string $to, ?string $agreedBy = null): bool
    {
        return $this->shop->database->together(function () use ($refundNo, $from, $to, $agreedBy): bool {
            $sql = 'UPDATE shop_refund SET state = ?, step = step + 1, agreed_by = COALESCE(?, agreed_by) WHERE refund_no = ? AND state = ?';
            if ($this->shop->database->run($sql, [$to, $agreedBy, $refundNo, $from]) === 0) {
                return false;
            }
            $to === 'refused' && $this->shop->database->run('DELETE FROM refund_line WHERE refund_no = ?', [$refundNo]);
            $sign = (int) \in_array($from, self::BOOKED, true) - (int) \in_array($to, self::BOOKED, true);
            $sign === 0 || $this->book($refundNo, $sign);
            return true;
        });
    }

    private function book(string $refundNo, int $sign): void
    {
        $refund = $this->shop->database->row('SELECT r.number, r.fen, r.step, o.trade_type FROM shop_refund r JOIN shop_order o ON o.number = r.number WHERE refund_no = ?', [$refundNo]);
        $source = ($sign > 0 ? 'undone:' : '') . "refund:$refundNo {$refund['step']}";
        $refund['trade_type'] === 'BALANCE' ? $this->shop->members->undo("sale:{$refund['number']}", $source)
            : $this->shop->credit->keep($refund['number'], $sign * $refund['fen'], $source);
    }
}
