<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use WechatPay\Client;
use WechatPay\MalformedMessageException;
use WechatPay\Notification;
use WechatPay\SignatureException;
use WechatPay\UnifiedOrder;

/** What official pages and SDKs have published: PHP's own openssl finds it right, and the public classes do the same. */
final class V3PublishedVectorsTest extends TestCase
{
    private static ScriptedGateway $scripted;

    public static function setUpBeforeClass(): void
    {
        self::$scripted = ScriptedGateway::start();
    }

    public static function tearDownAfterClass(): void
    {
        self::$scripted->stop();
    }

    protected function setUp(): void
    {
        self::$scripted->forget();
    }

    private static function says(string $body): void
    {
        self::$scripted->says(200, $body, V3Platform::named('wechatpay_public')->signs($body));
    }

    private static function caught(callable $call): \Throwable
    {
        try {
            $call();
        } catch (\Throwable $thrown) {
            return $thrown;
        }
        self::fail('Nothing was thrown.');
    }

    /** @return array<string, mixed> the inputs of one */
    private static function inputs(string $id): array
    {
        return iterator_to_array(self::those(static fn () => true))[$id][0]['inputs'];
    }

    /** @dataProvider signatures */
    #[DataProvider('signatures')]
    public function testPhpsOwnOpensslVerifiesWhatWasPublishedAndNothingElse(array $vector): void
    {
        ['message' => $message, 'signature' => $signature, 'public_pem' => $public] = $vector['inputs'];
        self::assertSame(['verifies' => true], $vector['expected']['accept']);
        $verifies = static fn (string $text) => openssl_verify($text, base64_decode($signature, true), $public, OPENSSL_ALGO_SHA256);
        self::assertSame([1, 0, 0], [$verifies($message), $verifies(substr($message, 0, -1)), $verifies("$message\n")]);
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    public static function signatures(): iterable
    {
        return self::those(static fn (array $inputs) => isset($inputs['signature']));
    }

    /** @dataProvider requests */
    #[DataProvider('requests')]
    public function testAnyCallSignsTheMessageThatAnOfficialPageSigns(string $id): void
    {
        $published = self::inputs($id)['message'];
        [$method, $target, $time, $nonce, $body] = explode("\n", $published);
        $merchant = V3Platform::merchant(mchId: '1900007291', appid: 'wxd678efh567hg6787');
        self::says('{}');
        (new Client($merchant, self::$scripted->gateway()))->callV3($method, $target, $body === '' ? null : json_decode($body, true));
        $request = self::$scripted->requests()[0];
        $parts = self::parts($request->header('authorization'));
        self::assertSame('1900007291', $parts['mchid']);
        $message = "$request->method\n$request->target\n{$parts['timestamp']}\n{$parts['nonce_str']}\n$request->body\n";
        self::assertSigned($message, $parts['signature']);
        self::assertSame($published, strtr($message, [$parts['timestamp'] => $time, $parts['nonce_str'] => $nonce]));
    }

    /** @return list<array{string}> the upload of an image has no call, and signs a part of what it sends */
    public static function requests(): array
    {
        return [['doc-request-body'], ['doc-request-path'], ['doc-request-query']];
    }

    /** @dataProvider clients */
    #[DataProvider('clients')]
    public function testAPrepaySignsTheMessageThatAnOfficialPageSigns(string $id, string $kind, array $names): void
    {
        [$appid, $time, $nonce, $package] = explode("\n", $published = self::inputs($id)['message']);
        self::says(json_encode(['prepay_id' => str_replace('prepay_id=', '', $package)], JSON_THROW_ON_ERROR));
        $orders = new UnifiedOrder(V3Platform::merchant(appid: $appid), self::$scripted->gateway());
        $more = $kind === 'jsapi' ? ['openid' => 'o1'] : [];
        $prepay = $orders->$kind('T20260301235779', 1230, '茶', 'https://shop.example/notify', '203.0.113.7', ...$more);
        $params = $kind === 'jsapi' ? $prepay->jsapiParams() : $prepay->appParams();
        $signed = array_map(static fn (string $name) => $params[$name], $names);
        $message = implode("\n", \array_slice($signed, 0, 4)) . "\n";
        self::assertSigned($message, $signed[4]);
        self::assertSame($published, strtr($message, [$signed[1] => $time, $signed[2] => $nonce]));
    }

    /** @return list<array{string, string, list<string>}> the last name is the signature's */
    public static function clients(): array
    {
        return [
            ['doc-jsapi', 'jsapi', ['appId', 'timeStamp', 'nonceStr', 'package', 'paySign']],
            ['doc-app', 'app', ['appid', 'timestamp', 'noncestr', 'prepayid', 'sign']],
        ];
    }

    public function testV5ThePublishedAnswerIsTooOldAndItsTextIsTakenIfSignedToday(): void
    {
        ['message' => $message, 'signature' => $signature, 'public_pem' => $public] = self::inputs('doc-answer');
        [$time, $nonce, $body] = explode("\n", $message);
        $id = 'PUB_KEY_ID_0119000072912024080500000000000001';
        $orders = new UnifiedOrder(V3Platform::merchant(publicKeyId: $id, publicKey: $public), self::$scripted->gateway());
        $native = static fn (UnifiedOrder $orders) => $orders->native('T20260301235779', 1230, '茶', 'https://shop.example/notify', '203.0.113.7');
        self::$scripted->says(200, $body, ['Wechatpay-Timestamp' => $time, 'Wechatpay-Nonce' => $nonce, 'Wechatpay-Signature' => $signature, 'Wechatpay-Serial' => $id]);
        $e = self::caught(static fn () => $native($orders));
        self::assertInstanceOf(SignatureException::class, $e);
        self::assertStringContainsString('look at the clock', $e->getMessage());
        self::says($body);
        $prepay = $native(new UnifiedOrder(V3Platform::merchant(), self::$scripted->gateway()));
        self::assertSame('weixin://wxpay/bizpayurl?pr=JyC91EIz1', $prepay->codeUrl);
    }

    /** @dataProvider sealed */
    #[DataProvider('sealed')]
    public function testPhpsOwnOpensslOpensWhatAnSdkSealed(array $vector): void
    {
        ['key' => $key, 'nonce' => $nonce, 'associated_data' => $about, 'ciphertext' => $sealed] = $vector['inputs'];
        $sealed = base64_decode($sealed, true);
        $cipher = ['sdk-gcm-java' => 'aes-256-gcm', 'sdk-gcm-go' => 'aes-128-gcm'][$vector['id']];
        $text = openssl_decrypt(substr($sealed, 0, -16), $cipher, $key, OPENSSL_RAW_DATA, $nonce, substr($sealed, -16), $about);
        self::assertSame($vector['expected']['accept']['plaintext'], $text);
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    public static function sealed(): iterable
    {
        return self::those(static fn (array $inputs) => isset($inputs['ciphertext']));
    }

    public function testANoticeWithWhatAnSdkSealedOpensWithItsKeyAndWithNoOther(): void
    {
        $inputs = self::inputs('sdk-gcm-java');
        $resource = ['algorithm' => 'AEAD_AES_256_GCM', 'original_type' => 'transaction'] + array_diff_key($inputs, ['key' => '']);
        $body = json_encode(['id' => 'N1', 'event_type' => 'TRANSACTION.SUCCESS', 'resource_type' => 'encrypt-resource', 'resource' => $resource], JSON_THROW_ON_ERROR);
        $headers = V3Platform::named('wechatpay_public')->signs($body);
        $said = [];
        foreach ([$inputs['key'], str_repeat('k', 32)] as $key) {
            $e = self::caught(static fn () => Notification::receive($body, $headers, V3Platform::merchant(apiV3Key: $key)));
            self::assertInstanceOf(MalformedMessageException::class, $e);
            $said[] = $e->getMessage();
        }
        // What is inside is the word "message", which is no notice.
        self::assertStringContainsString('JSON', $said[0]);
        self::assertStringNotContainsString('does not open', $said[0]);
        self::assertStringContainsString('does not open with the configured APIv3 key', $said[1]);
    }

    public function testAKeyOf16BytesAsOneSdkTriesIsNoMerchantsKey(): void
    {
        $e = self::caught(static fn () => V3Platform::merchant(apiV3Key: self::inputs('sdk-gcm-go')['key']));
        self::assertInstanceOf(\ValueError::class, $e);
        self::assertStringContainsString('($apiV3Key) must be exactly 32 bytes long', $e->getMessage());
    }

    public function testEveryPublishedVectorIsHeldHere(): void
    {
        self::assertSame(array_column(V3Vectors::group('published'), 'id'), array_keys([...self::signatures(), ...self::sealed()]));
    }

    private static function assertSigned(string $message, string $signature): void
    {
        self::assertSame(1, openssl_verify($message, base64_decode($signature, true), V3Vectors::keys()['merchant']['public_pem'], OPENSSL_ALGO_SHA256));
    }

    /** @return array<string, string> */
    private static function parts(string $authorization): array
    {
        preg_match_all('~(\w+)="([^"]*)"~', $authorization, $found);
        return array_combine($found[1], $found[2]);
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    private static function those(callable $isOne): iterable
    {
        foreach (V3Vectors::group('published') as $vector) {
            if ($isOne($vector['inputs'])) {
                yield $vector['id'] => [$vector];
            }
        }
    }
}
