<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use WechatPay\MalformedMessageException;
use WechatPay\Merchant;
use WechatPay\Notification;
use WechatPay\Signer;
use WechatPay\SignType;
use WechatPay\Xml;

/** The vectors of client-side signatures, refund notices and replies. */
final class TradeVectorsTest extends TestCase
{
    /** @return iterable<string, array{array<string, mixed>}> */
    private static function group(string $name): iterable
    {
        $vectors = json_decode(file_get_contents(ROOT . '/php-tests/fixtures/vectors.json'), true, 512, JSON_THROW_ON_ERROR);
        foreach ($vectors[$name] as $vector) {
            yield $vector['id'] => [$vector];
        }
    }

    /** @dataProvider clientSigns */
    #[DataProvider('clientSigns')]
    public function testClientSign(array $vector): void
    {
        $sign = Signer::sign($vector['params'], $vector['key'], SignType::from($vector['sign_type']));
        self::assertSame($vector['signature'], $sign);
        if (isset($vector['url'])) {
            $link = 'weixin://wxpay/bizpayurl?' . urldecode(http_build_query(['sign' => $sign] + $vector['params']));
            self::assertSame($vector['url'], $link);
        }
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    public static function clientSigns(): iterable
    {
        return self::group('v2_client_sign');
    }

    /** @dataProvider refundNotices */
    #[DataProvider('refundNotices')]
    public function testF21RefundNotice(array $vector): void
    {
        $isOurDerivation = md5($vector['api_key']) === $vector['aes_key'];
        if (!$isOurDerivation) {
            $sealed = base64_decode($vector['req_info'], true);
            self::assertFalse(openssl_decrypt($sealed, 'aes-256-ecb', $vector['aes_key'], OPENSSL_RAW_DATA));
        }
        $read = static fn () => Notification::read(
            $vector['xml'] ?? Xml::encode([
                'return_code' => 'SUCCESS',
                'appid' => SimulatorProcess::APPID,
                'mch_id' => SimulatorProcess::MCH_ID,
                'nonce_str' => '5K8264ILTKCH16CQ',
                'req_info' => $vector['req_info'],
            ]),
            new Merchant(SimulatorProcess::APPID, SimulatorProcess::MCH_ID, $vector['api_key']),
        );
        $isNotice = str_contains($vector['plaintext'] ?? '<refund_id>', '<refund_id>');
        if (!$isOurDerivation || $vector['expect'] === 'ok' && $isNotice) {
            $claim = $read()->refund;
            self::assertSame($vector['fields'] ?? $claim->fields(), $claim->fields());
            self::assertNotSame('', $claim->refundId);
            return;
        }
        $this->expectException(MalformedMessageException::class);
        $read();
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    public static function refundNotices(): iterable
    {
        return self::group('v2_refund_notify');
    }

    public function testF19NotifyReply(): void
    {
        $replies = json_decode(file_get_contents(ROOT . '/php-tests/fixtures/vectors.json'), true)['v2_notify_reply'];
        self::assertSame(
            $replies,
            ['success' => Notification::success(), 'fail' => Notification::fail('reason')],
        );
    }
}
