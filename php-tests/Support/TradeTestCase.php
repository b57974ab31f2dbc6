<?php

declare(strict_types=1);

namespace WechatPayTests;

use WechatPay\Advice;
use WechatPay\Merchant;
use WechatPay\PayException;

/** Tests of the calls that move a trade on: a shop with its client certificate, and what reached the simulator. */
abstract class TradeTestCase extends SimulatorTestCase
{
    protected const NOTIFY_URL = 'https://shop.example/notify';

    private static int $codes = 0;

    /** The simulator's merchant with the client certificate; named arguments replace its settings. */
    protected function shop(mixed ...$settings): Merchant
    {
        return $this->merchant(...$settings + [
            'certificate' => self::$simulator->ready['cert_file'],
            'privateKey' => self::$simulator->ready['key_file'],
        ]);
    }

    /**
     * Enters a paid order.
     *
     * @param array<string, mixed> $more
     */
    protected static function paid(string $outTradeNo, array $more = []): void
    {
        self::order($outTradeNo, $more + ['trade_state' => 'SUCCESS']);
    }

    /** A code that no payer has shown before. */
    protected static function code(): string
    {
        return sprintf('13%016d', ++self::$codes);
    }

    protected static function passTime(int $seconds): void
    {
        self::$simulator->control('POST', '/clock', ['advance_ms' => $seconds * 1000]);
    }

    /**
     * Lets the next call of a path fail.
     *
     * @param array<string, mixed> $more
     */
    protected static function spoil(string $path, string $fault, array $more = []): void
    {
        self::fault($fault, ['path' => $path] + $more);
    }

    /** @return list<array<string, mixed>> what reached a path of the simulator */
    protected static function sent(string $path): array
    {
        return array_values(array_filter(self::requests(), static fn (array $r): bool => $r['path'] === $path));
    }

    /** @return list<array<string, string>> the fields that reached a path */
    protected static function sentFields(string $path): array
    {
        return array_column(self::sent($path), 'fields');
    }

    /** @return array<string, mixed> an order in the simulator's book */
    protected static function booked(string $outTradeNo): array
    {
        foreach (self::$simulator->control('GET', '/orders') as $order) {
            if ($order['out_trade_no'] === $outTradeNo) {
                return $order;
            }
        }
        self::fail("The simulator has no order $outTradeNo.");
    }

    /** What a call throws, which must be exactly of this class. */
    protected static function thrown(string $class, callable $call): \Throwable
    {
        $thrown = self::caught($call);
        self::assertSame($class, $thrown::class, $thrown->getMessage());
        return $thrown;
    }

    /** Asserts what a fault says about the call. */
    protected static function assertVerdict(
        Advice $advice,
        bool $retryable,
        bool $maybeProcessed,
        PayException $thrown,
    ): void {
        self::assertSame(
            [$advice->name, 'retryable' => $retryable, 'maybeProcessed' => $maybeProcessed],
            [$thrown->advice->name, 'retryable' => $thrown->retryable, 'maybeProcessed' => $thrown->maybeProcessed],
            $thrown->getMessage(),
        );
    }

    /** Asserts that an argument is refused by its name before anything is sent. */
    protected static function assertRefused(string $argument, callable $call): void
    {
        $thrown = self::thrown(\ValueError::class, $call);
        self::assertStringContainsString("(\$$argument)", $thrown->getMessage());
        self::assertSame([], self::requests(), 'nothing was sent');
    }
}
