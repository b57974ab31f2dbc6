<?php

declare(strict_types=1);

namespace Shop\Office;

use Shop\Page;
use Shop\Shop;
use WechatPay\Difference;
use WechatPay\Merchant;

/** The report of one day: sums of both sides, a chart by hour and kind, the day's orders in any order, tables to download. */
final class DayPage
{
    private const SORTS = ['when' => 'paid_at', 'order' => 'number', 'kind' => 'kind', 'amount' => 'fen'];

    public function __construct(private readonly Shop $shop, private readonly DaysPage $days, private readonly Page $page)
    {
    }

    public function show(Merchant $merchant, string $day): void
    {
        $path = "/office/days/$merchant->mchId/$day";
        $differences = array_filter($this->shop->ledger->differences($merchant), static fn (Difference $d) => $d->date === $day);
        $orders = $this->orders($merchant, $day);
        $sums = (new Days($this->shop))->sums($merchant->mchId, $day);
        $this->page->show($day, "<h1 tabindex=\"-1\">$day</h1><p>{$this->page->say('merchant')} $merchant->mchId</p>"
            . $this->sums($sums) . $this->days->form($path, 'reconcile')
            . "<h2>{$this->page->say('differences')}</h2>" . $this->days->differences(array_values($differences), $day)
            . "<h2>{$this->page->say('chart')}</h2>" . (new HourChart($this->page))->of($orders) . "<h2>{$this->page->say('orders')}</h2>" . $this->table($orders, $path)
            . ($sums === null ? '' : "<p><a href=\"$path/orders.csv\">{$this->page->say('orders_csv')}</a></p><p><a href=\"$path/differences.csv\">{$this->page->say('differences_csv')}</a></p>"));
    }

    public function reconcile(Merchant $merchant, string $day): void
    {
        (new Days($this->shop))->reconcile($merchant, $day);
    }

    /** Sends a table for a spreadsheet. Long numbers stay text there, and nothing becomes a formula. */
    public function csv(Merchant $merchant, string $day, string $which): void
    {
        $csv = (new Days($this->shop))->table($merchant->mchId, $day, $which);
        header('Content-Type: text/csv; charset=utf-8');
        header("Content-Disposition: attachment; filename=\"$which-$merchant->mchId-$day.csv\"");
        echo $csv;
    }

    /** @param array<string, mixed>|null $sums */
    private function sums(?array $sums): string
    {
        if ($sums === null || $sums['theirs'] === null) {
            return "<p class=\"note\">{$this->page->say($sums === null ? 'not_reconciled' : 'bill_changed')}</p>";
        }
        $sum = fn (string $what, string $fee) => array_map(fn (string $side) => "{$sums[$side][$what]['count']} · {$this->page->yuan($sums[$side][$what][$fee])}", ['theirs', 'ours']);
        return $this->page->table($this->page->say('sums'), array_map($this->page->say(...), ['sums', 'theirs', 'ours']), [
            [$this->page->say('payments'), ...$sum('payments', 'totalFee')],
            [$this->page->say('refunds'), ...$sum('refunds', 'refundFee')],
            [$this->page->say('fees'), $this->page->yuan((int) round($sums['theirs']['feeE5'] / 1000)), ''],
            [$this->page->say('only_one'), $this->page->yuan((int) $sums['long']), $this->page->yuan((int) $sums['short'])],
        ]);
    }

    /** @return list<array<string, mixed>> what was paid and what went back on the day */
    private function orders(Merchant $merchant, string $day): array
    {
        $sort = self::SORTS[$_GET['sort'] ?? ''] ?? 'paid_at';
        $begin = strtotime("$day 00:00:00");
        return $this->shop->database->rows(
            "SELECT number, kind, fen, paid_at FROM shop_order WHERE mch_id = ? AND paid_at >= ? AND paid_at < ?
             UNION ALL SELECT r.refund_no, 'refund', r.fen, r.asked_at FROM shop_refund r JOIN shop_order o ON o.number = r.number
             WHERE o.mch_id = ? AND r.state = 'sent' AND r.asked_at >= ? AND r.asked_at < ? ORDER BY $sort" . (isset($_GET['down']) ? ' DESC' : ''),
            [$merchant->mchId, $begin, $begin + 86_400, $merchant->mchId, $begin, $begin + 86_400],
        );
    }

    /** @param list<array<string, mixed>> $orders */
    private function table(array $orders, string $path): string
    {
        $heads = [];
        foreach (self::SORTS as $name => $column) {
            $isUp = ($_GET['sort'] ?? 'when') === $name && !isset($_GET['down']);
            $heads[] = "<a href=\"$path?sort=$name" . ($isUp ? '&amp;down=1' : '') . "\">{$this->page->say($name)}" . ($isUp ? ' ↑' : '') . '</a>';
        }
        return $this->page->table($this->page->say('orders'), $heads, array_map(fn (array $row) => [
            date('H:i:s', (int) $row['paid_at']), Page::escape($row['number']), $this->page->say("kind_{$row['kind']}"), $this->page->yuan((int) $row['fen']),
        ], $orders));
    }
}
