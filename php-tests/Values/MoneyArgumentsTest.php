<?php

declare(strict_types=1);

namespace WechatPayTests;

use WechatPay\Ledger;
use WechatPay\Micropay;
use WechatPay\Refund;
use WechatPay\UnifiedOrder;

/** Amounts as arguments: whole, or a TypeError; PHP would cut them. */
final class MoneyArgumentsTest extends SimulatorTestCase
{
    /** @return iterable<string, array{callable, list<mixed>}> calls with an amount (%), by what they call it */
    private function calls(): iterable
    {
        $merchant = $this->merchant(certificate: self::$simulator->ready['cert_file'], privateKey: self::$simulator->ready['key_file']);
        $gateway = $this->gateway();
        $ledger = new Ledger(new \PDO('sqlite::memory:'), static fn () => null, gateway: $gateway);
        $ledger->install();
        $order = new UnifiedOrder($merchant, $gateway);
        yield '#2 ($totalFee)' => [$order->native(...), ['T-100001', '%', 'tea', 'https://shop.example/n', '127.0.0.1']];
        yield '#3 ($totalFee)' => [(new Micropay($merchant, $gateway))->pay(...), ['T-100001', '130000000000000000', '%', 'tea', '127.0.0.1']];
        yield '#3 ($totalFee) ' => [(new Refund($merchant, $gateway))->byOutTradeNo(...), ['T-100001', 'R1', '%', 1]];
        yield '#4 ($refundFee)' => [(new Refund($merchant, $gateway))->byTransactionId(...), ['42', 'R1', 5000, '%']];
        yield '#3 ($totalFee)  ' => [$ledger->open(...), [$merchant, 'T-100001', '%']];
        yield '#4 ($refundFee) ' => [$ledger->refund(...), [$merchant, 'T-100001', 'R1', '%']];
    }

    /** Called by an internal function, which is PHP's weak mode. */
    private static function weak(callable $call, array $arguments, mixed $amount): ?\Throwable
    {
        $arguments = array_map(static fn (mixed $given): array => [$given === '%' ? $amount : $given], $arguments);
        try {
            @array_map($call, ...$arguments);
            return null;
        } catch (\Throwable $e) {
            return $e;
        }
    }

    public function testR49AFractionIsATypeErrorAndNothingIsSent(): void
    {
        foreach ($this->calls() as $name => [$call, $arguments]) {
            foreach ([12.5, 0.1, NAN, INF, '12.5', '12.000000000000000000001', '12345678901234567.5', '12abc', '12 x', '', '1e-1'] as $cut) {
                $e = self::weak($call, $arguments, $cut);
                self::assertInstanceOf(\TypeError::class, $e, "$name " . var_export($cut, true));
                self::assertStringContainsString('Argument ' . trim($name) . ' must be of type int, ', $e->getMessage());
            }
        }
        self::assertSame([], $this->attempts);
    }

    public function testR49WhatIsWholeIsTakenAsPhpTakesIt(): void
    {
        foreach ($this->calls() as $name => [$call, $arguments]) {
            if (str_contains($name, '#3 ($totalFee)') && $arguments[1] === '130000000000000000') {
                continue; // a sale takes its time
            }
            foreach (['1230', '1230.0', ' 1230', '1.23e3', 1230.0, 1230] as $whole) {
                self::assertNotInstanceOf(\TypeError::class, self::weak($call, $arguments, $whole), $name . var_export($whole, true));
            }
            $strict = self::caught(static fn () => $call(...array_map(static fn (mixed $given): mixed => $given === '%' ? 1230.0 : $given, $arguments)));
            self::assertInstanceOf(\TypeError::class, $strict, 'strict_types count');
        }
    }
}
