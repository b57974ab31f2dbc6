<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Advice;
use WechatPay\GatewayException;
use WechatPay\MalformedMessageException;
use WechatPay\MismatchException;
use WechatPay\Order;
use WechatPay\OrderQuery;
use WechatPay\ServiceException;
use WechatPay\SignatureException;
use WechatPay\TradeState;
use WechatPay\TransportException;

/** Asking once, and asking for many. Asking until the end: UntilFinalTest. */
final class OrderQueryTest extends SimulatorTestCase
{
    protected function setUp(): void
    {
        parent::setUp();
        self::order('T100001');
    }

    public function testAnOrderIsFoundByEitherNumber(): void
    {
        self::$simulator->control('POST', '/pay', ['out_trade_no' => 'T100001']);
        $query = $this->query();
        $order = $query->byOutTradeNo('T100001');
        self::assertSame(TradeState::Success, $order->tradeState);
        self::assertEquals($order->transactionId, $query->byTransactionId($order->transactionId)->transactionId);
        self::assertSame(['ok', 'ok'], $this->outcomes());
    }

    public function testTheRequestIsTheOneOfTheDocuments(): void
    {
        $this->query()->byOutTradeNo('T100001');
        $fields = self::requests()[0]['fields'];
        self::assertMatchesRegularExpression('~^[0-9A-F]{32}$~i', $fields['nonce_str']);
        self::assertMatchesRegularExpression('~^[0-9A-F]{64}$~', $fields['sign']);
        unset($fields['nonce_str'], $fields['sign']);
        self::assertEquals([
            'appid' => SimulatorProcess::APPID,
            'mch_id' => SimulatorProcess::MCH_ID,
            'out_trade_no' => 'T100001',
            'sign_type' => 'HMAC-SHA256',
            'version' => '1.0',
        ], $fields);
    }

    public function testAServiceProvidersQueryNamesTheSubMerchant(): void
    {
        self::order('P100001', ['sub_mch_id' => '1900000109', 'sub_appid' => 'wxsub']);
        $merchant = $this->merchant(subMchId: '1900000109', subAppid: 'wxsub');
        $order = (new OrderQuery($merchant, $this->gateway()))->byOutTradeNo('P100001');
        self::assertSame(['1900000109', 'wxsub'], [$order->subMchId, $order->subAppid]);
        $e = self::caught(fn () => $this->query()->byOutTradeNo('P100001'));
        self::assertSame('ORDERNOTEXIST', $e->errCode);
    }

    public function testAnMd5MerchantAsksAndIsAnsweredWithMd5(): void
    {
        $query = new OrderQuery($this->merchant(signType: \WechatPay\SignType::Md5), $this->gateway());
        self::assertSame(32, \strlen($query->byOutTradeNo('T100001')->fields()['sign']));
        self::assertSame('MD5', self::requests()[0]['fields']['sign_type']);
    }

    /** @dataProvider noNumbers */
    #[DataProvider('noNumbers')]
    public function testANumberThatCannotBeOneIsRefusedBeforeAnythingIsSent(string $number): void
    {
        $query = $this->query();
        foreach (['byOutTradeNo' => 'outTradeNo', 'byTransactionId' => 'transactionId'] as $method => $argument) {
            $e = self::caught(static fn () => $query->$method($number));
            self::assertInstanceOf(\ValueError::class, $e);
            self::assertStringStartsWith("WechatPay\\OrderQuery::$method(): Argument #1 (\$$argument) must be ", $e->getMessage());
        }
        self::assertInstanceOf(\ValueError::class, self::caught(static fn () => $query->untilFinal($number, 100)));
        self::assertSame([], self::requests());
    }

    /** @return list<array{string}> */
    public static function noNumbers(): array
    {
        return [[''], [str_repeat('1', 33)], ['a b'], ['订单'], ["a\n"], ["a\0"], ["\xFF"], ['a/b'], ['<a>']];
    }

    public function testNumbersOfOlderSystemsCanBeAskedFor(): void
    {
        self::order('a|b*c@d-e_f');
        self::assertSame('a|b*c@d-e_f', $this->query()->byOutTradeNo('a|b*c@d-e_f')->outTradeNo);
    }

    public function testManyKeepsTheOrderOfTheInputAndAFaultIsAValue(): void
    {
        self::order('T100003');
        self::order('123456');
        $answers = $this->query()->many(['T100003', 'none01', '123456', 'T100001', 'T100003', '0123'], 3);
        self::assertSame(['T100003', 'none01', 123456, 'T100001', '0123'], array_keys($answers));
        foreach ($answers as $number => $answer) {
            self::assertSame((string) $number, $answer->outTradeNo);
            self::assertInstanceOf(str_contains('none01 0123', (string) $number) ? ServiceException::class : Order::class, $answer);
        }
        self::assertSame(__FILE__, $answers['none01']->getFile());
        self::assertCount(5, self::requests(), 'a number that comes twice is asked once');
    }

    public function testManyTakesAnyArrayAndAnyKeys(): void
    {
        $number = 'T100001';
        $numbers = ['x' => 'T100002', "\xFF" => 'T100003', -7 => &$number];
        self::assertSame(['T100002', 'T100003', 'T100001'], array_keys($this->query()->many($numbers)));
        self::assertSame([], $this->query()->many([]));
        self::assertSame(['-5', '-0', '007'], array_map('strval', array_keys($this->query()->many(['-5', '-0', '007']))));
        self::assertSame([-5 => 1, '-0' => 1, '007' => 1], array_map(static fn () => 1, $this->query()->many(['-5', '-0', '007'])));
    }

    /** @dataProvider badInput */
    #[DataProvider('badInput')]
    public function testManyRefusesAWrongNumberByItsKeyBeforeAnythingIsSent(array $numbers, string $class, string $says): void
    {
        $query = $this->query();
        $e = self::caught(static fn () => $query->many($numbers));
        self::assertSame($class, $e::class);
        self::assertSame('WechatPay\OrderQuery::many(): Argument #1 ($outTradeNos) must contain ' . $says, $e->getMessage());
        self::assertSame([], self::requests());
    }

    /** @return list<array{array<array-key, mixed>, class-string, string}> */
    public static function badInput(): array
    {
        $order = 'order numbers of 1 to 32 characters of 0-9A-Za-z_-|*@, key';
        return [
            [['T100001', 5], \TypeError::class, 'only strings, int given for key "1"'],
            [['a' => null], \TypeError::class, 'only strings, null given for key "a"'],
            [['T100001', 'k' => new \stdClass()], \TypeError::class, 'only strings, stdClass given for key "k"'],
            [['T100001', 'k' => 'a b'], \ValueError::class, "$order \"k\" has none"],
            [['T100001', ''], \ValueError::class, "$order \"1\" has none"],
        ];
    }

    public function testManyAsksAsManyAtOnceAsToldAndNoMore(): void
    {
        $numbers = array_map(static fn ($n) => "D$n", range(1, 12));
        self::fault('delay', ['ms' => 200, 'times' => 100]);
        $query = $this->query();
        self::assertLessThan(1.2, self::seconds(static fn () => $query->many($numbers, 12)), 'one round of 0.2 s');
        self::assertGreaterThan(0.79, self::seconds(static fn () => $query->many($numbers, 3)), 'four rounds');
        foreach ([0, 65, -1, PHP_INT_MAX] as $concurrency) {
            $e = self::caught(static fn () => $query->many(['T1'], $concurrency));
            self::assertSame('WechatPay\OrderQuery::many(): Argument #2 ($concurrency) must be between 1 and 64', $e->getMessage());
        }
    }

    public function testManyHasTheTimeLimitForEachOrderAndReportsAttemptsOnThePhpThread(): void
    {
        self::fault('delay', ['ms' => 700, 'times' => 2]);
        $answers = $this->query(timeoutMs: 400)->many(['T100001', 'T100002', 'T100003', 'T100004'], 1);
        self::assertSame(
            [TransportException::class, TransportException::class, ServiceException::class, ServiceException::class],
            array_map('get_class', array_values($answers)),
        );
        self::assertSame(['transport', 'transport', 'service', 'service'], $this->outcomes());
    }

    public function testManyGivesEachFaultItsOwnException(): void
    {
        $faults = ['no_sign' => SignatureException::class, 'html_200' => MalformedMessageException::class,
            'return_fail' => GatewayException::class, 'swapped_order' => MismatchException::class];
        foreach ($faults as $fault => $class) {
            self::order("M$fault");
            self::fault($fault);
            $answers = $this->query()->many(["M$fault", 'T100001'], 1);
            self::assertInstanceOf($class, $answers["M$fault"]);
            self::assertInstanceOf(Order::class, $answers['T100001']);
        }
    }

    public function testAThousandAreAskedInOneGo(): void
    {
        $numbers = array_map(static fn ($n) => "K$n", range(1, 1000));
        $answers = $this->query()->many($numbers, 32);
        self::assertSame($numbers, array_keys($answers));
        foreach ($answers as $number => $answer) {
            self::assertSame($number, $answer->outTradeNo);
        }
        // A thread that has given its last answer may still be on its way out.
        $threads = static fn (): int => \count(glob('/proc/self/task/*')) - 1;
        for ($waited = 0; $threads() > 0 && $waited < 100; $waited++) {
            usleep(10_000);
        }
        self::assertSame(0, $threads(), 'no thread is left');
    }

    public function testAdviceTellsTheTwoKindsOfRefusalApart(): void
    {
        self::assertSame(Advice::Wait, self::caught(fn () => $this->query()->byOutTradeNo('none01'))->advice);
    }
}
