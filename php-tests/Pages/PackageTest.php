<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\TestCase;

/** What packagers are told agrees with the extension: composer.json for PIE, debian/, the ini file, the release. */
final class PackageTest extends TestCase
{
    public function testTheVersionOfTheDebianPackagesIsThatOfTheExtension(): void
    {
        preg_match('~^wechatpay \((\S+)\)~', file_get_contents(ROOT . '/debian/changelog'), $changelog);
        self::assertSame(phpversion('wechatpay'), $changelog[1]);
    }

    public function testPieIsToldTheModuleItsFolderAndItsPhps(): void
    {
        $package = self::package();
        $extension = $package['php-ext'];
        self::assertSame('php-ext', $package['type']);
        self::assertTrue(extension_loaded($extension['extension-name']));
        self::assertFileExists(ROOT . "/{$extension['build-path']}/config.m4");
        self::assertArrayNotHasKey('version', $package, 'the tag says it');
        self::assertArrayNotHasKey('autoload', $package);
        $versions = self::knownVersions();
        [$major, $minor] = explode('.', end($versions));
        self::assertSame(">=$versions[0] <$major." . $minor + 1, $package['require']['php']);
    }

    /** Packagist gives `wechatpay` to whoever came first, and a php-ext must not share its name with a library. */
    public function testNoPackageBearsTheNameOfAnother(): void
    {
        $stubs = json_decode(file_get_contents(ROOT . '/stubs/composer.json'), true, flags: JSON_THROW_ON_ERROR);
        self::assertSame(['wechatpay-ext/wechatpay', 'wechatpay-ext/stubs'], [self::package()['name'], $stubs['name']]);
        self::assertSame('library', $stubs['type']);
    }

    public function testTheIniFileIsThatOfTheExtension(): void
    {
        $ini = file_get_contents(ROOT . '/tools/wechatpay.ini');
        preg_match_all('~^;(wechatpay\.\w+) =~m', $ini, $named);
        Lists::assertSame(array_keys(ini_get_all('wechatpay')), $named[1]);
        self::assertStringContainsString('; priority=' . self::package()['php-ext']['priority'] . "\n", $ini);
        self::assertSame(['extension' => 'wechatpay.so'], parse_ini_string($ini));
    }

    public function testTheReleaseBuildsForEachPhpAndSaysThatNobodyHasRunIt(): void
    {
        $release = file_get_contents(ROOT . '/.github/workflows/release.yml');
        self::assertStringStartsWith('# NOT RUN HERE.', $release);
        preg_match_all("~^ +php: \[(.*)\]$~m", $release, $lists);
        self::assertCount(2, $lists[1], 'Linux and macOS');
        foreach ($lists[1] as $list) {
            self::assertSame(self::knownVersions(), explode(', ', str_replace("'", '', $list)));
        }
    }

    /** @return array<string, mixed> composer.json at the top */
    private static function package(): array
    {
        return json_decode(file_get_contents(ROOT . '/composer.json'), true, flags: JSON_THROW_ON_ERROR);
    }

    /** @return list<string> */
    private static function knownVersions(): array
    {
        preg_match_all('~^(\d+\.\d+) ~m', file_get_contents(ROOT . '/tools/php-versions'), $versions);
        return $versions[1];
    }
}
