<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;
use Shop\Checkout;

require_once ROOT . '/php-tests/Support/shop-classes.php';

/**
 * Three merchants behind one shop and one notice page: one that sells everything, one of its own for tea, and one of APIv3
 * for sweets.
 *
 * @group slow
 */
#[Group('slow')]
final class MerchantsTest extends ShopTestCase
{
    public function testWhoSellsJustThisIsPaidAndWhoIsRetiredIsNot(): void
    {
        $sells = [100 => '', 101 => '*', 102 => 'tea', 103 => '*'];
        self::assertSame('102', Checkout::route('{"tea":3}', $sells));
        foreach (['{"coffee":1,"tea":3}', '{"coffee":1}', '10000', '*'] as $what) {
            self::assertSame('101', Checkout::route($what, $sells), $what);
        }
        self::assertSame('101', Checkout::route('{"tea":3}', [102 => ''] + $sells));
        $this->expectExceptionMessage('unavailable');
        Checkout::route('{"tea":3}', [100 => '', 101 => 'coffee']);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testEachIsPaidForWhatItSellsAndKeepsItsOrders(string $kind): void
    {
        $this->shop->stop();
        $this->start($kind);
        $payer = $this->visitor();
        foreach ([['coffee' => 1], ['tea' => 1], ['candy' => 1], ['candy' => 1, 'tea' => 1]] as $quantities) {
            $this->pay($number = $payer->buy($quantities), $payer);
            self::assertSame('paid', $payer->state($number));
            self::assertStringContainsString('支付成功', $payer->get("/orders/$number"));
        }
        $paid = [SimulatorProcess::MCH_ID, ShopServer::TEA, ShopServer::SWEETS, SimulatorProcess::MCH_ID];
        $book = self::$simulator->control('GET', '/orders');
        self::assertSame($paid, array_column($book, 'mch_id'));
        Lists::assertSame(array_column($book, 'mch_id', 'out_trade_no'), array_column($this->rows('SELECT number, mch_id FROM shop_order'), 'mch_id', 'number'));
        self::assertStringContainsString("$number PAID", $this->shop->worker('1'));
    }

    public function testWhatWeChatTellsBesidePaymentsAndRefundsIsAnsweredAndBooksNothing(): void
    {
        $platform = ReferenceGatewayV3::newKey();
        $listed = json_decode(ShopServer::merchants(self::$simulator), true);
        $sweets = ['publicKey' => ReferenceGatewayV3::publicHalf($platform)] + $listed[2];
        $this->shop->stop();
        $this->shop = ShopServer::start(self::$simulator, $this->database, settings: ['SHOP_MERCHANTS' => json_encode([$listed[0], $sweets])]);
        $share = ['mchid' => ShopServer::SWEETS, 'transaction_id' => '42', 'order_id' => '30', 'receiver' => ['type' => 'MERCHANT_ID', 'account' => '1']];
        foreach ([[$platform, '204'], [ReferenceGatewayV3::newKey(), '500']] as [$signer, $status]) {
            $body = ReferenceClientV3::sealedNotice($share, 'TRANSACTION.SUCCESS', $sweets['apiV3Key']);
            $headers = ReferenceClientV3::signedHeaders($body, $signer, $sweets['publicKeyId']);
            $lines = array_map(static fn (string $name) => "$name: $headers[$name]", array_keys($headers));
            [$head] = Http::ask($this->shop->noticeUrl(), ['method' => 'POST', 'header' => ['Content-Type: application/json', ...$lines], 'content' => $body]);
            self::assertStringContainsString(" $status", $head[0]);
        }
        self::assertSame([], $this->rows('SELECT * FROM wechatpay_order'));
    }

    public function testOneMerchantSpeaksBothDialectsWhileItMoves(): void
    {
        $listed = json_decode(ShopServer::merchants(self::$simulator), true);
        $moved = ['mchId' => SimulatorProcess::MCH_ID, 'sells' => 'candy', 'codePay' => true] + $listed[2];
        foreach ([[$listed[0], $moved], [['sells' => '*'] + $moved, ['sells' => ''] + $listed[0]]] as $merchants) {
            $this->shop->stop();
            $this->shop = ShopServer::start(self::$simulator, $this->database, settings: ['SHOP_MERCHANTS' => json_encode($merchants)]);
            $payer = $this->visitor();
            foreach ([['coffee' => 1], ['candy' => 2]] as $quantities) {
                $this->pay($number = $payer->buy($quantities), $payer);
                self::assertSame('paid', $payer->state($number), json_encode($quantities));
            }
        }
        self::assertSame(['v2', 'v3', 'v3', 'v3'], array_column($this->rows('SELECT api FROM shop_order ORDER BY api'), 'api'));
        $this->confirm();
        self::assertSame(4, \count($this->rows('SELECT left_at FROM shop_order WHERE left_at IS NOT NULL')));
        $anna = $this->visitor();
        $anna->login('anna');
        foreach ($this->rows('SELECT number FROM shop_order WHERE fen > 2') as $order) {
            $anna->post("/office/orders/{$order['number']}/refund", ['sku' => ['coffee'], 'note' => 'cold']);
            self::assertSame(303, $anna->status, $anna->body);
        }
        self::assertSame(1, substr_count($anna->get('/office/days'), '<h2>'), 'one merchant');
        $sale = $anna->post('/office/counter', ['quantity' => ['tea' => 1]]);
        $anna->post($sale, ['code' => '134567890123456789']);
        self::assertStringContainsString('支付成功', $anna->get($sale));
    }

    public function testANoticeIsAnsweredInTheDialectInWhichItCame(): void
    {
        $payer = $this->visitor();
        foreach (['coffee' => [200, '<return_code><![CDATA[SUCCESS]]></return_code>'], 'candy' => [204, '']] as $sku => [$status, $body]) {
            $this->pay($number = $payer->buy([$sku => 1]), $payer);
            $sent = self::$simulator->control('POST', '/notify', ['out_trade_no' => $number, 'copies' => 3])['sent'];
            self::assertSame([$status, $status, $status], array_column($sent, 'status'));
            self::assertSame([true, true, true], array_column($sent, 'accepted'));
            self::assertStringContainsString($body, $sent[0]['reply']);
        }
        $this->confirm();
        self::assertCount(2, $this->rows('SELECT source FROM member_journal'), 'each is credited once');
    }

    public function testAForgedNoticeOfApiv3CreditsNothing(): void
    {
        $payer = $this->visitor();
        $payer->get('/orders/' . ($number = $payer->buy(['candy' => 5])));
        $forged = ['forged', 'no_sign', 'empty_sign', 'bad_sign', 'altered', 'probe', 'other_key_sign', 'stale_sign', 'future_sign', 'double_sign',
            'other_merchant', 'wrong_amount', 'truncated', 'empty', 'v2_xml'];
        foreach ($forged as $mutation) {
            self::$simulator->control('POST', '/notify', ['out_trade_no' => $number, 'mutate' => $mutation]);
            self::assertNotSame('paid', $payer->state($number), $mutation);
        }
        $this->confirm();
        self::assertSame([], $this->rows('SELECT source FROM member_journal'));
    }

    public function testAPhoneGetsALinkAndWechatItsParametersFromApiv3Too(): void
    {
        $phone = $this->visitor('Mozilla/5.0 (iPhone) Mobile Safari');
        $phone->get('/orders/' . $phone->buy(['candy' => 1]));
        self::assertMatchesRegularExpression('~class="button" href="https?://~', $phone->body);
        $wechat = $this->visitor('Mozilla/5.0 (iPhone) Mobile MicroMessenger/8.0');
        $wechat->get('/orders/' . $wechat->buy(['candy' => 1]));
        self::assertStringContainsString('&quot;signType&quot;:&quot;RSA&quot;', $wechat->body);
    }

    public function testAnOrderOfApiv3IsClosedAndItsLatePaymentIsShown(): void
    {
        $payer = $this->visitor();
        $payer->get('/orders/' . ($number = $payer->buy(['candy' => 2])));
        $payer->post("/orders/$number/close");
        self::assertSame('closed', $payer->state($number));
        self::$simulator->control('POST', '/state', ['out_trade_no' => $number, 'trade_state' => 'SUCCESS']);
        self::$simulator->control('POST', '/notify', ['out_trade_no' => $number]);
        self::assertSame('paid_late', $payer->state($number));
        $anna = $this->visitor();
        $anna->login('anna');
        $anna->post("/office/orders/$number/resolve", ['as' => 'REFUND', 'note' => 'too late']);
        self::assertSame(303, $anna->status, $anna->body);
        $refund = self::$simulator->control('GET', '/refunds')[0];
        self::$simulator->control('POST', '/refunds', ['out_refund_no' => $refund['out_refund_no'], 'status' => 'SUCCESS']);
        $sent = self::$simulator->control('POST', '/notify', ['out_trade_no' => $number, 'kind' => 'refund'])['sent'];
        self::assertSame([204, true, 'refunded'], [$sent[0]['status'], $sent[0]['accepted'], $payer->state($number)], 'its notice finds the shop');
    }

    public function testARetiredMerchantSellsNothingButRefundsAndReconcilesWhatItWasPaid(): void
    {
        $day = (new \DateTimeImmutable('-2 days', new \DateTimeZone('Asia/Shanghai')))->format('Y-m-d');
        self::$simulator->control('POST', '/clock', ['advance_ms' => -2 * 86_400_000]);
        $payer = $this->visitor();
        $this->pay($number = $payer->buy(['candy' => 3]), $payer);
        self::$simulator->control('POST', '/clock', ['advance_ms' => 2 * 86_400_000]);
        $this->shop->stop();
        $this->shop = ShopServer::start(self::$simulator, $this->database, retired: ShopServer::SWEETS);
        [$anna, $other] = [$this->visitor(), $this->visitor()];
        $anna->login('anna');
        $this->pay($other->buy(['candy' => 3]), $other);
        self::assertSame([ShopServer::SWEETS, SimulatorProcess::MCH_ID], array_column(self::$simulator->control('GET', '/orders'), 'mch_id'));
        $anna->post("/office/orders/$number/refund", ['sku' => ['candy'], 'note' => 'stale']);
        self::assertSame(303, $anna->status, $anna->body);
        $refund = self::$simulator->control('GET', '/refunds')[0];
        self::assertSame([ShopServer::SWEETS, 3], [$refund['mch_id'], $refund['refund_fee']]);
        self::$simulator->control('POST', '/refunds', ['out_refund_no' => $refund['out_refund_no'], 'status' => 'SUCCESS']);
        $sent = self::$simulator->control('POST', '/notify', ['out_trade_no' => $number, 'kind' => 'refund'])['sent'];
        self::assertSame([204, true], [$sent[0]['status'], $sent[0]['accepted']]);
        self::assertStringContainsString('已全额退款', $anna->get("/office/orders/$number"));
        $anna->post("/office/days/" . ShopServer::SWEETS . "/$day");
        self::assertSame(303, $anna->status, $anna->body);
        self::assertStringContainsString('data-head="微信支付">1 · <span class="sum">¥0.03</span></td><td data-head="小店">1 · <span class="sum">¥0.03</span></td>', $anna->get('/office/days/' . ShopServer::SWEETS . "/$day"));
    }
}
