<?php

declare(strict_types=1);

namespace WechatPayTests;

/** A test of the shop with two clerks in its back office, who decide about what payers have bought. */
abstract class ShopDeskTestCase extends ShopTestCase
{
    protected ShopVisitor $anna;
    protected ShopVisitor $bo;

    protected function start(string $kind, int $workers = 1): void
    {
        parent::start($kind, $workers);
        [$this->anna, $this->bo] = [$this->visitor(), $this->visitor()];
        $this->anna->login('anna');
        $this->bo->login('bo');
    }

    /** What the worker tells when all that waits is due. */
    protected function workerLater(): string
    {
        $this->database->connect()->exec('UPDATE wechatpay_order SET due_at = 0 WHERE due_at IS NOT NULL');
        $this->database->connect()->exec('UPDATE wechatpay_outbox SET due_at = 0 WHERE due_at IS NOT NULL');
        return $this->shop->worker('2');
    }

    /** WeChat, which had taken the refund of an order, gives it up, and the worker hears of it. */
    protected function isGivenUp(string $number): string
    {
        $taken = array_column(self::$simulator->control('GET', '/refunds'), 'out_refund_no', 'out_trade_no');
        self::$simulator->control('POST', '/refunds', ['out_refund_no' => $taken[$number], 'status' => 'REFUNDCLOSE']);
        self::$simulator->control('POST', '/settle');
        $this->database->connect()->exec('UPDATE wechatpay_order SET due_at = 0 WHERE due_at IS NOT NULL');
        return $this->shop->worker('2');
    }

    /** A refund of all of an order that WeChat refuses, since the merchant has no money just then: its number. */
    protected function isRefusedAtOnce(string $number): string
    {
        self::$simulator->control('POST', '/balance', ['fen' => 0]);
        $this->refund($this->anna, $number, ['coffee'], 502);
        self::$simulator->control('POST', '/balance', ['fen' => 1_000_000]);
        return $this->rows("SELECT refund_no FROM shop_refund WHERE number = '$number'")[0]['refund_no'];
    }

    /** An order of goods that is paid. @param array<string, int> $quantities */
    protected function bought(ShopVisitor $payer, array $quantities): string
    {
        $number = $payer->buy($quantities);
        $this->pay($number, $payer);
        self::assertSame('paid', $payer->state($number));
        return $number;
    }

    protected function toppedUp(ShopVisitor $payer): string
    {
        $number = substr($payer->post('/topups', ['yuan' => 100]), 8);
        $this->pay($number, $payer);
        $this->confirm();
        return $number;
    }

    /** @param list<string> $skus */
    protected function refund(ShopVisitor $clerk, string $number, array $skus, int $status = 303): void
    {
        self::assertSame($status, $this->decide($clerk, $number, 'refund', ['sku' => $skus]), $clerk->body);
    }

    /** @param array<string, mixed> $fields */
    protected function decide(ShopVisitor $clerk, string $number, string $what, array $fields = []): int
    {
        $clerk->post("/office/orders/$number/$what", $fields + ['note' => 'a reason']);
        return $clerk->status;
    }

    /** @return list<array<string, mixed>> */
    protected static function refunds(): array
    {
        return array_map(
            static fn (array $refund) => ['out_trade_no' => $refund['out_trade_no'], 'refund_fee' => $refund['refund_fee']],
            self::$simulator->control('GET', '/refunds'),
        );
    }

    /** @return array<string, mixed> */
    protected function account(ShopVisitor $payer): array
    {
        $member = substr(hash('sha256', $payer->cookies['shop_visitor']), 0, 32);
        return $this->rows("SELECT balance, gift FROM member WHERE id = '$member'")[0];
    }
}
