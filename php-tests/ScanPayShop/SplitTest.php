<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\TestCase;
use Shop\Split;

require_once ROOT . '/php-tests/Support/shop-classes.php';

/** Discounts that are divided over lines, and come back with their refunds. */
final class SplitTest extends TestCase
{
    public function testTheFenThatAreLeftGoToTheLinesThatLostMost(): void
    {
        self::assertSame(['a' => 33, 'b' => 33, 'c' => 34], Split::discount(100, ['a' => 100, 'b' => 100, 'c' => 101]));
        self::assertSame([1, 0, 0], Split::discount(1, [5, 5, 5]));
        self::assertSame([0, 0], Split::discount(0, [5, 7]));
        self::assertSame([5, 7], Split::discount(12, [5, 7]));
        self::assertSame([], Split::discount(0, []));
    }

    public function testWhateverTheLinesAndHoweverTheyAreRefundedTheSumsStay(): void
    {
        mt_srand(17);
        for ($round = 0; $round < 5000; $round++) {
            $lines = array_map(static fn () => mt_rand(0, 3) === 0 ? mt_rand(0, 3) : mt_rand(1, 500_000), range(1, mt_rand(1, 12)));
            $discount = mt_rand(0, array_sum($lines));
            $parts = Split::discount($discount, $lines);
            self::assertSame($discount, array_sum($parts));
            self::assertSame(array_keys($lines), array_keys($parts));
            $paid = array_map(static fn (int $fen, int $less) => $fen - $less, $lines, $parts);
            self::assertGreaterThanOrEqual(0, min($paid));
            $left = array_sum($lines) - $discount;
            shuffle($paid);
            foreach ($paid as $refund) {
                $left -= $refund;
                self::assertGreaterThanOrEqual(0, $left);
            }
            self::assertSame(0, $left);
        }
    }

    public function testADiscountLiesBetweenNothingAndEverything(): void
    {
        foreach ([-1, 13] as $discount) {
            try {
                Split::discount($discount, [5, 7]);
                self::fail("$discount was taken");
            } catch (\ValueError $e) {
                self::assertSame('A discount lies between nothing and everything.', $e->getMessage());
            }
        }
    }

    public function testTheRuleBeginsAtTwentyYuan(): void
    {
        self::assertSame([0, 100, 100, 101], array_map(Split::rule(...), [1999, 2000, 2019, 2020]));
    }
}
