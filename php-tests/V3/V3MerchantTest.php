<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Advice;
use WechatPay\ApiVersion;
use WechatPay\Merchant;
use WechatPay\OrderQuery;
use WechatPay\PayException;

/** Who a merchant of APIv3 is: its keys, in every form, and what is said when one of them cannot be used. */
final class V3MerchantTest extends SimulatorTestCase
{
    public function testItShowsWhoItIs(): void
    {
        self::assertSame([
            'appid' => SimulatorProcess::APPID,
            'mchId' => SimulatorProcess::MCH_ID,
            'subAppid' => 'wxsub',
            'subMchId' => '1900000109',
            'apiVersion' => ApiVersion::V3,
            'signType' => null,
            'certificateExpiresAt' => null,
        ], get_object_vars($this->merchantV3(subAppid: 'wxsub', subMchId: '1900000109')));
    }

    /** @dataProvider wrong */
    #[DataProvider('wrong')]
    public function testAnArgumentThatCannotBeOneIsNamedAndNeverShown(array $arguments, string $says): void
    {
        $e = self::caught(fn () => $this->merchantV3(...$arguments));
        self::assertInstanceOf(\ValueError::class, $e);
        self::assertStringStartsWith("WechatPay\\Merchant::v3(): Argument $says", $e->getMessage());
        foreach ($arguments as $value) {
            self::assertTrue(\strlen((string) json_encode($value)) < 16 || !str_contains((string) $e, $value), (string) $e);
        }
    }

    /** @return list<array{array<string, mixed>, string}> */
    public static function wrong(): array
    {
        $key = 'must be exactly 32 bytes long';
        $serial = "must be a serial number's hex digits and nothing else";
        $id = 'must be the id that the merchant platform shows, PUB_KEY_ID_ and digits';
        return [
            [['appid' => ''], '#1 ($appid) must be 1 to 32 characters'],
            [['mchId' => 'a b'], '#2 ($mchId) must be 1 to 32 characters'],
            [['apiV3Key' => 'ShortSecret'], "#3 (\$apiV3Key) $key"],
            [['privateKey' => ''], '#4 ($privateKey) must not be empty'],
            [['certificate' => " /etc/x.pem\n"], '#5 ($certificate) must be a path without blanks'],
            [['certificate' => 'serial=1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C'], "#5 (\$certificate) $serial"],
            [['certificate' => '1d:de:55:ad:98:ed:71:d6:ed:d4:a4:a1:69:96:de:7b:47:77:3a:8c'], "#5 (\$certificate) $serial"],
            [['certificate' => "1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C\n"], "#5 (\$certificate) $serial"],
            [['publicKeyId' => null], '#7 ($publicKey) needs $publicKeyId beside it'],
            [['publicKey' => null], '#6 ($publicKeyId) needs $publicKey beside it'],
            [['publicKeyId' => '0110000100202603010010'], "#6 (\$publicKeyId) $id"],
            [['publicKeyId' => 'PUB_KEY_ID_'], "#6 (\$publicKeyId) $id"],
            [['platformCertificates' => ['']], '#8 ($platformCertificates) must not be empty'],
            [['subAppid' => ''], '#9 ($subAppid) must be 1 to 32 characters'],
            [['subMchId' => '商户'], '#10 ($subMchId) must be 1 to 32 characters'],
            [['previousApiV3Key' => 'OldSecret'], "#11 (\$previousApiV3Key) $key"],
        ];
    }

    /** @dataProvider places */
    #[DataProvider('places')]
    public function testH15AKeyInAWrongArgumentIsRefusedAndShownNowhere(string $place, string $key): void
    {
        $given = $place === 'platformCertificates' ? [$key] : $key;
        $before = ini_set('zend.exception_ignore_args', '0');
        $e = self::caught(fn () => $this->merchantV3(...[$place => $given]));
        ini_set('zend.exception_ignore_args', $before);
        self::assertInstanceOf(\ValueError::class, $e);
        self::assertStringContainsString("(\$$place) must ", $e->getMessage());
        self::assertStringNotContainsString($key, $e . print_r($e->getTrace()[0], true));
        if ($place === 'privateKey' || $place === 'certificate') {
            $e = self::caught(fn () => new Merchant('wx1', '10000100', str_repeat('k', 32), ...['certificate' => __FILE__, $place => $key]));
            self::assertStringContainsString("(\$$place) must not be a key", $e->getMessage());
        }
    }

    /** @return iterable<string, array{string, string}> */
    public static function places(): iterable
    {
        foreach (['appid', 'mchId', 'subAppid', 'subMchId', 'privateKey', 'certificate', 'publicKeyId', 'publicKey', 'platformCertificates'] as $place) {
            foreach (['hex' => '9f86d081884c7d659a2feaa0c55ad015', 'letters' => 'v3SimulatorKey9876543210ABCDEFGH'] as $kind => $key) {
                yield "$place, $kind" => [$place, $key];
            }
        }
    }

    public function testH15AnIdThatIsTheKeyOfTheSameMerchantIsRefused(): void
    {
        $made = [
            'subMchId' => fn () => $this->merchantV3(apiV3Key: str_repeat('s', 32), subMchId: str_repeat('s', 32)),
            'appid' => fn () => $this->merchantV3(previousApiV3Key: str_repeat('s', 32), appid: str_repeat('s', 32)),
            'mchId' => static fn () => new Merchant('wx1', str_repeat('s', 32), str_repeat('s', 32)),
            'subAppid' => static fn () => new Merchant('wx1', '1', str_repeat('k', 32), subAppid: str_repeat('s', 32), previousKey: str_repeat('s', 32)),
        ];
        foreach ($made as $place => $make) {
            self::assertStringContainsString("(\$$place) must not be a key", self::caught($make)->getMessage());
        }
    }

    public function testH15WhatLooksLikeNoPathIsNotShownWhenItCannotBeRead(): void
    {
        foreach (['privateKey', 'certificate', 'publicKey'] as $place) {
            foreach (['9f86d081884c7d659a2f', 'pa$$word', '9f86d081884c7d659a2feaa0c55ad01'] as $secret) {
                $query = new OrderQuery($this->merchantV3(...[$place => $secret]), $this->gateway());
                $e = self::assertFault(PayException::class, Advice::FixConfiguration, false, static fn () => $query->byOutTradeNo('T100001'));
                self::assertStringContainsString('which looks like no path, is not shown', $e->getMessage());
                self::assertStringNotContainsString($secret, (string) $e);
            }
        }
        self::assertSame([], self::requests());
        $query = new OrderQuery($this->merchantV3(privateKey: '/nowhere/apiclient_key.pem'), $this->gateway());
        self::assertStringContainsString('cannot read /nowhere/apiclient_key.pem', self::caught(static fn () => $query->byOutTradeNo('T100001'))->getMessage());
    }

    public function testPlatformCertificatesAreTextsOrPaths(): void
    {
        $e = self::caught(fn () => $this->merchantV3(platformCertificates: ['a' => 5]));
        self::assertInstanceOf(\TypeError::class, $e);
        self::assertStringContainsString('must contain only strings, int given for key "a"', $e->getMessage());
    }

    /** @dataProvider keysOfTheVectors */
    #[DataProvider('keysOfTheVectors')]
    public function testAKeyInAnyOfItsFormsSignsOrSaysWhatIsWrong(string $text, ?string $accepted): void
    {
        $merchant = $this->merchantV3(privateKey: $text);
        try {
            (new OrderQuery($merchant, $this->gateway()))->byOutTradeNo('T100001');
            self::fail('no such order');
        } catch (PayException $e) {
            $isTheKeys = str_contains($e->getMessage(), 'the private key ');
            self::assertSame($accepted !== null, !$isTheKeys, $e->getMessage());
            self::assertSame(Advice::FixConfiguration, $e->advice);
            self::assertFalse($e->retryable || $e->maybeProcessed);
            self::assertStringNotContainsString(substr(trim($text), 60, 40) ?: 'x-x', (string) $e);
        }
        self::assertCount($accepted === null ? 0 : 1, self::requests());
    }

    /** @return iterable<string, array{string, ?string}> */
    public static function keysOfTheVectors(): iterable
    {
        foreach (V3Vectors::group('keys_load') as $vector) {
            $inputs = $vector['inputs'];
            if (($inputs['want'] ?? '') === 'private' && trim(V3Vectors::text($inputs)) !== '') {
                yield $vector['id'] => [V3Vectors::text($inputs), V3Vectors::isGood($vector) ? 'signs' : null];
            }
        }
    }

    public function testV24TheKeyOfAnotherCertificateIsFoundBeforeAnythingIsSent(): void
    {
        $key = self::newKey();
        $right = $this->merchantV3(privateKey: $key, certificate: self::certificateOf($key));
        self::assertEqualsWithDelta(time() + 30 * 86_400, $right->certificateExpiresAt->getTimestamp(), 60);
        $wrong = $this->merchantV3(privateKey: self::newKey(), certificate: self::certificateOf($key));
        $e = self::caught(fn () => (new OrderQuery($wrong, $this->gateway()))->byOutTradeNo('T100001'));
        self::assertStringContainsString('the private key does not belong to the merchant certificate', $e->getMessage());
        self::assertSame(Advice::FixConfiguration, $e->advice);
        self::assertSame([], self::requests());
    }

    public function testV24WithNothingButTheSerialNumberTheGatewaySaysSoAtTheFirstCall(): void
    {
        $e = self::caught(fn () => (new OrderQuery($this->merchantV3(privateKey: self::newKey()), $this->gateway()))->byOutTradeNo('T100001'));
        self::assertInstanceOf(\WechatPay\GatewayException::class, $e);
        self::assertSame(Advice::FixConfiguration, $e->advice);
        self::assertStringContainsString('签名', $e->getMessage());
    }

    public function testAnExpiredCertificateIsRefusedBeforeAnythingIsSent(): void
    {
        $old = V3Vectors::keys()['platform_expired'];
        $query = new OrderQuery($this->merchantV3(privateKey: $old['private_pem'], certificate: $old['certificate_pem']), $this->gateway());
        foreach ([static fn () => $query->byOutTradeNo('T100001'), static fn () => $query->many(['T100001', 'T100002'])] as $call) {
            $e = self::assertFault(PayException::class, Advice::FixConfiguration, false, $call);
            self::assertStringContainsString('the merchant certificate expired on 20', $e->getMessage());
        }
        self::assertSame([[], []], [self::requests(), $this->attempts]);
    }

    public function testNothingIsReadUntilACallNeedsIt(): void
    {
        $merchant = $this->merchantV3(privateKey: '/nowhere/key.pem', certificate: '/nowhere/cert.pem', publicKey: '/nowhere/pub.pem');
        $query = new OrderQuery($merchant, $this->gateway());
        $e = self::caught(static fn () => $query->byOutTradeNo('T100001'));
        self::assertStringContainsString('/nowhere/', $e->getMessage());
        self::assertSame([Advice::FixConfiguration, false], [$e->advice, $e->maybeProcessed]);
    }

    public function testAFileThatIsMendedIsReadAgain(): void
    {
        $file = tempnam(sys_get_temp_dir(), 'v3');
        $merchant = $this->merchantV3(privateKey: $file);
        $query = new OrderQuery($merchant, $this->gateway());
        self::order('T100001');
        self::assertStringContainsString('is empty', self::caught(static fn () => $query->byOutTradeNo('T100001'))->getMessage());
        file_put_contents($file, file_get_contents(self::$simulator->v3()['privateKey']));
        self::assertSame('T100001', $query->byOutTradeNo('T100001')->outTradeNo);
        unlink($file);
    }

    public function testV26TheSameMerchantSignsWithTheKeyThatIsInTheFileNow(): void
    {
        $file = tempnam(sys_get_temp_dir(), 'v3');
        $own = file_get_contents(self::$simulator->v3()['privateKey']);
        file_put_contents($file, $own);
        $query = new OrderQuery($this->merchantV3(privateKey: $file), $this->gateway());
        self::order('T100001');
        self::assertSame('T100001', $query->byOutTradeNo('T100001')->outTradeNo);
        // A key that WeChat Pay does not know (yet), and back.
        file_put_contents($file, self::newKey());
        self::assertStringContainsString('签名', self::caught(static fn () => $query->byOutTradeNo('T100001'))->getMessage());
        file_put_contents($file, $own);
        self::assertSame('T100001', $query->byOutTradeNo('T100001')->outTradeNo);
        unlink($file);
    }

    public function testV25NoDumpNoMessageAndNoTraceShowsAKey(): void
    {
        $secrets = [str_repeat('ApiV3KeySecret--', 2), "-----BEGIN PRIVATE KEY-----\nTheSecretPem\n-----END PRIVATE KEY-----", str_repeat('FormerKeySecret-', 2)];
        $merchant = $this->merchantV3(apiV3Key: $secrets[0], privateKey: $secrets[1], previousApiV3Key: $secrets[2]);
        $query = new OrderQuery($merchant, $this->gateway());
        $shown = print_r([$merchant, $query], true) . var_export($merchant, true) . json_encode($merchant)
            . self::caught(static fn () => $query->byOutTradeNo('T100001'))
            . self::caught(static fn () => serialize($merchant))
            . self::caught(static fn () => Merchant::v3('a', '', ...\array_slice(self::$simulator->v3(apiV3Key: $secrets[0], privateKey: $secrets[1]), 2, 3)));
        ob_start();
        var_dump($merchant);
        $shown .= ob_get_clean();
        foreach (['ApiV3KeySecret', 'TheSecretPem', 'FormerKeySecret', 'PRIVATE KEY'] as $secret) {
            self::assertStringNotContainsString($secret, $shown);
        }
    }

    private static function newKey(): string
    {
        openssl_pkey_export(openssl_pkey_new(['private_key_bits' => 2048]), $pem);
        return $pem;
    }

    private static function certificateOf(string $key): string
    {
        $private = openssl_pkey_get_private($key);
        $request = openssl_csr_new(['commonName' => SimulatorProcess::MCH_ID], $private, ['digest_alg' => 'sha256']);
        openssl_x509_export(openssl_csr_sign($request, null, $private, 30, ['digest_alg' => 'sha256']), $pem);
        return $pem;
    }
}
