<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use WechatPay\Advice;
use WechatPay\Bill;
use WechatPay\DayReport;
use WechatPay\Difference;
use WechatPay\DifferenceKind;
use WechatPay\DifferenceState;
use WechatPay\FundFlow;
use WechatPay\MalformedMessageException;
use WechatPay\PayException;
use WechatPay\Reconciliation;

/** Bills compared with books, as PHP hands them over. */
final class ReconciliationTest extends TestCase
{
    /** The only one that needs a store of the days that are done. */
    private const FOR_A_STORE = 'bill-changed';
    private const HEADER = '交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易状态,货币种类,应结订单金额,微信退款单号,商户退款单号,退款金额,手续费,订单金额,申请退款金额';

    /**
     * @dataProvider vectors
     *
     * @param array<string, mixed> $inputs
     * @param array<string, mixed> $expected
     */
    #[DataProvider('vectors')]
    public function testB11B12B13B14AReconciliationComesToWhatTheVectorSays(array $inputs, array $expected): void
    {
        foreach (self::forms($inputs['books']) as $form => $books) {
            $report = self::compared($inputs, $books);
            $found = $report->toArray();
            self::assertSame(self::wire($found['theirs']), $expected['theirs'], $form);
            self::assertSame(self::wire($found['ours']), $expected['ours'], $form);
            self::assertSame($expected['surplus'], $report->surplus, $form);
            self::assertSame($report->surplus, $report->long - $report->short, $form);
            self::assertSame(self::told($expected['differences']), self::told($found['differences']), $form);
            self::assertSame($found, json_decode(json_encode($report), true));
            self::assertCount(\count($expected['differences']), $report);
            self::assertSame($expected['differences'] === [], $report->isClean());
        }
    }

    /** @return iterable<string, array{array<string, mixed>, array<string, mixed>}> */
    public static function vectors(): iterable
    {
        $vectors = json_decode(file_get_contents(ROOT . '/php-tests/fixtures/vectors-bills.json'), true)['reconcile'];
        foreach ($vectors as ['id' => $id, 'inputs' => $inputs, 'expected' => $expected]) {
            if ($id !== self::FOR_A_STORE) {
                yield $id => [$inputs, $expected];
            }
        }
    }

    public function testB13ADifferenceIsTypedAndSaysWhatToDo(): void
    {
        $report = Reconciliation::compare(self::bill('T1', 'T2'), [self::book('T1', 101), self::book('T3')], asOf: new \DateTimeImmutable('2026-02-13 09:00+08:00'));
        $found = [];
        foreach ($report as $at => $difference) {
            self::assertInstanceOf(Difference::class, $difference);
            $found[$difference->kind->name] = $difference;
            self::assertSame(\count($found) - 1, $at);
        }
        self::assertSame([100, 101, Advice::QueryOrder], [$found['AmountDiffers']->theirs, $found['AmountDiffers']->ours, $found['AmountDiffers']->advice]);
        self::assertSame([DifferenceState::Waiting, '2026-02-14', Advice::Wait], [$found['BookedNotPaid']->state, $found['BookedNotPaid']->due, $found['BookedNotPaid']->advice]);
        self::assertSame(['T2', '42T2', null], [$found['PaidNotBooked']->outTradeNo, $found['PaidNotBooked']->transactionId, $found['PaidNotBooked']->ours]);
        self::assertSame(DifferenceKind::PaidNotBooked, DifferenceKind::from($report->toArray()['differences'][array_search($found['PaidNotBooked'], iterator_to_array($report))]['kind']));
        self::assertSame([100, 101, -1], [$report->long, $report->short, $report->surplus]);
    }

    public function testADayOfBeijingIsTakenFromTextsAndFromTimes(): void
    {
        $book = ['paid_on' => new \DateTime('2026-02-12 16:30', new \DateTimeZone('UTC')), 'refunds' => [
            ['out_refund_no' => 'R1', 'refund_fee' => '5', 'asked_on' => '2026-02-11'],
        ]] + self::book('T9');
        $report = Reconciliation::compare(self::bill('T1'), [self::book('T1'), $book]);
        self::assertSame([], $report->toArray()['differences'], 'paid on the 13th in Beijing, refunded on the 11th: neither is of the 12th');
        $late = static fn (string $asOf): string => Reconciliation::compare(self::bill('T1'), [self::book('T1'), self::book('T2')], asOf: new \DateTimeImmutable($asOf))->toArray()['differences'][0]['state'];
        self::assertSame(['waiting', 'open'], [$late('2026-02-13T23:59:59+08:00'), $late('2026-02-13T16:00:00Z')]);
    }

    /** @dataProvider wrongBooks */
    #[DataProvider('wrongBooks')]
    public function testAWrongRowOfTheBooksIsNamed(mixed $row, string $class, string $message): void
    {
        foreach (self::forms([self::book('T1'), $row], false) as $books) {
            self::assertThrown($class, $message, static fn () => Reconciliation::compare(self::bill('T1'), $books));
        }
    }

    /** @return iterable<string, array{mixed, string, string}> */
    public static function wrongBooks(): iterable
    {
        $book = self::book('T2');
        yield 'no array' => [5, \TypeError::class, '~Argument #2 \(\$books\) must have only rows of type array, row 2 is int$~'];
        yield 'a fraction' => [['total_fee' => '1.5'] + $book, \ValueError::class, '~must have fen, whole and not negative as total_fee in row 2$~'];
        yield 'a float with one' => [['total_fee' => 1.5] + $book, \ValueError::class, '~total_fee in row 2$~'];
        yield 'negative' => [['total_fee' => -1] + $book, \ValueError::class, '~total_fee in row 2$~'];
        yield 'no fee' => [array_diff_key($book, ['total_fee' => 0]), \ValueError::class, '~total_fee in row 2$~'];
        yield 'no number' => [['out_trade_no' => ''] + $book, \ValueError::class, '~must have a text that is not empty as out_trade_no in row 2$~'];
        yield 'no state' => [['state' => null] + $book, \ValueError::class, '~as state in row 2$~'];
        yield 'no UTF-8' => [['transaction_id' => "\xFF"] + $book, \ValueError::class, '~must have a text in UTF-8 as transaction_id in row 2$~'];
        yield 'no day' => [['paid_on' => '2026-02-30'] + $book, \ValueError::class, '~must have a day like .* as paid_on in row 2$~'];
        yield 'no list' => [['refunds' => 'none'] + $book, \ValueError::class, '~must have a list of arrays as refunds in row 2$~'];
        yield 'a wrong refund' => [['refunds' => [['out_refund_no' => 'R', 'refund_fee' => '1e']]] + $book, \ValueError::class, '~as refund_fee in row 2$~'];
    }

    public function testWrongBillsAreNamed(): void
    {
        $empty = Bill::fromString(self::HEADER . "\n总交易单数\n`0\n");
        self::assertThrown(\ValueError::class, '~Argument #1 \(\$bills\) must be given with its date~', static fn () => Reconciliation::compare($empty, []));
        self::assertThrown(\ValueError::class, '~Argument #1 \(\$bills\) must not be empty~', static fn () => Reconciliation::compare([], []));
        self::assertThrown(\TypeError::class, '~must have only values of type WechatPay\\\\Bill, int given~', static fn () => Reconciliation::compare([5], []));
        self::assertThrown(\TypeError::class, '~must be of type WechatPay\\\\Bill\|array, string given~', static fn () => Reconciliation::compare('x', []));
        self::assertThrown(\TypeError::class, '~must be of type Traversable\|array, string given~', static fn () => Reconciliation::compare(self::bill('T1'), 'x'));
        self::assertThrown(\TypeError::class, '~must have only values of type string~', static fn () => Reconciliation::compare(self::bill('T1'), [], appids: [5]));
        $wrong = Bill::fromString(strtr(self::text('T1'), ["\n`1" => "\n`2"]));
        self::assertThrown(MalformedMessageException::class, '~总交易单数 is 2 in the sums and 1 in the rows~', static fn () => Reconciliation::compare($wrong, []));
    }

    public function testWhatTheBooksThrowIsThrownAndAWalkIsEndedInOrder(): void
    {
        $ended = false;
        $books = static function () use (&$ended): \Generator {
            try {
                yield self::book('T1');
                throw new \DomainException('the database is gone');
            } finally {
                $ended = true;
            }
        };
        self::assertThrown(\DomainException::class, '~^the database is gone$~', static fn () => Reconciliation::compare(self::bill('T1'), $books()));
        self::assertTrue($ended);
        $ended = false;
        $nested = (static function () use (&$ended): \Generator {
            try {
                $inner = Reconciliation::compare(self::bill('T1'), [self::book('T1')]);
                yield self::book($inner->isClean() ? 'T1' : 'T2');
                yield 'wrong';
            } finally {
                $ended = true;
            }
        })();
        self::assertThrown(\TypeError::class, '~row 2 is string~', static fn () => Reconciliation::compare(self::bill('T1'), $nested));
        unset($nested);
        self::assertTrue($ended, 'what was left of the books was let go');
        $spent = (static fn () => yield self::book('T1'))();
        iterator_to_array($spent);
        self::assertThrown(\Exception::class, '~closed generator|already closed~', static fn () => Reconciliation::compare(self::bill('T1'), $spent));
    }

    public function testAnExitInTheBooksEndsTheScriptInOrder(): void
    {
        $bill = var_export(self::text('T1'), true);
        $run = PhpProcess::code("register_shutdown_function(fn () => print('bye'));
            \$books = (function () { yield ['out_trade_no' => 'T1', 'total_fee' => 100, 'state' => 'SUCCESS']; exit(3); })();
            WechatPay\\Reconciliation::compare(WechatPay\\Bill::fromString($bill), \$books); echo 'never';");
        self::assertSame([3, 'bye', ''], [$run->exitCode, $run->output, $run->errors]);
        $run = PhpProcess::code("register_shutdown_function(fn () => print('bye'));
            \$books = (function () { yield str_repeat('x', 1 << 30); })();
            WechatPay\\Reconciliation::compare(WechatPay\\Bill::fromString($bill), \$books); echo 'never';", ['memory_limit' => '16M']);
        self::assertSame([255, 'bye'], [$run->exitCode, $run->output]);
        self::assertStringContainsString('Allowed memory size', $run->errors);
    }

    public function testTheTablesOpenInASpreadsheet(): void
    {
        $folder = sys_get_temp_dir() . '/wechatpay-tables-' . getmypid();
        mkdir($folder);
        try {
            $report = Reconciliation::compare(self::bill('T1', 'T2', '=cmd'), [self::book('T1')]);
            $report->toCsv("$folder/orders.csv", "$folder/differences.csv");
            foreach (['orders' => 5, 'differences' => 4] as $name => $lines) {
                $text = file_get_contents("$folder/$name.csv");
                self::assertStringStartsWith("\u{feff}", $text);
                self::assertSame($lines, substr_count($text, "\r\n"));
                self::assertStringEndsWith("\r\n", $text);
                // PHP's own reader: ids are text behind a tab, nothing begins as a formula does.
                $file = fopen("$folder/$name.csv", 'r');
                while ($cells = fgetcsv($file, null, ',', '"', '')) {
                    foreach ($cells as $cell) {
                        self::assertDoesNotMatchRegularExpression('~^[=+@]~', $cell);
                    }
                }
                fclose($file);
            }
            self::assertStringContainsString("\"\t=cmd\"", $text);
            file_put_contents("$folder/orders.csv", 'older');
            self::assertThrown(PayException::class, '~^cannot write ~', static fn () => $report->toCsv("$folder/orders.csv", "$folder/none/differences.csv"));
            self::assertSame('older', file_get_contents("$folder/orders.csv"), 'both or none');
            self::assertCount(2, glob("$folder/{,.}[!.]*", GLOB_BRACE));
        } finally {
            array_map('unlink', glob("$folder/{,.}[!.]*", GLOB_BRACE));
            rmdir($folder);
        }
    }

    public function testB15TheBooksAreReadRowByRow(): void
    {
        $run = PhpProcess::code(<<<'PHP'
            $lines = [];
            for ($n = 0; $n < 50_000; $n++) {
                $lines[] = "`2026-02-12 10:00:00,`wx1,`1,`42$n,`T$n,`SUCCESS,`CNY,`1.00,`0.00,`1.00";
            }
            $text = "交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易状态,货币种类,应结订单金额,手续费,订单金额\n" . implode("\n", $lines) . "\n总交易单数\n`50000\n";
            unset($lines);
            $bill = WechatPay\Bill::fromString($text);
            unset($text);
            $books = (function () {
                for ($n = 0; $n < 50_000; $n++) {
                    yield ['out_trade_no' => "T$n", 'total_fee' => 100, 'state' => 'SUCCESS', 'note' => str_repeat('x', 1000)];
                }
            })();
            $before = memory_get_peak_usage();
            echo json_encode([WechatPay\Reconciliation::compare($bill, $books)->isClean(), memory_get_peak_usage() - $before]);
            PHP, ['memory_limit' => '64M'], 120);
        [$isClean, $gained] = json_decode($run->output);
        self::assertTrue($isClean, $run->errors);
        self::assertLessThan(1 << 20, $gained);
    }

    /** The same rows as an array, a generator and a statement. @return iterable<string, iterable<mixed>> */
    private static function forms(array $rows, bool $withStatement = true): iterable
    {
        yield 'array' => $rows;
        yield 'generator' => (static fn () => yield from $rows)();
        yield 'object' => new \ArrayIterator($rows);
        if ($withStatement && array_filter($rows, static fn (array $row): bool => isset($row['refunds'])) === []) {
            yield 'statement' => self::statement($rows);
        }
    }

    /** @param list<array<string, mixed>> $rows */
    private static function statement(array $rows): \PDOStatement
    {
        $pdo = new \PDO('sqlite::memory:');
        $pdo->exec('CREATE TABLE book (out_trade_no TEXT, total_fee INT, fee_type TEXT, state TEXT, transaction_id TEXT, paid_on TEXT)');
        $insert = $pdo->prepare('INSERT INTO book VALUES (?, ?, ?, ?, ?, ?)');
        foreach ($rows as $row) {
            $insert->execute([$row['out_trade_no'], $row['total_fee'], $row['fee_type'] ?? null, $row['state'], $row['transaction_id'] ?? null, $row['paid_on'] ?? null]);
        }
        return $pdo->query('SELECT * FROM book');
    }

    /** @param array<string, mixed> $inputs */
    private static function compared(array $inputs, iterable $books): DayReport
    {
        $bills = array_map(static fn (array $bill): Bill => Bill::fromString(self::file($bill), $bill['date']), $inputs['bills']);
        $asOf = new \DateTimeImmutable($inputs['run_date'] . ' 12:00:00+08:00');
        return Reconciliation::compare(\count($bills) === 1 ? $bills[0] : $bills, $books, self::flow($inputs), $asOf, $inputs['merchant']['appids'] ?? []);
    }

    /** All fund flows as one, behind a row that ends with the balance of the day before. @param array<string, mixed> $inputs */
    private static function flow(array $inputs): ?FundFlow
    {
        $rows = [];
        foreach ($inputs['fund_flows'] ?? [] as $flow) {
            $lines = explode("\n", trim(self::file($flow)));
            array_push($rows, ...\array_slice($lines, 1, -2));
        }
        if ($rows === []) {
            return null;
        }
        if (isset($inputs['previous_balance'])) {
            $balance = number_format($inputs['previous_balance'] / 100, 2, '.', '');
            array_unshift($rows, "`2026-02-11 23:59:59,`0,`F0,`,`其他,`收入,`0.00,`$balance,`,`,`");
        }
        return FundFlow::fromString(implode("\n", [$lines[0], ...$rows, '资金流水总笔数', '`' . \count($rows)]));
    }

    /** @param array<string, mixed> $file an empty day is a bill without rows */
    private static function file(array $file): string
    {
        $empty = "交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易状态,货币种类,应结订单金额,微信退款单号,商户退款单号,退款金额,手续费,订单金额,申请退款金额\n总交易单数\n`0\n";
        return $file['text'] ?? (isset($file['b64']) ? base64_decode($file['b64']) : $empty);
    }

    /** Names as the wire has them. @param array<string, mixed> $sums @return array<string, mixed> */
    private static function wire(array $sums): array
    {
        return json_decode(strtr(json_encode($sums), ['totalFee' => 'total_fee', 'refundFee' => 'refund_fee', 'feeE5' => 'fee_e5']), true);
    }

    /** Differences are a set. @param list<array<string, mixed>> $differences @return list<string> */
    private static function told(array $differences): array
    {
        $told = array_map(static fn (array $d): string => json_encode([$d['kind'], $d['key'], $d['field'], $d['theirs'], $d['ours'], $d['state'], $d['due'] ?? null]), $differences);
        sort($told);
        return $told;
    }

    private static function bill(string ...$numbers): Bill
    {
        return Bill::fromString(self::text(...$numbers));
    }

    private static function text(string ...$numbers): string
    {
        $rows = array_map(static fn (string $number): string => "`2026-02-12 10:00:00,`wx1,`1,`42$number,`$number,`SUCCESS,`CNY,`1.00,`0,`0,`0.00,`0.00,`1.00,`0.00", $numbers);
        return implode("\n", [self::HEADER, ...$rows, '总交易单数', '`' . \count($numbers), '']);
    }

    /** @return array<string, mixed> */
    private static function book(string $number, int $fee = 100): array
    {
        return ['out_trade_no' => $number, 'total_fee' => $fee, 'state' => 'SUCCESS'];
    }

    private static function assertThrown(string $class, string $message, callable $call): void
    {
        try {
            $call();
        } catch (\Throwable $thrown) {
            self::assertInstanceOf($class, $thrown, $thrown->getMessage());
            self::assertMatchesRegularExpression($message, $thrown->getMessage());
            return;
        }
        self::fail('Nothing was thrown');
    }
}
