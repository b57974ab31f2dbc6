<?php

declare(strict_types=1);

namespace WechatPayTests;

/** Chance that comes again: the environment's SEED, or a fresh one that is told when a test fails. */
final class Chance
{
    public readonly int $seed;

    public function __construct()
    {
        $this->seed = (int) (getenv('SEED') ?: random_int(1, PHP_INT_MAX >> 32));
        mt_srand($this->seed);
    }

    public function int(int $least, int $most): int
    {
        return mt_rand($least, $most);
    }

    public function in(int $times): bool
    {
        return mt_rand(1, $times) === 1;
    }

    /** @template T @param non-empty-list<T> $from @return T */
    public function one(array $from): mixed
    {
        return $from[mt_rand(0, \count($from) - 1)];
    }

    /** @param non-empty-list<string> $from */
    public function join(array $from, int $most): string
    {
        $text = '';
        for ($n = mt_rand(0, $most); $n > 0; $n--) {
            $text .= $this->one($from);
        }
        return $text;
    }

    /** Up to so many bytes, any ones. */
    public function bytes(int $most): string
    {
        return $this->exactly(mt_rand(0, $most));
    }

    /** So many bytes, any ones. */
    public function exactly(int $length): string
    {
        $text = '';
        for (; $length > 0; $length--) {
            $text .= \chr(mt_rand(0, 255));
        }
        return $text;
    }
}
