<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

/** The stubs and the binary say the same, seen from either side. */
final class StubsTest extends TestCase
{
    /** @var array<string, array<string, mixed>> */
    private static array $extension;
    /** @var array<string, array<string, mixed>> */
    private static array $stubs;

    public static function setUpBeforeClass(): void
    {
        self::$extension = self::dump(true);
        self::$stubs = self::dump(false, ROOT . '/stubs');
    }

    public function testTheyDeclareTheSameClasses(): void
    {
        self::assertSame(
            ['only in the extension' => [], 'only in the stubs' => []],
            [
                'only in the extension' => array_keys(array_diff_key(self::$extension, self::$stubs)),
                'only in the stubs' => array_keys(array_diff_key(self::$stubs, self::$extension)),
            ],
        );
    }

    /** @dataProvider classes */
    #[DataProvider('classes')]
    public function testTheyDeclareTheSameMembers(string $class): void
    {
        $extension = self::$extension[$class] ?? self::fail("The extension has no $class.");
        self::assertSame(self::$stubs[$class], $extension, "$class: - is the stub, + is the extension");
    }

    /** @return iterable<string, array{string}> */
    public static function classes(): iterable
    {
        foreach (glob(ROOT . '/stubs/*.php') as $file) {
            $name = basename($file, '.php');
            yield $name => ["WechatPay\\$name"];
        }
    }

    public function testTheStubsFolderHoldsOneClassAFileAndComposerJson(): void
    {
        $files = array_map('basename', glob(ROOT . '/stubs/{,.}[!.]*', GLOB_BRACE));
        $expected = array_map(fn (string $class): string => substr($class, 10) . '.php', array_keys(self::$stubs));
        Lists::assertSame([...$expected, 'composer.json'], $files);
    }

    /** @return array<string, array<string, mixed>> */
    private static function dump(bool $loaded, string ...$folder): array
    {
        $run = PhpProcess::file(ROOT . '/php-tests/reflection-dump.php', $folder, loaded: $loaded);
        self::assertSame('', $run->errors);
        self::assertSame(0, $run->exitCode);
        return json_decode($run->output, true, 512, JSON_THROW_ON_ERROR);
    }
}
