<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;
use WechatPay\GatewayException;
use WechatPay\MalformedMessageException;
use WechatPay\MismatchException;
use WechatPay\Order;
use WechatPay\PayException;
use WechatPay\ServiceException;
use WechatPay\SignatureException;
use WechatPay\Signer;
use WechatPay\SignType;
use WechatPay\TradeState;
use WechatPay\TransportException;
use WechatPay\UndecidedException;
use WechatPay\Xml;

/**
 * OrderQuery::untilFinal(): what ends it and what it returns (decisions.md 2.6).
 *
 * @group slow
 */
#[Group('slow')]
final class UntilFinalTest extends SimulatorTestCase
{
    /** @var list<string> class or state of what onPoll saw */
    private array $seen = [];

    protected function setUp(): void
    {
        parent::setUp();
        self::order('T100001');
        $this->seen = [];
    }

    /** Polls every 50 ms; pays the order before the poll of that number. */
    private function poll(int $timeoutMs = 2000, int $payAfter = 0, string $number = 'T100001'): Order
    {
        return $this->query()->untilFinal($number, $timeoutMs, 50, function (Order|PayException $seen, int $n) use ($payAfter): void {
            $this->seen[] = $seen instanceof Order ? $seen->tradeState->name : $seen::class;
            self::assertCount($n, $this->seen, 'polls are numbered from 1');
            if ($n === $payAfter) {
                self::$simulator->control('POST', '/pay', ['out_trade_no' => 'T100001']);
            }
        });
    }

    public function testItAsksUntilTheOrderIsFinal(): void
    {
        $order = $this->poll(payAfter: 3);
        self::assertSame(TradeState::Success, $order->tradeState);
        self::assertSame(['NotPay', 'NotPay', 'NotPay', 'Success'], $this->seen);
    }

    /** @dataProvider finalStates */
    #[DataProvider('finalStates')]
    public function testAFinalOrderIsAskedForOnce(string $state): void
    {
        self::$simulator->control('POST', '/state', ['out_trade_no' => 'T100001', 'trade_state' => $state]);
        self::assertSame($state, $this->poll()->tradeState->value);
        self::assertCount(1, $this->seen);
    }

    /** @return list<array{string}> */
    public static function finalStates(): array
    {
        return [['SUCCESS'], ['REFUND'], ['CLOSED'], ['REVOKED'], ['PAYERROR']];
    }

    public function testAtTheTimeoutTheLastOrderIsReturned(): void
    {
        $seconds = self::seconds(function () use (&$order): void {
            $order = $this->poll(timeoutMs: 500);
        });
        self::assertSame(TradeState::NotPay, $order->tradeState);
        self::assertEqualsWithDelta(0.5, $seconds, 0.25);
        self::assertGreaterThan(4, \count($this->seen));
    }

    public function testFalseStopsAndReturnsTheLastOrder(): void
    {
        $polls = 0;
        $order = $this->query()->untilFinal('T100001', 5000, 50, static function () use (&$polls) {
            return ++$polls < 3;
        });
        self::assertSame([3, TradeState::NotPay], [$polls, $order->tradeState]);
    }

    public function testOnlyFalseItselfStops(): void
    {
        $answers = [null, 0, '', [], true];
        $this->query()->untilFinal('T100001', 5000, 20, static function () use (&$answers) {
            return $answers === [] ? false : array_shift($answers);
        });
        self::assertSame([], $answers);
    }

    public function testNoOrderSeenUntilTheEndIsUndecidedWithTheLastFaultBehind(): void
    {
        $e = self::caught(fn () => $this->poll(timeoutMs: 300, number: 'none01'));
        self::assertInstanceOf(UndecidedException::class, $e);
        self::assertSame([null, false, 'none01'], [$e->lastSeen, $e->reversed, $e->outTradeNo]);
        self::assertInstanceOf(ServiceException::class, $e->getPrevious());
        self::assertSame('ORDERNOTEXIST', $e->getPrevious()->errCode);
    }

    public function testFalseBeforeAnyOrderWasSeenIsUndecidedToo(): void
    {
        $query = $this->query();
        $e = self::caught(static fn () => $query->untilFinal('none01', 5000, 50, static fn () => false));
        self::assertInstanceOf(UndecidedException::class, $e);
    }

    /** @dataProvider passing */
    #[DataProvider('passing')]
    public function testItGoesOnAfterFaultsThatPass(string $fault, array $more, string $class): void
    {
        self::fault($fault, ['times' => 1] + $more);
        $this->poll(payAfter: 3);
        self::assertSame([$class, 'NotPay', 'NotPay', 'Success'], $this->seen);
    }

    /** @return array<string, array{string, array<string, mixed>, class-string}> */
    public static function passing(): array
    {
        return [
            'a broken answer' => ['oversize', [], TransportException::class],
            'a redirect' => ['redirect', [], TransportException::class],
            'a page of a proxy' => ['html_200', [], MalformedMessageException::class],
            'SYSTEMERROR' => ['system_error', [], ServiceException::class],
            'return_code SYSTEMERROR' => ['return_system_error', [], GatewayException::class],
            'FREQUENCY_LIMITED' => ['raw_body', ['body' => self::failed('FREQUENCY_LIMITED')], ServiceException::class],
            'ORDERNOTEXIST' => ['raw_body', ['body' => self::failed('ORDERNOTEXIST')], ServiceException::class],
        ];
    }

    /** @dataProvider lasting */
    #[DataProvider('lasting')]
    public function testItEndsAtFaultsThatDoNotPass(string $fault, array $more, string $class): void
    {
        self::fault($fault, ['times' => 1] + $more);
        $e = self::caught(fn () => $this->poll());
        self::assertSame($class, $e::class);
        self::assertSame([$class], $this->seen);
    }

    /** @return array<string, array{string, array<string, mixed>, class-string}> */
    public static function lasting(): array
    {
        return [
            'no sign' => ['no_sign', [], SignatureException::class],
            'another order' => ['swapped_order', [], MismatchException::class],
            'return_code FAIL' => ['return_fail', [], GatewayException::class],
            'PARAM_ERROR' => ['raw_body', ['body' => self::failed('PARAM_ERROR')], ServiceException::class],
            'a code nobody knows' => ['raw_body', ['body' => self::failed('BRAND_NEW')], ServiceException::class],
        ];
    }

    public function testAParamErrorPassesOnceAnOrderWasSeen(): void
    {
        $query = $this->query();
        $seen = [];
        $order = $query->untilFinal('T100001', 2000, 50, static function ($now, int $n) use (&$seen): bool {
            $seen[] = $now instanceof Order ? 'order' : $now->errCode;
            if ($n === 1) {
                self::fault('raw_body', ['body' => self::failed('PARAM_ERROR')]);
                self::fault('raw_body', ['body' => self::failed('INVALID_TRANSACTIONID')]);
            }
            return $n < 4;
        });
        self::assertSame(['order', 'PARAM_ERROR', 'INVALID_TRANSACTIONID', 'order'], $seen);
        self::assertSame(TradeState::NotPay, $order->tradeState);
    }

    public function testAnUnknownCaEndsIt(): void
    {
        self::fault('unknown_ca');
        $seconds = self::seconds(function () use (&$e): void {
            $e = self::caught(fn () => $this->poll());
        });
        self::assertInstanceOf(TransportException::class, $e);
        self::assertLessThan(1.0, $seconds);
    }

    public function testFrequencyLimitedDoublesTheInterval(): void
    {
        self::fault('raw_body', ['body' => self::failed('FREQUENCY_LIMITED')]);
        $at = [];
        $this->query()->untilFinal('T100001', 5000, 300, static function () use (&$at): bool {
            $at[] = hrtime(true) / 1e9;
            return \count($at) < 3;
        });
        self::assertEqualsWithDelta(0.6, $at[1] - $at[0], 0.2);
        self::assertEqualsWithDelta(0.3, $at[2] - $at[1], 0.2);
    }

    public function testTheLastQuestionIsAskedShortlyBeforeTheTimeIsUp(): void
    {
        $polls = 0;
        $seconds = self::seconds(function () use (&$polls): void {
            $this->query()->untilFinal('T100001', 1800, 5000, static function () use (&$polls): void {
                $polls++;
            });
        });
        self::assertSame(2, $polls);
        self::assertLessThan(1.9, $seconds);
    }

    /** @dataProvider badTimes */
    #[DataProvider('badTimes')]
    public function testATimeThatCannotBeOneIsAValueError(array $arguments, string $argument): void
    {
        $query = $this->query();
        $e = self::caught(static fn () => $query->untilFinal('T100001', ...$arguments));
        self::assertInstanceOf(\ValueError::class, $e);
        self::assertStringContainsString("$argument must be between 1 and 86400000 milliseconds", $e->getMessage());
    }

    /** @return list<array{array<array-key, int>, string}> */
    public static function badTimes(): array
    {
        return [
            [[0], '#2 ($timeoutMs)'],
            [[-1], '#2 ($timeoutMs)'],
            [[86_400_001], '#2 ($timeoutMs)'],
            [[100, 0], '#3 ($intervalMs)'],
            [['timeoutMs' => 100, 'intervalMs' => PHP_INT_MAX], '#3 ($intervalMs)'],
        ];
    }

    public function testAnyCallableWillDo(): void
    {
        $object = new class {
            public int $polls = 0;

            public function run(\WechatPay\OrderQuery $query): void
            {
                $query->untilFinal('T100001', 2000, 20, [$this, 'hidden']);
                $query->untilFinal('T100001', 2000, 20, $this->hidden(...));
            }

            private function hidden(): bool
            {
                return ++$this->polls % 2 === 1;
            }
        };
        $object->run($this->query());
        self::assertSame(4, $object->polls);
    }

    private static function failed(string $code): string
    {
        $fields = ['return_code' => 'SUCCESS', 'appid' => SimulatorProcess::APPID, 'mch_id' => SimulatorProcess::MCH_ID,
            'result_code' => 'FAIL', 'err_code' => $code];
        return Xml::encode($fields + ['sign' => Signer::sign($fields, SimulatorProcess::KEY, SignType::HmacSha256)]);
    }
}
