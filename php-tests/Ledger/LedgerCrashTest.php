<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;
use WechatPay\DifferenceState;
use WechatPay\Gateway;
use WechatPay\Ledger;
use WechatPay\LedgerState;
use WechatPay\Merchant;
use WechatPay\Notification;
use WechatPay\OrderQuery;
use WechatPay\Sync;
use WechatPay\TradeState;

/**
 * A process is killed by SIGKILL before and after each thing it does with the database, each call to the gateway and each
 * acknowledgement. Each test says which named steps it must have met, before and after.
 *
 * @group slow
 */
#[Group('slow')]
final class LedgerCrashTest extends LedgerSimulatorTestCase
{
    private const APPLYING = ['compare-and-set', 'evidence', 'credit', 'outbox', 'callback', 'commit'];

    /** Where children were killed: "before credit". @var list<string> */
    private array $met = [];
    private int $points = 0;

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testL1KilledAtEachStepOfAnApply(string $database): void
    {
        do {
            $number = $this->nextNumber();
            $this->open($this->shop($this->pdo), $number);
            $notice = $this->notice(out_trade_no: $number, transaction_id: "42$number");
            $ended = $this->killed(function (Ledger $ledger, \PDO $pdo, \Closure $acknowledge) use ($notice): void {
                $acknowledge((string) $ledger->applyNotification($notice)->reply());
            });
            $this->assertWhole($number);
            $again = $this->shop($this->database->connect())->applyNotification($notice);
            self::assertSame(Notification::success(), (string) $again->reply());
            self::assertSame([100], $this->booked($number), "killed at point $this->points");
        } while (!$ended);
        $this->assertMet('an apply', 'begin', 'acknowledgement', ...self::APPLYING);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testL1KilledAtEachStepOfAnApplyInTheShopsTransaction(string $database): void
    {
        do {
            $number = $this->nextNumber();
            $this->open($this->shop($this->pdo), $number);
            $order = $this->order(out_trade_no: $number, transaction_id: "42$number");
            $ended = $this->killed(function (Ledger $ledger, \PDO $pdo) use ($order, $number): void {
                $pdo->beginTransaction();
                $pdo->exec("INSERT INTO balance VALUES ('outer-$number', 1)");
                $ledger->apply($order);
                $pdo->commit();
            });
            $paid = $this->assertWhole($number);
            self::assertSame($paid ? [1] : [], $this->booked("outer-$number"), 'the shop commits both or none');
            $this->shop($this->database->connect())->apply($order);
            self::assertSame([100], $this->booked($number), "killed at point $this->points");
        } while (!$ended);
        $this->assertMet('a joined apply', 'begin', 'savepoint', ...self::APPLYING);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testL1KilledAtEachStepOfSync(string $database): void
    {
        do {
            $number = $this->nextNumber();
            $this->open($this->shop($this->pdo), $number);
            $this->ordered($number, 'SUCCESS');
            $this->pass(10, $number);
            $ended = $this->killed(fn (Ledger $ledger) => (new Sync($ledger, $this->merchant))->run(0));
            $this->assertWhole($number);
            $this->carryOn($number);
            self::assertSame([100], $this->booked($number), "killed at point $this->points");
        } while (!$ended);
        $this->assertMet('Sync', 'claim', 'call', ...self::APPLYING);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testL1KilledAtEachStepOfTheOutbox(string $database): void
    {
        $arrived = tempnam(sys_get_temp_dir(), 'wechatpay-outbox-');
        try {
            do {
                $number = $this->nextNumber();
                $ledger = $this->shop($this->database->connect());
                $this->open($ledger, $number);
                $ledger->apply($this->order(out_trade_no: $number, transaction_id: "42$number"));
                $deliver = fn (string $topic, array $payload) => file_put_contents($arrived, $payload['out_trade_no'] . "\n", FILE_APPEND);
                $ended = $this->killed(fn (Ledger $ledger, \PDO $pdo, \Closure $acknowledge) => $ledger->outbox(
                    fn (string $topic, array $payload) => DyingPdo::around('delivery', fn () => $deliver($topic, $payload)),
                ));
                $this->database->connect()->exec('UPDATE wechatpay_outbox SET due_at = 0 WHERE due_at IS NOT NULL');
                $ledger->outbox($deliver);
                $left = 'SELECT COUNT(*) FROM wechatpay_outbox WHERE done_at IS NULL';
                self::assertSame(0, (int) $this->database->connect()->query($left)->fetchColumn());
                $times = array_count_values(file($arrived, FILE_IGNORE_NEW_LINES))[$number] ?? 0;
                self::assertContains($times, [1, 2], "killed at point $this->points: delivered, and repeated once at most");
            } while (!$ended);
        } finally {
            unlink($arrived);
        }
        $this->assertMet('the outbox', 'claim', 'delivery', 'acknowledgement');
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testL1L17KilledAtEachStepOfARefundItIsCarriedOnUnderItsNumber(string $database): void
    {
        do {
            $number = $this->nextNumber();
            $ledger = $this->shop($this->database->connect(), gateway: $this->gateway);
            $this->open($ledger, $number);
            $this->ordered($number, 'SUCCESS');
            $ledger->apply((new OrderQuery($this->merchant, $this->gateway))->byOutTradeNo($number));
            $ended = $this->killed(fn (Ledger $ledger) => $ledger->refund($this->merchant, $number, "$number-R", 40));
            $stored = $this->intents($number);
            self::assertContains($stored, [[], ["$number-R"]]);
            if ($stored === []) {
                self::assertSame([], $this->refundsThere($number), 'nothing is asked for that was not written down');
            }
            $this->carryOn($number);
            $expected = $stored === [] ? LedgerState::Paid : LedgerState::PartiallyRefunded;
            self::assertSame($expected, $ledger->find($this->merchant, $number)->state, "killed at point $this->points");
            $again = $ledger->refund($this->merchant, $number, "$number-R", 40);
            self::assertSame([LedgerState::PartiallyRefunded, 40], [$again->to, $again->entry->refundedFee]);
            self::assertSame(["$number-R"], $this->refundsThere($number), 'one refund, however often it was asked for');
        } while (!$ended);
        $this->assertMet('a refund', 'intent', 'compare-and-set', 'evidence', 'commit', 'call');
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testL1L16KilledAtEachStepOfACloseThePaymentIsNeverLost(string $database): void
    {
        $seen = [];
        do {
            $number = $this->nextNumber();
            $ledger = $this->shop($this->database->connect(), gateway: $this->gateway);
            $this->open($ledger, $number);
            $this->ordered($number, 'NOTPAY');
            $this->pass(600, $number);
            $ended = $this->killed(fn (Ledger $ledger) => $ledger->close($this->merchant, $number));
            if ($this->points % 2 === 0) {
                $this->tryToPay($number);
            }
            $this->carryOn($number);
            $ledger->close($this->merchant, $number);
            $there = (new OrderQuery($this->merchant, $this->gateway))->byOutTradeNo($number)->tradeState;
            $here = $ledger->find($this->merchant, $number)->state;
            self::assertContains([$there, $here], [
                [TradeState::Success, LedgerState::Paid], [TradeState::Closed, LedgerState::Closed],
            ], "killed at point $this->points");
            self::assertSame($here === LedgerState::Paid ? [100] : [], $this->booked($number));
            $seen[$here->name] = true;
        } while (!$ended);
        self::assertCount(2, $seen, 'some were paid meanwhile, some were not');
        $this->assertMet('a close', 'compare-and-set', 'evidence', 'commit', 'call');
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testB13KilledAtEachStepOfADayItIsDoneByTheNextWorker(string $database): void
    {
        $day = (new \DateTimeImmutable('-2 days', new \DateTimeZone('Asia/Shanghai')))->format('Y-m-d');
        $this->merchant = new Merchant(SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY);
        $twoDays = 2 * 86_400_000;
        self::$simulator->control('POST', '/clock', ['advance_ms' => -$twoDays]);
        foreach (['T1', 'T2', 'STRANGER'] as $number) {
            self::$simulator->control('POST', '/orders', ['out_trade_no' => $number, 'total_fee' => 100, 'trade_state' => 'SUCCESS']);
        }
        self::$simulator->control('POST', '/clock', ['advance_ms' => $twoDays]);
        do {
            $this->nextNumber();
            $pdo = $this->database->connect();
            foreach (['wechatpay_difference', 'wechatpay_day', 'wechatpay_outbox', 'wechatpay_evidence', 'wechatpay_credit', 'wechatpay_order', 'balance'] as $table) {
                $pdo->exec("DELETE FROM $table");
            }
            $this->open($this->shop($pdo), 'T1');
            $this->open($this->shop($pdo), 'T2');
            $ended = $this->killed(fn (Ledger $ledger) => $ledger->reconcileDay($this->merchant, $day));
            $pdo = $this->database->connect();
            $pdo->exec('UPDATE wechatpay_day SET due_at = 0 WHERE due_at IS NOT NULL');
            $next = $this->shop($pdo, gateway: $this->gateway);
            $report = $next->reconcileDay($this->merchant, $day);
            $open = array_map(static fn ($d): string => $d->kind->name . ' ' . $d->key, $next->differences($this->merchant, DifferenceState::Open));
            self::assertSame(['StateDiffers STRANGER'], $open, "killed at point $this->points");
            self::assertSame([[100], [100], []], array_map($this->booked(...), ['T1', 'T2', 'STRANGER']), "killed at point $this->points");
            self::assertSame([3, 200], [$report->theirs['payments']['count'], $report->ours['payments']['totalFee']]);
            self::assertSame([], array_intersect([$day], $next->missingDays($this->merchant, $day)));
        } while (!$ended);
        $this->assertMet('a day', 'day', 'call', 'difference', ...self::APPLYING);
    }

    private function nextNumber(): string
    {
        return 'T' . (10000 + ++$this->points);
    }

    private function ordered(string $number, string $state): void
    {
        self::$simulator->control('POST', '/orders', [
            'out_trade_no' => $number, 'total_fee' => 100, 'trade_state' => $state, 'created_ago_ms' => 600_000,
        ]);
    }

    /** The payer pays, unless the order is closed already. */
    private function tryToPay(string $number): void
    {
        try {
            self::$simulator->control('POST', '/pay', ['out_trade_no' => $number]);
        } catch (\RuntimeException $e) {
            self::assertStringContainsString('409', $e->getMessage());
        }
    }

    /** Leases end, and the next worker comes. */
    private function carryOn(string $number): void
    {
        $this->pass(300, $number);
        (new Sync($this->shop($this->database->connect(), gateway: $this->gateway), $this->merchant))->run(0);
    }

    /** @return list<string> */
    private function intents(string $number): array
    {
        $rows = $this->database->connect()->query("SELECT out_refund_no FROM wechatpay_refund WHERE out_refund_no LIKE '$number%'");
        return $rows->fetchAll(\PDO::FETCH_COLUMN);
    }

    /** @return list<string> */
    private function refundsThere(string $number): array
    {
        $numbers = array_column(self::$simulator->control('GET', '/refunds'), 'out_refund_no');
        return array_values(array_filter($numbers, fn (string $one): bool => str_starts_with($one, $number)));
    }

    /** Works in a child that is killed at the next point; true if it had fewer. */
    private function killed(callable $work): bool
    {
        [$here, $there] = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);
        $child = pcntl_fork();
        if ($child === 0) {
            try {
                DyingPdo::$left = null;
                DyingPdo::$last = $there;
                $pdo = $this->database->connect(DyingPdo::class);
                $pdo->setAttribute(\PDO::ATTR_STATEMENT_CLASS, [DyingStatement::class]);
                $gateway = new Gateway(self::$simulator->url, caFile: self::$simulator->caFile, onAttempt: fn () => DyingPdo::step('after call'));
                $ledger = $this->shop($pdo, gateway: $gateway);
                DyingPdo::$left = $this->points;
                $work($ledger, $pdo, fn (string $reply) => DyingPdo::around('acknowledgement', fn () => null));
                fwrite($there, 'ended');
            } catch (\Throwable $e) {
                fwrite($there, $e::class . ': ' . $e->getMessage());
            }
            posix_kill(getmypid(), SIGKILL);
        }
        fclose($there);
        $said = stream_get_contents($here);
        pcntl_waitpid($child, $status);
        self::assertMatchesRegularExpression('~^(ended|(before|after) [a-z -]+)$~', $said);
        if ($said === 'after call' && $this->met !== []) {
            // Whoever was killed at the point before this one had nothing left to do but the call.
            $this->met[] = 'before call';
        }
        $this->met[] = $said;
        return $said === 'ended';
    }

    /** Children were killed before and after each of these. */
    private function assertMet(string $what, string ...$steps): void
    {
        foreach ($steps as $step) {
            self::assertContains("before $step", $this->met);
            self::assertContains("after $step", $this->met);
        }
        fprintf(STDERR, "\n  %s: %s killed at %d points, before and after %s\n", $this->database->kind, $what, $this->points, implode(', ', $steps));
    }

    /** Nothing is half stored; says whether it is paid. */
    private function assertWhole(string $number): bool
    {
        $pdo = $this->database->connect();
        $count = fn (string $from): int => (int) $pdo->query("SELECT COUNT(*) FROM $from")->fetchColumn();
        $paid = $count("wechatpay_order WHERE out_trade_no = '$number' AND state = 'PAID' AND credited = 1");
        $told = "wechatpay_outbox b JOIN wechatpay_order o ON o.id = b.order_id WHERE o.out_trade_no = '$number'";
        self::assertSame(
            [$paid, $paid, $paid, $paid === 1 ? [100] : []],
            [
                $count("wechatpay_credit WHERE out_trade_no = '$number'"),
                $count("wechatpay_evidence WHERE out_trade_no = '$number'"),
                $count($told),
                $this->booked($number, $pdo),
            ],
            "killed at point $this->points",
        );
        return $paid === 1;
    }
}

/** Kills its process before or after one of its calls, having said which. */
final class DyingPdo extends \PDO
{
    public static ?int $left = null;
    /** @var resource */
    public static $last;

    /** The named steps, by what their SQL looks like. */
    private const STEPS = [
        'claim' => '~^(UPDATE wechatpay_\w+ SET .* RETURNING|WITH c AS|SELECT .* SKIP LOCKED|UPDATE wechatpay_\w+ SET .* WHERE id IN \(\d)~s',
        'compare-and-set' => '~^UPDATE wechatpay_order SET state~',
        'day' => '~^(INSERT INTO|UPDATE) wechatpay_day ~',
        'difference' => '~^INSERT INTO wechatpay_difference~',
        'evidence' => '~^INSERT INTO wechatpay_evidence~',
        'credit' => '~^INSERT INTO wechatpay_credit~',
        'outbox' => '~^INSERT INTO wechatpay_outbox~',
        'intent' => '~^INSERT INTO wechatpay_refund~',
        'callback' => '~^INSERT INTO balance~',
        'savepoint' => '~^SAVEPOINT~',
        'acknowledgement' => '~^UPDATE wechatpay_outbox SET due_at = NULL~',
    ];

    public static function step(string $name): void
    {
        if (self::$left !== null && --self::$left === 0) {
            fwrite(self::$last, $name);
            posix_kill(getmypid(), SIGKILL);
        }
    }

    public static function around(string $name, \Closure $call): mixed
    {
        self::step("before $name");
        $result = $call();
        self::step("after $name");
        return $result;
    }

    /** What a statement is for. */
    public static function named(string $sql): string
    {
        foreach (self::STEPS as $name => $pattern) {
            if (preg_match($pattern, $sql)) {
                return $name;
            }
        }
        return 'another statement';
    }

    public function beginTransaction(): bool
    {
        return self::around('begin', fn () => parent::beginTransaction());
    }

    public function commit(): bool
    {
        return self::around('commit', fn () => parent::commit());
    }

    public function exec(string $statement): int|false
    {
        return self::around(self::named($statement), fn () => parent::exec($statement));
    }

    public function prepare(string $query, array $options = []): \PDOStatement|false
    {
        return self::around('a preparation', fn () => parent::prepare($query, $options));
    }
}

/** Its statements. */
final class DyingStatement extends \PDOStatement
{
    public function execute(?array $params = null): bool
    {
        return DyingPdo::around(DyingPdo::named($this->queryString), fn () => parent::execute($params));
    }

    public function fetchAll(int $mode = \PDO::FETCH_DEFAULT, mixed ...$args): array
    {
        return DyingPdo::around('rows', fn () => parent::fetchAll($mode, ...$args));
    }
}
