<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\TestCase;

/**
 * The scripts under examples/ do what they say.
 *
 * @group slow
 */
#[Group('slow')]
final class ExamplesTest extends TestCase
{
    use WithSimulator;

    public function testTheDemoTellsItsStoryAndLeavesNothingBehind(): void
    {
        $run = PhpProcess::file(ROOT . '/examples/demo.php', timeout: 60);
        self::assertSame([0, ''], [$run->exitCode, $run->errors], $run->output);
        self::assertStringContainsString('All was as told.', $run->output);
        self::assertStringContainsString('APIv3: a probe is refused', $run->output);
        foreach ([SimulatorProcess::KEY, self::$simulator->v3()['apiV3Key'], 'PRIVATE KEY'] as $secret) {
            self::assertStringNotContainsString($secret, $run->output);
        }
    }

    public function testTheDemoFailsLoudlyWithoutASimulator(): void
    {
        $command = [PHP_BINARY, '-d', 'extension=' . PhpProcess::extension(), ROOT . '/examples/demo.php'];
        $run = PhpProcess::command($command, environment: ['WECHATPAY_SIMULATOR' => '/bin/false'] + getenv());
        self::assertSame(1, $run->exitCode);
        self::assertStringContainsString('did not say that it is ready', $run->errors);
    }

    public function testNativeShowsACodeAndQueryTheOrder(): void
    {
        $placed = self::example('native.php', 'coffee-0001', '12.30', 'A large coffee');
        self::assertSame([0, ''], [$placed->exitCode, $placed->errors], $placed->output);
        self::assertStringContainsString("\nweixin://", $placed->output);

        $asked = self::example('query.php', 'coffee-0001');
        self::assertSame([0, ''], [$asked->exitCode, $asked->errors], $asked->output);
        $order = json_decode($asked->output, true, 512, JSON_THROW_ON_ERROR);
        self::assertSame(['NOTPAY', 1230], [$order['tradeState'], $order['totalFee']]);
    }

    public function testQueryTellsAFaultAndItsAdvice(): void
    {
        $run = self::example('query.php', 'nobody-0001');
        self::assertSame([1, ''], [$run->exitCode, $run->output]);
        self::assertStringContainsString('next: wait', $run->errors);
    }

    public function testTheDailyJobMakesUpForEveryDayAndSaysWhetherSomethingIsOpen(): void
    {
        $beijing = new \DateTimeZone('Asia/Shanghai');
        [$day, $since] = array_map(fn (int $ago): string => (new \DateTimeImmutable("-$ago days", $beijing))->format('Y-m-d'), [2, 3]);
        $database = sys_get_temp_dir() . '/wechatpay-daily-' . getmypid() . '.sqlite';
        putenv("WECHATPAY_EXAMPLE_DSN=sqlite:$database");
        try {
            $clean = self::example('daily.php', $since);
            self::assertSame([0, ''], [$clean->exitCode, $clean->errors], $clean->output);
            self::assertStringContainsString("$since: 0 payments, 0 differences", $clean->output);
            (new \PDO("sqlite:$database"))->exec('DELETE FROM wechatpay_day');
            self::$simulator->control('POST', '/clock', ['advance_ms' => -2 * 86_400_000]);
            self::$simulator->control('POST', '/orders', ['out_trade_no' => 'stranger-1', 'total_fee' => 100, 'trade_state' => 'SUCCESS']);
            self::$simulator->control('POST', '/clock', ['advance_ms' => 2 * 86_400_000]);
            $open = self::example('daily.php', $since);
            self::assertSame([1, ''], [$open->exitCode, $open->errors], $open->output);
            self::assertStringContainsString("$day: 1 payments, 2 differences", $open->output);
            self::assertMatchesRegularExpression("~^#\\d+ $day StateDiffers stranger-1: query_order$~m", $open->output);
            (new \PDO("sqlite:$database"))->exec('DELETE FROM wechatpay_day');
            self::$simulator->control('POST', '/bills', ['damage' => 'creating', 'times' => 9]);
            $failed = self::example('daily.php', $since);
            self::assertSame(2, $failed->exitCode, $failed->output);
            self::assertStringContainsString('next: wait', $failed->errors);
        } finally {
            putenv('WECHATPAY_EXAMPLE_DSN');
            array_map('unlink', glob("$database*"));
        }
    }

    private static function example(string $name, string ...$arguments): PhpProcess
    {
        return PhpProcess::file(ROOT . "/examples/$name", $arguments, self::$simulator->ini());
    }
}
