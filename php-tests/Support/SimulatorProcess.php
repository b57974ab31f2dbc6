<?php

declare(strict_types=1);

namespace WechatPayTests;

/**
 * A running `wechatpay-simulator`: started by a test class, ended with it.
 *
 *     public static function setUpBeforeClass(): void { self::$simulator = SimulatorProcess::start(); }
 *     protected function setUp(): void { self::$simulator->reset(); }
 *     public static function tearDownAfterClass(): void { self::$simulator->stop(); }
 *
 *     self::$simulator->control('POST', '/pay', ['out_trade_no' => 'T20261122-0001']);
 */
final class SimulatorProcess
{
    public const APPID = 'wx2421b1c4370ec43b';
    public const MCH_ID = '10000100';
    public const KEY = '0123456789abcdefghijKLMNOPQRSTUV';

    /** Address that plays api.mch.weixin.qq.com. */
    public readonly string $url;
    /** Address that plays api2.mch.weixin.qq.com. */
    public readonly string $backupUrl;
    /** Path of the simulator's own CA. */
    public readonly string $caFile;
    /** Address of the control. */
    public readonly string $control;
    /** Who started it: a forked child must not end it. */
    private readonly int $owner;

    /**
     * @param resource              $process
     * @param resource              $stdin   the simulator ends when it closes
     * @param array<string, mixed>  $ready   everything that the ready line says
     */
    private function __construct(private $process, private $stdin, public readonly array $ready)
    {
        [
            'url' => $this->url,
            'backup_url' => $this->backupUrl,
            'ca_file' => $this->caFile,
            'control' => $this->control,
        ] = $ready;
        $this->owner = getmypid();
    }

    /** Starts one and waits until it is ready. The environment's WECHATPAY_SIMULATOR names another binary. */
    public static function start(string ...$arguments): self
    {
        $program = getenv('WECHATPAY_SIMULATOR') ?: ROOT . '/target/release/wechatpay-simulator';
        if (!is_executable($program)) {
            throw new \RuntimeException("There is no $program: run `make build` first.");
        }
        $streams = [['pipe', 'r'], ['pipe', 'w'], STDERR];
        $process = proc_open([$program, ...$arguments], $streams, $pipes);
        if ($process === false) {
            throw new \RuntimeException("$program cannot be started.");
        }
        $ready = json_decode(self::firstLine($pipes[1], 20), true);
        if (!\is_array($ready)) {
            proc_terminate($process, SIGKILL);
            throw new \RuntimeException("$program did not say that it is ready.");
        }
        return new self($process, $pipes[0], $ready);
    }

    /**
     * Makes a control call: JSON in and out.
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
            'content' => $body === [] ? '' : json_encode($body, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE),
        ];
        [$head, $answer] = Http::ask($this->control . $path, $request);
        if (!preg_match('~^HTTP/\S+ 2~', $head[0] ?? '')) {
            throw new \RuntimeException("$method $path: " . ($head[0] ?? 'no answer') . " $answer");
        }
        return $answer === '' ? [] : json_decode($answer, true, 512, JSON_THROW_ON_ERROR);
    }

    /** Forgets orders, faults, requests and the moved clock. */
    public function reset(): void
    {
        $this->control('POST', '/reset');
    }

    /**
     * The INI settings that send calls without a Gateway here.
     *
     * @return array<string, string>
     */
    public function ini(): array
    {
        return ['wechatpay.url' => $this->url, 'wechatpay.ca_file' => $this->caFile];
    }

    /**
     * The arguments of Merchant::v3() for the simulator's merchant; named ones replace them.
     *
     * @return array<string, mixed>
     */
    public function v3(mixed ...$settings): array
    {
        $v3 = $this->ready['v3'];
        return $settings + [
            'appid' => self::APPID,
            'mchId' => self::MCH_ID,
            'apiV3Key' => $v3['api_v3_key'],
            'privateKey' => $v3['private_key_file'],
            'certificate' => $v3['serial'],
            'publicKeyId' => $v3['public_key_id'],
            'publicKey' => $v3['public_key_file'],
        ];
    }

    /** The process id. */
    public function pid(): int
    {
        return proc_get_status($this->process)['pid'];
    }

    /** Ends it at once, as a power cut would; the files stay. */
    public function kill(): void
    {
        proc_terminate($this->process, SIGKILL);
        $this->stop();
    }

    /** Ends it: closes its stdin, and insists if that is not enough. */
    public function stop(): void
    {
        if (!\is_resource($this->process) || $this->owner !== getmypid()) {
            return;
        }
        fclose($this->stdin);
        foreach ([null, SIGTERM, SIGKILL] as $signal) {
            if ($signal !== null) {
                proc_terminate($this->process, $signal);
            }
            for ($waited = 0; $waited < 300 && proc_get_status($this->process)['running']; $waited++) {
                usleep(10_000);
            }
        }
        proc_close($this->process);
    }

    public function __destruct()
    {
        $this->stop();
    }

    /** @param resource $stream */
    private static function firstLine($stream, float $timeout): string
    {
        stream_set_blocking($stream, false);
        $line = '';
        for ($deadline = microtime(true) + $timeout; microtime(true) < $deadline && !str_contains($line, "\n");) {
            $line .= (string) fgets($stream);
            if (feof($stream)) {
                break;
            }
            usleep(5_000);
        }
        return $line;
    }
}
