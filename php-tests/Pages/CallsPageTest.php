<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Notification;

/** docs/calls.md is true: each snippet runs and prints what it says, in both dialects if it can. */
final class CallsPageTest extends TradeTestCase
{
    private const PAGES = ['docs/calls.md', 'docs/calls.zh-CN.md'];

    protected function setUp(): void
    {
        parent::setUp();
        self::paid('coffee-0001', ['total_fee' => 1230]);
        self::order('tea-0001', ['total_fee' => 800]);
        self::paid('till-0002', ['trade_type' => 'MICROPAY', 'created_ago_ms' => 60_000]);
    }

    /** @dataProvider snippets */
    #[DataProvider('snippets')]
    public function testTheSnippetRunsAndPrintsWhatItSays(string $snippet): void
    {
        $framework = Framework::of($snippet);
        if ($framework?->isInstalled() === false) {
            self::markTestSkipped("There is no $framework->name.");
        }
        $code = $this->preparation() . $framework?->preparation() . $this->here($snippet);
        $run = PhpProcess::code($code, self::$simulator->ini() + ['error_log' => '/dev/null']);
        self::assertSame(['', 0], [$run->errors, $run->exitCode], "$snippet\n$run->output");
        self::assertStringContainsString($framework === null ? '' : Notification::success(), $run->output);
        self::assertSame('', ExpectedOutput::missing($snippet, $run->output), "Missing, or out of order, in:\n$run->output");
    }

    /** @return iterable<string, array{string}> */
    public static function snippets(): iterable
    {
        foreach (self::PAGES as $page) {
            foreach ((new Page($page))->snippets() as $at => $snippet) {
                yield "$page, snippet " . $at + 1 => [$snippet];
            }
        }
    }

    /** @dataProvider snippetsOfBoth */
    #[DataProvider('snippetsOfBoth')]
    public function testTheSnippetRunsInApiV3AsWell(string $snippet): void
    {
        $code = '$merchant = \WechatPay\Merchant::v3(...' . var_export(self::$simulator->v3(), true) . ");\n";
        $run = PhpProcess::code($code . $snippet, self::$simulator->ini());
        self::assertSame(['', 0], [$run->errors, $run->exitCode], "$snippet\n$run->output");
        self::assertSame('', ExpectedOutput::missing($snippet, $run->output), "Missing, or out of order, in:\n$run->output");
    }

    /** @return iterable<string, array{string}> those that need nothing but calls that APIv3 has */
    public static function snippetsOfBoth(): iterable
    {
        foreach (self::snippets() as $name => [$snippet]) {
            $calls = preg_match('~new (UnifiedOrder|OrderQuery|CloseOrder|Refund|RefundQuery)\(\$merchant\)~', $snippet);
            if ($calls && !preg_match('~Micropay|Reverse|ScanPay|Notification|new Merchant~', $snippet)) {
                yield $name => [$snippet];
            }
        }
    }

    public function testEveryCallHasAChapterOrALink(): void
    {
        foreach (self::PAGES as $page) {
            preg_match_all('~^\| `(\w+)` \| .* \| .* \| ~m', (new Page($page))->text(), $named);
            foreach ($named[1] as $call) {
                self::assertTrue(class_exists("WechatPay\\$call"), $call);
            }
            foreach (['Micropay', 'Reverse', 'Refund', 'RefundQuery', 'CloseOrder', 'UnifiedOrder', 'Report'] as $call) {
                self::assertContains($call, $named[1]);
            }
        }
    }

    /** What the snippets take as given: a merchant, and a notice on its way in. */
    private function preparation(): string
    {
        $fields = ['out_trade_no' => 'coffee-0001', 'transaction_id' => '4200000001', 'total_fee' => 1230];
        $ready = self::$simulator->ready;
        $code = 'const BODY = ' . var_export(Notification::sign($fields, $this->merchant()), true) . ";\n";
        $arguments = [SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY];
        $arguments += ['certificate' => $ready['cert_file'], 'privateKey' => $ready['key_file']];
        return $code . '$merchant = new \WechatPay\Merchant(...' . var_export($arguments, true) . ");\n";
    }

    /** The snippet with the files of the running simulator for those of the text, and the notice for the request. */
    private function here(string $snippet): string
    {
        return strtr($snippet, [
            '/etc/wechatpay/apiclient_cert.pem' => self::$simulator->ready['cert_file'],
            '/etc/wechatpay/apiclient_key.pem' => self::$simulator->ready['key_file'],
            "file_get_contents('php://input')" => 'BODY',
        ]);
    }
}
