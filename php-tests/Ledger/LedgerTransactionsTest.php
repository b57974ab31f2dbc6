<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Ledger;
use WechatPay\LedgerState;
use WechatPay\Transition;
use WechatPay\UndecidedException;

/** The ledger's transactions: its own, those it joins, and what a callback may do to them. */
final class LedgerTransactionsTest extends LedgerTestCase
{
    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testL11AnOpenTransactionIsJoinedAndTheShopDecides(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->open($ledger);
        $this->pdo->beginTransaction();
        $this->pdo->exec("INSERT INTO balance VALUES ('own', 7)");
        self::assertTrue($ledger->apply($this->order())->credited);
        self::assertTrue($this->pdo->inTransaction());
        $this->pdo->rollBack();
        self::assertSame([[], [], 0], [$this->booked(), $this->booked('own'), $this->rows('credit')]);

        $this->pdo->beginTransaction();
        self::assertTrue($ledger->apply($this->order())->credited);
        $this->pdo->commit();
        self::assertSame([[100], LedgerState::Paid], [$this->booked(), $ledger->find($this->merchant, 'T00001')->state]);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testF17H5AnExceptionOfTheCallbackRollsBackAndIsTheSameObject(string $database): void
    {
        foreach ([new \DomainException('no stock'), new \Error('a bug')] as $mine) {
            $line = __LINE__ + 1;
            $ledger = $this->shop($this->pdo, onCredit: fn () => throw $mine);
            $this->open($ledger);
            try {
                $ledger->apply($this->order());
                self::fail('Nothing was thrown.');
            } catch (\Throwable $e) {
                self::assertSame($mine, $e);
                self::assertNull($e->getPrevious());
            }
            self::assertFalse($this->pdo->inTransaction());
            self::assertSame([0, 0, 0], [$this->rows('credit'), $this->rows('evidence'), $this->rows('outbox')]);
        }
        self::assertTrue($this->shop($this->pdo)->apply($this->order())->credited);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testH5InAJoinedTransactionAnExceptionLeavesTheShopsRows(string $database): void
    {
        $ledger = $this->shop($this->pdo, onCredit: fn () => throw new \DomainException());
        $this->open($ledger);
        $this->pdo->beginTransaction();
        $this->pdo->exec("INSERT INTO balance VALUES ('own', 7)");
        try {
            $ledger->apply($this->order());
            self::fail('Nothing was thrown.');
        } catch (\DomainException) {
            $this->pdo->commit();
        }
        self::assertSame([[7], 0], [$this->booked('own'), $this->rows('credit')]);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testH6ACallbackThatCallsItsOwnLedgerIsTold(string $database): void
    {
        $ledger = null;
        $ledger = $this->shop($this->pdo, onCredit: function () use (&$ledger): void {
            $ledger->find($this->merchant, 'T00001');
        });
        $this->open($ledger);
        try {
            $ledger->apply($this->order());
            self::fail('Nothing was thrown.');
        } catch (\LogicException $e) {
            self::assertStringContainsString('its own callback must not call it', $e->getMessage());
        }
        self::assertSame(LedgerState::Created, $ledger->find($this->merchant, 'T00001')->state);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testASecondLedgerInsideTheCallbackJoins(string $database): void
    {
        $other = $this->shop($this->pdo);
        $ledger = $this->shop($this->pdo, onCredit: function () use ($other): void {
            self::assertTrue($other->apply($this->order(out_trade_no: 'T00002', transaction_id: '43'))->credited);
        });
        $this->open($ledger);
        $this->open($ledger, 'T00002');
        self::assertTrue($ledger->apply($this->order())->credited);
        self::assertSame([[100], 2], [$this->booked('T00002'), $this->rows('credit')]);
    }

    /** @dataProvider ends */
    #[DataProvider('ends')]
    public function testH3H4AScriptThatEndsInTheCallbackLeavesNothing(string $database, string $end): void
    {
        $this->open($this->shop($this->pdo));
        $this->pdo = $this->database->connect();
        $code = <<<'PHP'
            $merchant = new WechatPay\Merchant('wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV');
            $pdo = new PDO(...unserialize(base64_decode('%s')));
            $ledger = new WechatPay\Ledger($pdo, function ($t, $pdo): void {
                $pdo->exec("INSERT INTO balance VALUES ('T00001', 100)");
                %s;
            });
            $body = WechatPay\Notification::sign(
                ['out_trade_no' => 'T00001', 'transaction_id' => '42', 'total_fee' => '100'], $merchant);
            register_shutdown_function(fn () => print('shut down'));
            $ledger->applyNotification(WechatPay\Notification::read($body, $merchant));
            echo 'went on';
            PHP;
        $arguments = base64_encode(serialize($this->database->arguments()));
        $run = PhpProcess::code(sprintf($code, $arguments, $end), ['memory_limit' => '32M']);
        self::assertStringEndsWith('shut down', $run->output);
        self::assertStringNotContainsString('went on', $run->output);
        self::assertSame([0, []], [$this->rows('credit'), $this->booked()]);
        self::assertTrue($this->shop($this->pdo)->apply($this->order())->credited, 'no lock was left');
    }

    /** @return iterable<string, array{string, string}> */
    public static function ends(): iterable
    {
        foreach (Database::KINDS as $kind) {
            foreach (['exit(3)', "trigger_error('fatal', E_USER_ERROR)", 'str_repeat("x", 1 << 30)'] as $end) {
                yield "$kind, $end" => [$kind, $end];
            }
        }
    }

    /** @dataProvider spoilers */
    #[DataProvider('spoilers')]
    public function testL11ACallbackThatEndsTheTransactionIsFoundOut(string $database, \Closure $spoil): void
    {
        $ledger = $this->shop($this->pdo, onCredit: fn (Transition $t, \PDO $pdo) => $spoil($pdo));
        $this->open($ledger);
        try {
            $ledger->apply($this->order());
            self::fail('Nobody noticed.');
        } catch (\LogicException $e) {
            self::assertStringContainsString('callback of the ledger', $e->getMessage());
        }
        self::assertFalse($this->pdo->inTransaction());
        $credits = $this->rows('credit');
        $state = $this->shop($this->database->connect())->find($this->merchant, 'T00001')->state;
        self::assertSame($credits === 1 ? LedgerState::Paid : LedgerState::Created, $state, 'never half');
    }

    /** @return iterable<string, array{string, \Closure}> */
    public static function spoilers(): iterable
    {
        $deeds = [
            'commits' => fn (\PDO $pdo) => $pdo->commit(),
            'rolls back' => fn (\PDO $pdo) => $pdo->rollBack(),
            'rolls back and begins' => fn (\PDO $pdo) => [$pdo->rollBack(), $pdo->beginTransaction()],
            'turns errors off' => fn (\PDO $pdo) => $pdo->setAttribute(\PDO::ATTR_ERRMODE, \PDO::ERRMODE_SILENT),
        ];
        foreach (Database::KINDS as $kind) {
            foreach ($deeds as $name => $deed) {
                yield "$kind $name" => [$kind, $deed];
            }
        }
        yield 'mariadb makes a table' => ['mariadb', fn (\PDO $pdo) => $pdo->exec('CREATE TABLE x (id INT)')];
        yield 'pgsql swallows an error' => ['pgsql', function (\PDO $pdo): void {
            try {
                $pdo->exec('no SQL at all');
            } catch (\PDOException) {
            }
        }];
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testL10AnErrorThatTheCallbackSwallowsSpoilsNothingWhereTheDatabaseGoesOn(string $database): void
    {
        if ($database === 'pgsql') {
            $this->expectException(\PDOException::class);
        }
        $ledger = $this->shop($this->pdo, onCredit: function (Transition $t, \PDO $pdo): void {
            try {
                $pdo->exec('no SQL at all');
            } catch (\PDOException) {
                self::book(1)($t, $pdo);
            }
        });
        $this->open($ledger);
        if ($database === 'pgsql') {
            try {
                $ledger->apply($this->order());
            } finally {
                self::assertSame([0, []], [$this->rows('credit'), $this->booked()]);
            }
        }
        self::assertTrue($ledger->apply($this->order())->credited);
        self::assertSame([100], $this->booked());
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testL4ADeadlockIsTriedAgainAsAWholeInOurOwnTransactionOnly(string $database): void
    {
        $info = ['sqlite' => ['HY000', 5, 'database is locked'], 'mariadb' => ['40001', 1213, 'Deadlock found'],
            'pgsql' => ['40P01', 7, 'deadlock detected']][$database];
        $runs = 0;
        $ledger = $this->shop($this->pdo, onCredit: function (Transition $t, \PDO $pdo) use (&$runs, $info): void {
            self::book(1)($t, $pdo);
            if (++$runs % 3 !== 0) {
                $deadlock = new \PDOException($info[2]);
                $deadlock->errorInfo = $info;
                throw $deadlock;
            }
        });
        $this->open($ledger);
        self::assertTrue($ledger->apply($this->order())->credited);
        self::assertSame([3, [100]], [$runs, $this->booked()]);

        $again = new \PDOException($info[2]);
        $again->errorInfo = $info;
        $times = 0;
        $never = $this->shop($this->pdo, onCredit: function () use (&$times, $again): void {
            $times++;
            throw $again;
        });
        $this->open($ledger, 'T00003');
        try {
            $never->apply($this->order(out_trade_no: 'T00003', transaction_id: '44'));
            self::fail('It was credited.');
        } catch (\PDOException $e) {
            self::assertSame([$again, 5], [$e, $times], 'five times at most');
        }
        self::assertFalse($this->pdo->inTransaction());

        $this->open($ledger, 'T00002');
        $this->pdo->beginTransaction();
        try {
            $ledger->apply($this->order(out_trade_no: 'T00002', transaction_id: '43'));
            self::fail('Tried again in the transaction of the shop.');
        } catch (\PDOException $e) {
            self::assertSame([4, $info], [$runs, $e->errorInfo]);
        }
        $this->pdo->rollBack();
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testL4ARowLockedByAnotherIsWaitedForAndThenGiven(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->open($ledger);
        $code = sprintf(
            '$pdo = new PDO(...unserialize(base64_decode(%s))); $pdo->beginTransaction();
             $pdo->exec("UPDATE wechatpay_order SET attempt = 0"); echo "locked"; usleep(400000); $pdo->commit();',
            var_export(base64_encode(serialize($this->database->arguments())), true),
        );
        $process = proc_open([PHP_BINARY, '-r', $code], [1 => ['pipe', 'w']], $pipes);
        self::assertSame('locked', fread($pipes[1], 6));
        self::assertTrue($ledger->apply($this->order())->credited);
        self::assertSame(0, proc_close($process));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testL2ACommitWhoseAnswerIsLostIsUndecidedAndTheSameEvidenceSettlesIt(string $database): void
    {
        foreach ([true, false] as $at => $stored) {
            $number = "T1000$at";
            $pdo = $this->database->connect(LosesCommit::class);
            $ledger = $this->shop($pdo);
            $this->open($ledger, $number);
            $order = $this->order(out_trade_no: $number, transaction_id: "42$at");
            $pdo->commits = $stored;
            try {
                $ledger->apply($order);
                self::fail('Nothing was thrown.');
            } catch (UndecidedException $e) {
                self::assertInstanceOf(\PDOException::class, $e->getPrevious());
                self::assertSame([$number, true, true], [$e->outTradeNo, $e->maybeProcessed, $e->retryable]);
            }
            $again = $this->shop($this->pdo)->apply($order);
            self::assertSame([!$stored, LedgerState::Paid], [$again->credited, $again->to]);
            self::assertSame([100], $this->booked($number));
        }
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testL13ADatabaseInTroubleAfterTheCallbackIsNotBlamedOnIt(string $database): void
    {
        $pdo = $this->database->connect(FullDisk::class);
        $ledger = $this->shop($pdo, onCredit: function () use ($pdo): void {
            $pdo->isFull = true;
        });
        $this->open($ledger);
        try {
            $ledger->apply($this->order());
            self::fail('Nothing was thrown.');
        } catch (\PDOException $e) {
            self::assertSame('the disk is full', $e->getMessage());
        }
        self::assertFalse($pdo->inTransaction());
        self::assertSame([0, 0, 0], [$this->rows('credit'), $this->rows('evidence'), $this->rows('outbox')]);
        self::assertTrue($this->shop($this->pdo)->apply($this->order())->credited);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testH2AConnectionThatWentThroughAForkIsRefused(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->open($ledger);
        $uses = [
            fn () => $ledger->apply($this->order()),
            fn () => $ledger->applyNotification($this->notice()),
            fn () => $this->open($ledger, 'T00002'),
            fn () => $ledger->find($this->merchant, 'T00001'),
            fn () => $ledger->close($this->merchant, 'T00001'),
            fn () => $ledger->outbox(fn () => true),
            fn () => $ledger->install(),
            fn () => (new \WechatPay\Sync($ledger, $this->merchant))->run(0),
        ];
        [$here, $there] = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);
        $child = pcntl_fork();
        if ($child === 0) {
            foreach ($uses as $use) {
                try {
                    $use();
                    fwrite($there, "was done\n");
                } catch (\Throwable $e) {
                    fwrite($there, $e::class . ' ' . $e->getMessage() . "\n");
                }
            }
            posix_kill(getmypid(), SIGKILL);
        }
        fclose($there);
        $said = explode("\n", trim(stream_get_contents($here)));
        self::assertCount(\count($uses), $said);
        foreach ($said as $line) {
            self::assertStringStartsWith('LogicException This Ledger was made before a fork', $line);
        }
        pcntl_waitpid($child, $status);
        self::assertTrue($ledger->apply($this->order())->credited);
    }

    public function testL14OurCommitsOutliveAPowerFailureWhateverTheShopHasChosen(): void
    {
        $this->pdo->exec('PRAGMA journal_mode = WAL');
        $this->pdo->exec('PRAGMA synchronous = NORMAL');
        $this->open($this->shop($this->pdo));
        self::assertSame(2, (int) $this->pdo->query('PRAGMA synchronous')->fetchColumn());
    }

    public function testL12AnSqliteTransactionBegunBySqlIsJoinedToo(): void
    {
        $ledger = $this->shop($this->pdo);
        $this->open($ledger);
        $this->pdo->exec('BEGIN IMMEDIATE');
        self::assertTrue($ledger->apply($this->order())->credited);
        $this->pdo->exec('ROLLBACK');
        self::assertSame([[], 0], [$this->booked(), $this->rows('credit')]);
        self::assertTrue($ledger->apply($this->order())->credited);
    }

    /** @dataProvider servers */
    #[DataProvider('servers')]
    public function testL3AServerThatDiesInsideTheTransactionLosesNothing(string $database): void
    {
        $ledger = $this->shop($this->pdo, onCredit: function (Transition $t, \PDO $pdo): void {
            self::book(1)($t, $pdo);
            $this->database->restart();
        });
        $this->open($ledger);
        try {
            $ledger->apply($this->order());
            self::fail('Nothing was thrown.');
        } catch (\PDOException) {
            self::assertSame([0, 0, 0], [$this->rows('credit'), $this->rows('evidence'), $this->rows('outbox')]);
        }
        try {
            $ledger->apply($this->order());
            self::fail('A dead connection was used.');
        } catch (\PDOException) {
            $this->pdo = $this->database->connect();
        }
        self::assertSame([0, []], [$this->rows('credit'), $this->booked()]);
        self::assertTrue($this->shop($this->pdo)->apply($this->order())->credited);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testIntentsAreRefusedInsideATransaction(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->open($ledger);
        $this->pdo->beginTransaction();
        foreach ([
            fn () => $ledger->refund($this->merchant, 'T00001', 'R1', 1),
            fn () => $ledger->close($this->merchant, 'T00001'),
            fn () => $ledger->reverse($this->merchant, 'T00001'),
            fn () => $ledger->outbox(fn () => true),
            fn () => $ledger->install(),
            fn () => (new \WechatPay\Sync($ledger, $this->merchant))->run(0),
        ] as $intent) {
            try {
                $intent();
                self::fail('An intent that could be rolled back was called.');
            } catch (\LogicException $e) {
                self::assertStringContainsString('inside a transaction', $e->getMessage());
            }
        }
        $this->pdo->rollBack();
    }
}

/** Its COMMIT is carried out or not, and its answer never comes. */
final class LosesCommit extends \PDO
{
    public ?bool $commits = null;

    public function commit(): bool
    {
        if ($this->commits === null) {
            return parent::commit();
        }
        $this->commits ? parent::commit() : parent::rollBack();
        throw new \PDOException('the connection was lost');
    }
}

/** Cannot release a savepoint once its disk is full. */
final class FullDisk extends \PDO
{
    public bool $isFull = false;

    public function exec(string $statement): int|false
    {
        if ($this->isFull && str_starts_with($statement, 'RELEASE')) {
            $fault = new \PDOException('the disk is full');
            $fault->errorInfo = ['HY000', 13, 'database or disk is full'];
            throw $fault;
        }
        return parent::exec($statement);
    }
}
