<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Merchant;
use WechatPay\Signer;
use WechatPay\SignType;

/** H15: no dump, message or trace shows a key, a password or a PEM text. */
final class SecretsTest extends SimulatorTestCase
{
    private const KEY = 'TheSecretKeyOfTheMerchant-000001';
    private const OLD = 'TheSecretKeyOfTheMerchant-000000';
    private const PASSWORD = 'TheSecretPassword';
    private const PEM = "-----BEGIN PRIVATE KEY-----\nTheSecretPem\n-----END PRIVATE KEY-----\n";

    private static function secretive(): Merchant
    {
        return new Merchant('wx1', '10000100', self::KEY, SignType::HmacSha256, null, null, self::PEM, self::PEM, self::PASSWORD, self::OLD);
    }

    private static function assertNoSecret(string $text): void
    {
        self::assertDoesNotMatchRegularExpression('~TheSecret|VGhlU2VjcmV0~', $text);
        self::assertStringNotContainsString(SimulatorProcess::KEY, $text);
    }

    /** @dataProvider dumps */
    #[DataProvider('dumps')]
    public function testH15NoDumpShowsASecret(callable $dump): void
    {
        $merchant = self::secretive();
        $gateway = $this->gateway();
        $objects = [$merchant];
        foreach (['OrderQuery', 'UnifiedOrder', 'CloseOrder', 'Client'] as $class) {
            $objects[] = new ("WechatPay\\$class")($merchant, $gateway);
        }
        foreach ($objects as $object) {
            $text = $dump($object);
            self::assertIsString($text);
            self::assertNoSecret($text);
        }
    }

    /** @return array<string, array{callable(object): string}> */
    public static function dumps(): array
    {
        $output = static fn (callable $print): \Closure => static function (object $object) use ($print): string {
            ob_start();
            $print($object);
            return (string) ob_get_clean();
        };
        return [
            'var_dump' => [$output(static fn ($o) => var_dump($o))],
            'print_r' => [static fn ($o) => print_r($o, true)],
            'var_export' => [static fn ($o) => var_export($o, true)],
            'json_encode' => [static fn ($o) => json_encode($o)],
            'array' => [static fn ($o) => print_r((array) $o, true)],
            'get_object_vars' => [static fn ($o) => print_r(get_object_vars($o), true)],
            'get_mangled_object_vars' => [static fn ($o) => print_r(get_mangled_object_vars($o), true)],
            'foreach' => [static function ($o): string {
                $seen = '';
                foreach ($o as $name => $value) {
                    $seen .= print_r([$name, $value], true);
                }
                return $seen;
            }],
            'debug_zval_dump' => [$output(static fn ($o) => debug_zval_dump($o))],
            'reflection' => [static fn ($o) => (string) new \ReflectionObject($o)],
            'serialize' => [static fn ($o) => self::caught(static fn () => serialize($o))->getMessage()],
            'in a closure' => [$output(static fn ($o) => var_dump(static fn () => $o))],
            'static variables' => [$output(static fn ($o) => var_dump((new \ReflectionFunction(static fn () => $o))->getStaticVariables()))],
            'in a trace' => [static fn ($o) => print_r((new \Exception((string) print_r([$o], true)))->getTrace(), true)],
        ];
    }

    /** @dataProvider throwing */
    #[DataProvider('throwing')]
    public function testH15NoMessageAndNoTraceShowsASecret(string $call): void
    {
        $statements = 'class Bad { function __toString(): string { throw new Exception(print_r(debug_backtrace(), true)); } }'
            . "try { $call; } catch (Throwable \$e) { do { echo \$e, print_r(\$e->getTrace(), true); } while (\$e = \$e->getPrevious()); exit(3); }";
        $run = PhpProcess::code(self::preamble() . $statements, ['zend.exception_ignore_args' => 0, 'zend.exception_string_param_max_len' => 1000]);
        self::assertSame(3, $run->exitCode, $run->output . $run->errors);
        self::assertNoSecret($run->output . $run->errors);
        self::assertStringContainsString('SensitiveParameterValue', $run->output);
    }

    /** @return array<string, array{string}> */
    public static function throwing(): array
    {
        $key = var_export(self::KEY, true);
        $pem = var_export(self::PEM, true);
        return [
            'a short key' => ["new WechatPay\\Merchant('a', 'b', 'TheSecretShort')"],
            'a previous key' => ["new WechatPay\\Merchant('a', 'b', $key, previousKey: 'TheSecretShort')"],
            'another argument' => ["new WechatPay\\Merchant('a', '', $key, WechatPay\\SignType::Md5, null, null, $pem, $pem, 'TheSecretPassword')"],
            'a wrong type' => ["new WechatPay\\Merchant('a', 'b', $key, 'TheSecretType' ? 5 : 6)"],
            'an array as key' => ["new WechatPay\\Merchant('a', 'b', ['TheSecretKey'])"],
            'sign' => ["WechatPay\\Signer::sign(['a' => []], $key, WechatPay\\SignType::Md5)"],
            'sign, inside' => ["WechatPay\\Signer::sign(['a' => new Bad], $key, WechatPay\\SignType::Md5)"],
            'verify' => ["WechatPay\\Signer::verify(['a' => '1', 'sign' => 'x'], $key, WechatPay\\SignType::Md5)"],
            'explain' => ["WechatPay\\Signer::explain(['a' => new Bad], $key, WechatPay\\SignType::Md5, $key)"],
        ];
    }

    public function testH15WhatCallsThrowShowsNoSecret(): void
    {
        $query = new \WechatPay\OrderQuery(self::secretive(), $this->gateway());
        $client = new \WechatPay\Client(self::secretive(), $this->gateway());
        $calls = [
            static fn () => $query->byOutTradeNo('T100001'),
            static fn () => $query->many(['T100001'])['T100001'] ?? null,
            static fn () => $client->call('/secapi/pay/refund', ['a' => 'b'], certificate: true),
        ];
        foreach ($calls as $call) {
            try {
                $seen = $call();
            } catch (\Throwable $seen) {
            }
            self::assertInstanceOf(\WechatPay\PayException::class, $seen);
            self::assertNoSecret($seen . print_r($seen->getTrace(), true) . serialize(new \WechatPay\PayException($seen->getMessage())));
        }
    }

    public function testH15AKeyThatLostItsFirstAndLastLineIsNotShownAsAPath(): void
    {
        preg_match('~KEY-----(.*)-----END~s', (string) file_get_contents(self::$simulator->ready['key_file']), $found);
        $lines = trim($found[1]);
        foreach ([$lines, strtr($lines, ["\n" => ''])] as $bare) {
            $merchant = $this->merchant(certificate: self::$simulator->ready['cert_file'], privateKey: $bare);
            try {
                (new \WechatPay\Refund($merchant, $this->gateway()))->byOutTradeNo('T100001', 'R1', 1, 1);
                self::fail('refunded');
            } catch (\WechatPay\PayException $e) {
                self::assertStringContainsString('the private key is no unencrypted PEM key', $e->getMessage());
                self::assertStringNotContainsString(substr($bare, 80, 40), (string) $e);
            }
        }
    }

    public function testH15ExplainMasksAKeyThatSomebodyPutAmongTheFields(): void
    {
        $fields = ['key' => self::KEY, 'a' => 'x' . self::KEY, self::OLD => '1', 'sign' => self::KEY];
        self::assertNoSecret(Signer::explain($fields, self::KEY, SignType::Md5, self::OLD));
    }

    public function testH15PhpinfoShowsVersionsAndSettingsAndNoSecret(): void
    {
        $code = 'new WechatPay\Merchant("wx1", "1", "' . self::KEY . '"); phpinfo(INFO_MODULES);';
        $run = PhpProcess::code($code, ['wechatpay.url' => 'https://127.0.0.1:1']);
        self::assertNoSecret($run->output);
        $about = strstr(strstr($run->output, "\nwechatpay\n"), "\n\n\n", true) ?: $run->output;
        foreach (['~^Version => \d+\.\d+\.\d+~m', '~^TLS => 1\.2 and 1\.3, rustls \d+\.\d+\.\d+ with ring \d+\.\d+~m', '~^HTTP => ureq \d~m', '~^XML => quick-xml \d~m',
            '~^wechatpay\.url => https://127\.0\.0\.1:1 => https://127\.0\.0\.1:1$~m', '~^wechatpay\.timeout_ms => 8000 => 8000$~m'] as $line) {
            self::assertMatchesRegularExpression($line, $about);
        }
        self::assertMatchesRegularExpression('~^Version => ' . preg_quote((string) phpversion('wechatpay'), '~') . '$~m', $about);
        self::assertStringNotContainsString('unknown', $about);
    }
}
