<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\TestCase;

/**
 * Every way in which PHP code can end while a code payment is under way: the payment is reversed first, then the script
 * ends as PHP says. WeChat takes no reverse in the first 15 seconds, so all sales are made at once, each in a process of
 * its own.
 *
 * @group slow
 */
#[Group('slow')]
final class CallbackPollsTest extends TestCase
{
    /** Name => the statements that end the callback, what the script says of it, its exit code. */
    private const ENDS = [
        'exception' => ['throw new RuntimeException("boom");', 'Uncaught RuntimeException: boom', 255],
        'exit' => ['exit(7);', '', 7],
        'user error' => ['trigger_error("boom", E_USER_ERROR);', 'Fatal error: boom', 255],
        'error of compilation' => [
            'eval("final class A {} class B extends A {}");', 'Class B cannot extend final class A', 255,
        ],
        'time limit' => ['set_time_limit(1); for (;;) {}', 'Maximum execution time of 1 second exceeded', 255],
        'memory limit' => [
            '$all = []; for (;;) { $all[] = str_repeat("x", 50_000) . count($all); }', 'Allowed memory size of', 255,
        ],
        'suspended Fiber' => ['Fiber::suspend();', 'FiberError: Cannot suspend outside of', 255],
    ];

    /** By callback: the arguments of Gateway and of pay(). */
    private const CALLBACKS = [
        'onPoll' => ['', 'onPoll: $end'],
        'a signal handler' => ['', 'onPoll: fn () => posix_kill(getmypid(), SIGUSR1)'],
        'onAttempt' => ['onAttempt: $end', ''],
        'the destructor of what onAttempt throws' => ['onAttempt: fn () => throw new Dying($end)', ''],
        'the destructor of what an error handler throws' => ['onAttempt: $warned', ''],
    ];

    /** What ends a script before the answer to the payment call is given away, of payers who pay at once. */
    private const AT_ONCE = [
        'onAttempt' => ['onAttempt: $end', ''],
        'a signal handler' => ['onAttempt: fn () => posix_kill(getmypid(), SIGUSR1)', ''],
        'the destructor of what onAttempt throws' => ['onAttempt: fn () => throw new Dying($end)', ''],
    ];

    /** No payer types a password here. */
    private static SimulatorProcess $simulator;
    /** Every payer pays at once here. */
    private static SimulatorProcess $paid;

    /** @var array<string, array{resource, array<int, resource>}> */
    private static array $running = [];

    public static function setUpBeforeClass(): void
    {
        self::$simulator = SimulatorProcess::start();
        self::$simulator->control('POST', '/micropay', ['scenario' => 'password_never', 'times' => 100]);
        foreach (self::ends() as $name => [$callback, $end]) {
            self::sell($name, ...self::CALLBACKS[$callback], statements: self::ENDS[$end][0]);
        }
        self::$paid = SimulatorProcess::start();
        foreach (self::endsAtOnce() as $name => [$callback, $end]) {
            self::sell($name, ...self::AT_ONCE[$callback], statements: self::ENDS[$end][0], simulator: self::$paid);
        }
        self::sell('a child of one who pays', 'onAttempt: $fork', '', statements: 'return true;', simulator: self::$paid);
        self::sell('a child of onPoll', '', 'onPoll: $fork', timeout: 15_000);
        self::sell('a child of onAttempt', 'onAttempt: $fork', '', timeout: 15_000);
        self::sell('a Generator', '', 'onPoll: function () { yield 1; }');
        self::sell('a child that returns', '', 'onPoll: $fork', statements: 'return true;', timeout: 15_000);
    }

    public static function tearDownAfterClass(): void
    {
        foreach (self::$running as [$process]) {
            proc_close($process);
        }
        self::$running = [];
        self::$simulator->stop();
        self::$paid->stop();
    }

    private static function number(string $name): string
    {
        return 'M' . substr(md5($name), 0, 20);
    }

    /** A code payment in a process of its own. */
    private static function sell(
        string $name,
        string $gateway,
        string $watch,
        string $statements = 'exit(7);',
        int $timeout = 60_000,
        ?SimulatorProcess $simulator = null,
    ): void {
        $simulator ??= self::$simulator;
        $url = var_export($simulator->url, true);
        $ca = var_export($simulator->caFile, true);
        $merchant = var_export([
            'appid' => SimulatorProcess::APPID,
            'mchId' => SimulatorProcess::MCH_ID,
            'key' => SimulatorProcess::KEY,
            'certificate' => $simulator->ready['cert_file'],
            'privateKey' => $simulator->ready['key_file'],
        ], true);
        $number = self::number($name);
        $code = '1345' . substr((string) hexdec(substr(md5($name), 0, 12)) . str_repeat('0', 14), 0, 14);
        $script = <<<PHP
            ini_set('memory_limit', '32M');
            pcntl_async_signals(false);
            register_shutdown_function(function () { echo 'shut down'; });
            \$seen = 0;
            \$end = function () use (&\$seen) {
                if (\$seen++ > 0) {
                    echo 'called again, ';
                    return true;
                }
                echo 'called, ';
                $statements
                return true;
            };
            \$fork = function () use (&\$seen) {
                if (\$seen++ === 0) {
                    \$start = hrtime(true);
                    if ((\$child = pcntl_fork()) === 0) {
                        ob_start(fn () => '');
                        $statements
                    }
                    pcntl_waitpid(\$child, \$status);
                    echo pcntl_wexitstatus(\$status), (hrtime(true) - \$start) / 1e9 < 8 ? ' at once, ' : ' late, ';
                }
                return true;
            };
            pcntl_signal(SIGUSR1, \$end);
            class Dying extends Exception
            {
                function __construct(private \$end) { parent::__construct('observed'); }
                function __destruct() { (\$this->end)(); }
            }
            \$warned = function () use (\$end) {
                set_error_handler(fn () => throw new Dying(\$end), E_WARNING);
                throw new Exception('observed');
            };
            \$gateway = new WechatPay\\Gateway(url: $url, caFile: $ca, timeoutMs: 5000, $gateway);
            \$sale = fn () => (new WechatPay\\Micropay(new WechatPay\\Merchant(...$merchant), \$gateway))
                ->pay('$number', '$code', 100, 'tea', '127.0.0.1', $timeout, 1000, $watch);
            \$fiber = new Fiber(function () use (\$sale) { echo \$sale()->tradeState->name, ', '; });
            \$fiber->start();
            PHP;
        $file = tempnam(sys_get_temp_dir(), 'wechatpay-test-');
        file_put_contents($file, "<?php declare(strict_types=1);\n$script");
        $ini = ['extension=' . PhpProcess::extension(), 'display_errors=stderr', 'log_errors=0', 'error_reporting=-1'];
        $command = [PHP_BINARY, ...array_merge(...array_map(fn ($set) => ['-d', $set], $ini)), $file];
        $output = [1 => tmpfile(), 2 => tmpfile()];
        $process = proc_open($command, [['file', '/dev/null', 'r']] + $output, $pipes);
        self::$running[$name] = [$process, $output];
    }

    /** @return array{string, string, int} output, errors, exit code */
    private static function ended(string $name): array
    {
        [$process, $output] = self::$running[$name];
        do {
            usleep(50_000);
            $status = proc_get_status($process);
        } while ($status['running']);
        $text = function ($file): string {
            rewind($file);
            return stream_get_contents($file);
        };
        return [$text($output[1]), $text($output[2]), $status['exitcode']];
    }

    private static function state(string $name, ?SimulatorProcess $simulator = null): string
    {
        $simulator ??= self::$simulator;
        $merchant = new \WechatPay\Merchant(SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY);
        $gateway = new \WechatPay\Gateway(url: $simulator->url, caFile: $simulator->caFile);
        return (new \WechatPay\OrderQuery($merchant, $gateway))->byOutTradeNo(self::number($name))->tradeState->name;
    }

    /** @return iterable<string, array{string, string}> */
    public static function ends(): iterable
    {
        foreach (array_keys(self::CALLBACKS) as $callback) {
            foreach (array_keys(self::ENDS) as $end) {
                // What an observer throws is a warning, and no end. While pcntl runs a handler it holds all signals back,
                // that of the time limit too.
                $never = $callback === 'a signal handler' ? ['time limit'] : ['exception', 'suspended Fiber'];
                if ($callback === 'onPoll' || !\in_array($end, $never, true)) {
                    yield "$callback, $end" => [$callback, $end];
                }
            }
        }
    }

    /** @dataProvider ends */
    #[DataProvider('ends')]
    public function testR3H10WhateverEndsACallbackThePaymentIsReversedFirst(string $callback, string $end): void
    {
        [, $said, $code] = self::ENDS[$end];
        [$output, $errors, $exit] = self::ended("$callback, $end");
        self::assertStringContainsString($said, $errors);
        self::assertSame(['called, shut down', $code], [$output, $exit], $errors);
        self::assertSame('Revoked', self::state("$callback, $end"));
    }

    /** @return iterable<string, array{string, string}> */
    public static function endsAtOnce(): iterable
    {
        foreach (self::ends() as $name => [$callback, $end]) {
            if (isset(self::AT_ONCE[$callback])) {
                yield "paid at once: $name" => [$callback, $end];
            }
        }
    }

    /** @dataProvider endsAtOnce */
    #[DataProvider('endsAtOnce')]
    public function testR3H10APaymentThatNobodyWouldLearnOfIsReversed(string $callback, string $end): void
    {
        [, $said, $code] = self::ENDS[$end];
        [$output, $errors, $exit] = self::ended("paid at once: $callback, $end");
        self::assertStringContainsString($said, $errors);
        self::assertSame(['called, shut down', $code], [$output, $exit], $errors);
        self::assertSame('Revoked', self::state("paid at once: $callback, $end", self::$paid));
    }

    public function testR15AChildGetsNothingOfAPaymentThatItsParentGets(): void
    {
        [$output, $errors] = self::ended('a child of one who pays');
        self::assertSame('255 at once, Success, shut down', $output);
        self::assertStringContainsString('LogicException: This process was forked inside a callback', $errors);
    }

    public function testR15AChildThatExitsInACallbackLeavesThePaymentToItsParent(): void
    {
        foreach (['a child of onPoll', 'a child of onAttempt'] as $name) {
            [$output, $errors] = self::ended($name);
            self::assertSame(['7 at once, Revoked, shut down', ''], [$output, $errors], $name);
        }
    }

    public function testR15AChildThatReturnsFromACallbackIsToldThatThePaymentIsItsParents(): void
    {
        [$output, $errors] = self::ended('a child that returns');
        self::assertSame('255 at once, Revoked, shut down', $output);
        self::assertStringContainsString('LogicException: This process was forked inside a callback', $errors);
    }

    public function testR3R21ACallbackThatGivesAGeneratorEndsThePollAsAnExceptionDoes(): void
    {
        [$output, $errors, $exit] = self::ended('a Generator');
        self::assertStringContainsString('LogicException: onPoll gave a Generator', $errors);
        self::assertSame(['shut down', 255, 'Revoked'], [$output, $exit, self::state('a Generator')], $errors);
    }
}
