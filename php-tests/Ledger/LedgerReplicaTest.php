<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Gateway;
use WechatPay\Ledger;
use WechatPay\LedgerState;
use WechatPay\Sync;

/** A replica lags behind: the ledger refuses to work on one, and whatever decides is read under a lock from the primary. */
final class LedgerReplicaTest extends LedgerTestCase
{
    /** What a connection that only reads is told. */
    private const TOLD = 'the ledger needs the primary database, this connection only reads';

    private ?DatabaseServer $standby = null;

    /** @dataProvider readers */
    #[DataProvider('readers')]
    public function testL5AConnectionThatOnlyReadsIsRefusedAndNothingIsCredited(string $database, string $how, int|string $error): void
    {
        $this->open($this->shop($this->pdo));
        $paid = $this->shop($this->pdo);
        $this->open($paid, 'T00002');
        $paid->apply($this->order(out_trade_no: 'T00002', transaction_id: '43'));
        $this->pdo->exec('UPDATE wechatpay_order SET due_at = 1');
        $before = $this->everything();

        $reader = $this->reader($how);
        $ledger = $this->shop($reader, gateway: new Gateway('https://127.0.0.1:9'));
        foreach ([
            'apply' => fn () => $ledger->apply($this->order()),
            'a duplicate' => fn () => $ledger->apply($this->order(out_trade_no: 'T00002', transaction_id: '43')),
            'an unknown order' => fn () => $ledger->apply($this->order(out_trade_no: 'T00003', transaction_id: '44')),
            'applyNotification' => fn () => $ledger->applyNotification($this->notice()),
            'open' => fn () => $this->open($ledger, 'T00004'),
            'close' => fn () => $ledger->close($this->merchant, 'T00001'),
            'outbox' => fn () => $ledger->outbox(fn () => self::fail('It was delivered.')),
            'Sync' => fn () => (new Sync($ledger, $this->merchant))->run(0),
        ] as $what => $work) {
            try {
                $work();
                self::fail("$what was done.");
            } catch (\PDOException $e) {
                self::assertStringContainsString(self::TOLD, $e->getMessage(), $what);
                self::assertContains($error, $e->errorInfo, $what);
            }
            self::assertFalse($reader->inTransaction(), $what);
        }
        self::assertSame(LedgerState::Created, $ledger->find($this->merchant, 'T00001')->state, 'looking is allowed');
        self::assertSame($before, $this->everything());

        $this->release($how);
        self::assertTrue($this->shop($this->database->connect())->apply($this->order())->credited, 'the primary credits');
        self::assertSame([100], $this->booked());
    }

    /** @return iterable<string, array{string, string, int|string}> */
    public static function readers(): iterable
    {
        yield 'sqlite, a file that is only read' => ['sqlite', 'file', 8];
        yield 'sqlite, query_only' => ['sqlite', 'PRAGMA query_only = ON', 8];
        yield 'mariadb, a replica' => ['mariadb', 'replica', 1290];
        yield 'mariadb, a session' => ['mariadb', 'SET SESSION TRANSACTION READ ONLY', 1792];
        yield 'pgsql, a hot standby' => ['pgsql', 'standby', '25006'];
        yield 'pgsql, a session' => ['pgsql', 'SET default_transaction_read_only = on', '25006'];
    }

    private function reader(string $how): \PDO
    {
        if ($how === 'file') {
            return $this->database->connect(options: Database::settings('sqlite', ['ATTR_OPEN_FLAGS' => Database::constant('sqlite', 'OPEN_READONLY')]));
        }
        if ($how === 'standby') {
            $this->standby = $this->database->standby();
            [, $user, $password, $options] = $this->database->arguments();
            return new \PDO($this->standby->dsn('shop'), $user, $password, $options);
        }
        if ($how === 'replica') {
            // Root may write to a replica, the shop's account may not.
            $this->pdo->exec("CREATE OR REPLACE USER shop@'%'; GRANT ALL ON shop.* TO shop@'%'; SET GLOBAL read_only = 1");
            [$dsn, , , $options] = $this->database->arguments();
            return new \PDO($dsn, 'shop', '', $options);
        }
        $reader = $this->database->connect();
        $reader->exec($how);
        return $reader;
    }

    private function release(string $how): void
    {
        if ($how === 'replica') {
            $this->pdo->exec('SET GLOBAL read_only = 0');
        }
        $this->standby?->stop();
        $this->standby = null;
    }

    protected function tearDown(): void
    {
        $this->release((string) ($this->provided()[1] ?? ''));
        parent::tearDown();
    }

    /** All that is stored. @return array<string, list<array<mixed>>> */
    private function everything(): array
    {
        $rows = [];
        foreach (['wechatpay_order', 'wechatpay_evidence', 'wechatpay_credit', 'wechatpay_outbox', 'wechatpay_refund'] as $table) {
            $rows[$table] = $this->pdo->query("SELECT * FROM $table ORDER BY id")->fetchAll(\PDO::FETCH_NUM);
        }
        return $rows + ['balance' => $this->pdo->query('SELECT * FROM balance')->fetchAll(\PDO::FETCH_NUM)];
    }

    /** @dataProvider servers */
    #[DataProvider('servers')]
    public function testL5AViewThatLagsBehindDecidesNothing(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->open($ledger);
        // The shop's transaction sees the database as it was at this moment, like a replica that lags.
        $this->pdo->exec('SET SESSION ' . ($database === 'mariadb' ? '' : 'CHARACTERISTICS AS ') . 'TRANSACTION ISOLATION LEVEL REPEATABLE READ');
        $this->pdo->beginTransaction();
        $seen = fn (): string => $this->pdo->query("SELECT state FROM wechatpay_order WHERE out_trade_no = 'T00001'")->fetchColumn();
        self::assertSame('CREATED', $seen());
        self::assertTrue($this->shop($this->database->connect())->apply($this->order())->credited);
        self::assertSame('CREATED', $seen(), 'the view lags');
        try {
            $t = $ledger->apply($this->order());
            self::assertSame(['mariadb', false, LedgerState::Paid], [$database, $t->credited, $t->to]);
        } catch (\PDOException $e) {
            // PostgreSQL refuses what was read before somebody else's commit, and so does MariaDB since 11.6.
            $refusal = ['pgsql' => ['40001'], 'mariadb' => ['HY000', 1020]][$database];
            self::assertSame($refusal, array_slice($e->errorInfo, 0, \count($refusal)), $e->getMessage());
        }
        $this->pdo->inTransaction() && $this->pdo->rollBack();
        self::assertSame([[100], 1], [$this->booked(), $this->rows('credit')]);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testL5EveryStatementGoesOverTheGivenPdoAndWhatDecidesIsReadUnderTheLock(string $database): void
    {
        $this->open($this->shop($this->pdo));
        $pdo = $this->database->connect(ListeningPdo::class);
        $pdo->setAttribute(\PDO::ATTR_STATEMENT_CLASS, [ListeningStatement::class, [$pdo]]);
        $ledger = new Ledger($pdo, self::book(1));
        $connections = $this->connections($database);
        self::assertTrue($ledger->apply($this->order())->credited);
        self::assertFalse($ledger->apply($this->order())->credited);
        self::assertSame($connections, $this->connections($database), 'no connection was made');

        $locked = false;
        $reads = $writes = 0;
        foreach ($pdo->heard as [$sql, $inside]) {
            if (!preg_match('~\bwechatpay_(order|evidence|credit|refund|outbox)\b|^DELETE FROM wechatpay_schema~', $sql)) {
                continue;
            }
            self::assertTrue($inside, "outside of the transaction: $sql");
            $isRead = str_starts_with($sql, 'SELECT');
            $takesLock = $database === 'sqlite' ? str_starts_with($sql, 'DELETE') : str_ends_with($sql, 'FOR UPDATE');
            self::assertTrue($locked || $takesLock, "before the lock: $sql");
            $locked = true;
            if ($isRead && str_contains($sql, 'wechatpay_order')) {
                self::assertTrue($database === 'sqlite' || $takesLock, "decided without a lock: $sql");
            }
            $reads += (int) $isRead;
            $writes += (int) !$isRead;
        }
        self::assertSame([2, true], [$reads, $writes >= 5], 'both applications were heard');
        $own = array_filter($pdo->heard, fn (array $one): bool => str_contains($one[0], 'INSERT INTO wechatpay_credit'));
        self::assertCount(1, $own, 'the credit went over the given PDO');
    }

    /** How many connections the server has ever had; SQLite has no server, and counts nothing. */
    private function connections(string $database): int
    {
        return match ($database) {
            'sqlite' => \count(glob('/proc/self/fd/*')),
            'mariadb' => (int) $this->pdo->query("SHOW GLOBAL STATUS LIKE 'Connections'")->fetch()[1],
            'pgsql' => (int) $this->pdo->query('SELECT COUNT(*) FROM pg_stat_activity')->fetchColumn(),
        };
    }
}

/** Hears every statement, and whether it was run inside a transaction. */
final class ListeningPdo extends \PDO
{
    /** @var list<array{string, bool}> */
    public array $heard = [];

    public function exec(string $statement): int|false
    {
        $this->heard[] = [$statement, parent::inTransaction()];
        return parent::exec($statement);
    }

    public function query(string $query, ?int $mode = null, mixed ...$more): \PDOStatement|false
    {
        $this->heard[] = [$query, parent::inTransaction()];
        return parent::query($query, $mode, ...$more);
    }
}

/** Its statements. */
final class ListeningStatement extends \PDOStatement
{
    protected function __construct(private ListeningPdo $pdo)
    {
    }

    public function execute(?array $params = null): bool
    {
        $this->pdo->heard[] = [$this->queryString, $this->pdo->inTransaction()];
        return parent::execute($params);
    }
}
