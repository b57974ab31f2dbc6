<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;

/**
 * Two hundred buyers at once, behind nginx and php-fpm as the shop configures them: no order is lost, doubled or credited
 * twice, and the accounts add up.
 *
 * @group slow
 */
#[Group('slow')]
final class CrowdTest extends ShopTestCase
{
    private const BUYERS = 200;

    protected function start(string $kind, int $workers = 1): void
    {
        $this->database = Database::of($kind);
        $this->database->clear();
        $this->shop = ShopServer::behindNginx(self::$simulator, $this->database);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testTwoHundredBuyersAtOnce(string $kind): void
    {
        $this->shop->stop();
        $this->start($kind);
        $crowd = new Crowd($this->shop->url);
        $bought = new \ArrayObject();
        $crowd->run(array_map(fn (int $n) => $this->buyer($n, $bought), range(0, self::BUYERS - 1)));
        self::assertCount(self::BUYERS, $bought);
        self::$simulator->control('POST', '/settle');
        for ($rounds = 0; $rounds < 20 && ($this->unpaid() > 0 || $this->untold() > 0); $rounds++) {
            $this->database->connect()->exec('UPDATE wechatpay_order SET due_at = 0 WHERE due_at IS NOT NULL');
            $this->shop->worker('2');
        }
        self::assertSame(0, $this->unpaid(), 'none is lost');
        $this->everythingAddsUp();
    }

    public function testANoticeIsAnsweredWithinASecondHoweverManyLookAtTheirOrders(): void
    {
        $payer = $this->visitor();
        $numbers = array_map(fn (int $n) => $this->candy($payer, $n), [1, 2, 3]);
        $slowest = 0;
        $looking = array_map(fn () => self::onlooker($numbers[0]), range(1, 100));
        $looking[] = (function () use ($numbers, &$slowest): \Generator {
            foreach ($numbers as $number) {
                yield ['/', null];
                self::$simulator->control('POST', '/state', ['out_trade_no' => $number, 'trade_state' => 'SUCCESS']);
                $sent = self::$simulator->control('POST', '/notify', ['out_trade_no' => $number])['sent'][0];
                self::assertTrue($sent['accepted']);
                $slowest = max($slowest, $sent['took_ms']);
            }
        })();
        (new Crowd($this->shop->url))->run($looking);
        self::assertLessThan(1000, $slowest);
    }

    public function testNoScriptIsSentAsTextAndNoneIsCalledByItsName(): void
    {
        foreach (['/index.php', '/notify.php', '/notify/x.php'] as $path) {
            [$head] = Http::ask($this->shop->url . $path, []);
            self::assertStringContainsString('404', $head[0], $path);
        }
        [$head] = Http::ask("{$this->shop->url}/shop.css", []);
        self::assertStringContainsString('200', $head[0]);
    }

    /** Buys a sweet or tea or tops up, so that each of the merchants is paid; presses twice, looks at the code, pays. Notices come once, twice, or not at all. */
    private function buyer(int $n, \ArrayObject $bought): \Generator
    {
        [, $body] = yield ['/', null];
        preg_match('~name="token" value="([0-9a-f]+)"~', $body, $found);
        $form = ['token' => $found[1]] + ($n % 4 === 0 ? ['yuan' => 100] : ['quantity' => [$n % 4 === 1 ? 'tea' : 'candy' => 1]]);
        [$status, $body, $path] = yield [$n % 4 === 0 ? '/topups' : '/orders', $form];
        self::assertSame(303, $status, $body);
        [, , $again] = yield [$n % 4 === 0 ? '/topups' : '/orders', $form];
        self::assertSame($path, $again);
        for ($body = '', $tries = 0; $tries < 20 && !str_contains($body, '等待支付'); $tries++) {
            [, $body] = yield [$path, null];
        }
        $number = substr($path, \strlen('/orders/'));
        $isLost = $n % 10 === 0;
        self::$simulator->control('POST', $isLost ? '/state' : '/pay', ['out_trade_no' => $number] + ($isLost ? ['trade_state' => 'SUCCESS'] : []));
        if ($n % 10 === 1) {
            self::$simulator->control('POST', '/notify', ['out_trade_no' => $number, 'copies' => 3]);
        }
        yield ["$path/state", null];
        $bought[$number] = $n;
    }

    /** An order of so many sweets whose code was shown. */
    private function candy(ShopVisitor $payer, int $quantity): string
    {
        $payer->get('/orders/' . ($number = $payer->buy(['candy' => $quantity])));
        return $number;
    }

    private static function onlooker(string $number): \Generator
    {
        for ($n = 0; $n < 10; $n++) {
            yield [$n % 2 ? "/orders/$number" : '/', null];
        }
    }

    private function everythingAddsUp(): void
    {
        $topUps = intdiv(self::BUYERS, 4);
        $count = fn (string $sql): int => (int) current($this->rows($sql)[0]);
        self::assertSame(self::BUYERS, $count('SELECT COUNT(*) FROM shop_order'));
        self::assertSame(self::BUYERS, $count('SELECT COUNT(*) FROM shop_order WHERE paid_at IS NOT NULL'));
        self::assertSame(self::BUYERS, $count('SELECT COUNT(*) FROM wechatpay_credit'));
        $paid = array_count_values(array_column(self::$simulator->control('GET', '/orders'), 'mch_id'));
        ksort($paid);
        self::assertSame([SimulatorProcess::MCH_ID => $topUps, ShopServer::TEA => $topUps, ShopServer::SWEETS => self::BUYERS - 2 * $topUps], $paid);
        self::assertSame([100 - $topUps, 1000 - (self::BUYERS - 2 * $topUps)], [$this->stock('tea'), $this->stock('candy')]);
        self::assertSame($topUps * 10_000, $count('SELECT SUM(balance) FROM member'));
        self::assertSame($topUps * 1_000, $count('SELECT SUM(gift) FROM member'));
        self::assertSame(self::BUYERS, $count('SELECT COUNT(*) FROM member_journal'));
        self::assertSame(0, $count('SELECT COUNT(*) FROM (SELECT m.id FROM member m LEFT JOIN member_journal j ON j.member_id = m.id
            GROUP BY m.id, m.balance, m.gift HAVING m.balance <> COALESCE(SUM(j.balance), 0) OR m.gift <> COALESCE(SUM(j.gift), 0)) wrong'));
    }

    /** How many are paid that the worker has not asked WeChat about. */
    private function untold(): int
    {
        return (int) $this->rows('SELECT COUNT(*) AS n FROM shop_order WHERE paid_at IS NOT NULL AND left_at IS NULL')[0]['n'];
    }

    private function unpaid(): int
    {
        return (int) $this->rows('SELECT COUNT(*) AS n FROM shop_order WHERE paid_at IS NULL')[0]['n'];
    }
}
