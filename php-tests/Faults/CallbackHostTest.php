<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;

/**
 * What the host does to our frames while a callback runs: browsers that hang up under php-fpm, forks, exit() in the middle
 * of a COMMIT, and signal handlers that must be put back.
 *
 * @group slow
 */
#[Group('slow')]
final class CallbackHostTest extends LedgerSimulatorTestCase
{
    /** Statements that make $merchant, $gateway, $pdo and $note. */
    private function preamble(string $gateway = '', string $class = 'PDO'): string
    {
        $merchant = var_export([
            'appid' => SimulatorProcess::APPID,
            'mchId' => SimulatorProcess::MCH_ID,
            'key' => SimulatorProcess::KEY,
            'certificate' => self::$simulator->ready['cert_file'],
            'privateKey' => self::$simulator->ready['key_file'],
        ], true);
        $url = var_export(self::$simulator->url, true);
        $ca = var_export(self::$simulator->caFile, true);
        $arguments = var_export($this->database->arguments(), true);
        $payment = var_export(self::payment(), true);
        return <<<PHP
            \$merchant = new WechatPay\\Merchant(...$merchant);
            \$gateway = new WechatPay\\Gateway(url: $url, caFile: $ca, $gateway);
            \$arguments = $arguments;
            \$pdo = new $class(...\$arguments);
            \$paid = fn (\$more = []) => WechatPay\\Notification::read(
                WechatPay\\Notification::sign(\$more + $payment, \$merchant), \$merchant);
            /** Which signals this process catches. */
            \$caught = function () {
                preg_match('~SigCgt:\\s*(\\w+)~', file_get_contents('/proc/self/status'), \$found);
                return hexdec(substr(\$found[1], -8)) & (1 << 14 | 1 << 1);   // SIGTERM, SIGINT; php-fpm has no pcntl
            };

            PHP;
    }

    /** @return array<string, array{string, string, string}> */
    public static function ends(): array
    {
        return [
            'an exception' => ['sqlite', 'throw new RuntimeException("boom");', 'boom'],
            'exit' => ['sqlite', 'exit(7);', ''],
            'a fatal error' => ['sqlite', 'trigger_error("boom", E_USER_ERROR);', 'boom'],
            'the time limit' => ['sqlite', 'set_time_limit(1); for (;;) {}', 'Maximum execution time'],
            'the memory limit' => ['sqlite', 'ini_set("memory_limit", "24M"); $a = []; for (;;) { $a[] = str_repeat("x", 9999); }', 'Allowed memory size'],
        ];
    }

    /** @dataProvider ends */
    #[DataProvider('ends')]
    public function testR14SignalHandlersArePutBackWhateverEndsARunOfSync(string $kind, string $end, string $said): void
    {
        $this->open($this->shop($this->pdo));
        $this->pass(60);
        self::$simulator->control('POST', '/orders', ['out_trade_no' => 'T00001', 'total_fee' => 100, 'trade_state' => 'SUCCESS']);
        $callbacks = ['$onCredit' => [$end, 'fn () => true'], '$onProgress' => ['', "function () { $end }"]];
        foreach ($callbacks as $name => [$credit, $progress]) {
            // What onCredit throws is for the report: a run of Sync goes on.
            if ($name === '$onCredit' && str_starts_with($end, 'throw')) {
                continue;
            }
            $run = PhpProcess::code($this->preamble() . <<<PHP
                \$before = \$caught();
                register_shutdown_function(function () use (\$before, \$caught) {
                    echo \$caught() === \$before ? 'put back' : 'still there';
                });
                \$inside = function () use (\$caught) { echo \$caught() === 0 ? 'none, ' : 'caught, '; };
                \$onCredit = function () use (\$inside) { \$inside(); $credit };
                \$ledger = new WechatPay\\Ledger(\$pdo, \$onCredit, gateway: \$gateway);
                (new WechatPay\\Sync(\$ledger, \$merchant))->run(5, onProgress: $progress);
                echo 'never';
                PHP);
            self::assertSame('caught, put back', $run->output, $name . $run->errors);
            self::assertStringContainsString($said, $run->errors);
            self::assertSame($name === '$onCredit' ? 'CREATED' : 'PAID', $this->state(), $name);
            $this->pdo->exec("UPDATE wechatpay_order SET due_at = 1");
        }
    }

    private function state(): string
    {
        return $this->database->connect()->query('SELECT state FROM wechatpay_order')->fetchColumn();
    }

    /** @return iterable<string, array{string, string, string, bool}> database, statements around COMMIT, is it stored */
    public static function commits(): iterable
    {
        foreach (Database::KINDS as $kind) {
            yield "$kind, before" => [$kind, 'exit(7); return parent::commit();', false];
            yield "$kind, after" => [$kind, 'parent::commit(); exit(7);', true];
            yield "$kind, fatal before" => [$kind, 'trigger_error("boom", E_USER_ERROR); return true;', false];
            yield "$kind, fatal after" => [$kind, 'parent::commit(); trigger_error("boom", E_USER_ERROR);', true];
            yield "$kind, a signal" => [$kind, 'posix_kill(getmypid(), SIGTERM); return parent::commit();', false];
            yield "$kind, a signal after" => [$kind, 'parent::commit(); posix_kill(getmypid(), SIGTERM); strlen("x");', true];
        }
    }

    /** @dataProvider commits */
    #[DataProvider('commits')]
    public function testR17TheScriptEndsWhenACommitEndsIt(string $kind, string $commit, bool $stored): void
    {
        $this->open($this->shop($this->pdo));
        $class = "class Traced extends PDO { function commit(): bool { if (isset(\$GLOBALS['armed'])) { $commit } return parent::commit(); } }\n";
        $run = PhpProcess::code($class . $this->preamble(class: 'Traced') . <<<'PHP'
            pcntl_async_signals(true);
            pcntl_signal(SIGTERM, fn () => exit(7));
            register_shutdown_function(function () use ($pdo) { echo $pdo->inTransaction() ? 'open' : 'none'; });
            $ledger = new WechatPay\Ledger($pdo, fn ($t, $pdo) => $pdo->exec("INSERT INTO balance VALUES ('T00001', 100)"));
            $armed = true;
            $ledger->applyNotification($paid());
            echo 'never';
            PHP);
        $fatal = str_contains($commit, 'boom');
        self::assertSame(['none', $fatal ? 255 : 7], [$run->output, $run->exitCode], $run->errors);
        self::assertStringNotContainsString('Undecided', $run->errors);
        self::assertSame($stored ? [100] : [], $this->booked());
        self::assertSame($stored ? 'PAID' : 'CREATED', $this->state());
        self::assertSame(!$stored, $this->shop($this->pdo)->apply($this->order())->credited);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR15AChildForkedInOnCreditEndsWithoutAWordOnItsParentsConnection(string $kind): void
    {
        $ledger = $this->shop($this->pdo);
        for ($n = 1; $n <= 40; $n++) {
            $this->open($ledger, sprintf('T%05d', $n));
        }
        $run = PhpProcess::code($this->preamble() . <<<'PHP'
            for ($n = 1; $n <= 40; $n++) {
                $number = sprintf('T%05d', $n);
                $pdo = new PDO(...$arguments);
                $ledger = new WechatPay\Ledger($pdo, function ($t, $pdo) {
                    $insert = $pdo->prepare('INSERT INTO balance VALUES (?, 100)');
                    if (pcntl_fork() === 0) {
                        exit(0);
                    }
                    $insert->execute([$t->outTradeNo]);
                });
                try {
                    $told = $ledger->applyNotification($paid(['out_trade_no' => $number, 'transaction_id' => "42$number"]));
                    echo $number, ' ', $told->credited ? 'credited' : 'not', "\n";
                } catch (WechatPay\UndecidedException | PDOException | LogicException $e) {
                    echo $number, ' ', $e::class, "\n";
                }
            }
            while (pcntl_wait($status) > 0) {
            }
            PHP, timeout: 60);
        self::assertSame('', $run->errors);
        $told = array_column(array_map(fn ($line) => explode(' ', $line), explode("\n", trim($run->output))), 1, 0);
        self::assertCount(40, $told);
        foreach ($told as $number => $end) {
            self::assertSame(['credited', [100]], [$end, $this->booked($number)], $number);
        }
    }

    /** @return iterable<string, array{string, string}> database, how a child ends */
    public static function children(): iterable
    {
        $ends = ['exit(0);', 'trigger_error("boom", E_USER_ERROR);', 'throw new RuntimeException("boom");', 'return true;'];
        foreach (Database::KINDS as $kind) {
            foreach ($ends as $end) {
                yield "$kind, $end" => [$kind, $end];
            }
        }
    }

    /** @dataProvider children */
    #[DataProvider('children')]
    public function testR15AChildThatEndsInACallbackLeavesTheConnectionToItsParent(string $kind, string $end): void
    {
        $this->open($this->shop($this->pdo));
        self::$simulator->control('POST', '/orders', ['out_trade_no' => 'T00001', 'total_fee' => 100, 'trade_state' => 'SUCCESS']);
        $this->pdo->exec('UPDATE wechatpay_order SET due_at = 1');
        $run = PhpProcess::code($this->preamble() . <<<PHP
            ini_set('display_errors', '0');
            \$parent = getmypid();
            \$fork = function () use (\$pdo) {
                if ((\$child = pcntl_fork()) === 0) {
                    \$pdo = null;
                    $end
                }
                // It is gone before the parent says another word.
                pcntl_waitpid(\$child, \$status);
                echo \$child > 0 ? 'forked ' : '';
            };
            \$ledger = new WechatPay\\Ledger(\$pdo, \$fork, gateway: \$gateway);
            \$report = (new WechatPay\\Sync(\$ledger, \$merchant))->run(0, onProgress: \$fork);
            if (getmypid() === \$parent) {
                echo \$report->credited, ' ', \$ledger->outbox(\$fork), ' ';
                echo \$pdo->query('SELECT 7')->fetchColumn();
            }
            PHP, timeout: 60);
        self::assertMatchesRegularExpression('~^(forked )+1 (forked )+1 7$~', $run->output, $run->errors);
        self::assertSame('PAID', $this->state());
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR15AChildThatEndsAsTheManualSaysTroublesNobody(string $kind): void
    {
        $this->open($this->shop($this->pdo));
        $run = PhpProcess::code($this->preamble() . <<<'PHP'
            $ledger = new WechatPay\Ledger($pdo, function ($t, $pdo) {
                if (($child = pcntl_fork()) === 0) {
                    posix_kill(getmypid(), SIGKILL);
                }
                pcntl_waitpid($child, $status);
            });
            echo json_encode($ledger->applyNotification($paid())->credited);
            PHP);
        self::assertSame(['true', ''], [$run->output, $run->errors]);
        self::assertSame('PAID', $this->state());
    }

    public function testR18AChildForkedInOnAttemptOfManyEnds(): void
    {
        $numbers = array_map(fn ($n) => sprintf('T%05d', $n), range(1, 24));
        foreach ($numbers as $number) {
            self::$simulator->control('POST', '/orders', ['out_trade_no' => $number, 'total_fee' => 100]);
        }
        $asked = var_export($numbers, true);
        foreach (['exit(7);' => '', 'return;' => 'forked inside a callback', 'trigger_error("boom", E_USER_ERROR);' => 'boom'] as $end => $said) {
            $fork = "function () use (&\$children) {
                if (count(\$children) < 8 && (\$children[] = pcntl_fork()) === 0) { \$children = range(1, 8); $end }
            }";
            $run = PhpProcess::code('$children = [];' . $this->preamble("onAttempt: $fork") . <<<PHP
                \$query = new WechatPay\\OrderQuery(\$merchant, \$gateway);
                \$answers = \$query->many($asked, 16);
                echo count(array_filter(\$answers, fn (\$a) => \$a instanceof WechatPay\\Order)), ' answers';
                foreach (\$children as \$child) {
                    for (\$waited = 0; \$waited < 100 && pcntl_waitpid(\$child, \$status, WNOHANG) === 0; \$waited++) {
                        usleep(50_000);
                    }
                    echo \$waited < 100 ? ' ' . pcntl_wexitstatus(\$status) : ' hangs' . posix_kill(\$child, SIGKILL);
                }
                PHP, timeout: 90);
            $code = $end === 'exit(7);' ? ' 7' : ' 255';
            self::assertSame('24 answers' . str_repeat($code, 8), $run->output, $run->errors);
            self::assertStringContainsString($said, $run->errors);
        }
    }

    public function testR18AChildForkedInOnAttemptOfSyncEnds(): void
    {
        $ledger = $this->shop($this->pdo);
        for ($n = 1; $n <= 12; $n++) {
            $this->open($ledger, $number = sprintf('T%05d', $n));
            self::$simulator->control('POST', '/orders', ['out_trade_no' => $number, 'total_fee' => 100, 'trade_state' => 'SUCCESS']);
        }
        $this->pdo->exec('UPDATE wechatpay_order SET due_at = 1');
        $fork = 'function () use (&$child) { if ($child === null && ($child = pcntl_fork()) === 0) { posix_kill(getmypid(), SIGSTOP); exit(7); } }';
        $run = PhpProcess::code('$child = null;' . $this->preamble("onAttempt: $fork") . <<<'PHP'
            $ledger = new WechatPay\Ledger($pdo, fn () => true, gateway: $gateway);
            $report = (new WechatPay\Sync($ledger, $merchant))->run(0);
            $ledger = $pdo = null;
            posix_kill($child, SIGCONT);
            for ($waited = 0; $waited < 100 && pcntl_waitpid($child, $status, WNOHANG) === 0; $waited++) {
                usleep(50_000);
            }
            echo $report->credited, ' ', $waited < 100 ? pcntl_wexitstatus($status) : 'hangs' . posix_kill($child, SIGKILL);
            PHP, timeout: 60);
        self::assertSame(['12 7', ''], [$run->output, $run->errors]);
        self::assertSame(12, $this->rows('credit'));
    }

    public function testR3R13R14H10ABrowserThatHangsUpEndsACallbackAsAnExceptionDoes(): void
    {
        self::$simulator->control('POST', '/micropay', ['scenario' => 'password_never', 'times' => 100]);
        $ledger = $this->shop($this->pdo);
        $this->open($ledger);
        self::$simulator->control('POST', '/orders', ['out_trade_no' => 'T00001', 'total_fee' => 100, 'trade_state' => 'SUCCESS']);
        $script = tempnam(sys_get_temp_dir(), 'wechatpay-page-');
        file_put_contents($script, "<?php\n" . $this->preamble() . <<<'PHP'
            $print = function () {
                for ($n = 0; $n < 200 && $GLOBALS['does'] !== 'state'; $n++) {
                    echo "waiting\n", str_repeat(' ', 8192);
                    flush();
                    usleep(20_000);
                }
            };
            $does = $_SERVER['QUERY_STRING'];
            $ledger = new WechatPay\Ledger($pdo, function ($t, $pdo) use ($print) {
                $pdo->exec("INSERT INTO balance VALUES ('T00001', 100)");
                $print();
            }, gateway: $gateway);
            register_shutdown_function(fn () => $pdo->inTransaction() && $pdo->commit());
            match ($does) {
                'pay' => (new WechatPay\Micropay($merchant, $gateway))
                    ->pay('M00001', '134567890123456789', 100, 'tea', '127.0.0.1', 60_000, 1000, $print),
                'credit' => $ledger->applyNotification($paid()),
                'progress' => (new WechatPay\Sync($ledger, $merchant))->run(20, onProgress: $print),
                'state' => print(json_encode([
                    getmypid(),
                    $caught(),
                    $pdo->inTransaction(),
                    (new WechatPay\OrderQuery($merchant, $gateway))->byOutTradeNo('T00001')->tradeState->name,
                ])),
            };
            PHP);
        $server = FpmServer::start(['page' => $script], 1, ['extension' => PhpProcess::extension()]);
        try {
            $before = $server->get('/page?state');
            foreach (['pay', 'credit', 'progress'] as $does) {
                $this->hangUp($server->url("/page?$does"));
            }
            $after = $server->get('/page?state');
            self::assertSame(json_decode($before)[0], json_decode($after)[0], 'the worker lives');
            self::assertSame($before, $after, 'its handlers, its connection and its pool are as before');
            self::assertSame([], $this->booked(), 'nothing is credited by a page that nobody waits for');
            self::assertSame('CREATED', $this->state());
            $query = new \WechatPay\OrderQuery($this->merchant, $this->gateway);
            self::assertSame('Revoked', $query->byOutTradeNo('M00001')->tradeState->name);
        } finally {
            $server->stop();
            unlink($script);
        }
    }

    /** Reads a little of a page, and goes away. */
    private function hangUp(string $url): void
    {
        $parts = parse_url($url);
        $socket = fsockopen($parts['host'], $parts['port']);
        fwrite($socket, "GET $parts[path]?$parts[query] HTTP/1.0\r\nHost: localhost\r\n\r\n");
        for ($read = ''; !str_contains($read, 'waiting') && !feof($socket);) {
            $read .= fread($socket, 8192);
        }
        fclose($socket);
        self::assertStringContainsString('waiting', $read);
    }
}
