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
    public function __construct(private readonly Shop $shop)
    {
    }

    /**
     * Asks for the money of some lines back; a top-up goes back whole. Gives the refund's number.
     *
     * @param list<string> $skus
     */
    public function ask(Clerk $clerk, Sale $sale, array $skus, string $reason): string
    {
        $skus = $sale->isDivisible() ? $skus : ['*'];
        $fen = $sale->worth($skus);
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
        $sql = "UPDATE shop_refund SET agreed_by = ? WHERE refund_no = ? AND number = ? AND state = 'waiting' AND asked_by <> ?";
        $this->shop->database->run($sql, [$clerk->name, $refundNo, $sale->number, $clerk->name]) === 1 || throw new \DomainException('second_person');
        $this->carryOut($sale, $refundNo);
    }

    /** Nothing goes back after all. */
    public function refuse(Sale $sale, string $refundNo): void
    {
        $refund = $this->shop->database->row('SELECT state FROM shop_refund WHERE refund_no = ? AND number = ?', [$refundNo, $sale->number]);
        $isOver = \in_array($refund['state'] ?? '', ['waiting', 'failed'], true) && $this->end($refundNo, $refund['state']);
        $isOver || throw new \DomainException('done_before');
    }

    /**
     * What a process left that died between the booking and the question: the same call is the same refund. What WeChat
     * refused in the end, hours or days after it had taken it, is undone, and a person decides what the payer gets instead.
     */
    public function carryOn(): void
    {
        $failed = "SELECT s.refund_no FROM shop_refund s JOIN wechatpay_refund l ON l.out_refund_no = s.refund_no
                   WHERE s.state = 'sent' AND l.state IN ('CLOSED', 'REFUSED')";
        foreach ($this->shop->database->rows($failed) as $refund) {
            $this->end($refund['refund_no'], 'sent', 'failed');
        }
        $sql = "SELECT number, refund_no FROM shop_refund WHERE state = 'booked' AND asked_at < ?";
        foreach ($this->shop->database->rows($sql, [time() - 60]) as $refund) {
            try {
                $this->send(Sale::find($this->shop, $refund['number']), $refund['refund_no']);
            } catch (PayException|\DomainException $e) {
                error_log("{$refund['refund_no']}: {$e->getMessage()}");   // one holds up no other
            }
        }
    }

    private function carryOut(Sale $sale, string $refundNo): void
    {
        $this->shop->database->together(function () use ($sale, $refundNo): void {
            $sql = "UPDATE shop_refund SET state = 'booked' WHERE refund_no = ? AND state = 'waiting'";
            $this->shop->database->run($sql, [$refundNo]) === 1 || throw new \DomainException('done_before');
            $this->takeBack($sale, $refundNo);
        });
        $this->send($sale, $refundNo);
    }

    /** The account gives up what the payment had brought: balance and gift of a top-up, points of goods. */
    private function takeBack(Sale $sale, string $refundNo): void
    {
        $fen = $this->shop->database->value('SELECT fen FROM shop_refund WHERE refund_no = ?', [$refundNo]);
        $sale->entry === null ? $this->shop->members->undo("sale:$sale->number", "refund:$refundNo")
            : $this->shop->credit->keep($sale->number, -$fen, "refund:$refundNo");
    }

    /** Asks WeChat. What it does not take ends the refund, and the account has everything again. */
    private function send(Sale $sale, string $refundNo): void
    {
        $refund = $this->shop->database->row('SELECT * FROM shop_refund WHERE refund_no = ?', [$refundNo]);
        $options = ['refund_desc' => $refund['reason'], 'notify_url' => $this->shop->settings->url . $this->shop->settings->noticePath()];
        try {
            $sale->entry === null || $this->shop->ledger->refund($sale->merchant(), $sale->number, $refundNo, (int) $refund['fen'], $options);
        } catch (PayException|\LogicException|\ValueError $e) {
            // The latter two say nothing of an earlier call, which the ledger may carry on.
            $sql = "SELECT COUNT(*) FROM wechatpay_refund WHERE out_refund_no = ? AND state NOT IN ('REFUSED', 'CLOSED')";
            $isWanted = $e instanceof PayException ? $e->stillWanted : $this->shop->database->value($sql, [$refundNo]) > 0;
            $isWanted ? $this->mark($refundNo) : $this->end($refundNo, 'booked');
            throw $e instanceof PayException ? $e : new \DomainException($e->getMessage());
        }
        $this->mark($refundNo);
    }

    private function mark(string $refundNo): void
    {
        $this->shop->database->run("UPDATE shop_refund SET state = 'sent' WHERE refund_no = ? AND state = 'booked'", [$refundNo]);
    }

    /** Ends a refund that did not happen: the account has everything again, and its lines can be asked for again. */
    private function end(string $refundNo, string $from, string $to = 'refused'): bool
    {
        return $this->shop->database->together(function () use ($refundNo, $from, $to): bool {
            $isEnded = $this->shop->database->run('UPDATE shop_refund SET state = ? WHERE refund_no = ? AND state = ?', [$to, $refundNo, $from]) === 1;
            $isEnded && $to !== 'failed' && $this->shop->database->run('DELETE FROM refund_line WHERE refund_no = ?', [$refundNo]);
            if ($isEnded && !\in_array($from, ['waiting', 'failed'], true)) {
                $refund = $this->shop->database->row('SELECT number, fen FROM shop_refund WHERE refund_no = ?', [$refundNo]);
                $this->shop->credit->keep($refund['number'], (int) $refund['fen'], "undone:refund:$refundNo");
            }
            return $isEnded;
        });
    }
}
