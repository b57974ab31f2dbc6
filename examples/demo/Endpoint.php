<?php

declare(strict_types=1);

namespace Demo;

/** The shop's notify endpoint: notify.php under PHP's own web server, on this machine. */
final class Endpoint
{
    private int $read = 0;

    /** @param resource $program */
    private function __construct(private $program, public readonly string $url, private readonly string $notices)
    {
    }

    /**
     * Starts it and waits until it takes connections.
     *
     * @param array<string, mixed> $v3 the arguments of Merchant::v3()
     */
    public static function start(array $v3): self
    {
        $port = self::freePort();
        $notices = (string) tempnam(sys_get_temp_dir(), 'wechatpay-demo-');
        $load = getenv('WECHATPAY_EXTENSION');
        $command = [PHP_BINARY, ...($load === false ? [] : ['-d', "extension=$load"]), '-S', "127.0.0.1:$port", __DIR__ . '/notify.php'];
        $environment = [
            'DEMO_NOTICES' => $notices,
            'DEMO_APPID' => Shop::APPID,
            'DEMO_MCH_ID' => Shop::MCH_ID,
            'DEMO_KEY' => Shop::KEY,
            'DEMO_V3' => json_encode($v3, JSON_THROW_ON_ERROR),
        ] + getenv();
        $quiet = ['file', '/dev/null', 'w'];
        $program = proc_open($command, [['file', '/dev/null', 'r'], $quiet, $quiet], $pipes, null, $environment);
        $endpoint = new self($program, "http://127.0.0.1:$port/notify", $notices);
        $endpoint->waitUntilReady($port);
        return $endpoint;
    }

    private static function freePort(): int
    {
        $socket = stream_socket_server('tcp://127.0.0.1:0');
        $name = (string) stream_socket_get_name($socket, false);
        fclose($socket);
        return (int) substr((string) strrchr($name, ':'), 1);
    }

    private function waitUntilReady(int $port): void
    {
        for ($tries = 0; $tries < 200; $tries++) {
            $connection = @fsockopen('127.0.0.1', $port);
            if ($connection !== false) {
                fclose($connection);
                return;
            }
            usleep(25_000);
        }
        throw new \RuntimeException("The notify endpoint did not start at 127.0.0.1:$port.");
    }

    /**
     * The next notice that came, as the endpoint noted it.
     *
     * @return array<string, mixed>
     */
    public function nextNotice(): array
    {
        for ($tries = 0; $tries < 400; $tries++) {
            $lines = file($this->notices, FILE_IGNORE_NEW_LINES) ?: [];
            if (\count($lines) > $this->read) {
                return json_decode($lines[$this->read++], true, 512, JSON_THROW_ON_ERROR);
            }
            usleep(25_000);
        }
        throw new \RuntimeException('No notice came within 10 s.');
    }

    /** Ends it and takes its file away. */
    public function stop(): void
    {
        proc_terminate($this->program);
        proc_close($this->program);
        unlink($this->notices);
    }
}
