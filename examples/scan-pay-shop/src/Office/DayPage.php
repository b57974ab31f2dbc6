<?php

declare(strict_types=1);

namespace Shop\Office;

use Shop\Page;
use Shop\Shop;
use WechatPay\Difference;
use WechatPay\Fen;
use WechatPay\Merchant;

/** The report of one day: sums of both sides, a chart by hour and kind, the day's orders in any order, tables to download. */
final class DayPage
{
    private const SORTS = ['when' => 'paid_at', 'order' => 'number', 'kind' => 'kind', 'amount' => 'fen'];
    private const KINDS = ['goods', 'topup', 'till', 'refund'];
    private const HEIGHT = 160;

    public function __construct(private readonly Shop $shop, private readonly DaysPage $days, private readonly Page $page) {}

    public function show(Merchant $merchant, string $day): void
    {
        $path = "/office/days/$merchant->mchId/$day";
        $differences = array_filter($this->shop->ledger->differences($merchant), static fn (Difference $d) => $d->date === $day);
        $orders = $this->orders($merchant, $day);
        $sums = (new Days($this->shop))->sums($merchant->mchId, $day);
        $this->page->show($day, "<h1 tabindex=\"-1\">$day</h1><p>{$this->page->say('merchant')} $merchant->mchId</p>"
            . $this->sums($sums) . $this->days->form($path, 'reconcile')
            . "<h2>{$this->page->say('differences')}</h2>" . $this->days->differences(array_values($differences), $day)
            . "<h2>{$this->page->say('chart')}</h2>" . $this->chart($orders) . "<h2>{$this->page->say('orders')}</h2>" . $this->table($orders, $path)
            . ($sums === null ? '' : "<p><a href=\"$path/orders.csv\">{$this->page->say('orders_csv')}</a></p><p><a href=\"$path/differences.csv\">{$this->page->say('differences_csv')}</a></p>"));
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
             WHERE o.mch_id = ? AND r.state IN ('sent', 'foreign', 'bounced', 'settled') AND r.asked_at >= ? AND r.asked_at < ? ORDER BY $sort" . (isset($_GET['down']) ? ' DESC' : ''),
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

    /**
     * The day by hour and kind, as one picture of bars that says in words what it shows.
     *
     * @param list<array<string, mixed>> $orders with kind, fen and paid_at
     */
    private function chart(array $orders): string
    {
        $sums = array_fill_keys(self::KINDS, array_fill(0, 24, 0));
        foreach ($orders as $order) {
            $sums[$order['kind']][(int) date('G', (int) $order['paid_at'])] += $order['fen'];
        }
        $most = max(1, ...array_map(static fn (int $hour) => array_sum(array_column($sums, $hour)), range(0, 23)));
        $bars = '';
        for ($hour = 0; $hour < 24; $hour++) {
            $bars .= $this->bar($hour, array_column($sums, $hour), $most);
        }
        $totals = array_map(fn (string $kind) => $this->page->say("kind_$kind") . ' ¥' . Fen::toYuan(array_sum($sums[$kind])), self::KINDS);
        $legend = implode('', array_map(static fn (string $kind, string $total) => "<li class=\"$kind\">$total</li>", self::KINDS, $totals));
        return '<svg class="chart" viewBox="0 0 480 ' . (self::HEIGHT + 20) . '" role="img" aria-label="' . implode(', ', $totals) . "\">$bars</svg><ul class=\"legend\">$legend</ul>";
    }

    /** @param list<int> $parts fen by kind, stacked */
    private function bar(int $hour, array $parts, int $most): string
    {
        [$x, $y, $svg] = [$hour * 20 + 2, self::HEIGHT, ''];
        foreach ($parts as $n => $fen) {
            if ($fen > 0) {
                $height = max(1, intdiv($fen * (self::HEIGHT - 10), $most));
                $y -= $height;
                $svg .= "<rect class=\"" . self::KINDS[$n] . "\" x=\"$x\" y=\"$y\" width=\"16\" height=\"$height\"/>";
            }
        }
        return $svg . ($hour % 3 === 0 ? '<text x="' . ($x + 8) . '" y="' . (self::HEIGHT + 15) . "\">$hour</text>" : '');
    }
}
