<?php

declare(strict_types=1);

namespace WechatPayBench;

use WechatPayTests\FpmServer;
use WechatPayTests\SimulatorProcess;

/** A payment page under php-fpm and nginx: CPU of the worker, time at the visitor's end, memory. */
final class Page
{
    private const PAGES = ['empty', 'wechatpay', 'fresh', 'pinned', 'bundle'];

    /** @var array<string, list<array{cpu: float, wall: float}>> */
    private array $taken = [];
    private FpmServer $server;

    /** @param string $dialect how the pages of a dialect end: `_v3`, or nothing for v2 */
    public function __construct(
        private readonly SimulatorProcess $simulator,
        private readonly string $bundle,
        private readonly string $dialect = '',
    ) {
    }

    /** @return iterable<Row> */
    public function rows(): iterable
    {
        $this->simulator->reset();
        $order = ['out_trade_no' => 'BENCH-000001', 'total_fee' => 8880, 'trade_state' => 'SUCCESS'];
        $this->simulator->control('POST', '/orders', $order);
        $this->server = FpmServer::start($this->scripts(), ini: $this->simulator->ini());
        $this->visitAll(QUICK ? 40 : 200);
        yield from $this->processor();
        yield from $this->wall();
        yield from $this->memory();
        yield from $this->roundTrip();
        $this->server->stop();
    }

    private function named(string $work): string
    {
        return $this->dialect === '' ? $work : "APIv3: $work";
    }

    /** @return array<string, string> each page's script */
    private function scripts(): array
    {
        $script = static fn (string $name) => __DIR__ . "/pages/$name.php";
        [$ours, $plain] = ["wechatpay$this->dialect", "curl$this->dialect"];
        return array_combine(self::PAGES, array_map($script, ['empty', $ours, $ours, $plain, $plain]));
    }

    private function visitAll(int $rounds): void
    {
        $this->taken = [];
        foreach (self::PAGES as $page) {
            $this->visit($page);
            $this->visit($page);
        }
        for ($round = 0; $round < $rounds; $round++) {
            foreach ($round % 2 === 0 ? self::PAGES : array_reverse(self::PAGES) as $page) {
                $this->taken[$page][] = $this->visit($page);
            }
        }
    }

    /** @return array{cpu: float, wall: float} */
    private function visit(string $page): array
    {
        if ($page === 'fresh') {
            $this->simulator->control('DELETE', '/connections');
            $this->server->get('/wechatpay');
        }
        $cpu = $this->server->cpuSeconds($page);
        $wall = hrtime(true);
        $body = $this->server->get("/$page" . ($page === 'bundle' ? '?ca=' . urlencode($this->bundle) : ''));
        $wall = hrtime(true) - $wall;
        if ($body !== ($page === 'empty' ? 'ok' : 'SUCCESS')) {
            throw new \LogicException("$page: $body");
        }
        // The worker goes on for a moment after its last byte; its bill is complete when it sleeps again.
        usleep(1500);
        return ['cpu' => $this->server->cpuSeconds($page) - $cpu, 'wall' => $wall / 1e9];
    }

    /** CPU that the query adds to the page. */
    private function processor(): iterable
    {
        $added = $this->added('cpu');
        yield Row::of($this->named('page with one query, connection kept: CPU added to the page'), 'cpu', [
            'wechatpay' => $added['wechatpay'],
            'new curl handle, Debian\'s bundle' => $added['bundle'],
            'new curl handle, one pinned root' => $added['pinned'],
        ], ['new curl handle, Debian\'s bundle' => 100, 'new curl handle, one pinned root' => 12]);
        yield Row::of($this->named('page with one query, new connection: CPU added to the page'), 'cpu', [
            'wechatpay' => $added['fresh'],
            'new curl handle, Debian\'s bundle' => $added['bundle'],
            'new curl handle, one pinned root' => $added['pinned'],
        ], ['new curl handle, Debian\'s bundle' => 25]);
    }

    private function wall(): iterable
    {
        $wall = array_map(static fn (array $rounds) => median(array_column($rounds, 'wall')) * 1000, $this->taken);
        yield Row::limit(
            $this->named('page with one query, 0 ms: time above an empty page (plain: new curl handle, Debian\'s bundle)'),
            'ms',
            $wall['wechatpay'] - $wall['empty'],
            $wall['bundle'] - $wall['empty'],
            0.3,
        );
    }

    /** Over a line of 20 ms: one round trip, not three or four. */
    private function roundTrip(): iterable
    {
        $line = proc_open(
            [PHP_BINARY, __DIR__ . '/delay.php', (string) parse_url($this->simulator->url, PHP_URL_PORT), '20'],
            [['pipe', 'r'], ['pipe', 'w'], STDERR],
            $pipes,
        );
        $url = 'https://127.0.0.1:' . trim(fgets($pipes[1]));
        $this->server->stop();
        $this->server = FpmServer::start($this->scripts(), ini: ['wechatpay.url' => $url] + $this->simulator->ini());
        $this->visitAll(QUICK ? 10 : 40);
        fclose($pipes[0]);
        proc_close($line);
        $wall = array_map(static fn (array $rounds) => median(array_column($rounds, 'wall')) * 1000, $this->taken);
        yield Row::limit(
            $this->named('page with one query, round trip 20 ms: time above an empty page (plain: new curl handle, Debian\'s bundle)'),
            'ms',
            $wall['wechatpay'] - $wall['empty'],
            $wall['bundle'] - $wall['empty'],
            22.0,
        );
    }

    private function memory(): iterable
    {
        $own = array_map(fn (string $page) => $this->server->ownMegabytes($page), array_combine(self::PAGES, self::PAGES));
        yield Row::limit(
            $this->named('php-fpm worker: memory above the same page without a query (plain: curl, Debian\'s bundle)'),
            'MiB',
            $own['wechatpay'] - $own['empty'],
            $own['bundle'] - $own['empty'],
            3.0,
        );
    }

    /** @return array<string, list<array{cpu: float, wall: float}>> what each page took above an empty one */
    private function added(string $clock): array
    {
        $empty = median(array_column($this->taken['empty'], $clock));
        $above = static fn (array $round) => [...$round, $clock => $round[$clock] - $empty];
        return array_map(static fn (array $rounds) => array_map($above, $rounds), $this->taken);
    }
}
