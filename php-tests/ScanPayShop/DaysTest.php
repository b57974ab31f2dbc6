<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;

/**
 * The back office looks at days, members and workers. The gateway's clock was two days back when the trade happened.
 *
 * @group slow
 */
#[Group('slow')]
final class DaysTest extends ShopTestCase
{
    private ShopVisitor $clerk;
    private string $day;
    private string $path;

    protected function start(string $kind, int $workers = 1): void
    {
        parent::start($kind, $workers);
        $this->clerk = $this->visitor();
        $this->clerk->login('anna');
        $this->day = (new \DateTimeImmutable('-2 days', new \DateTimeZone('Asia/Shanghai')))->format('Y-m-d');
        $this->path = '/office/days/' . SimulatorProcess::MCH_ID . "/$this->day";
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testADayIsReconciledAndWhatDiffersIsSettledByAPerson(string $kind): void
    {
        $this->shop->stop();
        $this->start($kind);
        $this->trade();
        self::assertStringContainsString('还没有对账', $this->clerk->get($this->path));
        self::assertSame($this->path, $this->clerk->post($this->path), $this->clerk->body);
        $this->clerk->get($this->path);
        self::assertStringContainsString('data-head="微信支付">2 · <span class="sum">¥31.60</span></td><td data-head="小店">1 · <span class="sum">¥26.60</span></td>', $this->clerk->body);
        self::assertStringContainsString('PaidNotBooked', $this->clerk->body);
        $this->clerk->get('/office/days');
        preg_match('~/office/differences/(\d+)~', $this->clerk->body, $found);
        $this->clerk->post("/office/differences/$found[1]");
        self::assertSame(409, $this->clerk->status, 'without a reason');
        self::assertSame('/office/days', $this->clerk->post("/office/differences/$found[1]", ['note' => 'sold by telephone']));
        self::assertStringNotContainsString('/office/differences/', $this->clerk->get('/office/days'));
        self::assertStringContainsString('anna: sold by telephone', $this->clerk->get($this->path));
    }

    public function testTablesForASpreadsheet(): void
    {
        $number = $this->trade();
        $this->clerk->get("$this->path/orders.csv");
        self::assertSame(409, $this->clerk->status, 'there is no report yet');
        $this->clerk->post($this->path);
        $asked = self::bills();
        $this->clerk->get("$this->path/orders.csv");
        self::assertSame(['text/csv; charset=utf-8', 200], [$this->clerk->headers['content-type'], $this->clerk->status]);
        self::assertStringStartsWith("\u{FEFF}", $this->clerk->body);
        self::assertStringContainsString($number, $this->clerk->body);
        $this->clerk->get("$this->path/differences.csv");
        self::assertStringContainsString('nobody-1', $this->clerk->body);
        self::assertSame([1, 1], [$asked, self::bills()], 'what was reconciled is not asked for again');
        self::assertSame([], glob(sys_get_temp_dir() . '/shop-????????????????'));
    }

    public function testWhoReconcilesADayTogetherWithOthersKeepsOneReport(): void
    {
        $this->shop->stop();
        $this->start('sqlite', workers: 6);
        $number = $this->trade();
        self::assertSame([303 => 6], $this->clerk->together($this->path, array_fill(0, 6, [])));
        self::assertSame(['1'], array_map(strval(...), array_column($this->rows('SELECT COUNT(*) AS n FROM day_report'), 'n')));
        self::assertSame(1, substr_count($this->clerk->get("$this->path/orders.csv"), $number));
    }

    public function testADayWhoseReportWasLostIsReconciledAgain(): void
    {
        $number = $this->trade();
        $this->database->connect()->exec('UPDATE shop_order SET made_at = made_at - 2 * 86400');
        $this->shop->worker('1');
        $this->database->connect()->exec('DELETE FROM day_report');   // its process died before it was kept
        self::assertStringContainsString("<a href=\"$this->path\">", strstr($this->clerk->get('/office/days'), '差异', true), 'it is missing');
        $this->shop->worker('1');
        self::assertContains($this->day, array_column($this->rows('SELECT day FROM day_report'), 'day'));
        self::assertStringContainsString($number, $this->clerk->get("$this->path/orders.csv"));
    }

    public function testADayWithoutABillSaysSo(): void
    {
        foreach (['2099-01-01', '2001-01-01', '2026-02-31'] as $day) {
            $this->clerk->post('/office/days/' . SimulatorProcess::MCH_ID . "/$day");
            self::assertContains($this->clerk->status, [409, 502], $day);
        }
        $this->clerk->post("/office/days/999/$this->day");
        self::assertSame(404, $this->clerk->status);
    }

    public function testTheOrdersOfADayInAnyOrderAndAsAPicture(): void
    {
        $payer = $this->visitor();
        foreach ([['candy' => 1, 'tea' => 1], ['coffee' => 1]] as $quantities) {
            $this->pay($payer->buy($quantities), $payer);
        }
        $path = '/office/days/' . SimulatorProcess::MCH_ID . '/' . (new \DateTimeImmutable('now', new \DateTimeZone('Asia/Shanghai')))->format('Y-m-d');
        foreach (['?sort=amount' => '~¥12\.31.*¥26\.60~s', '?sort=amount&down=1' => '~¥26\.60.*¥12\.31~s'] as $sort => $pattern) {
            $this->clerk->get($path . $sort);
            self::assertMatchesRegularExpression($pattern, strstr($this->clerk->body, '</svg><ul'));
        }
        foreach (['fen;DROP TABLE goods', 'number DESC', '', '1'] as $sort) {
            $this->clerk->get("$path?sort=" . rawurlencode($sort));
            self::assertSame(200, $this->clerk->status, $sort);
        }
        self::assertSame(1, substr_count(strstr($this->clerk->body, '<svg'), 'aria-label="商品 ¥38.91'));
    }

    public function testTheWorkerReconcilesTheDaysThatAreMissingAndTheOfficeSeesIt(): void
    {
        self::assertStringContainsString('没有后台进程在运行', $this->clerk->get('/office'));
        $number = $this->trade();
        $this->database->connect()->exec("UPDATE shop_order SET made_at = made_at - 2 * 86400 WHERE number = '$number'");
        self::assertStringContainsString($this->day, $this->clerk->get('/office/days'));
        $this->shop->worker('2');
        self::assertContains($this->day, array_column($this->rows('SELECT day FROM day_report'), 'day'));
        self::assertStringNotContainsString('没有后台进程在运行', $this->clerk->get('/office'));
        self::assertStringContainsString('<dt><a href="/office/days">差异</a></dt><dd>1</dd>', $this->clerk->body);
    }

    public function testAJournalIsShownAndAnAccountThatDoesNotAddUpIsTold(): void
    {
        $payer = $this->visitor();
        $this->pay($number = substr($payer->post('/topups', ['yuan' => 100]), 8), $payer);
        $this->confirm();
        $this->clerk->get('/office/members');
        preg_match('~/office/members/([0-9a-f]{32})~', $this->clerk->body, $found);
        self::assertStringContainsString("topup:$number", $this->clerk->get("/office/members/$found[1]"));
        $this->clerk->get('/office/members/' . str_repeat('0', 32));
        self::assertSame(404, $this->clerk->status);
        $this->database->connect()->exec('UPDATE member SET balance = balance + 1 WHERE balance > 0');
        self::assertStringContainsString('流水与余额不符', $this->clerk->get('/office/members'));
        self::assertStringContainsString('流水与余额不符</a></dt><dd>1</dd>', preg_replace('~\s+~', ' ', $this->clerk->get('/office')));
    }

    /** How often WeChat was asked for a bill. */
    private static function bills(): int
    {
        return \count(preg_grep('~downloadbill~', array_column(self::$simulator->control('GET', '/requests'), 'path')));
    }

    /** A day with an order of the shop's and a payment that nobody has ordered; gives the order's number. */
    private function trade(): string
    {
        self::$simulator->control('POST', '/clock', ['advance_ms' => -2 * 86_400_000]);
        $payer = $this->visitor();
        $number = $payer->buy(['coffee' => 1]);
        $this->pay($number, $payer);
        self::$simulator->control('POST', '/orders', ['out_trade_no' => 'nobody-1', 'total_fee' => 500, 'trade_state' => 'SUCCESS']);
        self::$simulator->control('POST', '/clock', ['advance_ms' => 2 * 86_400_000]);
        return $number;
    }
}
