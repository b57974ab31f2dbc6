<?php

declare(strict_types=1);

namespace WechatPayTests;

use WechatPay\Gateway;
use WechatPay\Ledger;
use WechatPay\Order;
use WechatPay\OrderQuery;
use WechatPay\PayException;
use WechatPay\Signer;
use WechatPay\SignType;
use WechatPay\Sync;
use WechatPay\Xml;

/** Orders at a simulator that loses answers and refuses. */
abstract class LedgerIntentsTestCase extends LedgerSimulatorTestCase
{
    protected function setUp(): void
    {
        parent::setUp();
        $this->gateway = new Gateway(self::$simulator->url, caFile: self::$simulator->caFile, timeoutMs: 3000);
    }

    protected function shop(\PDO $pdo, mixed ...$more): Ledger
    {
        return parent::shop($pdo, ...$more + ['gateway' => $this->gateway ?? null]);
    }

    protected function placed(string $number, int $paid, string $state = 'SUCCESS', string $type = 'NATIVE'): void
    {
        self::$simulator->control('POST', '/orders', [
            'out_trade_no' => $number, 'total_fee' => $paid, 'trade_state' => $state, 'trade_type' => $type,
            'created_ago_ms' => 600_000,
        ]);
    }

    /** An order that is paid and credited. */
    protected function paid(Ledger $ledger, string $number, int $fen = 1000): void
    {
        $ledger->open($this->merchant, $number, $fen);
        $this->placed($number, $fen);
        self::assertTrue($ledger->apply($this->asked($number))->credited);
    }

    protected function asked(string $number): Order
    {
        return (new OrderQuery($this->merchant, $this->gateway))->byOutTradeNo($number);
    }

    protected function sync(Ledger $ledger): void
    {
        $this->pdo->exec('UPDATE wechatpay_order SET due_at = 1 WHERE due_at IS NOT NULL');
        (new Sync($ledger, $this->merchant))->run(0);
    }

    protected function fault(callable $call): PayException
    {
        try {
            $call();
        } catch (PayException $e) {
            return $e;
        }
        self::fail('Nothing was thrown.');
    }

    protected function fails(string $fault, string $path = '/secapi/pay/refund', mixed ...$more): void
    {
        self::$simulator->control('POST', '/faults', $more + ['path' => $path, 'fault' => $fault, 'times' => 1]);
    }

    /** WeChat's signed refusal. */
    protected function refuses(string $code, string $path = '/secapi/pay/refund', int $times = 1): void
    {
        $fields = [
            'return_code' => 'SUCCESS', 'result_code' => 'FAIL', 'err_code' => $code, 'err_code_des' => 'no',
            'appid' => SimulatorProcess::APPID, 'mch_id' => SimulatorProcess::MCH_ID, 'nonce_str' => 'abc',
        ];
        $fields['sign'] = Signer::sign($fields, SimulatorProcess::KEY, SignType::HmacSha256);
        $this->fails('raw_body', $path, body: Xml::encode($fields), times: $times);
    }

    protected function lose(bool $processed): void
    {
        $this->fails('close_after_request', processed: $processed);
    }

    /** @return array<string, int> what goes back at WeChat, by number */
    protected function back(): array
    {
        $refunds = self::$simulator->control('GET', '/refunds');
        return array_column($refunds, 'refund_fee', 'out_refund_no');
    }

    protected function word(string $number): string
    {
        return $this->database->connect()->query("SELECT state FROM wechatpay_refund WHERE out_refund_no = '$number'")->fetchColumn();
    }

    /** Time passes for what was sent. */
    protected function settle(): void
    {
        $this->pdo->exec('UPDATE wechatpay_refund SET sent_at = sent_at - 61000');
        $this->pdo->exec('UPDATE wechatpay_order SET sent_at = sent_at - 61000');
    }
}
