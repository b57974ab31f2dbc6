<?php

declare(strict_types=1);

namespace WechatPayTests;

/** The scripts under examples/ that take money, give it back and hear of it. */
final class TradeExamplesTest extends TradeTestCase
{
    private static string $database;

    public static function setUpBeforeClass(): void
    {
        parent::setUpBeforeClass();
        self::$database = tempnam(sys_get_temp_dir(), 'wechatpay-notices-');
        putenv('WECHATPAY_CERTIFICATE=' . self::$simulator->ready['cert_file']);
        putenv('WECHATPAY_PRIVATE_KEY=' . self::$simulator->ready['key_file']);
        putenv('WECHATPAY_EXAMPLE_DB=' . self::$database);
    }

    public static function tearDownAfterClass(): void
    {
        array_map('putenv', ['WECHATPAY_CERTIFICATE', 'WECHATPAY_PRIVATE_KEY', 'WECHATPAY_EXAMPLE_DB']);
        unlink(self::$database);
        parent::tearDownAfterClass();
    }

    private static function example(string $name, string ...$arguments): PhpProcess
    {
        return PhpProcess::file(ROOT . "/examples/$name", $arguments, self::$simulator->ini());
    }

    public function testASaleAtTheTillAndItsRefund(): void
    {
        $sale = self::example('micropay.php', 'sale-0001', '12.30', '134567890123456789');
        self::assertSame([0, ''], [$sale->exitCode, $sale->errors], $sale->output);
        self::assertSame('SUCCESS', json_decode($sale->output, true)['tradeState']);

        $refund = self::example('refund.php', 'sale-0001', 'refund-0001', '12.30', '2.30');
        self::assertSame([0, ''], [$refund->exitCode, $refund->errors], $refund->output);
        self::assertStringContainsString("refund-0001: 2.30 PROCESSING\n0.00 back, 2.30 under way", $refund->output);

        self::passTime(10);
        $list = self::example('refund.php', 'sale-0001');
        self::assertSame("refund-0001: 2.30 SUCCESS\n2.30 back, 0.00 under way\n", $list->output);
    }

    public function testARefusedSaleSaysWhatToDo(): void
    {
        self::$simulator->control('POST', '/micropay', ['scenario' => 'auth_code_expired']);
        $sale = self::example('micropay.php', 'sale-0002', '12.30', '134567890123456789');
        self::assertSame(1, $sale->exitCode);
        self::assertStringContainsString('next: ask_payer', $sale->errors);
    }

    public function testThePageBehindNotifyUrlStoresEachEventOnce(): void
    {
        $settings = [];
        foreach (self::$simulator->ini() as $name => $value) {
            $settings[] = "$name=$value";
        }
        $endpoint = Endpoint::ofFile(ROOT . '/examples/notify-endpoint.php', ...$settings);
        foreach (['coffee-0001' => 1230, 'coffee-0002' => 1, 'tea-0001' => 1230] as $number => $fee) {
            $order = ['total_fee' => $fee, 'sign_type' => 'HMAC-SHA256', 'notify_url' => $endpoint->url];
            self::order($number, $order);
            self::$simulator->control('POST', '/pay', ['out_trade_no' => $number]);
        }
        (new \WechatPay\Refund($this->shop(), $this->gateway()))
            ->byOutTradeNo('coffee-0001', 'refund-0001', 1230, 230, ['notify_url' => $endpoint->url]);
        self::passTime(10);
        self::$simulator->control('POST', '/settle');
        self::$simulator->control('POST', '/notify', ['out_trade_no' => 'coffee-0001', 'mutate' => 'two_at_once']);
        self::$simulator->control('POST', '/notify', ['out_trade_no' => 'coffee-0001', 'mutate' => 'forged']);

        $accepted = [];
        foreach (self::$simulator->control('GET', '/notifications') as $notice) {
            $accepted[] = "$notice[kind] $notice[out_trade_no] $notice[mutate]: " . ($notice['accepted'] ? 'yes' : 'no');
        }
        sort($accepted);
        self::assertSame([
            'payment coffee-0001 : yes',
            'payment coffee-0001 forged: no',
            'payment coffee-0001 two_at_once: yes',
            'payment coffee-0002 : no',
            'payment tea-0001 : no',
            'refund coffee-0001 : yes',
        ], $accepted);
        $events = (new \PDO('sqlite:' . self::$database))->query('SELECT what FROM event ORDER BY what');
        self::assertSame(['coffee-0001 is paid', 'refund-0001: 230 fen are back'], $events->fetchAll(\PDO::FETCH_COLUMN));
        $endpoint->stop();
    }
}
