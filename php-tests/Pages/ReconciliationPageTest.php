<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;

/** docs/reconciliation.md is true: its snippets, one after the other, are a job that runs and prints what they say. */
final class ReconciliationPageTest extends TradeTestCase
{
    private const DAY_MS = 86_400_000;

    /** @dataProvider pages */
    #[DataProvider('pages')]
    public function testTheDailyJobRunsAndPrintsWhatItSays(string $page): void
    {
        self::aDayOfTrade(['coffee-0001' => 1230, 'coffee-0002' => 1300, 'coffee-0003' => 700]);
        $job = implode("\n", (new Page($page))->snippets());
        $run = PhpProcess::code($this->preparation() . $job, self::$simulator->ini() + ['error_log' => '/dev/null']);
        self::assertSame(['', 0], [$run->errors, $run->exitCode], $run->output);
        self::assertSame('', ExpectedOutput::missing($job, $run->output), "Missing, or out of order, in:\n$run->output");
    }

    /** @return iterable<string, array{string}> */
    public static function pages(): iterable
    {
        yield 'English' => ['docs/reconciliation.md'];
        yield 'Chinese' => ['docs/reconciliation.zh-CN.md'];
    }

    public function testEveryKindOfDifferenceHasItsRow(): void
    {
        foreach (self::pages() as [$page]) {
            preg_match_all('~^\| (`\w+`(?:, `\w+`)*) \| .* \| .* \|$~m', (new Page($page))->text(), $rows);
            preg_match_all('~\w+~', implode(' ', $rows[1]), $named);
            $kinds = array_column(\WechatPay\DifferenceKind::cases(), 'name');
            self::assertSame([], array_diff($kinds, $named[0]), $page);
        }
    }

    /** Yesterday's orders, paid; their bill is there whatever the hour. @param array<string, int> $orders */
    private static function aDayOfTrade(array $orders): void
    {
        self::$simulator->control('POST', '/clock', ['advance_ms' => -self::DAY_MS]);
        foreach ($orders as $number => $fee) {
            self::order($number, ['total_fee' => $fee, 'trade_state' => 'SUCCESS', 'body' => '咖啡']);
        }
        self::$simulator->control('POST', '/clock', ['advance_ms' => 2 * self::DAY_MS]);
    }

    /** What the page takes as given: a merchant, and a shop that has missed the notice of its third order. */
    private function preparation(): string
    {
        $ready = self::$simulator->ready;
        $arguments = [SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY];
        $arguments += ['certificate' => $ready['cert_file'], 'privateKey' => $ready['key_file']];
        return '$merchant = new \WechatPay\Merchant(...' . var_export($arguments, true) . ");\n" . <<<'PHP'
            $pdo = new \PDO('sqlite::memory:');
            $pdo->exec('CREATE TABLE shop_orders (out_trade_no, total_fee INTEGER, state, paid_on)');
            $yesterday = (new \DateTimeImmutable('yesterday', new \DateTimeZone('Asia/Shanghai')))->format('Y-m-d');
            $pdo->exec("INSERT INTO shop_orders VALUES ('coffee-0001', 1230, 'SUCCESS', '$yesterday'),
                ('coffee-0002', 1300, 'SUCCESS', '$yesterday'), ('coffee-0003', 700, 'NOTPAY', NULL)");

            PHP;
    }
}
