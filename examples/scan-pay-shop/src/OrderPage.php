<?php

declare(strict_types=1);

namespace Shop;

use WechatPay\Fen;
use WechatPay\LedgerEntry;
use WechatPay\LedgerState;
use WechatPay\PayException;

/** The page of one order in each of its states. What it shows is what the ledger says, however the browser got here. */
final class OrderPage
{
    public function __construct(private readonly Shop $shop, private readonly Page $page) {}

    /**
     * The one word for where an order stands.
     *
     * @param array<string, mixed> $order
     */
    public static function state(array $order, LedgerEntry $entry): string
    {
        return match ($entry->state) {
            LedgerState::Created => 'waiting',
            LedgerState::UserPaying => 'paying',
            LedgerState::Paid => ['' => 'paid', Orders::REJECTED => 'closed'][(string) $order['hold']] ?? 'review',
            LedgerState::PartiallyRefunded => 'refunded_part',
            LedgerState::Refunded => 'refunded',
            LedgerState::Closing => 'closing',
            LedgerState::Closed, LedgerState::Revoked => 'closed',
            LedgerState::PaidLate => 'paid_late',
            LedgerState::Review => 'review',
        };
    }

    /**
     * Which note of a state, or of a heading, is true of the money: 'ask' where a person has decided about a payment, or nobody
     * knows of one.
     *
     * @param array<string, mixed> $order
     */
    public static function told(string $state, array $order, LedgerEntry $entry): string
    {
        $isPaid = ($entry->paidFee ?? $entry->suspectTransactionId) !== null;
        return match ($state) {
            'closed' => $isPaid ? 'ask' : 'closed',
            'review' => $isPaid && $order['hold'] !== Orders::UNKNOWN ? 'review' : 'ask',
            default => $state,
        };
    }

    /** @param array<string, mixed> $order */
    public function show(array $order, LedgerEntry $entry): void
    {
        [$state, $hasTimedOut] = [self::state($order, $entry), isset($_GET['timed_out'])];
        [$title, $inner] = match ($state) {
            'waiting', 'paying' => $hasTimedOut ? $this->timedOut($order) : $this->waiting($order, $entry, $state),
            'refunded_part', 'refunded' => [$state, $this->note('refunded_note') . "<p>{$this->page->yuan($entry->refundedFee)} / {$this->page->yuan((int) $entry->paidFee)}</p>"],
            default => [$state, $this->note(self::told($state, $order, $entry) . '_note')],
        };
        $state = $title === 'placing' ? $title : $state;
        $isOver = !\in_array($state, ['placing', 'waiting', 'paying', 'closing'], true);
        $main = "<section class=\"order $title\" data-state=\"$state\" data-address=\"/orders/{$order['number']}\""
            . ($isOver || $hasTimedOut ? '' : ' data-poll') . ' aria-live="polite">'
            . "<h1 tabindex=\"-1\">{$this->page->say($title)}</h1>"
            . '<p class="what">' . Page::escape($order['body']) . "</p><p class=\"total\">{$this->page->yuan((int) $order['fen'])}</p>"
            . $inner . "<p class=\"number\">{$this->page->say('order')} {$order['number']}</p></section>"
            . "<p id=\"offline\" role=\"status\" hidden>{$this->page->say('offline')}</p>"
            . "<p><a href=\"/\">{$this->page->say('back')}</a></p>";
        $this->page->show($this->page->say($title), $main, refresh: $isOver || $hasTimedOut ? 0 : 5);
    }

    /**
     * @param array<string, mixed> $order
     *
     * @return array{string, string} the title's name and the rest
     */
    private function waiting(array $order, LedgerEntry $entry, string $state): array
    {
        try {
            $code = $this->shop->orders->code($order['number']);
        } catch (PayException|\DomainException $e) {
            error_log($e::class . ": {$e->getMessage()}");
            return ['placing', $this->note('placing_note')];
        }
        $number = $order['number'];
        $label = "{$this->page->say('scan')}: {$this->page->say('shop')}, ¥" . Fen::toYuan((int) $order['fen']);
        $finished = $this->page->button("/orders/$number/check", $this->page->say('finished'));
        $how = match ($order['trade_type']) {
            'MWEB' => '<p><a class="button" href="' . Page::escape($code) . "\">{$this->page->say('open_wechat')}</a></p>$finished",
            'JSAPI' => '<p><button id="wechat" data-params="' . Page::escape($code) . "\">{$this->page->say('open_wechat')}</button></p>$finished",
            default => "<img class=\"code\" src=\"/orders/$number/code.svg\" width=\"280\" height=\"280\" alt=\"$label\">"
                . "<p class=\"hint\">{$this->page->say('scan')}</p>",
        };
        $left = max(0, $entry->expiresAt->getTimestamp() - time());
        $clock = sprintf('%d:%02d', intdiv($left, 60), $left % 60);
        return [$state, "$how<p class=\"left\">{$this->page->say('remaining')} <span data-left=\"$left\" aria-live=\"off\">$clock</span></p>"
            . $this->page->button("/orders/$number/close", $this->page->say('close'), 'quiet')];
    }

    /**
     * @param array<string, mixed> $order
     *
     * @return array{string, string}
     */
    private function timedOut(array $order): array
    {
        $number = $order['number'];
        return ['timed_out', $this->note(isset($_GET['unanswered']) ? 'ask_failed' : 'timed_out_note')
            . $this->page->button("/orders/$number/check", $this->page->say('i_paid'))
            . "<p><a href=\"/orders/$number\">{$this->page->say('wait_on')}</a></p>"
            . $this->page->button("/orders/$number/close", $this->page->say('close'), 'quiet')];
    }

    private function note(string $name): string
    {
        return "<p class=\"note\">{$this->page->say($name)}</p>";
    }
}
