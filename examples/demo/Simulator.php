<?php

declare(strict_types=1);

namespace Demo;

/** A running wechatpay-simulator: WeChat Pay on this machine, and the strings behind it. */
final class Simulator
{
    /**
     * @param resource $program
     * @param resource $stdin    the simulator ends when this closes, also when PHP dies
     * @param array<string, mixed> $v3 what a merchant of APIv3 needs
     */
    private function __construct(
        private $program,
        private $stdin,
        public readonly string $url,
        public readonly string $backupUrl,
        public readonly string $caFile,
        public readonly string $certFile,
        public readonly string $keyFile,
        public readonly array $v3,
        private readonly string $control,
    ) {
    }

    /** Starts it and waits for the line that says where it listens. */
    public static function start(): self
    {
        $binary = getenv('WECHATPAY_SIMULATOR') ?: \dirname(__DIR__, 2) . '/target/release/wechatpay-simulator';
        if (!is_executable($binary)) {
            throw new \RuntimeException("There is no $binary: run `make build` first.");
        }
        $program = proc_open([$binary], [['pipe', 'r'], ['pipe', 'w'], STDERR], $pipes);
        $ready = json_decode((string) fgets($pipes[1]), true);
        if (!\is_array($ready)) {
            throw new \RuntimeException("$binary did not say that it is ready.");
        }
        return new self(
            $program,
            $pipes[0],
            $ready['url'],
            $ready['backup_url'],
            $ready['ca_file'],
            $ready['cert_file'],
            $ready['key_file'],
            $ready['v3'],
            $ready['control'],
        );
    }

    /**
     * The payer pays.
     *
     * @param array<string, mixed> $how such as coupons
     */
    public function pay(string $outTradeNo, array $how = []): void
    {
        $this->control('POST', '/pay', ['out_trade_no' => $outTradeNo] + $how);
    }

    /** Puts an order into any state. */
    public function state(string $outTradeNo, string $tradeState): void
    {
        $this->control('POST', '/state', ['out_trade_no' => $outTradeNo, 'trade_state' => $tradeState]);
    }

    /**
     * Lets the next requests fail.
     *
     * @param array<string, mixed> $how such as times, listener
     */
    public function fault(string $fault, array $how = []): void
    {
        $this->control('POST', '/faults', ['fault' => $fault] + $how);
    }

    /** Takes back all faults that still wait. */
    public function heal(): void
    {
        $this->control('DELETE', '/faults');
    }

    /**
     * Makes a call of the simulator's control: JSON in and out.
     *
     * @param array<string, mixed> $body
     *
     * @return array<array-key, mixed>
     */
    public function control(string $method, string $path, array $body = []): array
    {
        $request = [
            'method' => $method,
            'header' => 'Content-Type: application/json',
            'content' => json_encode((object) $body, JSON_THROW_ON_ERROR),
            'ignore_errors' => true,
            'timeout' => 10,
        ];
        $answer = file_get_contents($this->control . $path, false, stream_context_create(['http' => $request]));
        $told = json_decode((string) $answer, true);
        if (!\is_array($told) || isset($told['error'])) {
            throw new \RuntimeException("The simulator's control refused $method $path: $answer");
        }
        return $told;
    }

    /** Ends it; true if it also took its temporary files away. */
    public function stop(): bool
    {
        fclose($this->stdin);
        for ($waited = 0; proc_get_status($this->program)['running']; $waited++) {
            if ($waited === 300) {
                proc_terminate($this->program, 9);
            }
            usleep(10_000);
        }
        proc_close($this->program);
        clearstatcache();
        return !file_exists(\dirname($this->caFile));
    }
}
