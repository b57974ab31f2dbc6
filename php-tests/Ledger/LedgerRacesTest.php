<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;
use WechatPay\Gateway;
use WechatPay\Notification;
use WechatPay\Sync;
use WechatPay\Transition;

/**
 * The same moment, many processes: copies of a notice, notice and query, deadlocks, claims.
 *
 * @group slow
 */
#[Group('slow')]
final class LedgerRacesTest extends LedgerTestCase
{
    use ShopProcesses;

    private const COPIES = 50;
    /** WeChat waits so long for a reply. */
    private const PATIENCE_MS = 5000;

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testF10FiftyCopiesInFiftyProcessesAreCreditedOnce(string $database): void
    {
        $this->open($this->shop($this->pdo));
        $body = Notification::sign(self::payment(), $this->merchant);
        $ends = self::atOnce(array_fill(0, self::COPIES, function () use ($body): \Closure {
            $ledger = $this->shop($this->database->connect());
            return function () use ($ledger, $body): array {
                $begun = microtime(true);
                $t = $ledger->applyNotification(Notification::read($body, $this->merchant));
                return [$t->credited, $t->to->name, (string) $t->reply(), (microtime(true) - $begun) * 1000];
            };
        }));
        self::assertSame([], array_filter($ends, is_string(...)), 'nobody failed');
        self::assertCount(1, array_filter(array_column($ends, 0)), 'one credited');
        self::assertSame(['Paid'], array_values(array_unique(array_column($ends, 1))));
        self::assertSame([Notification::success()], array_values(array_unique(array_column($ends, 2))));
        self::assertLessThan(self::PATIENCE_MS, max(array_column($ends, 3)));
        $this->assertCreditedOnce('T00001');
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testF10FiftyCopiesAtAnEndpointOfEightAreAllAnsweredSuccess(string $database): void
    {
        $this->startEndpoint(8);
        $this->open($this->shop($this->pdo));
        $this->paidThere('T00001', 100);
        $replies = $this->tell('T00001', self::COPIES);
        self::assertCount(self::COPIES, $replies);
        self::assertSame([Notification::success()], array_values(array_unique(array_column($replies, 'reply'))));
        self::assertLessThan(self::PATIENCE_MS, max(array_column($replies, 'took_ms')));
        $this->assertCreditedOnce('T00001');
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testF11NoticeAndQueryAtTheSameMomentCreditOnce(string $database): void
    {
        $numbers = array_map(fn (int $at) => 'T' . (10000 + $at), range(0, 24));
        foreach ($numbers as $number) {
            $this->open($this->shop($this->pdo), $number);
        }
        $source = fn (bool $told): \Closure => function () use ($numbers, $told): \Closure {
            $ledger = $this->shop($this->database->connect());
            return function () use ($ledger, $numbers, $told): array {
                $ends = [];
                foreach ($numbers as $number) {
                    $notice = $this->notice(out_trade_no: $number, transaction_id: "42$number", is_subscribe: $told ? 'Y' : 'N');
                    $t = $told ? $ledger->applyNotification($notice) : $ledger->apply($notice->order);
                    $ends[$number] = [$t->credited, $t->to->name];
                }
                return $ends;
            };
        };
        [$told, $asked] = self::atOnce([$source(true), $source(false)]);
        self::assertIsArray($told, print_r($told, true));
        self::assertIsArray($asked, print_r($asked, true));
        foreach ($numbers as $number) {
            self::assertSame(['Paid', 'Paid'], [$told[$number][1], $asked[$number][1]]);
            self::assertNotSame($told[$number][0], $asked[$number][0], "$number: one of the two credited, the other saw a duplicate");
            $this->assertCreditedOnce($number);
        }
        $sources = "SELECT COUNT(DISTINCT source) FROM wechatpay_evidence GROUP BY out_trade_no";
        $sources = $this->pdo->query($sources)->fetchAll(\PDO::FETCH_COLUMN);
        self::assertSame(array_fill(0, 25, 2), array_map(intval(...), $sources), 'both are kept as evidence');
    }

    /** @dataProvider servers */
    #[DataProvider('servers')]
    public function testL4ADeadlockBetweenTwoCallbacksIsResolvedAndBothAreCredited(string $database): void
    {
        $this->pdo->exec('CREATE TABLE stock (id INT PRIMARY KEY, sold INT NOT NULL)');
        $this->pdo->exec('INSERT INTO stock VALUES (1, 0), (2, 0)');
        $streams = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);
        $seller = fn (int $first, string $number): \Closure => function () use ($first, $number, $streams): \Closure {
            $runs = 0;
            $ledger = $this->shop($this->database->connect(), onCredit: function (Transition $t, \PDO $pdo) use (&$runs, $first, $streams): void {
                $pdo->exec("UPDATE stock SET sold = sold + 1 WHERE id = $first");
                if (++$runs === 1) {
                    // Both have their first row before either asks for its second.
                    fwrite($streams[$first - 1], '.');
                    fread($streams[$first - 1], 1);
                }
                $pdo->exec('UPDATE stock SET sold = sold + 1 WHERE id = ' . 3 - $first);
                self::book(1)($t, $pdo);
            });
            $this->open($ledger, $number);
            $order = $this->order(out_trade_no: $number, transaction_id: "42$number");
            return function () use ($ledger, $order, &$runs): array {
                return [$ledger->apply($order)->credited, $runs];
            };
        };
        $ends = self::atOnce([$seller(1, 'T00001'), $seller(2, 'T00002')]);
        self::assertSame([], array_filter($ends, is_string(...)), 'nobody failed');
        self::assertSame([true, true], array_column($ends, 0));
        self::assertGreaterThan(2, array_sum(array_column($ends, 1)), 'one of the two was the victim and ran again');
        self::assertSame([[100], [100]], [$this->booked('T00001'), $this->booked('T00002')]);
        $sold = $this->pdo->query('SELECT sold FROM stock ORDER BY id')->fetchAll(\PDO::FETCH_COLUMN);
        self::assertSame([2, 2], array_map(intval(...), $sold), 'what was rolled back is not counted');
    }

    public function testL4ACommitThatMeetsAReaderOfSqliteIsTriedAgainAsAWhole(): void
    {
        $runs = 0;
        $impatient = $this->database->connect(options: [\PDO::ATTR_TIMEOUT => 1]);
        $ledger = $this->shop($impatient, onCredit: function (Transition $t, \PDO $pdo) use (&$runs): void {
            $runs++;
            self::book(1)($t, $pdo);
        });
        $this->open($ledger);
        $code = sprintf(
            '$pdo = new PDO(...unserialize(base64_decode(%s))); $pdo->beginTransaction();
             $rows = $pdo->query("SELECT * FROM wechatpay_schema"); $rows->fetch(); echo "read"; usleep(2000000);',
            var_export(base64_encode(serialize($this->database->arguments())), true),
        );
        $reader = proc_open([PHP_BINARY, '-r', $code], [1 => ['pipe', 'w']], $pipes);
        self::assertSame('read', fread($pipes[1], 4));
        self::assertTrue($ledger->apply($this->order())->credited);
        self::assertGreaterThan(1, $runs, 'the reader kept the first COMMIT from its lock');
        self::assertSame(0, proc_close($reader));
        $this->assertCreditedOnce('T00001');
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testL6FourWorkersClaimEachDueOrderOnce(string $database): void
    {
        $orders = 120;
        for ($at = 0; $at < $orders; $at++) {
            $number = 'T' . (10000 + $at);
            $this->open($this->shop($this->pdo), $number);
            self::$simulator->control('POST', '/orders', ['out_trade_no' => $number, 'total_fee' => 100]);
        }
        // Old enough not to be due again within a minute, too young to be given up.
        $this->pdo->exec('UPDATE wechatpay_order SET due_at = 1, created_at = created_at - 5400000');
        $ends = self::atOnce(array_fill(0, 4, function (): \Closure {
            $gateway = new Gateway(self::$simulator->url, caFile: self::$simulator->caFile);
            $sync = new Sync($this->shop($this->database->connect(), gateway: $gateway), $this->merchant);
            return function () use ($sync): array {
                $report = $sync->run(0, batch: 7);
                return [$report->claimed, $report->asked, $report->faults];
            };
        }));
        self::assertSame([], array_filter($ends, is_string(...)), 'nobody failed');
        self::assertSame([$orders, $orders, 0], array_map(fn (int $column) => array_sum(array_column($ends, $column)), [0, 1, 2]));
        self::assertGreaterThan(1, \count(array_filter(array_column($ends, 0))), 'more than one had work');
        $epochs = $this->pdo->query('SELECT DISTINCT epoch FROM wechatpay_order')->fetchAll(\PDO::FETCH_COLUMN);
        self::assertSame([1], array_map(intval(...), $epochs), 'each was claimed once');
    }

    /** @dataProvider servers */
    #[DataProvider('servers')]
    public function testL6ARowLockedByAnotherIsSkippedAndNotWaitedFor(string $database): void
    {
        foreach (['T00001', 'T00002'] as $number) {
            $this->open($this->shop($this->pdo), $number);
            self::$simulator->control('POST', '/orders', ['out_trade_no' => $number, 'total_fee' => 100]);
        }
        $this->pdo->exec('UPDATE wechatpay_order SET due_at = 1');
        $this->pdo->beginTransaction();
        $row = "mch_id = '10000100' AND sub_mch_id = '' AND out_trade_no = 'T00001'";
        $this->pdo->query("SELECT id FROM wechatpay_order WHERE $row FOR UPDATE")->fetchAll();
        $gateway = new Gateway(self::$simulator->url, caFile: self::$simulator->caFile);
        $sync = new Sync($this->shop($this->database->connect(), gateway: $gateway), $this->merchant);
        $begun = microtime(true);
        self::assertSame(1, $sync->run(0)->claimed);
        self::assertLessThan(2, microtime(true) - $begun);
        $this->pdo->commit();
        self::assertSame(1, $sync->run(0)->claimed);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testF18WhileTheDatabaseIsDownTheReplyIsFailAndTheNextNoticeIsCredited(string $database): void
    {
        $this->startEndpoint(2);
        $this->open($this->shop($this->pdo));
        $this->paidThere('T00001', 100);
        unset($this->pdo);
        $this->database->whileDown(function (): void {
            foreach ($this->tell('T00001', 2) as $sent) {
                self::assertSame(200, $sent['status']);
                self::assertStringContainsString('<return_code><![CDATA[FAIL]]></return_code>', $sent['reply']);
                self::assertLessThan(self::PATIENCE_MS, $sent['took_ms']);
            }
        });
        self::assertSame([], $this->booked());
        self::assertSame([true], array_column($this->tell('T00001', 1), 'accepted'));
        $this->assertCreditedOnce('T00001');
    }

    /** By SQL, which knows nothing of the ledger's own answers. */
    private function assertCreditedOnce(string $number): void
    {
        $pdo = $this->database->connect();
        self::assertSame([100], $this->booked($number, $pdo));
        $count = fn (string $from): int => (int) $pdo->query("SELECT COUNT(*) FROM $from")->fetchColumn();
        self::assertSame(1, $count("wechatpay_credit WHERE out_trade_no = '$number'"));
        self::assertSame(1, $count("wechatpay_order WHERE out_trade_no = '$number' AND state = 'PAID' AND credited = 1"));
        self::assertSame(1, $count("wechatpay_outbox b JOIN wechatpay_order o ON o.id = b.order_id WHERE o.out_trade_no = '$number'"));
    }
}
