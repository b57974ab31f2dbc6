<?php

declare(strict_types=1);

namespace Shop;

use WechatPay\PayException;

/** The payer's pages: which address does what. A form changes something and leads to an address that can be reloaded. */
final class Cashier
{
    private readonly Page $page;

    public function __construct(private readonly Shop $shop, private readonly Visitor $visitor)
    {
        $this->page = new Page($visitor, $visitor->token);
    }

    public function answer(string $verb, string $path): void
    {
        if ($verb === 'POST' && !$this->visitor->sent($_POST['token'] ?? null)) {
            $this->page->refuse(403, $this->page->say('form_expired'));
            return;
        }
        try {
            str_starts_with($path, '/orders/') || $this->shop->members->greet($this->visitor->member);
            $this->route($verb, $path);
        } catch (\DomainException $e) {
            $this->page->refuse(409, $this->page->say('refused'), $this->page->say($e->getMessage()));
        }
    }

    private function route(string $verb, string $path): void
    {
        preg_match('~^/orders/(S[0-9a-f]{28})(?:/(state|code\.svg|check|close))?$~', $path, $found);
        $order = isset($found[1]) ? $this->own($found[1]) : null;
        match (true) {
            "$verb $path" === 'GET /' => (new GoodsPage($this->shop, $this->page))->show($this->visitor->member),
            "$verb $path" === 'POST /orders' => $this->go('/orders/' . $this->shop->checkout->goods($this->visitor, self::quantities())),
            "$verb $path" === 'POST /purchases' => $this->once(
                fn (string $source) => $this->shop->checkout->fromBalance($this->visitor, self::quantities(), $source),
            ),
            "$verb $path" === 'POST /topups' => $this->topUp(),
            "$verb $path" === 'POST /exchanges' => $this->exchange(),
            $order === null => $this->page->refuse(404, $this->page->say('not_found')),
            $verb === 'GET' && !isset($found[2]) => (new OrderPage($this->shop, $this->page))->show(...$order),
            $verb === 'GET' && $found[2] === 'state' => $this->state($order),
            $verb === 'GET' && $found[2] === 'code.svg' => $this->code($order),
            $verb === 'POST' && isset($found[2]) => $this->act($order[0]['number'], $found[2]),
            default => $this->page->refuse(404, $this->page->say('not_found')),
        };
    }

    /** @return array{0: array<string, mixed>, 1: \WechatPay\LedgerEntry}|null an order of this visitor's */
    private function own(string $number): ?array
    {
        $order = $this->shop->orders->find($number);
        return $order !== null && $order[0]['member_id'] === $this->visitor->member ? $order : null;
    }

    /** @return array<string, int> */
    private static function quantities(): array
    {
        $whole = static fn (mixed $n): int => (int) filter_var($n, FILTER_VALIDATE_INT, ['options' => ['min_range' => 0, 'max_range' => 99]]);
        return \is_array($_POST['quantity'] ?? null) ? array_map($whole, $_POST['quantity']) : [];
    }

    private function topUp(): void
    {
        $yuan = \is_string($_POST['yuan'] ?? null) ? $_POST['yuan'] : '';
        $fen = [100 => 10_000, 200 => 20_000, 500 => 50_000][$yuan] ?? throw new \DomainException('unavailable');
        $this->go('/orders/' . $this->shop->checkout->topUp($this->visitor, $fen));
    }

    private function exchange(): void
    {
        $sku = \is_string($_POST['sku'] ?? null) ? $_POST['sku'] : '';
        $this->once(fn (string $source) => $this->shop->members->exchange($this->visitor->member, $sku, $source));
    }

    /**
     * Does what a form asks for once, however often it is sent.
     *
     * @param callable(string $source): void $work
     */
    private function once(callable $work): void
    {
        $once = (string) filter_var($_POST['once'] ?? '', FILTER_VALIDATE_REGEXP, ['options' => ['regexp' => '~^[0-9a-f]{16}$~']]);
        $once !== '' || throw new \DomainException('unavailable');
        try {
            $work("{$this->visitor->member}:$once");
        } catch (\PDOException $e) {
            Database::isDouble($e) || throw $e;   // the same button, pressed twice
        }
        $this->go('/?done=1');
    }

    /**
     * What the page asks every two seconds: as short as can be, and nothing at all while nothing has changed.
     * @param array{0: array<string, mixed>, 1: \WechatPay\LedgerEntry} $order
     */
    private function state(array $order): void
    {
        $state = OrderPage::state(...$order);
        $tag = "\"$state-{$order[1]->refundedFee}\"";
        $isNew = ($_SERVER['HTTP_IF_NONE_MATCH'] ?? '') !== $tag;
        http_response_code($isNew ? 200 : 304);
        header("ETag: $tag");
        header('Cache-Control: private, no-cache');
        header('Content-Type: application/json');
        echo $isNew ? json_encode(['state' => $state]) : '';
    }

    /** @param array{0: array<string, mixed>, 1: \WechatPay\LedgerEntry} $order */
    private function code(array $order): void
    {
        header('Content-Type: image/svg+xml');
        header('Cache-Control: no-store');
        echo $order[0]['trade_type'] === 'NATIVE' ? $this->shop->orders->code($order[0]['number']) : '';
    }

    private function act(string $number, string $what): void
    {
        try {
            // A payment that is faster than a close is credited.
            $what === 'close' ? $this->shop->ledger->close($this->shop->orders->merchantOf($number), $number) : $this->shop->orders->check($number);
            $this->go("/orders/$number" . ($what === 'check' ? '?timed_out=1' : ''));
        } catch (PayException $e) {
            error_log($e::class . ": {$e->getMessage()}");
            $this->go("/orders/$number?timed_out=1&unanswered=1");
        }
    }

    private function go(string $path): void
    {
        header("Location: $path", true, 303);
    }
}
