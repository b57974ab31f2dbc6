<?php

declare(strict_types=1);

namespace Shop;

/** What a rule says: yes, no, or "a person looks at it first". */
final class Verdict
{
    private function __construct(public readonly string $says, public readonly string $reason) {}

    public static function allow(): self
    {
        return new self('allow', '');
    }

    public static function review(string $reason): self
    {
        return new self('review', $reason);
    }

    public static function refuse(string $reason): self
    {
        return new self('refuse', $reason);
    }

    /** The strictest of several: no before "look at it" before yes. */
    public static function strictest(self ...$verdicts): self
    {
        $rank = ['refuse' => 0, 'review' => 1, 'allow' => 2];
        usort($verdicts, static fn (self $a, self $b) => $rank[$a->says] <=> $rank[$b->says]);
        return $verdicts[0] ?? self::allow();
    }
}
