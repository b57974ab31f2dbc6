<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
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
        self::assertSame(['300', '300', 'img'], [(string) $svg['width'], (string) $svg['height'], (string) $svg['role']]);
        self::assertNotSame('', (string) $svg->title);
        self::assertCount(1, $svg->path);
        self::assertSame([300, 300, IMAGETYPE_PNG], array_slice(getimagesizefromstring($prepay->qrPng(300)), 0, 3));
        self::assertGreaterThan(15, substr_count($prepay->qrText(), "\n"));
        self::assertSame($prepay->qrSvg(), $prepay->qrSvg(256));
        foreach (['qrSvg', 'qrPng'] as $method) {
            foreach ([31, 4097, -1] as $size) {
                $e = self::caught(static fn () => $prepay->$method($size));
                self::assertSame("WechatPay\\Prepay::$method(): Argument #1 (\$size) must be between 32 and 4096 pixels", $e->getMessage());
            }
        }
    }

    /** @dataProvider sizes */
    #[DataProvider('sizes')]
    public function testACodeOfAnySizeIsRead(int $size): void
    {
        $prepay = $this->place();
        self::assertSame($prepay->codeUrl, self::scanned($prepay->qrPng($size), 'png'), 'PNG');
        self::assertSame($prepay->codeUrl, self::scanned(self::drawn($prepay->qrSvg($size)), 'pbm'), 'SVG');
    }

    public static function sizes(): array
    {
        return array_map(static fn (int $size) => [$size], [120, 121, 150, 240, 256, 320, 500, 777, 1024]);
    }

    /** What a scanner reads in a picture. */
    private static function scanned(string $picture, string $kind): string
    {
        $file = tempnam(sys_get_temp_dir(), 'wechatpay-qr-') . ".$kind";
        file_put_contents($file, $picture);
        exec('zbarimg --quiet --raw ' . escapeshellarg($file) . ' 2>/dev/null', $read);
        array_map(unlink(...), [$file, substr($file, 0, -1 - strlen($kind))]);
        return implode("\n", $read);
    }

    /** Draws what qrSvg() writes: rectangles of whole pixels, as a PBM picture. */
    private static function drawn(string $document): string
    {
        $svg = simplexml_load_string($document);
        $side = (int) $svg['width'];
        self::assertSame(3, sscanf((string) $svg->path['transform'], 'translate(%d %d) scale(%d)', $left, $top, $scale));
        $rows = array_fill(0, $side, str_repeat('0', $side));
        preg_match_all('/M(\d+) (\d+)h(\d+)v1h-\3z/', (string) $svg->path['d'], $runs, PREG_SET_ORDER);
        foreach ($runs as [, $x, $y, $length]) {
            for ($row = $top + $y * $scale; $row < $top + ($y + 1) * $scale; $row++) {
                $dark = str_repeat('1', $length * $scale);
                $rows[$row] = substr_replace($rows[$row], $dark, $left + $x * $scale, strlen($dark));
            }
        }
        return "P1\n$side $side\n" . implode("\n", array_map(static fn (string $row) => chunk_split($row, 64, "\n"), $rows));
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
