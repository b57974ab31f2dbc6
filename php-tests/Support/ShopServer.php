<?php

declare(strict_types=1);

namespace WechatPayTests;

/** The shop of examples/scan-pay-shop behind `php -S`, on a database of the tests, beside a simulator. */
final class ShopServer
{
    public const FOLDER = ROOT . '/examples/scan-pay-shop';
    /** Who works in the back office, with their passwords. */
    public const STAFF = ['anna' => 'tea and coffee', 'bo' => 'coffee and tea'];
    private const SECRET = 'only for tests: 32 characters at least';

    /** @param resource $process */
    private function __construct(private $process, public readonly string $url, private readonly array $environment, private readonly array $php)
    {
    }

    /** Starts it with tables that are new. */
    public static function start(SimulatorProcess $simulator, Database $database, int $workers = 1): self
    {
        $socket = stream_socket_server('tcp://127.0.0.1:0');
        $address = stream_socket_get_name($socket, false);
        fclose($socket);
        [$dsn, $user, $password] = $database->arguments();
        $environment = [
            'SHOP_DSN' => $dsn, 'SHOP_DB_USER' => (string) $user, 'SHOP_DB_PASSWORD' => (string) $password,
            'SHOP_URL' => "http://$address", 'SHOP_SECRET' => self::SECRET,
            'WECHATPAY_CERTIFICATE' => $simulator->ready['cert_file'], 'WECHATPAY_PRIVATE_KEY' => $simulator->ready['key_file'],
            'SHOP_STAFF' => json_encode(array_map(static fn (string $word) => password_hash($word, PASSWORD_BCRYPT, ['cost' => 4]), self::STAFF)),
            'PHP_CLI_SERVER_WORKERS' => (string) $workers,
        ] + getenv();
        $php = [PHP_BINARY, '-d', 'extension=' . PhpProcess::extension(), '-d', 'error_log=/dev/null'];
        foreach ($simulator->ini() as $name => $value) {
            array_push($php, '-d', "$name=$value");
        }
        $null = ['file', '/dev/null', 'w'];
        // A group of its own, so that the workers go with it.
        $command = ['setsid', ...$php, '-S', $address, '-t', self::FOLDER . '/public', self::FOLDER . '/public/index.php'];
        $server = new self(proc_open($command, [['file', '/dev/null', 'r'], $null, $null], $pipes, null, $environment), "http://$address", $environment, $php);
        try {
            $server->worker('install');
        } catch (\Throwable $e) {
            $server->stop();
            throw $e;
        }
        for ($tries = 0; $tries < 500 && @file_get_contents("$server->url/shop.css") === false; $tries++) {
            usleep(10_000);
        }
        return $server;
    }

    /** A run of the shop's worker: what it printed. */
    public function worker(string $argument): string
    {
        $run = PhpProcess::command([...$this->php, self::FOLDER . '/bin/worker.php', $argument], environment: $this->environment);
        if ($run->exitCode !== 0) {
            throw new \RuntimeException("The worker failed: $run->output$run->errors");
        }
        return $run->output;
    }

    public function noticeUrl(): string
    {
        return "$this->url/notify/" . substr(hash_hmac('sha256', 'the notice page', self::SECRET), 0, 32);
    }

    public function stop(): void
    {
        posix_kill(-proc_get_status($this->process)['pid'], SIGKILL);
        proc_close($this->process);
    }
}
