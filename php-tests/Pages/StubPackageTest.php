<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

/** `wechatpay-ext/stubs` installs with composer as a development package, and stays out of the way of the extension. */
final class StubPackageTest extends TestCase
{
    private string $shop;

    protected function setUp(): void
    {
        $this->shop = sys_get_temp_dir() . '/wechatpay-shop-' . bin2hex(random_bytes(6));
        mkdir($this->shop);
    }

    protected function tearDown(): void
    {
        PhpProcess::command(['rm', '-rf', $this->shop]);
    }

    public function testComposerInstallsTheStubsForDevelopment(): void
    {
        $installed = $this->install();
        $stubs = array_map('basename', glob(ROOT . '/stubs/*.php'));
        self::assertNotEmpty($stubs);
        self::assertSame($stubs, array_map('basename', glob("$installed/*.php")));
    }

    public function testTheAutoloaderNeverLoadsAStub(): void
    {
        $this->install();
        file_put_contents("$this->shop/page.php", <<<'PHP'
            <?php
            require __DIR__ . '/vendor/autoload.php';
            echo json_encode([class_exists(WechatPay\Merchant::class), get_included_files()]);
            PHP);
        [$found, $files] = json_decode(PhpProcess::file("$this->shop/page.php", loaded: false)->output, true);
        self::assertFalse($found);
        self::assertSame([], preg_grep('~wechatpay-ext~', $files));
    }

    public function testTheVersionIsThatOfTheExtension(): void
    {
        $package = json_decode(file_get_contents(ROOT . '/stubs/composer.json'), true, flags: JSON_THROW_ON_ERROR);
        self::assertSame(phpversion('wechatpay'), $package['version']);
    }

    /** @dataProvider pages */
    #[DataProvider('pages')]
    public function testTheLinesOfThePageInstallTheStubs(string $page): void
    {
        preg_match_all('~^composer .*$~m', file_get_contents(ROOT . "/$page"), $lines);
        self::assertCount(2, $lines[0], $page);
        file_put_contents("$this->shop/composer.json", '{"name": "shop/shop"}');
        foreach (str_replace('/path/to/wechatpay', realpath(ROOT), $lines[0]) as $line) {
            $this->composer(['bash', '-euc', $line]);
        }
        self::assertFileExists("$this->shop/vendor/wechatpay-ext/stubs/Merchant.php");
    }

    /** @return iterable<string, array{string}> the pages that tell how */
    public static function pages(): iterable
    {
        foreach (['README.md', 'README.zh-CN.md', 'CONTRIBUTING.md', 'docs/install.md', 'docs/install.zh-CN.md'] as $page) {
            yield $page => [$page];
        }
    }

    /** Editors show them where no other file of this project is. */
    public function testNoStubNamesAPageThatItsReaderDoesNotHave(): void
    {
        foreach (glob(ROOT . '/stubs/*.php') as $stub) {
            self::assertDoesNotMatchRegularExpression('~\w+\.md\b|\bdocs/|\bsrc/~', file_get_contents($stub), $stub);
        }
    }

    public function testEveryCallableNamesWhatItGets(): void
    {
        foreach (glob(ROOT . '/stubs/*.php') as $stub) {
            preg_match_all('~callable\(((?:[^()]|\([^()]*\))*)\)~', file_get_contents($stub), $callables);
            foreach (array_filter($callables[1]) as $parameters) {
                foreach (preg_split('~,\s*(?![^<]*>)~', $parameters) as $parameter) {
                    self::assertMatchesRegularExpression('~^\S.* \$[a-z]\w*$~', $parameter, basename($stub));
                }
            }
        }
    }

    /** Installs the package and gives the folder where it is. */
    private function install(): string
    {
        file_put_contents("$this->shop/composer.json", json_encode([
            'name' => 'shop/shop',
            'require-dev' => ['wechatpay-ext/stubs' => '*'],
            'repositories' => [
                ['type' => 'path', 'url' => realpath(ROOT . '/stubs'), 'options' => ['symlink' => false]],
                ['packagist.org' => false],
            ],
        ], JSON_THROW_ON_ERROR));
        $this->composer(['composer', 'install', '--no-progress', '--no-plugins']);
        return "$this->shop/vendor/wechatpay-ext/stubs";
    }

    /** @param non-empty-list<string> $command that runs composer */
    private function composer(array $command): void
    {
        $environment = [
            'COMPOSER_HOME' => "$this->shop/home",
            'COMPOSER_ALLOW_SUPERUSER' => '1',
            'COMPOSER_DISABLE_NETWORK' => '1',
            'COMPOSER_NO_INTERACTION' => '1',
        ];
        $run = PhpProcess::command($command, timeout: 120, folder: $this->shop, environment: $environment + getenv());
        self::assertSame(0, $run->exitCode, $run->output . $run->errors);
    }
}
