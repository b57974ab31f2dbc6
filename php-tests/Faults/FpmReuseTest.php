<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;
use WechatPay\Client;
use WechatPay\Gateway;
use WechatPay\Merchant;
use WechatPay\PayException;
use WechatPay\TradeState;
use WechatPay\TransportException;

/**
 * Connections outlive the request under php-fpm, however it manages its workers, and are never shared where they must
 * not be.
 *
 * @group slow
 */
#[Group('slow')]
final class FpmReuseTest extends SimulatorTestCase
{
    private const WORKERS = 2;
    private const NUMBER = 'FPM-REUSE-1';
    private const ORDER = ['out_trade_no' => self::NUMBER, 'total_fee' => 100, 'trade_state' => 'SUCCESS'];
    /** The tries of a query are 200 and 400 ms apart: shorter outages must not be seen. */
    private const BRIDGED_MS = 550;

    /** @var array<string, FpmServer> one for each way to manage workers */
    private static array $servers;
    private static string $page;
    private static string $folder;
    /** @var list<string> what the simulator is started with, again and again */
    private static array $arguments;

    public static function setUpBeforeClass(): void
    {
        self::$folder = sys_get_temp_dir() . '/wechatpay-gateway-' . bin2hex(random_bytes(6));
        // Two merchants, so that there are two client certificates.
        self::$arguments = [
            '--port', (string) self::freePorts(3), '--folder', self::$folder, '--order', json_encode(self::ORDER),
            '--merchant', implode(':', [SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY]),
            '--merchant', 'wx8888888888888888:10000999:abcdefghijKLMNOPQRSTUV0123456789',
        ];
        self::$simulator = SimulatorProcess::start(...self::$arguments);
        self::$page = sys_get_temp_dir() . '/wechatpay-page-' . bin2hex(random_bytes(6)) . '.php';
        file_put_contents(self::$page, sprintf(
            '<?php $m = new WechatPay\Merchant("%s", "%s", "%s");'
            . ' echo getmypid(), " ", (new WechatPay\OrderQuery($m))->byOutTradeNo("%s")->tradeState->value;',
            SimulatorProcess::APPID,
            SimulatorProcess::MCH_ID,
            SimulatorProcess::KEY,
            self::NUMBER,
        ));
        foreach (['static', 'dynamic', 'ondemand'] as $manager) {
            self::$servers[$manager] = FpmServer::start(['shop' => self::$page], self::WORKERS, self::$simulator->ini(), $manager);
        }
    }

    public static function tearDownAfterClass(): void
    {
        array_map(static fn (FpmServer $server) => $server->stop(), self::$servers);
        self::$simulator->stop();
        array_map(unlink(...), [self::$page, ...glob(self::$folder . '/*')]);
        rmdir(self::$folder);
    }

    /** @return iterable<string, array{string}> */
    public static function managers(): iterable
    {
        foreach (['static', 'dynamic', 'ondemand'] as $manager) {
            yield $manager => [$manager];
        }
    }

    protected function setUp(): void
    {
        parent::setUp();
        self::$simulator->control('POST', '/orders', self::ORDER);
    }

    /** @dataProvider managers */
    #[DataProvider('managers')]
    public function test200RequestsOver2WorkersMakeAtMost2TlsConnections(string $manager): void
    {
        $before = $this->opened();
        $workers = $this->visit($manager, 200);
        if ($manager === 'static') {
            self::assertCount(self::WORKERS, $workers, 'both workers were asked');
        }
        self::assertLessThanOrEqual(self::WORKERS, \count($workers));
        self::assertLessThanOrEqual(self::WORKERS, $this->opened() - $before);
    }

    public function testAfter8IdleSecondsEachWorkerMakesExactlyOneNewConnectionAndNothingFails(): void
    {
        foreach (array_keys(self::$servers) as $manager) {
            $this->visit($manager, 40);
        }
        sleep(9);
        foreach (array_keys(self::$servers) as $manager) {
            $before = $this->opened();
            $workers = $this->visit($manager, 40);
            self::assertSame(\count($workers), $this->opened() - $before, $manager);
        }
    }

    /** @dataProvider managers */
    #[DataProvider('managers')]
    public function testNoQueryFailsWhenTheGatewayClosesAllConnectionsMidway(string $manager): void
    {
        for ($round = 0; $round < 5; $round++) {
            $this->visit($manager, 20, midway: static fn () => self::$simulator->control('DELETE', '/connections'));
        }
        self::assertTrue(true, 'visit() throws on the first page that is not right');
    }

    /** @dataProvider managers */
    #[DataProvider('managers')]
    public function testNoQueryFailsWhenTheGatewayIsKilledMidwayAndStartsAgain(string $manager): void
    {
        // A machine under load may start the gateway too late for three tries; that says nothing, so it is tried again.
        for ($tries = 20, $bridged = 0; $bridged < 2 && $tries > 0; $tries--) {
            $this->visit($manager, 4);
            $pid = self::$simulator->pid();
            $killed = $back = null;
            try {
                $workers = $this->visit($manager, 60, function () use (&$killed): void {
                    self::$simulator->kill();
                    $killed = microtime(true);
                }, function () use (&$killed, &$back): void {
                    if ($killed !== null && $back === null && microtime(true) - $killed > 0.1) {
                        self::$simulator = SimulatorProcess::start(...self::$arguments);
                        $back = microtime(true);
                    }
                });
            } catch (\PHPUnit\Framework\AssertionFailedError $failed) {
                $outage = $killed === null ? 0 : 1000 * (($back ?? microtime(true)) - $killed);
                if ($outage < self::BRIDGED_MS) {
                    throw $failed;
                }
                $back === null && self::$simulator = SimulatorProcess::start(...self::$arguments);
                continue;
            }
            self::assertNotSame($pid, self::$simulator->pid(), 'it is another process');
            self::assertSame(\count($workers), $this->opened(), 'each worker connects to it once');
            $bridged++;
        }
        self::assertSame(2, $bridged, 'the gateway never came back in time');
    }

    public function testALongerOutageIsToldAndForgottenWhenItIsOver(): void
    {
        $query = new \WechatPay\OrderQuery($this->merchant(), new Gateway(self::$simulator->url, caFile: self::$simulator->caFile));
        $query->byOutTradeNo(self::NUMBER);
        self::$simulator->kill();
        $thrown = self::caught(fn () => $query->byOutTradeNo(self::NUMBER));
        self::$simulator = SimulatorProcess::start(...self::$arguments);
        self::assertInstanceOf(TransportException::class, $thrown);
        self::assertTrue($thrown->retryable);
        self::assertSame(TradeState::Success, $query->byOutTradeNo(self::NUMBER)->tradeState);
    }

    /** @dataProvider managers */
    #[DataProvider('managers')]
    public function testNoQueryFailsWhenPhpFpmIsReloadedMidwayAndNewWorkersKeepTheirConnections(string $manager): void
    {
        $old = $this->visit($manager, 20);
        $this->visit($manager, 60, midway: static fn () => self::$servers[$manager]->reload());
        for ($deadline = microtime(true) + 10; array_intersect($old, array_map(strval(...), self::$servers[$manager]->workers('shop'))); usleep(20_000)) {
            self::assertLessThan($deadline, microtime(true), 'the workers of before the reload are still there');
        }
        $this->visit($manager, 20);
        $before = $this->opened();
        $seen = $this->visit($manager, 100);
        self::assertSame([], array_intersect($old, $seen));
        self::assertLessThanOrEqual(self::WORKERS, $this->opened() - $before);
    }

    public function testTheChildrenOfAWorkerThatHasAskedNeverTouchItsSocket(): void
    {
        $query = new \WechatPay\OrderQuery($this->merchant(), new Gateway(self::$simulator->url, caFile: self::$simulator->caFile));
        $query->byOutTradeNo(self::NUMBER);
        $children = [];
        for ($n = 0; $n < 4; $n++) {
            if (($children[] = pcntl_fork()) === 0) {
                for ($asked = 0; $asked < 25; $asked++) {
                    $query->byOutTradeNo(self::NUMBER);
                }
                posix_kill(getmypid(), SIGKILL);
            }
        }
        for ($asked = 0; $asked < 25; $asked++) {
            $query->byOutTradeNo(self::NUMBER);
        }
        array_map(static fn (int $child) => pcntl_waitpid($child, $status), $children);
        $by = array_count_values(array_column(self::$simulator->control('GET', '/requests'), 'connection'));
        sort($by);
        self::assertSame([25, 25, 25, 25, 26], $by, 'five processes, five connections');
    }

    public function testTwoMerchantsWithDifferentCertificatesNeverShareAConnection(): void
    {
        $folder = \dirname(self::$simulator->ready['cert_file']);
        $gateway = new Gateway(self::$simulator->url, caFile: self::$simulator->caFile);
        $clients = [];
        foreach ([SimulatorProcess::MCH_ID => self::KEYS[0], '10000999' => self::KEYS[1]] as $mchId => [$appid, $key]) {
            $clients[$mchId] = new Client(new Merchant(
                $appid,
                (string) $mchId,
                $key,
                certificate: "$folder/{$mchId}_cert.pem",
                privateKey: "$folder/{$mchId}_key.pem",
            ), $gateway);
        }
        for ($round = 0; $round < 5; $round++) {
            foreach ($clients as $client) {
                try {
                    $client->call('/secapi/pay/reverse', ['out_trade_no' => 'NOT-THERE'], certificate: true);
                } catch (PayException) {
                    // There is no such order; what counts is who has asked over which connection.
                }
            }
        }
        $pairs = array_map(
            static fn (array $request) => [$request['connection'], $request['fields']['mch_id']],
            self::$simulator->control('GET', '/requests'),
        );
        self::assertCount(10, $pairs);
        self::assertCount(2, array_unique($pairs, SORT_REGULAR), 'each connection belongs to one merchant');
        self::assertCount(2, array_unique(array_column($pairs, 0)));
    }

    private const KEYS = [
        [SimulatorProcess::APPID, SimulatorProcess::KEY],
        ['wx8888888888888888', 'abcdefghijKLMNOPQRSTUV0123456789'],
    ];

    private function opened(): int
    {
        return self::$simulator->control('GET', '/connections')['opened'];
    }

    /** The first of so many ports in a row that are free. */
    private static function freePorts(int $count): int
    {
        do {
            $first = random_int(20_000, 30_000);
            $sockets = array_map(static fn (int $port) => @stream_socket_server("tcp://127.0.0.1:$port"), range($first, $first + $count - 1));
        } while (\in_array(false, $sockets, true));
        return $first;
    }

    /**
     * Visits the page, two visitors at a time; every page must be right.
     *
     * @param callable(): void|null $midway called once, half-way
     * @param callable(): void|null $tick   called again and again
     *
     * @return list<string> the workers seen
     */
    private function visit(string $manager, int $times, ?callable $midway = null, ?callable $tick = null): array
    {
        $multi = curl_multi_init();
        $workers = [];
        $visitors = [];
        $begin = static function (\CurlHandle $visitor) use ($multi, &$times): void {
            if ($times-- > 0) {
                curl_multi_add_handle($multi, $visitor);
            }
        };
        foreach ([0, 1] as $n) {
            $visitors[$n] = curl_init(self::$servers[$manager]->url('/shop'));
            curl_setopt($visitors[$n], CURLOPT_RETURNTRANSFER, true);
            $begin($visitors[$n]);
        }
        $half = intdiv($times, 2);
        do {
            $tick !== null && $tick();
            curl_multi_exec($multi, $running);
            while ($done = curl_multi_info_read($multi)) {
                $body = (string) curl_multi_getcontent($done['handle']);
                self::assertMatchesRegularExpression('/^\d+ SUCCESS$/', $body);
                $workers[] = strtok($body, ' ');
                curl_multi_remove_handle($multi, $done['handle']);
                if ($midway !== null && $times === $half) {
                    $midway();
                }
                $begin($done['handle']);
                $running = 1;
            }
            curl_multi_select($multi, 0.05);
        } while ($running > 0);
        return array_values(array_unique($workers));
    }
}
