<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\Group;

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

    public function testTheMessageThatLetGoodsLeaveSaysSoAgainIfItsWorkerDied(): void
    {
        $number = $this->bought($this->visitor(), ['coffee' => 1]);
        $message = $this->rows("SELECT id FROM wechatpay_outbox WHERE topic = 'PAID'")[0]['id'];
        self::assertSame('leave', $this->shop->run("echo \$shop->orders->goods('$number', $message);"));
        self::assertSame('stay', $this->shop->run("echo \$shop->orders->goods('$number', $message + 1);"));
        self::assertStringContainsString("deliver $number PAID", $this->shop->worker('1'));
        self::assertSame(99, $this->stock('coffee'));
    }
}
