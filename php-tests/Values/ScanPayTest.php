<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Advice;
use WechatPay\MalformedMessageException;
use WechatPay\MismatchException;
use WechatPay\ScannedProduct;
use WechatPay\ScanPay;
use WechatPay\SignatureException;
use WechatPay\Signer;
use WechatPay\SignType;
use WechatPay\Xml;

/** Native mode 1, with a callback behind a real web server. */
final class ScanPayTest extends TradeTestCase
{
    private static Endpoint $endpoint;

    public static function setUpBeforeClass(): void
    {
        parent::setUpBeforeClass();
        $arguments = var_export([SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY], true);
        $gateway = var_export([self::$simulator->url, null, self::$simulator->caFile], true);
        self::$endpoint = Endpoint::start(<<<PHP
            \$merchant = new WechatPay\Merchant(...$arguments);
            \$scanPay = new WechatPay\ScanPay(\$merchant);
            try {
                \$scanned = \$scanPay->read(file_get_contents('php://input'));
                note(\$scanned);
                if (\$scanned->productId === 'sold-out') {
                    exit(\$scanPay->refuse('卖完了'));
                }
                \$prepay = (new WechatPay\UnifiedOrder(\$merchant, new WechatPay\Gateway(...$gateway)))->native(
                    'scan-' . \$scanned->productId, 700, '咖啡', 'https://shop.example/notify', '127.0.0.1',
                    productId: \$scanned->productId,
                );
                echo \$scanPay->answer(\$prepay->prepayId);
            } catch (WechatPay\PayException \$e) {
                note(\$e::class);
                echo \$scanPay->refuse('not for us');
            }
            PHP);
    }

    public static function tearDownAfterClass(): void
    {
        self::$endpoint->stop();
        parent::tearDownAfterClass();
    }

    protected function setUp(): void
    {
        parent::setUp();
        self::$endpoint->forget();
    }

    /**
     * A payer scans.
     *
     * @param array<string, string> $more
     *
     * @return array<string, mixed>
     */
    private static function scan(string $url, array $more = []): array
    {
        $scan = ['url' => $url, 'notify_url' => self::$endpoint->url];
        return self::$simulator->control('POST', '/scan', $scan + $more);
    }

    public function testAScannedProductBecomesAnOrder(): void
    {
        $url = (new ScanPay($this->merchant()))->productUrl('coffee_1');
        $told = self::scan($url, ['openid' => 'oUpF8uMuAJO']);
        self::assertSame(
            ['readable' => true, 'signed' => true, 'SUCCESS', 'SUCCESS', 'scan-coffee_1'],
            [
                'readable' => $told['judged']['readable'],
                'signed' => $told['judged']['signed'],
                $told['judged']['return_code'],
                $told['judged']['result_code'],
                $told['judged']['out_trade_no'],
            ],
        );
        $expected = ['productId' => 'coffee_1', 'openid' => 'oUpF8uMuAJO', 'isSubscribe' => false];
        self::assertSame([[$expected]], self::$endpoint->notes());
    }

    public function testARefusalIsSignedToo(): void
    {
        $judged = self::scan((new ScanPay($this->merchant()))->productUrl('sold-out'))['judged'];
        self::assertSame([true, 'FAIL', null], [$judged['signed'], $judged['result_code'], $judged['out_trade_no']]);
    }

    /** @dataProvider mutations */
    #[DataProvider('mutations')]
    public function testF2AForgedCallbackGetsNoOrder(string $mutation): void
    {
        $judged = self::scan((new ScanPay($this->merchant()))->productUrl('coffee'), ['mutate' => $mutation])['judged'];
        self::assertSame(['FAIL', null], [$judged['result_code'], $judged['out_trade_no']]);
        self::assertSame([[SignatureException::class]], self::$endpoint->notes());
        self::assertSame([], self::sent('/pay/unifiedorder'));
    }

    /** @return list<array{string}> */
    public static function mutations(): array
    {
        return [['forged'], ['no_sign']];
    }

    public function testALinkOfAnotherKeyIsNoLink(): void
    {
        $url = (new ScanPay($this->merchant(key: str_repeat('w', 32))))->productUrl('coffee');
        $this->expectExceptionMessageMatches('~sign is wrong~');
        self::scan($url);
    }

    /** @param array<string, string> $change */
    private static function scanOf(array $change = [], SignType $type = SignType::Md5): string
    {
        $fields = array_filter($change + [
            'appid' => SimulatorProcess::APPID,
            'mch_id' => SimulatorProcess::MCH_ID,
            'openid' => 'oUpF8uMuAJO',
            'is_subscribe' => 'Y',
            'nonce_str' => '5K8264ILTKCH16CQ',
            'product_id' => 'coffee',
        ]);
        return Xml::encode($fields + ['sign' => Signer::sign($fields, SimulatorProcess::KEY, $type)]);
    }

    public function testACallbackIsRead(): void
    {
        $scanned = (new ScanPay($this->merchant()))->read(self::scanOf());
        self::assertSame(['coffee', 'oUpF8uMuAJO', true], [$scanned->productId, $scanned->openid, $scanned->isSubscribe]);
        self::assertNull((new ScanPay($this->merchant()))->read(self::scanOf(['is_subscribe' => '']))->isSubscribe);
    }

    public function testACallbackThatIsNotForUsIsRefused(): void
    {
        $scanPay = new ScanPay($this->merchant());
        foreach ([
            [MismatchException::class, self::scanOf(['mch_id' => '10000101'])],
            [MismatchException::class, self::scanOf(['appid' => 'wxother'])],
            [SignatureException::class, self::scanOf([], SignType::HmacSha256)],
            [MalformedMessageException::class, self::scanOf(['product_id' => ''])],
            [MalformedMessageException::class, self::scanOf(['openid' => ''])],
            [MalformedMessageException::class, substr(self::scanOf(), 0, -10)],
            [MalformedMessageException::class, ''],
        ] as [$class, $body]) {
            $e = self::thrown($class, static fn () => $scanPay->read($body));
            self::assertFalse($e->retryable);
            self::assertFalse($e->maybeProcessed);
        }
    }

    public function testP4ACallbackUnderThePreviousKeyIsReadWhileAKeyIsRotated(): void
    {
        $new = $this->merchant(key: str_repeat('n', 32), previousKey: SimulatorProcess::KEY);
        self::assertSame('coffee', (new ScanPay($new))->read(self::scanOf())->productId);
    }

    public function testArgumentsAreCheckedByName(): void
    {
        $scanPay = new ScanPay($this->merchant());
        foreach (['', 'a b', 'a&b=c', '商品', str_repeat('x', 33)] as $id) {
            self::assertRefused('productId', static fn () => $scanPay->productUrl($id));
        }
        self::assertRefused('prepayId', static fn () => $scanPay->answer(''));
        self::assertRefused('prepayId', static fn () => $scanPay->answer("a\0"));
        self::assertRefused('reason', static fn () => $scanPay->refuse("\0"));
    }

    public function testAScannedProductCanNeitherBeMadeNorUnserialized(): void
    {
        self::assertFalse((new \ReflectionClass(ScannedProduct::class))->isInstantiable());
        self::assertSame(Advice::FixConfiguration, self::caught(fn () => (new ScanPay($this->merchant()))->read(
            self::scanOf([], SignType::HmacSha256),
        ))->advice);
    }
}
