<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\TestCase;

/**
 * The shop is read as a tutorial, so it stays short: what buying takes, and beside it the back office. A line counts if
 * it is neither blank nor a comment; PHP, JavaScript, CSS and SQL count alike.
 */
final class SizeTest extends TestCase
{
    private const OFFICE = '~/Office/|/office\.css$~';
    private const FOLDER = ROOT . '/examples/scan-pay-shop';

    public function testBuyingTakesAtMost25FilesOfPhpAnd1500Lines(): void
    {
        $buying = array_filter(self::files(), static fn (string $file) => preg_match(self::OFFICE, $file) === 0);
        self::assertLessThanOrEqual(25, \count(preg_grep('~\.php$~', $buying)));
        self::assertLessThanOrEqual(1500, self::lines($buying));
    }

    public function testTheBackOfficeTakesAtMost15FilesAnd1300Lines(): void
    {
        $office = preg_grep(self::OFFICE, self::files());
        self::assertNotSame([], $office);
        self::assertLessThanOrEqual(15, \count(preg_grep('~\.php$~', $office)));
        self::assertLessThanOrEqual(1300, self::lines($office));
    }

    public function testNoFileIsLongerThan150Lines(): void
    {
        foreach (self::files() as $file) {
            self::assertLessThanOrEqual(150, \count(file($file)), $file);
        }
    }

    /** @return list<string> */
    private static function files(): array
    {
        $all = new \RecursiveIteratorIterator(new \RecursiveDirectoryIterator(self::FOLDER, \FilesystemIterator::SKIP_DOTS));
        return array_values(preg_grep('~\.(php|js|css|sql)$~', array_map(strval(...), iterator_to_array($all, false))));
    }

    /** @param array<string> $files */
    private static function lines(array $files): int
    {
        return array_sum(array_map(static fn (string $file) => \count(preg_grep('~^\s*($|//|/?\*|--)~', file($file), PREG_GREP_INVERT)), $files));
    }
}
