<?php

declare(strict_types=1);

namespace WechatPayBench;

/** One line of the table: what ours takes beside what plain PHP takes for the same work. */
final class Row implements \JsonSerializable
{
    /** @param array<string, mixed> $facts */
    private function __construct(public readonly array $facts)
    {
    }

    /**
     * A row of times; the ratio is that of the medians.
     *
     * @param array<string, list<array{cpu: float, wall: float}>> $taken by contestant, ours first
     * @param array<string, float>                                $reach by plain contestant
     */
    public static function of(string $work, string $by, array $taken, array $reach): self
    {
        $ours = array_key_first($taken);
        $shown = [];
        foreach ($taken as $name => $rounds) {
            foreach (['cpu', 'wall'] as $clock) {
                $shown[$name][$clock] = spread(array_column($rounds, $clock));
            }
        }
        $against = [];
        foreach ($taken as $name => $rounds) {
            if ($name !== $ours) {
                $ratio = $shown[$name][$by]['median'] / max($shown[$ours][$by]['median'], 1e-9);
                $against[$name] = ['ratio' => $ratio, 'reach' => $reach[$name] ?? null];
            }
        }
        return new self(['work' => $work, 'by' => $by, 'taken' => $shown, 'against' => $against]);
    }

    /** A row of one number against a limit: memory, added milliseconds. */
    public static function limit(string $work, string $unit, float $ours, ?float $plain, ?float $limit): self
    {
        return new self(compact('work', 'unit', 'ours', 'plain', 'limit'));
    }

    /** What could not be measured here, and why. */
    public static function absent(string $work, string $why): self
    {
        return new self(compact('work', 'why'));
    }

    /** The row's lines of the Markdown table. */
    public function markdown(): string
    {
        $f = $this->facts;
        if (isset($f['why'])) {
            return "| {$f['work']} | - | - | - | - | {$f['why']} |\n";
        }
        if (isset($f['unit'])) {
            $plain = $f['plain'] === null ? '-' : sprintf('%.2f %s', $f['plain'], $f['unit']);
            $reach = $f['limit'] === null ? '-' : sprintf('<= %g %s', $f['limit'], $f['unit']);
            $mark = $f['limit'] === null ? '' : self::mark($f['ours'] <= $f['limit']);
            return sprintf("| %s | %.2f %s | %s | - | %s | %s |\n", $f['work'], $f['ours'], $f['unit'], $plain, $reach, $mark);
        }
        $ours = array_key_first($f['taken']);
        $lines = '';
        foreach ($f['against'] as $name => ['ratio' => $ratio, 'reach' => $reach]) {
            $isNoise = $f['taken'][$ours][$f['by']]['median'] <= 0 || $f['taken'][$ours][$f['by']]['spread'] > 0.5;
            $lines .= sprintf(
                "| %s | %s | %s: %s | %s | %s | %s |\n",
                "{$f['work']} ({$f['by']})",
                self::time($f['taken'][$ours][$f['by']]),
                $name,
                self::time($f['taken'][$name][$f['by']]),
                $isNoise ? '-' : sprintf('%.2fx', $ratio),
                $reach === null ? '-' : sprintf('>= %gx', $reach),
                $reach === null ? '' : ($isNoise ? 'lost in noise' : self::mark($ratio >= $reach)),
            );
        }
        return $lines;
    }

    private static function mark(bool $reached): string
    {
        return $reached ? 'reached' : 'not reached: docs/performance.md says why';
    }

    /** @param array{median: float, spread: float} $seconds */
    private static function time(array $seconds): string
    {
        $us = $seconds['median'] * 1e6;
        $shown = $us >= 10_000 ? sprintf('%.1f ms', $us / 1000) : ($us >= 100 ? sprintf('%.0f us', $us) : sprintf('%.2f us', $us));
        return sprintf('%s +-%.0f %%', $shown, $seconds['spread'] * 100);
    }

    public function jsonSerialize(): array
    {
        return $this->facts;
    }
}

/** @param list<float> $numbers */
function median(array $numbers): float
{
    sort($numbers);
    $half = intdiv(\count($numbers), 2);
    return \count($numbers) % 2 === 1 ? $numbers[$half] : ($numbers[$half - 1] + $numbers[$half]) / 2;
}

/**
 * The median, and half the distance between the quartiles as a part of it.
 *
 * @param list<float> $numbers
 *
 * @return array{median: float, spread: float}
 */
function spread(array $numbers): array
{
    sort($numbers);
    $at = static fn (float $part) => $numbers[(int) round($part * (\count($numbers) - 1))];
    $median = median($numbers);
    return ['median' => $median, 'spread' => $median == 0.0 ? 0.0 : ($at(0.75) - $at(0.25)) / 2 / abs($median)];
}
