<?php

declare(strict_types=1);

namespace Shop\Office;

use Shop\Page;
use Shop\Shop;

/** Orders: those that wait for a person, the newest, or what a search finds. */
final class OrderList
{
    public function __construct(private readonly Shop $shop, private readonly Page $page) {}

    public function show(): void
    {
        $sought = \is_string($_GET['q'] ?? null) ? trim($_GET['q']) : '';
        $main = "<h1 tabindex=\"-1\">{$this->page->say('orders')}</h1>";
        if ($sought === '') {
            $waiting = $this->waiting();
            $main .= "<h2>{$this->page->say('to_decide')} (" . \count($waiting) . ")</h2>{$this->table('to_decide', $waiting)}<h2>{$this->page->say('newest')}</h2>";
        }
        $numbers = array_column($this->shop->database->rows(...$this->search($sought)), 'number');
        $this->page->show($this->page->say('orders'), $main . '<form class="actions" action="/office/orders"><label>' . $this->page->say('search')
            . ' <input type="search" name="q" value="' . Page::escape($sought) . "\" maxlength=\"64\"></label><button>{$this->page->say('search')}</button></form>"
            . $this->table('orders', $numbers));
    }

    /** @return list<string> numbers of what a person has to decide */
    public function waiting(): array
    {
        $ledger = $this->shop->database->rows("SELECT out_trade_no AS number FROM wechatpay_order WHERE state IN ('REVIEW', 'PAID_LATE') OR reason LIKE 'something went back%'");
        $held = $this->shop->database->rows('SELECT number FROM shop_order WHERE hold IS NOT NULL AND kept > 0');
        $refunds = $this->shop->database->rows("SELECT number FROM shop_refund WHERE state IN ('waiting', 'failed', 'foreign', 'bounced', 'spent')");
        return array_values(array_unique(array_column([...$refunds, ...$ledger, ...$held], 'number')));
    }

    /** @return array{string, list<string>} */
    private function search(string $sought): array
    {
        if ($sought === '') {
            return ['SELECT number FROM shop_order ORDER BY made_at DESC LIMIT 50', []];
        }
        $like = '%' . strtr($sought, ['!' => '!!', '%' => '!%', '_' => '!_']) . '%';
        return [
            "SELECT number FROM shop_order WHERE number LIKE ? ESCAPE '!' OR body LIKE ? ESCAPE '!' OR member_id LIKE ? ESCAPE '!' OR number IN
             (SELECT out_trade_no FROM wechatpay_order WHERE transaction_id = ?) ORDER BY made_at DESC LIMIT 50",
            [$like, $like, $like, $sought],
        ];
    }

    /** @param list<string> $numbers */
    private function table(string $name, array $numbers): string
    {
        $heads = array_map($this->page->say(...), ['order', 'when', 'goods', 'amount', 'state']);
        return $numbers === [] ? "<p class=\"hint\">{$this->page->say('none')}</p>" : $this->page->table($this->page->say($name), $heads, array_map($this->row(...), $numbers));
    }

    /** @return list<string> */
    private function row(string $number): array
    {
        $sale = Sale::find($this->shop, $number);
        return [
            '<a href="/office/orders/' . rawurlencode($number) . '">' . Page::escape($number) . '</a>',
            date('Y-m-d H:i', (int) $sale->row['made_at']),
            Page::escape($sale->row['body']),
            $this->page->yuan($sale->fen),
            $this->page->say($sale->state),
        ];
    }
}
