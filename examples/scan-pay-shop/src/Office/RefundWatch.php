<?php

declare(strict_types=1);

namespace Shop\Office;

use Shop\Database;
use Shop\Shop;
use WechatPay\PayException;

/**
 * What became of refunds on WeChat's side: given up, hours or days after they were taken; bounced; made by hand in the merchant
 * platform, or after they had ended here. The books follow, and each waits until a person has dealt with it.
 */
final class RefundWatch
{
    /** What there is to do about, by where both sides stand. */
    private const NEWS = "SELECT l.out_refund_no, l.refund_fee, l.state AS theirs, o.out_trade_no, o.credited, s.state AS ours FROM wechatpay_refund l
        JOIN wechatpay_order o ON o.id = l.order_id LEFT JOIN shop_refund s ON s.refund_no = l.out_refund_no
        WHERE COALESCE(s.state, 'refused') IN ('refused', 'failed') AND (l.state IN ('PROCESSING', 'SUCCESS') AND o.credited = 1 OR l.state = 'CHANGE')
        OR s.state IN ('sent', 'foreign', 'bounced', 'settled') AND l.state IN ('CLOSED', 'REFUSED') AND o.credited = 1
        OR s.state IN ('sent', 'foreign') AND l.state = 'CHANGE' OR s.state = 'spent'";

    public function __construct(private readonly Shop $shop) {}

    public function look(): void
    {
        // What a process left that died between the booking and the answer: the same call is the same refund.
        foreach ($this->shop->database->rows("SELECT number, refund_no FROM shop_refund WHERE state = 'booked'") as $refund) {
            try {
                (new Refunds($this->shop))->send(Sale::find($this->shop, $refund['number']), $refund['refund_no']);
            } catch (PayException|\DomainException $e) {
                error_log("{$refund['refund_no']}: {$e->getMessage()}");   // one holds up no other
            }
        }
        foreach ($this->shop->database->rows(self::NEWS) as $news) {
            try {
                $this->follow($news, \in_array($news['ours'], [null, 'refused', 'failed'], true) ? $this->adopt($news) : $news['ours']);
            } catch (\DomainException) {
                continue;   // the member has spent it: it stays in the list
            } catch (\PDOException $e) {
                Database::isDouble($e) || throw $e;   // another worker was faster
            }
        }
    }

    /** @param array<string, mixed> $news */
    private function follow(array $news, string $ours): void
    {
        $isOver = \in_array($news['theirs'], ['CLOSED', 'REFUSED'], true);
        $to = $ours === 'spent' ? ($isOver ? 'refused' : 'foreign') : ($isOver ? 'failed' : 'bounced');
        (new Refunds($this->shop))->move($news['out_refund_no'], $ours, $to);
    }

    /**
     * Writes down one that nobody asked for here, or takes up one that had ended; what was never credited moves no books.
     *
     * @param array<string, mixed> $news
     */
    private function adopt(array $news): string
    {
        $state = (int) $news['credited'] === 1 ? 'spent' : 'bounced';
        if ($news['ours'] !== null) {
            (new Refunds($this->shop))->move($news['out_refund_no'], $news['ours'], $state);
            return $state;
        }
        $this->shop->database->insert('shop_refund', [
            'refund_no' => $news['out_refund_no'], 'number' => $news['out_trade_no'], 'fen' => $news['refund_fee'], 'reason' => '', 'doubt' => '',
            'asked_by' => '', 'asked_at' => time(), 'state' => $state,
        ]);
        return $state;
    }
}
