<?php

declare(strict_types=1);

namespace WechatPayTests;

/** Processes of a shop on the test's database: notify endpoints behind a real web server, workers with Sync. */
trait ShopProcesses
{
    use WithSimulator;

    /** @var array<array-key, resource> */
    private array $processes = [];
    /** Where notices go. */
    private string $url;

    protected function tearDown(): void
    {
        array_map($this->kill(...), $this->processes);
        $this->processes = [];
        parent::tearDown();
    }

    private function startEndpoint(int $workers): void
    {
        $socket = stream_socket_server('tcp://127.0.0.1:0');
        $address = stream_socket_get_name($socket, false);
        fclose($socket);
        $this->url = "http://$address/";
        $page = ['-S', $address, ROOT . '/php-tests/shop/notify.php'];
        $this->processes['endpoint'] = $this->spawn($page, ['PHP_CLI_SERVER_WORKERS' => (string) $workers]);
        for ($tries = 0; $tries < 500 && @file_get_contents($this->url) === false; $tries++) {
            usleep(20_000);
        }
    }

    /** @return resource */
    private function startWorker()
    {
        return $this->spawn([ROOT . '/php-tests/shop/worker.php']);
    }

    /**
     * @param list<string>          $arguments
     * @param array<string, string> $environment
     *
     * @return resource
     */
    private function spawn(array $arguments, array $environment = [])
    {
        $command = [PHP_BINARY, '-d', 'extension=' . PhpProcess::extension()];
        foreach (self::$simulator->ini() + ['display_errors' => 'stderr', 'wechatpay.timeout_ms' => '2000'] as $name => $value) {
            array_push($command, '-d', "$name=$value");
        }
        $null = ['file', '/dev/null', 'w'];
        $environment += ['LEDGER_PDO' => base64_encode(serialize($this->database->arguments()))] + getenv();
        // A group of its own, so that the endpoint's children go with it.
        return proc_open(['setsid', ...$command, ...$arguments], [['file', '/dev/null', 'r'], $null, $null], $pipes, null, $environment);
    }

    /** @param resource $process */
    private function kill($process): void
    {
        $pid = proc_get_status($process)['pid'];
        // Its group, and itself in case it had no time to make one.
        posix_kill(-$pid, SIGKILL);
        posix_kill($pid, SIGKILL);
        proc_close($process);
    }

    /** The simulator's book has a paid order whose notice has not been sent. */
    private function paidThere(string $number, int $fee): void
    {
        self::$simulator->control('POST', '/orders', [
            'out_trade_no' => $number, 'total_fee' => $fee, 'notify_url' => $this->url, 'trade_state' => 'SUCCESS',
            // What the merchant signs with, so does WeChat.
            'sign_type' => 'HMAC-SHA256',
        ]);
    }

    /** Sends a notice of it, so many copies at the same moment; gives what came back. @return list<array<string, mixed>> */
    private function tell(string $number, int $copies): array
    {
        $wish = ['out_trade_no' => $number, 'copies' => $copies];
        return self::$simulator->control('POST', '/notify', $wish)['sent'];
    }
}
