<?php

declare(strict_types=1);

namespace Shop\Office;

use Shop\Basket;
use Shop\Checkout;
use Shop\OrderPage;
use Shop\Orders;
use Shop\Page;
use Shop\Risk;
use Shop\Settings;
use Shop\Shop;
use Shop\Visitor;
use WechatPay\ApiVersion;
use WechatPay\Micropay;
use WechatPay\Order;
use WechatPay\PayException;
use WechatPay\ServiceException;

/**
 * Selling at the counter: the payer shows a code, a scanner types its digits. One number takes one code; whoever has to
 * show another one gets another number. What is not paid in time is reversed before anybody is told that it is not paid.
 */
final class Counter
{
    private const PAYER_MS = 20_000;
    /** Where it is sold: APIv3 wants to know. Your number of the store, or the `id` that WeChat gave it. */
    private const STORE = ['scene_info' => ['store_info' => ['out_id' => 'shop']]];

    public function __construct(private readonly Shop $shop, private readonly Clerk $clerk, private readonly Page $page) {}

    /** What is sold. */
    public function show(): void
    {
        $lines = '';
        foreach ($this->shop->database->rows('SELECT * FROM goods ORDER BY fen DESC') as $goods) {
            [$sku, $name] = [Page::escape($goods['sku']), Page::escape($goods['name'])];
            $lines .= "<li><span id=\"name-$sku\">$name</span>{$this->page->yuan((int) $goods['fen'])}<label>{$this->page->say('quantity')}"
                . " <input type=\"number\" name=\"quantity[$sku]\" value=\"0\" min=\"0\" max=\"99\" aria-describedby=\"name-$sku\"></label></li>";
        }
        $this->page->show($this->page->say('counter'), "<h1 tabindex=\"-1\">{$this->page->say('counter')}</h1><form method=\"post\" action=\"/office/counter\">"
            . "{$this->page->token()}<ul class=\"goods\">$lines</ul><p><button>{$this->page->say('to_code')}</button></p></form>");
    }

    /** Makes the order; gives its number. */
    public function open(Visitor $visitor): string
    {
        $asked = \is_array($_POST['quantity'] ?? null) ? $_POST['quantity'] : [];
        $basket = Basket::of($this->shop->database, array_map(static fn (mixed $n) => (int) filter_var($n, FILTER_VALIDATE_INT), $asked));
        Checkout::agree(Risk::amount($basket->fen()));
        $merchant = $this->shop->merchants[Checkout::route('*', Settings::sells(byCode: true))];
        $number = Checkout::number('T');
        $this->shop->database->together(function () use ($visitor, $basket, $merchant, $number): void {
            $this->shop->database->insert('shop_order', [
                'number' => $number, 'mch_id' => $merchant->mchId, 'api' => $merchant->apiVersion->value, 'member_id' => '', 'address' => $visitor->address, 'kind' => 'till',
                'trade_type' => 'MICROPAY', 'body' => $basket->body, 'fen' => $basket->fen(), 'made_at' => time(),
            ]);
            $basket->store($number);
            $this->shop->ledger->open($merchant, $number, $basket->fen(), new \DateTimeImmutable('+10 minutes'), tradeType: 'MICROPAY');
        });
        $this->clerk->log($number, 'sold at the counter');
        return $number;
    }

    /** Charges the code that a form has sent; gives the number. It takes as long as the payer needs. */
    public function charge(string $number): string
    {
        $code = Desk::field('code');
        preg_match('~^1[0-5]\d{16}$~D', $code) === 1 || throw new \DomainException('no_code');
        [$order, $entry] = $this->shop->orders->find($number);
        Orders::isOpen($entry) || throw new \DomainException('not_open');
        // Its mark is set once, so that a form that is sent twice charges once.
        $isFirst = $this->shop->database->run("UPDATE shop_order SET code = 'charged' WHERE number = ? AND code IS NULL", [$number]) === 1;
        $isFirst || throw new \DomainException('one_code');
        $merchant = $this->shop->orders->merchantOf($number);
        ignore_user_abort(true);
        set_time_limit(0);
        try {
            $options = $merchant->apiVersion === ApiVersion::V3 ? self::STORE : [];
            $told = fn (Order|PayException $seen) => $seen instanceof Order ? $this->shop->ledger->apply($seen) : null;
            $sale = (new Micropay($merchant))->pay($number, $code, (int) $order['fen'], $order['body'], $order['address'], self::PAYER_MS, 1000, $told, $options);
            $this->shop->ledger->apply($sale);
        } catch (ServiceException $e) {
            $this->clerk->log($number, "refused: $e->errCode");
            $this->shop->ledger->reverse($merchant, $number);   // nothing was charged, and nobody shall charge it later
        } catch (PayException $e) {
            $this->clerk->log($number, "not decided: {$e->getMessage()}");   // the worker asks until it is
        }
        return $number;
    }

    /** One sale: the field for the code, or what became of it. */
    public function sale(string $number): void
    {
        [$order, $entry] = $this->shop->orders->find($number) ?? throw new \DomainException('not_found', 404);
        $state = OrderPage::state($order, $entry);
        $isNew = $order['code'] === null && $state === 'waiting';
        $title = match (true) {
            $isNew => 'show_code',
            $state === 'waiting', $state === 'paying' => 'paying',
            $state === 'closing' && $this->refusal($number) !== '' => 'closed',
            default => $state,
        };
        $isOpen = \in_array($title, ['paying', 'closing'], true);
        $inner = $isNew ? $this->codeForm($number) : ($isOpen ? '' : "<p><a class=\"button\" href=\"/office/counter\">{$this->page->say('next_sale')}</a></p>");
        $this->page->show($this->page->say($title), "<section class=\"order $title\" data-state=\"$state\" data-address=\"/office/counter/$number\""
            . ($isOpen ? ' data-poll' : '') . " aria-live=\"polite\"><h1 tabindex=\"-1\">{$this->page->say($title)}</h1><p class=\"what\">"
            . Page::escape($order['body']) . "</p><p class=\"total\">{$this->page->yuan((int) $order['fen'])}</p>{$this->note(OrderPage::told($title, $order, $entry), $number)}$inner"
            . "<p class=\"number\">{$this->page->say('order')} $number</p></section><p id=\"offline\" role=\"status\" hidden>{$this->page->say('offline')}</p>", refresh: $isOpen ? 3 : 0);
    }

    /** What the page of a sale asks while the payer is at it. */
    public function state(string $number): void
    {
        $order = $this->shop->orders->find($number);
        header('Content-Type: application/json');
        header('Cache-Control: no-store');
        echo json_encode(['state' => $order === null ? 'closed' : OrderPage::state(...$order)]);
    }

    private function codeForm(string $number): string
    {
        return "<form method=\"post\" action=\"/office/counter/$number\" data-charge>{$this->page->token()}<p><label>{$this->page->say('code')} "
            . '<input name="code" inputmode="numeric" autocomplete="off" pattern="1[0-5][0-9]{16}" maxlength="18" autofocus required></label></p>'
            . "<p><button>{$this->page->say('charge')}</button></p></form>";
    }

    private function note(string $name, string $number): string
    {
        return \in_array($name, ['closed', 'review', 'paying', 'ask'], true) ? "<p class=\"note\">{$this->page->say("till_$name")}{$this->refusal($number)}</p>" : '';
    }

    /** Why WeChat has refused a code; nothing if it has not. */
    private function refusal(string $number): string
    {
        $said = $this->shop->database->row("SELECT what FROM office_log WHERE number = ? AND what LIKE 'refused: %'", [$number]);
        return $said === null ? '' : ' ' . Page::escape($said['what']);
    }
}
