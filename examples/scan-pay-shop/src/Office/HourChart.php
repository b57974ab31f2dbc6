<?php

declare(strict_types=1);

namespace Shop\Office;

use Shop\Page;
use WechatPay\Fen;

/** A day by hour and kind, as one picture of bars that says in words what it shows. */
final class HourChart
{
    private const KINDS = ['goods', 'topup', 'till', 'refund'];
    private const HEIGHT = 160;

    public function __construct(private readonly Page $page)
    {
    }

    /** @param list<array<string, mixed>> $orders with kind, fen and paid_at */
    public function of(array $orders): string
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
