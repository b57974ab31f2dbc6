<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;
use WechatPay\Gateway;
use WechatPay\LedgerState;
use WechatPay\Sync;
use WechatPay\SyncReport;

/**
 * What happens to databases: clocks that differ, disks that are full, transactions that were left open, many rows.
 *
 * @group slow
 */
#[Group('slow')]
final class LedgerDatabasesTest extends LedgerTestCase
{
    public function testL8TheClockIsTheDatabasesAndNotThatOfTheProcess(): void
    {
        $this->database = Database::of('mariadb');
        $this->database->clear();
        $hour = 3600;
        // MariaDB lets a session have a clock of its own.
        $at = function (int $time): \PDO {
            $pdo = $this->database->connect();
            $pdo->exec("SET timestamp = $time");
            return $pdo;
        };
        $ahead = time() + $hour;
        $ledger = $this->shop($at($ahead));
        $ledger->install();
        $entry = $this->open($ledger);
        self::assertSame($ahead, $entry->createdAt->getTimestamp());
        self::assertEqualsWithDelta($ahead + 5, $entry->dueAt->getTimestamp(), 2);

        $gateway = new Gateway('https://127.0.0.1:9', timeoutMs: 200);
        $claimed = fn (int $time): int => (new Sync($this->shop($at($time), gateway: $gateway), $this->merchant))->run(0)->claimed;
        self::assertSame(0, $claimed(time()), 'not due by the clock of this process, nor asked for it');
        self::assertSame(0, $claimed($ahead + 1));
        self::assertSame(1, $claimed($ahead + 10));
        self::assertSame(0, $claimed($ahead + 10), 'leased, or put off, by the same clock');
        self::assertGreaterThan(0, $claimed($ahead + 600));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testL12ATransactionLeftOpenOnAPersistentConnectionIsGoneAndNotJoined(string $database): void
    {
        $this->open($this->shop($this->pdo));
        $lasting = [\PDO::ATTR_PERSISTENT => true];
        $first = $this->database->connect(options: $lasting);
        $first->beginTransaction();
        $first->exec("INSERT INTO balance VALUES ('left over', 1)");
        $same = fn (\PDO $pdo): string => match ($database) {
            'sqlite' => 'one file',
            'mariadb' => (string) $pdo->query('SELECT CONNECTION_ID()')->fetchColumn(),
            'pgsql' => (string) $pdo->query('SELECT pg_backend_pid()')->fetchColumn(),
        };
        $before = $same($first);
        unset($first);
        $next = $this->database->connect(options: $lasting);
        self::assertSame($before, $same($next), 'it is the same connection');
        self::assertTrue($this->shop($next)->apply($this->order())->credited);
        self::assertFalse($next->inTransaction());
        self::assertSame([[100], []], [$this->booked(), $this->booked('left over')], 'committed, and by itself');
    }

    public function testL13AFullDiskIsToldAndNothingIsHalfStored(): void
    {
        $ledger = $this->shop($this->pdo);
        $numbers = array_map(fn (int $at) => 'T' . (10000 + $at), range(0, 199));
        array_map(fn (string $number) => $this->open($ledger, $number), $numbers);
        $pages = (int) $this->pdo->query('PRAGMA page_count')->fetchColumn();
        // SQLite's own way to a disk that is full after a few pages more.
        $this->pdo->exec('PRAGMA max_page_count = ' . ($pages + 3));
        $apply = fn (string $number) => $ledger->apply($this->order(out_trade_no: $number, transaction_id: "42$number"));
        $credited = [];
        try {
            foreach ($numbers as $number) {
                self::assertTrue($apply($number)->credited);
                $credited[] = $number;
            }
            self::fail('The disk was never full.');
        } catch (\PDOException $e) {
            self::assertSame(13, $e->errorInfo[1], $e->getMessage());
        }
        self::assertFalse($this->pdo->inTransaction());
        self::assertNotSame([], $credited);
        $stored = $this->database->connect();
        self::assertSame($credited, $stored->query('SELECT trade FROM balance ORDER BY trade')->fetchAll(\PDO::FETCH_COLUMN));
        foreach (['credit', 'evidence', 'outbox'] as $table) {
            self::assertSame(\count($credited), $this->rows($table, $stored), $table);
        }
        self::assertSame(LedgerState::Created, $ledger->find($this->merchant, $number)->state);

        $this->pdo->exec('PRAGMA max_page_count = 1000000');
        self::assertTrue($apply($number)->credited, 'there is room again');
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testL15AnOlderSchemaIsRefusedWithBothVersions(string $database): void
    {
        $this->pdo->exec('UPDATE wechatpay_schema SET version = 0');
        $ledger = $this->shop($this->pdo);
        $this->expectException(\LogicException::class);
        $this->expectExceptionMessage('schema version 0, this extension knows version 3');
        $ledger->apply($this->order());
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testL20ManyDueOrdersAreClaimedInBatchesOldestFirstByTheIndex(string $database): void
    {
        $count = 5000;
        $this->fill(0, $count, true);
        // Most orders of a shop are done, and due no more: no claim may walk over them, let alone lock them.
        $this->fill($count, 20_000, false);
        if ($database !== 'sqlite') {
            $this->pdo->query($database === 'pgsql' ? 'ANALYZE wechatpay_order' : 'ANALYZE TABLE wechatpay_order')->fetchAll();
        }
        $pdo = $this->database->connect(ClaimHearingPdo::class);
        $pdo->setAttribute(\PDO::ATTR_STATEMENT_CLASS, [ClaimHearingStatement::class, [$pdo]]);
        $gateway = new Gateway('https://127.0.0.1:9', timeoutMs: 200);
        $report = (new Sync($this->shop($pdo, gateway: $gateway), $this->merchant))
            ->run(0, batch: 25, onProgress: fn (SyncReport $r): bool => $r->rounds < 2);
        self::assertSame([2, 50], [$report->rounds, $report->claimed]);
        // The last one that was opened has waited longest.
        $touched = $this->pdo->query('SELECT out_trade_no FROM wechatpay_order WHERE epoch > 0 ORDER BY out_trade_no');
        $oldest = array_map(fn (int $at) => sprintf('L%05d', $at), range($count - 50, $count - 1));
        self::assertSame($oldest, $touched->fetchAll(\PDO::FETCH_COLUMN));

        $explain = $this->pdo->prepare(($database === 'sqlite' ? 'EXPLAIN QUERY PLAN ' : 'EXPLAIN ') . $pdo->claim);
        array_map(fn (array $bound) => $explain->bindValue(...$bound), $pdo->bound);
        $explain->execute();
        $plan = implode("\n", array_map(fn (array $row) => implode(' ', array_filter($row, is_string(...))), $explain->fetchAll(\PDO::FETCH_ASSOC)));
        [$uses, $sorts] = match ($database) {
            'sqlite' => ['INDEX wechatpay_order_0 (mch_id=? AND sub_mch_id=? AND appid=? AND sub_appid=? AND due_at<?)', 'TEMP B-TREE'],
            'mariadb' => ['range due', 'filesort'],
            'pgsql' => ['Index Scan using wechatpay_order_0', 'Sort'],
        };
        self::assertStringContainsString($uses, $plan);
        self::assertStringNotContainsString($sorts, $plan);
        self::assertStringNotContainsString('Seq Scan', $plan);
        self::assertStringNotContainsString('SCAN', $plan);
        if ($database === 'mariadb') {
            $this->pdo->exec('FLUSH STATUS');
            $claim = $this->pdo->prepare($pdo->claim);
            array_map(fn (array $bound) => $claim->bindValue(...$bound), $pdo->bound);
            $claim->execute();
            self::assertCount(25, $claim->fetchAll());
            $read = $this->pdo->query("SHOW SESSION STATUS LIKE 'Handler_icp_attempts'")->fetch()[1];
            self::assertLessThan(100, (int) $read, 'what is done was not looked at');
        }
    }

    /** So many orders; the first is due last. */
    private function fill(int $from, int $count, bool $due): void
    {
        $columns = 'mch_id, out_trade_no, appid, total_fee, fee_type, trade_type, state, reason, created_at, changed_at, due_at';
        $now = time() * 1000;
        $this->pdo->beginTransaction();
        foreach (array_chunk(range($from, $from + $count - 1), 1000) as $chunk) {
            $rows = array_map(fn (int $at): string => sprintf(
                "('%s', 'L%05d', '%s', 100, 'CNY', 'NATIVE', '%s', 'opened', %d, %d, %s)",
                SimulatorProcess::MCH_ID,
                $at,
                SimulatorProcess::APPID,
                $due ? 'CREATED' : 'PAID',
                $now,
                $now,
                $due ? $now - 1000 - $at : 'NULL',
            ), $chunk);
            $this->pdo->exec("INSERT INTO wechatpay_order ($columns) VALUES " . implode(', ', $rows));
        }
        $this->pdo->commit();
    }
}

/** Remembers how orders were claimed. */
final class ClaimHearingPdo extends \PDO
{
    public string $claim = '';
    /** @var array<int, array{int, mixed, int}> */
    public array $bound = [];
}

/** Its statements. */
final class ClaimHearingStatement extends \PDOStatement
{
    /** @var array<int, array{int, mixed, int}> */
    private array $bound = [];

    protected function __construct(private ClaimHearingPdo $pdo)
    {
    }

    public function bindValue(string|int $param, mixed $value, int $type = \PDO::PARAM_STR): bool
    {
        $this->bound[$param] = [$param, $value, $type];
        return parent::bindValue($param, $value, $type);
    }

    public function execute(?array $params = null): bool
    {
        if (str_contains($this->queryString, 'ORDER BY o.due_at LIMIT')) {
            [$this->pdo->claim, $this->pdo->bound] = [$this->queryString, $this->bound];
        }
        return parent::execute($params);
    }
}
