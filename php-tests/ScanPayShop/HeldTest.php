<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\Group;
use WechatPay\Merchant;
use WechatPay\Notification;

/**
 * Payments whose goods wait: for WeChat's answer, for a rule, for a person.
 *
 * @group slow
 */
#[Group('slow')]
final class HeldTest extends ShopDeskTestCase
{
    public function testGoodsLeaveAfterAllWhenTheRefundThatKeptThemComesToNothing(): void
    {
        self::$simulator->control('POST', '/manners', ['refund_ms' => 3_600_000]);
        [$held, $unasked] = [$this->bought($this->visitor(), ['coffee' => 1, 'candy' => 2]), $this->bought($this->visitor(), ['coffee' => 1])];
        $this->database->connect()->exec("UPDATE shop_order SET hold = 'a rule' WHERE number = '$held'");
        self::$simulator->control('POST', '/faults', ['fault' => 'status_500', 'path' => '/pay/orderquery', 'times' => 1000]);
        self::assertStringNotContainsString('deliver', $this->shop->worker('1'));
        self::$simulator->control('DELETE', '/faults');
        foreach ([$held, $unasked] as $number) {
            $this->refund($this->anna, $number, $number === $held ? ['candy', 'coffee'] : ['coffee']);
        }
        self::assertStringNotContainsString('deliver', $this->workerLater());
        self::assertSame([100, 0], [$this->stock('coffee'), $this->points()]);
        foreach ([$held, $unasked] as $number) {
            self::assertStringNotContainsString('deliver', $this->isGivenUp($number));
        }
        self::assertStringNotContainsString('deliver', $this->workerLater(), 'a person decides about the refund first');
        foreach ($this->rows('SELECT number, refund_no FROM shop_refund') as $refund) {
            self::assertSame(303, $this->decide($this->anna, $refund['number'], 'dismiss', ['refund' => $refund['refund_no']]));
        }
        self::assertStringNotContainsString("deliver $held", $told = $this->workerLater());
        self::assertStringContainsString("deliver $unasked PAID", $told);
        $this->decide($this->anna, $held, 'release');
        self::assertStringContainsString("deliver $held PAID", $this->workerLater());
        self::assertStringNotContainsString('deliver', $this->workerLater(), 'once');
        self::assertSame([98, 998, 26], [$this->stock('coffee'), $this->stock('candy'), $this->points()]);
    }

    public function testGoodsWaitWhileARefundOfThemWaitsForASecondPerson(): void
    {
        $number = $this->bought($this->visitor(), ['coffee' => 19, 'tea' => 1]);
        $this->refund($this->anna, $number, ['coffee']);
        self::assertStringNotContainsString('deliver', $this->shop->worker('1'));
        $refundNo = $this->rows('SELECT refund_no FROM shop_refund')[0]['refund_no'];
        self::assertSame(303, $this->decide($this->bo, $number, 'refuse', ['refund' => $refundNo]));
        self::assertStringContainsString("deliver $number PAID", $this->workerLater());
    }

    public function testATopUpThatIsHeldCanBeSentBack(): void
    {
        $payer = $this->visitor();
        $this->pay($number = substr($payer->post('/topups', ['yuan' => 100]), 8), $payer);
        $this->database->connect()->exec("UPDATE shop_order SET hold = 'more than 10,000 yuan in a day'");
        $this->confirm();
        self::assertStringContainsString("/office/orders/$number/refund", $this->anna->get("/office/orders/$number"));
        $this->refund($this->anna, $number, []);
        self::assertSame(303, $this->decide($this->bo, $number, 'agree', ['refund' => $this->rows('SELECT refund_no FROM shop_refund')[0]['refund_no']]));
        self::assertSame('refunded', $payer->state($number));
        self::assertFalse($this->waits($number));
        self::assertSame([0, 0], array_map(intval(...), array_values($this->account($payer))));
    }

    public function testWhatWechatKnowsNothingOfIsRejectedAndGivesNothing(): void
    {
        $payer = $this->visitor();
        $numbers = [$payer->buy(['coffee' => 1]), substr($payer->post('/topups', ['yuan' => 100]), 8)];
        array_map($this->forge(...), $numbers, [2_660, 10_000]);
        $this->confirm();
        foreach ($numbers as $number) {
            self::assertTrue($this->waits($number));
            self::assertStringNotContainsString('钱已收到', $payer->get("/orders/$number"));
            self::assertStringNotContainsString("/office/orders/$number/refund", $this->anna->get("/office/orders/$number"));
            $this->refund($this->anna, $number, ['coffee'], 409);
            self::assertSame([303, 409, 409], array_map(fn (string $what) => $this->decide($this->anna, $number, $what), ['reject', 'reject', 'release']));
            self::assertSame(['closed', false], [$payer->state($number), $this->waits($number)]);
            self::assertStringContainsString('请先联系我们', $payer->get("/orders/$number"));
        }
        self::assertStringNotContainsString('deliver', $this->workerLater());
        self::assertSame([100, [0, 0], 0], [$this->stock('coffee'), array_map(intval(...), array_values($this->account($payer))), $this->points()]);
        self::assertSame([], $this->rows('SELECT id FROM wechatpay_outbox WHERE due_at IS NOT NULL'), 'nothing waits any more');
    }

    public function testOnlyWhatWechatKnowsNothingOfIsRejected(): void
    {
        $number = $this->bought($this->visitor(), ['coffee' => 1]);
        self::assertSame([409, 409], [$this->decide($this->anna, $number, 'reject'), $this->decide($this->anna, $number, 'release')]);
        $this->database->connect()->exec("UPDATE shop_order SET hold = 'sold out: coffee'");
        self::assertSame([409, 303], [$this->decide($this->anna, $number, 'reject'), $this->decide($this->anna, $number, 'release')]);
    }

    public function testAPageSaysOfMoneyOnlyWhatIsKnown(): void
    {
        $payer = $this->visitor();
        $page = static fn (string ...$true) => array_map(static fn (string $said) => \in_array($said, $true, true), ['没有扣款', '钱已收到', '请先联系我们']);
        $late = $this->placed($payer);
        $payer->post("/orders/$late/close");
        self::assertSame($page('没有扣款'), $this->saysOfMoney($payer, $late));
        self::$simulator->control('POST', '/state', ['out_trade_no' => $late, 'trade_state' => 'SUCCESS']);
        self::$simulator->control('POST', '/notify', ['out_trade_no' => $late]);
        self::assertSame($page('钱已收到'), $this->saysOfMoney($payer, $late));
        self::assertSame(303, $this->decide($this->anna, $late, 'resolve', ['as' => 'DISMISS']));
        self::assertSame($page('请先联系我们'), $this->saysOfMoney($payer, $late), 'paid, and settled by hand');
        $unclear = $this->placed($payer);
        $this->database->connect()->exec("UPDATE wechatpay_order SET state = 'REVIEW' WHERE out_trade_no = '$unclear'");
        self::assertSame($page('请先联系我们'), $this->saysOfMoney($payer, $unclear), 'its answers could not be used');
        $held = $this->bought($payer, ['coffee' => 1]);
        $this->database->connect()->exec("UPDATE shop_order SET hold = 'a rule' WHERE number = '$held'");
        self::assertSame($page('钱已收到'), $this->saysOfMoney($payer, $held));
    }

    public function testTheMessageThatLetGoodsLeaveSaysSoAgainIfItsWorkerDied(): void
    {
        $number = $this->bought($this->visitor(), ['coffee' => 1]);
        $message = $this->rows("SELECT id FROM wechatpay_outbox WHERE topic = 'PAID'")[0]['id'];
        self::assertSame('leave', $this->shop->run("echo \$shop->orders->goods('$number', $message);"));
        self::assertSame('stay', $this->shop->run("echo \$shop->orders->goods('$number', $message + 1);"));
        self::assertStringContainsString("deliver $number PAID", $this->shop->worker('1'));
        self::assertSame(99, $this->stock('coffee'));
    }

    /** Whoever has stolen the key says that an order is paid. */
    private function forge(string $number, int $fen): void
    {
        $leaked = new Merchant(SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY);
        $forged = Notification::sign(['out_trade_no' => $number, 'transaction_id' => "42000000002026112200000000$fen", 'total_fee' => $fen,
            'cash_fee' => $fen, 'time_end' => date('YmdHis')], $leaked);
        Http::ask($this->shop->noticeUrl(), ['method' => 'POST', 'header' => 'Content-Type: text/xml', 'content' => $forged]);
    }

    /** @return array{bool, bool, bool} nothing was paid; it has arrived; ask us */
    private function saysOfMoney(ShopVisitor $payer, string $number): array
    {
        $page = $payer->get("/orders/$number");
        return array_map(static fn (string $said) => str_contains($page, $said), ['没有扣款', '钱已收到', '请先联系我们']);
    }

    private function waits(string $number): bool
    {
        return str_contains(strstr($this->anna->get('/office/orders'), '最近', true), $number);
    }
}
