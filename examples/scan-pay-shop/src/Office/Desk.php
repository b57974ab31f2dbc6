<?php

declare(strict_types=1);

namespace Shop\Office;

use Shop\Page;
use Shop\Shop;
use Shop\Visitor;
use WechatPay\Merchant;
use WechatPay\PayException;

/** The back office: who is not logged in sees the door, and every form carries the token of its session. */
final class Desk
{
    private readonly Page $page;

    public function __construct(private readonly Shop $shop, private readonly Visitor $visitor)
    {
        $this->page = new Page($visitor, $visitor->token);
    }

    public function answer(string $verb, string $path): void
    {
        $clerk = Clerk::fromRequest($this->shop);
        if ($clerk === null) {
            $this->door($verb);
            return;
        }
        $page = new Page($this->visitor, $clerk->token(), $this->menu($clerk));
        $back = $verb === 'POST' ? preg_replace(['~^(/office/(?:orders/[^/]+|days/.+))/[a-z]+$~', '~/differences/.*~'], ['$1', '/days'], $path) : '/office';
        if ($verb === 'POST' && !$clerk->sent($_POST['token'] ?? null)) {
            $page->refuse(403, $this->page->say('form_expired'), back: $back);
            return;
        }
        try {
            $this->route("$verb $path", $clerk, $page);
        } catch (PayException $e) {
            $page->refuse(502, $this->page->say('not_done'), Page::escape("{$e->getMessage()} ({$e->advice->name})"), $back);
        } catch (\LogicException|\ValueError $e) {   // a rule of ours, or the ledger: it cannot be done as things stand
            $page->refuse($e->getCode() ?: 409, $this->page->say('not_done'), $this->page->say($e->getMessage()), $back);
        }
    }

    private function route(string $asked, Clerk $clerk, Page $page): void
    {
        $asked = rawurldecode($asked);
        $found = [];
        $is = static function (string $pattern) use ($asked, &$found): bool {
            return preg_match("~^$pattern$~", $asked, $found) === 1;
        };
        $days = new DaysPage($this->shop, $clerk, $page);
        $day = new DayPage($this->shop, $days, $page);
        $members = new MembersPage($this->shop, $page);
        $orders = new OrderFile($this->shop, $clerk, $page);
        $counter = new Counter($this->shop, $clerk, $page);
        match (true) {
            $is('GET /office/?') => (new Status($this->shop, $days, $page))->show(),
            $is('GET /office/counter') => $counter->show(),
            $is('POST /office/counter') => $this->go('/office/counter/' . $counter->open($this->visitor)),
            $is('GET /office/counter/(T[0-9a-f]{28})') => $counter->sale($found[1]),
            $is('GET /office/counter/(T[0-9a-f]{28})/state') => $counter->state($found[1]),
            $is('POST /office/counter/(T[0-9a-f]{28})') => $this->go('/office/counter/' . $counter->charge($found[1])),
            $is('GET /office/orders') => (new OrderList($this->shop, $page))->show(),
            $is('GET /office/orders/([0-9A-Za-z_|*@-]{1,32})') => $orders->show($found[1]),
            $is('POST /office/orders/([0-9A-Za-z_|*@-]{1,32})/([a-z]+)') => $this->go("/office/orders/{$orders->act($found[1], $found[2])}"),
            $is('GET /office/days') => $days->show(),
            $is('POST /office/differences/(\d{1,18})') => $this->go('/office/days', $days->settle((int) $found[1])),
            $is('GET /office/days/(\d+)/(\d{4}-\d\d-\d\d)') => $day->show($this->merchant($found[1]), $found[2]),
            $is('POST /office/days/(\d+)/(\d{4}-\d\d-\d\d)') => $this->go("/office/days/$found[1]/$found[2]", (new Days($this->shop))->reconcile($this->merchant($found[1]), $found[2])),
            $is('GET /office/days/(\d+)/(\d{4}-\d\d-\d\d)/(orders|differences)\.csv') => $day->csv($this->merchant($found[1]), $found[2], $found[3]),
            $is('GET /office/members') => $members->show(),
            $is('GET /office/members/([0-9a-f]{32})') => $members->journal($found[1]),
            $is('POST /office/logout') => $this->go('/office', $clerk->logout()),
            default => throw new \DomainException('not_found', 404),
        };
    }

    /** The form for name and password, and what it sends. */
    private function door(string $verb): void
    {
        [$status, $note] = [200, ''];
        if ($verb === 'POST' && $this->visitor->sent($_POST['token'] ?? null)) {
            try {
                Clerk::login($this->shop, $this->visitor, self::field('name'), self::field('password'));
                $this->go('/office');
                return;
            } catch (\DomainException $e) {
                $status = $e->getMessage() === 'too_many_tries' ? 429 : 403;
                $note = '<p class="note" role="alert">' . $this->page->say($e->getMessage()) . '</p>';
            }
        }
        $this->page->show($this->page->say('login'), '<section class="order"><h1 tabindex="-1">' . $this->page->say('login') . "</h1>$note"
            . "<form method=\"post\" action=\"/office\">{$this->page->token()}"
            . '<p><label>' . $this->page->say('name') . ' <input name="name" autocomplete="username" required></label></p><p><label>'
            . $this->page->say('password') . ' <input type="password" name="password" autocomplete="current-password" required></label></p>'
            . '<p><button>' . $this->page->say('login') . '</button></p></form></section>', $status);
    }

    /** What a form says under a name: text, or nothing. */
    public static function field(string $name): string
    {
        return \is_string($_POST[$name] ?? null) ? trim($_POST[$name]) : '';
    }

    private function menu(Clerk $clerk): string
    {
        $links = '';
        foreach (['orders', 'counter', 'days', 'members'] as $page) {
            $links .= "<a href=\"/office/$page\">" . $this->page->say($page) . '</a>';
        }
        $token = "<input type=\"hidden\" name=\"token\" value=\"{$clerk->token()}\">";
        return '<nav class="office" aria-label="' . $this->page->say('office') . "\">$links<form method=\"post\" action=\"/office/logout\">$token"
            . '<button class="quiet">' . $this->page->say('logout') . ' (' . Page::escape($clerk->name) . ')</button></form></nav>';
    }

    private function merchant(string $mchId): Merchant
    {
        return $this->shop->merchant($mchId) ?? throw new \DomainException('not_found', 404);
    }

    /** Leads to a page, after what was done. */
    private function go(string $path, mixed $done = null): void
    {
        header("Location: $path", true, 303);
    }
}
