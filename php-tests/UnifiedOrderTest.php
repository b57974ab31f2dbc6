<?php

declare(strict_types=1);

namespace WechatPayTests;

use WechatPay\Advice;
use WechatPay\Prepay;
use WechatPay\ServiceException;
use WechatPay\UnifiedOrder;

final class UnifiedOrderTest extends SimulatorTestCase
{
    private const BASIC = ['outTradeNo' => 'T100001', 'totalFee' => 150, 'body' => '一杯咖啡', 'notifyUrl' => 'https://shop.example/notify', 'spbillCreateIp' => '127.0.0.1'];

    private function place(mixed ...$more): Prepay
    {
        return (new UnifiedOrder($this->merchant(), $this->gateway()))->native(...$more + self::BASIC);
    }

    public function testAPlacedOrderHasACodeToScan(): void
    {
        $prepay = $this->place();
        self::assertSame(['tradeType' => 'NATIVE', 'prepayId' => $prepay->prepayId, 'codeUrl' => $prepay->codeUrl, 'h5Url' => null], get_object_vars($prepay));
        self::assertStringStartsWith('weixin://wxpay/bizpayurl?pr=', $prepay->codeUrl);
        self::assertNotEmpty($prepay->prepayId);
        self::assertSame('NOTPAY', $this->query()->byOutTradeNo('T100001')->tradeState->value);
    }

    public function testAllArgumentsTravelUnderTheirNamesOnTheWire(): void
    {
        $this->place(
            productId: 'P1', deviceInfo: 'till 1', detail: ['goods' => [['name' => '茶/tea', 'price' => 5]]], attach: '七号桌', feeType: 'CNY',
            timeStart: new \DateTime('2026-11-22 01:02:03 UTC'), timeExpire: new \DateTimeImmutable('2035-01-01 00:00:00 +08:00'), goodsTag: 'WXG',
            limitPay: 'no_credit', receipt: 'Y', sceneInfo: ['store_info' => ['id' => 'S1']], profitSharing: false, extra: ['version' => '1.0', 'gone' => null],
        );
        $sent = array_diff_key(self::requests()[0]['fields'], ['appid' => 1, 'mch_id' => 1, 'nonce_str' => 1, 'sign_type' => 1, 'sign' => 1]);
        self::assertEquals([
            'trade_type' => 'NATIVE', 'out_trade_no' => 'T100001', 'total_fee' => '150', 'body' => '一杯咖啡', 'notify_url' => 'https://shop.example/notify',
            'spbill_create_ip' => '127.0.0.1', 'product_id' => 'P1', 'device_info' => 'till 1', 'detail' => '{"goods":[{"name":"茶/tea","price":5}]}',
            'attach' => '七号桌', 'fee_type' => 'CNY', 'time_start' => '20261122090203', 'time_expire' => '20350101000000', 'goods_tag' => 'WXG',
            'limit_pay' => 'no_credit', 'receipt' => 'Y', 'scene_info' => '{"store_info":{"id":"S1"}}', 'profit_sharing' => 'N', 'version' => '1.0',
        ], $sent);
    }

    public function testTheSameOrderAgainGivesAFreshCodeAndAnotherOneIsRefused(): void
    {
        $first = $this->place();
        $second = $this->place();
        self::assertNotSame($first->codeUrl, $second->codeUrl);
        $e = self::caught(fn () => $this->place(totalFee: 151));
        self::assertInstanceOf(ServiceException::class, $e);
        self::assertSame(['INVALID_REQUEST', Advice::FixCall, false, 'T100001'], [$e->errCode, $e->advice, $e->maybeProcessed, $e->outTradeNo]);
    }

    public function testAPaidOrClosedNumberIsUsedUp(): void
    {
        $this->place();
        self::$simulator->control('POST', '/pay', ['out_trade_no' => 'T100001']);
        $e = self::caught(fn () => $this->place());
        self::assertSame(['ORDERPAID', Advice::QueryOrder], [$e->errCode, $e->advice]);
    }

    /** @dataProvider wrong */
    public function testAnArgumentThatCannotBeUsedIsNamedAndNothingIsSent(array $arguments, string $class, string $says): void
    {
        $e = self::caught(fn () => $this->place(...$arguments));
        self::assertSame([$class, "WechatPay\\UnifiedOrder::native(): Argument $says"], [$e::class, substr($e->getMessage(), 0, \strlen("WechatPay\\UnifiedOrder::native(): Argument $says"))]);
        self::assertSame([], self::requests());
    }

    /** @return iterable<string, array{array<string, mixed>, class-string, string}> */
    public static function wrong(): iterable
    {
        $self = [];
        $self['self'] = &$self;
        $wrong = [
            ['outTradeNo', '12345', '#1 ($outTradeNo) must be 6 to 32 characters of 0-9A-Za-z_-'],
            ['outTradeNo', 'a|b*c@d', '#1 ($outTradeNo) must be 6 to 32'],
            ['totalFee', 0, '#2 ($totalFee) must be at least 1 fen'],
            ['totalFee', PHP_INT_MIN, '#2 ($totalFee) must be at least 1 fen'],
            ['body', '', '#3 ($body) must be 1 to 127 bytes long'],
            ['body', str_repeat('茶', 43), '#3 ($body) must be 1 to 127 bytes long'],
            ['body', '😀', '#3 ($body) must not contain characters of 4 UTF-8 bytes'],
            ['body', "\xFF", '#3 ($body) must be valid UTF-8'],
            ['notifyUrl', 'http://shop.example/', '#4 ($notifyUrl) must be an https URL without a query'],
            ['notifyUrl', 'https://shop.example/?a', '#4 ($notifyUrl) must be an https URL'],
            ['spbillCreateIp', '', '#5 ($spbillCreateIp) must be'],
            ['productId', '', '#6 ($productId) must be 1 to 32 bytes'],
            ['deviceInfo', str_repeat('x', 33), '#7 ($deviceInfo) must be'],
            ['detail', ["\xFF"], '#8 ($detail) must be encodable as JSON'],
            ['detail', $self, '#8 ($detail) must be encodable as JSON'],
            ['detail', [str_repeat('x', 6000)], '#8 ($detail) must be 1 to 6000 bytes'],
            ['attach', "a\0b", '#9 ($attach) must not contain control characters'],
            ['timeStart', (new \DateTimeImmutable())->setDate(20000, 1, 1), '#11 ($timeStart) must be a time between'],
            ['sceneInfo', [str_repeat('x', 256)], '#16 ($sceneInfo) must be 1 to 256 bytes'],
            ['extra', ['total_fee' => 1], '#18 ($extra) must not contain total_fee'],
            ['extra', ['key' => '😀'], '#18 ($extra) must be writable: field key'],
            ['extra', ['sign' => 'x'], '#18 ($extra) must not contain sign'],
            ['extra', ['a b' => 'x'], '#18 ($extra) must be writable: field a b'],
        ];
        foreach ($wrong as $n => [$argument, $value, $says]) {
            yield "$n: $says" => [[$argument => $value], \ValueError::class, $says];
        }
        yield 'detail as text' => [['detail' => '{}'], \TypeError::class, '#8 ($detail) must be of type ?array, string given'];
        yield 'a time as text' => [['timeExpire' => '20261122000000'], \TypeError::class, '#12 ($timeExpire) must be of type ?DateTimeInterface, string given'];
        yield 'extra null' => [['extra' => null], \TypeError::class, '#18 ($extra) must be of type array, null given'];
        yield 'an array inside' => [['extra' => ['a' => []]], \TypeError::class, '#18 ($extra) must contain only values of type string|int|Stringable|null, array given for key "a"'];
    }

    public function testWhatJsonSerializeThrowsIsThrownOn(): void
    {
        $item = new class implements \JsonSerializable {
            public function jsonSerialize(): never
            {
                throw new \DomainException('no json');
            }
        };
        self::assertInstanceOf(\DomainException::class, self::caught(fn () => $this->place(detail: [$item])));
    }

    public function testTheCodeIsDrawnAsSvgPngAndText(): void
    {
        $prepay = $this->place();
        $svg = simplexml_load_string($prepay->qrSvg(300));
        self::assertGreaterThanOrEqual(300, (int) $svg['width']);
        [$width, $height, $type] = getimagesizefromstring($prepay->qrPng(300));
        self::assertSame([IMAGETYPE_PNG, $height], [$type, $width]);
        self::assertGreaterThanOrEqual(300, $width);
        self::assertGreaterThan(15, substr_count($prepay->qrText(), "\n"));
        self::assertSame($prepay->qrSvg(), $prepay->qrSvg(256));
        foreach (['qrSvg', 'qrPng'] as $method) {
            foreach ([31, 4097, -1] as $size) {
                $e = self::caught(static fn () => $prepay->$method($size));
                self::assertSame("WechatPay\\Prepay::$method(): Argument #1 (\$size) must be between 32 and 4096 pixels", $e->getMessage());
            }
        }
    }

    public function testWithoutACodeNothingCanBeDrawn(): void
    {
        self::$simulator->control('POST', '/faults', ['path' => '/pay/unifiedorder', 'fault' => 'remove_field', 'name' => 'code_url']);
        $prepay = $this->place();
        self::assertNull($prepay->codeUrl);
        foreach (['qrSvg', 'qrPng', 'qrText'] as $method) {
            self::assertInstanceOf(\LogicException::class, self::caught(static fn () => $prepay->$method()));
        }
    }

    public function testAPrepayCannotBeForged(): void
    {
        $prepay = $this->place();
        foreach ([static fn () => new Prepay(), static fn () => clone $prepay, static fn () => serialize($prepay), static fn () => unserialize('O:16:"WechatPay\Prepay":0:{}'),
            static fn () => $prepay->codeUrl = 'weixin://evil', static fn () => (new \ReflectionClass(Prepay::class))->newInstanceWithoutConstructor()] as $n => $try) {
            self::assertInstanceOf(\Throwable::class, self::caught($try), (string) $n);
        }
    }
}
