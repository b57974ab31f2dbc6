<?php

declare(strict_types=1);

namespace Shop;

/** Divides a discount over the lines of an order, once, when it is placed: refunds are read from what was stored. */
final class Split
{
    /**
     * By largest remainder: each line bears its part rounded down, and the fen that are left go to the lines that lost
     * most by rounding. The parts come to the discount, and no line bears more than it costs.
     *
     * @param array<string, int> $lines what each line costs, in fen
     *
     * @return array<string, int> what each line is cheaper by
     */
    public static function discount(int $discount, array $lines): array
    {
        $total = max(1, array_sum($lines));
        $discount >= 0 && $discount <= array_sum($lines) || throw new \ValueError('A discount lies between nothing and everything.');
        $parts = array_map(static fn (int $fen) => intdiv($discount * $fen, $total), $lines);
        $lost = array_map(static fn (int $fen) => $discount * $fen % $total, $lines);
        arsort($lost);
        foreach (\array_slice(array_keys($lost), 0, $discount - array_sum($parts)) as $line) {
            $parts[$line]++;
        }
        return $parts;
    }

    /** The shop's rule: 5 % off from 20 yuan, in whole fen. */
    public static function rule(int $total): int
    {
        return $total >= 2000 ? intdiv($total * 5, 100) : 0;
    }
}
