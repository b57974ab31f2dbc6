<?php

declare(strict_types=1);

namespace Shop;

/** The shop's connection, and the few things that its pages ask of it. */
final class Database
{
    public readonly \PDO $pdo;

    public function __construct(Settings $settings)
    {
        $options = [
            \PDO::ATTR_ERRMODE => \PDO::ERRMODE_EXCEPTION,
            \PDO::ATTR_DEFAULT_FETCH_MODE => \PDO::FETCH_ASSOC,
            \PDO::ATTR_TIMEOUT => 5,
        ];
        if (str_starts_with($settings->dsn, 'mysql:')) {
            // It shall count the rows that a statement finds, as the others do, not only those that are other ones afterwards.
            $options[\constant(class_exists('Pdo\Mysql') ? 'Pdo\Mysql::ATTR_FOUND_ROWS' : \PDO::class . '::MYSQL_ATTR_FOUND_ROWS')] = true;
        }
        $this->pdo = new \PDO($settings->dsn, $settings->user, $settings->password, $options);
    }

    /** Makes the shop's tables where there are none, with something to sell. Call it when you deploy. */
    public function install(): void
    {
        $driver = $this->pdo->getAttribute(\PDO::ATTR_DRIVER_NAME);
        $driver === 'sqlite' && $this->pdo->exec('PRAGMA journal_mode = WAL');   // pages and worker at the same time
        $charset = $driver === 'mysql' ? ' CHARACTER SET utf8mb4 COLLATE utf8mb4_bin' : '';
        $sql = file_get_contents(\dirname(__DIR__) . '/schema.sql') . file_get_contents(__DIR__ . '/Office/schema.sql');
        $sql = preg_replace('~^--.*$~m', '', $sql);
        foreach (array_filter(array_map(trim(...), explode(';', $sql))) as $table) {
            $this->pdo->exec($table . $charset);
        }
        if ($this->value('SELECT COUNT(*) FROM goods') > 0) {
            return;
        }
        $this->insert('goods', ['sku' => 'coffee', 'name' => '手冲咖啡 Hand drip coffee', 'fen' => 2800, 'stock' => 100, 'points' => 280]);
        $this->insert('goods', ['sku' => 'tea', 'name' => '龙井茶 Longjing tea', 'fen' => 1230, 'stock' => 100, 'points' => 120]);
        $this->insert('goods', ['sku' => 'candy', 'name' => '一颗糖 One sweet', 'fen' => 1, 'stock' => 1000, 'points' => null]);
    }

    /**
     * Runs a statement; gives how many rows it was about.
     *
     * @param list<mixed> $values
     */
    public function run(string $sql, array $values = []): int
    {
        $statement = $this->pdo->prepare($sql);
        $statement->execute($values);
        return $statement->rowCount();
    }

    /** @param array<string, mixed> $row by column */
    public function insert(string $table, array $row): void
    {
        $marks = implode(', ', array_fill(0, \count($row), '?'));
        $this->run("INSERT INTO $table (" . implode(', ', array_keys($row)) . ") VALUES ($marks)", array_values($row));
    }

    /**
     * @param list<mixed> $values
     *
     * @return list<array<string, mixed>>
     */
    public function rows(string $sql, array $values = []): array
    {
        $statement = $this->pdo->prepare($sql);
        $statement->execute($values);
        return $statement->fetchAll();
    }

    /**
     * @param list<mixed> $values
     *
     * @return array<string, mixed>|null
     */
    public function row(string $sql, array $values = []): ?array
    {
        return $this->rows($sql, $values)[0] ?? null;
    }

    /**
     * A number; 0 where there is none.
     *
     * @param list<mixed> $values
     */
    public function value(string $sql, array $values = []): int
    {
        return (int) current($this->row($sql, $values) ?? [0]);
    }

    /**
     * All of it or nothing.
     *
     * @template T
     * @param callable(): T $work
     * @return T
     */
    public function together(callable $work): mixed
    {
        $this->pdo->beginTransaction();
        try {
            $result = $work();
            $this->pdo->commit();
            return $result;
        } catch (\Throwable $e) {
            $this->pdo->rollBack();
            throw $e;
        }
    }

    /** Was it refused because such a row is there already? */
    public static function isDouble(\PDOException $e): bool
    {
        return \in_array($e->errorInfo[0] ?? '', ['23000', '23505'], true);
    }
}
