<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\TestCase;

/**
 * The short run of leak.php; `make leak` runs a million.
 *
 * @group slow
 */
#[Group('slow')]
final class LeakTest extends TestCase
{
    public function testTensOfThousandsOfQueriesLeaveTheMemoryFlat(): void
    {
        $run = PhpProcess::file(ROOT . '/php-tests/leak.php', ['20000', '100000'], timeout: 300);
        self::assertSame(0, $run->exitCode, $run->output . $run->errors);
        $result = json_decode($run->output, true);
        self::assertGreaterThan(20_000, $result['attempts']);
    }
}
