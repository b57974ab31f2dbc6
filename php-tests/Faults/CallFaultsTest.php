<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;
use WechatPay\Advice;
use WechatPay\GatewayException;
use WechatPay\MalformedMessageException;
use WechatPay\ServiceException;
use WechatPay\SignatureException;
use WechatPay\Signer;
use WechatPay\SignType;
use WechatPay\Xml;

/**
 * The protocol's faults in the answers of every call. What they mean depends on what the call does: one that only asks may be
 * made again, one that acts may have acted.
 *
 * @group slow
 */
#[Group('slow')]
final class CallFaultsTest extends TradeTestCase
{
    protected function setUp(): void
    {
        parent::setUp();
        EveryCall::prepare(self::$simulator);
    }

    /** Makes a call that works unless its answer is spoiled. */
    private function call(string $name): mixed
    {
        return EveryCall::make($name, $this->shop(), $this->gateway());
    }

    /** Makes the call that must go before this one, if there is one. */
    private function callBefore(string $name): void
    {
        $before = EveryCall::all()[$name]->after;
        $before === '' || $this->call($before);
    }

    /**
     * Makes a call whose next answer is spoiled.
     *
     * @param array<string, mixed> $more
     */
    private function spoiled(string $name, string $fault, array $more = []): mixed
    {
        $this->callBefore($name);
        self::spoil(EveryCall::all()[$name]->path, $fault, $more);
        return $this->call($name);
    }

    /**
     * Asserts that the fault ends the call so, or that the call goes on to its right end.
     *
     * @param array<string, mixed> $more
     */
    private function assertEnds(string $class, Advice $asked, Advice $acted, string $name, string $fault, array $more = []): void
    {
        $call = EveryCall::all()[$name];
        if ($call->goesOn()) {
            $this->spoiled($name, $fault, $more + ['processed' => true]);
            [$number, $state, $requests] = $call->ends;
            self::assertSame($state, self::booked($number)['trade_state']);
            self::assertCount($requests, self::sent($call->path));
            return;
        }
        $times = $fault === 'system_error' ? $call->tries : 1;
        $e = self::thrown($class, fn () => $this->spoiled($name, $fault, $more + ['times' => $times]));
        self::assertCount($times, self::sent($call->path));
        $advice = match ($call->kind) {
            'asks' => $asked,
            // What might act twice is never advised to be made again.
            'once' => $acted === Advice::Retry ? Advice::QueryOrder : $acted,
            default => $acted,
        };
        self::assertVerdict($advice, $call->kind !== 'once', $call->kind !== 'asks', $e);
    }

    /** @return iterable<string, array{string}> */
    public static function calls(): iterable
    {
        return self::those(static fn (): bool => true);
    }

    /** @return iterable<string, array{string}> */
    private static function those(callable $which): iterable
    {
        foreach (array_filter(EveryCall::all(), $which) as $name => $call) {
            yield $name => [$name];
        }
    }

    /** @dataProvider calls */
    #[DataProvider('calls')]
    public function testEachCallWorksWhenNothingIsSpoiled(string $name): void
    {
        $this->callBefore($name);
        $this->call($name);
        self::assertSame(['ok'], array_values(array_unique($this->outcomes())));
    }

    /** @dataProvider calls */
    #[DataProvider('calls')]
    public function testP7AnUnsignedRefusalSaysNothing(string $name): void
    {
        $this->assertEnds(GatewayException::class, Advice::Retry, Advice::Retry, $name, 'return_system_error');
    }

    /** @dataProvider calls */
    #[DataProvider('calls')]
    public function testP7ATextOfARefusalIsOnlyText(string $name): void
    {
        $call = EveryCall::all()[$name];
        if ($call->kind === 'sends on') {
            self::thrown(GatewayException::class, fn () => $this->spoiled($name, 'return_fail'));
            self::assertSame('SUCCESS', self::booked($call->ends[0])['trade_state']);
            return;
        }
        $this->assertEnds(GatewayException::class, Advice::Retry, Advice::Retry, $name, 'return_fail');
    }

    /** @dataProvider codes */
    #[DataProvider('codes')]
    public function testP8ACodeThatIsMissingOrUnknownIsMalformed(string $name, string $field, ?string $value): void
    {
        $fault = $value === null ? 'remove_field' : 'set_field';
        $class = MalformedMessageException::class;
        $this->assertEnds($class, Advice::Retry, Advice::QueryOrder, $name, $fault, ['name' => $field, 'value' => $value]);
    }

    /** @return iterable<string, array{string, string, string|null}> */
    public static function codes(): iterable
    {
        foreach (EveryCall::all() as $name => $call) {
            foreach ([['return_code', null], ['return_code', 'MAYBE'], ['result_code', 'MAYBE'], ['result_code', null]] as [$field, $value]) {
                // Nothing is decided by an answer that nobody signs: it may be as short as it likes.
                if ($call->isSigned || [$field, $value] !== ['result_code', null]) {
                    yield "$name, $field " . ($value ?? 'missing') => [$name, $field, $value];
                }
            }
        }
    }

    /** @dataProvider named */
    #[DataProvider('named')]
    public function testP9AnUnknownOrderIsNeverTakenForUnpaid(string $name): void
    {
        $fields = [
            'return_code' => 'SUCCESS',
            'appid' => SimulatorProcess::APPID,
            'mch_id' => SimulatorProcess::MCH_ID,
            'nonce_str' => '5K8264ILTKCH16CQ',
            'result_code' => 'FAIL',
            'err_code' => 'ORDERNOTEXIST',
        ];
        $body = Xml::encode($fields + ['sign' => Signer::sign($fields, SimulatorProcess::KEY, SignType::HmacSha256)]);
        $e = self::thrown(ServiceException::class, fn () => $this->spoiled($name, 'raw_body', ['body' => $body]));
        self::assertSame('ORDERNOTEXIST', $e->errCode);
        $asks = EveryCall::all()[$name]->kind === 'asks';
        self::assertVerdict($asks ? Advice::Wait : Advice::QueryOrder, $asks, false, $e);
    }

    /** @return iterable<string, array{string}> those to which WeChat may say that it knows no such order */
    public static function named(): iterable
    {
        return self::those(static fn (TriedCall $call): bool => $call->isOfAnOrder);
    }

    /** @dataProvider signed */
    #[DataProvider('signed')]
    public function testP10ASystemErrorIsForTheSameNumbersAgain(string $name): void
    {
        $this->assertEnds(ServiceException::class, Advice::Retry, Advice::Retry, $name, 'system_error');
    }

    /** @dataProvider calls */
    #[DataProvider('calls')]
    public function testP11AStateNobodyKnowsBreaksNothing(string $name): void
    {
        $result = $this->spoiled($name, 'unknown_state');
        if (\is_object($result) && property_exists($result, 'tradeState')) {
            self::assertSame(EveryCall::all()[$name]->kind === 'asks on', $result->isPaid(), 'an open sale is asked about');
        }
        self::assertNotSame([], $this->outcomes());
    }

    /** @dataProvider calls */
    #[DataProvider('calls')]
    public function testP12P13NewAndEmptyFieldsArePartOfTheMessage(string $name): void
    {
        $result = $this->spoiled($name, 'extra_field');
        $fields = match (true) {
            \is_array($result) => $result,
            \is_object($result) && method_exists($result, 'fields') => $result->fields(),
            default => null,
        };
        if ($fields !== null) {
            self::assertSame('值0', ($fields[0] ?? $fields)['brand_new_field']);
        }
        self::$simulator->reset();
        $this->setUp();
        $this->spoiled($name, 'set_field', ['name' => 'brand_new_field', 'value' => '']);
        self::assertNotContains('signature', $this->outcomes());
    }

    /** @dataProvider forgeries */
    #[DataProvider('forgeries')]
    public function testP1P2P3P4P5WhatIsNotProvedIsNotBelieved(string $name, string $fault): void
    {
        $call = EveryCall::all()[$name];
        if ($call->goesOn()) {
            $call->kind === 'asks on'
                ? self::assertTrue($this->spoiled($name, $fault)->isPaid(), 'a verified query has the last word')
                : self::thrown(SignatureException::class, fn () => $this->spoiled($name, $fault));
            return;
        }
        $e = self::thrown(SignatureException::class, fn () => $this->spoiled($name, $fault));
        self::assertVerdict(Advice::FixConfiguration, false, $call->kind !== 'asks', $e);
        self::assertCount(1, self::sent($call->path), 'never tried again');
    }

    /** @return iterable<string, array{string, string}> */
    public static function forgeries(): iterable
    {
        foreach (self::signed() as [$name]) {
            foreach (['no_sign', 'empty_sign', 'bad_sign', 'other_key_sign', 'md5_sign', 'lower_sign'] as $fault) {
                if (!EveryCall::all()[$name]->isMd5 || $fault !== 'md5_sign') {
                    yield "$name, $fault" => [$name, $fault];
                }
            }
        }
    }

    /** @return iterable<string, array{string}> all but the report, whose answer nobody signs */
    public static function signed(): iterable
    {
        return self::those(static fn (TriedCall $call): bool => $call->isSigned);
    }
}
