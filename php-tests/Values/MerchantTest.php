<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Advice;
use WechatPay\ApiVersion;
use WechatPay\Client;
use WechatPay\Merchant;
use WechatPay\PayException;
use WechatPay\SignType;

final class MerchantTest extends SimulatorTestCase
{
    public function testItShowsWhoItIs(): void
    {
        $merchant = $this->merchant();
        self::assertSame([
            'appid' => SimulatorProcess::APPID,
            'mchId' => SimulatorProcess::MCH_ID,
            'subAppid' => null,
            'subMchId' => null,
            'apiVersion' => ApiVersion::V2,
            'signType' => SignType::HmacSha256,
            'certificateExpiresAt' => null,
        ], get_object_vars($merchant));
        $partner = $this->merchant(subAppid: 'wxsub', subMchId: '1900000109', signType: SignType::Md5, acceptMd5: true);
        self::assertSame(['wxsub', '1900000109', SignType::Md5], [$partner->subAppid, $partner->subMchId, $partner->signType]);
    }

    /** @dataProvider wrong */
    #[DataProvider('wrong')]
    public function testAnArgumentThatCannotBeOneIsNamedAndNeverShown(array $arguments, string $says): void
    {
        $e = self::caught(fn () => $this->merchant(...$arguments));
        self::assertInstanceOf(\ValueError::class, $e);
        self::assertStringStartsWith("WechatPay\\Merchant::__construct(): Argument $says", $e->getMessage());
        foreach ($arguments as $value) {
            self::assertTrue($value === '' || !str_contains((string) $e, $value), (string) $e);
        }
    }

    /** @return list<array{array<string, string>, string}> */
    public static function wrong(): array
    {
        $id = 'must be 1 to 32 characters of 0-9A-Za-z_-';
        $key = 'must be exactly 32 bytes long';
        return [
            [['appid' => ''], "#1 (\$appid) $id"],
            [['appid' => 'wx secret'], "#1 (\$appid) $id"],
            [['mchId' => str_repeat('9', 33)], "#2 (\$mchId) $id"],
            [['mchId' => '100&key=x'], "#2 (\$mchId) $id"],
            [['key' => 'ShortSecret'], "#3 (\$key) $key"],
            [['key' => str_repeat('LongSecret', 4)], "#3 (\$key) $key"],
            [['key' => ''], "#3 (\$key) $key"],
            [['subAppid' => ''], "#5 (\$subAppid) $id"],
            [['subMchId' => '商户'], "#6 (\$subMchId) $id"],
            [['privateKey' => '-----BEGIN PRIVATE KEY-----'], '#8 ($privateKey) needs $certificate beside it'],
            [['previousKey' => 'OldSecret'], "#10 (\$previousKey) $key"],
        ];
    }

    public function testAKeyIs32BytesOfAnyKind(): void
    {
        self::assertInstanceOf(Merchant::class, $this->merchant(key: "\0\xFF" . str_repeat('k', 30)));
    }

    public function testACertificateTellsWhenItExpiresWhateverItsForm(): void
    {
        $ready = self::$simulator->ready;
        $forms = [
            'paths' => ['certificate' => $ready['cert_file'], 'privateKey' => $ready['key_file']],
            'PEM texts' => [
                'certificate' => file_get_contents($ready['cert_file']),
                'privateKey' => file_get_contents($ready['key_file']),
            ],
            'one PEM text' => ['certificate' => file_get_contents($ready['cert_file']) . file_get_contents($ready['key_file'])],
            'p12 path' => ['certificate' => $ready['p12_file']],
            'p12 bytes' => ['certificate' => file_get_contents($ready['p12_file']), 'certificatePassword' => SimulatorProcess::MCH_ID],
        ];
        $end = openssl_x509_parse(file_get_contents($ready['cert_file']))['validTo_time_t'];
        foreach ($forms as $form => $arguments) {
            $expires = $this->merchant(...$arguments)->certificateExpiresAt;
            self::assertSame($end, $expires?->getTimestamp(), $form);
            self::assertSame('+08:00', $expires->format('P'));
        }
    }

    /** @dataProvider certificates */
    #[DataProvider('certificates')]
    public function testACertificateThatCannotWorkIsAFaultOfTheFirstCallThatNeedsItAndNothingIsSent(array $arguments, string $says): void
    {
        $files = self::$simulator->ready;
        $merchant = $this->merchant(...array_map(static fn ($value) => $files[$value] ?? $value, $arguments));
        $client = new Client($merchant, $this->gateway());
        $e = self::caught(static fn () => $client->call('/secapi/pay/reverse', ['out_trade_no' => 'T100001'], certificate: true));
        self::assertSame([PayException::class, Advice::FixConfiguration, false, false], [$e::class, $e->advice, $e->retryable, $e->maybeProcessed]);
        self::assertMatchesRegularExpression("~$says~", $e->getMessage());
        self::assertStringNotContainsString('-----', $e->getMessage());
        self::assertSame([], self::requests());
    }

    /** @return array<string, array{array<string, string>, string}> */
    public static function certificates(): array
    {
        return [
            'none' => [[], 'needs the merchant\'s client certificate'],
            'a missing file' => [['certificate' => '/nowhere.pem', 'privateKey' => '/nowhere.key'], 'cannot read /nowhere'],
            'expired' => [['certificate' => 'expired_cert_file', 'privateKey' => 'expired_key_file'], 'expired on \d{4}-'],
            'another key' => [['certificate' => 'cert_file', 'privateKey' => 'expired_key_file'], 'does not belong'],
            'no key' => [['certificate' => 'cert_file'], 'private key'],
            'another password' => [['certificate' => 'p12_file', 'certificatePassword' => 'wrong'], 'password'],
            'no PEM' => [['certificate' => "-----BEGIN CERTIFICATE-----\nxx"], 'PEM|certificate'],
        ];
    }

    public function testACallWithACertificateSendsIt(): void
    {
        self::order('T100001');
        $ready = self::$simulator->ready;
        $merchant = $this->merchant(certificate: $ready['cert_file'], privateKey: $ready['key_file']);
        (new Client($merchant, $this->gateway()))->call('/pay/orderquery', ['out_trade_no' => 'T100001'], certificate: true);
        self::assertTrue(self::requests()[0]['client_certificate'] !== false);
    }

    public function testItCanBeNeitherClonedNorSerializedNorExtendedNorConstructedTwice(): void
    {
        $merchant = $this->merchant();
        self::assertTrue((new \ReflectionClass($merchant))->isFinal());
        foreach ([static fn () => clone $merchant, static fn () => serialize($merchant), static fn () => $merchant->x = 1, static fn () => $merchant->mchId = '1',
            static fn () => unserialize('O:18:"WechatPay\Merchant":0:{}'), static fn () => $merchant->__construct('wx', '1', str_repeat('k', 32)),
            static fn () => (new \ReflectionClass($merchant))->newInstanceWithoutConstructor()] as $n => $try) {
            self::assertInstanceOf(\Throwable::class, self::caught($try), (string) $n);
        }
        self::assertSame(SimulatorProcess::MCH_ID, $merchant->mchId);
    }
}
