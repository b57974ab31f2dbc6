<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Ledger;
use WechatPay\LedgerState;
use WechatPay\Resolution;

/** Messages are handed over one at a time, in order for each trade; what is over can be removed; texts survive any charset. */
final class LedgerOutboxTest extends LedgerSimulatorTestCase
{
    protected function shop(\PDO $pdo, mixed ...$more): Ledger
    {
        return parent::shop($pdo, ...$more + ['gateway' => $this->gateway ?? null]);
    }

    /** Messages of orders 1 to $orders, $each for each; due since long ago. */
    private function messages(int $orders, int $each = 2): void
    {
        $rows = [];
        for ($n = 1; $n <= $each; $n++) {
            for ($order = 1; $order <= $orders; $order++) {
                $rows[] = "($order, 'M$n', '{\"out_trade_no\":\"$order\"}', 1, 1)";
            }
        }
        foreach (array_chunk($rows, 2000) as $some) {
            $this->pdo->exec('INSERT INTO wechatpay_outbox (order_id, topic, payload, due_at, created_at) VALUES ' . implode(', ', $some));
        }
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR10ASlowDeliveryIsNobodyElsesAndLaterMessagesOfItsTradeWait(string $database): void
    {
        $this->messages(3);
        $other = $this->shop($this->database->connect());
        $told = [];
        $tells = function (string $who) use (&$told): callable {
            return function (string $topic, array $payload) use (&$told, $who): void {
                $told[] = "$who $payload[out_trade_no] $topic";
            };
        };
        $first = true;
        $count = $this->shop($this->pdo)->outbox(function (string $topic, array $payload, int $id) use (&$first, $tells, $other): void {
            if ($first) {
                $first = false;
                self::assertSame(4, $other->outbox($tells('B')), 'the other two trades');
            }
            $tells('A')($topic, $payload);
        });
        self::assertSame(2, $count);
        sort($told);
        self::assertSame(['A 1 M1', 'A 1 M2', 'B 2 M1', 'B 2 M2', 'B 3 M1', 'B 3 M2'], $told);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR10ADeliveryThatOutlivesItsLeaseIsNotReported(string $database): void
    {
        $this->messages(1);
        $other = $this->shop($this->database->connect());
        $calls = 0;
        $count = $this->shop($this->pdo)->outbox(function (string $topic) use (&$calls, $other): void {
            if ($calls++ === 0) {
                $this->database->connect()->exec('UPDATE wechatpay_outbox SET due_at = 1 WHERE id = 1');
                self::assertSame(2, $other->outbox(fn () => null));
            }
        });
        self::assertSame([0, 1], [$count, $calls]);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR10R20WhatWaitsIsDueAsSoonAsTheOneBeforeItIsDone(string $database): void
    {
        $this->messages(1, 3);
        $ledger = $this->shop($this->pdo);
        self::assertSame(0, $ledger->outbox(fn () => false));
        self::assertSame(0, $ledger->outbox(fn () => self::fail('nothing is due')));
        $due = $this->pdo->query('SELECT COUNT(*) FROM wechatpay_outbox WHERE due_at < 10')->fetchColumn();
        self::assertSame(0, (int) $due, 'those behind it wait, and are not walked over');
        $this->pdo->exec('UPDATE wechatpay_outbox SET due_at = 1 WHERE id = 1');
        $told = [];
        self::assertSame(3, $ledger->outbox(function (string $topic) use (&$told): void {
            $told[] = $topic;
        }));
        self::assertSame(['M1', 'M2', 'M3'], $told);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR20AMessageThatAlwaysFailsComesAgainAfterGrowingPausesAndIsCounted(string $database): void
    {
        $this->messages(1, 1);
        $ledger = $this->shop($this->pdo);
        $last = 0;
        foreach ([1 => 10, 2 => 20, 5 => 160, 9 => 2560, 20 => 3600] as $attempt => $seconds) {
            $this->pdo->exec('UPDATE wechatpay_outbox SET due_at = 1, attempt = ' . ($attempt - 1));
            $ledger->outbox(fn () => false, 1);
            [$count, $due] = $this->pdo->query('SELECT attempt, due_at FROM wechatpay_outbox')->fetch(\PDO::FETCH_NUM);
            $pause = $due / 1000 - microtime(true);
            self::assertSame($attempt, (int) $count);
            self::assertTrue($pause > 0.7 * $seconds - 5 && $pause < 1.3 * $seconds, "attempt $attempt: $pause");
        }
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR20BlockedMessagesCostClaimsNothing(string $database): void
    {
        $this->pdo->beginTransaction();
        $this->messages(4000);
        $this->pdo->commit();
        $this->pdo->exec("UPDATE wechatpay_outbox SET due_at = 9000000000000 WHERE topic = 'M1'");
        $this->pdo->exec("INSERT INTO wechatpay_outbox (order_id, topic, payload, due_at, created_at) VALUES (5000, 'free', '{}', 2, 1)");
        $ledger = $this->shop($this->pdo);
        $told = [];
        self::assertSame(1, $ledger->outbox(function (string $topic) use (&$told): void {
            $told[] = $topic;
        }));
        self::assertSame(['free'], $told);
        $ledger->outbox(fn () => self::fail('all others wait'));
        $walked = $this->pdo->query('SELECT COUNT(*) FROM wechatpay_outbox WHERE due_at < 1000')->fetchColumn();
        self::assertSame(0, (int) $walked, 'no claim looks at what waits');
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR20PurgeRemovesWhatIsOverAndNothingThatIsStillNeeded(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $paid = fn (string $number, mixed ...$more) => $this->order(...$more + ['out_trade_no' => $number, 'transaction_id' => "42$number"]);
        foreach (['done', 'new', 'review', 'late', 'back', 'open'] as $name) {
            $ledger->open($this->merchant, $name, 100);
        }
        foreach (['new', 'back'] as $name) {
            $ledger->apply($paid($name));
        }
        $ledger->apply($paid('review', total_fee: 99));
        $ledger->apply($paid('late', trade_state: 'CLOSED'));
        $ledger->apply($paid('late'));
        $ledger->apply($paid('back', trade_state: 'REFUND'));
        $ledger->apply($paid('open', trade_state: 'REFUND'));
        $ledger->apply($paid('orphan'));
        $ledger->apply($paid('done'));
        $ledger->outbox(fn (string $topic, array $payload) => $payload['out_trade_no'] !== 'done' || $topic !== 'PAID');
        $ledger->outbox(fn () => false);

        self::assertSame(0, $ledger->purge(new \DateTimeImmutable('-1 hour')), 'all of it is new');
        $old = (time() - 7200) * 1000;
        $this->pdo->exec("UPDATE wechatpay_evidence SET seen_at = $old WHERE out_trade_no <> 'new'");
        $this->pdo->exec("UPDATE wechatpay_order SET changed_at = $old WHERE out_trade_no <> 'new'");
        $this->pdo->exec("UPDATE wechatpay_outbox SET done_at = $old WHERE done_at IS NOT NULL");
        $sent = (int) $this->pdo->query('SELECT COUNT(*) FROM wechatpay_outbox WHERE done_at IS NOT NULL')->fetchColumn();
        self::assertGreaterThan(2, $sent);
        $orders = $this->rows('order');
        self::assertSame($sent + 1, $ledger->purge(new \DateTimeImmutable('-1 hour')));
        $left = $this->pdo->query('SELECT DISTINCT out_trade_no FROM wechatpay_evidence ORDER BY 1')->fetchAll(\PDO::FETCH_COLUMN);
        self::assertSame(['back', 'late', 'new', 'open', 'orphan', 'review'], $left);
        self::assertSame([$orders, 3, 1], [$this->rows('order'), $this->rows('credit'), $this->rows('outbox')]);

        self::assertFalse($ledger->apply($paid('done'))->credited, 'a credit is remembered without its evidence');
        self::assertSame([100], $this->booked('done'));
        self::assertSame(LedgerState::Review, $ledger->find($this->merchant, 'review')->state);
        self::assertSame(LedgerState::Paid, $ledger->resolve($this->merchant, 'late', Resolution::Credit, 'take it')->to);
        $this->pdo->exec('UPDATE wechatpay_evidence SET seen_at = 1');
        self::assertGreaterThan(0, $ledger->purge(new \DateTimeImmutable()), 'a payment of nobody is kept for two days');
        self::assertNotContains('orphan', $this->pdo->query('SELECT out_trade_no FROM wechatpay_evidence')->fetchAll(\PDO::FETCH_COLUMN));

        $this->pdo->beginTransaction();
        try {
            $ledger->purge(new \DateTimeImmutable());
            self::fail('inside a transaction');
        } catch (\LogicException $e) {
            self::assertStringContainsString('Ledger::purge() cannot be used inside a transaction', $e->getMessage());
        } finally {
            $this->pdo->rollBack();
        }
    }

    /** @return iterable<string, array{string, string}> */
    public static function charsets(): iterable
    {
        yield 'sqlite' => ['sqlite', ''];
        foreach (['gbk', 'latin1', 'utf8', 'utf8mb4', 'big5'] as $charset) {
            yield "mariadb $charset" => ['mariadb', $charset];
        }
        foreach (['GBK', 'LATIN1', 'UTF8', 'SQL_ASCII', 'EUC_CN'] as $charset) {
            yield "pgsql $charset" => ['pgsql', $charset];
        }
    }

    /** @dataProvider charsets */
    #[DataProvider('charsets')]
    public function testR44WhatIsStoredSurvivesTheCharsetOfTheConnection(string $database, string $charset): void
    {
        // WeChat takes no emoji; a note may have one.
        [$text, $note] = ['没有牛奶 "é" 中文', '没有牛奶 "é" 中文 😀'];
        [$dsn, $user, $password, $usual] = $this->database->arguments();
        $pdo = new \PDO(str_replace('utf8mb4', $charset, $dsn), $user, $password, $usual);
        $database === 'mariadb' && $pdo->exec("SET sql_mode = ''");
        $database === 'pgsql' && $pdo->exec("SET client_encoding TO '$charset'");
        $ledger = $this->shop($pdo);
        $ledger->open($this->merchant, 'text-0001', 100);
        self::$simulator->control('POST', '/orders', ['out_trade_no' => 'text-0001', 'total_fee' => 100, 'trade_state' => 'SUCCESS']);
        $ledger->apply((new \WechatPay\OrderQuery($this->merchant, $this->gateway))->byOutTradeNo('text-0001'));
        $t = $ledger->refund($this->merchant, 'text-0001', 'text-0001-R1', 40, ['refund_desc' => $text]);
        self::assertSame(LedgerState::PartiallyRefunded, $t->to);
        $ledger->refund($this->merchant, 'text-0001', 'text-0001-R1', 40, ['refund_desc' => $text]);
        $ledger->open($this->merchant, 'text-0002', 100);
        $ledger->apply($this->order(out_trade_no: 'text-0002', total_fee: 99));
        $ledger->resolve($this->merchant, 'text-0002', Resolution::Dismiss, $note);

        $plain = $this->database->connect();
        $options = $plain->query('SELECT options FROM wechatpay_refund')->fetchColumn();
        self::assertMatchesRegularExpression('~^[\x20-\x7e]+$~', $options);
        self::assertSame(['refund_desc' => $text], json_decode($options, true));
        $kept = $plain->query('SELECT note FROM wechatpay_evidence WHERE note IS NOT NULL')->fetchColumn();
        self::assertSame([$note, 1], [json_decode($kept), preg_match('~^[\x20-\x7e]+$~', $kept)]);
        self::assertSame(4, $ledger->outbox(function (string $topic, array $payload): void {
            self::assertStringStartsWith('text-000', $payload['out_trade_no']);
        }));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR44RowsThatWereStoredAsTheyAreAreStillRead(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $ledger->open($this->merchant, 'text-0003', 100);
        self::$simulator->control('POST', '/orders', ['out_trade_no' => 'text-0003', 'total_fee' => 100, 'trade_state' => 'SUCCESS']);
        $ledger->apply((new \WechatPay\OrderQuery($this->merchant, $this->gateway))->byOutTradeNo('text-0003'));
        $ledger->refund($this->merchant, 'text-0003', 'R1', 40, ['refund_desc' => '没有牛奶']);
        $this->pdo->exec("UPDATE wechatpay_refund SET options = '{\"refund_desc\":\"没有牛奶\"}'");
        self::assertFalse($ledger->refund($this->merchant, 'text-0003', 'R1', 40, ['refund_desc' => '没有牛奶'])->changed);
        $this->pdo->exec("UPDATE wechatpay_outbox SET payload = '{\"out_trade_no\":\"没有\"}'");
        self::assertGreaterThan(0, $ledger->outbox(fn (string $topic, array $payload) => self::assertSame('没有', $payload['out_trade_no'])));
    }
}
