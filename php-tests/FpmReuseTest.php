<?php

declare(strict_types=1);

namespace WechatPayTests;

use WechatPay\Client;
use WechatPay\Gateway;
use WechatPay\Merchant;
use WechatPay\PayException;

/** Connections outlive the request under php-fpm, and are never shared where they must not be. */
final class FpmReuseTest extends SimulatorTestCase
{
    private const WORKERS = 2;
    private const NUMBER = 'FPM-REUSE-1';

    private static FpmServer $server;
    private static string $page;

    public static function setUpBeforeClass(): void
    {
        // Two merchants, so that there are two client certificates.
        self::$simulator = SimulatorProcess::start(
            '--merchant',
            implode(':', [SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY]),
            '--merchant',
            'wx8888888888888888:10000999:abcdefghijKLMNOPQRSTUV0123456789',
        );
        self::$page = sys_get_temp_dir() . '/wechatpay-page-' . bin2hex(random_bytes(6)) . '.php';
        file_put_contents(self::$page, sprintf(
            '<?php $m = new WechatPay\Merchant("%s", "%s", "%s");'
            . ' echo getmypid(), " ", (new WechatPay\OrderQuery($m))->byOutTradeNo("%s")->tradeState->value;',
            SimulatorProcess::APPID,
            SimulatorProcess::MCH_ID,
            SimulatorProcess::KEY,
            self::NUMBER,
        ));
        self::$server = FpmServer::start(['shop' => self::$page], self::WORKERS, self::$simulator->ini());
    }

    public static function tearDownAfterClass(): void
    {
        self::$server->stop();
        self::$simulator->stop();
        unlink(self::$page);
    }

    protected function setUp(): void
    {
        parent::setUp();
        $order = ['out_trade_no' => self::NUMBER, 'total_fee' => 100, 'trade_state' => 'SUCCESS'];
        self::$simulator->control('POST', '/orders', $order);
    }

    public function test_200_requests_over_2_workers_make_at_most_2_tls_connections(): void
    {
        $before = $this->opened();
        $workers = $this->visit(200);
        self::assertCount(self::WORKERS, $workers, 'both workers were asked');
        self::assertLessThanOrEqual(self::WORKERS, $this->opened() - $before);
    }

    public function test_after_8_idle_seconds_each_worker_makes_exactly_one_new_connection_and_nothing_fails(): void
    {
        $this->visit(40);
        sleep(9);
        $before = $this->opened();
        $workers = $this->visit(40);
        self::assertSame(\count($workers), $this->opened() - $before);
    }

    public function test_no_query_fails_when_the_gateway_closes_all_connections_midway(): void
    {
        for ($round = 0; $round < 5; $round++) {
            $this->visit(20, midway: static fn () => self::$simulator->control('DELETE', '/connections'));
        }
        self::assertTrue(true, 'visit() throws on the first page that is not right');
    }

    public function test_the_children_of_a_worker_that_has_asked_never_touch_its_socket(): void
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

    public function test_two_merchants_with_different_certificates_never_share_a_connection(): void
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

    /** Visits the page, two visitors at a time; every page must be right. @return list<string> the workers seen */
    private function visit(int $times, ?callable $midway = null): array
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
            $visitors[$n] = curl_init(self::$server->url('/shop'));
            curl_setopt($visitors[$n], CURLOPT_RETURNTRANSFER, true);
            $begin($visitors[$n]);
        }
        $half = intdiv($times, 2);
        do {
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
