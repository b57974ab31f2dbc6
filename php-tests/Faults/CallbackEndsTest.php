<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;

/**
 * Every way in which PHP code can end, in every callback that runs in a transaction of the ledger's, on three databases:
 * what the shop and the ledger have stored, and how the script ends. The callbacks of polls: see CallbackPollsTest.
 *
 * @group slow
 */
#[Group('slow')]
final class CallbackEndsTest extends LedgerTestCase
{
    /** Name => the statements that end the callback, and what the script says of it and ends with. */
    private const ENDS = [
        'exception' => ['throw new RuntimeException("boom");', 'Uncaught RuntimeException: boom', 255],
        'error' => ['undefined_function();', 'Call to undefined function undefined_function()', 255],
        'exit' => ['exit(7);', '', 7],
        'user error' => ['trigger_error("boom", E_USER_ERROR);', 'Fatal error: boom', 255],
        'error of compilation' => [
            'eval("final class A {} class B extends A {}");', 'Class B cannot extend final class A', 255,
        ],
        'time limit' => ['set_time_limit(1); for (;;) {}', 'Maximum execution time of 1 second exceeded', 255],
        'memory limit' => [
            '$all = []; for (;;) { $all[] = str_repeat("x", 50_000) . count($all); }', 'Allowed memory size of', 255,
        ],
        'memory limit, to the last byte' => [
            'for ($size = 1 << 26, $all = []; ; ) { if ($size > 64 && memory_get_usage() + $size > 33_000_000) { $size >>= 1; } '
                . 'else { $all[] = str_repeat("x", $size); } }',
            'Allowed memory size of',
            255,
        ],
        'suspended Fiber' => ['Fiber::suspend();', 'FiberError: Cannot suspend outside of', 255],
        'a Fiber of its own that is suspended, then exit' => [
            '$own = new Fiber(fn () => Fiber::suspend()); $own->start(); exit(7);', '', 7,
        ],
    ];

    /** @return iterable<string, array{string, string, string, bool}> */
    public static function ends(): iterable
    {
        foreach (Database::KINDS as $kind) {
            foreach (array_keys(self::ENDS) as $end) {
                foreach (['onCredit', 'onRevoke'] as $callback) {
                    foreach (['own' => false, 'joined' => true] as $name => $joined) {
                        yield "$kind, $callback, $end, $name" => [$kind, $callback, $end, $joined];
                    }
                }
            }
        }
    }

    /** @dataProvider ends */
    #[DataProvider('ends')]
    public function testR13WhateverEndsACallbackItsTransactionIsRolledBackBeforeAnybodyElseRuns(
        string $kind,
        string $callback,
        string $end,
        bool $joined,
    ): void {
        [$statements, $said, $code] = self::ENDS[$end];
        $this->prepared($callback);
        $run = $this->script($callback, $statements, $joined);

        self::assertStringContainsString($said, $run->errors);
        self::assertStringNotContainsString("Couldn't execute", $run->errors);
        self::assertSame([$code, 'in the callback, at the end: ' . ($joined ? 'open' : 'none')], [
            $run->exitCode, $run->output,
        ]);
        self::assertSame($callback === 'onRevoke' ? [100] : [], $this->booked(), 'nothing of the callback is stored');
        self::assertSame($joined ? [7] : [], $this->booked('shop'), 'the shop\'s own transaction is the shop\'s');
        self::assertSame($callback === 'onRevoke' ? 'PAID' : 'CREATED', $this->state());
        self::assertTrue($this->applied($callback, $this->shop($this->pdo))->changed, 'and the next one is heard');
        self::assertSame($callback === 'onRevoke' ? [100, -100] : [100], $this->booked());
    }

    /** @return iterable<string, array{string, string}> */
    public static function deliveries(): iterable
    {
        foreach (Database::KINDS as $kind) {
            foreach (array_keys(self::ENDS) as $end) {
                yield "$kind, $end" => [$kind, $end];
            }
        }
    }

    /** @dataProvider deliveries */
    #[DataProvider('deliveries')]
    public function testR13WhateverEndsADeliveryItsMessageIsDueAgainSoon(string $kind, string $end): void
    {
        [$statements, $said, $code] = self::ENDS[$end];
        $this->prepared('onRevoke');
        $run = $this->script('onCredit', $statements, false, '$ledger->outbox($end);');
        self::assertStringContainsString($said, $run->errors);
        self::assertSame([$code, 'in the callback, at the end: none'], [$run->exitCode, $run->output], $run->errors);
        $left = 'SELECT COUNT(*) FROM wechatpay_outbox WHERE done_at IS NULL AND due_at < ' . (time() + 50) * 1000;
        self::assertSame(1, (int) $this->database->connect()->query($left)->fetchColumn(), 'its lease was given back');
    }

    /** @return iterable<string, array{string, string}> */
    public static function collections(): iterable
    {
        $calls = [
            'a notice' => '$ledger->applyNotification($notice);',
            'the outbox' => '$ledger->outbox(fn () => true);',
            'a new order' => '$ledger->open($merchant, "T00002", 100);',
        ];
        foreach (Database::KINDS as $kind) {
            foreach ($calls as $name => $call) {
                yield "$kind, $name" => [$kind, $call];
            }
        }
    }

    /**
     * PHP collects garbage whenever it counts a reference off, be it one of ours, and destructors are PHP code.
     *
     * @dataProvider collections
     */
    #[DataProvider('collections')]
    public function testR13GarbageThatIsCollectedInTheMiddleOfACallEndsItInOrder(string $kind, string $call): void
    {
        $this->prepared(str_contains($call, 'outbox') ? 'onRevoke' : 'onCredit');
        $ended = 0;
        for ($room = 0; $room < 14; $room++) {
            $run = $this->script('onCredit', '', false, <<<PHP
                register_shutdown_function(fn () => \$ledger->find(\$merchant, 'T00001'));
                class Litter
                {
                    public ?self \$me;
                    function __construct() { \$this->me = \$this; }
                    function __destruct() { trigger_error('boom', E_USER_ERROR); }
                }
                gc_collect_cycles();
                new Litter();
                while (gc_status()['roots'] < 10_000 - $room) {
                    \$cycle = [];
                    \$cycle[] = &\$cycle;
                    unset(\$cycle);
                }
                $call
                // Not in this call: then it has nothing to look at.
                \posix_kill(getmypid(), SIGKILL);
                PHP);
            if ($run->exitCode === 255) {
                $ended++;
                self::assertStringContainsString('Fatal error: boom', $run->errors);
                self::assertStringNotContainsString('Uncaught', $run->errors, "the ledger can be used, with room for $room");
                self::assertStringEndsWith('at the end: none', $run->output, "with room for $room");
            }
        }
        self::assertGreaterThan(0, $ended);
    }

    private function state(): string
    {
        return $this->database->connect()->query('SELECT state FROM wechatpay_order')->fetchColumn();
    }

    private function prepared(string $callback): void
    {
        $ledger = $this->shop($this->pdo);
        $this->open($ledger);
        if ($callback === 'onRevoke') {
            $ledger->apply($this->order());
        }
    }

    private function applied(string $callback, \WechatPay\Ledger $ledger): \WechatPay\Transition
    {
        $state = $callback === 'onRevoke' ? 'REVOKED' : 'SUCCESS';
        return $ledger->apply($this->order(trade_state: $state));
    }

    /** A process of its own, in which a callback ends so. @param array<string, string|int> $ini */
    private function script(
        string $callback,
        string $statements,
        bool $joined,
        string $call = '$ledger->applyNotification($notice);',
    ): PhpProcess
    {
        $merchant = var_export([SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY], true);
        $state = $callback === 'onRevoke' ? 'REVOKED' : 'SUCCESS';
        $fields = var_export(self::payment(trade_state: $state), true);
        $arguments = var_export($this->database->arguments(), true);
        $begin = $joined ? '$pdo->beginTransaction(); $pdo->exec("INSERT INTO balance VALUES (\'shop\', 7)");' : '';
        return PhpProcess::code(<<<PHP
            ini_set('memory_limit', '32M');
            \$pdo = new PDO(...$arguments);
            register_shutdown_function(function () use (\$pdo) {
                echo 'at the end: ', \$pdo->inTransaction() ? 'open' : 'none';
                \$pdo->inTransaction() && \$pdo->commit();
            });
            \$end = function () use (\$pdo) {
                \$pdo->exec("INSERT INTO balance VALUES ('T00001', 1000)");
                echo 'in the callback, ';
                $statements
                \$pdo->exec("INSERT INTO balance VALUES ('T00001', 2000)");
            };
            \$merchant = new WechatPay\\Merchant(...$merchant);
            \$notice = WechatPay\\Notification::read(WechatPay\\Notification::sign($fields, \$merchant), \$merchant);
            \$callbacks = ['onCredit' => fn () => true, '$callback' => \$end];
            \$ledger = new WechatPay\\Ledger(\$pdo, ...\$callbacks);
            $begin
            (new Fiber(function () use (\$ledger, \$merchant, \$notice, \$end) { $call }))->start();
            echo 'never';
            PHP);
    }
}
