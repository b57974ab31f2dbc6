<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;
use WechatPay\Ledger;
use WechatPay\LedgerState;
use WechatPay\UndecidedException;

/**
 * Every call of PDO in an apply fails once, the n-th in the n-th run: never is anything half stored, and never is
 * "credited" said of what is not.
 *
 * @group slow
 */
#[Group('slow')]
final class LedgerTortureTest extends LedgerTestCase
{
    /** @dataProvider modes */
    #[DataProvider('modes')]
    public function testL1L4L13EveryCallOfPdoFailsOnce(string $database, bool $joined, string $how): void
    {
        $pdo = $this->database->connect(FailingPdo::class);
        $pdo->setAttribute(\PDO::ATTR_STATEMENT_CLASS, [FailingStatement::class, [$pdo]]);
        $pdo->error = $how === 'busy' ? self::BUSY[$database] : ['HY000', 999, 'failed on purpose'];
        $pdo->afterwards = $how === 'afterwards';
        $calls = $credits = 0;
        do {
            $number = 'T' . 10000 + ++$calls;
            $this->open($this->shop($this->pdo), $number);
            $credited = $this->apply($pdo, $number, $calls, $joined);
            $this->assertWhole($number, $credited);
            $credits += (int) $credited;
            if ($pdo->failed && $how === 'busy') {
                self::assertSame($pdo->failedJoined ? null : true, $credited, "call $calls: ours is tried again, the shop's never");
            }
        } while ($pdo->failed);
        self::assertGreaterThan(30, $calls, 'there are as many calls as that');
        $mode = ($joined ? 'joined' : 'its own') . " transaction, $how";
        fprintf(STDERR, "\n  %s, %s: each of %d calls failed once, %d applies said credited\n", $database, $mode, $calls - 1, $credits);
    }

    /** A deadlock or a lock, as each database says it. */
    private const BUSY = [
        'sqlite' => ['HY000', 5, 'database is locked'],
        'mariadb' => ['40001', 1213, 'Deadlock found when trying to get lock'],
        'pgsql' => ['40001', 7, 'could not serialize access'],
    ];

    /** @return iterable<string, array{string, bool, string}> */
    public static function modes(): iterable
    {
        foreach (Database::KINDS as $kind) {
            foreach ([[false, 'broken'], [true, 'broken'], [false, 'busy'], [true, 'busy'], [false, 'afterwards']] as [$joined, $how]) {
                yield "$kind, " . ($joined ? 'joined' : 'its own transaction') . ", $how" => [$kind, $joined, $how];
            }
        }
    }

    /** Applies with one failing call; tells what the ledger said, null if it threw. */
    private function apply(FailingPdo $pdo, string $number, int $failing, bool $joined): ?bool
    {
        $ledger = $this->shop($pdo);
        $order = $this->order(out_trade_no: $number, transaction_id: "42$number");
        if ($joined) {
            $pdo->beginTransaction();
            $pdo->exec("INSERT INTO balance VALUES ('outer-$number', 1)");
        }
        $credited = null;
        $pdo->failAt($failing);
        try {
            $credited = $ledger->apply($order)->credited;
        } catch (\PDOException | UndecidedException | \LogicException $e) {
            self::assertTrue($pdo->failed, $e->getMessage());
        } finally {
            $pdo->calm();
        }
        self::assertSame($joined, $pdo->inTransaction(), 'after call ' . $failing);
        if ($joined) {
            $pdo->commit();
            self::assertSame([1], $this->booked("outer-$number"));
        }
        return $credited;
    }

    private function assertWhole(string $number, ?bool $credited): void
    {
        $look = $this->pdo;
        $found = (new Ledger($look, fn () => null))->find($this->merchant, $number);
        $paid = $found->state === LedgerState::Paid;
        self::assertContains($found->state, [LedgerState::Paid, LedgerState::Created]);
        $where = "FROM wechatpay_credit WHERE out_trade_no = '$number'";
        self::assertSame((int) $paid, (int) $look->query("SELECT COUNT(*) $where")->fetchColumn());
        self::assertSame($paid ? [100] : [], $this->booked($number, $look));
        self::assertSame($paid, $found->credited);
        if ($credited !== null) {
            self::assertSame($credited, $paid, 'what was said is true');
        }
        self::assertTrue($paid || $this->shop($look)->apply(
            $this->order(out_trade_no: $number, transaction_id: "42$number"),
        )->credited, 'the next notice settles it');
    }
}

/** Counts calls; one of them fails, before it is made or after. */
final class FailingPdo extends \PDO
{
    public bool $failed = false;
    /** @var array{string, int, string} */
    public array $error;
    /** Had it asked for a savepoint in the shop's transaction when it failed? */
    public bool $failedJoined = false;
    /** Is the call made, and only its answer lost? */
    public bool $afterwards = false;
    private ?int $left = null;
    private bool $wasOpen = false;
    private bool $hasJoined = false;

    public function failAt(int $call): void
    {
        [$this->left, $this->failed, $this->hasJoined, $this->wasOpen] = [$call, false, false, parent::inTransaction()];
    }

    public function calm(): void
    {
        $this->left = null;
    }

    /** Makes a call, or fails. */
    public function step(\Closure $call): mixed
    {
        $fails = $this->left !== null && --$this->left === 0;
        if (!$fails) {
            return $call();
        }
        $this->failed = true;
        $this->failedJoined = $this->hasJoined;
        $this->left = null;
        if ($this->afterwards) {
            $call();
        }
        $failure = new \PDOException($this->error[2]);
        $failure->errorInfo = $this->error;
        throw $failure;
    }

    public function beginTransaction(): bool
    {
        // Whoever says that nothing was begun has begun nothing.
        return $this->afterwards ? parent::beginTransaction() : $this->step(fn () => parent::beginTransaction());
    }

    public function commit(): bool
    {
        return $this->step(fn () => parent::commit());
    }

    public function inTransaction(): bool
    {
        return $this->step(fn () => parent::inTransaction());
    }

    public function getAttribute(int $attribute): mixed
    {
        return $this->step(fn () => parent::getAttribute($attribute));
    }

    public function exec(string $statement): int|false
    {
        $this->hasJoined = $this->hasJoined || $this->wasOpen && str_starts_with($statement, 'SAVEPOINT');
        return $this->step(fn () => parent::exec($statement));
    }

    public function prepare(string $query, array $options = []): \PDOStatement|false
    {
        return $this->step(fn () => parent::prepare($query, $options));
    }
}

/** Its statements. */
final class FailingStatement extends \PDOStatement
{
    protected function __construct(private FailingPdo $pdo)
    {
    }

    public function bindValue(string|int $param, mixed $value, int $type = \PDO::PARAM_STR): bool
    {
        return $this->pdo->step(fn () => parent::bindValue($param, $value, $type));
    }

    public function execute(?array $params = null): bool
    {
        return $this->pdo->step(fn () => parent::execute($params));
    }

    public function fetchAll(int $mode = \PDO::FETCH_DEFAULT, mixed ...$args): array
    {
        return $this->pdo->step(fn () => parent::fetchAll($mode, ...$args));
    }

    public function rowCount(): int
    {
        return $this->pdo->step(fn () => parent::rowCount());
    }

    public function closeCursor(): bool
    {
        return $this->pdo->step(fn () => parent::closeCursor());
    }
}
