<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\TestCase;
use Shop\Shop;
use WechatPay\Notification;

require_once ROOT . '/php-tests/Support/shop-classes.php';

/** Stock and points, whatever happens in whatever sequence: the shop's own classes on a database of their own, without a page. */
final class BooksTest extends TestCase
{
    private const SETTINGS = ['SHOP_DSN' => 'sqlite::memory:', 'SHOP_SECRET' => 'only for tests: 32 characters at least',
        'SHOP_MERCHANTS' => '[{"appid":"wx2421b1c4370ec43b","mchId":"10000100","key":"0123456789abcdefghijKLMNOPQRSTUV"}]'];

    private Shop $shop;
    /** @var list<string> */
    private array $numbers = [];

    protected function setUp(): void
    {
        foreach (self::SETTINGS as $name => $value) {
            putenv("$name=$value");
        }
        $this->shop = new Shop();
        $this->shop->install();
        $this->shop->members->greet('m');
    }

    protected function tearDown(): void
    {
        array_map(putenv(...), array_keys(self::SETTINGS));
    }

    public function testWhatIsTakenFromTheStockIsWhatLiveOrdersHaveWhateverTheSequence(): void
    {
        mt_srand(11);
        for ($round = 0; $round < 40; $round++) {
            $this->shop->database->run('UPDATE goods SET stock = 2');
            $this->shop->database->run('DELETE FROM shop_order');
            $this->numbers = [];
            $added = ['coffee' => 2, 'tea' => 2, 'candy' => 2];
            for ($step = 0; $step < 25; $step++) {
                $this->step($added);
            }
            foreach ($this->numbers as $number) {
                $this->shop->orders->goods($number, 1);
            }
            self::assertSame($added, array_map(fn (string $sku) => $this->stock($sku) + $this->live($sku), array_combine(array_keys($added), array_keys($added))));
        }
    }

    public function testPointsOfAPaymentGoBackToThePointHoweverItIsDividedAndWhicheverRefundEnds(): void
    {
        mt_srand(5);
        for ($round = 0; $round < 150; $round++) {
            $number = $this->order(['candy' => 1], $paid = mt_rand(1, 5) * 100 + mt_rand(0, 99));
            $this->pay($number, $paid);
            $this->shop->orders->goods($number, 1);
            $before = $this->points() - intdiv($paid, 100);
            [$kept, $back] = [$paid, []];
            for ($n = 0; $kept > 0; $n++) {
                if ($back !== [] && mt_rand(0, 2) === 0) {
                    $kept += $fen = array_pop($back);
                    $this->keep($number, $fen, "end $number $n");
                } else {
                    $kept -= $back[] = $fen = mt_rand(1, $kept);
                    $this->keep($number, -$fen, "refund $number $n");
                }
                self::assertSame($before + intdiv($kept, 100), $this->points(), "$kept of $paid");
                shuffle($back);
            }
        }
        self::assertSame([0, []], [$this->points(), $this->shop->members->wrong()]);
    }

    /** @param array<string, int> $added what there was of each */
    private function step(array &$added): void
    {
        $number = $this->numbers === [] ? '' : $this->numbers[array_rand($this->numbers)];
        match (mt_rand(0, $number === '' ? 1 : 6)) {
            0, 1 => $this->order(array_filter(['coffee' => mt_rand(0, 2), 'tea' => mt_rand(0, 2), 'candy' => mt_rand(1, 2)])),
            2, 3 => $this->pay($number, 100),
            4 => $this->shop->database->run('UPDATE shop_order SET hold = NULL WHERE number = ?', [$number]),
            5 => $this->tell($number, ['trade_state' => 'REVOKED', 'total_fee' => 100]),
            6 => [$this->shop->database->run("UPDATE goods SET stock = stock + 1 WHERE sku = 'tea'"), $added['tea']++],
        };
        mt_rand(0, 1) === 0 || $number === '' || $this->shop->orders->goods($number, 1);
    }

    /**
     * A code payment that WeChat was asked about.
     *
     * @param array<string, int> $quantities
     */
    private function order(array $quantities, int $fen = 100): string
    {
        static $n = 0;
        $this->numbers[] = $number = 'T' . ++$n;
        $this->shop->database->insert('shop_order', ['number' => $number, 'mch_id' => '10000100', 'member_id' => 'm', 'address' => '', 'kind' => 'goods',
            'trade_type' => 'MICROPAY', 'body' => '', 'fen' => $fen, 'made_at' => time(), 'asked_at' => time()]);
        foreach ($quantities as $sku => $quantity) {
            $this->shop->database->insert('order_line', ['number' => $number, 'sku' => $sku, 'quantity' => $quantity, 'gross' => 0, 'discount' => 0]);
        }
        $this->shop->ledger->open($this->shop->merchants['10000100.v2'], $number, $fen, tradeType: 'MICROPAY');
        return $number;
    }

    private function pay(string $number, int $fen): void
    {
        $this->tell($number, ['total_fee' => $fen, 'time_end' => date('YmdHis')]);
    }

    /** @param array<string, int|string> $fields */
    private function tell(string $number, array $fields): void
    {
        $merchant = $this->shop->merchants['10000100.v2'];
        $body = Notification::sign(['out_trade_no' => $number, 'transaction_id' => "42$number", 'trade_type' => 'MICROPAY'] + $fields, $merchant);
        $this->shop->ledger->applyNotification(Notification::read($body, $merchant));
    }

    private function keep(string $number, int $fen, string $source): void
    {
        $this->shop->database->together(fn () => $this->shop->credit->keep($number, $fen, $source));
    }

    private function points(): int
    {
        return (int) $this->shop->members->find('m')['points'];
    }

    private function stock(string $sku): int
    {
        return $this->shop->database->value('SELECT stock FROM goods WHERE sku = ?', [$sku]);
    }

    /** What orders have of it that are paid, not reversed, and do not wait for goods that are sold out. */
    private function live(string $sku): int
    {
        $sum = 0;
        foreach ($this->shop->database->rows('SELECT l.quantity, o.number, o.hold FROM order_line l JOIN shop_order o ON o.number = l.number WHERE l.sku = ?', [$sku]) as $line) {
            $isLive = $this->shop->ledger->find($this->shop->merchants['10000100.v2'], $line['number'])->credited && !str_starts_with((string) $line['hold'], 'sold out');
            $sum += $isLive ? $line['quantity'] : 0;
        }
        return $sum;
    }
}
