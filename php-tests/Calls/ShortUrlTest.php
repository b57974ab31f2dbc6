<?php

declare(strict_types=1);

namespace WechatPayTests;

use WechatPay\MalformedMessageException;
use WechatPay\ScanPay;
use WechatPay\ServiceException;
use WechatPay\ShortUrl;
use WechatPay\SignType;

final class ShortUrlTest extends TradeTestCase
{
    private const PATH = '/tools/shorturl';

    private function shorten(string $longUrl, mixed ...$merchant): string
    {
        return (new ShortUrl($this->merchant(...$merchant), $this->gateway()))->of($longUrl);
    }

    public function testALinkBecomesShort(): void
    {
        foreach (SignType::cases() as $type) {
            $longUrl = (new ScanPay($this->merchant()))->productUrl('P-1');
            $shortUrl = $this->shorten($longUrl, signType: $type);
            self::assertStringStartsWith('weixin://wxpay/s/', $shortUrl);
        }
        self::assertSame($longUrl, self::sentFields(self::PATH)[1]['long_url'], 'raw, as it is signed');
    }

    public function testAShortLinkIsScannedAsTheLongOne(): void
    {
        $shortUrl = $this->shorten((new ScanPay($this->merchant()))->productUrl('P-1'));
        // Nobody listens there: what the scan would have told the shop is enough.
        $scan = self::$simulator->control('POST', '/scan', ['url' => $shortUrl, 'notify_url' => 'http://127.0.0.1:1/']);
        self::assertSame('P-1', $scan['callback']['product_id']);
    }

    public function testAnotherLinkIsRefusedByWechat(): void
    {
        $e = self::thrown(ServiceException::class, fn () => $this->shorten('https://shop.example/'));
        self::assertSame('PARAM_ERROR', $e->errCode);
    }

    public function testAnAnswerWithoutALinkIsMalformed(): void
    {
        self::spoil(self::PATH, 'remove_field', ['name' => 'short_url']);
        $longUrl = (new ScanPay($this->merchant()))->productUrl('P-1');
        self::thrown(MalformedMessageException::class, fn () => $this->shorten($longUrl));
    }

    public function testTheLinkIsCheckedFirst(): void
    {
        foreach (['', str_repeat('x', 513), "weixin://\0"] as $link) {
            self::assertRefused('longUrl', fn () => $this->shorten($link));
        }
    }
}
