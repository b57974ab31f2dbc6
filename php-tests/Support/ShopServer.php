<?php

declare(strict_types=1);

namespace WechatPayTests;

/** The shop of examples/scan-pay-shop behind `php -S`, on a database of the tests, beside a simulator. */
final class ShopServer
{
    public const FOLDER = ROOT . '/examples/scan-pay-shop';
    /** Who works in the back office, with their passwords. */
    public const STAFF = ['anna' => 'tea and coffee', 'bo' => 'coffee and tea'];
    /** Three merchants, as `make shop` has them: two of v2, the second for tea, and one of APIv3 for sweets. */
    public const TEA = '10000200';
    public const SWEETS = '10000300';
    public const ACCOUNTS = [
        '--merchant=' . SimulatorProcess::APPID . ':' . SimulatorProcess::MCH_ID . ':' . SimulatorProcess::KEY,
        '--merchant=' . SimulatorProcess::APPID . ':' . self::TEA . ':abcdefghijklmnopqrstuvwxyz012345',
        '--merchant=' . SimulatorProcess::APPID . ':' . self::SWEETS . ':ABCDEFGHIJKLMNOPQRSTUVWXYZ012345',
    ];
    private const SECRET = 'only for tests: 32 characters at least';

    /** @param resource|FpmServer $process */
    private function __construct(private $process, public readonly string $url, private readonly array $environment, private readonly array $php)
    {
    }

    /**
     * Starts it, with tables that are new unless they are there; a retired merchant sells nothing any more.
     *
     * @param array<string, string> $settings instead of what is set
     */
    public static function start(SimulatorProcess $simulator, Database $database, int $workers = 1, string $retired = '', array $settings = []): self
    {
        $socket = stream_socket_server('tcp://127.0.0.1:0');
        $address = stream_socket_get_name($socket, false);
        fclose($socket);
        $environment = $settings + ['PHP_CLI_SERVER_WORKERS' => (string) $workers] + self::environment($simulator, $database, "http://$address", $retired);
        $php = self::php($simulator);
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

    /** Behind nginx and php-fpm, as examples/scan-pay-shop/deploy configures them, but for paths, the port and who runs it. */
    public static function behindNginx(SimulatorProcess $simulator, Database $database): self
    {
        $configs = static function (string $folder, int $port): array {
            $paths = ['/srv/shop' => (string) realpath(self::FOLDER), '/run/php/' => "$folder/", 'listen 80;' => "listen 127.0.0.1:$port;",
                'include fastcgi_params' => 'include /etc/nginx/fastcgi_params', ' = www-data' => ' = ' . posix_getpwuid(posix_getuid())['name']];
            $config = static fn (string $name) => strtr((string) file_get_contents(self::FOLDER . "/deploy/$name"), $paths);
            return ["[global]\nerror_log = $folder/fpm.log\n{$config('php-fpm.conf')}", FpmServer::nginxFrame($folder, $config('nginx.conf'))];
        };
        $environment = [];
        $settings = static function (string $url) use ($simulator, $database, &$environment): array {
            return $environment = self::environment($simulator, $database, $url);
        };
        $fpm = FpmServer::configured($configs, ['shop', 'shop-notices'], $simulator->ini() + ['error_log' => '/dev/null'], $settings);
        $server = new self($fpm, $fpm->url(''), $environment, self::php($simulator));
        $server->worker('install');
        return $server;
    }

    /** @return list<string> */
    private static function php(SimulatorProcess $simulator): array
    {
        $php = [PHP_BINARY, '-d', 'extension=' . PhpProcess::extension(), '-d', 'error_log=/dev/null'];
        foreach ($simulator->ini() as $name => $value) {
            array_push($php, '-d', "$name=$value");
        }
        return $php;
    }

    /** @return array<string, string> */
    private static function environment(SimulatorProcess $simulator, Database $database, string $url, string $retired = ''): array
    {
        [$dsn, $user, $password] = $database->arguments();
        return [
            'SHOP_DSN' => $dsn, 'SHOP_DB_USER' => (string) $user, 'SHOP_DB_PASSWORD' => (string) $password,
            'SHOP_URL' => $url, 'SHOP_SECRET' => self::SECRET,
            'SHOP_MERCHANTS' => self::merchants($simulator, $retired),
            'SHOP_STAFF' => self::staff(self::STAFF),
        ] + getenv();
    }

    /** @param array<string, string> $words passwords by name */
    public static function staff(array $words): string
    {
        return json_encode(array_map(static fn (string $word) => password_hash($word, PASSWORD_BCRYPT, ['cost' => 4]), $words));
    }

    /** What `make shop` says of the simulator's merchants; a retired one sells nothing. */
    public static function merchants(SimulatorProcess $simulator, string $retired = ''): string
    {
        $run = PhpProcess::command([PHP_BINARY, ROOT . '/tools/shop-merchants.php', json_encode($simulator->ready)]);
        $sells = static fn (array $one) => $one['mchId'] === $retired ? ['sells' => ''] + $one : $one;
        return json_encode(array_map($sells, json_decode($run->output, true, flags: JSON_THROW_ON_ERROR)));
    }

    /** A run of the shop's worker: what it printed. */
    public function worker(string $argument): string
    {
        return $this->ended(self::FOLDER . '/bin/worker.php', $argument);
    }

    /** Runs code that has `$shop`, as one more process beside pages and worker. */
    public function run(string $code): string
    {
        return $this->ended('-r', 'require ' . var_export(self::FOLDER . '/src/bootstrap.php', true) . "; \$shop = new Shop\\Shop(); $code");
    }

    private function ended(string ...$arguments): string
    {
        $run = PhpProcess::command([...$this->php, ...$arguments], environment: $this->environment);
        if ($run->exitCode !== 0) {
            throw new \RuntimeException("A process of the shop failed: $run->output$run->errors");
        }
        return $run->output;
    }

    public function noticeUrl(): string
    {
        return "$this->url/notify/" . substr(hash_hmac('sha256', 'the notice page', self::SECRET), 0, 32);
    }

    public function stop(): void
    {
        if ($this->process instanceof FpmServer) {
            $this->process->stop();
            return;
        }
        posix_kill(-proc_get_status($this->process)['pid'], SIGKILL);
        proc_close($this->process);
    }
}
