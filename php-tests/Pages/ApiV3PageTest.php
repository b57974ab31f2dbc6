<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Merchant;
use WechatPay\Notification;

/** docs/apiv3.md is true: each snippet runs and prints what it says, and the messages it quotes are those of the code. */
final class ApiV3PageTest extends TradeTestCase
{
    private const PAGES = ['docs/apiv3.md', 'docs/apiv3.zh-CN.md'];

    protected function setUp(): void
    {
        parent::setUp();
        self::paid('coffee-0001', ['total_fee' => 1230]);
        self::order('sub-0001', ['sub_mch_id' => '1900000109']);
    }

    /** @dataProvider snippets */
    #[DataProvider('snippets')]
    public function testTheSnippetRunsAndPrintsWhatItSays(string $snippet): void
    {
        self::$simulator->control('POST', '/platform', ['mode' => self::mode($snippet)]);
        $code = self::preparation(str_contains($snippet, 'php://input')) . self::here($snippet);
        $run = PhpProcess::code($code, self::$simulator->ini() + ['error_log' => '/dev/null']);
        self::assertSame(['', 0], [$run->errors, $run->exitCode], "$snippet\n$run->output");
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

    /** @dataProvider pages */
    #[DataProvider('pages')]
    public function testTheMessagesThatItQuotesAreOnesThatAreThrown(string $page): void
    {
        $last = strrchr((new Page($page))->text(), '##');
        preg_match_all('~^\| .*?"([^"]+)".*? \|~m', $last, $quoted);
        self::assertGreaterThanOrEqual(7, \count($quoted[1]));
        $code = self::source();
        foreach ($quoted[1] as $message) {
            $pattern = str_replace('PUB_KEY_ID_\.\.\.', '\{0\}', preg_quote($message, '~'));
            self::assertSame(1, preg_match("~$pattern~", $code), $message);
        }
    }

    /** @return list<array{string}> */
    public static function pages(): array
    {
        return array_map(static fn (string $page): array => [$page], self::PAGES);
    }

    /** How WeChat Pay proves itself to a merchant that has what the snippet gives. */
    private static function mode(string $snippet): string
    {
        $makes = str_contains($snippet, '$byCertificates');
        return $makes ? 'certificates' : 'public_key';
    }

    /** What the snippets take as given: a merchant, and a notice on its way in. */
    private static function preparation(bool $isNotice): string
    {
        $settings = self::$simulator->v3();
        $key = var_export($settings['apiV3Key'], true);
        $code = "putenv('WECHATPAY_API_V3_KEY=' . $key);\n";
        if ($isNotice) {
            $settings = self::testing($settings);
            $merchant = Merchant::v3(...$settings);
            $body = Notification::sign(['out_trade_no' => 'coffee-0001', 'transaction_id' => '4200000001', 'amount' => ['total' => 1230]], $merchant);
            $code .= 'const BODY = ' . var_export($body, true) . ";\n";
            $code .= 'const HEADERS = ' . var_export(Notification::headers($body, $merchant), true) . ";\n";
        }
        return $code . '$merchant = \WechatPay\Merchant::v3(...' . var_export($settings, true) . ");\n";
    }

    /**
     * A merchant whose own key plays WeChat Pay.
     *
     * @param array<string, mixed> $settings
     *
     * @return array<string, mixed>
     */
    private static function testing(array $settings): array
    {
        $private = openssl_pkey_get_private(file_get_contents($settings['privateKey']));
        return ['publicKey' => openssl_pkey_get_details($private)['key']] + $settings;
    }

    /** The snippet with the files of the running simulator for those of the text, and the notice for the request. */
    private static function here(string $snippet): string
    {
        $v3 = self::$simulator->ready['v3'];
        return strtr($snippet, [
            '/etc/wechatpay/apiclient_key.pem' => $v3['private_key_file'],
            '/etc/wechatpay/apiclient_cert.pem' => $v3['certificate_file'],
            '/etc/wechatpay/pub_key.pem' => $v3['public_key_file'],
            '/etc/wechatpay/platform_cert.pem' => $v3['platform_certificate_files'][0],
            'PUB_KEY_ID_0110000100202603010010' => $v3['public_key_id'],
            "file_get_contents('php://input')" => 'BODY',
            '$_SERVER' => 'HEADERS',
        ]);
    }

    /** All of the core, with texts that go on in the next line as one. */
    private static function source(): string
    {
        $code = '';
        foreach (new \RecursiveIteratorIterator(new \RecursiveDirectoryIterator(ROOT . '/src')) as $file) {
            $code .= $file->getExtension() === 'rs' ? file_get_contents($file->getPathname()) : '';
        }
        return preg_replace('~\\\\\n\s+~', '', $code);
    }
}
