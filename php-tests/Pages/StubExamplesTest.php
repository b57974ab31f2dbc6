<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

/**
 * The manual is true: each stub has a complete example, it runs against the simulator without a murmur, and it prints
 * what its comments `// prints: ...` say, in that order.
 */
final class StubExamplesTest extends TestCase
{
    use WithSimulator {
        setUpBeforeClass as private startSimulator;
        tearDownAfterClass as private stopSimulator;
    }

    public static function setUpBeforeClass(): void
    {
        self::startSimulator();
        // The examples of calls that need the client certificate take it from there.
        putenv('WECHATPAY_CERTIFICATE=' . self::$simulator->ready['cert_file']);
        putenv('WECHATPAY_PRIVATE_KEY=' . self::$simulator->ready['key_file']);
        array_map('putenv', self::v3());
    }

    /** @return list<string> what examples of APIv3 take from there */
    private static function v3(): array
    {
        $v3 = self::$simulator->v3();
        return [
            "WECHATPAY_V3_KEY=$v3[apiV3Key]",
            "WECHATPAY_V3_PRIVATE_KEY=$v3[privateKey]",
            "WECHATPAY_V3_SERIAL=$v3[certificate]",
            "WECHATPAY_V3_PUBLIC_KEY_ID=$v3[publicKeyId]",
            "WECHATPAY_V3_PUBLIC_KEY=$v3[publicKey]",
        ];
    }

    public static function tearDownAfterClass(): void
    {
        putenv('WECHATPAY_CERTIFICATE');
        putenv('WECHATPAY_PRIVATE_KEY');
        array_map(static fn (string $set) => putenv(strstr($set, '=', true)), self::v3());
        self::stopSimulator();
    }

    /** @dataProvider stubs */
    #[DataProvider('stubs')]
    public function testTheExampleRunsAndPrintsWhatItSays(string $file): void
    {
        $example = self::example(file_get_contents($file));
        $run = PhpProcess::code($example, self::$simulator->ini());

        self::assertSame('', $run->errors, $example);
        self::assertSame(0, $run->exitCode, $run->output);
        self::assertSame('', ExpectedOutput::missing($example, $run->output), "This is missing, or out of order, in:\n$run->output");
    }

    /** @return iterable<string, array{string}> */
    public static function stubs(): iterable
    {
        foreach (glob(ROOT . '/stubs/*.php') as $file) {
            yield basename($file, '.php') => [$file];
        }
    }

    /** The first ```php block of the class comment. */
    private static function example(string $stub): string
    {
        self::assertSame(1, preg_match('~^/\*\*.*?\n \* ```php\n(.*?)\n \* ```\n.*?^ \*/\n~ms', $stub, $found));
        return preg_replace('~^ \* ?~m', '', $found[1]);
    }
}
