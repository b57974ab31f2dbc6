<?php

declare(strict_types=1);

namespace WechatPayTests;

use WechatPay\Ledger;
use WechatPay\Merchant;

/**
 * A test of days: trade that was three days ago at the gateway, whose clock is moved there and back. The bill of the day
 * after is there too, at any hour: yesterday's is made at ten in Beijing.
 */
abstract class LedgerDayTestCase extends LedgerSimulatorTestCase
{
    private const DAY_MS = 86_400_000;

    /** The day of trade. */
    protected string $day;

    /** The day after. */
    protected string $next;

    protected function setUp(): void
    {
        parent::setUp();
        // Without a certificate there is no fund flow.
        $this->merchant = new Merchant(SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY);
        [$this->day, $this->next] = [self::beijing(-3), self::beijing(-2)];
        self::days(-3);
    }

    protected function shop(\PDO $pdo, mixed ...$more): Ledger
    {
        return parent::shop($pdo, ...$more + ['gateway' => $this->gateway ?? null]);
    }

    /** The gateway's clock goes forth or back. */
    protected static function days(int $days): void
    {
        self::$simulator->control('POST', '/clock', ['advance_ms' => $days * self::DAY_MS]);
    }

    /** A day, so far from today in Beijing. */
    protected static function beijing(int $days): string
    {
        return (new \DateTimeImmutable("$days days", new \DateTimeZone('Asia/Shanghai')))->format('Y-m-d');
    }

    /** An order at the gateway that is paid now. */
    protected static function paid(string $number, int $fen = 100, mixed ...$more): void
    {
        self::$simulator->control('POST', '/orders', $more + ['out_trade_no' => $number, 'total_fee' => $fen, 'trade_state' => 'SUCCESS']);
    }

    /** What happens to the next bills. */
    protected static function bills(string $damage, mixed ...$more): void
    {
        self::$simulator->control('POST', '/bills', ['damage' => $damage] + $more);
    }

    /** How many bills were asked for. */
    protected static function downloads(): int
    {
        $paths = array_column(self::$simulator->control('GET', '/requests'), 'path');
        return \count(array_keys($paths, '/pay/downloadbill', true));
    }

    /** Kind, number and state of each difference, sorted. @return list<string> */
    protected static function told(iterable $differences): array
    {
        $told = [];
        foreach ($differences as $difference) {
            $told[] = "{$difference->kind->name} {$difference->key} {$difference->state->name}";
        }
        sort($told);
        return $told;
    }
}
