<?php

declare(strict_types=1);

namespace WechatPayTests;

use WechatPay\Gateway;
use WechatPay\Ledger;
use WechatPay\Merchant;
use WechatPay\Notification;
use WechatPay\OrderQuery;
use WechatPay\Sync;

/** A test of the ledger of a merchant of APIv3, who may speak v2 as well. */
abstract class LedgerV3TestCase extends LedgerSimulatorTestCase
{
    protected const UNLISTED = 'something went back, and APIv3 does not say how much';

    protected Merchant $v3;

    protected function setUp(): void
    {
        parent::setUp();
        $this->v3 = Merchant::v3(...self::$simulator->v3());
        $this->gateway = new Gateway(self::$simulator->url, caFile: self::$simulator->caFile, timeoutMs: 3000);
    }

    protected function shop(\PDO $pdo, mixed ...$more): Ledger
    {
        return parent::shop($pdo, ...$more + ['gateway' => $this->gateway ?? null]);
    }

    protected static function placed(string $number, int $fen = 1000, string $state = 'SUCCESS'): void
    {
        self::$simulator->control('POST', '/orders', ['out_trade_no' => $number, 'total_fee' => $fen, 'trade_state' => $state, 'created_ago_ms' => 600_000]);
    }

    /** An order that is paid and credited. */
    protected function paid(Ledger $ledger, string $number): void
    {
        $ledger->open($this->v3, $number, 1000);
        self::placed($number);
        self::assertTrue($ledger->apply($this->asked($number))->credited);
    }

    protected function asked(string $number): \WechatPay\Order
    {
        return (new OrderQuery($this->v3, $this->gateway))->byOutTradeNo($number);
    }

    protected function sync(Ledger $ledger, ?Merchant ...$merchants): void
    {
        $this->pdo->exec('UPDATE wechatpay_order SET due_at = 1 WHERE due_at IS NOT NULL');
        (new Sync($ledger, ...($merchants ?: [$this->v3])))->run(0);
    }

    protected static function ends(string $number, string $status): void
    {
        self::$simulator->control('POST', '/refunds', ['out_refund_no' => $number, 'status' => $status]);
    }

    /** The paths that were asked for, without their queries. @return list<string> */
    protected static function paths(): array
    {
        $paths = array_column(self::$simulator->control('GET', '/requests'), 'path');
        return array_map(fn (string $path): string => strtok($path, '?'), $paths);
    }

    protected function word(string $number): string
    {
        $row = $this->pdo->prepare('SELECT state FROM wechatpay_refund WHERE out_refund_no = ?');
        $row->execute([$number]);
        return (string) $row->fetchColumn();
    }

    /** What the outbox says last of an order. @return array<string, mixed> */
    protected static function told(Ledger $ledger): array
    {
        $last = [];
        $ledger->outbox(function (string $topic, array $payload) use (&$last): void {
            $last = $payload;
        });
        return $last;
    }

    /** A genuine notice of a refund: the merchant's own key stands in for WeChat's. */
    protected function notified(string $order, string $number, int $fen, string $status): Notification
    {
        $key = file_get_contents(self::$simulator->ready['v3']['private_key_file']);
        $public = openssl_pkey_get_details(openssl_pkey_get_private($key))['key'];
        $merchant = Merchant::v3(...self::$simulator->v3(publicKeyId: 'PUB_KEY_ID_0123', publicKey: $public));
        $transaction = $this->asked($order)->transactionId;
        $body = Notification::sign([
            'out_trade_no' => $order, 'transaction_id' => $transaction, 'out_refund_no' => $number, 'refund_id' => "50$number", 'refund_status' => $status,
            'user_received_account' => 'card', 'amount' => ['total' => 1000, 'refund' => $fen, 'payer_total' => 1000, 'payer_refund' => $fen],
        ], $merchant);
        return Notification::receive($body, Notification::headers($body, $merchant), $this->merchant, $merchant);
    }
}
