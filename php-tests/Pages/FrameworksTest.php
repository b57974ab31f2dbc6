<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use WechatPay\Merchant;
use WechatPay\Notification;

/** docs/faq.md is true about the raw body: real frameworks give what `Notification::read()` wants. */
final class FrameworksTest extends TestCase
{
    private const MERCHANT = ['wx2421b1c4370ec43b', '10000100', '8934e7d15453e97507ef794cf7b0519d'];

    /** @dataProvider frameworks */
    #[DataProvider('frameworks')]
    public function testTheBodyOfThePageArrivesWhole(Framework $framework, string $body): void
    {
        if (!$framework->isInstalled()) {
            self::markTestSkipped("There is no $framework->name.");
        }
        $page = $framework === Framework::Laravel
            ? "Illuminate\\Support\\Facades\\Route::post('/notify', fn (Illuminate\\Http\\Request \$request) => response(\$page(\$request)));"
            : '';
        $read = "\$page = fn (\$request) => WechatPay\\Notification::read($body, \$merchant)->order->outTradeNo;\n";
        $run = PhpProcess::code(self::given() . $framework->preparation() . $read . $page, ['error_log' => '/dev/null']);
        self::assertSame(['', 0], [$run->errors, $run->exitCode], $run->output);
        self::assertSame('coffee-0001', substr(trim($run->output), -11));
    }

    /** @return iterable<string, array{Framework, string}> each framework with the page's words for its raw body */
    public static function frameworks(): iterable
    {
        foreach (['docs/faq.md', 'docs/faq.zh-CN.md'] as $page) {
            preg_match_all('~^\| (.+) \| `(.*\$request->.+)` \|$~m', (new Page($page))->text(), $rows, PREG_SET_ORDER);
            foreach ($rows as [, $names, $body]) {
                foreach ([Framework::Laravel, Framework::Symfony, Framework::Slim] as $framework) {
                    if (str_contains($names, $framework->name)) {
                        yield "$page, $framework->name" => [$framework, $body];
                    }
                }
            }
        }
    }

    public function testThePageNamesEachOfThem(): void
    {
        self::assertCount(6, [...self::frameworks()]);
    }

    private static function given(): string
    {
        $notice = Notification::sign(
            ['out_trade_no' => 'coffee-0001', 'transaction_id' => '4200000001', 'total_fee' => 1230],
            new Merchant(...self::MERCHANT),
        );
        return 'const BODY = ' . var_export($notice, true) . ";\n"
            . '$merchant = new \WechatPay\Merchant(...' . var_export(self::MERCHANT, true) . ");\n";
    }
}
