<?php

declare(strict_types=1);

namespace WechatPayTests;

/** `php -S` with one script: one worker that serves request after request. */
final class WebServer
{
    /** @param resource $process */
    private function __construct(private $process, private readonly int $port)
    {
    }

    /** @param array<string, string> $ini */
    public static function start(string $script, array $ini = []): self
    {
        $socket = stream_socket_server('tcp://127.0.0.1:0');
        $port = (int) substr(strrchr(stream_socket_get_name($socket, false), ':'), 1);
        fclose($socket);
        $command = [PHP_BINARY, '-d', 'extension=' . PhpProcess::extension(), '-d', 'display_errors=1', '-d', 'log_errors=0'];
        foreach ($ini as $name => $value) {
            array_push($command, '-d', "$name=$value");
        }
        $null = ['file', '/dev/null', 'w'];
        $process = proc_open([...$command, '-S', "127.0.0.1:$port", $script], [['file', '/dev/null', 'r'], $null, $null], $pipes);
        $server = new self($process, $port);
        for ($waited = 0; $waited < 500 && !@fsockopen('127.0.0.1', $port); $waited++) {
            usleep(10_000);
        }
        return $server;
    }

    /** The body of the answer, whatever its status. */
    public function get(string $path): string
    {
        $context = stream_context_create(['http' => ['ignore_errors' => true, 'timeout' => 20]]);
        return (string) file_get_contents("http://127.0.0.1:$this->port$path", false, $context);
    }

    public function residentKilobytes(): int
    {
        preg_match('~^VmRSS:\s+(\d+)~m', file_get_contents('/proc/' . proc_get_status($this->process)['pid'] . '/status'), $found);
        return (int) $found[1];
    }

    public function stop(): void
    {
        proc_terminate($this->process, SIGKILL);
        proc_close($this->process);
    }
}
