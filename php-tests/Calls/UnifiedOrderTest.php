<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Advice;
use WechatPay\Merchant;
use WechatPay\Prepay;
use WechatPay\ServiceException;
use WechatPay\Signer;
use WechatPay\SignType;
use WechatPay\TransportException;
use WechatPay\UnifiedOrder;

final class UnifiedOrderTest extends TradeTestCase
{
    private const NUMBER = 'T100001';
    private const PATH = '/pay/unifiedorder';

    /** @param array<string, mixed> $with arguments by name */
    private function place(string $how = 'native', array $with = [], ?Merchant $merchant = null, mixed ...$gateway): Prepay
    {
        $orders = new UnifiedOrder($merchant ?? $this->merchant(), $this->gateway(...$gateway));
        return $orders->$how(...$with + [
            'outTradeNo' => self::NUMBER,
            'totalFee' => 100,
            'body' => '咖啡',
            'notifyUrl' => self::NOTIFY_URL,
            'spbillCreateIp' => '127.0.0.1',
        ]);
    }

    public function testNativeGivesACode(): void
    {
        $prepay = $this->place();
        self::assertSame(['NATIVE', null], [$prepay->tradeType, $prepay->h5Url]);
        self::assertStringStartsWith('weixin://', $prepay->codeUrl);
        self::assertNotNull($prepay->prepayId);
        self::assertSame("\x89PNG", substr($prepay->qrPng(), 0, 4));
        self::assertStringContainsString('<svg', $prepay->qrSvg(320));
        self::assertNotSame('', $prepay->qrText());
    }

    public function testH5GivesAnAddress(): void
    {
        $scene = ['h5_info' => ['type' => 'Wap', 'wap_url' => 'https://shop.example', 'wap_name' => '店']];
        $prepay = $this->place('h5', ['sceneInfo' => $scene]);
        self::assertSame(['MWEB', null], [$prepay->tradeType, $prepay->codeUrl]);
        self::assertStringStartsWith('https://', $prepay->h5Url);
        self::assertSame($scene, json_decode(self::sentFields(self::PATH)[0]['scene_info'], true));
        self::assertInstanceOf(\LogicException::class, self::caught(static fn () => $prepay->qrText()));
    }

    /** @dataProvider algorithms */
    #[DataProvider('algorithms')]
    public function testJsapiGivesSignedParametersForThePage(SignType $type): void
    {
        $prepay = $this->place('jsapi', ['openid' => 'oUpF8uMuAJO'], $this->merchant(signType: $type));
        $params = $prepay->jsapiParams();
        self::assertSame(['appId', 'timeStamp', 'nonceStr', 'package', 'signType', 'paySign'], array_keys($params));
        self::assertSame(
            [SimulatorProcess::APPID, "prepay_id=$prepay->prepayId", $type->value],
            [$params['appId'], $params['package'], $params['signType']],
        );
        self::assertEqualsWithDelta(time(), (int) $params['timeStamp'], 5);
        $sign = array_pop($params);
        self::assertSame(Signer::sign($params, SimulatorProcess::KEY, $type), $sign);
        self::assertNotSame($params['nonceStr'], $prepay->jsapiParams()['nonceStr'], 'made at each call');
        self::assertSame($params, array_filter($params, 'is_string'));
    }

    /** @dataProvider algorithms */
    #[DataProvider('algorithms')]
    public function testAppGivesSignedParametersForTheSdk(SignType $type): void
    {
        $prepay = $this->place('app', [], $this->merchant(signType: $type));
        self::assertSame('APP', $prepay->tradeType);
        $params = $prepay->appParams();
        $names = ['appid', 'partnerid', 'prepayid', 'package', 'noncestr', 'timestamp', 'sign'];
        self::assertSame($names, array_keys($params));
        self::assertSame(
            [SimulatorProcess::APPID, SimulatorProcess::MCH_ID, $prepay->prepayId, 'Sign=WXPay'],
            \array_slice(array_values($params), 0, 4),
        );
        $sign = array_pop($params);
        self::assertSame(Signer::sign($params, SimulatorProcess::KEY, $type), $sign);
    }

    /** @return list<array{SignType}> */
    public static function algorithms(): array
    {
        return [[SignType::Md5], [SignType::HmacSha256]];
    }

    public function testEveryOptionalArgumentIsSentUnderItsName(): void
    {
        $beijing = new \DateTimeZone('Asia/Shanghai');
        $start = new \DateTimeImmutable('now', $beijing);
        $expire = new \DateTime('+15 minutes', new \DateTimeZone('America/New_York'));
        $detail = ['goods_detail' => [['goods_id' => 'G/1', 'goods_name' => '拿铁', 'quantity' => 1, 'price' => 100]]];
        $this->place('native', [
            'productId' => 'P1',
            'deviceInfo' => 'till 1',
            'detail' => $detail,
            'attach' => '桌7',
            'feeType' => 'CNY',
            'timeStart' => $start,
            'timeExpire' => $expire,
            'goodsTag' => 'TAG',
            'limitPay' => 'no_credit',
            'receipt' => 'Y',
            'sceneInfo' => ['store_info' => ['id' => 'S1']],
            'profitSharing' => false,
            'extra' => ['version' => '1.0', 'user_type' => null],
        ]);
        $expected = [
            'product_id' => 'P1',
            'device_info' => 'till 1',
            'detail' => json_encode($detail, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE),
            'attach' => '桌7',
            'fee_type' => 'CNY',
            'time_start' => $start->format('YmdHis'),
            'time_expire' => (clone $expire)->setTimezone($beijing)->format('YmdHis'),
            'goods_tag' => 'TAG',
            'limit_pay' => 'no_credit',
            'receipt' => 'Y',
            'scene_info' => '{"store_info":{"id":"S1"}}',
            'profit_sharing' => 'N',
            'version' => '1.0',
        ];
        $sent = self::sentFields(self::PATH)[0];
        self::assertSame($expected, array_intersect_key($sent, $expected + ['user_type' => 1]));
        self::assertArrayNotHasKey('openid', $sent);
    }

    public function testTheSameArgumentsAgainAreSafeAndGiveAFreshCode(): void
    {
        self::spoil(self::PATH, 'no_answer');
        $e = self::thrown(TransportException::class, fn () => $this->place('native', [], null, timeoutMs: 300));
        self::assertVerdict(Advice::QueryOrder, true, true, $e);

        $first = $this->place();
        $second = $this->place();
        self::assertNotSame($first->prepayId, $second->prepayId);
        self::assertCount(1, self::$simulator->control('GET', '/orders'), 'it is one order');
    }

    public function testTheSameNumberWithOtherArgumentsIsRefused(): void
    {
        $this->place();
        $e = self::thrown(ServiceException::class, fn () => $this->place('native', ['totalFee' => 101]));
        self::assertSame(['INVALID_REQUEST', self::NUMBER], [$e->errCode, $e->outTradeNo]);
        self::assertVerdict(Advice::FixCall, false, false, $e);
    }

    public function testNumbersThatAreUsedUp(): void
    {
        $said = [];
        foreach (['SUCCESS' => 'T200001', 'CLOSED' => 'T200002'] as $state => $number) {
            $this->place('native', ['outTradeNo' => $number]);
            self::$simulator->control('POST', '/state', ['out_trade_no' => $number, 'trade_state' => $state]);
            $e = self::thrown(ServiceException::class, fn () => $this->place('native', ['outTradeNo' => $number]));
            $said[$e->errCode] = $e->advice;
        }
        self::assertSame(['ORDERPAID' => Advice::QueryOrder, 'ORDERCLOSED' => Advice::FixCall], $said);
    }

    /** @dataProvider wrongArguments */
    #[DataProvider('wrongArguments')]
    public function testAnArgumentThatNoOrderCouldUseIsRefusedByName(string $argument, mixed $value, string $how = 'native'): void
    {
        self::assertRefused($argument, fn () => $this->place($how, [$argument => $value]));
    }

    /** @return list<array> */
    public static function wrongArguments(): array
    {
        return [
            ['outTradeNo', 'short'],
            ['outTradeNo', str_repeat('x', 33)],
            ['outTradeNo', 'a|b*c@d'],
            ['outTradeNo', '订单号码'],
            ['totalFee', 0],
            ['totalFee', -1],
            ['body', ''],
            ['body', str_repeat('咖', 42) . 'xx'],
            ['body', 'tea 🍵'],
            ['body', "tea\x07"],
            ['body', "\xff"],
            ['notifyUrl', 'http://shop.example/notify'],
            ['notifyUrl', 'https://shop.example/notify?a=1'],
            ['notifyUrl', 'shop.example'],
            ['notifyUrl', 'https://shop.example/' . str_repeat('x', 256)],
            ['spbillCreateIp', ''],
            ['productId', str_repeat('x', 33)],
            ['deviceInfo', str_repeat('x', 33)],
            ['attach', str_repeat('x', 128)],
            ['attach', ''],
            ['detail', ['goods' => str_repeat('x', 6000)]],
            ['detail', ['goods' => "\xff"]],
            ['sceneInfo', ['store' => str_repeat('x', 256)]],
            ['goodsTag', str_repeat('x', 33)],
            ['timeExpire', new \DateTimeImmutable('+30 seconds')],
            ['timeExpire', new \DateTimeImmutable('-1 day')],
            ['openid', null, 'jsapi'],
            ['openid', str_repeat('o', 129), 'jsapi'],
            ['subOpenid', 'oSub', 'jsapi'],
            ['extra', ['sign' => 'x']],
            ['extra', ['total_fee' => '1']],
            ['extra', ['mch_id' => '1']],
            ['extra', ['no name' => 'x']],
        ];
    }

    public function testPlainHttpGoesToThisMachineOnly(): void
    {
        $this->place('native', ['notifyUrl' => 'http://127.0.0.1:8080/notify']);
        self::assertSame('http://127.0.0.1:8080/notify', self::booked(self::NUMBER)['notify_url']);
    }

    public function testTypesAreCheckedAsPhpDoes(): void
    {
        $e = self::thrown(\TypeError::class, fn () => $this->place('native', ['timeExpire' => '2026-11-22']));
        self::assertStringContainsString('Argument #12 ($timeExpire) must be of type ?DateTimeInterface', $e->getMessage());
        $e = self::thrown(\TypeError::class, fn () => $this->place('native', ['extra' => ['x' => [1]]]));
        self::assertStringContainsString('($extra)', $e->getMessage());
    }

    public function testWhatJsonSerializableThrowsIsThrownOn(): void
    {
        $broken = new class implements \JsonSerializable {
            public function jsonSerialize(): never
            {
                throw new \DomainException('not now');
            }
        };
        $e = self::caught(fn () => $this->place('native', ['detail' => [$broken]]));
        self::assertInstanceOf(\DomainException::class, $e);
        self::assertSame([], self::requests());
    }
}
