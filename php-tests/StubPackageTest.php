<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\TestCase;

/** `wechatpay/ext-stubs` installs with composer as a development package, and stays out of the way of the extension. */
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
        self::assertSame([], preg_grep('~ext-stubs~', $files));
    }

    /** Installs the package and gives the folder where it is. */
    private function install(): string
    {
        file_put_contents("$this->shop/composer.json", json_encode([
            'name' => 'shop/shop',
            'require-dev' => ['wechatpay/ext-stubs' => '@dev'],
            'repositories' => [
                ['type' => 'path', 'url' => realpath(ROOT . '/stubs'), 'options' => ['symlink' => false]],
                ['packagist.org' => false],
            ],
        ], JSON_THROW_ON_ERROR));
        $run = PhpProcess::command(
            ['composer', 'install', '--no-interaction', '--no-progress', '--no-plugins'],
            timeout: 120,
            folder: $this->shop,
            environment: ['COMPOSER_HOME' => "$this->shop/home", 'COMPOSER_ALLOW_SUPERUSER' => '1'] + getenv(),
        );
        self::assertSame(0, $run->exitCode, $run->output . $run->errors);
        return "$this->shop/vendor/wechatpay/ext-stubs";
    }
}
