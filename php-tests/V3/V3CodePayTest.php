<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;
use WechatPay\Advice;
use WechatPay\GatewayException;
use WechatPay\Merchant;
use WechatPay\Micropay;
use WechatPay\Order;
use WechatPay\OrderQuery;
use WechatPay\PayException;
use WechatPay\Reverse;
use WechatPay\ServiceException;
use WechatPay\TradeState;

/**
 * Code payments in APIv3, of a merchant to whom WeChat Pay has opened them; those that are reversed stand in MicropayReverseTest.
 *
 * @group slow
 */
#[Group('slow')]
final class V3CodePayTest extends TradeTestCase
{
    private const NUMBER = 'M100001';
    private const PATH = '/v3/pay/transactions/codepay';
    private const STORE = ['scene_info' => ['store_info' => ['out_id' => 'S1']]];

    private function seller(mixed ...$settings): Merchant
    {
        return $this->merchantV3(...$settings + ['codePay' => true]);
    }

    /** @param array<string, mixed> $with arguments of pay() by name */
    private function sell(array $with = [], ?Merchant $merchant = null, mixed ...$gateway): Order
    {
        $micropay = new Micropay($merchant ?? $this->seller(), $this->gateway(...$gateway));
        return $micropay->pay(...$with + [
            'outTradeNo' => self::NUMBER,
            'authCode' => self::code(),
            'totalFee' => 100,
            'body' => '咖啡',
            'spbillCreateIp' => '127.0.0.1',
            'timeoutMs' => 15_000,
            'intervalMs' => 100,
            'options' => self::STORE,
        ]);
    }

    /** @param array<string, mixed> $more */
    private static function scenario(string $scenario, array $more = []): void
    {
        self::$simulator->control('POST', '/micropay', ['scenario' => $scenario] + $more);
    }

    public function testACodeIsChargedAtOnceAndWhatIsSentStandsWhereApiV3HasIt(): void
    {
        $options = self::STORE + ['device_info' => 'till 1', 'attach' => '桌7', 'receipt' => 'Y', 'goods_tag' => null];
        $order = $this->sell(['authCode' => '134567890123456789', 'options' => $options]);
        self::assertSame([TradeState::Success, self::NUMBER, 100, 'MICROPAY'], [$order->tradeState, $order->outTradeNo, $order->totalFee, $order->tradeType]);
        [$request] = self::requests();
        self::assertSame([self::PATH, false], [$request['path'], $request['client_certificate']]);
        self::assertEquals([
            'appid' => SimulatorProcess::APPID,
            'mchid' => SimulatorProcess::MCH_ID,
            'out_trade_no' => self::NUMBER,
            'description' => '咖啡',
            'attach' => '桌7',
            'payer' => ['auth_code' => '134567890123456789'],
            'amount' => ['total' => 100, 'currency' => 'CNY'],
            'scene_info' => ['device_ip' => '127.0.0.1', 'device_id' => 'till 1', 'store_info' => ['out_id' => 'S1']],
            'support_fapiao' => true,
        ], $request['json']);
    }

    public function testAPayerWhoTypesThePasswordIsWaitedFor(): void
    {
        self::scenario('password', ['pay_after_ms' => 350]);
        $seen = [];
        $onPoll = static function (Order|PayException $order, int $number) use (&$seen): void {
            $seen[] = [$number, $order->tradeState];
        };
        self::assertSame(TradeState::Success, $this->sell(['onPoll' => $onPoll])->tradeState);
        self::assertSame([1, TradeState::UserPaying], $seen[0]);
        self::assertSame([\count($seen), TradeState::Success], end($seen));
        self::assertCount(1, self::sent(self::PATH), 'the payment is never sent twice');
    }

    /** @dataProvider passing */
    #[DataProvider('passing')]
    public function testWhatLeavesTheEndOpenIsAskedAboutUntilItIsPaid(string $scenario): void
    {
        self::scenario($scenario, ['pay_after_ms' => 300]);
        $order = $this->sell([], null, timeoutMs: 400);
        self::assertSame(TradeState::Success, $order->tradeState);
        self::assertCount(1, self::sent(self::PATH), 'the payment is never sent twice');
    }

    /** @return iterable<string, array{string}> */
    public static function passing(): iterable
    {
        foreach (['bank_error', 'system_error', 'timeout', 'page_502'] as $scenario) {
            yield $scenario => [$scenario];
        }
    }

    /** @dataProvider spoiled */
    #[DataProvider('spoiled')]
    public function testV1V2V3AnAnswerThatProvesNothingIsAskedAboutUntilItIsPaid(string $fault): void
    {
        self::spoil(self::PATH, $fault, ['processed' => true]);
        $order = $this->sell([], null, timeoutMs: 400);
        self::assertSame(TradeState::Success, $order->tradeState);
        self::assertCount(1, self::sent(self::PATH), 'the payment is never sent twice');
    }

    /** @return iterable<string, array{string}> */
    public static function spoiled(): iterable
    {
        foreach (['truncate', 'no_answer', 'html_200', 'return_fail', 'bad_sign', 'no_sign', 'status_500'] as $fault) {
            yield $fault => [$fault];
        }
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
        yield 'not enough' => ['not_enough', 'NOT_ENOUGH', Advice::AskPayer];
        yield 'cancelled' => ['cancelled', 'TRADE_ERROR', Advice::AskPayer];
        yield 'an old code' => ['auth_code_expired', 'TRADE_ERROR', Advice::AskPayer];
        yield 'no right' => ['no_auth', 'NO_AUTH', Advice::FixConfiguration];
    }

    public function testV2WhoIsRefusedUnsignedTwiceDoesNotSpeakToWechatPay(): void
    {
        self::spoil('*', 'return_fail', ['times' => 2, 'processed' => false]);
        $e = self::thrown(GatewayException::class, fn () => $this->sell());
        self::assertSame([true, self::NUMBER], [$e->maybeProcessed, $e->outTradeNo]);
        self::assertCount(2, self::requests(), 'the payment, and one question');
    }

    public function testTheStoreIsNamedAndWhatApiV3DoesNotHaveIsRefusedByItsName(): void
    {
        $wrong = ['store_info, which APIv3 requires' => [], 'must not contain limit_pay,' => self::STORE + ['limit_pay' => 'no_credit']];
        $wrong['must not contain amount, which is set already'] = self::STORE + ['amount' => 5];
        foreach ($wrong as $what => $options) {
            $e = self::thrown(\ValueError::class, fn () => $this->sell(['options' => $options]));
            self::assertStringContainsString('Argument #9 ($options) ', $e->getMessage());
            self::assertStringContainsString($what, $e->getMessage());
        }
        self::assertSame([], self::requests());
    }

    public function testASaleIsReversedByTheShopsNumber(): void
    {
        $this->sell();
        $reverse = new Reverse($this->seller(), $this->gateway());
        $e = self::thrown(ServiceException::class, static fn () => $reverse->byOutTradeNo(self::NUMBER));
        self::assertSame('INVALID_REQUEST', $e->errCode, 'not within 15 seconds of the payment');
        self::passTime(16);
        self::$simulator->control('POST', '/reverse', ['userpaying' => 1, 'page_502' => 1]);
        $reverse->byOutTradeNo(self::NUMBER);
        $reverse->byOutTradeNo(self::NUMBER);
        $requests = self::requests();
        self::assertSame('/v3/pay/transactions/out-trade-no/' . self::NUMBER . '/reverse', end($requests)['path']);
        self::assertSame(['appid' => SimulatorProcess::APPID, 'mchid' => SimulatorProcess::MCH_ID], end($requests)['json']);
        self::assertSame(TradeState::Revoked, (new OrderQuery($this->seller(), $this->gateway()))->byOutTradeNo(self::NUMBER)->tradeState);
        self::assertCount(5, self::sent('/v3/pay/transactions/out-trade-no/' . self::NUMBER . '/reverse'), 'refused, twice again, done, done');
        $e = self::thrown(ServiceException::class, static fn () => $reverse->byOutTradeNo('M999999'));
        self::assertSame(['ORDER_NOT_EXIST', Advice::QueryOrder], [$e->errCode, $e->advice]);
        $e = self::thrown(\LogicException::class, static fn () => $reverse->byTransactionId('4200000001'));
        self::assertStringContainsString('byOutTradeNo()', $e->getMessage());
    }

    public function testAServiceProviderSellsForItsSubMerchant(): void
    {
        $order = $this->sell([], $this->seller(subMchId: '1900000109'));
        self::assertSame([TradeState::Success, '1900000109'], [$order->tradeState, $order->subMchId]);
        self::assertSame('/v3/pay/partner/transactions/codepay', self::requests()[0]['path']);
    }

    public function testOptionsAreReadAsStrictlyAsABodyAndDoNotTakeThePlaceOfAnArgument(): void
    {
        $store = self::STORE['scene_info'];
        $wrong = [
            [['scene_info' => $store + ['device_ip' => '10.0.0.1']], 'must not contain device_ip, which is set already'],
            [self::STORE + ['detail' => ['cost_price' => 1.5]], 'must not hold a float, as it does at /detail/cost_price'],
            [self::STORE + ['attach' => "x\0"], 'must not hold a NUL byte'],
        ];
        foreach ($wrong as [$options, $says]) {
            $e = self::caught(fn () => (new Micropay($this->seller(), $this->gateway()))->pay(self::NUMBER, '134500000000000000', 1, 'x', '127.0.0.1', options: $options));
            self::assertInstanceOf(\ValueError::class, $e);
            self::assertStringContainsString("(\$options) $says", $e->getMessage());
        }
        self::assertSame([], self::requests());
    }
}
