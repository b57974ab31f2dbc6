<?php

declare(strict_types=1);

namespace Shop;

/** The shop's window: goods, and what the member has. */
final class GoodsPage
{
    public function __construct(private readonly Shop $shop, private readonly Page $page) {}

    public function show(string $member): void
    {
        $goods = $this->shop->database->rows('SELECT * FROM goods ORDER BY fen DESC');
        $main = "<h1 tabindex=\"-1\">{$this->page->say('goods')}</h1>"
            . (isset($_GET['done']) ? "<p role=\"status\">{$this->page->say('done')}</p>" : '')
            . "<form method=\"post\" action=\"/orders\">{$this->page->token()}{$this->once()}<ul class=\"goods\">"
            . implode('', array_map($this->line(...), $goods))
            . "</ul><p class=\"hint\">{$this->page->say('discount')}</p><p class=\"actions\"><button>{$this->page->say('buy')}</button>"
            . "<button class=\"quiet\" formaction=\"/purchases\">{$this->page->say('from_balance')}</button></p></form>"
            . $this->member($this->shop->members->find($member), $goods);
        $this->page->show($this->page->say('goods'), $main);
    }

    /** @param array<string, mixed> $goods */
    private function line(array $goods): string
    {
        $sku = Page::escape($goods['sku']);
        $name = Page::escape($goods['name']);
        return "<li><span id=\"name-$sku\">$name</span>{$this->page->yuan((int) $goods['fen'])}"
            . "<span class=\"hint\">{$this->page->say('stock')} " . max(0, $goods['stock']) . '</span>'
            . "<label>{$this->page->say('quantity')} <input type=\"number\" name=\"quantity[$sku]\" value=\"0\" min=\"0\" max=\"99\""
            . " inputmode=\"numeric\" aria-describedby=\"name-$sku\"></label></li>";
    }

    /**
     * @param array<string, mixed>       $member
     * @param list<array<string, mixed>> $goods
     */
    private function member(array $member, array $goods): string
    {
        $options = implode('', array_map(fn (int $yuan) => "<option value=\"$yuan\">$yuan {$this->page->say('yuan')}</option>", [100, 200, 500]));
        $html = "<section class=\"member\"><h2>{$this->page->say('member')} " . Page::escape($member['name']) . '</h2><dl>'
            . "<div><dt>{$this->page->say('balance')}</dt><dd>{$this->page->yuan((int) $member['balance'])}</dd></div>"
            . "<div><dt>{$this->page->say('gift')}</dt><dd>{$this->page->yuan((int) $member['gift'])}</dd></div>"
            . "<div><dt>{$this->page->say('points')}</dt><dd>{$member['points']}</dd></div></dl>"
            . "<form method=\"post\" action=\"/topups\">{$this->page->token()}<label>{$this->page->say('topup')} <select name=\"yuan\">$options</select></label>"
            . "<button>{$this->page->say('topup')}</button><p class=\"hint\">{$this->page->say('topup_note')}</p></form>";
        foreach ($goods as $one) {
            if ($one['points'] !== null && $one['points'] <= $member['points'] && $one['stock'] > 0) {
                $html .= "<form method=\"post\" action=\"/exchanges\">{$this->page->token()}"
                    . $this->once() . '<input type="hidden" name="sku" value="' . Page::escape($one['sku']) . '">'
                    . '<button class="quiet">' . Page::escape($one['name']) . ": {$this->page->say('exchange')} ({$one['points']})</button></form>";
            }
        }
        return "$html</section>";
    }

    /** What makes a form be done once, however often it is sent. */
    private function once(): string
    {
        return '<input type="hidden" name="once" value="' . bin2hex(random_bytes(8)) . '">';
    }
}
