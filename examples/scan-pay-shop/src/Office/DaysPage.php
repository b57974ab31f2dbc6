<?php

declare(strict_types=1);

namespace Shop\Office;

use Shop\Page;
use Shop\Shop;
use WechatPay\Difference;
use WechatPay\DifferenceState;
use WechatPay\Merchant;

/** All days, and what their bills and the books do not agree on until somebody has settled it. */
final class DaysPage
{
    private readonly Days $days;

    public function __construct(private readonly Shop $shop, private readonly Clerk $clerk, private readonly Page $page)
    {
        $this->days = new Days($shop);
    }

    public function show(): void
    {
        $main = "<h1 tabindex=\"-1\">{$this->page->say('days')}</h1>";
        foreach (array_column($this->shop->merchants, null, 'mchId') as $merchant) {
            $main .= "<h2>{$this->page->say('merchant')} $merchant->mchId</h2>" . $this->missing($merchant) . $this->done($merchant)
                . "<h3>{$this->page->say('differences')}</h3>" . $this->differences($this->open($merchant), $merchant->mchId);
        }
        $this->page->show($this->page->say('days'), $main);
    }

    /** @return list<Difference> what nobody has settled */
    public function open(Merchant $merchant): array
    {
        $ledger = $this->shop->ledger;
        return [...$ledger->differences($merchant, DifferenceState::Open), ...$ledger->differences($merchant, DifferenceState::Waiting)];
    }

    public function settle(int $difference): void
    {
        $note = Desk::field('note') ?: throw new \DomainException('no_reason');
        $settled = $this->shop->ledger->settle($difference, "{$this->clerk->name}: $note");
        $this->clerk->log($settled->outTradeNo ?? $settled->key, "settled {$settled->kind->value} of $settled->date: $note");
    }

    /** @param list<Difference> $differences */
    public function differences(array $differences, string $of): string
    {
        $heads = array_map($this->page->say(...), ['day', 'difference', 'number', 'field', 'theirs', 'ours', 'state', 'decision']);
        return $differences === [] ? "<p class=\"hint\">{$this->page->say('none')}</p>" : $this->page->table("{$this->page->say('differences')} $of", $heads, array_map(fn (Difference $d) => [
            $d->date, $d->kind->value, $d->outTradeNo === null ? Page::escape($d->key)
                : '<a href="/office/orders/' . rawurlencode($d->outTradeNo) . '">' . Page::escape($d->key) . '</a>',
            Page::escape($d->field), self::short($d->theirs), self::short($d->ours),
            $this->page->say("difference_{$d->state->value}") . ' ' . Page::escape($d->note ?? $d->advice->name),
            \in_array($d->state, [DifferenceState::Open, DifferenceState::Waiting], true) ? $this->form("/office/differences/$d->id", 'settle', true) : '',
        ], $differences));
    }

    /** A form of one button. */
    public function form(string $path, string $what, bool $hasNote = false): string
    {
        $note = $hasNote ? "<label>{$this->page->say('reason')} <input name=\"note\" maxlength=\"200\" required></label>" : '';
        return "<form class=\"actions\" method=\"post\" action=\"$path\">{$this->page->token()}$note<button>{$this->page->say($what)}</button></form>";
    }

    private function missing(Merchant $merchant): string
    {
        $rows = array_map(fn (string $day) => [$this->link($merchant, $day), $this->form("/office/days/$merchant->mchId/$day", 'reconcile')], $this->days->missing($merchant));
        return $rows === [] ? '' : $this->page->table("{$this->page->say('missing_days')} $merchant->mchId", array_map($this->page->say(...), ['missing_days', 'decision']), $rows);
    }

    private function done(Merchant $merchant): string
    {
        $days = array_column($this->shop->database->rows('SELECT day FROM day_report WHERE mch_id = ? ORDER BY day DESC LIMIT 31', [$merchant->mchId]), 'day');
        $sum = fn (array $sums, string $side, string $what, string $fee) => $sums[$side] === null ? '' : $this->page->yuan($sums[$side][$what][$fee]);
        return $days === [] ? '' : $this->page->table("{$this->page->say('days')} $merchant->mchId", array_map($this->page->say(...), ['day', 'payments', 'refunds', 'differences']), array_map(
            function (string $day) use ($merchant, $sum): array {
                $sums = $this->days->sums($merchant->mchId, $day);
                return [$this->link($merchant, $day), $sum($sums, 'theirs', 'payments', 'totalFee'), $sum($sums, 'theirs', 'refunds', 'refundFee'), (string) $sums['differences']];
            },
            $days,
        ));
    }

    private function link(Merchant $merchant, string $day): string
    {
        return "<a href=\"/office/days/$merchant->mchId/$day\">$day</a>";
    }

    private static function short(int|string|null $value): string
    {
        return Page::escape(mb_strimwidth((string) $value, 0, 24, '…'));
    }
}
