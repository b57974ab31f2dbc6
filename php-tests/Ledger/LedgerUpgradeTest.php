<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Gateway;
use WechatPay\Ledger;
use WechatPay\LedgerState;
use WechatPay\Resolution;
use WechatPay\Sync;

/** Tables of each earlier version, as its own SQL made them, with everything in them: brought up to date, and worked with. */
final class LedgerUpgradeTest extends LedgerSimulatorTestCase
{
    private const STATES = [
        'CREATED', 'USERPAYING', 'PAID', 'PART_REFUNDED', 'REFUNDED', 'CLOSING', 'CLOSED', 'REVOKED', 'PAID_LATE', 'REVIEW',
    ];
    private const WORDS = ['INTENT', 'PROCESSING', 'SUCCESS', 'CHANGE', 'CLOSED', 'REFUSED'];

    protected function setUp(): void
    {
        parent::setUp();
        $this->makeVersion($this->provided()[1] ?? 1);
    }

    protected function shop(\PDO $pdo, mixed ...$more): Ledger
    {
        return parent::shop($pdo, ...$more + ['gateway' => $this->gateway ?? null]);
    }

    private function makeVersion(int $version): void
    {
        foreach (['order', 'evidence', 'credit', 'refund', 'outbox', 'schema', 'day', 'difference'] as $table) {
            $this->pdo->exec("DROP TABLE wechatpay_$table");
        }
        $sql = file_get_contents(ROOT . "/php-tests/fixtures/schema-$version/{$this->database->kind}.sql");
        foreach (explode(";\n", trim($sql, ";\n")) as $statement) {
            $this->pdo->exec($statement);
        }
        foreach (self::STATES as $at => $state) {
            $this->put("old-000$at", $state);
        }
    }

    /** Each earlier version on each database. @return iterable<string, array{string, int}> */
    public static function versions(): iterable
    {
        foreach (Database::KINDS as $kind) {
            foreach ([1, 2] as $version) {
                yield "$kind, version $version" => [$kind, $version];
            }
        }
    }

    /** An order of an earlier version with all its rows. */
    private function put(string $number, string $state, mixed ...$more): int
    {
        $paid = \in_array($state, ['PAID', 'PART_REFUNDED', 'REFUNDED', 'PAID_LATE'], true);
        $credited = \in_array($state, ['PAID', 'PART_REFUNDED', 'REFUNDED'], true);
        $now = time() * 1000 - 600_000;
        $this->insert('order', $more + [
            'mch_id' => SimulatorProcess::MCH_ID, 'out_trade_no' => $number, 'appid' => SimulatorProcess::APPID,
            'total_fee' => 100, 'fee_type' => 'CNY', 'trade_type' => 'NATIVE', 'state' => $state,
            'transaction_id' => $paid ? self::transaction($number) : null, 'paid' => $paid ? 100 : null, 'credited' => (int) $credited,
            'refunded' => ['PART_REFUNDED' => 40, 'REFUNDED' => 100][$state] ?? 0,
            'intent' => $state === 'CLOSING' ? 'CLOSE' : null,
            'reason' => 'version 1', 'created_at' => $now, 'changed_at' => $now,
            'due_at' => \in_array($state, ['CREATED', 'USERPAYING', 'CLOSING'], true) ? 1 : null,
        ]);
        $id = (int) $this->pdo->query("SELECT id FROM wechatpay_order WHERE out_trade_no = '$number'")->fetchColumn();
        $ours = ['order_id' => $id, 'mch_id' => SimulatorProcess::MCH_ID];
        if ($credited) {
            $this->insert('credit', $ours + [
                'out_trade_no' => $number, 'transaction_id' => self::transaction($number), 'total_fee' => 100, 'fee_type' => 'CNY',
                'sha256' => str_repeat('a', 64), 'credited_at' => $now,
            ]);
        }
        $this->insert('outbox', ['order_id' => $id, 'topic' => $state, 'payload' => '{}', 'due_at' => 1, 'created_at' => $now]);
        return $id;
    }

    private static function transaction(string $number): string
    {
        return '42' . strtr($number, ['-' => '']);
    }

    private function refunded(int $order, string $number, string $word, int $fee): void
    {
        $this->insert('refund', [
            'order_id' => $order, 'mch_id' => SimulatorProcess::MCH_ID, 'out_refund_no' => $number,
            'refund_fee' => $fee, 'state' => $word, 'options' => '', 'created_at' => 1, 'changed_at' => 1,
        ]);
    }

    /** @param array<string, mixed> $row */
    private function insert(string $table, array $row): void
    {
        $names = implode(', ', array_keys($row));
        $marks = implode(', ', array_fill(0, \count($row), '?'));
        $this->pdo->prepare("INSERT INTO wechatpay_$table ($names) VALUES ($marks)")->execute(array_values($row));
    }

    private function version(): int
    {
        return (int) $this->pdo->query('SELECT MAX(version) FROM wechatpay_schema')->fetchColumn();
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR20MessagesThatWaitAreSetAsideAndDeliveredInTheirOrder(string $database): void
    {
        $this->pdo->exec('DELETE FROM wechatpay_outbox');
        foreach ([[1, 'A1'], [1, 'A2'], [2, 'B1'], [1, 'A3']] as [$order, $topic]) {
            $this->insert('outbox', ['order_id' => $order, 'topic' => $topic, 'payload' => '{}', 'due_at' => 1, 'created_at' => 1]);
        }
        $ledger = $this->shop($this->pdo);
        $ledger->install();
        $due = $this->pdo->query('SELECT topic FROM wechatpay_outbox WHERE due_at = 1 ORDER BY topic');
        self::assertSame(['A1', 'B1'], $due->fetchAll(\PDO::FETCH_COLUMN));
        $told = [];
        self::assertSame(4, $ledger->outbox(function (string $topic) use (&$told): void {
            $told[] = $topic;
        }));
        self::assertSame(['A1', 'A2', 'A3'], array_values(array_diff($told, ['B1'])));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testWithoutTheUpgradeEveryMethodSaysWhatToDo(string $database): void
    {
        $ledger = fn () => $this->shop($this->database->connect());
        $list = $this->notice();
        foreach ([
            'open' => fn (Ledger $l) => $this->open($l),
            'apply' => fn (Ledger $l) => $l->apply($this->order()),
            'applyNotification' => fn (Ledger $l) => $l->applyNotification($list),
            'find' => fn (Ledger $l) => $l->find($this->merchant, 'old-0000'),
            'refund' => fn (Ledger $l) => $l->refund($this->merchant, 'old-0002', 'R1', 1),
            'close' => fn (Ledger $l) => $l->close($this->merchant, 'old-0000'),
            'reverse' => fn (Ledger $l) => $l->reverse($this->merchant, 'old-0000'),
            'resolve' => fn (Ledger $l) => $l->resolve($this->merchant, 'old-0009', Resolution::Dismiss, 'x'),
            'outbox' => fn (Ledger $l) => $l->outbox(fn () => true),
            'reconcileDay' => fn (Ledger $l) => $l->reconcileDay($this->merchant, '2026-11-21'),
            'differences' => fn (Ledger $l) => $l->differences($this->merchant),
            'settle' => fn (Ledger $l) => $l->settle(1, 'x'),
            'missingDays' => fn (Ledger $l) => $l->missingDays($this->merchant, '2026-11-21'),
            'Sync' => fn (Ledger $l) => (new Sync($l, $this->merchant))->run(0),
        ] as $name => $use) {
            try {
                $use($ledger());
                self::fail("$name works on tables of version 1");
            } catch (\LogicException $e) {
                self::assertStringContainsString('schema version 1', $e->getMessage(), $name);
                self::assertStringContainsString('call Ledger::install()', $e->getMessage(), $name);
            }
        }
        self::assertSame(1, $this->version());
    }

    /** @dataProvider versions */
    #[DataProvider('versions')]
    public function testOrdersOfEachStateAreThereAfterwardsAndGoOn(string $database, int $version): void
    {
        self::assertSame($version, $this->version());
        $this->shop($this->pdo)->install();
        $this->shop($this->pdo)->install();
        self::assertSame([3, \count(self::STATES)], [$this->version(), $this->rows('order')]);
        $timed = 'SELECT COUNT(*) FROM wechatpay_order o JOIN wechatpay_credit c ON c.order_id = o.id WHERE o.paid_at = c.credited_at';
        self::assertSame(3, (int) $this->pdo->query($timed)->fetchColumn(), 'days are told by when it was paid');
        $ledger = $this->shop($this->database->connect());
        foreach (self::STATES as $at => $state) {
            $entry = $ledger->find($this->merchant, "old-000$at");
            self::assertSame([$state, 100], [$entry->state->value, $entry->totalFee]);
        }
        $pay = fn (string $number) => $ledger->apply($this->order(out_trade_no: $number, transaction_id: self::transaction($number)));
        foreach (['old-0000', 'old-0001', 'old-0005'] as $number) {
            self::assertTrue($pay($number)->credited, $number);
        }
        self::assertSame(LedgerState::PaidLate, $pay('old-0006')->to);
        self::assertSame('seen before', $pay('old-0002')->reason);
        self::assertTrue($ledger->resolve($this->merchant, 'old-0006', Resolution::Credit, 'late')->credited);
        self::assertSame(LedgerState::Closed, $ledger->resolve($this->merchant, 'old-0009', Resolution::Dismiss, 'x')->to);
        self::assertGreaterThanOrEqual(\count(self::STATES), $ledger->outbox(fn () => true));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testRefundsInEachWordAreThereAfterwardsAndGoOn(string $database): void
    {
        $states = ['INTENT' => 'PAID', 'PROCESSING' => 'PART_REFUNDED', 'SUCCESS' => 'PART_REFUNDED',
            'CHANGE' => 'PART_REFUNDED', 'CLOSED' => 'PAID', 'REFUSED' => 'PAID'];
        foreach (self::WORDS as $at => $word) {
            $number = "back-000$at";
            self::$simulator->control('POST', '/orders', [
                'out_trade_no' => $number, 'total_fee' => 100, 'trade_state' => 'SUCCESS', 'created_ago_ms' => 600_000,
            ]);
            $waits = \in_array($word, ['INTENT', 'PROCESSING'], true);
            $order = $this->put($number, $states[$word], transaction_id: null, ask_refunds: (int) $waits, due_at: $waits ? 1 : null);
            $this->refunded($order, "R-$word", $word, 40);
        }
        $this->shop($this->pdo)->install();
        $ledger = $this->shop($this->database->connect());
        // What is only wanted is asked about and sent; what was accepted is asked about.
        (new Sync($ledger, $this->merchant))->run(0);
        $word = fn (string $number) => $this->pdo->query("SELECT state FROM wechatpay_refund WHERE out_refund_no = '$number'")->fetchColumn();
        self::assertSame('PROCESSING', $word('R-INTENT'));
        self::assertSame(LedgerState::PartiallyRefunded, $ledger->find($this->merchant, 'back-0000')->state);
        // A number whose refund has ended may be used again.
        foreach (['back-0004' => 'R-CLOSED', 'back-0005' => 'R-REFUSED'] as $number => $refund) {
            self::assertSame(40, $ledger->refund($this->merchant, $number, $refund, 40)->entry->refundedFee);
            self::assertSame('PROCESSING', $word($refund));
        }
        self::assertSame(['SUCCESS', 'CHANGE'], [$word('R-SUCCESS'), $word('R-CHANGE')]);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testTwoProcessesMayInstallAtOnce(string $database): void
    {
        $install = function (): callable {
            $ledger = $this->shop($this->database->connect());
            return function () use ($ledger): string {
                $ledger->install();
                return 'installed';
            };
        };
        self::assertSame(array_fill(0, 4, 'installed'), self::atOnce([$install, $install, $install, $install]));
        self::assertSame([3, \count(self::STATES)], [$this->version(), $this->rows('order')]);
    }

    /** @dataProvider whereEachChangeCommits */
    #[DataProvider('whereEachChangeCommits')]
    public function testAnUpgradeThatDiedInTheMiddleIsGoneOnWith(string $database): void
    {
        // MariaDB commits each change of a table by itself: any number of them may be there.
        $this->pdo->exec('ALTER TABLE wechatpay_refund ADD COLUMN sent_at BIGINT');
        $this->pdo->exec('ALTER TABLE wechatpay_order ADD COLUMN paid_at BIGINT, ADD INDEX paid (mch_id, paid_at)');
        $this->shop($this->pdo)->install();
        self::assertSame(3, $this->version());
        self::assertTrue($this->shop($this->pdo)->apply($this->order(out_trade_no: 'old-0000'))->credited);
    }

    /** @return iterable<string, array{string}> */
    public static function whereEachChangeCommits(): iterable
    {
        yield 'mariadb' => ['mariadb'];
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR7APaymentThatCameWhileVersion1AskedAPersonIsRemembered(string $database): void
    {
        $order = $this->put('poison-01', 'REVIEW');
        $this->insert('evidence', [
            'mch_id' => SimulatorProcess::MCH_ID, 'out_trade_no' => 'poison-01', 'order_id' => $order,
            'sha256' => str_repeat('b', 64), 'source' => 'notice', 'observed' => 'SUCCESS',
            'transaction_id' => '4200000000000077', 'total_fee' => 100, 'reason' => 'under review', 'seen_at' => 1,
        ]);
        $ledger = $this->shop($this->pdo);
        $ledger->install();
        self::assertSame('4200000000000077', $ledger->find($this->merchant, 'poison-01')->suspectTransactionId);
        self::assertTrue($ledger->resolve($this->merchant, 'poison-01', Resolution::Credit, 'mended')->credited);
    }
}
