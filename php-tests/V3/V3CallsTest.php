<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Client;
use WechatPay\CloseOrder;
use WechatPay\Refund;
use WechatPay\RefundQuery;
use WechatPay\RefundStatus;
use WechatPay\ServiceException;
use WechatPay\TradeState;
use WechatPay\UnifiedOrder;

/** The calls in APIv3: what a shop has written for v2 runs on it, and what it cannot mean there is refused by its name. */
final class V3CallsTest extends SimulatorTestCase
{
    private const ORDER = [
        'outTradeNo' => 'T100001',
        'totalFee' => 1230,
        'body' => '茶',
        'notifyUrl' => 'https://shop.example/notify',
        'spbillCreateIp' => '203.0.113.7',
    ];

    private function orders(mixed ...$settings): UnifiedOrder
    {
        return new UnifiedOrder($this->merchantV3(...$settings), $this->gateway());
    }

    /** @return array<string, mixed> the body of the last request */
    private static function sent(): array
    {
        $requests = self::requests();
        return end($requests)['json'];
    }

    public function testEveryProductGivesWhatItsPayersClientNeeds(): void
    {
        $orders = $this->orders();
        self::assertStringStartsWith('weixin://', $orders->native(...self::ORDER, productId: 'P1', timeStart: new \DateTimeImmutable())->codeUrl);
        $jsapi = $orders->jsapi(...['outTradeNo' => 'T100002'] + self::ORDER, openid: 'oUpF8uJ5wmrZo5Mkvgw5Tu786xDp');
        self::assertSame(['RSA', "prepay_id=$jsapi->prepayId"], [$jsapi->jsapiParams()['signType'], $jsapi->jsapiParams()['package']]);
        $app = $orders->app(...['outTradeNo' => 'T100003'] + self::ORDER);
        self::assertSame(['Sign=WXPay', SimulatorProcess::MCH_ID], [$app->appParams()['package'], $app->appParams()['partnerid']]);
        $scene = ['h5_info' => ['type' => 'IOS', 'app_name' => 'tea', 'bundle_id' => 'com.example.tea']];
        self::assertStringStartsWith('https://', $orders->h5(...['outTradeNo' => 'T100004'] + self::ORDER, sceneInfo: $scene)->h5Url);
        self::assertSame('iOS', self::sent()['scene_info']['h5_info']['type']);
    }

    public function testTheParametersOfThePayersClientAreSignedWithTheMerchantsKey(): void
    {
        $placed = $this->orders()->jsapi(...self::ORDER, openid: 'oUpF8uJ5wmrZo5Mkvgw5Tu786xDp');
        $params = $placed->jsapiParams();
        $text = implode("\n", [$params['appId'], $params['timeStamp'], $params['nonceStr'], $params['package'], '']);
        $key = openssl_pkey_get_details(openssl_pkey_get_private(file_get_contents(self::$simulator->v3()['privateKey'])))['key'];
        self::assertSame(1, openssl_verify($text, base64_decode($params['paySign']), $key, OPENSSL_ALGO_SHA256));
    }

    public function testArgumentsStandWhereApiV3HasThem(): void
    {
        $this->orders()->native(
            ...self::ORDER,
            deviceInfo: 'till 1',
            detail: ['cost_price' => 1230, 'receipt_id' => 'R1', 'goods_detail' => [['goods_id' => 'G1', 'goods_name' => '茶', 'quantity' => 1, 'price' => 1230]]],
            attach: 'table 7',
            timeExpire: new \DateTimeImmutable('2099-03-01 10:00:01', new \DateTimeZone('Asia/Shanghai')),
            goodsTag: 'WXG',
            limitPay: 'no_credit',
            receipt: 'Y',
            sceneInfo: ['store_info' => ['id' => 'S1', 'name' => 'tea']],
            profitSharing: true,
        );
        self::assertEquals([
            'appid' => SimulatorProcess::APPID,
            'mchid' => SimulatorProcess::MCH_ID,
            'out_trade_no' => 'T100001',
            'description' => '茶',
            'notify_url' => 'https://shop.example/notify',
            'attach' => 'table 7',
            'goods_tag' => 'WXG',
            'amount' => ['total' => 1230, 'currency' => 'CNY'],
            'scene_info' => ['payer_client_ip' => '203.0.113.7', 'device_id' => 'till 1', 'store_info' => ['id' => 'S1', 'name' => 'tea']],
            'time_expire' => '2099-03-01T10:00:01+08:00',
            'limit_pay' => ['no_credit'],
            'support_fapiao' => true,
            'settle_info' => ['profit_sharing' => true],
            'detail' => ['cost_price' => 1230, 'invoice_id' => 'R1', 'goods_detail' => [['merchant_goods_id' => 'G1', 'goods_name' => '茶', 'quantity' => 1, 'unit_price' => 1230]]],
        ], self::sent());
    }

    public function testExtraTakesNamesOfApiV3NestedAndLeavesOutNull(): void
    {
        $extra = ['settle_info' => ['profit_sharing' => true], 'scene_info' => ['device_id' => 'till 2'], 'attach' => null];
        $this->orders()->native(...self::ORDER, extra: $extra);
        $sent = self::sent();
        self::assertSame([true, 'till 2', '203.0.113.7'], [$sent['settle_info']['profit_sharing'], $sent['scene_info']['device_id'], $sent['scene_info']['payer_client_ip']]);
        self::assertArrayNotHasKey('attach', $sent);
    }

    /** @dataProvider lost */
    #[DataProvider('lost')]
    public function testWhatWouldLoseItsMeaningIsRefusedByName(array $arguments, string $says): void
    {
        $e = self::caught(fn () => $this->orders()->native(...self::ORDER, ...$arguments));
        self::assertInstanceOf(\ValueError::class, $e);
        self::assertMatchesRegularExpression("~^WechatPay\\\\UnifiedOrder::native\\(\\): Argument #\\d+ \\($says~", $e->getMessage());
        self::assertSame([], self::requests());
    }

    /** @return list<array{array<string, mixed>, string}> */
    public static function lost(): array
    {
        return [
            [['receipt' => 'maybe'], '\$receipt\) must be Y or N in APIv3'],
            [['detail' => ['goods_detail' => [['goods_id' => 'G1', 'goods_category' => 'x', 'quantity' => 1, 'price' => 1]]]], '\$detail\) must not contain goods_category, which APIv3 does not have'],
            [['extra' => ['amount' => ['total' => 1]]], '\$extra\) must not contain total, which is set already'],
            [['extra' => ['mchid' => '1']], '\$extra\) must not contain mchid, which is set already'],
            [['extra' => ['x']], '\$extra\) must have names as keys, 0 is given'],
            [['extra' => ['amount' => ['a' => 1.5]]], '\$extra\) must not hold a float, as it does at /amount/a'],
            [['extra' => ['attach' => "x\0"]], '\$extra\) must not hold a NUL byte'],
            [['extra' => ['detail' => new \ArrayObject(['a' => 1])]], '\$extra\) must hold arrays, texts, ints and bools only'],
            [['sceneInfo' => ['payer_client_ip' => '10.0.0.1']], '\$sceneInfo\) must not contain payer_client_ip, which is set already'],
            [['extra' => ['attach' => '😀']], '\$extra\) must not contain characters of 4 UTF-8 bytes'],
        ];
    }

    public function testAnOrderIsClosedAndAClosedOneIsClosed(): void
    {
        $this->orders()->native(...self::ORDER);
        $close = new CloseOrder($this->merchantV3(), $this->gateway());
        $close->byOutTradeNo('T100001');
        $close->byOutTradeNo('T100001');
        self::assertSame(TradeState::Closed, $this->query()->byOutTradeNo('T100001')->tradeState);
    }

    public function testARefundSaysAtOnceWhereItStands(): void
    {
        self::order('T100001', ['trade_state' => 'SUCCESS', 'total_fee' => 1230]);
        $refund = new Refund($this->merchantV3(), $this->gateway());
        $receipt = $refund->byOutTradeNo('T100001', 'R1', 1230, 230, ['refund_desc' => 'no milk', 'notify_url' => 'https://shop.example/n', 'op_user_id' => 'me']);
        self::assertSame([RefundStatus::Processing, 230, 1230, 'R1'], [$receipt->refundStatus, $receipt->refundFee, $receipt->totalFee, $receipt->outRefundNo]);
        self::assertSame(230, $receipt->fields()['amount']['refund']);
        self::assertEquals(['out_trade_no' => 'T100001', 'out_refund_no' => 'R1', 'reason' => 'no milk', 'notify_url' => 'https://shop.example/n', 'amount' => ['refund' => 230, 'total' => 1230, 'currency' => 'CNY']], self::sent());
        $list = (new RefundQuery($this->merchantV3(), $this->gateway()))->byOutRefundNo('R1');
        self::assertSame([['R1', RefundStatus::Processing, 230]], array_map(static fn ($e) => [$e->outRefundNo, $e->refundStatus, $e->refundFee], $list->entries));
        self::assertSame('PROCESSING', $list->fields()[0]['status']);
        self::assertSame([SimulatorProcess::MCH_ID, 'T100001', 230], [$list->mchId, $list->outTradeNo, $list->pendingFee]);
    }

    public function testOptionsOfARefundMayBeThoseOfApiV3(): void
    {
        self::order('T100001', ['trade_state' => 'SUCCESS', 'total_fee' => 1230]);
        $refund = new Refund($this->merchantV3(), $this->gateway());
        $goods = [['merchant_goods_id' => 'G1', 'unit_price' => 230, 'refund_amount' => 230, 'refund_quantity' => 1]];
        $refund->byOutTradeNo('T100001', 'R1', 1230, 230, ['reason' => 'no milk', 'goods_detail' => $goods]);
        self::assertSame(['no milk', $goods], [self::sent()['reason'], self::sent()['goods_detail']]);
        foreach (['detail' => ['x'], 'amount' => ['refund' => 5]] as $name => $value) {
            $e = self::caught(static fn () => $refund->byOutTradeNo('T100001', 'R2', 1230, 230, [$name => $value]));
            self::assertInstanceOf(\ValueError::class, $e);
            self::assertStringContainsString('Argument #5 ($options) must not contain ', $e->getMessage());
        }
    }

    public function testApiV3HasNoListOfRefunds(): void
    {
        $query = new RefundQuery($this->merchantV3(), $this->gateway());
        foreach (['byOutTradeNo', 'byTransactionId', 'byRefundId'] as $method) {
            $e = self::caught(static fn () => $query->$method('50300217160748057201266619127'));
            self::assertInstanceOf(\LogicException::class, $e);
            self::assertStringContainsString('ask byOutRefundNo() for each number', $e->getMessage());
        }
        self::assertSame([], self::requests());
    }

    /** @dataProvider onlyOfV2 */
    #[DataProvider('onlyOfV2')]
    public function testACallThatApiV3DoesNotHaveSaysSoWhenItIsMade(string $class, string $instead): void
    {
        $e = self::caught(fn () => new ("WechatPay\\$class")($this->merchantV3()));
        self::assertInstanceOf(\LogicException::class, $e);
        self::assertStringStartsWith("WechatPay\\$class does not exist in APIv3: ", $e->getMessage());
        self::assertStringContainsString($instead, $e->getMessage());
        self::assertInstanceOf("WechatPay\\$class", new ("WechatPay\\$class")($this->merchant()));
    }

    /** @return iterable<string, array{string, string}> */
    public static function onlyOfV2(): iterable
    {
        yield 'ScanPay' => ['ScanPay', 'UnifiedOrder::native()'];
        foreach (EveryCall::all() as $name => $call) {
            if ($call->insteadInV3 !== '') {
                yield $name => [$name, $call->insteadInV3];
            }
        }
    }

    public function testCallAndReadNoticeAreOfV2(): void
    {
        foreach ([fn () => (new Client($this->merchantV3()))->call('/pay/x', []), fn () => Client::readNotice('<xml/>', $this->merchantV3())] as $call) {
            self::assertInstanceOf(\LogicException::class, self::caught($call));
        }
    }

    public function testARefusalTellsItsDetailAndItsRequestId(): void
    {
        $this->orders()->native(...self::ORDER);
        $e = self::caught(fn () => $this->orders()->native(...['totalFee' => 1] + self::ORDER));
        self::assertInstanceOf(ServiceException::class, $e);
        self::assertSame('OUT_TRADE_NO_USED', $e->errCode);
        self::assertIsString($e->requestId);
        $own = new ServiceException('x', errCode: 'PARAM_ERROR', detail: ['field' => '/amount/total'], requestId: '08E2');
        self::assertSame([['field' => '/amount/total'], '08E2'], [$own->detail, $own->requestId]);
        self::assertSame([null, null], [(new ServiceException())->detail, (new ServiceException())->requestId]);
    }

    public function testAServiceProviderNamesTheSubMerchant(): void
    {
        $this->orders(subMchId: '1900000109', subAppid: 'wxsub')->jsapi(...self::ORDER, subOpenid: 'oSub');
        $sent = self::sent();
        self::assertSame([SimulatorProcess::MCH_ID, '1900000109', 'wxsub', ['sub_openid' => 'oSub']], [$sent['sp_mchid'], $sent['sub_mchid'], $sent['sub_appid'], $sent['payer']]);
    }
}
