<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use WechatPay\Advice;
use WechatPay\Client;
use WechatPay\GatewayException;
use WechatPay\MalformedMessageException;
use WechatPay\Merchant;
use WechatPay\MismatchException;
use WechatPay\PayException;
use WechatPay\ServiceException;
use WechatPay\SignatureException;
use WechatPay\UnifiedOrder;

/** Any other endpoint of APIv3, and fields that only one side reads, judged by PHP's own openssl and json. */
final class V3ClientTest extends TestCase
{
    private static ScriptedGateway $scripted;
    private static V3Platform $platform;

    public static function setUpBeforeClass(): void
    {
        self::$scripted = ScriptedGateway::start();
        self::$platform = V3Platform::named('wechatpay_public');
    }

    public static function tearDownAfterClass(): void
    {
        self::$scripted->stop();
    }

    protected function setUp(): void
    {
        self::$scripted->forget();
    }

    private static function client(?Merchant $merchant = null): Client
    {
        return new Client($merchant ?? V3Platform::merchant(), self::$scripted->gateway());
    }

    private static function says(string $body, int $status = 200, ?V3Platform $by = null): void
    {
        self::$scripted->says($status, $body, ($by ?? self::$platform)->signs($body));
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

    public function testItSignsWhatIsSentAndSendsWhatWasGiven(): void
    {
        self::says('{"out_bill_no":"B1","state":"ACCEPTED"}');
        $body = [
            'out_bill_no' => 'B1', 'transfer_amount' => 1230, 'is_real' => true, 'left_out' => null, 'empty' => [], 'remark' => "茶 / \"a\"\n",
            'infos' => [['type' => 'x', 'content' => ''], ['type' => 'y', 'content' => '0']], 'big' => PHP_INT_MAX,
        ];
        $answer = self::client()->callV3('POST', '/v3/fund-app/mch-transfer/transfer-bills?a=%E8%8C%B6&b=1,2', $body);
        self::assertSame(['out_bill_no' => 'B1', 'state' => 'ACCEPTED'], $answer);
        $request = self::$scripted->requests()[0];
        self::assertSame(['POST', '/v3/fund-app/mch-transfer/transfer-bills?a=%E8%8C%B6&b=1,2'], [$request->method, $request->target]);
        unset($body['left_out']);
        self::assertSame($body, $request->json());
        self::assertStringContainsString('"empty":[]', $request->body);
        self::assertSame(['application/json', 'application/json'], [$request->header('content-type'), $request->header('accept')]);
        self::assertTrue($request->isSignedBy(V3Vectors::keys()['merchant']['public_pem']));
        self::assertStringContainsString('serial_no="' . V3Vectors::keys()['merchant']['serial'] . '"', $request->header('authorization'));
    }

    public function testWithoutABodyNoneIsSentAndAnEmptyOneIsAnObject(): void
    {
        foreach ([[null, '', null], [[], '{}', 'application/json']] as [$body, $sent, $type]) {
            self::$scripted->forget();
            self::says('{}');
            self::assertSame([], self::client()->callV3('POST', '/v3/x', $body));
            $request = self::$scripted->requests()[0];
            self::assertSame([$sent, $type, true], [$request->body, $request->header('content-type'), $request->isSignedBy(V3Vectors::keys()['merchant']['public_pem'])]);
        }
    }

    public function testAnAnswerIsAnArrayAndItsNumbersAreExact(): void
    {
        self::says('{"a":9223372036854775807,"b":9223372036854775808,"c":0.10,"d":[],"e":{},"f":null,"g":[{"h":true}],"5":"int key","1e2":-1}');
        self::assertSame(
            ['a' => PHP_INT_MAX, 'b' => '9223372036854775808', 'c' => '0.10', 'd' => [], 'e' => [], 'f' => null, 'g' => [['h' => true]], 5 => 'int key', '1e2' => -1],
            self::client()->callV3('GET', '/v3/x'),
        );
    }

    public function testASigned204IsAnEmptyArrayAndAnUnsignedOneIsRefused(): void
    {
        self::says('', 204);
        self::assertSame([], self::client()->callV3('DELETE', '/v3/x/1'));
        self::$scripted->says(204);
        self::assertInstanceOf(SignatureException::class, self::caught(static fn () => self::client()->callV3('DELETE', '/v3/x/1')));
    }

    public function testV1V2V4EveryAnswerIsVerifiedAndComparedWithWhatWasAsked(): void
    {
        $asks = static fn () => self::client()->callV3('GET', '/v3/x/out-bill-no/B1');
        self::$scripted->says(200, '{"out_bill_no":"B1"}');
        self::assertInstanceOf(SignatureException::class, self::caught($asks));
        self::says('{"out_bill_no":"B1"}', by: V3Platform::named('stranger'));
        self::assertInstanceOf(SignatureException::class, self::caught($asks));
        self::says('{"out_bill_no":"B2"}');
        $e = self::caught($asks);
        self::assertSame([MismatchException::class, 'out_bill_no'], [$e::class, $e->field]);
        self::says('{"mchid":"1","out_bill_no":"B1"}');
        self::assertInstanceOf(MismatchException::class, self::caught($asks));
        self::$scripted->says(404, '{"code":"NOT_FOUND","message":"no"}');
        self::assertInstanceOf(GatewayException::class, self::caught($asks));
        self::says('{"code":"NOT_FOUND","message":"no","detail":{"field":"x"}}', 404);
        $e = self::caught($asks);
        self::assertSame([ServiceException::class, 'NOT_FOUND', ['field' => 'x']], [$e::class, $e->errCode, $e->detail]);
    }

    public function testV4AnAnswerAboutAnotherNumberIsRefusedHoweverItIsAskedAndWritten(): void
    {
        $asked = [
            ['GET', '/v3/refund/domestic/refunds/R1', null, '{"out_refund_no":"R2","refund_id":"50"}', 'out_refund_no'],
            ['GET', '/v3/pay/transactions/id/42', null, '{"transaction_id":43}', 'transaction_id'],
            ['POST', '/v3/x', ['transaction_id' => 42], '{"transaction_id":"43"}', 'transaction_id'],
            ['POST', '/v3/x', null, '{"mch_id":1}', 'mch_id'],
        ];
        foreach ($asked as [$method, $target, $body, $answer, $field]) {
            self::says($answer);
            $e = self::caught(static fn () => self::client()->callV3($method, $target, $body));
            self::assertSame([MismatchException::class, $field], [$e::class, $e->field], $target);
        }
        self::says('{"out_refund_no":"R1","refund_id":"50"}');
        self::assertSame('R1', self::client()->callV3('GET', '/v3/refund/domestic/refunds/50/apply-abnormal-refund')['out_refund_no']);
    }

    public function testWhatActsIsSentOnceAndMayHaveActed(): void
    {
        $e = self::caught(static fn () => self::client()->callV3('POST', '/v3/x', ['out_trade_no' => 'T1']));
        self::assertSame([true, 'T1', 1], [$e->maybeProcessed, $e->outTradeNo, \count(self::$scripted->requests())]);
        self::$scripted->forget();
        $e = self::caught(static fn () => self::client()->callV3('GET', '/v3/x'));
        self::assertSame([false, 3], [$e->maybeProcessed, \count(self::$scripted->requests())]);
    }

    /** @dataProvider bodies */
    #[DataProvider('bodies')]
    public function testWhatJsonCannotSayExactlyIsRefusedByItsPlace(array $body, string $says): void
    {
        $e = self::caught(static fn () => self::client()->callV3('POST', '/v3/x', $body));
        self::assertInstanceOf(\ValueError::class, $e);
        self::assertStringStartsWith('WechatPay\Client::callV3(): Argument #3 ($body) must ', $e->getMessage());
        self::assertStringContainsString($says, $e->getMessage());
        self::assertSame([], self::$scripted->requests());
    }

    /** @return array<string, array{array<mixed>, string}> */
    public static function bodies(): array
    {
        return [
            'a float' => [['amount' => ['total' => 1.0]], 'not hold a float, as it does at /amount/total'],
            'an object' => [['a' => [['b' => new \stdClass()]]], 'stdClass is given at /a/0/b'],
            'a closure' => [['a' => static fn () => 1], 'Closure is given at /a'],
            'a resource' => [['a' => STDIN], 'resource is given at /a'],
            'NUL' => [['a' => "x\0"], 'not hold a NUL byte, as a text does at /a'],
            'NUL in a name' => [['a' => ["x\0" => 1]], 'not hold a NUL byte, as a name does at /a'],
            'no UTF-8' => [['a' => "\xFF"], 'be valid UTF-8, a text is not at /a'],
            'no UTF-8 in a name' => [["\xFF" => 1], 'be valid UTF-8, a name is not'],
            'an emoji' => [['a' => '😀'], 'not contain characters of 4 UTF-8 bytes (emoji, say), as a text does at /a'],
            'null in a list' => [['a' => ['x', null]], 'not hold null in a list, as it does at /a/1'],
            'a list with a gap' => [['a' => [1 => 'x']], 'have names as keys at /a, 1 is given'],
            'a list' => [['x'], 'have names as keys, 0 is given'],
            'names and numbers' => [['a' => ['x' => 1, 5 => 2]], 'have names as keys at /a, 5 is given'],
        ];
    }

    public function testABodyHasADepthAndASizeEvenOneThatHoldsItself(): void
    {
        $deep = $self = $twice = [];
        for ($level = 0; $level < 64; $level++) {
            $deep = ['a' => $deep];
        }
        $self['a'] = &$self;
        $twice = ['a' => &$twice, 'b' => &$twice];
        $wide = ['a' => array_fill(0, 1000, array_fill(0, 1000, 1))];
        $bodies = [
            'nested deeper than 64 levels' => [$deep, $self, $twice],
            'larger than 1 MiB' => [['a' => str_repeat('x', 1 << 20)], ['a' => str_repeat("\x01", 200_000)], $wide],
        ];
        foreach ($bodies as $says => $all) {
            foreach ($all as $body) {
                $e = self::caught(static fn () => self::client()->callV3('POST', '/v3/x', $body));
                self::assertSame("WechatPay\Client::callV3(): Argument #3 (\$body) must not be $says", $e->getMessage());
            }
        }
        self::says('{}');
        $fits = ['a' => $deep['a']['a']];
        self::client()->callV3('POST', '/v3/x', $fits);
        self::assertSame($fits, self::$scripted->requests()[0]->json());
    }

    /** @dataProvider wrong */
    #[DataProvider('wrong')]
    public function testMethodAndTargetAreCheckedBeforeAnythingIsSent(array $arguments, string $says): void
    {
        $e = self::caught(static fn () => self::client()->callV3(...$arguments));
        self::assertInstanceOf(\ValueError::class, $e);
        self::assertStringStartsWith("WechatPay\\Client::callV3(): Argument $says", $e->getMessage());
    }

    /** @return list<array{list<mixed>, string}> */
    public static function wrong(): array
    {
        return [
            [['get', '/v3/x'], '#1 ($method) must be GET, POST'],
            [['GET', '/pay/orderquery'], '#2 ($target) must be a path like /v3/'],
            [['GET', '/v3/茶'], '#2 ($target) must be'],
            [['GET', "/v3/x\r\nHost: y"], '#2 ($target) must be'],
            [['GET', '/v3/x', []], '#3 ($body) must be null'],
        ];
    }

    public function testEachDialectHasItsOwnCall(): void
    {
        $v2 = new Client(new Merchant('wx1', '1900007291', str_repeat('k', 32)));
        $calls = [
            'callV3' => static fn () => $v2->callV3('GET', '/v3/x'),
            'encrypt' => static fn () => $v2->encrypt('x'),
            'decrypt' => static fn () => $v2->decrypt('x'),
            'call' => static fn () => self::client()->call('/pay/orderquery', []),
        ];
        foreach ($calls as $name => $call) {
            $e = self::caught($call);
            self::assertInstanceOf(\LogicException::class, $e);
            self::assertStringStartsWith("Client::$name() ", $e->getMessage());
        }
        self::assertSame([], self::$scripted->requests());
    }

    public function testAnEncryptedFieldOpensWithTheKeyThatTheRequestNames(): void
    {
        $client = self::client();
        $name = $client->encrypt('张三');
        self::says('{}');
        $client->callV3('POST', '/v3/profitsharing/receivers/add', ['account' => 'o1', 'name' => $name]);
        $request = self::$scripted->requests()[0];
        self::assertSame(self::$platform->serial, $request->header('wechatpay-serial'));
        self::assertSame('张三', self::$platform->opens($request->json()['name']));
        self::assertNotSame($name, $client->encrypt('张三'), 'never twice the same');
        self::assertSame(str_repeat('x', 214), self::$platform->opens($client->encrypt(str_repeat('x', 214))));
        self::assertSame('', self::$platform->opens($client->encrypt('')));
        $e = self::caught(static fn () => $client->encrypt(str_repeat('x', 215)));
        self::assertSame('WechatPay\Client::encrypt(): Argument #1 ($text) must be at most 214 bytes long, as much as fits under the key', $e->getMessage());
    }

    public function testV8TheKeyIsTheOneOfTheFieldAlsoWhenKeysChangeBetweenTheTwo(): void
    {
        $old = V3Platform::certificate(5);
        $merchant = V3Platform::byCertificates($old);
        $before = self::client($merchant)->encrypt('before');
        self::assertSame('before', $old->opens($before));
        $new = V3Platform::certificate(1800);
        // An answer names a certificate that is not known yet, so the list is loaded.
        self::says('{}', by: $new);
        self::says(V3Platform::listOf($old, $new), by: $new);
        self::client($merchant)->callV3('GET', '/v3/x');
        $after = self::client($merchant)->encrypt('after');
        self::assertSame(['after', null], [$new->opens($after), $old->opens($after)], 'what ends last');
        foreach ([[$before, $old], [$after, $new]] as [$text, $key]) {
            self::$scripted->forget();
            self::says('{}', by: $new);
            self::client($merchant)->callV3('POST', '/v3/x', ['to' => [['name' => $text]]]);
            self::assertSame($key->serial, self::$scripted->requests()[0]->header('wechatpay-serial'));
        }
        $e = self::caught(static fn () => self::client($merchant)->callV3('POST', '/v3/x', ['a' => $before, 'b' => $after]));
        self::assertInstanceOf(\ValueError::class, $e);
        self::assertStringContainsString('encrypted for different keys', $e->getMessage());
    }

    public function testOtherCallsNameTheKeyToo(): void
    {
        $client = self::client();
        $orders = new UnifiedOrder(V3Platform::merchant(), self::$scripted->gateway());
        self::says('{"code_url":"weixin://x"}');
        $orders->native('T100001', 1, '茶', 'https://shop.example/notify', '203.0.113.7', extra: ['detail' => ['invoice_id' => substr($client->encrypt('x'), 0, 32)]]);
        self::assertSame(self::$platform->serial, self::$scripted->requests()[0]->header('wechatpay-serial'));
    }

    public function testWithoutAKeyNothingIsEncrypted(): void
    {
        self::$scripted->says(404, '{"code":"RESOURCE_NOT_EXISTS","message":"无可用的平台证书"}');
        $e = self::caught(static fn () => self::client(V3Platform::merchant(mchId: '1900007292', publicKeyId: null, publicKey: null))->encrypt('x'));
        self::assertSame([Advice::FixConfiguration, false], [$e->advice, $e->maybeProcessed]);
        self::assertStringContainsString('PUB_KEY_ID', $e->getMessage());
    }

    public function testAFieldForTheMerchantOpensWithItsPrivateKey(): void
    {
        openssl_public_encrypt('李四', $sealed, V3Vectors::keys()['merchant']['certificate_pem'], OPENSSL_PKCS1_OAEP_PADDING);
        self::assertSame('李四', self::client()->decrypt(base64_encode($sealed)));
        openssl_public_encrypt('李四', $foreign, self::$platform->public, OPENSSL_PKCS1_OAEP_PADDING);
        foreach ([base64_encode($foreign), base64_encode($sealed) . ' ', 'no', ''] as $strange) {
            $e = self::caught(static fn () => self::client()->decrypt($strange));
            self::assertInstanceOf(MalformedMessageException::class, $e);
            self::assertStringContainsString('does not open with the merchant\'s private key', $e->getMessage());
        }
        self::assertSame([], self::$scripted->requests());
    }

    public function testV25NoTraceShowsWhatWasEncrypted(): void
    {
        $before = ini_set('zend.exception_ignore_args', '0');
        $e = self::caught(static fn () => self::client()->encrypt(str_repeat('TheirName', 30)));
        ini_set('zend.exception_ignore_args', $before);
        self::assertStringNotContainsString('TheirName', $e . print_r($e->getTrace()[0], true));
        self::assertInstanceOf(\SensitiveParameterValue::class, $e->getTrace()[0]['args'][0]);
    }

    /** @dataProvider vectors */
    #[DataProvider('vectors')]
    public function testASensitiveFieldOfTheVectorsIsEncryptedOrOpenedAsItSays(array $vector): void
    {
        $inputs = $vector['inputs'];
        $decrypts = $inputs['direction'] === 'decrypt';
        $does = static fn () => $decrypts
            ? self::client()->decrypt($inputs['ciphertext'])
            : self::$platform->opens(self::client()->encrypt($inputs['plaintext']));
        if (V3Vectors::isGood($vector)) {
            self::assertSame($vector['expected']['accept']['plaintext'] ?? $inputs['plaintext'], $does());
            return;
        }
        $e = self::caught($does);
        self::assertInstanceOf($vector['expected']['refuse'] === 'argument' ? \ValueError::class : MalformedMessageException::class, $e);
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    public static function vectors(): iterable
    {
        foreach (V3Vectors::group('sensitive_fields') as $vector) {
            yield $vector['id'] => [$vector];
        }
    }
}
