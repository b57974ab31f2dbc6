<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;
use ValueError;
use WechatPay\Advice;
use WechatPay\Attempt;
use WechatPay\OrderQuery;
use WechatPay\PayException;

/**
 * The host's faults (docs/faults.md, H): forks, fatal errors, callbacks, panics. Secrets: see SecretsTest.
 *
 * @group slow
 */
#[Group('slow')]
final class HostFaultsTest extends SimulatorTestCase
{
    protected function setUp(): void
    {
        parent::setUp();
        self::order('T100001');
    }

    /** Runs statements after the preamble in a process of its own. */
    private static function run_(string $statements, string $gatewayArguments = '', array $ini = []): PhpProcess
    {
        return PhpProcess::code(self::preamble($gatewayArguments) . $statements, $ini);
    }

    public function testH1ParentAndChildrenNeverShareASocketAndEachGetsItsOwnAnswers(): void
    {
        $run = self::run_(<<<'PHP'
            $query->byOutTradeNo('T100001');
            $children = [];
            for ($child = 1; $child <= 4; $child++) {
                if (($pid = pcntl_fork()) === 0) {
                    break;
                }
                $children[] = $pid;
            }
            $wrong = 0;
            for ($n = 0; $n < 25; $n++) {
                try {
                    $query->byOutTradeNo("F$child-$n");
                    $wrong++;
                } catch (WechatPay\ServiceException $e) {
                    $wrong += (int) ($e->outTradeNo !== "F$child-$n");
                }
            }
            foreach ($children as $pid) {
                pcntl_waitpid($pid, $status);
                $wrong += pcntl_wexitstatus($status);
            }
            echo $child === 5 ? "wrong: $wrong" : '';
            exit($wrong);
            PHP);
        self::assertSame(['wrong: 0', '', 0], [$run->output, $run->errors, $run->exitCode]);

        $connections = [];
        foreach (self::requests() as $request) {
            $who = substr($request['fields']['out_trade_no'], 0, 2);
            $connections[$who === 'T1' ? 'F5' : $who][$request['connection']] = true;
        }
        self::assertCount(5, $connections);
        self::assertSame([1, 1, 1, 1, 1], array_values(array_map('count', $connections)), 'one for each process');
        self::assertCount(5, array_merge(...array_map('array_keys', array_values($connections))));
        self::assertCount(5, array_unique(array_merge(...array_map('array_keys', array_values($connections)))));
    }

    public function testH1AForkInsideACallbackLeavesTheParentsSocketsAlone(): void
    {
        $run = self::run_(<<<'PHP'
            $order = $query->untilFinal('T100001', 1500, 100, function ($seen, $number) use (&$child) {
                if ($number === 1) {
                    $child = pcntl_fork();
                }
                return $seen instanceof WechatPay\Order && $number < 6;
            });
            if ($child === 0) {
                exit($order->outTradeNo === 'T100001' ? 0 : 1);
            }
            pcntl_waitpid($child, $status);
            echo $order->outTradeNo, ' ', pcntl_wexitstatus($status);
            PHP);
        self::assertSame(['T100001 0', ''], [$run->output, $run->errors]);
    }

    public function testH3AfterTheMemoryLimitWasHitTheWorkerServesItsNextRequest(): void
    {
        for ($n = 1; $n <= 8; $n++) {
            self::order("BIG00$n", ['trade_state' => 'SUCCESS', 'attach' => str_repeat('x', 900_000)]);
        }
        $script = tempnam(sys_get_temp_dir(), 'wechatpay-web-');
        file_put_contents($script, "<?php\n" . self::preamble() . <<<'PHP'
            $numbers = $_SERVER['REQUEST_URI'] === '/big' ? array_map(fn ($n) => "BIG00$n", range(1, 8)) : ['T100001'];
            $orders = $query->many($numbers, 8);
            echo getmypid(), ' ', implode(' ', array_map(fn ($order) => $order->outTradeNo, $orders));
            PHP);
        $web = WebServer::start($script, ['memory_limit' => '6M']);
        try {
            $first = $web->get('/small');
            self::assertStringEndsWith(' T100001', $first);
            $memory = null;
            for ($n = 0; $n < 5; $n++) {
                self::assertStringContainsString('Allowed memory size', $web->get('/big'));
                self::assertSame($first, $web->get('/small'));
                $memory ??= $web->residentKilobytes();
            }
            self::assertLessThan(16 * 1024, $web->residentKilobytes() - $memory, 'at most one answer a time is lost');
        } finally {
            $web->stop();
            unlink($script);
        }
    }

    /** @dataProvider exits */
    #[DataProvider('exits')]
    public function testH4ExitInACallbackEndsTheScriptWithItsCode(string $call, string $gateway): void
    {
        $before = 'register_shutdown_function(function () { echo "shutdown"; });';
        $run = self::run_("$before $call; echo 'never';", $gateway);
        self::assertSame(['bye shutdown', '', 7], [$run->output, $run->errors, $run->exitCode]);
    }

    /** @return array<string, array{string, string}> */
    public static function exits(): array
    {
        $exit = "function () { echo 'bye '; exit(7); }";
        return [
            'onAttempt of one' => ['$query->byOutTradeNo("T100001")', "onAttempt: $exit"],
            'onAttempt of many' => ['$query->many(["T100001", "T100002", "T100003"])', "onAttempt: $exit"],
            'onAttempt of a poll' => ['$query->untilFinal("T100001", 3000, 100)', "onAttempt: $exit"],
            'onPoll' => ["\$query->untilFinal('T100001', 3000, 100, $exit)", ''],
            'nested' => ["\$query->untilFinal('T100001', 3000, 100, fn () => \$query->untilFinal('T100001', 3000, 100, $exit))", ''],
        ];
    }

    public function testR13AnExceptionWhoseDestructorAlwaysThrowsAnotherEndsNoCall(): void
    {
        $class = 'final class Endless extends Exception { static bool $on = true; static int $made = 0;'
            . ' function __construct() { self::$made++; parent::__construct("x"); }'
            . ' function __destruct() { if (self::$on) { throw new self(); } } }';
        $run = self::run_(
            "$class echo \$query->byOutTradeNo('T100001')->outTradeNo, Endless::\$made > 1 ? ' again and again' : ''; Endless::\$on = false;",
            'onAttempt: function () { throw new Endless(); }',
        );
        self::assertSame(['T100001 again and again', 0], [$run->output, $run->exitCode]);
        self::assertStringContainsString('onAttempt threw Endless: x', $run->errors);
    }

    /** @dataProvider fatals */
    #[DataProvider('fatals')]
    public function testH4AFatalErrorInACallbackWaitsForTheThreadsAndEndsTheScript(string $call, string $gateway): void
    {
        $statements = 'register_shutdown_function(function () use ($query) {'
            . ' echo "shutdown ", $query->byOutTradeNo("T100001")->outTradeNo; });'
            . '$numbers = array_map(fn ($n) => "N$n", range(1, 200));';
        $run = self::run_("$statements $call; echo 'never';", $gateway);
        self::assertSame(['shutdown T100001', 255], [$run->output, $run->exitCode]);
        self::assertStringContainsString('Fatal error: enough', $run->errors);
    }

    /** @return array<string, array{string, string}> */
    public static function fatals(): array
    {
        $fatal = 'function () { static $n; $n++ || trigger_error("enough", E_USER_ERROR); }';
        return [
            'onAttempt of one' => ['$query->byOutTradeNo("T100001")', "onAttempt: $fatal"],
            'onAttempt of many' => ['$query->many($numbers, 64)', "onAttempt: $fatal"],
            'onPoll' => ["\$query->untilFinal('T100001', 3000, 100, $fatal)", ''],
        ];
    }

    public function testH5WhatOnPollThrowsIsThrownOnAsItIs(): void
    {
        $thrown = new \DomainException('enough');
        $query = $this->query();
        $caught = self::caught(static fn () => $query->untilFinal('T100001', 5000, 100, static fn () => throw $thrown));
        self::assertSame($thrown, $caught);
        self::assertSame('T100001', $query->byOutTradeNo('T100001')->outTradeNo);
    }

    public function testH5WhatOnAttemptThrowsBecomesAWarningAndTheResultStays(): void
    {
        $run = self::run_(
            'echo $query->byOutTradeNo("T100001")->outTradeNo, count($query->many(["A1", "A2"]));',
            'onAttempt: function () { throw new DomainException("no disk"); }',
        );
        self::assertSame(['T1000012', 0], [$run->output, $run->exitCode]);
        $warning = '~Warning: WechatPay\\\\OrderQuery::byOutTradeNo\(\): onAttempt threw DomainException: no disk in \S+:\d+ in ~';
        self::assertMatchesRegularExpression($warning, $run->errors);
        self::assertSame(3, substr_count($run->errors, 'no disk'));
    }

    public function testH5AnErrorHandlerThatThrowsDoesNotReplaceTheResultEither(): void
    {
        $run = self::run_(
            'set_error_handler(function ($level, $text) { throw new ErrorException($text); });'
            . 'echo $query->byOutTradeNo("T100001")->outTradeNo;'
            . 'try { echo $undefined; } catch (ErrorException) { echo " still there"; }',
            'onAttempt: function () { throw new DomainException("no disk"); }',
        );
        self::assertSame('T100001 still there', $run->output);
        self::assertStringContainsString('onAttempt threw DomainException: no disk', $run->errors);
    }

    public function testR21H5AGeneratorIsToldForNoneOfItHasRun(): void
    {
        $never = static function () {
            yield self::fail('It ran.');
        };
        $query = $this->query();
        $caught = self::caught(static fn () => $query->untilFinal('T100001', 5000, 100, $never));
        self::assertInstanceOf(\LogicException::class, $caught);
        self::assertSame('onPoll gave a Generator: there is a yield in it, and none of it has run', $caught->getMessage());
        $run = self::run_(
            'echo $query->byOutTradeNo("T100001")->outTradeNo, count($query->many(["A1", "A2"]));',
            'onAttempt: function () { yield 1; }',
        );
        self::assertSame(['T1000012', 0], [$run->output, $run->exitCode]);
        $warning = 'Warning: WechatPay\\OrderQuery::byOutTradeNo(): onAttempt gave a Generator: there is a yield in it';
        self::assertStringContainsString($warning, $run->errors);
        self::assertSame(3, substr_count($run->errors, 'a Generator'));
    }

    public function testH6ACallbackMayUseTheSameObjects(): void
    {
        self::order('T100002');
        $seen = [];
        $gateway = $this->gateway(onAttempt: function (Attempt $attempt) use (&$query, &$seen): void {
            if (\count($seen) < 3) {
                $seen[] = $attempt->outcome;
                $seen[] = $query->byOutTradeNo('T100002')->outTradeNo;
                $seen[] = \count($query->many(['T100001', 'T100002']));
            }
        });
        $query = new OrderQuery($this->merchant(), $gateway);
        $polled = $query->untilFinal('T100001', 1200, 100, static function ($order, int $number) use (&$query): bool {
            return $query->byOutTradeNo('T100001')->outTradeNo === $order->outTradeNo && $number < 3;
        });
        self::assertSame('T100001', $polled->outTradeNo);
        self::assertContains('T100002', $seen);
        self::assertContains(2, $seen);
    }

    public function testH6ACallbackMayDropTheObjectsThatAreInUse(): void
    {
        $run = self::run_(
            '$poll = function () use (&$query, &$gateway, &$merchant, &$poll) { $query = $gateway = $merchant = $poll = null; gc_collect_cycles(); };'
            . 'echo $query->untilFinal("T100001", 900, 100, $poll)->outTradeNo, get_debug_type($query);',
            'onAttempt: function () use (&$query, &$gateway) { $query = $gateway = null; gc_collect_cycles(); }',
        );
        self::assertSame(['T100001null', ''], [$run->output, $run->errors]);
    }

    public function testH7APollKeepsItsOwnWallDeadlineWhichMaxExecutionTimeDoesNotCount(): void
    {
        self::fault('delay', ['ms' => 4000, 'times' => 9]);
        $run = self::run_(
            '$start = hrtime(true);'
            . 'try { $query->untilFinal("T100001", 1500, 300); } catch (WechatPay\UndecidedException) { echo "undecided "; }'
            . 'echo (int) ((hrtime(true) - $start) / 1e8);',
            ini: ['max_execution_time' => 1],
        );
        self::assertMatchesRegularExpression('~^undecided 1[4-7]$~', $run->output);
        self::assertSame('', $run->errors);
    }

    public function testH9APcntlHandlerRunsWithin100MsWhileAPollWaits(): void
    {
        $run = self::run_(<<<'PHP'
            pcntl_signal(SIGALRM, function () use (&$at) { $at = hrtime(true); throw new DomainException('alarm'); });
            $start = hrtime(true);
            pcntl_alarm(1);
            try {
                $query->untilFinal('T100001', 9000, 8000);
            } catch (DomainException $e) {
                echo $e->getMessage(), ' ', ($at - $start) / 1e6 < 1100 ? 'soon' : 'late';
            }
            PHP);
        self::assertSame(['alarm soon', ''], [$run->output, $run->errors]);
    }

    public function testH9CtrlCEndsAPollAtOnce(): void
    {
        $run = self::run_(<<<'PHP'
            if (($child = pcntl_fork()) === 0) {
                $query->untilFinal('T100001', 9000, 8000);
                exit(1);
            }
            usleep(500_000);
            $start = hrtime(true);
            posix_kill($child, SIGINT);
            pcntl_waitpid($child, $status);
            echo pcntl_wtermsig($status), ' ', (hrtime(true) - $start) / 1e6 < 100 ? 'soon' : 'late';
            PHP);
        self::assertSame([SIGINT . ' soon', ''], [$run->output, $run->errors]);
    }

    /** The clock of a panic: a libc whose clock fails makes Rust's own library panic, in the very binary we ship. */
    public function testH11ARustPanicBecomesAnErrorAndTheProcessLives(): void
    {
        $folder = sys_get_temp_dir() . '/wechatpay-clock-' . bin2hex(random_bytes(4));
        mkdir($folder);
        file_put_contents("$folder/clock.c", <<<'C'
            #define _GNU_SOURCE
            #include <dlfcn.h>
            #include <errno.h>
            #include <stdlib.h>
            #include <sys/syscall.h>
            #include <time.h>
            #include <unistd.h>
            int clock_gettime(clockid_t id, struct timespec *now) {
                const char *flag = getenv("BROKEN_CLOCK");
                if (id == CLOCK_MONOTONIC && flag && access(flag, F_OK) == 0) { errno = EINVAL; return -1; }
                return (int)syscall(SYS_clock_gettime, id, now);
            }
            /* PHP lets an extension see libc before us. */
            void *dlopen(const char *file, int flags) {
                void *(*real)(const char *, int) = (void *(*)(const char *, int))dlsym(RTLD_NEXT, "dlopen");
                return real(file, flags & ~RTLD_DEEPBIND);
            }
            C);
        file_put_contents("$folder/test.php", "<?php\n" . self::preamble() . <<<'PHP'
            $flag = getenv('BROKEN_CLOCK');
            foreach ([fn () => $query->byOutTradeNo('T100001'), fn () => $query->many(['T100001', 'T100002'])] as $call) {
                touch($flag);
                try {
                    $call();
                } catch (Error $e) {
                    echo get_class($e), ' ', substr($e->getMessage(), 0, 10), "\n";
                } finally {
                    unlink($flag);
                }
                echo $query->byOutTradeNo('T100001')->outTradeNo, ' ', count($query->many(['A1', 'A2'])), "\n";
            }
            PHP);
        try {
            $made = PhpProcess::command(['gcc', '-shared', '-fPIC', '-o', "$folder/clock.so", "$folder/clock.c"]);
            self::assertSame(0, $made->exitCode, $made->errors);
            $command = [PHP_BINARY, '-d', 'extension=' . PhpProcess::extension(), "$folder/test.php"];
            $environment = ['LD_PRELOAD' => "$folder/clock.so", 'BROKEN_CLOCK' => "$folder/broken"] + getenv();
            $run = PhpProcess::command($command, environment: $environment);
            self::assertSame("Error Rust panic\nT100001 2\nError Rust panic\nT100001 2\n", $run->output . $run->errors);
        } finally {
            PhpProcess::command(['rm', '-rf', $folder]);
        }
    }

    public function testH16ACaFileThatIsMissingOrHoldsNoCertificateIsAClearFault(): void
    {
        $files = ['/nowhere/ca.pem' => 'cannot read /nowhere/ca.pem: No such file', __FILE__ => 'has no certificate in it', __DIR__ => 'cannot read'];
        foreach ($files as $file => $says) {
            $query = $this->query(caFile: $file);
            $e = self::caught(static fn () => $query->byOutTradeNo('T100001'));
            self::assertSame([PayException::class, Advice::FixConfiguration], [$e::class, $e->advice]);
            self::assertStringContainsString($says, $e->getMessage());
        }
        self::assertSame([], $this->attempts);
        self::assertSame([], self::requests());
    }

    public function testH16ACaFileWhosePathHasANullByteIsRefusedByItsArgument(): void
    {
        $this->expectException(ValueError::class);
        $this->expectExceptionMessage('Argument #3 ($caFile) must not contain any null bytes');
        $this->query(caFile: "a\0b");
    }

    public function testH16OpenBasedirHoldsForTheCaFile(): void
    {
        $run = self::run_(
            'try { $query->byOutTradeNo("T100001"); } catch (WechatPay\PayException $e) { echo $e->getMessage(), $e->advice->name; }',
            ini: ['open_basedir' => ROOT . '/php-tests' . PATH_SEPARATOR . sys_get_temp_dir() . '/wechatpay-test-'],
        );
        self::assertMatchesRegularExpression('~^open_basedir does not allow to read /\S+ .*FixConfiguration$~', $run->output, $run->errors);
    }

    public function testH16DisabledFunctionsAreNotMissed(): void
    {
        $ini = ['disable_functions' => 'json_encode,pcntl_signal_dispatch,call_user_func,is_callable'];
        $run = self::run_(<<<'PHP'
            echo $query->untilFinal('T100001', 300, 100, fn () => true)->outTradeNo, "\n";
            $order = new WechatPay\UnifiedOrder($merchant, $gateway);
            try {
                $order->native('T100008', 1, 'tea', 'https://a.b/c', '127.0.0.1', detail: ['a' => 1]);
            } catch (Error $e) {
                echo get_class($e), ': ', $e->getMessage();
            }
            PHP, ini: $ini);
        self::assertSame("T100001\nError: json_encode() is needed and disabled", $run->output . $run->errors);
    }
}
