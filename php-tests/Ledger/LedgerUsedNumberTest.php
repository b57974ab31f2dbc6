<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Advice;
use WechatPay\Ledger;
use WechatPay\LedgerState;
use WechatPay\Merchant;
use WechatPay\Resolution;
use WechatPay\ServiceException;
use WechatPay\UnifiedOrder;

/** OUT_TRADE_NO_USED: WeChat has another order of the number. What was opened is asked about until that one has ended. */
final class LedgerUsedNumberTest extends LedgerV3TestCase
{
    /** @return iterable<string, array{string, bool}> */
    public static function dialects(): iterable
    {
        foreach (Database::KINDS as $kind) {
            yield "$kind, APIv3" => [$kind, true];
            yield "$kind, v2" => [$kind, false];
        }
    }

    /** Opens an order, whose number another system has used, for so many fen, and places it in vain. */
    private function used(Ledger $ledger, Merchant $merchant, string $number, int $fen): void
    {
        // A code payment by v2: for v2 too its number is used, and not only used otherwise.
        self::$simulator->control('POST', '/orders', [
            'out_trade_no' => $number, 'total_fee' => $fen, 'trade_state' => 'NOTPAY', 'trade_type' => 'MICROPAY', 'created_ago_ms' => 600_000,
        ]);
        $ledger->open($merchant, $number, 1000);
        try {
            (new UnifiedOrder($merchant, $this->gateway))->native($number, 1000, 'A large coffee', 'https://shop.example/notify', '127.0.0.1');
            self::fail('The number is used.');
        } catch (ServiceException $e) {
            self::assertSame(['OUT_TRADE_NO_USED', Advice::QueryOrder, false], [$e->errCode, $e->advice, $e->maybeProcessed]);
        }
    }

    private static function becomes(string $number, string $state): void
    {
        self::$simulator->control('POST', '/state', ['out_trade_no' => $number, 'trade_state' => $state]);
    }

    /** @dataProvider dialects */
    #[DataProvider('dialects')]
    public function testSyncAsksUntilTheOrderThatHasTheNumberHasEnded(string $database, bool $v3): void
    {
        $merchant = $v3 ? $this->v3 : $this->merchant;
        $ledger = $this->shop($this->pdo);
        $numbers = ['paid-0001' => 1000, 'less-0001' => 900, 'shut-0001' => 1000, 'back-0001' => 1000, 'idle-0001' => 1000];
        foreach ($numbers as $number => $fen) {
            $this->used($ledger, $merchant, $number, $fen);
        }
        $state = fn (string $number): LedgerState => $ledger->find($merchant, $number)->state;
        $this->sync($ledger, $merchant);
        foreach ($numbers as $number => $fen) {
            self::assertSame(LedgerState::Created, $state($number), 'the other order is not paid');
            self::assertNotNull($ledger->find($merchant, $number)->dueAt, 'and is asked about again');
        }
        foreach (['paid-0001' => 'SUCCESS', 'less-0001' => 'SUCCESS', 'shut-0001' => 'CLOSED', 'back-0001' => 'REVOKED'] as $number => $word) {
            self::becomes($number, $word);
        }
        $this->sync($ledger, $merchant);
        self::assertSame(
            [LedgerState::Paid, LedgerState::Review, LedgerState::Closed, LedgerState::Revoked, LedgerState::Created],
            array_map($state, array_keys($numbers)),
        );
        self::assertSame([[1000], [], [], [], []], array_map($this->booked(...), array_keys($numbers)));
        self::assertSame('total_fee differs', $ledger->find($merchant, 'less-0001')->reason);
        $ledger->resolve($merchant, 'less-0001', Resolution::Refund, 'not ours');
        // The last one is given up like any other that nobody pays; the gateway closes what it lets be closed.
        self::becomes('idle-0001', 'CLOSED');
        $this->pass(8000, 'idle-0001');
        $this->sync($ledger, $merchant);
        self::assertSame([LedgerState::Refunded, LedgerState::Closed], [$state('less-0001'), $state('idle-0001')]);
        foreach (array_keys($numbers) as $number) {
            $number === 'less-0001' || self::assertNull($ledger->find($merchant, $number)->dueAt, "$number has ended");
        }
    }
}
