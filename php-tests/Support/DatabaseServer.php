<?php

declare(strict_types=1);

namespace WechatPayTests;

/**
 * A MariaDB or PostgreSQL of the tests' own: on a free port of loopback, in a temporary folder, ended with the tests.
 *
 *     $server = DatabaseServer::start('mariadb');
 *     $pdo = new \PDO($server->dsn('mysql'), $server->user, '');
 */
final class DatabaseServer
{
    public readonly string $user;

    /** @var resource|null */
    private $process;
    private readonly int $owner;

    private function __construct(
        private readonly string $kind,
        private readonly string $folder,
        private readonly int $port,
        private readonly bool $durable,
    ) {
        $this->user = $kind === 'mariadb' ? 'root' : 'wechatpay';
        $this->owner = getmypid();
        register_shutdown_function($this->remove(...));
    }

    /** Starts one; `durable` for measuring, the tests need not outlive a power failure. */
    public static function start(string $kind, bool $durable = false): self
    {
        $folder = sys_get_temp_dir() . "/wechatpay-$kind-" . bin2hex(random_bytes(4));
        mkdir($folder, 0755);
        $server = new self($kind, $folder, self::freePort(), $durable);
        $server->create();
        $server->launch();
        return $server;
    }

    /** A hot standby of this PostgreSQL, that has all it has. */
    public function standby(): self
    {
        $standby = new self($this->kind, "$this->folder-standby", self::freePort(), $this->durable);
        mkdir($standby->folder, 0755);
        if (posix_getuid() === 0) {
            chown($standby->folder, $this->account());
        }
        $source = ['-h', '127.0.0.1', '-p', (string) $this->port, '-U', $this->user, '--checkpoint=fast', '-R'];
        $command = [...$this->asAccount(), self::postgres('pg_basebackup'), ...$source, '-D', "$standby->folder/data"];
        $run = PhpProcess::command($command, 120, '/');
        if ($run->exitCode !== 0) {
            throw new \RuntimeException("There is no standby: $run->output $run->errors");
        }
        $standby->launch();
        $ask = fn (self $of, string $what) => (new \PDO($of->dsn('postgres'), $this->user, ''))->query($what)->fetchColumn();
        $end = $ask($this, 'SELECT pg_current_wal_lsn()');
        for ($deadline = microtime(true) + 60; !$ask($standby, "SELECT pg_last_wal_replay_lsn() >= '$end'"); usleep(20_000)) {
            if (microtime(true) > $deadline) {
                throw new \RuntimeException('The standby does not catch up.');
            }
        }
        return $standby;
    }

    /** The PDO name of a database on it. */
    public function dsn(string $database): string
    {
        return $this->kind === 'mariadb'
            ? "mysql:host=127.0.0.1;port=$this->port;dbname=$database;charset=utf8mb4"
            : "pgsql:host=127.0.0.1;port=$this->port;dbname=$database";
    }

    /** Kills it without a warning, and starts it again on the same data; `meanwhile` there is none. */
    public function restart(?callable $meanwhile = null): void
    {
        proc_terminate($this->process, SIGKILL);
        $this->wait();
        @unlink("$this->folder/data/postmaster.pid");
        try {
            $meanwhile === null || $meanwhile();
        } finally {
            $this->launch();
        }
    }

    public function stop(): void
    {
        if ($this->process === null || $this->owner !== getmypid()) {
            return;
        }
        // PostgreSQL's "fast shutdown", MariaDB's usual one.
        proc_terminate($this->process, $this->kind === 'mariadb' ? SIGTERM : SIGINT);
        $this->wait();
    }

    private function remove(): void
    {
        if ($this->owner === getmypid()) {
            $this->stop();
            PhpProcess::command(['rm', '-rf', $this->folder]);
        }
    }

    private function create(): void
    {
        $data = "$this->folder/data";
        $isRoot = posix_getuid() === 0;
        if ($isRoot) {
            chown($this->folder, $this->account());
        }
        $command = $this->kind === 'mariadb'
            ? ['mariadb-install-db', '--no-defaults', "--datadir=$data", '--auth-root-authentication-method=normal',
                '--skip-test-db', ...($isRoot ? ['--user=mysql'] : [])]
            : [...$this->asAccount(), self::postgres('initdb'), '-D', $data, '-U', $this->user, '-A', 'trust', '-N',
                '-E', 'UTF8', '--locale=C.UTF-8'];
        $run = PhpProcess::command($command, 120, '/');
        if ($run->exitCode !== 0) {
            throw new \RuntimeException("$this->kind cannot be made: $run->output $run->errors");
        }
    }

    private function launch(): void
    {
        $log = fopen("$this->folder/log", 'a');
        $this->process = proc_open($this->command(), [['file', '/dev/null', 'r'], $log, $log], $pipes, '/');
        for ($deadline = microtime(true) + 60; ; usleep(50_000)) {
            try {
                new \PDO($this->dsn($this->kind === 'mariadb' ? 'mysql' : 'postgres'), $this->user, '');
                return;
            } catch (\PDOException $e) {
                if (microtime(true) > $deadline || !proc_get_status($this->process)['running']) {
                    $log = file_get_contents("$this->folder/log");
                    throw new \RuntimeException("$this->kind does not answer: {$e->getMessage()}\n$log");
                }
            }
        }
    }

    /** @return non-empty-list<string> */
    private function command(): array
    {
        $data = "$this->folder/data";
        if ($this->kind === 'mariadb') {
            $program = is_executable('/usr/sbin/mariadbd') ? '/usr/sbin/mariadbd' : 'mariadbd';
            return [$program, '--no-defaults', "--datadir=$data", "--socket=$this->folder/socket",
                "--pid-file=$this->folder/pid", "--port=$this->port", '--bind-address=127.0.0.1',
                '--max-connections=100', ...($this->durable ? [] : ['--innodb-flush-method=nosync']),
                ...(posix_getuid() === 0 ? ['--user=mysql'] : [])];
        }
        return [...$this->asAccount(), self::postgres('postgres'), '-D', $data, '-p', (string) $this->port,
            '-k', $this->folder, '-c', 'listen_addresses=127.0.0.1', '-c', 'max_connections=100',
            '-c', 'fsync=' . ($this->durable ? 'on' : 'off')];
    }

    private function account(): string
    {
        return $this->kind === 'mariadb' ? 'mysql' : 'postgres';
    }

    /**
     * Root drops to the account of the database: PostgreSQL insists.
     *
     * @return list<string>
     */
    private function asAccount(): array
    {
        $account = $this->account();
        return posix_getuid() === 0
            ? ['setpriv', "--reuid=$account", "--regid=$account", '--clear-groups', '--']
            : [];
    }

    private static function postgres(string $program): string
    {
        $found = glob("/usr/lib/postgresql/*/bin/$program");
        return $found === [] ? $program : end($found);
    }

    private function wait(): void
    {
        for ($waited = 0; $waited < 1000 && proc_get_status($this->process)['running']; $waited++) {
            usleep(20_000);
        }
        proc_close($this->process);
        $this->process = null;
    }

    private static function freePort(): int
    {
        $socket = stream_socket_server('tcp://127.0.0.1:0');
        $name = stream_socket_get_name($socket, false);
        fclose($socket);
        return (int) substr($name, strrpos($name, ':') + 1);
    }
}
