<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use Shop\Risk;
use Shop\Verdict;

require_once ROOT . '/php-tests/Support/shop-classes.php';

/** The shop's rules of risk, each at the edge where it begins. */
final class RiskTest extends TestCase
{
    /**
     * @dataProvider edges
     *
     * @param list<int> $before facts that are fine
     * @param list<int> $after  the next ones
     */
    #[DataProvider('edges')]
    public function testARuleBeginsWhereItSays(string $rule, array $before, array $after, string $says): void
    {
        self::assertSame(['allow', $says], [Risk::$rule(...$before)->says, Risk::$rule(...$after)->says]);
        self::assertSame('', Risk::$rule(...$before)->reason);
        self::assertNotSame('', Risk::$rule(...$after)->reason);
    }

    /** @return iterable<string, array{string, list<int>, list<int>, string}> */
    public static function edges(): iterable
    {
        yield 'nothing to pay' => ['amount', [1], [0], 'refuse'];
        yield 'too much' => ['amount', [500_000], [500_001], 'refuse'];
        yield 'unpaid orders of a member' => ['unpaid', [2, 2], [3, 3], 'refuse'];
        yield 'unpaid orders of an address' => ['unpaid', [0, 29], [0, 30], 'refuse'];
        yield 'orders in a minute' => ['pace', [9], [10], 'refuse'];
        yield 'sum of a day' => ['day', [1_000_000], [1_000_001], 'review'];
        yield 'balance' => ['topUp', [400_000, 100_000], [400_001, 100_000], 'refuse'];
        yield 'paid too early' => ['paidWhen', [1000, 940], [1000, 939], 'review'];
        yield 'paid too late' => ['paidWhen', [1000, 87_400], [1000, 87_401], 'review'];
        yield 'a large refund' => ['refund', [50_000, 0, 0], [50_001, 0, 0], 'review'];
        yield 'many refunds' => ['refund', [1, 2, 0], [1, 3, 0], 'review'];
        yield 'an old refund' => ['refund', [1, 0, 365], [1, 0, 366], 'refuse'];
        yield 'in and out' => ['velocity', [3600], [3599], 'review'];
    }

    public function testTheStrictestRuleWins(): void
    {
        $says = static fn (Verdict ...$verdicts) => Verdict::strictest(...$verdicts)->says;
        self::assertSame('allow', $says());
        self::assertSame('review', $says(Verdict::allow(), Verdict::review('a')));
        self::assertSame('refuse', $says(Verdict::review('a'), Verdict::refuse('b'), Verdict::allow()));
    }
}
