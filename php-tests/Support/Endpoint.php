<?php

declare(strict_types=1);

namespace WechatPayTests;

/**
 * A PHP page behind a real web server (`php -S`) on loopback, with the extension: where the simulator posts its notices.
 *
 *     $endpoint = Endpoint::start('echo WechatPay\Notification::success();');
 *     $endpoint->url;      // http://127.0.0.1:12345/notify
 *     $endpoint->notes();  // what the page's note(...) has said so far
 */
final class Endpoint
{
    public readonly string $url;
    private readonly string $page;

    /** @param resource|null $process */
    private function __construct(string $page, private readonly string $notes, int $port, private $process)
    {
        $this->page = $page;
        $this->url = "http://127.0.0.1:$port/notify";
    }

    /** Starts a page of these statements; they can note(...) values for the test. */
    public static function start(string $statements): self
    {
        $notes = tempnam(sys_get_temp_dir(), 'wechatpay-notes-');
        $page = tempnam(sys_get_temp_dir(), 'wechatpay-page-');
        $target = var_export($notes, true);
        file_put_contents($page, <<<PHP
            <?php
            declare(strict_types=1);
            function note(mixed ...\$values): void
            {
                \$line = json_encode(\$values, JSON_THROW_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE) . "\\n";
                file_put_contents($target, \$line, FILE_APPEND | LOCK_EX);
            }
            $statements
            PHP);
        return self::serve($page, $notes);
    }

    /** Starts a page of a file as it is. */
    public static function ofFile(string $file, string ...$settings): self
    {
        $page = tempnam(sys_get_temp_dir(), 'wechatpay-page-');
        file_put_contents($page, '<?php require ' . var_export(realpath($file), true) . ';');
        return self::serve($page, tempnam(sys_get_temp_dir(), 'wechatpay-notes-'), $settings);
    }

    /** @param list<string> $settings of php.ini, as name=value */
    private static function serve(string $page, string $notes, array $settings = []): self
    {
        $port = self::freePort();
        $options = [];
        foreach (['extension=' . PhpProcess::extension(), 'display_errors=stderr', 'html_errors=0', ...$settings] as $setting) {
            array_push($options, '-d', $setting);
        }
        $command = [PHP_BINARY, ...$options, '-S', "127.0.0.1:$port", $page];
        $process = proc_open($command, [['file', '/dev/null', 'r'], ['file', '/dev/null', 'w'], ['file', '/dev/null', 'w']], $pipes);
        $endpoint = new self($page, $notes, $port, $process);
        for ($until = microtime(true) + 10; microtime(true) < $until; usleep(10_000)) {
            $socket = @fsockopen('127.0.0.1', $port, $number, $message, 1);
            if ($socket !== false) {
                fclose($socket);
                return $endpoint;
            }
        }
        throw new \RuntimeException("php -S does not listen on port $port.");
    }

    /** @return list<list<mixed>> what the page has noted */
    public function notes(): array
    {
        $lines = file($this->notes, FILE_IGNORE_NEW_LINES);
        return array_map(static fn (string $line): array => json_decode($line, true, 512, JSON_THROW_ON_ERROR), $lines);
    }

    /** Forgets what was noted. */
    public function forget(): void
    {
        file_put_contents($this->notes, '');
    }

    /**
     * Posts a body as anybody could.
     *
     * @param list<string> $headers
     *
     * @return array{list<string>, string} the headers and the body of the answer
     */
    public function post(string $body, array $headers = []): array
    {
        $request = [
            'method' => 'POST',
            'header' => ['Content-Type: text/xml', ...$headers],
            'content' => $body,
        ];
        return Http::ask($this->url, $request);
    }

    public function stop(): void
    {
        if (\is_resource($this->process)) {
            proc_terminate($this->process);
            proc_close($this->process);
            array_map('unlink', [$this->page, $this->notes]);
        }
    }

    public function __destruct()
    {
        $this->stop();
    }

    private static function freePort(): int
    {
        $socket = stream_socket_server('tcp://127.0.0.1:0');
        $port = (int) substr(strrchr(stream_socket_get_name($socket, false), ':'), 1);
        fclose($socket);
        return $port;
    }
}
