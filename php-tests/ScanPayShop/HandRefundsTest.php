<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;
use WechatPay\Gateway;
use WechatPay\Merchant;
use WechatPay\Refund;

/**
 * Refunds that somebody makes in WeChat's merchant platform, and those that bounce: the books follow, and a person is told.
 *
 * @group slow
 */
#[Group('slow')]
final class HandRefundsTest extends ShopTestCase
{
    private ShopVisitor $anna;
    private ShopVisitor $payer;

    protected function start(string $kind, int $workers = 1): void
    {
        parent::start($kind, $workers);
        [$this->anna, $this->payer] = [$this->visitor(), $this->visitor()];
        $this->anna->login('anna');
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testARefundByHandIsBookedAndWaitsForAPerson(string $kind): void
    {
        $this->shop->stop();
        $this->start($kind);
        [$number, $other] = [$this->paid(['coffee' => 1, 'tea' => 1]), $this->paid(['coffee' => 2])];
        self::assertSame(91, $this->points());
        $this->sendBack($number, 3829, 1230);
        self::assertSame(['refunded_part', 78], [$this->payer->state($number), $this->points()]);
        self::assertTrue($this->waits($number));
        self::assertStringContainsString('在商户平台手工退款', $this->anna->get("/office/orders/$number"));
        self::assertSame([409, true], [$this->settle($other, 'hand-1230'), $this->waits($number)], 'it is no refund of that order');
        self::assertSame([303, false], [$this->settle($number, 'hand-1230'), $this->waits($number)]);
        self::assertSame(409, $this->settle($number, 'hand-1230'));
        $this->hear($number);
        self::assertSame([78, false], [$this->points(), $this->waits($number)], 'once');
    }

    public function testAfterAPartWentBackByHandAllThatIsLeftCanBeSentBack(): void
    {
        $number = $this->paid(['coffee' => 1, 'tea' => 1]);
        $this->sendBack($number, 3829, 1000);
        $refund = function (string $sku) use ($number): int {
            $this->anna->post("/office/orders/$number/refund", ['sku' => [$sku], 'note' => 'broken']);
            return $this->anna->status;
        };
        self::assertSame([303, 409], [$refund('tea'), $refund('coffee')]);
        self::assertStringContainsString('请退还全部剩余', $this->anna->body);
        self::assertStringContainsString('¥16.60', $this->anna->get("/office/orders/$number"));
        self::assertSame([303, 409], [$refund('*'), $refund('*')], $this->anna->body);
        self::assertSame(['refunded', 0], [$this->payer->state($number), $this->points()]);
        self::assertSame([1000, 1169, 1660], array_column(self::$simulator->control('GET', '/refunds'), 'refund_fee'));
    }

    public function testARefundOfAnotherOrderIsNotRefusedUnderThisOnesAddress(): void
    {
        [$number, $other] = [$this->paid(['coffee' => 19]), $this->paid(['coffee' => 1])];
        $this->anna->post("/office/orders/$number/refund", ['sku' => ['coffee'], 'note' => 'broken']);
        $refundNo = $this->rows('SELECT refund_no FROM shop_refund')[0]['refund_no'];
        $this->anna->post("/office/orders/$other/refuse", ['refund' => $refundNo, 'note' => 'no']);
        self::assertSame([409, 'waiting'], [$this->anna->status, $this->rows('SELECT state FROM shop_refund')[0]['state']]);
        $this->anna->post("/office/orders/$number/refuse", ['refund' => $refundNo, 'note' => 'no']);
        self::assertSame([303, 'refused'], [$this->anna->status, $this->rows('SELECT state FROM shop_refund')[0]['state']]);
    }

    public function testATopUpThatIsSentBackByHandTakesBalanceAndGiftOrWaitsUntilTheyAreThereAgain(): void
    {
        $kept = $this->toppedUp();
        $this->sendBack($kept, 10_000, 5_000);
        self::assertSame([5_000, 0], $this->account());
        $this->sendBack($kept, 10_000, 4_999);
        self::assertSame([1, 0], $this->account());
        $spent = $this->toppedUp();
        $this->payer->post('/purchases', ['quantity' => ['tea' => 1], 'once' => '0123456789abcdef']);
        $before = $this->account();
        $this->sendBack($spent, 10_000, 10_000);
        self::assertSame([$before, true], [$this->account(), $this->waits($spent)]);
        self::assertStringContainsString('会员已花掉', $this->anna->get("/office/orders/$spent"));
        $this->toppedUp();
        $this->hear($spent);
        self::assertSame([$before[0], 1_000], $this->account(), 'as soon as there is so much');
        self::assertSame('', trim(preg_replace('~^.* [A-Z_]+ \(.*\)$~m', '', $this->shop->worker('1'))), 'the journals add up');
    }

    public function testARefundThatBouncesWaitsForAPersonOnce(): void
    {
        $number = $this->paid(['coffee' => 1]);
        $this->anna->post("/office/orders/$number/refund", ['sku' => ['coffee'], 'note' => 'broken']);
        $refundNo = self::$simulator->control('GET', '/refunds')[0]['out_refund_no'];
        self::$simulator->control('POST', '/refunds', ['out_refund_no' => $refundNo, 'status' => 'CHANGE']);
        self::$simulator->control('POST', '/settle');
        self::assertFalse($this->waits($number));
        $this->hear($number);
        self::assertTrue($this->waits($number));
        self::assertStringContainsString('退款被退回', $this->anna->get("/office/orders/$number"));
        self::assertSame([303, false], [$this->settle($number, $refundNo), $this->waits($number)]);
        $this->hear($number);
        self::assertSame([false, 0], [$this->waits($number), $this->points()]);
    }

    public function testARefundThatBouncedBeforeItsOrderWasCreditedIsNotKept(): void
    {
        $number = $this->payer->buy(['coffee' => 1]);
        $this->payer->get("/orders/$number");
        $this->payer->post("/orders/$number/close");
        self::$simulator->control('POST', '/state', ['out_trade_no' => $number, 'trade_state' => 'SUCCESS']);
        self::$simulator->control('POST', '/notify', ['out_trade_no' => $number]);
        $this->sendBack($number, 2660, 2000, 'CHANGE');
        self::assertSame(['paid_late', 'bounced'], [$this->payer->state($number), $this->rows('SELECT state FROM shop_refund')[0]['state']]);
        $this->anna->post("/office/orders/$number/resolve", ['as' => 'CREDIT', 'note' => 'it is there']);
        self::assertSame(303, $this->anna->status, $this->anna->body);
        $this->confirm();
        self::assertSame([660, 6], [(int) $this->rows('SELECT kept FROM shop_order')[0]['kept'], $this->points()]);
        $this->anna->post("/office/orders/$number/refund", ['sku' => ['*'], 'note' => 'broken']);
        self::assertSame([303, 'refunded'], [$this->anna->status, $this->payer->state($number)]);
    }

    /** @param array<string, int> $quantities */
    private function paid(array $quantities): string
    {
        $this->pay($number = $this->payer->buy($quantities), $this->payer);
        $this->confirm();
        return $number;
    }

    private function toppedUp(): string
    {
        $this->pay($number = substr($this->payer->post('/topups', ['yuan' => 100]), 8), $this->payer);
        $this->confirm();
        return $number;
    }

    /** Somebody sends fen back in the merchant platform, with more luck or less, and the office asks. */
    private function sendBack(string $number, int $paid, int $fen, string $status = 'SUCCESS'): void
    {
        $file = \dirname(self::$simulator->ready['cert_file']) . '/' . SimulatorProcess::MCH_ID;
        $merchant = new Merchant(SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY, certificate: "{$file}_cert.pem", privateKey: "{$file}_key.pem");
        (new Refund($merchant, new Gateway(self::$simulator->url, caFile: self::$simulator->caFile)))->byOutTradeNo($number, "hand-$fen", $paid, $fen);
        $status === 'SUCCESS' || self::$simulator->control('POST', '/refunds', ['out_refund_no' => "hand-$fen", 'status' => $status]);
        self::$simulator->control('POST', '/settle');
        $this->anna->post("/office/orders/$number/check", ['note' => 'asked']);
        $this->hear($number);
    }

    /** The worker hears what is new of an order. */
    private function hear(string $number): void
    {
        $this->database->connect()->exec("UPDATE wechatpay_order SET due_at = 0 WHERE out_trade_no = '$number' AND due_at IS NOT NULL");
        $this->shop->worker('2');
    }

    private function waits(string $number): bool
    {
        return str_contains(strstr($this->anna->get('/office/orders'), '最近', true), $number);
    }

    private function settle(string $number, string $refundNo): int
    {
        $this->anna->post("/office/orders/$number/dismiss", ['refund' => $refundNo, 'note' => 'looked at it']);
        return $this->anna->status;
    }

    /** @return array{int, int} balance and gift */
    private function account(): array
    {
        $member = substr(hash('sha256', $this->payer->cookies['shop_visitor']), 0, 32);
        return array_map(intval(...), array_values($this->rows("SELECT balance, gift FROM member WHERE id = '$member'")[0]));
    }
}
