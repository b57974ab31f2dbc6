<?php

declare(strict_types=1);

namespace WechatPayBench;

use WechatPayTests\SimulatorProcess;

/** Whole processes: one query per CLI run, and the memory that a thousand queries need. */
final class Process
{
    public function __construct(private readonly SimulatorProcess $simulator, private readonly string $bundle)
    {
    }

    /** @return iterable<Row> */
    public function rows(): iterable
    {
        $this->simulator->reset();
        for ($n = 1; $n <= 1000; $n++) {
            $order = ['out_trade_no' => sprintf('BENCH-%06d', $n), 'total_fee' => 8880, 'trade_state' => 'SUCCESS'];
            $this->simulator->control('POST', '/orders', $order);
        }
        yield from $this->oneQuery();
        yield from $this->memory();
    }

    /** What one query adds to an empty PHP process, each beside the empty one of its own round. */
    private function oneQuery(): iterable
    {
        $pages = __DIR__ . '/pages';
        $runs = [
            'wechatpay' => ["$pages/wechatpay.php"],
            'curl, Debian\'s bundle' => ['-d', "wechatpay.ca_file=$this->bundle", "$pages/curl.php"],
            'curl, one pinned root' => ["$pages/curl.php"],
            'empty' => ["$pages/empty.php"],
        ];
        $taken = [];
        for ($round = 0; $round < 10 * ROUNDS; $round++) {
            foreach ($round % 2 === 0 ? $runs : array_reverse($runs) as $name => $arguments) {
                $taken[$name][] = $this->timed($arguments, $name === 'empty' ? 'ok' : 'SUCCESS');
            }
        }
        $empty = $taken['empty'];
        unset($taken['empty']);
        $above = static fn (array $full, array $empty) => ['cpu' => $full['cpu'] - $empty['cpu'], 'wall' => $full['wall'] - $empty['wall']];
        $added = array_map(static fn (array $rounds) => array_map($above, $rounds, $empty), $taken);
        foreach (['wall', 'cpu'] as $clock) {
            yield Row::of('one query per CLI process: added to an empty one', $clock, $added, ['curl, Debian\'s bundle' => 20]);
        }
    }

    /** @return array{cpu: float, wall: float} */
    private function timed(array $arguments, string $expected): array
    {
        $cpu = cpu_seconds(1);
        $wall = hrtime(true);
        $output = $this->php($arguments);
        $wall = hrtime(true) - $wall;
        if ($output !== $expected) {
            throw new \LogicException(implode(' ', $arguments) . ": $output");
        }
        return ['cpu' => cpu_seconds(1) - $cpu, 'wall' => $wall / 1e9];
    }

    private function php(array $arguments): string
    {
        $settings = [];
        foreach ($this->simulator->ini() + ['extension' => getenv('WECHATPAY_EXTENSION')] as $name => $value) {
            array_push($settings, '-d', "$name=$value");
        }
        // Only what both sides need is loaded: the start of everything else would drown what is measured.
        array_push($settings, '-d', 'extension=curl', '-d', 'extension=ctype');
        $streams = [['file', '/dev/null', 'r'], ['pipe', 'w'], STDERR];
        $process = proc_open([PHP_BINARY, '-n', ...$settings, ...$arguments], $streams, $pipes);
        $output = stream_get_contents($pipes[1]);
        proc_close($process);
        return $output;
    }

    /** Peak memory of a thousand queries at once, above the process before them. */
    private function memory(): iterable
    {
        $grown = fn (string $how) => (float) $this->php([__DIR__ . '/pages/many.php', $how]);
        yield Row::limit(
            '1,000 queries with many(concurrency: 16): peak memory added (plain: curl_multi, 16 handles)',
            'MiB',
            $grown('wechatpay'),
            $grown('curl'),
            16.0,
        );
    }
}
