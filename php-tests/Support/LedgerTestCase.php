<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\TestCase;
use WechatPay\Ledger;
use WechatPay\LedgerEntry;
use WechatPay\Merchant;
use WechatPay\Notification;
use WechatPay\Order;
use WechatPay\Transition;

/** A test of the ledger on each of the three databases. Its data provider is `databases`. */
abstract class LedgerTestCase extends TestCase
{
    protected Database $database;
    protected \PDO $pdo;
    protected Merchant $merchant;

    protected function setUp(): void
    {
        $kind = $this->provided()[0] ?? 'sqlite';
        $this->database = Database::of($kind);
        $this->database->clear();
        $this->pdo = $this->database->connect();
        $this->merchant = new Merchant(SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY);
        $this->shop($this->pdo)->install();
        $bytes = $kind === 'mariadb' ? 'CHARACTER SET ascii COLLATE ascii_bin' : '';
        $this->pdo->exec("CREATE TABLE balance (trade VARCHAR(32) $bytes, fen BIGINT)");
    }

    /** What the data provider gave this test; PHPUnit 10 renamed its own method. @return array<mixed> */
    protected function provided(): array
    {
        return method_exists($this, 'providedData') ? $this->providedData() : $this->getProvidedData();
    }

    protected function tearDown(): void
    {
        unset($this->pdo);
        gc_collect_cycles();
    }

    /** @return iterable<string, array{string}> */
    public static function databases(): iterable
    {
        foreach (Database::KINDS as $kind) {
            yield $kind => [$kind];
        }
    }

    /** Those with a server. @return iterable<string, array{string}> */
    public static function servers(): iterable
    {
        yield 'mariadb' => ['mariadb'];
        yield 'pgsql' => ['pgsql'];
    }

    /**
     * Works in processes of their own, all let go at the same moment. Each piece makes its connection and gives what is to
     * be done with it. Gives what came of each; an exception as its class and message.
     *
     * @param list<callable(): callable(): mixed> $pieces
     *
     * @return list<mixed>
     */
    protected static function atOnce(array $pieces): array
    {
        [$gate, $closed] = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);
        $children = [];
        foreach ($pieces as $piece) {
            [$here, $there] = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);
            $child = pcntl_fork();
            if ($child === 0) {
                fclose($gate);
                try {
                    $work = $piece();
                    fwrite($there, '+');
                    fread($closed, 1);
                    $said = $work();
                } catch (\Throwable $e) {
                    $said = $e::class . ': ' . $e->getMessage();
                }
                fwrite($there, serialize($said));
                // No destructor and no shutdown function of the parent's.
                posix_kill(getmypid(), SIGKILL);
            }
            fclose($there);
            $children[$child] = $here;
        }
        foreach ($children as $here) {
            self::assertSame('+', fread($here, 1), 'each has its connection');
        }
        fclose($gate);
        $ends = [];
        foreach ($children as $child => $here) {
            $ends[] = unserialize(stream_get_contents($here));
            pcntl_waitpid($child, $status);
        }
        return $ends;
    }

    /** The ledger of a shop that books each credit into its own table, and back. */
    protected function shop(\PDO $pdo, mixed ...$more): Ledger
    {
        return new Ledger($pdo, ...$more + ['onCredit' => self::book(1), 'onRevoke' => self::book(-1)]);
    }

    /** @return callable(Transition, \PDO): void */
    protected static function book(int $sign): callable
    {
        return function (Transition $t, \PDO $pdo) use ($sign): void {
            $pdo->prepare('INSERT INTO balance (trade, fen) VALUES (?, ?)')
                ->execute([$t->outTradeNo, $sign * $t->entry->paidFee]);
        };
    }

    /** What the shop has booked for an order; how often does not hide in a sum. @return list<int> */
    protected function booked(string $number = 'T00001', ?\PDO $pdo = null): array
    {
        $rows = ($pdo ?? $this->database->connect())->prepare('SELECT fen FROM balance WHERE trade = ?');
        $rows->execute([$number]);
        return array_map(intval(...), $rows->fetchAll(\PDO::FETCH_COLUMN));
    }

    protected function rows(string $table, ?\PDO $pdo = null): int
    {
        $pdo ??= $this->database->connect();
        return (int) $pdo->query("SELECT COUNT(*) FROM wechatpay_$table")->fetchColumn();
    }

    /** The fields of a payment of order T00001. @return array<string, string> */
    protected static function payment(mixed ...$more): array
    {
        return array_map(strval(...), $more) + [
            'out_trade_no' => 'T00001',
            'transaction_id' => '4200000000000001',
            'total_fee' => '100',
            'trade_state' => 'SUCCESS',
        ];
    }

    /** A genuine notice. */
    protected function notice(mixed ...$fields): Notification
    {
        return Notification::read(Notification::sign(self::payment(...$fields), $this->merchant), $this->merchant);
    }

    /** A verified order. */
    protected function order(mixed ...$fields): Order
    {
        return $this->notice(...$fields)->order;
    }

    protected function open(Ledger $ledger, string $number = 'T00001', int $fen = 100): LedgerEntry
    {
        return $ledger->open($this->merchant, $number, $fen);
    }

    /** Time passes for an order, as its row says. */
    protected function pass(int $seconds, string $number = 'T00001'): void
    {
        $ms = $seconds * 1000;
        $moved = $this->database->connect()->prepare(
            "UPDATE wechatpay_order SET created_at = created_at - $ms, changed_at = changed_at - $ms, due_at = 0
             WHERE out_trade_no = ?",
        );
        $moved->execute([$number]);
    }
}
