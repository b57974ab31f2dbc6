<?php

declare(strict_types=1);

namespace WechatPayTests;

/** One of the three databases that the ledger is tested on; servers start when the first test asks for them. */
final class Database
{
    public const KINDS = ['sqlite', 'mariadb', 'pgsql'];

    /** Must commits outlive a power failure? Only for measuring. */
    public static bool $durable = false;

    /** @var array<string, self> */
    private static array $known = [];

    private readonly ?DatabaseServer $server;
    private readonly string $file;

    private function __construct(public readonly string $kind)
    {
        $this->server = $kind === 'sqlite' ? null : DatabaseServer::start($kind, self::$durable);
        $this->file = sys_get_temp_dir() . '/wechatpay-' . getmypid() . '.sqlite';
        if ($kind === 'sqlite') {
            register_shutdown_function($this->forgetFiles(...), getmypid());
        }
    }

    public static function of(string $kind): self
    {
        return self::$known[$kind] ??= new self($kind);
    }

    /** Forgets everything in it. */
    public function clear(): void
    {
        match ($this->kind) {
            'sqlite' => $this->forgetFiles(getmypid()),
            'mariadb' => $this->server(fn (\PDO $pdo) => $pdo->exec(
                'DROP DATABASE IF EXISTS shop; CREATE DATABASE shop',
            )),
            'pgsql' => $this->server(function (\PDO $pdo): void {
                $pdo->exec('DROP DATABASE IF EXISTS shop WITH (FORCE)');
                $pdo->exec('CREATE DATABASE shop');
            }),
        };
    }

    /** @return array{string, ?string, ?string, array<int, mixed>} what `new PDO` takes */
    public function arguments(): array
    {
        $options = [\PDO::ATTR_ERRMODE => \PDO::ERRMODE_EXCEPTION];
        return $this->kind === 'sqlite'
            ? ["sqlite:$this->file", null, null, $options]
            : [$this->server->dsn('shop'), $this->server->user, '', $options];
    }

    /**
     * A connection; of a class of the test's own, if it likes.
     *
     * @template T of \PDO
     *
     * @param class-string<T>   $class
     * @param array<int, mixed> $options
     *
     * @return T
     */
    public function connect(string $class = \PDO::class, array $options = []): \PDO
    {
        [$dsn, $user, $password, $usual] = $this->arguments();
        return new $class($dsn, $user, $password, $options + $usual);
    }

    /** A constant of a driver, such as MYSQL_ATTR_FOUND_ROWS of PDO, which 8.4 calls ATTR_FOUND_ROWS of Pdo\Mysql. */
    public static function constant(string $driver, string $name): int
    {
        $class = 'Pdo\\' . ucfirst($driver);
        return \constant(class_exists($class) ? "$class::$name" : 'PDO::' . strtoupper($driver) . "_$name");
    }

    /**
     * Options of a driver by the names of its own constants.
     *
     * @param array<string, mixed> $settings
     *
     * @return array<int, mixed>
     */
    public static function settings(string $driver, array $settings): array
    {
        $numbers = array_map(fn (string $name): int => self::constant($driver, $name), array_keys($settings));
        return array_combine($numbers, $settings);
    }

    public function restart(): void
    {
        $this->server?->restart();
    }

    /** A hot standby of a PostgreSQL; whoever asked for it stops it. */
    public function standby(): DatabaseServer
    {
        return $this->server->standby();
    }

    /** Takes it away: the server is killed, SQLite's file is no file for a while. */
    public function whileDown(callable $work): void
    {
        if ($this->server !== null) {
            $this->server->restart($work);
            return;
        }
        rename($this->file, "$this->file.away");
        mkdir($this->file);
        try {
            $work();
        } finally {
            rmdir($this->file);
            rename("$this->file.away", $this->file);
        }
    }

    private function server(callable $work): void
    {
        $name = $this->kind === 'mariadb' ? 'mysql' : 'postgres';
        $work(new \PDO($this->server->dsn($name), $this->server->user, ''));
    }

    private function forgetFiles(int $owner): void
    {
        if ($owner === getmypid()) {
            array_map(fn (string $end) => @unlink($this->file . $end), ['', '-wal', '-shm', '-journal', '.away']);
        }
    }
}
