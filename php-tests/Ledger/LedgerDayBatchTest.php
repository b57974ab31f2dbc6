<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Transition;

/** Many lost notices of a day are applied in one transaction: what goes wrong with one of them takes no other with it. */
final class LedgerDayBatchTest extends LedgerDayTestCase
{
    private const NUMBERS = ['T00001', 'T00002', 'T00003', 'T00004', 'T00005'];

    /** @return iterable<string, array{string, callable(\PDO): void}> */
    public static function endsOfTheTransaction(): iterable
    {
        $ends = [
            'commits' => fn (\PDO $pdo) => $pdo->commit(),
            'commits and begins' => fn (\PDO $pdo) => $pdo->commit() && $pdo->beginTransaction(),
            'rolls back' => fn (\PDO $pdo) => $pdo->rollBack(),
            'rolls back and begins' => fn (\PDO $pdo) => $pdo->rollBack() && $pdo->beginTransaction(),
            'swallows an error' => function (\PDO $pdo): void {
                try {
                    $pdo->exec('INSERT INTO no_such_table VALUES (1)');
                } catch (\PDOException) {
                    // As if nothing had happened: PostgreSQL's transaction is over.
                }
            },
            'makes a table' => fn (\PDO $pdo) => $pdo->exec('CREATE TABLE made_by_callback (id INT)'),
        ];
        foreach (self::databases() as [$database]) {
            foreach ($ends as $name => $end) {
                yield "$database, the callback $name" => [$database, $end];
            }
        }
    }

    /** @dataProvider endsOfTheTransaction */
    #[DataProvider('endsOfTheTransaction')]
    public function testR3ACallbackThatEndsTheSharedTransactionCreditsNothingThatTheShopWasNotTold(string $database, callable $end): void
    {
        $this->lost();
        $once = true;
        $ending = $this->shop($this->pdo, onCredit: function (Transition $t, \PDO $pdo) use (&$once, $end): void {
            if ($t->outTradeNo !== 'T00003' || !$once) {
                self::book(1)($t, $pdo);
                return;
            }
            $once = false;
            $end($pdo);
        });
        try {
            $ending->reconcileDay($this->merchant, $this->day);
        } catch (\WechatPay\WechatPayException) {
            // What is stored counts.
        }
        $this->pdo = $this->database->connect();
        $credited = $this->pdo->query('SELECT out_trade_no FROM wechatpay_credit ORDER BY out_trade_no')->fetchAll(\PDO::FETCH_COLUMN);
        foreach (array_diff($credited, ['T00003']) as $number) {
            self::assertSame([100], $this->booked($number), "$number is credited, so the shop was told");
        }
        foreach (array_diff(self::NUMBERS, $credited) as $number) {
            self::assertSame([], $this->booked($number), "$number is not credited");
        }
        $this->shop($this->pdo)->reconcileDay($this->merchant, $this->day);
        foreach (array_diff(self::NUMBERS, ['T00003']) as $number) {
            self::assertSame([100], $this->booked($number), "$number in the end, once");
        }
        self::assertSame(5, $this->rows('credit'));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testEvidenceThatIsThereAlreadySpoilsNoOther(string $database): void
    {
        $this->lost();
        $this->shop($this->pdo)->apply($this->order(out_trade_no: 'T00001', trade_state: 'USERPAYING'));
        // One row of evidence is all that may be: each of the day's meets it.
        $this->pdo->exec('CREATE UNIQUE INDEX only_one ON wechatpay_evidence (mch_id)');
        $report = $this->shop($this->pdo)->reconcileDay($this->merchant, $this->day);
        self::assertTrue($report->isClean());
        self::assertSame(array_fill(0, 5, [100]), array_map($this->booked(...), self::NUMBERS));
        self::assertSame(1, $this->rows('evidence'));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testMoreThanOneBatchIsBookedOnce(string $database): void
    {
        $numbers = array_map(fn (int $at) => sprintf('M%04d', $at), range(1, 205));
        $this->lost($numbers);
        $report = $this->shop($this->pdo)->reconcileDay($this->merchant, $this->day);
        self::assertSame([205, true], [\count($report), $report->isClean()]);
        self::assertSame([205, 205, 205], [$this->rows('credit'), $this->rows('difference'), $this->rows('outbox')]);
        self::assertSame(205, (int) $this->pdo->query('SELECT COUNT(DISTINCT trade) FROM balance')->fetchColumn());
        self::assertSame(205, (int) $this->pdo->query('SELECT COUNT(*) FROM balance')->fetchColumn());
    }

    /** Orders that are paid, whose notices were lost. @param list<string> $numbers */
    private function lost(array $numbers = self::NUMBERS): void
    {
        $ledger = $this->shop($this->pdo);
        foreach ($numbers as $number) {
            $this->open($ledger, $number);
            self::paid($number);
        }
        self::days(3);
    }
}
