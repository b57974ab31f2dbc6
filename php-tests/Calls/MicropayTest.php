<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Advice;
use WechatPay\GatewayException;
use WechatPay\Merchant;
use WechatPay\Micropay;
use WechatPay\MismatchException;
use WechatPay\Order;
use WechatPay\PayException;
use WechatPay\ServiceException;
use WechatPay\TradeState;
use WechatPay\TransportException;

/** Code payments that end without a reverse; those that are reversed stand in MicropayReverseTest. */
final class MicropayTest extends TradeTestCase
{
    private const NUMBER = 'M100001';
    private const PATH = '/pay/micropay';

    /** @param array<string, mixed> $with arguments of pay() by name */
    private function sell(array $with = [], ?Merchant $merchant = null, mixed ...$gateway): Order
    {
        $micropay = new Micropay($merchant ?? $this->shop(), $this->gateway(...$gateway));
        return $micropay->pay(...$with + [
            'outTradeNo' => self::NUMBER,
            'authCode' => self::code(),
            'totalFee' => 100,
            'body' => '咖啡',
            'spbillCreateIp' => '127.0.0.1',
            'timeoutMs' => 15_000,
            'intervalMs' => 100,
        ]);
    }

    /** @param array<string, mixed> $more */
    private static function scenario(string $scenario, array $more = []): void
    {
        self::$simulator->control('POST', '/micropay', ['scenario' => $scenario] + $more);
    }

    public function testACodeIsChargedAtOnce(): void
    {
        $order = $this->sell();
        self::assertSame(TradeState::Success, $order->tradeState);
        self::assertSame(
            [self::NUMBER, 100, 'MICROPAY', SimulatorProcess::MCH_ID],
            [$order->outTradeNo, $order->totalFee, $order->tradeType, $order->mchId],
        );
        self::assertNotNull($order->transactionId);
        self::assertNotNull($order->timeEnd);
        self::assertCount(1, self::requests(), 'nothing is asked that the answer says already');
        self::assertFalse(self::requests()[0]['client_certificate'], 'only calls that need it show the certificate');
        self::assertSame('SUCCESS', self::booked(self::NUMBER)['trade_state']);
    }

    public function testWhatIsSentIsWhatWasGiven(): void
    {
        $options = ['device_info' => 'till 1', 'attach' => '桌7', 'goods_tag' => 'TAG', 'receipt' => null];
        $this->sell(['authCode' => '134567890123456789', 'spbillCreateIp' => '::1', 'options' => $options]);
        [$sent] = self::sentFields(self::PATH);
        $expected = [
            'out_trade_no' => self::NUMBER,
            'auth_code' => '134567890123456789',
            'total_fee' => '100',
            'body' => '咖啡',
            'spbill_create_ip' => '::1',
            'device_info' => 'till 1',
            'attach' => '桌7',
            'goods_tag' => 'TAG',
            'appid' => SimulatorProcess::APPID,
            'mch_id' => SimulatorProcess::MCH_ID,
            'sign_type' => 'HMAC-SHA256',
        ];
        unset($sent['nonce_str'], $sent['sign']);
        self::assertEquals($expected, $sent);
    }

    public function testAPayerWhoTypesThePasswordIsWaitedFor(): void
    {
        self::scenario('password', ['pay_after_ms' => 350]);
        $seen = [];
        $onPoll = static function (Order|PayException $order, int $number) use (&$seen): void {
            $seen[] = [$number, $order->tradeState];
        };
        self::assertSame(TradeState::Success, $this->sell(['onPoll' => $onPoll])->tradeState);
        self::assertGreaterThan(1, \count($seen));
        self::assertSame([1, TradeState::UserPaying], $seen[0]);
        self::assertSame([\count($seen), TradeState::Success], end($seen));
        self::assertCount(1, self::sent(self::PATH), 'the payment is never sent twice');
        self::assertSame([], self::sent('/secapi/pay/reverse'));
    }

    /** @dataProvider passing */
    #[DataProvider('passing')]
    public function testWhatLeavesTheEndOpenIsAskedAboutUntilItIsPaid(string $scenario): void
    {
        self::scenario($scenario, ['pay_after_ms' => 300]);
        $order = $this->sell([], null, timeoutMs: 400);
        self::assertSame(TradeState::Success, $order->tradeState);
        self::assertCount(1, self::sent(self::PATH), 'the payment is never sent twice');
        self::assertNotEmpty(self::sent('/pay/orderquery'));
    }

    /** @return iterable<string, array{string}> */
    public static function passing(): iterable
    {
        foreach (['password', 'bank_error', 'system_error', 'timeout', 'page_502'] as $scenario) {
            yield $scenario => [$scenario];
        }
    }

    /** @dataProvider spoiled */
    #[DataProvider('spoiled')]
    public function testP7P12AnAnswerThatProvesNothingIsAskedAboutUntilItIsPaid(string $fault, array $more = []): void
    {
        self::spoil(self::PATH, $fault, $more + ['processed' => true]);
        $order = $this->sell([], null, timeoutMs: 400);
        self::assertSame(TradeState::Success, $order->tradeState);
        self::assertCount(1, self::sent(self::PATH), 'the payment is never sent twice');
    }

    /** @return iterable<string, array> */
    public static function spoiled(): iterable
    {
        foreach (['truncate', 'no_answer', 'html_200', 'empty_body', 'doctype', 'duplicate_field', 'return_fail', 'return_system_error', 'status_500'] as $fault) {
            yield $fault => [$fault];
        }
        yield 'an amount that is no number' => ['set_field', ['name' => 'total_fee', 'value' => '1e2']];
    }

    public function testFaultsOfTheQueriesAreShownAndPassOver(): void
    {
        self::scenario('password', ['pay_after_ms' => 300]);
        self::spoil('/pay/orderquery', 'system_error');
        $seen = [];
        $onPoll = static function (Order|PayException $order) use (&$seen): void {
            $seen[] = $order::class;
        };
        self::assertSame(TradeState::Success, $this->sell(['onPoll' => $onPoll])->tradeState);
        self::assertSame([ServiceException::class, Order::class], \array_slice($seen, 0, 2));
    }

    /** @dataProvider refusals */
    #[DataProvider('refusals')]
    public function testADefiniteRefusalEndsTheSale(string $scenario, string $code, Advice $advice): void
    {
        self::scenario($scenario);
        $e = self::thrown(ServiceException::class, fn () => $this->sell());
        self::assertSame([$code, self::NUMBER], [$e->errCode, $e->outTradeNo]);
        self::assertVerdict($advice, false, false, $e);
        self::assertCount(1, self::requests(), 'nothing is asked, nothing is reversed');
    }

    /** @return iterable<string, array{string, string, Advice}> */
    public static function refusals(): iterable
    {
        foreach ([
            ['auth_code_expired', 'AUTHCODEEXPIRE', Advice::AskPayer],
            ['auth_code_error', 'AUTH_CODE_ERROR', Advice::AskPayer],
            ['auth_code_invalid', 'AUTH_CODE_INVALID', Advice::AskPayer],
            ['not_enough', 'NOTENOUGH', Advice::AskPayer],
            ['not_support_card', 'NOTSUPORTCARD', Advice::AskPayer],
            ['order_reversed', 'ORDERREVERSED', Advice::AskPayer],
            ['cancelled', 'TRADE_ERROR', Advice::AskPayer],
            ['buyer_mismatch', 'BUYER_MISMATCH', Advice::AskPayer],
            ['no_auth', 'NOAUTH', Advice::FixConfiguration],
        ] as $row) {
            yield $row[1] => $row;
        }
    }

    /** @dataProvider definiteCodes */
    #[DataProvider('definiteCodes')]
    public function testEveryCodeOfTheClosedListIsDefinite(string $code): void
    {
        self::scenario('error', ['err_code' => $code, 'err_code_des' => '因为']);
        $e = self::thrown(ServiceException::class, fn () => $this->sell());
        self::assertSame([$code, '因为', false], [$e->errCode, $e->errCodeDes, $e->maybeProcessed]);
        self::assertCount(1, self::requests());
    }

    /** @return iterable<array{string}> */
    public static function definiteCodes(): iterable
    {
        $codes = 'PARAM_ERROR ORDERCLOSED INVALID_REQUEST XML_FORMAT_ERROR REQUIRE_POST_METHOD SIGNERROR LACK_PARAMS '
            . 'NOT_UTF8 APPID_NOT_EXIST MCHID_NOT_EXIST APPID_MCHID_NOT_MATCH';
        foreach (explode(' ', $codes) as $code) {
            yield $code => [$code];
        }
    }

    public function testACodeIsGoodOnce(): void
    {
        $this->sell(['authCode' => '134567890123456789']);
        $again = fn () => $this->sell(['authCode' => '134567890123456789', 'outTradeNo' => 'M100002']);
        $e = self::thrown(ServiceException::class, $again);
        self::assertSame('AUTH_CODE_INVALID', $e->errCode);
    }

    public function testANumberThatThisVerySaleHasPaidIsGivenBack(): void
    {
        $order = $this->sell();
        $again = $this->sell();
        self::assertSame($order->transactionId, $again->transactionId);
        self::assertSame(TradeState::Success, $again->tradeState);
    }

    public function testANumberOfAnotherSaleIsRefused(): void
    {
        $this->sell();
        $e = self::thrown(ServiceException::class, fn () => $this->sell(['totalFee' => 101]));
        self::assertSame('ORDERPAID', $e->errCode);
        self::assertVerdict(Advice::QueryOrder, false, false, $e);
        self::assertSame('SUCCESS', self::booked(self::NUMBER)['trade_state'], 'the other sale is left alone');
    }

    public function testANumberThatWasUsedButNotPaidIsRefused(): void
    {
        self::order(self::NUMBER);
        $e = self::thrown(ServiceException::class, fn () => $this->sell());
        self::assertSame(['OUT_TRADE_NO_USED', Advice::QueryOrder], [$e->errCode, $e->advice]);
        self::assertSame('NOTPAY', self::booked(self::NUMBER)['trade_state']);
    }

    public function testAnotherSaleUnderOurNumberIsLeftAlone(): void
    {
        self::paid(self::NUMBER, ['total_fee' => 700, 'trade_type' => 'MICROPAY']);
        self::spoil(self::PATH, 'system_error');
        $e = self::thrown(MismatchException::class, fn () => $this->sell());
        self::assertSame('total_fee', $e->field);
        self::assertSame([], self::sent('/secapi/pay/reverse'));
    }

    public function testUnsignedRefusalsOfPaymentAndQueryMeanThatNobodyHereSpeaksToWechat(): void
    {
        $stranger = $this->shop(key: str_repeat('w', 32));
        $e = self::thrown(GatewayException::class, fn () => $this->sell([], $stranger));
        self::assertTrue($e->maybeProcessed);
        self::assertSame(Advice::FixConfiguration, $e->advice);
        self::assertSame([self::PATH, '/pay/orderquery'], array_column(self::requests(), 'path'));
    }

    public function testAPaymentThatNeverLeftUsChargedNothing(): void
    {
        self::fault('refuse');
        $e = self::thrown(TransportException::class, fn () => $this->sell());
        self::assertVerdict(Advice::Retry, true, false, $e);
        self::noFaults();
        self::assertSame([], self::requests());
    }

    /** @dataProvider uselessCertificates */
    #[DataProvider('uselessCertificates')]
    public function testN28WithoutAUsableCertificateNothingIsCharged(string $says, callable $settings): void
    {
        $merchant = $this->merchant(...$settings(self::$simulator->ready));
        $e = self::thrown(PayException::class, fn () => $this->sell([], $merchant));
        self::assertStringContainsString($says, $e->getMessage());
        self::assertSame(self::NUMBER, $e->outTradeNo);
        self::assertVerdict(Advice::FixConfiguration, false, false, $e);
        self::assertSame([], self::requests());
    }

    /** @return iterable<string, array{string, callable}> */
    public static function uselessCertificates(): iterable
    {
        yield 'missing' => ['needs the merchant\'s client certificate', static fn () => []];
        yield 'expired' => ['expired on', static fn (array $ready) => [
            'certificate' => $ready['expired_cert_file'],
            'privateKey' => $ready['expired_key_file'],
        ]];
    }

    /** @dataProvider wrongArguments */
    #[DataProvider('wrongArguments')]
    public function testAnArgumentThatNoSaleCouldUseIsRefusedByName(string $argument, mixed $value): void
    {
        self::assertRefused($argument, fn () => $this->sell([$argument => $value]));
    }

    /** @return iterable<array{string, mixed}> */
    public static function wrongArguments(): iterable
    {
        return [
            ['outTradeNo', 'short'],
            ['outTradeNo', 'a|b*c@d'],
            ['authCode', ''],
            ['authCode', '13456789012345678x'],
            ['totalFee', 0],
            ['totalFee', -1],
            ['body', ''],
            ['body', str_repeat('x', 128)],
            ['body', 'tea 🍵'],
            ['spbillCreateIp', ''],
            ['timeoutMs', 14_999],
            ['timeoutMs', 120_001],
            ['intervalMs', 99],
            ['intervalMs', 60_001],
            ['options', ['key' => 'x']],
            ['options', ['attach' => "\xff"]],
        ];
    }

    public function testTheCodeIsHiddenInTraces(): void
    {
        $parameter = new \ReflectionParameter([Micropay::class, 'pay'], 'authCode');
        self::assertSame(['SensitiveParameter'], array_map(static fn ($a) => $a->getName(), $parameter->getAttributes()));
    }
}
