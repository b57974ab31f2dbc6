<?php

declare(strict_types=1);

namespace WechatPayBench;

use WechatPay\Gateway;
use WechatPay\Merchant;
use WechatPay\OrderQuery;
use WechatPayTests\SimulatorProcess;

/** The rows with a network: one query warm and cold, and a thousand at once. */
final class Query
{
    private const NUMBER = 'BENCH-000001';
    private const IDS = [SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY];

    private readonly OrderQuery $query;
    private readonly \Closure $closeConnections;

    public function __construct(private readonly SimulatorProcess $simulator, private readonly string $bundle)
    {
        $merchant = new Merchant(...self::IDS);
        $this->query = new OrderQuery($merchant, new Gateway($simulator->url, caFile: $simulator->caFile));
        $this->closeConnections = static fn () => $simulator->control('DELETE', '/connections');
    }

    /** @return iterable<Row> */
    public function rows(): iterable
    {
        $this->book(1);
        yield $this->warm();
        yield $this->cold();
        yield from $this->many();
    }

    private function warm(): Row
    {
        $handle = plain_handle($this->simulator->url, $this->simulator->caFile);
        $query = $this->query;
        return (new Contest('one query, connection kept', [
            'wechatpay' => static function (int $times) use ($query) {
                for (; $times > 0; $times--) {
                    $order = $query->byOutTradeNo(self::NUMBER);
                }
                return $order;
            },
            'curl, handle kept' => static function (int $times) use ($handle) {
                for (; $times > 0; $times--) {
                    $order = plain_query($handle, ...[...self::IDS, self::NUMBER]);
                }
                return $order;
            },
        ], comparable: told(...)))->run(['curl, handle kept' => 1.3]);
    }

    private function cold(): Row
    {
        $query = $this->query;
        $fresh = fn (string $caFile) => function () use ($caFile) {
            return plain_query(plain_handle($this->simulator->url, $caFile), ...[...self::IDS, self::NUMBER]);
        };
        return (new Contest('one query, new connection', [
            'wechatpay' => static fn () => $query->byOutTradeNo(self::NUMBER),
            'curl, one pinned root' => $fresh($this->simulator->caFile),
            'curl, Debian\'s bundle' => $fresh($this->bundle),
        ], prepare: $this->closeConnections, times: 1, rounds: 4 * ROUNDS, comparable: told(...)))
            ->run(['curl, Debian\'s bundle' => 25]);
    }

    /** @return iterable<Row> */
    private function many(): iterable
    {
        $numbers = $this->book(1000);
        foreach ([[0, 16, 3.0], [20, 64, 4.0]] as [$ms, $concurrency, $reach]) {
            $this->simulator->control('DELETE', '/faults');
            if ($ms > 0) {
                $delay = ['path' => '*', 'fault' => 'delay', 'ms' => $ms, 'times' => 1_000_000];
                $this->simulator->control('POST', '/faults', $delay);
            }
            yield from $this->thousand($ms, $numbers, $concurrency, $reach);
        }
        $this->simulator->control('DELETE', '/faults');
    }

    private function thousand(int $ms, array $numbers, int $concurrency, float $reach): iterable
    {
        $query = $this->query;
        $multi = function (int $count) use ($numbers) {
            $handle = fn () => plain_handle($this->simulator->url, $this->simulator->caFile);
            $handles = array_map($handle, array_fill(0, $count, null));
            return static fn () => plain_many($handles, ...[...self::IDS, $numbers]);
        };
        $contest = new Contest("1,000 queries, $ms ms at the gateway, many(concurrency: $concurrency)", [
            'wechatpay' => static fn () => $query->many($numbers, $concurrency),
            'curl_multi, 16 handles' => $multi(16),
            'curl_multi, 64 handles' => $multi(64),
        ], by: 'wall', times: 1, rounds: max(3, intdiv(ROUNDS, 2)), comparable: static fn (array $orders) => array_map(told(...), $orders));
        yield $contest->run(['curl_multi, 16 handles' => $reach]);
        yield $contest->by('cpu');
    }

    /** @return list<string> */
    private function book(int $count): array
    {
        $this->simulator->reset();
        $numbers = [];
        for ($n = 1; $n <= $count; $n++) {
            $numbers[] = $number = sprintf('BENCH-%06d', $n);
            $order = [
                'out_trade_no' => $number,
                'total_fee' => 8880,
                'trade_state' => 'SUCCESS',
                'attach' => '订单额外描述，原样返回',
                'coupons' => [['id' => '10000000000000000001', 'type' => 'CASH', 'fee' => 100]],
            ];
            $this->simulator->control('POST', '/orders', $order);
        }
        return $numbers;
    }
}
