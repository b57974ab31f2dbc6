<?php

declare(strict_types=1);

namespace WechatPayTests;

use WechatPay\Prepay;
use WechatPay\UnifiedOrder;

final class PrepayTest extends SimulatorTestCase
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
        $prepay = (new UnifiedOrder($this->merchant(), $this->gateway()))->jsapi(...['openid' => 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o'] + self::BASIC);
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
