<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Gateway;
use WechatPay\Ledger;
use WechatPay\LedgerState;
use WechatPay\Merchant;
use WechatPay\Resolution;
use WechatPay\Sync;
use WechatPay\SyncReport;

/** Each order belongs to the account that opened it: appid, mch_id and the ids of a sub-merchant. */
final class LedgerOwnersTest extends LedgerSimulatorTestCase
{
    private const MINI = 'wxMINIPROGRAM0001';
    private const SUB = '1900000109';

    /** @var array<string, Merchant> */
    private array $merchants;

    public static function setUpBeforeClass(): void
    {
        $one = fn (string $appid) => implode(':', [$appid, SimulatorProcess::MCH_ID, SimulatorProcess::KEY]);
        self::$simulator = SimulatorProcess::start(
            '--merchant', $one(SimulatorProcess::APPID), '--merchant', $one(self::MINI),
        );
    }

    protected function setUp(): void
    {
        parent::setUp();
        $this->merchants = [
            'official' => $this->merchant,
            'mini' => $this->account(self::MINI),
            'sub' => $this->account(SimulatorProcess::APPID, self::SUB),
            'sub-app' => $this->account(SimulatorProcess::APPID, self::SUB, 'wx1111111111111111'),
            'sub-mini' => $this->account(SimulatorProcess::APPID, self::SUB, 'wx2222222222222222'),
        ];
    }

    protected function shop(\PDO $pdo, mixed ...$more): Ledger
    {
        return parent::shop($pdo, ...$more + ['gateway' => $this->gateway ?? null]);
    }

    private function account(string $appid, ?string $subMchId = null, ?string $subAppid = null): Merchant
    {
        $key = SimulatorProcess::KEY;
        return new Merchant($appid, SimulatorProcess::MCH_ID, $key, subMchId: $subMchId, subAppid: $subAppid);
    }

    /** Two orders of each account, due at once: the first is paid. */
    private function openAll(Ledger $ledger): void
    {
        foreach ($this->merchants as $name => $merchant) {
            foreach (['SUCCESS', 'NOTPAY'] as $at => $state) {
                $ledger->open($merchant, "$name-$at", 100);
                self::$simulator->control('POST', '/orders', [
                    'out_trade_no' => "$name-$at", 'total_fee' => 100, 'trade_state' => $state,
                    'sub_mch_id' => str_starts_with($name, 'sub') ? self::SUB : '',
                ]);
            }
        }
        $this->pdo->exec('UPDATE wechatpay_order SET due_at = 1');
    }

    private function sync(Ledger $ledger, string ...$names): SyncReport
    {
        return (new Sync($ledger, ...array_map(fn (string $name) => $this->merchants[$name], $names)))->run(0);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR2EachOrderIsAskedAboutByItsOwnMerchant(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->openAll($ledger);
        $report = $this->sync($ledger, ...array_keys($this->merchants));
        self::assertSame([10, 5, 0, 0], [$report->claimed, $report->credited, $report->others, $report->failures], implode("\n", $report->messages));
        foreach ($this->merchants as $name => $merchant) {
            self::assertSame(LedgerState::Paid, $ledger->find($merchant, "$name-0")->state, $name);
            self::assertSame(LedgerState::Created, $ledger->find($merchant, "$name-1")->state, $name);
        }
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR2OrdersOfMerchantsThatWereNotGivenAreLeftAloneAndCounted(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->openAll($ledger);
        foreach (array_keys($this->merchants) as $done => $name) {
            $seen = null;
            $merchant = $this->merchants[$name];
            $report = (new Sync($ledger, $merchant))->run(0, onProgress: function (SyncReport $r) use (&$seen): void {
                $seen ??= $r->others;
            });
            $others = 2 * (4 - $done);
            self::assertSame([2, 1, $others, $others], [$report->claimed, $report->credited, $report->others, $seen], $name);
        }
        $states = $this->pdo->query('SELECT DISTINCT state FROM wechatpay_order ORDER BY state')->fetchAll(\PDO::FETCH_COLUMN);
        self::assertSame(['CREATED', 'PAID'], $states);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR2CallsByHandRefuseAnotherMerchant(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->openAll($ledger);
        $this->sync($ledger, ...array_keys($this->merchants));
        $ledger->open($this->merchant, 'code-0001', 100, tradeType: 'MICROPAY');
        $before = \count(self::$simulator->control('GET', '/requests'));
        [$mini, $plain, $other] = [$this->merchants['mini'], $this->merchants['sub'], $this->merchants['sub-mini']];
        foreach ([
            'appid' => [
                fn () => $ledger->refund($this->withCertificate(self::MINI), 'official-0', 'R1', 1),
                fn () => $ledger->close($mini, 'official-1'),
                fn () => $ledger->reverse($this->withCertificate(self::MINI), 'code-0001'),
                fn () => $ledger->resolve($mini, 'official-1', Resolution::Dismiss, 'not mine'),
            ],
            'sub_appid' => [
                fn () => $ledger->close($plain, 'sub-app-1'),
                fn () => $ledger->close($other, 'sub-app-1'),
                fn () => $ledger->close($other, 'sub-1'),
            ],
        ] as $id => $calls) {
            foreach ($calls as $at => $call) {
                try {
                    $call();
                    self::fail("$id $at: another merchant's order was asked about");
                } catch (\ValueError $e) {
                    self::assertStringContainsString('($merchant) must be the merchant that the order was opened with', $e->getMessage());
                    self::assertStringContainsString(" $id ", $e->getMessage());
                }
            }
        }
        self::assertCount($before, self::$simulator->control('GET', '/requests'), 'nobody was asked');
        self::assertSame(LedgerState::Closed, $ledger->close($this->merchants['sub-app'], 'sub-app-1')->to, 'its own merchant may');
    }

    private function withCertificate(string $appid): Merchant
    {
        return new Merchant(
            $appid, SimulatorProcess::MCH_ID, SimulatorProcess::KEY,
            certificate: self::$simulator->ready['cert_file'], privateKey: self::$simulator->ready['key_file'],
        );
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR2TheClaimWalksItsOwnMerchantsIndex(string $database): void
    {
        $now = time() * 1000;
        $rows = implode(', ', array_map(
            fn (int $n): string => sprintf("('%s', 'n%05d', '%s', 100, 'CNY', 'NATIVE', 'CREATED', 'opened', 1, 1, 1)", SimulatorProcess::MCH_ID, $n, self::MINI),
            range(1, 2000),
        ));
        $this->pdo->exec("INSERT INTO wechatpay_order (mch_id, out_trade_no, appid, total_fee, fee_type, trade_type, state, reason, created_at, changed_at, due_at) VALUES $rows");
        $this->pdo->query('ANALYZE ' . ($database === 'mariadb' ? 'TABLE ' : '') . 'wechatpay_order')->fetchAll();
        $sql = "SELECT o.id FROM wechatpay_order o" . ['sqlite' => ' INDEXED BY wechatpay_order_0', 'mariadb' => ' FORCE INDEX (due)', 'pgsql' => ''][$database] . " WHERE o.mch_id = '" . SimulatorProcess::MCH_ID
            . "' AND o.sub_mch_id = '' AND o.appid = '" . SimulatorProcess::APPID . "' AND o.sub_appid = '' AND o.due_at <= $now ORDER BY o.due_at LIMIT 50";
        $plan = json_encode($this->pdo->query(($database === 'sqlite' ? 'EXPLAIN QUERY PLAN ' : 'EXPLAIN ') . $sql)->fetchAll(\PDO::FETCH_ASSOC));
        self::assertMatchesRegularExpression([
            'sqlite' => '~USING (COVERING )?INDEX wechatpay_order_0 \(mch_id=\? AND sub_mch_id=\? AND appid=\? AND sub_appid=\? AND due_at<\?\)~',
            'mariadb' => '~"type":"range".*"key":"due"~',
            'pgsql' => '~Index.* (using|on) wechatpay_order_0~',
        ][$database], $plan);
        self::assertStringNotContainsString('filesort', $plan);
        self::assertStringNotContainsString('Sort', $plan);
    }
}
