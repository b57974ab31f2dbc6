<?php

declare(strict_types=1);

namespace WechatPayTests;

use WechatPay\Ledger;
use WechatPay\LedgerState;
use WechatPay\UndecidedException;

/**
 * Every call of PDO in an apply fails once, the n-th in the n-th run: never is anything half stored, and never is
 * "credited" said of what is not.
 */
final class LedgerTortureTest extends LedgerTestCase
{
    /** @dataProvider modes */
    public function testL1L13EveryCallOfPdoFailsOnce(string $database, bool $joined): void
    {
        $pdo = $this->database->connect(FailingPdo::class);
        $pdo->setAttribute(\PDO::ATTR_STATEMENT_CLASS, [FailingStatement::class, [$pdo]]);
        $calls = 0;
        do {
            $number = 'T' . 10000 + ++$calls;
            $this->open($this->shop($this->pdo), $number);
            $ended = $this->apply($pdo, $number, $calls, $joined);
            $this->assertWhole($number, $ended);
        } while ($pdo->failed);
        self::assertGreaterThan(30, $calls, 'there are as many calls as that');
    }

    /** @return iterable<string, array{string, bool}> */
    public static function modes(): iterable
    {
        foreach (Database::KINDS as $kind) {
            yield "$kind, its own transaction" => [$kind, false];
            yield "$kind, joined" => [$kind, true];
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

/** Counts calls; one of them fails. */
final class FailingPdo extends \PDO
{
    public bool $failed = false;
    private ?int $left = null;

    public function failAt(int $call): void
    {
        [$this->left, $this->failed] = [$call, false];
    }

    public function calm(): void
    {
        $this->left = null;
    }

    public function step(): void
    {
        if ($this->left !== null && --$this->left === 0) {
            $this->failed = true;
            $this->left = null;
            $failure = new \PDOException('failed on purpose');
            $failure->errorInfo = ['HY000', 999, 'failed on purpose'];
            throw $failure;
        }
    }

    public function beginTransaction(): bool
    {
        $this->step();
        return parent::beginTransaction();
    }

    public function commit(): bool
    {
        $this->step();
        return parent::commit();
    }

    public function inTransaction(): bool
    {
        $this->step();
        return parent::inTransaction();
    }

    public function getAttribute(int $attribute): mixed
    {
        $this->step();
        return parent::getAttribute($attribute);
    }

    public function exec(string $statement): int|false
    {
        $this->step();
        return parent::exec($statement);
    }

    public function prepare(string $query, array $options = []): \PDOStatement|false
    {
        $this->step();
        return parent::prepare($query, $options);
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
        $this->pdo->step();
        return parent::bindValue($param, $value, $type);
    }

    public function execute(?array $params = null): bool
    {
        $this->pdo->step();
        return parent::execute($params);
    }

    public function fetchAll(int $mode = \PDO::FETCH_DEFAULT, mixed ...$args): array
    {
        $this->pdo->step();
        return parent::fetchAll($mode, ...$args);
    }

    public function rowCount(): int
    {
        $this->pdo->step();
        return parent::rowCount();
    }

    public function closeCursor(): bool
    {
        $this->pdo->step();
        return parent::closeCursor();
    }
}
