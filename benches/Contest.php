<?php

declare(strict_types=1);

namespace WechatPayBench;

/**
 * One row: the same work done by several contestants, in interleaved rounds of one run.
 *
 * A contestant is a `callable(int $times): mixed` that does the work so many times and gives the last result; every
 * result must equal the last contestant's, plain PHP's.
 */
final class Contest
{
    /** @var array<string, list<array{cpu: float, wall: float}>> seconds for one piece of work, by contestant and round */
    private array $taken = [];

    /** @param array<string, callable(int): mixed> $contestants the first is ours, the others plain PHP */
    public function __construct(
        public readonly string $work,
        private readonly array $contestants,
        /** What is compared: 'cpu' or 'wall'. */
        private readonly string $by = 'cpu',
        /** Done before each turn, outside the clock. */
        private readonly ?\Closure $prepare = null,
        /** How often a turn repeats the work; null finds out. */
        private readonly ?int $times = null,
        private readonly int $rounds = ROUNDS,
        /** Brings a result into a form that can be compared. */
        private readonly ?\Closure $comparable = null,
    ) {
    }

    /** Runs all rounds; @param array<string, float> $reach the ratio wanted, by the plain contestant's name */
    public function run(array $reach): Row
    {
        $this->agree();
        $times = $this->times ?? $this->calibrated();
        for ($round = 0; $round < $this->rounds; $round++) {
            $turns = $this->contestants;
            $turns = $round % 2 === 0 ? $turns : array_reverse($turns);
            foreach ($turns as $name => $contestant) {
                $this->taken[$name][] = $this->turn($contestant, $times);
            }
        }
        return Row::of($this->work, $this->by, $this->taken, $reach);
    }

    /** The same rounds, compared by the other clock; nothing is wanted of it. */
    public function by(string $clock): Row
    {
        return Row::of($this->work, $clock, $this->taken, []);
    }

    private function agree(): void
    {
        $results = [];
        foreach ($this->contestants as $name => $contestant) {
            $this->prepare?->__invoke();
            $result = $contestant(1);
            $results[$name] = $this->comparable === null ? $result : ($this->comparable)($result);
        }
        $plain = end($results);
        foreach ($results as $name => $result) {
            if ($result !== $plain) {
                throw new \LogicException("$this->work: $name gives another result:\n"
                    . var_export($result, true) . "\nplain PHP's:\n" . var_export($plain, true));
            }
        }
    }

    private function calibrated(): int
    {
        $slowest = max(array_map(fn ($contestant) => $this->turn($contestant, 20)['wall'], $this->contestants));
        return max(1, (int) (TURN_SECONDS / $slowest));
    }

    /** @return array{cpu: float, wall: float} */
    private function turn(callable $contestant, int $times): array
    {
        $this->prepare?->__invoke();
        $cpu = cpu_seconds();
        $wall = hrtime(true);
        $contestant($times);
        $wall = hrtime(true) - $wall;
        return ['cpu' => (cpu_seconds() - $cpu) / $times, 'wall' => $wall / 1e9 / $times];
    }
}

/** CPU seconds of this process so far, user and system. */
function cpu_seconds(int $who = 0): float
{
    $usage = getrusage($who);
    return $usage['ru_utime.tv_sec'] + $usage['ru_stime.tv_sec']
        + ($usage['ru_utime.tv_usec'] + $usage['ru_stime.tv_usec']) / 1e6;
}
