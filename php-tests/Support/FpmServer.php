<?php

declare(strict_types=1);

namespace WechatPayTests;

/**
 * php-fpm behind nginx, both our own, in a folder of their own: one pool of workers for each page.
 *
 *     $server = FpmServer::start(['shop' => '/path/to/page.php'], workers: 2);
 *     $body = $server->get('/shop?no=17');
 *     $server->stop();
 */
final class FpmServer
{
    private readonly \CurlHandle $client;

    /**
     * @param resource     $fpm
     * @param resource     $nginx
     * @param list<string> $pools
     */
    private function __construct(
        private $fpm,
        private $nginx,
        private readonly string $folder,
        private readonly int $port,
        private readonly array $pools,
    ) {
        $this->client = curl_init();
    }

    /**
     * Starts both and waits until every page's pool answers.
     *
     * @param array<string, string>     $pages   the script behind each path
     * @param array<string, string|int> $ini     beside the extension
     * @param string                    $manager of the workers: static, dynamic or ondemand
     */
    public static function start(array $pages, int $workers = 1, array $ini = [], string $manager = 'static'): self
    {
        $configs = static fn (string $folder, int $port) => [
            self::fpmConfig($folder, array_keys($pages), $workers, $manager),
            self::nginxConfig($folder, $port, $pages),
        ];
        return self::configured($configs, array_keys($pages), $ini);
    }

    /**
     * Starts both as two configurations say.
     *
     * @param callable(string $folder, int $port): array{string, string} $configs of php-fpm and of nginx; a pool's socket is `POOL.sock` in the folder
     * @param list<string>              $pools
     * @param array<string, string|int> $ini
     * @param (callable(string $url): array<string, string>)|null $environment of php-fpm; null: ours
     */
    public static function configured(callable $configs, array $pools, array $ini = [], ?callable $environment = null): self
    {
        $folder = sys_get_temp_dir() . '/wechatpay-fpm-' . bin2hex(random_bytes(6));
        mkdir($folder, 0755);
        $port = self::freePort();
        [$fpm, $nginx] = $configs($folder, $port);
        file_put_contents("$folder/fpm.conf", $fpm);
        file_put_contents("$folder/nginx.conf", $nginx);
        $ini += ['extension' => getenv('WECHATPAY_EXTENSION') ?: ROOT . '/target/release/libwechatpay.so'];
        $settings = [];
        foreach ($ini as $name => $value) {
            array_push($settings, '-d', "$name=$value");
        }
        $fpm = self::run("$folder/fpm.log", [self::program('php-fpm' . PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION),
            '--nodaemonize', '--allow-to-run-as-root', '--fpm-config', "$folder/fpm.conf", ...$settings], $environment === null ? null : $environment("http://127.0.0.1:$port"));
        $nginx = self::run("$folder/nginx.log", [self::program('nginx'), '-p', $folder, '-c', "$folder/nginx.conf"]);
        $server = new self($fpm, $nginx, $folder, $port, $pools);
        $server->wait();
        return $server;
    }

    /** The body of a page that answers 200. */
    public function get(string $path): string
    {
        curl_setopt_array($this->client, [CURLOPT_URL => $this->url($path), CURLOPT_RETURNTRANSFER => true]);
        $body = curl_exec($this->client);
        $status = curl_getinfo($this->client, CURLINFO_RESPONSE_CODE);
        if ($status !== 200) {
            throw new \RuntimeException("$path: HTTP $status " . curl_error($this->client) . " $body" . $this->log());
        }
        return $body;
    }

    /** The address of a page. */
    public function url(string $path): string
    {
        return "http://127.0.0.1:$this->port$path";
    }

    /** @return list<int> the process ids of a pool's workers */
    public function workers(string $pool): array
    {
        $master = proc_get_status($this->fpm)['pid'];
        $children = array_map(intval(...), preg_split('/\s+/', (string) @file_get_contents("/proc/$master/task/$master/children"), -1, PREG_SPLIT_NO_EMPTY));
        $isOurs = static fn (int $pid) => str_contains((string) @file_get_contents("/proc/$pid/cmdline"), "pool $pool\0")
            || str_ends_with(rtrim((string) @file_get_contents("/proc/$pid/cmdline"), "\0 "), "pool $pool");
        return array_values(array_filter($children, $isOurs));
    }

    /** Lets php-fpm begin anew, as after a change of its configuration: its workers end when they have answered. */
    public function reload(): void
    {
        posix_kill(proc_get_status($this->fpm)['pid'], SIGUSR2);
    }

    /** CPU seconds of a pool's workers so far. */
    public function cpuSeconds(string $pool): float
    {
        $nanoseconds = array_map(static fn (int $pid) => (float) file_get_contents("/proc/$pid/schedstat"), $this->workers($pool));
        return array_sum($nanoseconds) / 1e9;
    }

    /** The memory that a pool's workers have for themselves, in MiB. */
    public function ownMegabytes(string $pool): float
    {
        $kilobytes = static function (int $pid): int {
            preg_match_all('/^Private_(?:Clean|Dirty):\s+(\d+)/m', file_get_contents("/proc/$pid/smaps_rollup"), $found);
            return array_sum(array_map(intval(...), $found[1]));
        };
        return array_sum(array_map($kilobytes, $this->workers($pool))) / 1024;
    }

    /** Ends both and removes the folder. */
    public function stop(): void
    {
        foreach ([$this->nginx, $this->fpm] as $process) {
            if (\is_resource($process)) {
                proc_terminate($process, SIGTERM);
                proc_close($process);
            }
        }
        array_map(unlink(...), array_filter(glob("$this->folder/*"), is_file(...)));
        @rmdir($this->folder);
    }

    public function __destruct()
    {
        if (is_dir($this->folder)) {
            $this->stop();
        }
    }

    private function log(): string
    {
        return "\n" . @file_get_contents("$this->folder/fpm.log") . @file_get_contents("$this->folder/nginx.log");
    }

    private function wait(): void
    {
        $ready = fn () => !array_filter($this->pools, fn (string $pool) => !file_exists("$this->folder/$pool.sock"))
            && @fsockopen('127.0.0.1', $this->port);
        for ($deadline = microtime(true) + 10; !$ready(); usleep(10_000)) {
            if (microtime(true) > $deadline) {
                $log = $this->log();
                $this->stop();
                throw new \RuntimeException("php-fpm and nginx do not start:$log");
            }
        }
    }

    /** @return resource */
    private static function run(string $log, array $command, ?array $environment = null)
    {
        $streams = [['file', '/dev/null', 'r'], ['file', $log, 'a'], ['file', $log, 'a']];
        $process = proc_open($command, $streams, $pipes, null, $environment);
        return $process ?: throw new \RuntimeException("$command[0] cannot be started.");
    }

    private static function program(string $name): string
    {
        foreach (['/usr/sbin', '/usr/local/sbin', '/sbin', '/usr/bin'] as $folder) {
            if (is_executable("$folder/$name")) {
                return "$folder/$name";
            }
        }
        throw new \RuntimeException("There is no $name: run tools/setup.sh.");
    }

    private static function freePort(): int
    {
        $socket = stream_socket_server('tcp://127.0.0.1:0');
        return (int) substr(strrchr(stream_socket_get_name($socket, false), ':'), 1);
    }

    /** @param list<string> $pools */
    private static function fpmConfig(string $folder, array $pools, int $workers, string $manager): string
    {
        $user = posix_getuid() === 0 ? "user = root\ngroup = root\n" : '';
        $config = "[global]\nerror_log = $folder/fpm.log\nprocess_control_timeout = 10s\n";
        $manager = "pm = $manager\n" . match ($manager) {
            'static' => '',
            'dynamic' => "pm.start_servers = 1\npm.min_spare_servers = 1\npm.max_spare_servers = $workers\n",
            'ondemand' => "pm.process_idle_timeout = 60s\n",
        };
        foreach ($pools as $pool) {
            $config .= "[$pool]\n{$user}listen = $folder/$pool.sock\nlisten.mode = 0666\n"
                . "{$manager}pm.max_children = $workers\nclear_env = no\nsecurity.limit_extensions =\n";
        }
        return $config;
    }

    /** @param array<string, string> $pages */
    private static function nginxConfig(string $folder, int $port, array $pages): string
    {
        $locations = '';
        foreach ($pages as $page => $script) {
            $locations .= "location = /$page { fastcgi_pass unix:$folder/$page.sock; "
                . "fastcgi_param SCRIPT_FILENAME $script; fastcgi_param REQUEST_METHOD \$request_method; "
                . "fastcgi_param QUERY_STRING \$query_string; fastcgi_param REQUEST_URI \$request_uri; }\n";
        }
        return self::nginxFrame($folder, "server { listen 127.0.0.1:$port;\n$locations}");
    }

    /** What surrounds a server in nginx's configuration. */
    public static function nginxFrame(string $folder, string $server): string
    {
        $temporary = '';
        foreach (['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'] as $kind) {
            $temporary .= "{$kind}_temp_path $folder;\n";
        }
        return "daemon off;\nmaster_process off;\npid $folder/nginx.pid;\nerror_log $folder/nginx.log;\n"
            . "events { worker_connections 1024; }\nhttp { access_log off;\nkeepalive_requests 1000000;\n$temporary$server }\n";
    }
}
