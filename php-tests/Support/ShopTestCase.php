<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\TestCase;

/** A test of examples/scan-pay-shop: the shop behind `php -S`, beside a simulator, on SQLite if nothing else is said. */
abstract class ShopTestCase extends TestCase
{
    use WithSimulator {
        setUp as private setUpSimulator;
    }

    public static function setUpBeforeClass(): void
    {
        self::$simulator = SimulatorProcess::start(...ShopServer::ACCOUNTS);
    }

    protected ShopServer $shop;
    protected Database $database;

    protected function setUp(): void
    {
        $this->setUpSimulator();
        $this->start('sqlite');
    }

    protected function tearDown(): void
    {
        $this->shop->stop();
    }

    /** @return iterable<string, array{string}> */
    public static function databases(): iterable
    {
        foreach (Database::KINDS as $kind) {
            yield $kind => [$kind];
        }
    }

    protected function start(string $kind, int $workers = 1): void
    {
        $this->database = Database::of($kind);
        $this->database->clear();
        $this->shop = ShopServer::start(self::$simulator, $this->database, $workers);
    }

    protected function visitor(string ...$agent): ShopVisitor
    {
        return new ShopVisitor($this->shop->url, ...$agent);
    }

    /** An order of tea whose QR code was shown. */
    protected function placed(ShopVisitor $payer): string
    {
        $number = $payer->buy(['tea' => 1]);
        $payer->get("/orders/$number");
        self::assertSame(200, $payer->status, $payer->body);
        return $number;
    }

    /** The payer pays, and the notice arrives. */
    protected function pay(string $number, ?ShopVisitor $afterLooking = null): void
    {
        $afterLooking?->get("/orders/$number");
        self::$simulator->control('POST', '/pay', ['out_trade_no' => $number]);
        self::$simulator->control('POST', '/settle');
    }

    /** The worker asks WeChat about what was paid: from now on the member can spend what it brings. */
    protected function confirm(): void
    {
        $this->shop->worker('1');
    }

    protected static function notice(string $number): string
    {
        $sent = array_filter(self::$simulator->control('GET', '/notifications'), static fn (array $n) => $n['out_trade_no'] === $number);
        return reset($sent)['body'];
    }

    /** @return list<array<string, mixed>> */
    protected function rows(string $sql): array
    {
        return $this->database->connect()->query($sql)->fetchAll(\PDO::FETCH_ASSOC);
    }

    protected function stock(string $sku): int
    {
        return (int) $this->rows("SELECT stock FROM goods WHERE sku = '$sku'")[0]['stock'];
    }

    protected function points(): int
    {
        return (int) $this->rows('SELECT MAX(points) AS points FROM member')[0]['points'];
    }
}
