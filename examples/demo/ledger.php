<?php

declare(strict_types=1);

namespace Demo;

use WechatPay\Fen;
use WechatPay\Ledger;
use WechatPay\LedgerState;
use WechatPay\Notification;
use WechatPay\OrderQuery;
use WechatPay\Sync;
use WechatPay\Transition;

/** The books of the demo's shop: SQLite in memory, the ledger's tables beside the shop's own. */
final class Books
{
    private static ?self $books = null;

    public readonly \PDO $pdo;
    public readonly Ledger $ledger;

    private function __construct(Shop $shop)
    {
        $this->pdo = new \PDO('sqlite::memory:');
        $this->pdo->exec('CREATE TABLE balance (number TEXT, fen INT)');
        $credit = function (Transition $t, \PDO $pdo): void {
            $pdo->prepare('INSERT INTO balance VALUES (?, ?)')->execute([$t->outTradeNo, $t->entry->totalFee]);
        };
        $this->ledger = new Ledger($this->pdo, $credit, gateway: $shop->gateway());
        $this->ledger->install();
    }

    public static function of(Shop $shop): self
    {
        return self::$books ??= new self($shop);
    }

    /** How often an order was credited: rows, not a sum. */
    public function credits(string $number): int
    {
        $rows = $this->pdo->prepare('SELECT COUNT(*) FROM balance WHERE number = ?');
        $rows->execute([$number]);
        return (int) $rows->fetchColumn();
    }

    /** Ten minutes go by, at WeChat Pay and here. */
    public function pass(Shop $shop): void
    {
        $shop->simulator->control('POST', '/clock', ['advance_ms' => 600_000]);
        $this->pdo->exec('UPDATE wechatpay_order SET created_at = created_at - 600000, due_at = 0 WHERE due_at IS NOT NULL');
    }
}

function moved(Transition $t): string
{
    return "{$t->from->name} -> {$t->to->name}" . ($t->credited ? ', credited' : '') . " ($t->reason)";
}

function findALostNotice(Shop $shop): void
{
    $books = Books::of($shop);
    $shop->screen->say('The ledger stands in the shop\'s own database; an order is opened there before it is placed.');
    $entry = $books->ledger->open($shop->merchant, 'book-0001', Fen::fromYuan('39.90'));
    $shop->place('book-0001', $entry->totalFee, 'A book');
    $shop->screen->row('opened', "book-0001 {$entry->state->name}, 39.90 yuan");
    $shop->simulator->control('POST', '/state', ['out_trade_no' => 'book-0001', 'trade_state' => 'SUCCESS']);
    $shop->screen->row('the payer paid', 'and the notice was lost');
    $books->pass($shop);
    $report = (new Sync($books->ledger, $shop->merchant))->run(seconds: 0);
    $shop->expect([1, 1], [$report->asked, $report->credited], 'what Sync asked and credited');
    $shop->screen->row('Sync', "asked $report->asked, credited $report->credited");
    $shop->expect(LedgerState::Paid, $books->ledger->find($shop->merchant, 'book-0001')?->state, 'the order');
    $shop->expect(1, $books->credits('book-0001'), 'the credits');
}

function creditOnce(Shop $shop): void
{
    $books = Books::of($shop);
    $books->ledger->open($shop->merchant, 'book-0002', 1500);
    $body = Notification::sign(
        ['out_trade_no' => 'book-0002', 'transaction_id' => '4200000000202611220000000002', 'total_fee' => 1500],
        $shop->merchant,
    );
    foreach (['a notice came', 'the same again'] as $what) {
        $t = $books->ledger->applyNotification(Notification::read($body, $shop->merchant));
        $shop->screen->row($what, moved($t));
        $shop->expect(Notification::success(), (string) $t->reply(), 'the reply');
    }
    $shop->expect(1, $books->credits('book-0002'), 'the credits');
    $shop->screen->row('in the shop\'s table', 'one row: the callback ran once, in the transaction of the state');
}

function showALatePayment(Shop $shop): void
{
    $books = Books::of($shop);
    $books->ledger->open($shop->merchant, 'book-0003', 2000);
    $shop->place('book-0003', 2000, 'A book nobody pays');
    $books->pass($shop);
    $t = $books->ledger->close($shop->merchant, 'book-0003');
    $shop->expect(LedgerState::Closed, $t->to, 'the closed order');
    $shop->screen->row('Ledger::close', moved($t));
    $shop->simulator->control('POST', '/state', ['out_trade_no' => 'book-0003', 'trade_state' => 'SUCCESS']);
    $late = $books->ledger->apply((new OrderQuery($shop->merchant, $shop->gateway()))->byOutTradeNo('book-0003'));
    $shop->expect([LedgerState::PaidLate, false], [$late->to, $late->credited], 'the late payment');
    $shop->screen->row('paid all the same', moved($late) . ': you deliver or refund');
    $shop->expect(0, $books->credits('book-0003'), 'the credits');
}

function bookARefund(Shop $shop): void
{
    $books = Books::of($shop);
    $t = $books->ledger->refund($shop->certified, 'book-0001', 'book-0001-R1', 990);
    $shop->expect([LedgerState::PartiallyRefunded, 990], [$t->to, $t->entry?->refundedFee], 'the refund');
    $shop->screen->row('Ledger::refund', moved($t) . ': 9.90 of 39.90 yuan');
    $again = $books->ledger->refund($shop->certified, 'book-0001', 'book-0001-R1', 990);
    $shop->expect(false, $again->changed, 'the same number again');
    $shop->screen->row('the same call again', 'changes nothing: one outRefundNo is one refund');
    $sent = $books->ledger->outbox(function (string $topic, array $message) use ($shop): void {
        $shop->screen->row('outbox', "{$message['out_trade_no']} $topic");
    });
    $shop->expect(true, $sent >= 5, 'the messages of the outbox');
}
