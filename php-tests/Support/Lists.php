<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Assert;

/** Lists whose order does not matter: PHPUnit 13 compares the keys as well. */
final class Lists
{
    /**
     * The same values, each as often.
     *
     * @param array<mixed> $expected
     * @param array<mixed> $actual
     */
    public static function assertSame(array $expected, array $actual): void
    {
        sort($expected);
        sort($actual);
        Assert::assertSame($expected, $actual);
    }
}
