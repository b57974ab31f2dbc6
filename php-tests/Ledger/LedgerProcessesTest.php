<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;

/**
 * Many processes on one database: four workers with Sync, killed at random and started again, a notify endpoint of four
 * processes that gets every notice twice, a gateway with faults, the database server killed once. Afterwards plain SQL
 * says whether every paid order was credited exactly once.
 *
 * LEDGER_ORDERS sets the number of orders for each database.
 *
 * @group slow
 */
#[Group('slow')]
final class LedgerProcessesTest extends LedgerTestCase
{
    use ShopProcesses;

    private const ORDERS = 2000;
    private const WORKERS = 4;
    /** Processes that send notices. */
    private const TELLERS = 3;
    /** Of ten orders seven are paid and told, two are paid and the notice is lost, one is not paid. */
    private const TOLD = 7;
    private const PAID = 9;
    /** What the gateway does wrong; each so often for every twentieth order. */
    private const FAULTS = ['system_error', 'status_502', 'reset_mid_body', 'bad_sign', 'swapped_order'];

    /** @return iterable<string, array{string, int, ?string}> */
    public static function houses(): iterable
    {
        $count = (int) (getenv('LEDGER_ORDERS') ?: self::ORDERS);
        yield 'sqlite' => ['sqlite', $count, 'WAL'];
        // Its writers wait for readers too, and for the disk thrice: a fifth of the speed.
        yield 'sqlite with a rollback journal' => ['sqlite', intdiv($count, 10), 'DELETE'];
        yield 'mariadb' => ['mariadb', $count, null];
        yield 'pgsql' => ['pgsql', $count, null];
    }

    /** @dataProvider houses */
    #[DataProvider('houses')]
    public function testF10F11F18L1L3L6EveryPaidOrderIsCreditedOnceWhateverDies(string $database, int $count, ?string $journal): void
    {
        $started = microtime(true);
        self::$simulator->reset();
        if ($journal !== null) {
            $this->pdo->exec("PRAGMA journal_mode = $journal");
        }
        $this->startEndpoint(4);
        $this->openOrders($count);
        $this->spoil($count);
        $tellers = $this->startTellers($count);
        foreach (range(1, self::WORKERS) as $at) {
            $this->processes[$at] = $this->startWorker();
        }
        $paid = $this->number($count, 0, self::PAID);
        $deadline = $started + 120 + $count / 10;
        $restartAt = intdiv($paid, 2);
        for ($turns = $kills = 0; ($left = $paid - $this->paid()) > 0 && microtime(true) < $deadline; $turns++) {
            $this->killOneWorker();
            $kills++;
            if ($turns % 4 === 0) {
                $this->everythingIsDue();
            }
            if ($left < $restartAt) {
                $this->database->restart();
                $restartAt = 0;
            }
            usleep(250_000);
        }
        self::assertSame(0, $left, "orders not credited after $kills kills");
        self::assertSame(0, $restartAt, 'the database was killed once');
        $notices = $this->toldBy($tellers);
        self::assertSame(2 * $this->number($count, 0, self::TOLD), $notices['OK'], 'every notice came twice and was answered SUCCESS');
        array_map($this->kill(...), $this->processes);
        $this->processes = [];
        $faults = \count(self::FAULTS) * intdiv($count, 20) - array_sum(array_column(self::$simulator->control('GET', '/faults'), 'times'));
        self::assertGreaterThan(0, $faults);
        $this->assertInvariants($count);
        $repeated = array_diff_key($notices, ['OK' => 0]);
        fwrite(STDERR, sprintf(
            "\n  %s%s: %d orders, %d notices (%s), %d orders told by notice and query, %d faults of the gateway, "
            . "%d of %d workers killed, %s: all well after %.0f s\n",
            $database,
            $journal === null ? '' : " ($journal)",
            $count,
            array_sum($notices),
            $repeated === [] ? 'none answered FAIL' : 'answered FAIL and repeated: ' . json_encode($repeated, JSON_UNESCAPED_SLASHES),
            $this->toldTwice(),
            $faults,
            $kills,
            $kills + self::WORKERS,
            $database === 'sqlite' ? 'no server to kill' : 'the server killed once',
            microtime(true) - $started,
        ));
    }

    private function killOneWorker(): void
    {
        $at = random_int(1, self::WORKERS);
        $this->kill($this->processes[$at]);
        $this->processes[$at] = $this->startWorker();
    }

    private static function numberAt(int $at): string
    {
        return sprintf('many-%05d', $at);
    }

    /** How many of so many orders are of these kinds. */
    private function number(int $count, int $from, int $to): int
    {
        return \count(array_filter(range(0, $count - 1), fn (int $at) => $at % 10 >= $from && $at % 10 < $to));
    }

    private function openOrders(int $count): void
    {
        $ledger = $this->shop($this->pdo);
        $this->pdo->beginTransaction();
        for ($at = 0; $at < $count; $at++) {
            $ledger->open($this->merchant, self::numberAt($at), 100 + $at);
        }
        $this->pdo->commit();
    }

    private function spoil(int $count): void
    {
        foreach (self::FAULTS as $fault) {
            $rule = ['fault' => $fault, 'path' => '/pay/orderquery', 'times' => intdiv($count, 20)];
            self::$simulator->control('POST', '/faults', $rule);
        }
    }

    /**
     * Payers pay, and WeChat tells it, while the workers work.
     *
     * @return array<int, resource> where each process says how its notices were answered, by pid
     */
    private function startTellers(int $count): array
    {
        $tellers = [];
        for ($teller = 0; $teller < self::TELLERS; $teller++) {
            [$here, $there] = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);
            $child = pcntl_fork();
            if ($child === 0) {
                try {
                    fwrite($there, json_encode($this->payAndTell($teller, $count)));
                } catch (\Throwable $e) {
                    fwrite($there, $e->getMessage());
                }
                posix_kill(getmypid(), SIGKILL);
            }
            fclose($there);
            $tellers[$child] = $here;
        }
        return $tellers;
    }

    /** @return array<string, int> how often each answer came */
    private function payAndTell(int $teller, int $count): array
    {
        $answers = [];
        for ($at = $teller; $at < $count; $at += self::TELLERS) {
            if ($at % 10 >= self::PAID) {
                self::$simulator->control('POST', '/orders', ['out_trade_no' => self::numberAt($at), 'total_fee' => 100 + $at]);
                continue;
            }
            $this->paidThere(self::numberAt($at), 100 + $at);
            // What is not answered SUCCESS comes again.
            for ($copies = $at % 10 < self::TOLD ? 2 : 0; $copies > 0; $copies = \count($refused)) {
                $sent = $this->tell(self::numberAt($at), $copies);
                $refused = array_filter($sent, fn (array $one): bool => !$one['accepted']);
                foreach ($sent as $one) {
                    $answer = preg_match('~msg><!\[CDATA\[(.*?)]]~', (string) $one['reply'], $said) ? $said[1] : 'no reply';
                    $answers[$answer] = ($answers[$answer] ?? 0) + 1;
                }
                $refused === [] || usleep(200_000);
            }
        }
        return $answers;
    }

    /**
     * @param array<int, resource> $tellers
     *
     * @return array<string, int> how often each answer came
     */
    private function toldBy(array $tellers): array
    {
        $sums = [];
        foreach ($tellers as $child => $here) {
            $said = stream_get_contents($here);
            pcntl_waitpid($child, $status);
            $answers = json_decode($said, true);
            self::assertIsArray($answers, $said);
            foreach ($answers as $answer => $times) {
                $sums[$answer] = ($sums[$answer] ?? 0) + $times;
            }
        }
        return $sums;
    }

    /** Time passes: polls are due, leases of the dead are over, of the living too. */
    private function everythingIsDue(): void
    {
        try {
            $this->database->connect()->exec('UPDATE wechatpay_order SET due_at = 0, attempt = 0 WHERE due_at IS NOT NULL');
        } catch (\PDOException) {
            // A deadlock with a worker: the next turn does it.
        }
    }

    private function paid(): int
    {
        return (int) $this->database->connect()->query("SELECT COUNT(*) FROM wechatpay_order WHERE state = 'PAID'")->fetchColumn();
    }

    /** Orders whose payment both a notice and a query have told. */
    private function toldTwice(): int
    {
        $evidence = "SELECT out_trade_no FROM wechatpay_evidence WHERE observed = 'SUCCESS' GROUP BY out_trade_no HAVING COUNT(DISTINCT source) > 1";
        return \count($this->database->connect()->query($evidence)->fetchAll());
    }

    private function assertInvariants(int $count): void
    {
        $pdo = $this->database->connect();
        $wrong = fn (string $sql): array => $pdo->query($sql)->fetchAll(\PDO::FETCH_NUM);
        self::assertSame([], $wrong(
            'SELECT trade, COUNT(*) FROM balance GROUP BY trade HAVING COUNT(*) > 1',
        ), 'the shop books each order once');
        self::assertSame([], $wrong(
            'SELECT o.out_trade_no FROM wechatpay_order o JOIN balance b ON b.trade = o.out_trade_no
             JOIN wechatpay_credit c ON c.order_id = o.id
             WHERE b.fen <> o.total_fee OR c.total_fee <> o.total_fee OR c.transaction_id <> o.transaction_id',
        ), 'credit = order = booked');
        self::assertSame([], $wrong(
            "SELECT o.out_trade_no FROM wechatpay_order o LEFT JOIN wechatpay_credit c ON c.order_id = o.id
             LEFT JOIN balance b ON b.trade = o.out_trade_no
             WHERE (o.state = 'PAID') <> (c.id IS NOT NULL) OR (c.id IS NOT NULL) <> (b.trade IS NOT NULL)",
        ), 'paid, credited and booked together or not at all');
        self::assertSame([], $wrong(
            'SELECT transaction_id FROM wechatpay_credit GROUP BY transaction_id HAVING COUNT(*) > 1',
        ), 'no payment is credited twice');
        self::assertSame([], $wrong(
            'SELECT c.out_trade_no FROM wechatpay_credit c LEFT JOIN wechatpay_evidence e
             ON e.order_id = c.order_id AND e.sha256 = c.sha256 WHERE e.id IS NULL',
        ), 'no credit without evidence');
        self::assertSame([], $wrong(
            "SELECT out_trade_no FROM wechatpay_order WHERE state = 'CREATED' AND due_at IS NULL",
        ), 'an open order has a next poll');
        self::assertSame([], $wrong(
            "SELECT order_id FROM wechatpay_outbox WHERE topic = 'PAID' GROUP BY order_id HAVING COUNT(*) > 1",
        ), 'one message for each payment');
        $paid = $this->number($count, 0, self::PAID);
        foreach (['balance', 'wechatpay_credit', 'wechatpay_outbox'] as $table) {
            self::assertSame($paid, (int) $wrong("SELECT COUNT(*) FROM $table")[0][0], $table);
        }
        $states = array_column($wrong('SELECT out_trade_no, state FROM wechatpay_order'), 1, 0);
        for ($at = 0; $at < $count; $at++) {
            self::assertSame($at % 10 < self::PAID ? 'PAID' : 'CREATED', $states[self::numberAt($at)]);
        }
        $booked = array_column($wrong('SELECT trade, fen FROM balance'), 1, 0);
        foreach ($booked as $number => $fen) {
            self::assertSame(100 + (int) substr($number, 5), (int) $fen, 'the amount the payer paid');
        }
    }
}
