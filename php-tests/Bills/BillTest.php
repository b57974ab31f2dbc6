<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use WechatPay\Advice;
use WechatPay\Bill;
use WechatPay\BillRow;
use WechatPay\FundFlow;
use WechatPay\MalformedMessageException;
use WechatPay\PayException;
use WechatPay\TradeState;

/** Bills that are at hand: opened, read, verified, saved. */
final class BillTest extends TestCase
{
    private const HEADER = '交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易状态,货币种类,应结订单金额,手续费,订单金额';
    private const FLOW = "记账时间,微信支付业务单号,资金流水单号,业务类型,收支类型,收支金额（元）,账户结余（元）,备注\n"
        . "`2026-11-20 10:00:01,`42,`F1,`交易,`收入,`12.30,`112.30,`one\\r\\ntwo\n资金流水总笔数\n`1\n";

    private string $folder;

    protected function setUp(): void
    {
        $this->folder = sys_get_temp_dir() . '/wechatpay-bills-' . getmypid();
        mkdir($this->folder);
    }

    protected function tearDown(): void
    {
        array_map('unlink', glob("$this->folder/{,.}[!.]*", GLOB_BRACE));
        rmdir($this->folder);
    }

    public function testARowIsTypedAndShowsItselfWhole(): void
    {
        [$row, $other] = iterator_to_array(Bill::fromString(self::text(2)));
        self::assertEquals($row, iterator_to_array(Bill::fromString(self::text(2)))[0], 'compared before anybody looked');
        self::assertFalse($row == $other);
        self::assertTrue(isset($row->tradeTime));
        self::assertFalse(isset($row->refundId));
        self::assertSame(TradeState::Success, $row->tradeState);
        self::assertCount(30, (array) $other);
        self::assertStringContainsString('2026-11-21 10:00:01', print_r($other, true));
        self::assertSame('2026-11-21T10:00:01+08:00', json_decode(json_encode($other))->tradeTime);
        self::assertSame($row->outTradeNo, (new \ReflectionProperty(BillRow::class, 'outTradeNo'))->getValue($row));
        self::assertThrown(\Error::class, null, '~readonly~', static fn () => $row->body = 'x');
        self::assertThrown(\Error::class, null, '~readonly~', static fn () => $other->feeE5++);
    }

    public function testAnUnknownStateStaysLegible(): void
    {
        [$row] = iterator_to_array(Bill::fromString(strtr(self::text(1), ['SUCCESS' => 'FROZEN'])));
        self::assertSame([TradeState::Unknown, 'FROZEN'], [$row->tradeState, $row->fields()['交易状态']]);
    }

    public function testAWalkMayBeginAnewEndEarlyAndStandInAnother(): void
    {
        $bill = Bill::fromString(self::text(3));
        $seen = [];
        foreach ($bill as $outer => $row) {
            foreach ($bill as $inner => $again) {
                $seen[] = "$outer$inner" . ($row == $again ? '=' : '');
                if ($inner === 1) {
                    break;
                }
            }
        }
        self::assertSame(['00=', '01', '10', '11=', '20', '21'], $seen);
        $walk = $bill->getIterator();
        $walk->rewind();
        $walk->next();
        self::assertSame([1, 'T2'], [$walk->key(), $walk->current()->outTradeNo]);
        unset($bill);
        $walk->next();
        $last = $walk->current();
        $walk->next();
        self::assertFalse($walk->valid());
        self::assertSame('T3', $last->outTradeNo, 'a row outlives its bill');
    }

    public function testB9AWrongRowEndsTheWalkWhereItStands(): void
    {
        $bill = Bill::fromString(strtr(self::text(5), ['`T3' => '`', '`T5' => '`']));
        $seen = [];
        $walk = static function () use ($bill, &$seen): void {
            foreach ($bill as $row) {
                $seen[] = $row->outTradeNo;
            }
        };
        self::assertThrown(MalformedMessageException::class, Advice::FixCall, '~^row 3, column 商户订单号~', $walk);
        self::assertSame(['T1', 'T2'], $seen);
        self::assertThrown(MalformedMessageException::class, Advice::FixCall, '~^row 3,~', static fn () => $bill->summary);
        self::assertThrown(MalformedMessageException::class, Advice::FixCall, '~^row 3,~', static fn () => isset($bill->summary));
        self::assertThrown(MalformedMessageException::class, Advice::FixCall, '~^row 3,~', static fn () => \count($bill));
        self::assertStringContainsString('[layout] => G2', print_r($bill, true), 'what can be shown is shown');
    }

    public function testAnExceptionInTheMiddleOfAWalkLeavesNothingBehind(): void
    {
        $bill = Bill::fromString(self::text(3));
        try {
            foreach ($bill as $row) {
                throw new \DomainException($row->outTradeNo);
            }
        } catch (\DomainException $e) {
            self::assertSame('T1', $e->getMessage());
        }
        self::assertCount(3, iterator_to_array($bill));
    }

    /** @dataProvider days */
    #[DataProvider('days')]
    public function testB10TheDayIsTheGivenOneOrThatOfTheFirstRow(string $text, ?string $given, ?string $expected): void
    {
        self::assertSame($expected, Bill::fromString($text, $given)->date);
    }

    /** @return iterable<string, array{string, string|null, string|null}> */
    public static function days(): iterable
    {
        yield 'its row' => [self::text(1), null, '2026-11-21'];
        yield 'given' => [self::text(1), '2024-02-29', '2024-02-29'];
        yield 'nobody knows' => [self::text(0), null, null];
        $refunds = self::HEADER . ",退款申请时间,退款成功时间,微信退款单号,商户退款单号,退款金额,申请退款金额\n"
            . "`2026-11-20 23:59:59,`a,`1,`42,`T1,`REFUND,`CNY,`1.00,`0.00,`1.00,`2026-11-21 00:00:01,`,`50,`R1,`1.00,`1.00\n总交易单数\n`1\n";
        yield 'a refund, asked for the day after' => [$refunds, null, '2026-11-21'];
    }

    public function testADayThatIsNoneIsRefusedByName(): void
    {
        foreach (['20261121', '2026-02-30', '2026-11-21 ', ''] as $date) {
            self::assertThrown(\ValueError::class, null, '~^WechatPay\\\\Bill::fromString\(\): Argument #2 \(\$date\) must be a day~', static fn () => Bill::fromString(self::text(1), $date));
        }
    }

    public function testB7TheOtherFileIsRefusedByName(): void
    {
        self::assertThrown(MalformedMessageException::class, Advice::FixCall, '~^this is a fund flow, a trade bill is needed$~', static fn () => Bill::fromString(self::FLOW));
        self::assertThrown(MalformedMessageException::class, Advice::FixCall, '~^this is a trade bill, a fund flow is needed$~', static fn () => FundFlow::fromString(self::text(1)));
    }

    public function testAFundFlowReadsAndItsRemarkIsUnescaped(): void
    {
        $flow = FundFlow::fromString(self::FLOW);
        $flow->verify();
        [$row] = iterator_to_array($flow);
        self::assertSame(['2026-11-20', null, 1, true], [$flow->date, $flow->type, $flow->summary->count, $row->isIncome()]);
        self::assertSame(['one\r\ntwo', "one\r\ntwo"], [$row->remark, $row->remarkUnescaped()]);
    }

    public function testASavedBillIsWhatItsNameSaysAndReplacesAnOlderOne(): void
    {
        $text = self::text(2);
        $packed = gzencode($text);
        foreach (['plain' => Bill::fromString($text), 'packed' => Bill::fromString($packed)] as $bill) {
            file_put_contents("$this->folder/bill.csv", 'older');
            $bill->save("$this->folder/bill.csv");
            $bill->save("$this->folder/bill.csv.gz");
            self::assertSame($text, file_get_contents("$this->folder/bill.csv"));
            self::assertSame($text, gzdecode(file_get_contents("$this->folder/bill.csv.gz")));
            self::assertSame(0666 & ~umask(), fileperms("$this->folder/bill.csv") & 0777);
        }
        self::assertSame($packed, file_get_contents("$this->folder/bill.csv.gz"), 'what came packed is kept as it came');
        self::assertCount(2, glob("$this->folder/{,.}[!.]*", GLOB_BRACE));
    }

    public function testB3ADamagedBillIsNotSavedOverAGoodOne(): void
    {
        file_put_contents("$this->folder/bill.csv", 'older');
        // Random names do not pack: the damage stands behind what is read when a bill is opened.
        $packed = gzencode(self::text(40_000, static fn (int $n): string => md5((string) $n)));
        $packed[\strlen($packed) - 3_000] = \chr(\ord($packed[\strlen($packed) - 3_000]) ^ 4);
        $bill = Bill::fromString($packed);
        self::assertThrown(MalformedMessageException::class, Advice::FixCall, '~^the packed bill is damaged~', fn () => $bill->save("$this->folder/bill.csv"));
        self::assertThrown(MalformedMessageException::class, Advice::FixCall, '~^the packed bill is damaged~', $bill->verify(...));
        self::assertSame('older', file_get_contents("$this->folder/bill.csv"));
        self::assertCount(1, glob("$this->folder/{,.}[!.]*", GLOB_BRACE), 'nothing half is left');
    }

    public function testAFileThatIsOpenNeedsItsNameNoMore(): void
    {
        file_put_contents("$this->folder/bill", self::text(2));
        $bill = Bill::open("$this->folder/bill", '2026-11-21');
        unlink("$this->folder/bill");
        $bill->verify();
        self::assertCount(2, $bill);
        foreach (["$this->folder/none", $this->folder] as $path) {
            self::assertThrown(PayException::class, Advice::FixConfiguration, '~cannot (be )?read~', static fn () => Bill::open($path));
        }
        self::assertThrown(PayException::class, Advice::FixConfiguration, '~^cannot write ~', static fn () => $bill->save('/proc/bill.csv'));
        self::assertThrown(\ValueError::class, null, '~path~', static fn () => Bill::open("a\0b"));
    }

    public function testBillsCannotBeForged(): void
    {
        $bill = Bill::fromString(self::text(1));
        foreach ([$bill, $bill->summary, iterator_to_array($bill)[0], FundFlow::fromString(self::FLOW)] as $value) {
            $class = new \ReflectionClass($value);
            self::assertThrown(\Throwable::class, null, '~~', static fn () => $class->newInstance());
            self::assertThrown(\Throwable::class, null, '~~', static fn () => $class->newInstanceWithoutConstructor());
            self::assertThrown(\Throwable::class, null, '~~', static fn () => unserialize('O:' . \strlen($class->name) . ":\"$class->name\":0:{}"));
            self::assertThrown(\Throwable::class, null, '~~', static fn () => serialize($value));
            self::assertThrown(\Throwable::class, null, '~~', static fn () => clone $value);
        }
    }

    public function testB15MemoryStaysFlatHoweverManyRowsThereAre(): void
    {
        $peaks = [];
        foreach ([2_000, 100_000] as $rows) {
            file_put_contents("$this->folder/$rows", self::text($rows));
            $run = PhpProcess::code(<<<PHP
                \$bill = WechatPay\\Bill::open('$this->folder/$rows');
                \$bill->verify();
                \$sum = 0;
                foreach (\$bill as \$row) { \$sum += \$row->totalFee; }
                preg_match('~VmHWM:\\s+(\\d+)~', file_get_contents('/proc/self/status'), \$found);
                echo \$sum, ' ', \$found[1];
                PHP, timeout: 120);
            self::assertSame('', $run->errors);
            [$sum, $peaks[]] = array_map('intval', explode(' ', $run->output));
            self::assertSame(1230 * $rows, $sum);
        }
        self::assertLessThan(2_048, $peaks[1] - $peaks[0], 'kilobytes more for fifty times the rows');
    }

    private static function text(int $rows, ?callable $number = null): string
    {
        $number ??= static fn (int $n): string => "T$n";
        $lines = [self::HEADER];
        for ($n = 1; $n <= $rows; $n++) {
            $lines[] = "`2026-11-21 10:00:01,`wx2421b1c4370ec43b,`10000100,`42$n,`{$number($n)},`SUCCESS,`CNY,`12.30,`0.07000,`12.30";
        }
        return implode("\n", [...$lines, '总交易单数', "`$rows", '']);
    }

    private static function assertThrown(string $class, ?Advice $advice, string $message, callable $call): void
    {
        try {
            $call();
        } catch (\Throwable $thrown) {
            self::assertInstanceOf($class, $thrown, $thrown->getMessage());
            self::assertMatchesRegularExpression($message, $thrown->getMessage());
            self::assertSame($advice, $thrown->advice ?? null);
            return;
        }
        self::fail('Nothing was thrown');
    }
}
