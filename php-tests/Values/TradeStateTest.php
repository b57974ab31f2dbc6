<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use WechatPay\TradeState;

final class TradeStateTest extends TestCase
{
    public function testTheCasesAreBackedByTheWordsOfTheWire(): void
    {
        $cases = array_combine(
            array_column(TradeState::cases(), 'name'),
            array_column(TradeState::cases(), 'value'),
        );
        self::assertSame([
            'Success' => 'SUCCESS',
            'Refund' => 'REFUND',
            'NotPay' => 'NOTPAY',
            'Closed' => 'CLOSED',
            'Revoked' => 'REVOKED',
            'UserPaying' => 'USERPAYING',
            'PayError' => 'PAYERROR',
            'Accept' => 'ACCEPT',
            'Unknown' => 'UNKNOWN',
        ], $cases);
        self::assertSame(TradeState::NotPay, TradeState::from('NOTPAY'));
        self::assertNull(TradeState::tryFrom('notpay'));
    }

    public function testFinalPaidAndPending(): void
    {
        $final = ['Success', 'Refund', 'Closed', 'Revoked', 'PayError'];
        foreach (TradeState::cases() as $state) {
            self::assertSame(\in_array($state->name, $final, true), $state->isFinal(), $state->name);
            self::assertSame(!$state->isFinal(), $state->isPending(), $state->name);
            self::assertSame(\in_array($state->name, ['Success', 'Refund'], true), $state->isPaid(), $state->name);
        }
    }

    /** @dataProvider successors */
    #[DataProvider('successors')]
    public function testWhatAStateMayBecome(TradeState $state, array $next): void
    {
        foreach (TradeState::cases() as $other) {
            $expected = $other === $state || $other === TradeState::Unknown || \in_array($other->name, $next, true);
            self::assertSame($expected, $state->mayBecome($other), "$state->name -> $other->name");
        }
    }

    /** @return iterable<string, array{TradeState, list<string>}> */
    public static function successors(): iterable
    {
        $known = ['Success', 'Refund', 'NotPay', 'Closed', 'Revoked', 'UserPaying', 'PayError', 'Accept'];
        yield 'NotPay' => [TradeState::NotPay, $known];
        yield 'UserPaying' => [TradeState::UserPaying, $known];
        yield 'Accept' => [TradeState::Accept, ['Success', 'PayError', 'Closed', 'Refund', 'Revoked']];
        yield 'PayError' => [TradeState::PayError, ['Revoked', 'Closed']];
        yield 'Success' => [TradeState::Success, ['Refund', 'Revoked']];
        yield 'Refund' => [TradeState::Refund, []];
        yield 'Closed' => [TradeState::Closed, []];
        yield 'Revoked' => [TradeState::Revoked, []];
        yield 'Unknown' => [TradeState::Unknown, $known];
    }

    public function testEachStateHasANameForPeopleInChineseAndInEnglish(): void
    {
        foreach (TradeState::cases() as $state) {
            self::assertMatchesRegularExpression('~^\p{Han}[\p{Han}，]+$~u', $state->label());
            self::assertMatchesRegularExpression('~^[a-z ,]+$~', $state->label('en'));
            self::assertSame($state->label('en'), $state->label(lang: 'en_GB'));
            self::assertSame($state->label(), $state->label('fr'));
        }
        self::assertSame('支付成功', TradeState::Success->label());
    }

    public function testItIsAnEnumLikeAnyOther(): void
    {
        self::assertInstanceOf(\BackedEnum::class, TradeState::Success);
        self::assertSame(TradeState::Success, unserialize(serialize(TradeState::Success)));
        self::assertSame('"SUCCESS"', json_encode(TradeState::Success));
        self::assertSame('\WechatPay\TradeState::Success', ltrim(var_export(TradeState::Success, true)));
        self::assertSame('paid', match (TradeState::from('SUCCESS')) {
            TradeState::Success => 'paid',
            default => 'not',
        });
        $map = new \WeakMap();
        $map[TradeState::Success] = 1;
        self::assertTrue(isset($map[TradeState::from('SUCCESS')]));
    }

    public function testItsMethodsTakeWhatPhpsOwnWouldTake(): void
    {
        $thrown = [];
        foreach ([fn () => TradeState::Success->mayBecome('SUCCESS'), fn () => TradeState::Success->mayBecome(), fn () => TradeState::Success->isPaid(1)] as $call) {
            try {
                $call();
            } catch (\Throwable $e) {
                $thrown[] = $e::class . ': ' . $e->getMessage();
            }
        }
        self::assertSame([
            'TypeError: WechatPay\TradeState::mayBecome(): Argument #1 ($next) must be of type WechatPay\TradeState, string given',
            'ArgumentCountError: WechatPay\TradeState::mayBecome() expects exactly 1 argument, 0 given',
            'ArgumentCountError: WechatPay\TradeState::isPaid() expects exactly 0 arguments, 1 given',
        ], $thrown);
    }
}
