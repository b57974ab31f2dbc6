<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;
use WechatPay\AccountType;
use WechatPay\Advice;
use WechatPay\Bill;
use WechatPay\BillType;
use WechatPay\DifferenceKind;
use WechatPay\DownloadBill;
use WechatPay\DownloadFundFlow;
use WechatPay\FundFlow;
use WechatPay\MalformedMessageException;
use WechatPay\PayException;
use WechatPay\Reconciliation;
use WechatPay\Refund;
use WechatPay\ServiceException;
use WechatPay\SignType;
use WechatPay\TransportException;

/**
 * The day's bills, downloaded from a gateway that makes them of its own orders.
 *
 * @group slow
 */
#[Group('slow')]
final class DownloadBillTest extends SimulatorTestCase
{
    private const DAY_MS = 86_400_000;

    public function testADayComesAsABillThatAddsUpAndAgreesWithItsBooks(): void
    {
        $day = self::aDayOfTrade($this->merchant(...self::certificate()), $this->gateway());
        $bill = $this->bills()->trade($day);
        $bill->verify();
        self::assertSame([$day, BillType::All, 'G2', 4], [$bill->date, $bill->type, $bill->layout, \count($bill)]);
        self::assertSame(100 + 2_050 + 7, $bill->summary->totalFee);
        self::assertSame(50, $bill->summary->refundFee);
        [$request] = array_slice(self::requests(), -1);
        self::assertSame(str_replace('-', '', $day), $request['fields']['bill_date']);
        self::assertSame(['ALL', 'GZIP'], [$request['fields']['bill_type'], $request['fields']['tar_type']]);
        $report = Reconciliation::compare($bill, self::books(), asOf: new \DateTimeImmutable('+2 days'), appids: [SimulatorProcess::APPID]);
        self::assertSame([], $report->toArray()['differences']);
        self::assertSame([0, 2107], [$report->surplus, $report->ours['payments']['totalFee'] - $report->ours['refunds']['refundFee']]);
    }

    /** @dataProvider types */
    #[DataProvider('types')]
    public function testABillIsOfTheTypeThatIsAskedFor(BillType $type, int $rows): void
    {
        $day = self::aDayOfTrade($this->merchant(...self::certificate()), $this->gateway());
        $bill = $this->bills()->trade($day, $type);
        $bill->verify();
        self::assertSame([$type, $rows], [$bill->type, \count($bill)]);
    }

    /** @return iterable<string, array{BillType, int}> */
    public static function types(): iterable
    {
        yield 'payments' => [BillType::Success, 3];
        yield 'refunds' => [BillType::Refund, 1];
        yield 'none of these' => [BillType::RechargeRefund, 0];
    }

    public function testAFundFlowComesWithTheCertificateAndIsJoinedToTheBill(): void
    {
        $merchant = $this->merchant(...self::certificate(), ...['signType' => SignType::Md5]);
        $day = self::aDayOfTrade($merchant, $this->gateway());
        $flow = (new DownloadFundFlow($merchant, $this->gateway()))->account($day);
        $flow->verify();
        self::assertSame([$day, AccountType::Basic], [$flow->date, $flow->type]);
        [$request] = array_slice(self::requests(), -1);
        self::assertSame('HMAC-SHA256', $request['fields']['sign_type'], "an MD5 merchant's too");
        self::assertSame(['Basic', null], [$request['fields']['account_type'], $request['fields']['bill_type'] ?? null], 'WxJava#3153');
        $report = Reconciliation::compare($this->bills()->trade($day), self::books(), $flow);
        self::assertSame([], $report->toArray()['differences']);
        self::assertCount(0, (new DownloadFundFlow($merchant, $this->gateway()))->account($day, AccountType::Fees));
        self::assertFault(PayException::class, Advice::FixConfiguration, false, fn () => (new DownloadFundFlow($this->merchant(), $this->gateway()))->account($day));
    }

    /** The process may write to no file at all: what a full disk says, in other words. */
    public function testB3ADiskThatIsFullIsTheShopsFaultAndNotTheGateways(): void
    {
        $day = self::aDayOfTrade($this->merchant(...self::certificate()), $this->gateway());
        $code = sprintf(<<<'PHP'
            $merchant = new WechatPay\Merchant(%s, %s, %s);
            $gateway = new WechatPay\Gateway(backupUrl: ini_get('wechatpay.url'), onAttempt: function ($attempt) { echo "$attempt->outcome\n"; });
            try {
                (new WechatPay\DownloadBill($merchant, $gateway))->trade(%s);
            } catch (WechatPay\PayException $e) {
                echo $e::class, ' ', $e->advice->name, ' ', $e->getMessage();
            }
            PHP, ...array_map(static fn (string $text): string => var_export($text, true), [SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY, $day]));
        $php = [PHP_BINARY, '-d', 'extension=' . PhpProcess::extension()];
        foreach (self::$simulator->ini() as $name => $value) {
            array_push($php, '-d', "$name=$value");
        }
        $limited = '(trap "" XFSZ; ulimit -f 0; exec "$0" "$@") 2>&1 | cat';
        $run = PhpProcess::command(['bash', '-c', $limited, ...$php, '-r', $code]);
        self::assertMatchesRegularExpression('~^configuration\nWechatPay\\\\PayException FixConfiguration the file cannot be kept: File too large~', $run->output);
    }

    /** @dataProvider damages */
    #[DataProvider('damages')]
    public function testB2B3B5ADamagedBillIsRefusedWhenItComes(array $rule, string $message): void
    {
        $day = self::aDayOfTrade($this->merchant(...self::certificate()), $this->gateway());
        self::bills_will($rule);
        $thrown = self::assertFault(MalformedMessageException::class, Advice::Retry, true, fn () => $this->bills()->trade($day));
        self::assertMatchesRegularExpression($message, $thrown->getMessage());
        self::assertSame('malformed', array_slice($this->outcomes(), -1)[0]);
        $this->bills()->trade($day)->verify();
    }

    /** @return iterable<string, array{array<string, mixed>, string}> */
    public static function damages(): iterable
    {
        yield 'cut' => [['damage' => 'cut'], '~^the packed bill is damaged: it was cut$~'];
        yield 'a flipped bit' => [['damage' => 'flipped_byte'], '~^the packed bill is damaged~'];
        yield 'a second member' => [['damage' => 'second_member'], '~^the packed bill is damaged: bytes follow its end$~'];
        yield 'no sums' => [['damage' => 'no_summary'], '~^the bill ends without its sums~'];
    }

    public function testB10TheBillOfAnotherDayIsRefused(): void
    {
        $merchant = $this->merchant(...self::certificate());
        $day = self::aDayOfTrade($merchant, $this->gateway());
        self::$simulator->control('POST', '/clock', ['advance_ms' => self::DAY_MS]);
        self::bills_will(['damage' => 'other_day']);
        $thrown = self::assertFault(MalformedMessageException::class, Advice::Retry, true, fn () => $this->bills()->trade(self::day(-1)));
        self::assertSame("this is the bill of $day, that of " . self::day(-1) . ' was asked for', $thrown->getMessage());
        self::bills_will(['damage' => 'other_day', 'flow' => true]);
        $flows = new DownloadFundFlow($merchant, $this->gateway());
        self::assertFault(MalformedMessageException::class, Advice::Retry, true, static fn () => $flows->account(self::day(-1)));
    }

    public function testB3AFundFlowThatHasNotItsDigestIsRefused(): void
    {
        $merchant = $this->merchant(...self::certificate());
        $day = self::aDayOfTrade($merchant, $this->gateway());
        $flow = fn (): FundFlow => (new DownloadFundFlow($merchant, $this->gateway()))->account($day);
        $right = $flow();
        self::bills_will(['damage' => 'wrong_digest', 'flow' => true]);
        self::assertThrownBy($flow, Advice::Retry, '~^the file is not the one that was sent: its SHA-1 is [0-9a-f]{40}, not da39a3ee5e6b4b0d3255bfef95601890afd80709$~');
        self::bills_will(['damage' => 'plain_digest', 'flow' => true]);
        self::assertSame($right->sha256, $flow()->sha256, 'that of the unpacked file is as good');
        self::bills_will(['damage' => 'changed_total', 'flow' => true]);
        self::assertThrownBy($flow()->verify(...), Advice::GiveUp, '~收入金额 is .* in the sums~');
    }

    public function testB6AWrongTotalIsTheVerifiersToTell(): void
    {
        $day = self::aDayOfTrade($this->merchant(...self::certificate()), $this->gateway());
        self::bills_will(['damage' => 'changed_total']);
        $bill = $this->bills()->trade($day);
        self::assertThrownBy($bill->verify(...), Advice::GiveUp, '~^the bill does not add up: 应结订单总金额 is 21\.58 in the sums and 21\.57 in the rows, a difference of 0\.01$~');
        self::assertThrownBy(static fn () => Reconciliation::compare($bill, []), Advice::GiveUp, '~does not add up~');
    }

    /** @dataProvider forms */
    #[DataProvider('forms')]
    public function testB7B8WhateverItsColumnsTheSameIsRead(string $damage, string $layout): void
    {
        $day = self::aDayOfTrade($this->merchant(...self::certificate()), $this->gateway());
        self::bills_will(['damage' => $damage]);
        $bill = $this->bills()->trade($day);
        $bill->verify();
        self::assertSame([$layout, 4], [$bill->layout, \count($bill)]);
        self::assertSame([], Reconciliation::compare($bill, self::books())->toArray()['differences']);
        if ($damage === 'added_columns') {
            self::assertSame(['新列', '另一新列'], $bill->unknownColumns());
        }
        if ($damage === 'hostile_names') {
            self::assertSame('`咖啡,大杯`, "=1+1"', iterator_to_array($bill)[0]->body);
        }
    }

    /** @return iterable<string, array{string, string}> */
    public static function forms(): iterable
    {
        yield 'two more' => ['added_columns', 'G2'];
        yield 'in another order' => ['shuffled_columns', 'G2'];
        yield 'of before 2018' => ['old_layout', 'G1'];
        yield 'names with commas and backticks' => ['hostile_names', 'G2'];
    }

    public function testB11B12B13WhatTheBillHasOtherwiseIsFound(): void
    {
        $day = self::aDayOfTrade($this->merchant(...self::certificate()), $this->gateway());
        self::bills_will(['damage' => 'row_left_out', 'row' => 3]);
        self::bills_will(['damage' => 'row_altered', 'row' => 1]);
        self::bills_will(['damage' => 'row_doubled', 'row' => 2]);
        $report = Reconciliation::compare($changed = $this->bills()->trade($day), self::books(), asOf: new \DateTimeImmutable('+3 days'));
        $kinds = array_column($report->toArray()['differences'], 'kind');
        sort($kinds);
        self::assertSame(['AmountDiffers', 'BookedNotPaid', 'DuplicateRow'], $kinds);
        self::assertNotSame($changed->sha256, $this->bills()->trade($day)->sha256, 'another bill of the same day');
    }

    public function testB11ABillMayChangeWithTheSecondDownload(): void
    {
        $day = self::aDayOfTrade($this->merchant(...self::certificate()), $this->gateway());
        self::bills_will(['damage' => 'row_altered', 'after' => 1]);
        $first = $this->bills()->trade($day);
        $second = $this->bills()->trade($day);
        self::assertNotSame($first->sha256, $second->sha256);
        self::assertSame($first->sha256, $this->bills()->trade($day)->sha256);
    }

    public function testB1ADayWithoutTradeIsAnEmptyBillAndABookedPaymentStillADifference(): void
    {
        $day = self::day(-3);
        $bill = $this->bills()->trade($day);
        $bill->verify();
        self::assertSame([0, $day, BillType::All, 0], [\count($bill), $bill->date, $bill->type, $bill->summary->totalFee]);
        self::assertSame('ok', array_slice($this->outcomes(), -1)[0]);
        $report = Reconciliation::compare($bill, [['out_trade_no' => 'T1', 'total_fee' => 100, 'state' => 'SUCCESS', 'paid_on' => $day]]);
        self::assertSame(DifferenceKind::BookedNotPaid, iterator_to_array($report)[0]->kind);
        self::assertCount(0, (new DownloadFundFlow($this->merchant(...self::certificate()), $this->gateway()))->account($day));
    }

    public function testB1ABillThatIsNotThereYetMeansWait(): void
    {
        foreach ([self::day(0), self::day(2)] as $day) {
            $thrown = self::assertFault(ServiceException::class, Advice::Wait, true, fn () => $this->bills()->trade($day));
            self::assertSame('BILL_CREATING', $thrown->errCode);
        }
        self::bills_will(['damage' => 'creating']);
        self::assertFault(ServiceException::class, Advice::Wait, true, fn () => $this->bills()->trade(self::day(-3)));
        $flows = new DownloadFundFlow($this->merchant(...self::certificate()), $this->gateway());
        self::assertFault(ServiceException::class, Advice::Wait, true, fn () => $flows->account(self::day(0)));
        self::assertSame('service', array_slice($this->outcomes(), -1)[0]);
    }

    public function testB1ARefusalSaysWhoMendsIt(): void
    {
        $day = self::day(-3);
        $wrong = new DownloadBill($this->merchant(key: str_repeat('k', 32)), $this->gateway());
        self::assertFault(ServiceException::class, Advice::FixConfiguration, false, static fn () => $wrong->trade($day));
        foreach (['invalid bill_type' => Advice::FixCall, 'SYSTEMERROR' => Advice::Retry, 'UnCompressGZip Error' => Advice::Retry] as $words => $advice) {
            self::$simulator->control('POST', '/faults', ['fault' => 'raw_body', 'body' => "<xml><return_code>FAIL</return_code><return_msg>$words</return_msg></xml>"]);
            $thrown = self::assertFault(ServiceException::class, $advice, $advice === Advice::Retry, fn () => $this->bills()->trade($day));
            self::assertSame(['', $words, $words], [$thrown->errCode, $thrown->errCodeDes, $thrown->getMessage()]);
        }
    }

    public function testAPageOfSomebodyInBetweenIsNoBill(): void
    {
        self::fault('html_200', ['path' => '/pay/downloadbill']);
        $thrown = self::assertFault(MalformedMessageException::class, Advice::Retry, true, fn () => $this->bills()->trade(self::day(-3)));
        self::assertStringStartsWith('this is no bill, it begins with "<!DOCTYPE html>', $thrown->getMessage());
    }

    public function testAQuestionIsAskedAgainAfterFaultsOfTheNetwork(): void
    {
        $day = self::aDayOfTrade($this->merchant(...self::certificate()), $this->gateway());
        foreach (['truncate', 'reset_mid_body', 'status_502', 'close_after_request'] as $fault) {
            $this->attempts = [];
            self::fault($fault, ['path' => '/pay/downloadbill']);
            $this->bills()->trade($day)->verify();
            self::assertSame('ok', array_slice($this->outcomes(), -1)[0], $fault);
            self::assertContains('transport', $this->outcomes(), $fault);
        }
        self::fault('truncate', ['path' => '/pay/downloadbill', 'times' => 3]);
        self::assertFault(TransportException::class, Advice::Retry, true, fn () => $this->bills()->trade($day));
    }

    public function testAFileMayTakeLongerThanAMessageAsLongAsItComes(): void
    {
        $day = self::aDayOfTrade($this->merchant(...self::certificate()), $this->gateway());
        self::fault('slow_body', ['path' => '/pay/downloadbill', 'ms' => 4]);
        $start = hrtime(true);
        (new DownloadBill($this->merchant(), $this->gateway(timeoutMs: 700)))->trade($day)->verify();
        self::assertGreaterThan(0.7, (hrtime(true) - $start) / 1e9, 'longer than a message may take');
        self::fault('slow_body', ['path' => '/pay/downloadbill', 'ms' => 2_000, 'times' => 3]);
        self::assertFault(TransportException::class, Advice::Retry, true, fn () => (new DownloadBill($this->merchant(), $this->gateway(timeoutMs: 300)))->trade($day));
    }

    public function testB3ABombIsRefusedBeforeItUnpacks(): void
    {
        $row = "`2026-11-21 10:00:01,`wx1,`1,`42,`T1,`SUCCESS,`CNY,`0.00,`0.00,`0.00\n";
        $bomb = gzencode("交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易状态,货币种类,应结订单金额,手续费,订单金额\n" . str_repeat($row, 200_000), 9);
        $bill = Bill::fromString($bomb);
        self::assertThrownBy($bill->verify(...), Advice::FixCall, '~^the bill is too large: it unpacks to more than 200 times its size$~');
    }

    public function testNothingIsLeftInTheFolderAndOnlyWeCouldReadIt(): void
    {
        $day = self::aDayOfTrade($this->merchant(...self::certificate()), $this->gateway());
        $folder = sys_get_temp_dir() . '/wechatpay-temporary-' . getmypid();
        mkdir($folder);
        $code = self::preamble() . "\$bill = (new WechatPay\\DownloadBill(\$merchant, \$gateway))->trade('$day');
            echo \\count(\$bill), json_encode(array_diff(scandir('$folder'), ['.', '..']));";
        try {
            $run = PhpProcess::code($code, ['sys_temp_dir' => $folder]);
            self::assertSame(['4[]', ''], [$run->output, $run->errors]);
            $run = PhpProcess::code($code, ['sys_temp_dir' => "$folder/none"]);
            self::assertStringContainsString("cannot make a file in $folder/none", $run->errors);
        } finally {
            rmdir($folder);
        }
    }

    public function testADayThatIsNoneIsRefusedBeforeAnythingIsSent(): void
    {
        foreach (['20261121', 'yesterday', '2026-02-30'] as $day) {
            $thrown = self::caught(fn () => $this->bills()->trade($day));
            self::assertInstanceOf(\ValueError::class, $thrown);
            self::assertStringContainsString('Argument #1 ($date) must be a day like 2026-11-21', $thrown->getMessage());
        }
        self::assertSame([], self::requests());
    }

    private function bills(): DownloadBill
    {
        return new DownloadBill($this->merchant(), $this->gateway());
    }

    /** @return array<string, string> */
    private static function certificate(): array
    {
        return ['certificate' => self::$simulator->ready['cert_file'], 'privateKey' => self::$simulator->ready['key_file']];
    }

    /** @param array<string, mixed> $rule */
    private static function bills_will(array $rule): void
    {
        self::$simulator->control('POST', '/bills', $rule);
    }

    /** A day in Beijing, so many days from now. */
    private static function day(int $days): string
    {
        return (new \DateTimeImmutable("$days days", new \DateTimeZone('+08:00')))->format('Y-m-d');
    }

    /** Three payments and a refund, the day before yesterday. */
    private static function aDayOfTrade(\WechatPay\Merchant $merchant, \WechatPay\Gateway $gateway): string
    {
        self::$simulator->control('POST', '/clock', ['advance_ms' => -2 * self::DAY_MS]);
        foreach (['B10001' => 100, 'B10002' => 2_050, 'B10003' => 7] as $number => $fee) {
            self::order($number, ['total_fee' => $fee, 'trade_state' => 'SUCCESS', 'body' => '咖啡', 'attach' => '桌7']);
            self::$simulator->control('POST', '/clock', ['advance_ms' => 1000]);
        }
        self::$simulator->control('POST', '/clock', ['advance_ms' => 1000]);
        (new Refund($merchant, $gateway))->byOutTradeNo('B10001', 'B10001-R', 100, 50);
        self::$simulator->control('POST', '/clock', ['advance_ms' => 2 * self::DAY_MS]);
        return self::day(-2);
    }

    /** @return list<array<string, mixed>> */
    private static function books(): array
    {
        $book = static fn (string $number, int $fee, array $more = []): array => ['out_trade_no' => $number, 'total_fee' => $fee, 'state' => 'SUCCESS'] + $more;
        return [
            $book('B10001', 100, ['refunds' => [['out_refund_no' => 'B10001-R', 'refund_fee' => 50]]]),
            $book('B10002', 2_050),
            $book('B10003', 7),
        ];
    }

    private static function assertThrownBy(callable $call, Advice $advice, string $message): void
    {
        $thrown = self::caught($call);
        self::assertInstanceOf(MalformedMessageException::class, $thrown, $thrown->getMessage());
        self::assertMatchesRegularExpression($message, $thrown->getMessage());
        self::assertSame($advice, $thrown->advice);
    }
}
