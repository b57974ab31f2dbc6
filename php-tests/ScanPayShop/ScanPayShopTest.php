<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;
use WechatPay\Merchant;
use WechatPay\Notification;

/**
 * The shop of examples/scan-pay-shop, by what a browser sends and sees. A test that names a project is a fault which that
 * project's users had.
 *
 * @group slow
 */
#[Group('slow')]
final class ScanPayShopTest extends ShopTestCase
{
    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testFromGoodsToPaidAndTheBooksAddUp(string $kind): void
    {
        $this->shop->stop();
        $this->start($kind);
        $payer = $this->visitor();
        $number = $payer->buy(['coffee' => 1, 'tea' => 2]);
        self::assertStringContainsString('¥49.97', $payer->get("/orders/$number"));
        self::assertStringContainsString('<svg', $payer->get("/orders/$number/code.svg"));
        self::assertSame('waiting', $payer->state($number));
        $this->pay($number);
        self::assertSame('paid', $payer->state($number));
        self::assertStringContainsString('支付成功', $payer->get("/orders/$number"));
        self::assertStringContainsString("$number PAID", $this->shop->worker('1'));
        self::assertSame([99, 98, 49], [$this->stock('coffee'), $this->stock('tea'), $this->points()]);
        $lines = $this->rows('SELECT gross, discount FROM order_line ORDER BY sku');
        self::assertSame([[2800, 140], [2460, 123]], array_map(static fn (array $l) => array_map(intval(...), array_values($l)), $lines));
    }

    public function testTheWorkerFindsAPaymentWhoseNoticeWasLost(): void
    {
        $payer = $this->visitor();
        $number = $this->placed($payer);
        self::$simulator->control('POST', '/state', ['out_trade_no' => $number, 'trade_state' => 'SUCCESS']);
        self::assertSame("/orders/$number?timed_out=1", $payer->post("/orders/$number/check"));
        self::assertSame('paid', $payer->state($number));
    }

    /** macrozheng/mall #998, vmqphp #7, card-system #197, waimai #5, own-pay #330 */
    public function testAnAmountFromTheBrowserIsNotRead(): void
    {
        $payer = $this->visitor();
        $form = ['quantity' => ['tea' => 1], 'fen' => 1, 'total' => 1, 'total_fee' => 1, 'price' => ['tea' => 1], 'discount' => 1229];
        $number = substr($payer->post('/orders', $form), 8);
        self::assertStringContainsString('¥12.30', $payer->get("/orders/$number"));
        self::assertSame(1230, self::$simulator->control('GET', '/orders')[0]['total_fee']);
    }

    /** Xboard #362 */
    public function testNothingIsNotSold(): void
    {
        $payer = $this->visitor();
        foreach ([[], ['quantity' => []], ['quantity' => ['tea' => 0]], ['quantity' => ['tea' => -1]], ['quantity' => ['tea' => '1e9']],
            ['quantity' => ['tea' => ['x']]], ['quantity' => 'tea'], ['quantity' => ['gold' => 1]], ['quantity' => ['tea' => 1.5]]] as $form) {
            $payer->post('/orders', $form);
            self::assertSame(409, $payer->status, json_encode($form));
        }
        self::assertSame([], $this->rows('SELECT number FROM shop_order'));
    }

    /** new-api #4353; forged notices of a shop whose address was known */
    public function testAForgedNoticeCreditsNothing(): void
    {
        $payer = $this->visitor();
        $number = $this->placed($payer);
        foreach (['forged', 'bad_sign', 'no_sign', 'altered', 'other_merchant', 'empty'] as $mutation) {
            $replies = self::$simulator->control('POST', '/notify', ['out_trade_no' => $number, 'mutate' => $mutation]);
            self::assertFalse($replies['sent'][0]['accepted'], $mutation);
            self::assertSame('waiting', $payer->state($number), $mutation);
        }
        self::$simulator->control('POST', '/state', ['out_trade_no' => $number, 'trade_state' => 'SUCCESS']);
        $elsewhere = ['out_trade_no' => $number, 'notify_url' => "{$this->shop->url}/notify/" . str_repeat('0', 32)];
        self::assertSame(404, self::$simulator->control('POST', '/notify', $elsewhere)['sent'][0]['status']);
        self::assertSame('waiting', $payer->state($number), 'genuine, but whoever sent it does not know the page');
    }

    /** juejin 7169202353500454925: a leaked key signed the notice, and the goods were delivered */
    public function testANoticeUnderALeakedKeyDeliversNothingThatWechatDoesNotKnowOf(): void
    {
        $payer = $this->visitor();
        $number = $payer->buy(['coffee' => 1]);
        $payer->get("/orders/$number");
        $leaked = new Merchant(SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY);
        $forged = Notification::sign(['out_trade_no' => $number, 'transaction_id' => '4200000000202611220000000001', 'total_fee' => 2660, 'cash_fee' => 2660,
            'time_end' => date('YmdHis')], $leaked);
        Http::ask($this->shop->noticeUrl(), ['method' => 'POST', 'header' => 'Content-Type: text/xml', 'content' => $forged]);
        self::assertStringNotContainsString($number, $this->shop->worker('1'));
        self::assertSame('review', $payer->state($number));
        self::assertSame('WeChat Pay knows of no such payment', $this->rows('SELECT hold FROM shop_order')[0]['hold']);
        $this->database->connect()->exec('UPDATE shop_order SET hold = NULL');
        $this->database->connect()->exec('UPDATE wechatpay_outbox SET due_at = 0');
        self::assertStringContainsString("$number PAID", $this->shop->worker('1'), 'a person has let it go');
    }

    public function testATopUpUnderALeakedKeyCannotBeSpent(): void
    {
        $payer = $this->visitor();
        $number = substr($payer->post('/topups', ['yuan' => 100]), 8);
        $payer->get("/orders/$number");
        $leaked = new Merchant(SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY);
        $forged = Notification::sign(['out_trade_no' => $number, 'transaction_id' => '4200000000202611220000000001', 'total_fee' => 10_000,
            'cash_fee' => 10_000, 'time_end' => date('YmdHis')], $leaked);
        $spend = function () use ($payer): int {
            $payer->post('/purchases', ['quantity' => ['tea' => 1], 'once' => bin2hex(random_bytes(8))]);
            return $payer->status;
        };
        Http::ask($this->shop->noticeUrl(), ['method' => 'POST', 'header' => 'Content-Type: text/xml', 'content' => $forged]);
        self::assertSame(409, $spend(), 'before the worker has asked');
        $this->confirm();
        self::assertSame([409, 'review'], [$spend(), $payer->state($number)], 'WeChat knows nothing of it');
        self::assertSame([], $this->rows('SELECT source FROM member_journal'));
        $this->database->connect()->exec('UPDATE shop_order SET hold = NULL');
        $this->database->connect()->exec('UPDATE wechatpay_outbox SET due_at = 0 WHERE due_at IS NOT NULL');
        $this->confirm();
        self::assertSame(303, $spend(), 'a person has let it go');
    }

    public function testATopUpThatIsPaidCountsForTheCapBeforeItCanBeSpent(): void
    {
        $payer = $this->visitor();
        $this->database->connect()->exec('UPDATE member SET balance = 450000');
        $this->pay(substr($payer->post('/topups', ['yuan' => 500]), 8), $payer);
        $payer->post('/topups', ['yuan' => 100]);
        self::assertSame(409, $payer->status, 'one order of 500 yuan is under way');
    }

    public function testATopUpThatIsOpenCountsForTheCapUntilItIsCancelled(): void
    {
        $payer = $this->visitor();
        $this->database->connect()->exec('UPDATE member SET balance = 450000');
        $open = substr($payer->post('/topups', ['yuan' => 500]), 8);
        $payer->post('/topups', ['yuan' => 100]);
        self::assertSame(409, $payer->status);
        self::assertStringContainsString('余额最多', $payer->body);
        self::assertSame("/orders/$open", $payer->post('/topups', ['yuan' => 500]), 'the same again is the same order');
        self::assertCount(1, $this->rows('SELECT number FROM shop_order'));
        $payer->post("/orders/$open/close");
        $payer->post('/topups', ['yuan' => 100]);
        self::assertSame(303, $payer->status);
    }

    public function testANoticeOfAnotherAmountOrPaymentThanWechatKnowsDeliversNothing(): void
    {
        $leaked = new Merchant(SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY);
        foreach ([1 => true, 2660 => false] as $paid => $isOwn) {
            $number = $this->visitor()->buy(['coffee' => 1]);
            $known = "42000000002026112200000000$paid";
            self::$simulator->control('POST', '/orders', ['out_trade_no' => $number, 'total_fee' => $paid, 'trade_state' => 'SUCCESS',
                'transaction_id' => $known, 'notify_url' => 'http://127.0.0.1:1/', 'sign_type' => 'HMAC-SHA256']);
            $forged = Notification::sign(['out_trade_no' => $number, 'transaction_id' => $isOwn ? $known : '4200000000202611220000000001',
                'total_fee' => 2660, 'cash_fee' => 2660, 'time_end' => date('YmdHis')], $leaked);
            Http::ask($this->shop->noticeUrl(), ['method' => 'POST', 'header' => 'Content-Type: text/xml', 'content' => $forged]);
            self::assertStringNotContainsString($number, $this->shop->worker('1'));
            self::assertSame('WeChat Pay knows of no such payment', $this->rows("SELECT hold FROM shop_order WHERE number = '$number'")[0]['hold']);
        }
    }

    public function testAPaymentThatWasMadeBeforeItsOrderWaitsForAPerson(): void
    {
        self::$simulator->control('POST', '/clock', ['advance_ms' => -600_000]);
        $payer = $this->visitor();
        $this->pay($number = $payer->buy(['candy' => 1]), $payer);
        self::assertStringNotContainsString($number, $this->shop->worker('1'));
        self::assertSame('review', $payer->state($number));
    }

    /** dujiaoka answered `success`, and WeChat repeated: #328, #97; card-system #4, ProxyPanel #277, mycncart #136 */
    public function testANoticeIsAnsweredInXmlAndNotRepeated(): void
    {
        $payer = $this->visitor();
        $number = $this->placed($payer);
        $this->pay($number);
        [, $body] = Http::ask($this->shop->noticeUrl(), ['method' => 'POST', 'header' => 'Content-Type: text/xml', 'content' => self::notice($number)]);
        self::assertStringContainsString('<return_code><![CDATA[SUCCESS]]></return_code>', $body);
        $this->confirm();
        self::assertSame([[1]], array_map(static fn (array $row) => [(int) $row['n']], $this->rows('SELECT COUNT(*) AS n FROM member_journal')));
    }

    /** SSPanel-UIM #938 */
    public function testATopUpIsCreditedOnceHoweverOftenItIsTold(): void
    {
        $payer = $this->visitor();
        $number = substr($payer->post('/topups', ['yuan' => 100]), 8);
        $payer->get("/orders/$number");
        $this->pay($number);
        self::$simulator->control('POST', '/notify', ['out_trade_no' => $number, 'copies' => 10]);
        self::assertSame([], $this->rows('SELECT source FROM member_journal'), 'WeChat was not asked yet');
        $this->confirm();
        $this->confirm();
        $member = $this->rows('SELECT balance, gift, points FROM member WHERE balance > 0');
        self::assertSame([[10_000, 1_000, 0]], array_map(static fn (array $row) => array_map(intval(...), array_values($row)), $member));
    }

    /** ruoyi-vue-pro #1152, #1156; most tutorials: a new order for each reload */
    public function testTheSameGoodsForTheSamePayerAreOneOrder(): void
    {
        $payer = $this->visitor();
        $number = $payer->buy(['tea' => 1]);
        for ($n = 0; $n < 5; $n++) {
            $payer->get("/orders/$number");
            self::assertSame($number, $payer->buy(['tea' => 1, 'coffee' => 0]));
        }
        self::assertCount(1, self::$simulator->control('GET', '/orders'));
        self::assertNotSame($number, $payer->buy(['tea' => 2]));
        $this->pay($number);
        self::assertNotSame($number, $payer->buy(['tea' => 1]), 'a paid order is over');
    }

    public function testAPriceThatHasChangedIsAnotherOrder(): void
    {
        $payer = $this->visitor();
        $number = $payer->buy(['tea' => 1]);
        $this->database->connect()->exec("UPDATE goods SET fen = 1300 WHERE sku = 'tea'");
        self::assertNotSame($number, $payer->buy(['tea' => 1]));
        self::assertSame('waiting', $payer->state($number));
    }

    public function testWhoLeavesThreeOrdersUnpaidGetsNoFourth(): void
    {
        $payer = $this->visitor();
        $numbers = array_map(static fn (int $n) => $payer->buy(['candy' => $n]), [1, 2, 3]);
        $payer->buy(['candy' => 4]);
        self::assertSame(409, $payer->status);
        $this->pay($numbers[0], $payer);
        self::assertNotSame('', $payer->buy(['candy' => 4]));
        $payer->buy(['candy' => 5]);
        self::assertSame(409, $payer->status);
        $payer->post("/orders/$numbers[1]/close");
        self::assertNotSame('', $payer->buy(['candy' => 5]), 'one was cancelled');
        self::assertNotSame('', $this->visitor()->buy(['candy' => 1]), 'somebody else');
    }

    /** dujiao-next #108 */
    public function testAPaymentAfterTheOrderWasClosedIsShown(): void
    {
        $payer = $this->visitor();
        $number = $this->placed($payer);
        $payer->post("/orders/$number/close");
        self::assertSame('closed', $payer->state($number));
        self::$simulator->control('POST', '/state', ['out_trade_no' => $number, 'trade_state' => 'SUCCESS']);
        self::$simulator->control('POST', '/notify', ['out_trade_no' => $number]);
        self::assertSame('paid_late', $payer->state($number));
        self::assertStringContainsString('请勿重复付款', $payer->get("/orders/$number"));
        self::assertSame(100, $this->stock('tea'));
    }

    public function testACodeOfAnOrderThatIsOverIsNotAskedFor(): void
    {
        $payer = $this->visitor();
        $number = $payer->buy(['tea' => 1]);
        $payer->post("/orders/$number/close");
        $payer->get("/orders/$number/code.svg");
        self::assertSame([409, []], [$payer->status, self::$simulator->control('GET', '/orders')], 'nobody looked at its page');
    }

    public function testAPaymentThatIsFasterThanTheCloseCounts(): void
    {
        $payer = $this->visitor();
        $number = $this->placed($payer);
        self::$simulator->control('POST', '/state', ['out_trade_no' => $number, 'trade_state' => 'SUCCESS']);
        $payer->post("/orders/$number/close");
        self::assertSame('paid', $payer->state($number));
    }

    /** dujiaoka #198 */
    public function testAnUnpaidOrderHoldsNoStockAndAPaidOneWithoutStockWaitsForAPerson(): void
    {
        $this->database->connect()->exec("UPDATE goods SET stock = 1 WHERE sku = 'tea'");
        [$first, $second] = [$this->visitor(), $this->visitor()];
        [$mine, $yours] = [$this->placed($first), $this->placed($second)];
        $this->pay($mine);
        $this->pay($yours);
        self::assertSame(['paid', 'review'], [$first->state($mine), $second->state($yours)]);
        self::assertSame(0, $this->stock('tea'));
    }

    /** slimkit/plus #448, mall #299 */
    public function testPointsNeverFallBelowNothingHoweverManyPressAtOnce(): void
    {
        $this->shop->stop();
        $this->start('sqlite', workers: 6);
        $payer = $this->visitor();
        $payer->post('/topups', ['yuan' => 100]);
        $this->database->connect()->exec("UPDATE member SET points = 250; INSERT INTO member_journal
            SELECT 'present', id, 0, 0, 250, 0 FROM member");
        $statuses = $payer->together('/exchanges', array_map(static fn () => ['sku' => 'tea', 'once' => bin2hex(random_bytes(8))], range(1, 12)));
        self::assertSame([303 => 2, 409 => 10], $statuses);
        self::assertSame([10, 98], [$this->points(), $this->stock('tea')]);
        self::assertSame('', trim($this->shop->worker('1')));
    }

    public function testAnExchangeThatIsSentTwiceIsOne(): void
    {
        $payer = $this->visitor();
        $this->database->connect()->exec('UPDATE member SET points = 250');
        foreach ([1, 2] as $time) {
            $payer->post('/exchanges', ['sku' => 'tea', 'once' => '0123456789abcdef']);
            self::assertSame(303, $payer->status);
        }
        self::assertSame([130, 99], [$this->points(), $this->stock('tea')]);
    }

    /** v2board #374 had no journal; Xboard #876, #1020 gave a rebate on what was paid from the balance */
    public function testABalanceIsSpentOncePaidMoneyFirstAndBringsNoPoints(): void
    {
        $payer = $this->visitor();
        $this->database->connect()->exec("UPDATE member SET balance = 2000, gift = 1000; INSERT INTO member_journal
            SELECT 'present', id, 2000, 1000, 0, 0 FROM member");
        foreach ([1, 2] as $time) {
            $payer->post('/purchases', ['quantity' => ['coffee' => 1], 'once' => '0123456789abcdef']);
            self::assertSame([303, '/?done=1'], [$payer->status, $payer->headers['location']]);
        }
        $member = $this->rows('SELECT balance, gift, points FROM member')[0];
        self::assertSame([0, 340, 0], array_map(intval(...), array_values($member)));
        self::assertSame(99, $this->stock('coffee'));
        $payer->post('/purchases', ['quantity' => ['coffee' => 1], 'once' => '1123456789abcdef']);
        self::assertSame([409, 99], [$payer->status, $this->stock('coffee')]);
        self::assertSame([], self::$simulator->control('GET', '/orders'));
        self::assertSame('', trim($this->shop->worker('1')));
    }

    public function testAnOrderIsItsPayersOnly(): void
    {
        $number = $this->placed($this->visitor());
        $other = $this->visitor();
        foreach (['', '/state', '/code.svg'] as $page) {
            $other->get("/orders/$number$page");
            self::assertSame(404, $other->status, $page);
        }
        $other->post("/orders/$number/close");
        self::assertSame(404, $other->status);
        foreach (['/nothing', '/orders/S1', '/orders/' . strtoupper($number), '/../src/Shop.php', '/schema.sql'] as $page) {
            $other->get($page);
            self::assertSame(404, $other->status, $page);
        }
    }

    public function testAFormWithoutItsTokenDoesNothing(): void
    {
        $payer = $this->visitor();
        $number = $this->placed($payer);
        foreach (['/orders', '/purchases', '/topups', '/exchanges', "/orders/$number/close"] as $form) {
            foreach ([[], ['token' => ''], ['token' => ['x']], ['token' => $this->visitor()->token]] as $fields) {
                $payer->post($form, $fields + ['quantity' => ['tea' => 3], 'yuan' => 100], hasToken: false);
                self::assertSame(403, $payer->status, $form);
            }
        }
        self::assertCount(1, $this->rows('SELECT number FROM shop_order'));
    }

    public function testWhatOthersWroteIsTextOnThePages(): void
    {
        $evil = '<script>alert(1)</script>"\'><img src=x>';
        $payer = $this->visitor();
        $pdo = $this->database->connect();
        $pdo->prepare('UPDATE goods SET name = ?')->execute([$evil]);
        $pdo->prepare('UPDATE member SET name = ?')->execute([$evil]);
        $payer->get('/');
        self::assertStringContainsString('&lt;script&gt;', $payer->body);
        self::assertDoesNotMatchRegularExpression('~<script>|<img src=x~', $payer->body);
        $payer->get('/orders/' . $this->placed($payer));
        self::assertStringContainsString('&lt;script&gt;', $payer->body);
        self::assertDoesNotMatchRegularExpression('~<script>|<img src=x~', $payer->body);
        self::assertStringContainsString("default-src 'none'", $payer->headers['content-security-policy']);
        self::assertStringNotContainsString('unsafe', $payer->headers['content-security-policy']);
    }

    public function testAStateThatHasNotChangedIsNotSentAgain(): void
    {
        $payer = $this->visitor();
        $number = $this->placed($payer);
        $payer->get("/orders/$number/state");
        $tag = $payer->headers['etag'];
        self::assertSame(['', 304], [$payer->get("/orders/$number/state", ["If-None-Match: $tag"]), $payer->status]);
        $this->pay($number);
        self::assertSame(['{"state":"paid"}', 200], [$payer->get("/orders/$number/state", ["If-None-Match: $tag"]), $payer->status]);
    }

    public function testAPhoneGetsALinkAndWechatItsParameters(): void
    {
        $phone = $this->visitor('Mozilla/5.0 (iPhone) Mobile Safari');
        $phone->get('/orders/' . $phone->buy(['tea' => 1]));
        self::assertStringContainsString('已完成支付', $phone->body);
        self::assertStringNotContainsString('code.svg', $phone->body);
        $wechat = $this->visitor('Mozilla/5.0 (iPhone) Mobile MicroMessenger/8.0');
        $wechat->get('/orders/' . $wechat->buy(['tea' => 1]));
        self::assertStringContainsString('paySign', $wechat->body);
        self::assertSame(['MWEB', 'JSAPI'], array_column(self::$simulator->control('GET', '/orders'), 'trade_type'));
    }

    public function testWhenWechatDoesNotAnswerTheOrderWaitsAndIsPlacedOnce(): void
    {
        self::$simulator->control('POST', '/faults', ['fault' => 'status_502', 'path' => '/pay/unifiedorder', 'times' => 2]);
        $payer = $this->visitor();
        $number = $payer->buy(['tea' => 1]);
        self::assertStringContainsString('正在下单', $payer->get("/orders/$number"));
        $payer->get("/orders/$number");
        self::assertStringContainsString('等待支付', $payer->get("/orders/$number"));
        self::assertCount(1, self::$simulator->control('GET', '/orders'));
    }
}
