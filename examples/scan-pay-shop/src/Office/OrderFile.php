<?php

declare(strict_types=1);

namespace Shop\Office;

use Shop\Orders;
use Shop\Page;
use Shop\Shop;
use WechatPay\OrderQuery;
use WechatPay\Resolution;

/** The file of one order: what is known, on what evidence, who did what, and what a person can do about it. */
final class OrderFile
{
    public function __construct(private readonly Shop $shop, private readonly Clerk $clerk, private readonly Page $page) {}

    /** Does what a form asks for; gives the number. */
    public function act(string $number, string $what): string
    {
        $sale = Sale::find($this->shop, $number);
        $refunds = new Refunds($this->shop);
        $skus = array_values(array_filter(\is_array($_POST['sku'] ?? null) ? $_POST['sku'] : [], is_string(...)));
        $note = Desk::field('note') ?: throw new \DomainException('no_reason');
        match ($what) {
            'check' => $this->shop->ledger->apply((new OrderQuery($sale->merchant()))->byOutTradeNo($number)),
            'close' => $sale->isOpen() ? $this->shop->ledger->close($sale->merchant(), $number) : throw new \DomainException('not_open'),
            'reverse' => $this->shop->ledger->reverse($sale->merchant(), $number),
            'refund' => $refunds->ask($this->clerk, $sale, $skus, $note),
            'agree' => $refunds->agree($this->clerk, $sale, Desk::field('refund')),
            'refuse', 'dismiss' => $refunds->settle($sale, Desk::field('refund')),
            'release' => $this->endHold($sale, 'hold = NULL', $sale->row['hold'] !== Orders::REJECTED),
            'reject' => $this->endHold($sale, "hold = 'rejected', kept = 0", $sale->row['hold'] === Orders::UNKNOWN),
            'resolve' => $this->resolve($sale, $note),
            default => throw new \DomainException('not_found', 404),
        };
        $this->clerk->log($number, implode(' ', array_filter([$what, Desk::field('refund'), "($note)"])));
        return $number;
    }

    public function show(string $number): void
    {
        $sale = Sale::find($this->shop, $number);
        $this->page->show(Page::escape($number), '<h1 tabindex="-1">' . Page::escape($number) . '</h1>' . $this->facts($sale) . $this->decisions($sale)
            . $this->lines($sale) . $this->refunds($sale) . (new Trail($this->shop, $this->page))->of($number));
    }

    private function resolve(Sale $sale, string $note): void
    {
        $as = Resolution::tryFrom(Desk::field('as')) ?? throw new \DomainException('nothing_chosen');
        $this->shop->ledger->resolve($sale->merchant(), $sale->number, $as, "{$this->clerk->name}: $note");
        $as === Resolution::Refund && (new Refunds($this->shop))->sendBack($sale);
    }

    /** What is held is let go, or nothing of it is given. */
    private function endHold(Sale $sale, string $set, bool $can): void
    {
        $sql = "UPDATE shop_order SET $set WHERE number = ? AND hold = ?";
        $can && $this->shop->database->run($sql, [$sale->number, $sale->row['hold']]) === 1 || throw new \DomainException('done_before');
    }

    private function facts(Sale $sale): string
    {
        $facts = [
            'state' => $this->page->say($sale->state) . ' <span class="hint">' . Page::escape((string) $sale->entry?->reason) . " {$this->page->say((string) $sale->row['hold'])}" . '</span>',
            'amount' => $this->page->yuan($sale->fen),
            'went_back' => $this->page->yuan((int) $sale->entry?->refundedFee),
            'goods' => Page::escape($sale->row['body']),
            'when' => date('Y-m-d H:i:s', (int) $sale->row['made_at']),
            'member' => Page::escape($sale->row['member_id']),
            'merchant' => Page::escape($sale->entry?->mchId ?? $this->page->say('balance')),
            'transaction' => Page::escape($sale->entry?->transactionId ?? $sale->entry?->suspectTransactionId ?? ''),
        ];
        $html = '';
        foreach ($facts as $name => $value) {
            $html .= "<div><dt>{$this->page->say($name)}</dt><dd>$value</dd></div>";
        }
        return "<dl>$html</dl>";
    }

    /** What can be done as it stands. */
    private function decisions(Sale $sale): string
    {
        $is = static fn (string ...$states) => \in_array($sale->state, $states, true);
        $options = implode('', array_map(fn (Resolution $as) => "<option value=\"$as->value\">{$this->page->say($as->name)}</option>", Resolution::cases()));
        $end = $sale->entry?->tradeType === 'MICROPAY' ? 'reverse' : 'close';
        return implode('', array_filter([
            $sale->entry === null ? '' : $this->form($sale, 'check', '', 'asked'),
            $sale->isOpen() ? $this->form($sale, $end) : '',
            \in_array($sale->row['hold'], [null, Orders::REJECTED], true) ? '' : $this->form($sale, 'release'),
            $sale->row['hold'] === Orders::UNKNOWN ? $this->form($sale, 'reject') : '',
            $is('paid_late') || $is('review') && $sale->row['hold'] === null
                ? $this->form($sale, 'resolve', "<label>{$this->page->say('decision')} <select name=\"as\">$options</select></label>") : '',
            $sale->canRefund() && !$sale->isDivisible() ? $this->form($sale, 'refund') : '',
        ]));
    }

    private function lines(Sale $sale): string
    {
        $canRefund = $sale->isDivisible() && $sale->canRefund();
        $all = '<label><input type="checkbox" name="sku[]" value="*"> ' . "{$this->page->say('all_kept')} {$this->page->yuan((int) $sale->row['kept'])}</label>";
        $heads = array_map($this->page->say(...), ['goods', 'quantity', 'gross', 'saved', 'amount', 'refund']);
        $rows = array_map(fn (array $line) => [
            Page::escape($line['sku']), (string) $line['quantity'], $this->page->yuan((int) $line['gross']), $this->page->yuan((int) $line['discount']),
            $this->page->yuan($line['gross'] - $line['discount']),
            $line['refund_no'] !== null || !$canRefund ? Page::escape($line['refund_no'] ?? '')
                : "<input type=\"checkbox\" form=\"refund\" name=\"sku[]\" value=\"" . Page::escape($line['sku']) . '" aria-label="' . Page::escape($line['sku']) . '">',
        ], $sale->lines());
        $table = $rows === [] ? '' : "<h2>{$this->page->say('goods')}</h2>" . $this->page->table($this->page->say('goods'), $heads, $rows);
        return $table . ($canRefund && $sale->row['kept'] > 0 ? $this->form($sale, 'refund', $all) : '');
    }

    private function refunds(Sale $sale): string
    {
        $rows = $this->shop->database->rows('SELECT * FROM shop_refund WHERE number = ? ORDER BY asked_at', [$sale->number]);
        $states = array_column($this->shop->database->rows('SELECT out_refund_no, state FROM wechatpay_refund'
            . ' WHERE order_id IN (SELECT id FROM wechatpay_order WHERE out_trade_no = ?)', [$sale->number]), 'state', 'out_refund_no');
        $button = fn (array $row, string $what) => $this->form($sale, $what, '<input type="hidden" name="refund" value="' . $row['refund_no'] . '">', $what);
        $heads = array_map($this->page->say(...), ['refund', 'amount', 'reason', 'asked_by', 'agreed_by', 'state', 'decision']);
        return $rows === [] ? '' : "<h2>{$this->page->say('refunds')}</h2>" . $this->page->table($this->page->say('refunds'), $heads, array_map(fn (array $row) => [
            $row['refund_no'], $this->page->yuan((int) $row['fen']), Page::escape($row['reason']), Page::escape($row['asked_by']),
            Page::escape($row['agreed_by'] ?? ''), implode(' · ', array_filter([$this->page->say("refund_{$row['state']}"), $states[$row['refund_no']] ?? $this->page->say($row['doubt'])])),
            match ($row['state']) {
                'waiting' => $button($row, 'agree') . $button($row, 'refuse'),
                'failed', 'foreign', 'bounced', 'spent' => $button($row, 'dismiss'),
                default => '',
            },
        ], $rows));
    }

    /** A form of one button, with the field for the reason unless that is known. */
    private function form(Sale $sale, string $what, string $fields = '', string $note = ''): string
    {
        $note = $note === '' ? "<label>{$this->page->say('reason')} <input name=\"note\" maxlength=\"80\" required></label>" : "<input type=\"hidden\" name=\"note\" value=\"$note\">";
        $id = $what === 'refund' ? ' id="refund"' : '';
        return "<form class=\"actions\" method=\"post\"$id action=\"/office/orders/" . rawurlencode($sale->number) . "/$what\">"
            . "{$this->page->token()}$fields$note<button>{$this->page->say("do_$what")}</button></form>";
    }
}
