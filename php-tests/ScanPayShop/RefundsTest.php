<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;

/**
 * What a person decides in the back office: money that goes back, orders that wait. A test that names a project is a
 * fault which that project's users had.
 *
 * @group slow
 */
#[Group('slow')]
final class RefundsTest extends ShopDeskTestCase
{
    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testALineGoesBackForWhatItReallyCostAndOnce(string $kind): void
    {
        $this->shop->stop();
        $this->start($kind);
        $payer = $this->visitor();
        $number = $this->bought($payer, ['coffee' => 1, 'tea' => 2]);
        $this->confirm();
        self::assertSame(49, $this->points());
        $this->refund($this->anna, $number, ['tea']);
        self::assertSame([['out_trade_no' => $number, 'refund_fee' => 2337]], self::refunds());
        self::assertSame(['refunded_part', 26], [$payer->state($number), $this->points()]);
        self::assertStringContainsString('¥23.37', $payer->get("/orders/$number"));
        foreach ([['tea'], ['coffee', 'tea'], [], ['gold']] as $skus) {
            $this->refund($this->anna, $number, $skus, 409);
        }
        $this->refund($this->anna, $number, ['coffee']);
        self::assertSame(['refunded', 0], [$payer->state($number), $this->points()]);
        self::assertSame('', trim(preg_replace('~^.* [A-Z_]+ \(.*\)$~m', '', $this->shop->worker('1'))), 'the journals add up');
    }

    public function testAboveALimitASecondPersonAgrees(): void
    {
        $payer = $this->visitor();
        $number = $this->bought($payer, ['coffee' => 19]);
        $this->refund($this->anna, $number, ['coffee']);
        self::assertSame([], self::refunds());
        self::assertStringContainsString('超过 500 元', $this->anna->get("/office/orders/$number"));
        $refundNo = $this->rows('SELECT refund_no FROM shop_refund')[0]['refund_no'];
        self::assertSame(409, $this->decide($this->anna, $number, 'agree', ['refund' => $refundNo]), 'who asked does not agree');
        self::assertSame([], self::refunds());
        self::assertSame(303, $this->decide($this->bo, $number, 'agree', ['refund' => $refundNo]));
        self::assertSame('refunded', $payer->state($number));
        self::assertSame(409, $this->decide($this->bo, $number, 'agree', ['refund' => $refundNo]), 'once');
        self::assertCount(1, self::refunds());
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testWhoAgreesToWhatIsSpentCanAgreeAgainWhenItIsThere(string $kind): void
    {
        $this->shop->stop();
        $this->start($kind);
        $number = $this->toppedUp($payer = $this->visitor());
        $payer->post('/purchases', ['quantity' => ['tea' => 1], 'once' => '0123456789abcdef']);
        $this->refund($this->anna, $number, []);
        $refund = fn (): array => $this->rows('SELECT refund_no AS refund, agreed_by FROM shop_refund')[0];
        self::assertSame(409, $this->decide($this->bo, $number, 'agree', $refund()));
        self::assertStringContainsString('余额、赠送或积分不够', $this->bo->body);
        self::assertNull($refund()['agreed_by'], 'nothing came of it');
        $this->toppedUp($payer);
        self::assertSame(303, $this->decide($this->bo, $number, 'agree', $refund()), $this->bo->body);
        self::assertSame('bo', $refund()['agreed_by']);
        self::assertSame([['out_trade_no' => $number, 'refund_fee' => 10_000]], self::refunds());
    }

    public function testWhatASecondPersonRefusesCanBeAskedForAgain(): void
    {
        $number = $this->bought($this->visitor(), ['coffee' => 19]);
        $this->refund($this->anna, $number, ['coffee']);
        $refundNo = $this->rows('SELECT refund_no FROM shop_refund')[0]['refund_no'];
        self::assertSame(303, $this->decide($this->bo, $number, 'refuse', ['refund' => $refundNo]));
        self::assertSame(409, $this->decide($this->bo, $number, 'agree', ['refund' => $refundNo]));
        $this->refund($this->bo, $number, ['coffee']);
        self::assertSame([], self::refunds());
    }

    /** sub2api #5191 */
    public function testARefundedTopUpTakesTheGiftBackAndStopsForAPersonIfItIsSpent(): void
    {
        [$keeps, $spends] = [$this->visitor(), $this->visitor()];
        [$kept, $spent] = [$this->toppedUp($keeps), $this->toppedUp($spends)];
        $spends->post('/purchases', ['quantity' => ['tea' => 1], 'once' => '0123456789abcdef']);
        self::assertSame([8_770, 1_000], array_map(intval(...), array_values($this->account($spends))));
        foreach ([[$kept, 303], [$spent, 409]] as [$number, $status]) {
            $this->refund($this->anna, $number, []);
            $refundNo = $this->rows("SELECT refund_no FROM shop_refund WHERE number = '$number'")[0]['refund_no'];
            self::assertSame($status, $this->decide($this->bo, $number, 'agree', ['refund' => $refundNo]), $this->bo->body);
        }
        self::assertStringContainsString('余额、赠送或积分不够', $this->bo->body);
        self::assertSame([['out_trade_no' => $kept, 'refund_fee' => 10_000]], self::refunds());
        self::assertSame([0, 0], array_map(intval(...), array_values($this->account($keeps))));
        self::assertSame(8_770, (int) $this->account($spends)['balance'], 'nothing less, and nothing went back');
    }

    public function testARefundThatWechatDoesNotTakeIsUndone(): void
    {
        $payer = $this->visitor();
        $number = $this->bought($payer, ['coffee' => 1]);
        $this->confirm();
        self::$simulator->control('POST', '/balance', ['fen' => 0]);
        $this->refund($this->anna, $number, ['coffee'], 502);
        self::assertStringContainsString('NOTENOUGH', $this->anna->body);
        self::assertSame(['paid', 26], [$payer->state($number), $this->points()]);
        self::$simulator->control('POST', '/balance', ['fen' => 1_000_000]);
        $this->refund($this->anna, $number, ['coffee']);
        self::assertSame(['refunded', 0], [$payer->state($number), $this->points()]);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testARefundThatWechatGivesUpLaterIsBookedBackAndWaitsForAPerson(string $kind): void
    {
        $this->shop->stop();
        $this->start($kind);
        $payer = $this->visitor();
        $topUp = $this->toppedUp($payer);
        $before = $this->account($payer);
        $this->refund($this->anna, $topUp, []);
        $this->decide($this->bo, $topUp, 'agree', ['refund' => $this->rows('SELECT refund_no FROM shop_refund')[0]['refund_no']]);
        self::assertSame([0, 0], array_map(intval(...), array_values($this->account($payer))));
        $sweets = $this->bought($payer, ['candy' => 99]);
        $this->refund($this->anna, $sweets, ['candy']);
        foreach ([$topUp, $sweets] as $number) {
            $this->isGivenUp($number);
            self::assertSame('paid', $payer->state($number));
            self::assertStringContainsString($number, strstr($this->anna->get('/office/orders'), '最近', true), 'it waits for a person');
        }
        self::assertEquals($before, $this->account($payer), 'balance and gift are there again');
        self::assertStringContainsString('微信支付未能退款', $this->anna->get("/office/orders/$topUp"));
        $refundNo = $this->rows("SELECT refund_no FROM shop_refund WHERE number = '$topUp'")[0]['refund_no'];
        self::assertSame(303, $this->decide($this->anna, $topUp, 'dismiss', ['refund' => $refundNo]));
        self::assertSame(409, $this->decide($this->anna, $topUp, 'dismiss', ['refund' => $refundNo]));
        $this->refund($this->anna, $sweets, ['candy']);
        self::assertSame('refunded', $payer->state($sweets), 'under another number');
        self::assertSame($before, $this->account($payer), 'nothing is booked back twice');
        self::assertStringNotContainsString('/office/orders/', strstr($this->anna->get('/office/orders'), '最近', true));
    }

    public function testWhoHasReadARefundBeforeItEndedSendsNothing(): void
    {
        $number = $this->bought($this->visitor(), ['coffee' => 1]);
        $this->confirm();
        $refundNo = $this->isRefusedAtOnce($number);
        $this->shop->run("(new Shop\\Office\\Refunds(\$shop))->send(Shop\\Office\\Sale::find(\$shop, '$number'), '$refundNo');");
        self::assertSame([], self::refunds());
        self::assertSame(['refused', 26], [$this->rows('SELECT state FROM shop_refund')[0]['state'], $this->points()]);
    }

    public function testWhileOneAsksWechatForARefundNobodyElseDoes(): void
    {
        $number = $this->bought($this->visitor(), ['coffee' => 19]);
        $this->refund($this->anna, $number, ['coffee']);
        $pdo = $this->database->connect();
        $pdo->exec("UPDATE shop_refund SET state = 'booked', sent_at = " . time());   // anna's process is at it
        $this->shop->worker('1');
        self::assertSame([], self::refunds());
        $pdo->exec('UPDATE shop_refund SET sent_at = sent_at - 301');   // it has died
        $this->shop->worker('1');
        self::assertCount(1, self::refunds());
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testARefundThatGoesOutAfterItHadEndedIsBookedAndWaitsForAPerson(string $kind): void
    {
        $this->shop->stop();
        $this->start($kind);
        [$keeps, $spends] = [$this->visitor(), $this->visitor()];
        $after = ['foreign' => $this->toppedUp($keeps), 'spent' => $this->toppedUp($spends)];
        $this->database->connect()->exec('UPDATE shop_order SET paid_at = paid_at - 3600');
        foreach ($after as $number) {
            $refundNo = $this->isRefusedAtOnce($number);
            $number === $after['spent'] && $spends->post('/purchases', ['quantity' => ['tea' => 1], 'once' => '0123456789abcdef']);
            $this->shop->run("\$shop->ledger->refund(\$shop->orders->merchantOf('$number'), '$number', '$refundNo', 10000);");
        }
        $this->shop->worker('1');
        foreach ($after as $state => $number) {
            self::assertSame($state, $this->rows("SELECT state FROM shop_refund WHERE number = '$number'")[0]['state']);
            self::assertStringContainsString($number, strstr($this->anna->get('/office/orders'), '最近', true));
        }
        self::assertSame([0, 0], array_map(intval(...), array_values($this->account($keeps))), 'what went back is booked');
        self::assertSame('', trim(preg_replace('~^.* [A-Z_]+ \(.*\)$~m', '', $this->shop->worker('1'))), 'the journals add up');
    }

    public function testARefundWithoutAnAnswerIsCarriedOn(): void
    {
        $payer = $this->visitor();
        $number = $this->bought($payer, ['coffee' => 1]);
        self::$simulator->control('POST', '/faults', ['fault' => 'no_answer', 'path' => '/secapi/pay/refund', 'times' => 1, 'processed' => true]);
        $this->refund($this->anna, $number, ['coffee'], 502);
        self::assertSame(0, $this->points(), 'what went back is booked');
        $this->database->connect()->exec('UPDATE wechatpay_order SET due_at = 0');
        $this->shop->worker('2');
        self::assertSame('refunded', $payer->state($number));
        self::assertCount(1, self::refunds());
    }

    /** v2board #374; wechatpay-php #78 paid out twice what was asked for twice */
    public function testTwoRefundsAtOnceAreOne(): void
    {
        $this->shop->stop();
        $this->start('sqlite', workers: 6);
        $number = $this->bought($this->visitor(), ['coffee' => 1]);
        $form = ['sku' => ['coffee'], 'note' => 'broken'];
        $statuses = $this->anna->together("/office/orders/$number/refund", array_fill(0, 8, $form));
        self::assertSame([303 => 1, 409 => 7], $statuses);
        self::assertCount(1, self::refunds());
        self::assertSame(0, $this->points());
    }

    /** SyliusGiftCardPlugin #284 */
    public function testWhatWasPaidFromTheBalanceGoesBackToIt(): void
    {
        $payer = $this->visitor();
        $this->toppedUp($payer);
        $before = $this->account($payer);
        $payer->post('/purchases', ['quantity' => ['coffee' => 3, 'tea' => 2], 'once' => '0123456789abcdef']);
        self::assertSame(303, $payer->status);
        $number = $this->rows("SELECT number FROM shop_order WHERE trade_type = 'BALANCE'")[0]['number'];
        self::assertNotEquals($before, $this->account($payer));
        $this->refund($this->anna, $number, []);
        self::assertEquals($before, $this->account($payer));
        $this->refund($this->anna, $number, [], 409);
        self::assertSame([], self::refunds());
    }

    public function testALatePaymentIsCreditedOrSentBack(): void
    {
        $payer = $this->visitor();
        foreach (['CREDIT' => 'paid', 'REFUND' => 'refunded'] as $as => $state) {
            $number = $this->placed($payer);
            $payer->post("/orders/$number/close");
            self::$simulator->control('POST', '/state', ['out_trade_no' => $number, 'trade_state' => 'SUCCESS']);
            self::$simulator->control('POST', '/notify', ['out_trade_no' => $number]);
            self::assertStringContainsString($number, strstr($this->anna->get('/office/orders'), '最近', true), 'it waits for a person');
            self::assertSame(409, $this->decide($this->anna, $number, 'resolve', ['as' => 'nothing']));
            self::assertSame(303, $this->decide($this->anna, $number, 'resolve', ['as' => $as]));
            $this->shop->worker('2');
            self::assertSame($state, $payer->state($number));
            self::assertStringContainsString('resolve (a reason)', $this->anna->get("/office/orders/$number"));
        }
        self::assertSame(99, $this->stock('tea'));
    }

    public function testWhatCannotBeDoneAsItStandsIsSaidAndLeadsBack(): void
    {
        $number = $this->bought($this->visitor(), ['coffee' => 1]);
        foreach (['close', 'reverse', 'resolve'] as $what) {
            self::assertSame(409, $this->decide($this->anna, $number, $what, ['as' => 'CREDIT']), $what);
            self::assertMatchesRegularExpression("~<h1>未能完成</h1><p>[^<]{10,}</p><p><a href=\"/office/orders/$number\">返回</a>~", $this->anna->body, $what);
        }
        $this->anna->post('/office/differences/999999', ['note' => 'settled']);
        self::assertSame(409, $this->anna->status);
        self::assertMatchesRegularExpression('~<p>[^<]{10,}</p><p><a href="/office/days">返回</a>~', $this->anna->body);
        $this->anna->post('/office/days/' . SimulatorProcess::MCH_ID . '/2026-02-31');
        self::assertMatchesRegularExpression('~<p>[^<]{10,}</p><p><a href="/office/days/' . SimulatorProcess::MCH_ID . '/2026-02-31">返回</a>~', $this->anna->body);
    }

    public function testWhatTheShopsOwnRulesHeldIsLetGo(): void
    {
        $this->database->connect()->exec("UPDATE goods SET stock = 1 WHERE sku = 'tea'");
        [$first, $second] = [$this->visitor(), $this->visitor()];
        [$mine, $yours] = [$this->placed($first), $this->placed($second)];
        $this->pay($mine);
        $this->pay($yours);
        self::assertStringContainsString('sold out: tea', $this->anna->get("/office/orders/$yours"));
        self::assertSame(303, $this->decide($this->anna, $yours, 'release'));
        self::assertSame('paid', $second->state($yours));
    }

    public function testAPaymentOfAnOrderThatTheShopDoesNotHaveIsShownAndCannotBeCredited(): void
    {
        self::$simulator->control('POST', '/orders', ['out_trade_no' => 'older-shop-1', 'total_fee' => 500, 'trade_state' => 'SUCCESS',
            'notify_url' => $this->shop->noticeUrl(), 'sign_type' => 'HMAC-SHA256']);
        self::$simulator->control('POST', '/notify', ['out_trade_no' => 'older-shop-1']);
        $this->database->connect()->exec('UPDATE wechatpay_evidence SET seen_at = seen_at - 301000');
        self::$simulator->control('POST', '/notify', ['out_trade_no' => 'older-shop-1']);
        self::assertStringContainsString('older-shop-1', $this->anna->get('/office/orders'));
        $this->anna->get('/office/orders/older-shop-1');
        self::assertSame(200, $this->anna->status);
        self::assertSame(409, $this->decide($this->anna, 'older-shop-1', 'resolve', ['as' => 'CREDIT']));
        self::assertSame(303, $this->decide($this->anna, 'older-shop-1', 'resolve', ['as' => 'REFUND']));
    }

    public function testAnOrderIsFoundByItsNumberItsGoodsAndWechatsNumber(): void
    {
        $number = $this->bought($this->visitor(), ['coffee' => 1]);
        $other = $this->bought($this->visitor(), ['tea' => 1]);
        $transaction = $this->rows("SELECT transaction_id FROM wechatpay_order WHERE out_trade_no = '$number'")[0]['transaction_id'];
        foreach ([$number, substr($number, 5, 20), 'drip', $transaction] as $sought) {
            $this->anna->get('/office/orders?q=' . rawurlencode($sought));
            self::assertStringContainsString($number, $this->anna->body, $sought);
            self::assertStringNotContainsString($other, $this->anna->body, $sought);
        }
        foreach (['%', '_', '!', "' OR 1=1 --", '%25'] as $sought) {
            $this->anna->get('/office/orders?q=' . rawurlencode($sought));
            self::assertStringNotContainsString($number, $this->anna->body, $sought);
        }
    }

    public function testWhatOthersWroteIsTextInTheBackOffice(): void
    {
        $evil = '<script>alert(1)</script>"\'><img src=x>';
        $number = $this->bought($this->visitor(), ['coffee' => 1]);
        $pdo = $this->database->connect();
        $pdo->prepare('UPDATE shop_order SET body = ?, hold = ?')->execute([$evil, $evil]);
        $pdo->prepare('UPDATE goods SET name = ?')->execute([$evil]);
        $pdo->prepare('UPDATE wechatpay_evidence SET reason = ?')->execute([$evil]);
        $pdo->prepare('UPDATE member SET name = ?')->execute([$evil]);
        $this->decide($this->anna, $number, 'release', ['note' => $evil]);
        foreach (['/office/orders', '/office/orders?q=' . rawurlencode($evil), "/office/orders/$number", '/office/counter'] as $page) {
            $this->anna->get($page);
            self::assertSame(200, $this->anna->status);
            self::assertStringContainsString('&lt;script&gt;', $this->anna->body, $page);
            self::assertDoesNotMatchRegularExpression('~<script>|<img src=x~', $this->anna->body, $page);
            self::assertStringContainsString("default-src 'none'", $this->anna->headers['content-security-policy']);
        }
    }

    public function testHeldGoodsThatAreRefundedStayInTheHouse(): void
    {
        [$whole, $part] = [$this->bought($this->visitor(), ['coffee' => 1, 'candy' => 2]), $this->bought($this->visitor(), ['coffee' => 1, 'candy' => 2])];
        $this->database->connect()->exec("UPDATE shop_order SET hold = 'a rule'");
        self::assertStringNotContainsString('deliver', $this->shop->worker('1'));
        $this->refund($this->anna, $whole, ['candy', 'coffee']);
        $this->refund($this->anna, $part, ['candy']);
        self::assertStringNotContainsString('deliver', $this->workerLater());
        $this->decide($this->anna, $part, 'release');
        $told = $this->workerLater();
        self::assertStringContainsString("deliver $part PAID", $told);
        self::assertStringNotContainsString("deliver $whole", $told);
        self::assertSame([99, 998], [$this->stock('coffee'), $this->stock('candy')], 'what stays is in stock again');
    }

    public function testARefundThatIsGivenUpDeliversNothingAgain(): void
    {
        $number = $this->bought($this->visitor(), ['coffee' => 1]);
        self::assertStringContainsString("deliver $number PAID", $this->shop->worker('1'));
        $this->refund($this->anna, $number, ['coffee']);
        $told = $this->isGivenUp($number);
        self::assertStringContainsString("$number PAID", $told);
        self::assertStringNotContainsString('deliver', $told);
    }

    public function testAFailedRefundWaitsUntilItsOwnLinesAreAskedForAnew(): void
    {
        $number = $this->bought($this->visitor(), ['coffee' => 1, 'tea' => 1]);
        $this->refund($this->anna, $number, ['coffee']);
        $this->refund($this->anna, $number, ['tea']);
        foreach (self::$simulator->control('GET', '/refunds') as $refund) {
            self::$simulator->control('POST', '/refunds', ['out_refund_no' => $refund['out_refund_no'], 'status' => 'REFUNDCLOSE']);
        }
        self::$simulator->control('POST', '/settle');
        $this->workerLater();
        $states = fn () => array_column($this->rows('SELECT state FROM shop_refund ORDER BY state'), 'state');
        self::assertSame(['failed', 'failed'], $states());
        $this->refund($this->anna, $number, ['coffee']);
        self::assertSame(['failed', 'refused', 'sent'], $states());
        $this->refund($this->anna, $number, ['tea']);
        self::assertSame(['refused', 'refused', 'sent', 'waiting'], $states(), 'the fourth in a week waits for a second person');
    }

    public function testPointsFollowWhatIsKeptAlthoughARefundBetweenOthersIsGivenUp(): void
    {
        foreach (['coffee' => 60, 'tea' => 90, 'candy' => 100] as $sku => $fen) {
            $this->database->connect()->exec("UPDATE goods SET fen = $fen WHERE sku = '$sku'");
        }
        $number = $this->bought($this->visitor(), ['coffee' => 1, 'tea' => 1, 'candy' => 1]);
        $this->confirm();
        $points = [$this->points()];
        $this->refund($this->anna, $number, ['coffee']);
        $givenUp = $this->rows('SELECT refund_no FROM shop_refund')[0]['refund_no'];
        $this->refund($this->anna, $number, ['tea']);
        self::$simulator->control('POST', '/refunds', ['out_refund_no' => $givenUp, 'status' => 'REFUNDCLOSE']);
        self::$simulator->control('POST', '/settle');
        $this->workerLater();
        $points[] = $this->points();
        $this->refund($this->anna, $number, ['coffee', 'candy']);
        self::assertSame([2, 1, 0], [...$points, $this->points()]);
    }

    public function testARefundThatWechatHasIsNotEndedByWhatARepeatSays(): void
    {
        $number = $this->bought($this->visitor(), ['coffee' => 1]);
        self::$simulator->control('POST', '/faults', ['fault' => 'no_answer', 'path' => '/secapi/pay/refund', 'times' => 1, 'processed' => true]);
        $this->refund($this->anna, $number, ['coffee'], 502);
        $pdo = $this->database->connect();
        $pdo->exec("UPDATE shop_refund SET state = 'booked', sent_at = 0");   // its process died there
        $pdo->exec("UPDATE wechatpay_order SET state = 'REVIEW', due_at = NULL");
        $this->shop->worker('1');
        self::assertSame(['sent'], array_column($this->rows('SELECT state FROM shop_refund'), 'state'));
        self::assertSame(0, $this->points(), 'nothing is booked back');
    }

    public function testAnOutageOfTheQueryHoldsUpNoOtherJob(): void
    {
        [$number, $other] = [$this->bought($this->visitor(), ['coffee' => 1]), $this->bought($this->visitor(), ['coffee' => 2])];
        self::$simulator->control('POST', '/faults', ['fault' => 'status_500', 'path' => '/pay/orderquery', 'times' => 1000]);
        self::assertStringNotContainsString('deliver', $this->shop->worker('1'));
        self::assertCount(1, $this->rows('SELECT name FROM worker_status'));
        self::assertSame([], array_filter(array_column($this->rows('SELECT hold FROM shop_order'), 'hold')));
        self::$simulator->control('DELETE', '/faults');
        $told = $this->workerLater();
        self::assertStringContainsString("deliver $number", $told);
        self::assertStringContainsString("deliver $other", $told);
    }
}
