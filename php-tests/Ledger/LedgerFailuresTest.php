<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;
use WechatPay\Ledger;
use WechatPay\LedgerState;
use WechatPay\Sync;
use WechatPay\SyncReport;
use WechatPay\Transition;
use WechatPay\UndecidedException;

/**
 * What fails for one order is its own matter: a refused COMMIT, one without an answer, a callback that ends its connection.
 *
 * @group slow
 */
#[Group('slow')]
final class LedgerFailuresTest extends LedgerSimulatorTestCase
{
    protected function shop(\PDO $pdo, mixed ...$more): Ledger
    {
        return parent::shop($pdo, ...$more + ['gateway' => $this->gateway ?? null]);
    }

    /** One order that cannot be credited, due first, and three that can. */
    private function four(Ledger $ledger): void
    {
        foreach (['bad-0001', 'good-0001', 'good-0002', 'good-0003'] as $due => $number) {
            $ledger->open($this->merchant, $number, 100);
            self::$simulator->control('POST', '/orders', [
                'out_trade_no' => $number, 'total_fee' => 100, 'trade_state' => 'SUCCESS',
            ]);
            $this->pdo->exec("UPDATE wechatpay_order SET due_at = $due + 1 WHERE out_trade_no = '$number'");
        }
    }

    /** @return array<string, array{string, int}> state and attempt of each order */
    private function orders(): array
    {
        $rows = $this->database->connect()->query('SELECT out_trade_no, state, attempt FROM wechatpay_order ORDER BY out_trade_no');
        $orders = [];
        foreach ($rows->fetchAll(\PDO::FETCH_NUM) as [$number, $state, $attempt]) {
            $orders[$number] = [$state, (int) $attempt];
        }
        return $orders;
    }

    private const GOOD = ['good-0001' => ['PAID', 0], 'good-0002' => ['PAID', 0], 'good-0003' => ['PAID', 0]];

    private function sync(Ledger $ledger, mixed ...$more): SyncReport
    {
        return (new Sync($ledger, $this->merchant))->run(0, ...$more);
    }

    /** Those that look at constraints when a transaction is committed. @return iterable<string, array{string, string}> */
    public static function deferring(): iterable
    {
        yield 'sqlite' => ['sqlite', '23000'];
        yield 'pgsql' => ['pgsql', '23503'];
    }

    /** @dataProvider deferring */
    #[DataProvider('deferring')]
    public function testR8ADeferredConstraintFailsItsOrderOnly(string $database, string $state): void
    {
        $database === 'sqlite' && $this->pdo->exec('PRAGMA foreign_keys = ON');
        $ledger = $this->withPoints();
        $this->four($ledger);
        $order = (new \WechatPay\OrderQuery($this->merchant, $this->gateway))->byOutTradeNo('bad-0001');
        try {
            $ledger->apply($order);
            self::fail('It cannot be stored.');
        } catch (\PDOException $e) {
            self::assertSame($state, $e->errorInfo[0], $e->getMessage());
        }
        self::assertFalse($this->pdo->inTransaction());
        $report = $this->sync($ledger);
        self::assertSame([4, 3, 1], [$report->claimed, $report->credited, $report->failures], implode("\n", $report->messages));
        self::assertSame($state, $report->exceptions[0]->errorInfo[0]);
        self::assertSame(['bad-0001' => ['CREATED', 1]] + self::GOOD, $this->orders());
        self::assertSame([[], [100]], [$this->booked('bad-0001'), $this->booked('good-0001')]);

        for ($n = 0; $n < 30; $n++) {
            $this->pdo->exec("UPDATE wechatpay_order SET due_at = 1 WHERE out_trade_no = 'bad-0001' AND due_at IS NOT NULL");
            $this->sync($ledger);
        }
        self::assertSame('REVIEW', $this->orders()['bad-0001'][0]);
    }

    /** A shop with such a constraint. */
    private function withPoints(): Ledger
    {
        $this->pdo->exec('CREATE TABLE customer (id INTEGER PRIMARY KEY)');
        $this->pdo->exec('CREATE TABLE points (customer INTEGER REFERENCES customer(id) DEFERRABLE INITIALLY DEFERRED)');
        return $this->shop($this->pdo, onCredit: function (Transition $t, \PDO $pdo): void {
            self::book(1)($t, $pdo);
            $t->outTradeNo === 'bad-0001' && $pdo->exec('INSERT INTO points VALUES (77)');
        });
    }

    /** @return iterable<string, array{string, array{string, int, string}, bool}> the answer to COMMIT, and is it the database's "no"? */
    public static function answers(): iterable
    {
        foreach ([
            'sqlite' => [[19, 'FOREIGN KEY constraint failed', true], [13, 'database or disk is full', true], [10, 'disk I/O error', false]],
            'mariadb' => [[1452, 'a foreign key constraint fails', true], [1021, 'Disk full', true], [3101, 'Plugin instructed the server to rollback', true],
                [1180, 'Got error 90 "Message too long" during COMMIT', true], [2006, 'server has gone away', false],
                [2013, 'Lost connection', false], [2055, 'Lost connection', false], [1927, 'Connection was killed', false], [0, '', false]],
            'pgsql' => [['23514', 'check', true], ['40003', 'unknown', false], ['53100', 'disk full', true], ['25P02', 'aborted', true],
                ['P0001', 'raised', true], ['57014', 'canceling statement', true], ['57P01', 'terminating connection', false],
                ['08006', 'connection failure', false], ['HY000', 'server closed the connection unexpectedly', false]],
        ] as $kind => $cases) {
            foreach ($cases as [$word, $text, $definite]) {
                $info = $kind === 'pgsql' ? [$word, 7, $text] : ['HY000', $word, $text];
                yield "$kind $word" => [$kind, $info, $definite];
            }
        }
    }

    /**
     * @dataProvider answers
     *
     * @param array{string, int, string} $info
     */
    #[DataProvider('answers')]
    public function testR8OnlyALostConnectionLeavesACommitUndecided(string $database, array $info, bool $definite): void
    {
        $pdo = $this->database->connect(RefusesCommit::class);
        $ledger = $this->shop($pdo, onCredit: function (Transition $t, \PDO $pdo): void {
            self::book(1)($t, $pdo);
            $pdo->next = $t->outTradeNo === 'bad-0001' ? $pdo->fault : null;
        });
        $this->four($ledger);
        $pdo->fault = new \PDOException("SQLSTATE[$info[0]]: $info[2]");
        $pdo->fault->errorInfo = $info;
        $order = (new \WechatPay\OrderQuery($this->merchant, $this->gateway))->byOutTradeNo('bad-0001');
        try {
            $ledger->apply($order);
            self::fail('Nothing was thrown.');
        } catch (\PDOException|UndecidedException $e) {
            self::assertSame($definite, $e === $pdo->fault, \get_class($e));
            self::assertSame($pdo->fault, $definite ? $e : $e->getPrevious());
        }
        $report = $this->sync($ledger);
        self::assertSame([4, 3, 1], [$report->claimed, $report->credited, $report->failures], implode("\n", $report->messages));
        [$thrown] = $report->exceptions;
        self::assertSame($pdo->fault, $definite ? $thrown : $thrown->getPrevious());
        self::assertSame(['bad-0001' => ['CREATED', 1]] + self::GOOD, $this->orders());
    }

    /** @dataProvider servers */
    #[DataProvider('servers')]
    public function testR8ACallbackThatEndsItsConnectionIsTheOthersFaultNotMoreThanOnce(string $database): void
    {
        $kill = $database === 'mariadb' ? 'KILL CONNECTION_ID()' : 'SELECT pg_terminate_backend(pg_backend_pid())';
        $credit = function (Transition $t, \PDO $pdo) use ($kill): void {
            self::book(1)($t, $pdo);
            if ($t->outTradeNo === 'bad-0001') {
                try {
                    $pdo->exec($kill);
                } catch (\PDOException) {
                }
                $pdo->exec('INSERT INTO balance (trade, fen) VALUES (1, 1)');
            }
        };
        $this->four($this->shop($this->pdo, onCredit: $credit));
        $runs = 0;
        do {
            $this->database->connect()->exec('UPDATE wechatpay_order SET due_at = 1 WHERE due_at IS NOT NULL');
            $ledger = $this->shop($this->database->connect(), onCredit: $credit);
            try {
                (new Sync($ledger, $this->merchant))->run(0);
                $dead = false;
            } catch (\PDOException) {
                $dead = true;
            }
            $runs++;
            $orders = $this->orders();
            foreach (['good-0001', 'good-0002', 'good-0003'] as $number) {
                self::assertContains($orders[$number], [['PAID', 0], ['CREATED', 0]], 'nobody else is blamed');
            }
            $runs === 2 && self::assertSame(['good-0001', 'good-0002', 'good-0003'], $this->paid(), 'the others come first the second time');
        } while ($dead && $runs < 40);
        self::assertSame('REVIEW', $this->orders()['bad-0001'][0]);
        self::assertSame(31, $runs);
        self::assertSame(['good-0001', 'good-0002', 'good-0003'], $this->paid());
    }

    /** @return list<string> */
    private function paid(): array
    {
        $rows = $this->database->connect()->query("SELECT out_trade_no FROM wechatpay_order WHERE state = 'PAID' ORDER BY out_trade_no");
        return $rows->fetchAll(\PDO::FETCH_COLUMN);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR21ACallbackThatGivesFalseOrAGeneratorStoresNothing(string $database): void
    {
        $bad = [
            'false' => fn () => false,
            'Generator' => function (Transition $t, \PDO $pdo) {
                self::book(1)($t, $pdo);
                yield $t;
            },
        ];
        foreach ($bad as $what => $callback) {
            $number = "T-$what";
            $ledger = $this->shop($this->pdo, onCredit: $callback);
            $ledger->open($this->merchant, $number, 100);
            try {
                $ledger->apply($this->order(out_trade_no: $number, transaction_id: "42$what"));
                self::fail("$what was a credit");
            } catch (\LogicException $e) {
                self::assertStringContainsString("onCredit gave " . ($what === 'false' ? 'false' : 'a Generator'), $e->getMessage());
            }
            self::assertSame(LedgerState::Created, $ledger->find($this->merchant, $number)->state);
            self::assertSame(0, $this->rows('credit'));

            self::$simulator->control('POST', '/orders', ['out_trade_no' => $number, 'total_fee' => 100, 'trade_state' => 'SUCCESS']);
            $this->pass(10, $number);
            $report = $this->sync($ledger);
            self::assertSame([0, 1], [$report->credited, $report->failures]);
            self::assertInstanceOf(\LogicException::class, $report->exceptions[0]);
        }
        foreach (['null' => null, 'true' => true, '0' => 0, "''" => '', '[]' => [], 'object' => new \stdClass()] as $name => $fine) {
            $number = 'fine-' . substr(md5((string) $name), 0, 20);
            $ledger = $this->shop($this->pdo, onCredit: fn () => $fine);
            $ledger->open($this->merchant, $number, 100);
            self::assertTrue($ledger->apply($this->order(out_trade_no: $number, transaction_id: '42' . substr(md5($number), 0, 20)))->credited, "gave $name");
        }
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR21TheOtherCallbacksOfTheLedgerToo(string $database): void
    {
        $ledger = $this->shop($this->pdo, onRevoke: fn () => false);
        $ledger->open($this->merchant, 'T00001', 100, tradeType: 'MICROPAY');
        $ledger->apply($this->order());
        $generator = function () {
            yield 1;
        };
        foreach ([
            'onRevoke gave false' => fn () => $ledger->apply($this->order(trade_state: 'REVOKED')),
            '$deliver gave a Generator' => fn () => $ledger->outbox($generator),
            'onProgress gave a Generator' => fn () => (new Sync($ledger, $this->merchant))->run(0, onProgress: $generator),
        ] as $why => $call) {
            try {
                $call();
                self::fail($why);
            } catch (\LogicException $e) {
                self::assertStringContainsString($why, $e->getMessage());
            }
        }
        self::assertSame(LedgerState::Paid, $ledger->find($this->merchant, 'T00001')->state);
        $this->pdo->exec('UPDATE wechatpay_outbox SET due_at = 1');
        self::assertSame(1, $ledger->outbox(fn () => null), 'it was not delivered before');
    }
}

/** Refuses a COMMIT, having carried it out or not: whoever says "no" has not. */
final class RefusesCommit extends \PDO
{
    public ?\PDOException $fault = null;
    public ?\PDOException $next = null;

    public function commit(): bool
    {
        if ($this->next !== null) {
            [$fault, $this->next] = [$this->next, null];
            parent::rollBack();
            throw $fault;
        }
        return parent::commit();
    }
}
