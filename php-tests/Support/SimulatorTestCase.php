<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\TestCase;
use WechatPay\Attempt;
use WechatPay\Gateway;
use WechatPay\Merchant;
use WechatPay\OrderQuery;
use WechatPay\PayException;

/** Tests that talk to a simulator of their own. */
abstract class SimulatorTestCase extends TestCase
{
    use WithSimulator;

    /** @var list<Attempt> what the gateways made by gateway() have tried */
    protected array $attempts = [];

    /** @var list<string> */
    private array $files = [];

    protected function tearDown(): void
    {
        array_map('unlink', $this->files);
        $this->files = [];
    }

    /** The simulator's merchant; named arguments replace its settings. */
    protected function merchant(mixed ...$settings): Merchant
    {
        return new Merchant(...$settings + [
            'appid' => SimulatorProcess::APPID,
            'mchId' => SimulatorProcess::MCH_ID,
            'key' => SimulatorProcess::KEY,
        ]);
    }

    /** The same merchant in APIv3; named arguments replace its settings. */
    protected function merchantV3(mixed ...$settings): Merchant
    {
        return Merchant::v3(...self::$simulator->v3(...$settings));
    }

    /**
     * A gateway with connections and a health of its own, for it trusts a file of its own; notes its attempts. Named
     * arguments replace its settings. It has a backup only if told.
     */
    protected function gateway(mixed ...$settings): Gateway
    {
        return new Gateway(...$settings + [
            'url' => self::$simulator->url,
            'caFile' => $this->copyOf(self::$simulator->caFile),
            'onAttempt' => function (Attempt $attempt): void {
                $this->attempts[] = $attempt;
            },
        ]);
    }

    /** A query over gateway() with these settings. */
    protected function query(mixed ...$settings): OrderQuery
    {
        return new OrderQuery($this->merchant(), $this->gateway(...$settings));
    }

    /** @return list<string> the outcomes of the attempts so far */
    protected function outcomes(): array
    {
        return array_map(static fn (Attempt $a): string => $a->outcome, $this->attempts);
    }

    /** @param array<string, mixed> $more */
    protected static function order(string $outTradeNo, array $more = []): void
    {
        self::$simulator->control('POST', '/orders', ['out_trade_no' => $outTradeNo] + $more + ['total_fee' => 100]);
    }

    /**
     * Lets the next order query fail; faults at the door hold until noFaults().
     *
     * @param array<string, mixed> $more
     */
    protected static function fault(string $fault, array $more = []): void
    {
        self::$simulator->control('POST', '/faults', ['fault' => $fault] + $more + ['path' => '/pay/orderquery']);
    }

    protected static function noFaults(): void
    {
        self::$simulator->control('DELETE', '/faults');
    }

    /** @return list<array<string, mixed>> what has arrived at the simulator */
    protected static function requests(): array
    {
        return self::$simulator->control('GET', '/requests');
    }

    /** What a call throws. */
    protected static function caught(callable $call): \Throwable
    {
        try {
            $result = $call();
        } catch (\Throwable $thrown) {
            return $thrown;
        }
        self::fail('Nothing was thrown; the result is ' . get_debug_type($result));
    }

    /** Asserts what a query ends with: class, advice, retryable, and that a query never acts. */
    protected static function assertFault(string $class, \WechatPay\Advice $advice, bool $retryable, callable $query): PayException
    {
        $thrown = self::caught($query);
        self::assertInstanceOf($class, $thrown, $thrown->getMessage());
        self::assertSame(
            ['advice' => $advice, 'retryable' => $retryable, 'maybeProcessed' => false],
            [
                'advice' => $thrown->advice,
                'retryable' => $thrown->retryable,
                'maybeProcessed' => $thrown->maybeProcessed,
            ],
            $thrown->getMessage(),
        );
        return $thrown;
    }

    /** Seconds that a call takes, whatever it ends with. */
    protected static function seconds(callable $call): float
    {
        $start = hrtime(true);
        try {
            $call();
        } catch (\Throwable) {
        }
        return (hrtime(true) - $start) / 1e9;
    }

    /** Statements that make $merchant, $gateway and $query in another process. */
    protected static function preamble(string $gatewayArguments = ''): string
    {
        $arguments = [SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY];
        $merchant = implode(', ', array_map(static fn (string $text): string => var_export($text, true), $arguments));
        $url = var_export(self::$simulator->url, true);
        $caFile = var_export(self::$simulator->caFile, true);
        return "\$merchant = new WechatPay\\Merchant($merchant);\n"
            . "\$gateway = new WechatPay\\Gateway(url: $url, caFile: $caFile, $gatewayArguments);\n"
            . "\$query = new WechatPay\\OrderQuery(\$merchant, \$gateway);\n";
    }

    private function copyOf(string $file): string
    {
        $copy = tempnam(sys_get_temp_dir(), 'wechatpay-ca-');
        copy($file, $copy);
        return $this->files[] = $copy;
    }
}
