<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use WechatPay\Client;
use WechatPay\CloseOrder;
use WechatPay\DownloadBill;
use WechatPay\MismatchException;
use WechatPay\OrderQuery;
use WechatPay\PayException;
use WechatPay\Refund;
use WechatPay\RefundQuery;
use WechatPay\UnifiedOrder;

/** The requests of the vectors, sent by the public classes and judged as they arrive by PHP's own openssl and json. */
final class V3RequestVectorsTest extends TestCase
{
    private const NUMBER = 'T20260301235779';
    private const GATEWAY = 'api.mch.weixin.qq.com';
    private const AS_SENT = JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR;

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

    private static function client(): Client
    {
        return new Client(V3Platform::merchant(), self::$scripted->gateway());
    }

    private static function says(string $body): void
    {
        self::$scripted->says(200, $body, V3Platform::named('wechatpay_public')->signs($body));
    }

    private static function arrived(): ScriptedRequest
    {
        $requests = self::$scripted->requests();
        self::assertCount(1, $requests);
        return $requests[0];
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

    /**
     * The vector's message and header with the time and the nonce that arrived: the header is that to the letter, but for the
     * signature, which is right for the message.
     *
     * @param array<string, mixed> $vector
     */
    private static function assertSignedAs(array $vector, string $message, string $authorization): void
    {
        $inputs = $vector['inputs'];
        preg_match_all('~(\w+)="([^"]*)"~', $authorization, $found);
        $parts = array_combine($found[1], $found[2]);
        self::assertLessThan(60, abs(time() - (int) $parts['timestamp']));
        self::assertMatchesRegularExpression('~^[0-9A-Za-z]{32}$~', $parts['nonce_str']);
        $fresh = [$inputs['timestamp'] => $parts['timestamp'], $inputs['nonce'] => $parts['nonce_str'], $vector['expected']['accept']['signature'] => $parts['signature']];
        self::assertSame(strtr($vector['expected']['accept']['authorization'], $fresh), $authorization);
        $public = V3Vectors::keys()['merchant']['public_pem'];
        self::assertSame(1, openssl_verify(strtr($message, $fresh), base64_decode($parts['signature'], true), $public, OPENSSL_ALGO_SHA256));
    }

    /** @dataProvider signed */
    #[DataProvider('signed')]
    public function testPhpsOwnOpensslSignsEveryRequestOfTheVectorsToTheLetter(array $vector): void
    {
        ['method' => $method, 'target' => $target, 'timestamp' => $time, 'nonce' => $nonce, 'body' => $body] = $vector['inputs'];
        $message = "$method\n$target\n$time\n$nonce\n$body\n";
        $keys = V3Vectors::keys();
        openssl_sign($message, $signature, $keys['merchant']['private_pem'], OPENSSL_ALGO_SHA256);
        $signature = base64_encode($signature);
        $serial = $keys['merchant']['serial'];
        self::assertSame($vector['expected']['accept'], [
            'message' => $message,
            'message_bytes' => \strlen($message),
            'signature' => $signature,
            'authorization' => "WECHATPAY2-SHA256-RSA2048 mchid=\"{$keys['mchid']}\",nonce_str=\"$nonce\",timestamp=\"$time\",serial_no=\"$serial\",signature=\"$signature\"",
        ]);
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    public static function signed(): iterable
    {
        return self::those(static fn (array $inputs) => isset($inputs['nonce']));
    }

    /** @dataProvider askable */
    #[DataProvider('askable')]
    public function testAnyCallSendsMethodTargetAndBodyOfTheVectorAndSignsWhatItSends(array $vector): void
    {
        $inputs = $vector['inputs'];
        self::says('{}');
        $body = $inputs['body'] === '' ? null : json_decode($inputs['body'], true, 512, JSON_THROW_ON_ERROR);
        self::assertSame([], self::client()->callV3($inputs['method'], $inputs['target'], $body));
        $request = self::arrived();
        self::assertSame([$inputs['method'], $inputs['target']], [$request->method, $request->target]);
        // Whoever wrote the JSON, its meaning is sent in one form: compact, UTF-8 and slashes as they are.
        $sent = $body === null ? '' : json_encode($body, self::AS_SENT);
        self::assertSame($sent, $request->body);
        $written = $vector['expected']['accept']['message'];
        self::assertStringEndsWith("\n{$inputs['body']}\n", $written);
        self::assertSignedAs($vector, substr($written, 0, -\strlen($inputs['body']) - 1) . "$sent\n", $request->header('authorization'));
    }

    /** @return iterable<string, array{array<string, mixed>}> those without a body, or with one that is an object */
    public static function askable(): iterable
    {
        return self::those(static fn (array $inputs) => isset($inputs['nonce'])
            && ($inputs['body'] === '' || \is_array(json_decode($inputs['body'], true)) && !preg_match('~[\x{10000}-\x{10FFFF}]~u', $inputs['body'])));
    }

    public function testWhatTheGatewayDoesNotTakeOrIsNoObjectHasNoWayOut(): void
    {
        $left = array_diff_key(iterator_to_array(self::signed()), iterator_to_array(self::askable()));
        self::assertSame(['post-emoji', 'post-body-only-newline', 'post-body-zero'], array_keys($left));
        $emoji = json_decode($left['post-emoji'][0]['inputs']['body'], true);
        $e = self::caught(static fn () => self::client()->callV3('POST', '/v3/pay/transactions/native', $emoji));
        self::assertInstanceOf(\ValueError::class, $e);
        self::assertStringContainsString('4 UTF-8 bytes (emoji, say), as a text does at /description', $e->getMessage());
        self::assertSame([], self::$scripted->requests());
    }

    /** @dataProvider typed */
    #[DataProvider('typed')]
    public function testACallWithAClassOfItsOwnSendsTheVectorsRequest(string $id, callable $call, array $more = []): void
    {
        [$vector] = iterator_to_array(self::signed())[$id];
        $inputs = $vector['inputs'];
        // No answer to speak of: it is the request that counts.
        self::$scripted->says(404, '{"code":"RESOURCE_NOT_EXISTS","message":"no"}');
        $ended = self::caught(static fn () => $call(self::$scripted->gateway()));
        self::assertInstanceOf(PayException::class, $ended);
        $request = self::arrived();
        self::assertSame([$inputs['method'], $inputs['target']], [$request->method, $request->target]);
        // A class has its own order of the names.
        $wanted = $inputs['body'] === '' ? '' : self::sorted(json_decode($inputs['body'], true) + $more);
        self::assertSame($wanted, $request->body === '' ? '' : self::sorted($request->json()));
        $message = strtr($vector['expected']['accept']['message'], $inputs['body'] === '' ? [] : [$inputs['body'] => $request->body]);
        self::assertSignedAs($vector, $message, $request->header('authorization'));
    }

    /** @param array<string, mixed> $names */
    private static function sorted(array $names): string
    {
        $sort = static function (array $names) use (&$sort): array {
            ksort($names);
            return array_map(static fn (mixed $value) => \is_array($value) ? $sort($value) : $value, $names);
        };
        return json_encode($sort($names), self::AS_SENT);
    }

    /** @return iterable<string, array{0: string, 1: callable, 2?: array<string, mixed>}> what it sends besides comes last */
    public static function typed(): iterable
    {
        $keys = V3Vectors::keys();
        $provider = ['subAppid' => $keys['sub_appid'], 'subMchId' => $keys['sub_mchid']];
        // Nothing is known of this one yet, so its first call asks for the list.
        $new = ['publicKeyId' => null, 'publicKey' => null, 'previousApiV3Key' => bin2hex(random_bytes(16))];
        $calls = [
            'get-query-mchid' => static fn ($gateway) => (new OrderQuery(V3Platform::merchant(), $gateway))->byOutTradeNo(self::NUMBER),
            'get-by-transaction-id' => static fn ($gateway) => (new OrderQuery(V3Platform::merchant(), $gateway))->byTransactionId('4200931165729665809443042506'),
            'get-partner-query' => static fn ($gateway) => (new OrderQuery(V3Platform::merchant(...$provider), $gateway))->byOutTradeNo(self::NUMBER),
            'get-escaped-pipe-star-at' => static fn ($gateway) => (new OrderQuery(V3Platform::merchant(), $gateway))->byOutTradeNo('A|B*C@_-1'),
            'get-certificates' => static fn ($gateway) => (new OrderQuery(V3Platform::merchant(...$new), $gateway))->byOutTradeNo(self::NUMBER),
            'get-refund' => static fn ($gateway) => (new RefundQuery(V3Platform::merchant(), $gateway))->byOutRefundNo('R20260301255479'),
            'get-tradebill' => static fn ($gateway) => (new DownloadBill(V3Platform::merchant(), $gateway))->trade('2026-02-28'),
            'post-native' => static fn ($gateway) => (new UnifiedOrder(V3Platform::merchant(), $gateway))
                ->native(self::NUMBER, 1230, 'Image形象店-深圳腾大-QQ公仔', 'https://shop.example/wechatpay/notify', '203.0.113.7'),
            'post-close' => static fn ($gateway) => (new CloseOrder(V3Platform::merchant(), $gateway))->byOutTradeNo(self::NUMBER),
            'post-refund' => static fn ($gateway) => (new Refund(V3Platform::merchant(), $gateway))
                ->byOutTradeNo(self::NUMBER, 'R20260301255479', 1230, 100, ['refund_desc' => '商品已售完', 'notify_url' => 'https://shop.example/wechatpay/refund']),
        ];
        $more = ['post-native' => ['scene_info' => ['payer_client_ip' => '203.0.113.7']]];
        foreach ($calls as $id => $call) {
            yield $id => [$id, $call, $more[$id] ?? []];
        }
    }

    /** @dataProvider numbers */
    #[DataProvider('numbers')]
    public function testANumberThatNoOrderHasIsRefusedAndNothingIsSent(array $vector): void
    {
        $e = self::caught(static fn () => (new OrderQuery(V3Platform::merchant(), self::$scripted->gateway()))->byOutTradeNo($vector['inputs']['out_trade_no']));
        self::assertInstanceOf(\ValueError::class, $e);
        self::assertStringStartsWith('WechatPay\OrderQuery::byOutTradeNo(): Argument #1 ($outTradeNo) must ', $e->getMessage());
        self::assertSame(['argument', []], [$vector['expected']['refuse'], self::$scripted->requests()]);
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    public static function numbers(): iterable
    {
        return self::those(static fn (array $inputs) => isset($inputs['out_trade_no']));
    }

    /** @dataProvider links */
    #[DataProvider('links')]
    public function testV18ALinkIsFollowedToTheGatewayOrNowhere(array $vector): void
    {
        $inputs = $vector['inputs'];
        $here = substr(self::$scripted->url, \strlen('https://'));
        [$host] = explode(':', $here);
        // Our gateway is the one of the test: its host, and its port where the link names none.
        $link = strtr($inputs['download_url'], [self::GATEWAY . ':8443' => "$host:8443", self::GATEWAY => $here]);
        self::says(json_encode(['hash_type' => 'SHA1', 'hash_value' => sha1('x'), 'download_url' => $link], JSON_THROW_ON_ERROR));
        self::$scripted->says(200, 'x', ['Content-Type' => 'text/plain']);
        $e = self::caught(static fn () => (new DownloadBill(V3Platform::merchant(), self::$scripted->gateway()))->trade('2026-02-28'));
        $targets = array_map(static fn (ScriptedRequest $request) => $request->target, \array_slice(self::$scripted->requests(), 1));
        if (V3Vectors::isGood($vector)) {
            self::assertSame([$vector['expected']['accept']['target']], $targets);
            self::assertTrue(self::$scripted->requests()[1]->isSignedBy(V3Vectors::keys()['merchant']['public_pem']));
            return;
        }
        self::assertSame(['foreign_url', MismatchException::class, 'download_url', []], [$vector['expected']['refuse'], $e::class, $e->field, $targets], $e->getMessage());
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    public static function links(): iterable
    {
        return self::those(static fn (array $inputs) => isset($inputs['download_url']));
    }

    /** @dataProvider built */
    #[DataProvider('built')]
    public function testPhpsOwnRawurlencodeBuildsTheTargetsOfTheVectorsWhichAreSentAsTheyAre(array $vector): void
    {
        $inputs = $vector['inputs'];
        $target = '/' . implode('/', array_map('rawurlencode', $inputs['path_segments']));
        foreach ($inputs['query'] as $at => [$name, $value]) {
            $target .= ($at === 0 ? '?' : '&') . rawurlencode($name) . '=' . rawurlencode($value);
        }
        self::assertSame($vector['expected']['accept']['target'], $target);
        self::says('{}');
        self::client()->callV3('GET', $target);
        self::assertSame($target, self::arrived()->target);
        self::assertTrue(self::arrived()->isSignedBy(V3Vectors::keys()['merchant']['public_pem']));
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    public static function built(): iterable
    {
        return self::those(static fn (array $inputs) => isset($inputs['path_segments']));
    }

    public function testEveryVectorOfARequestIsHeldHere(): void
    {
        $held = [...self::signed(), ...self::built(), ...self::numbers(), ...self::links()];
        self::assertSame(array_column(V3Vectors::group('request_sign'), 'id'), array_keys($held));
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    private static function those(callable $isOne): iterable
    {
        foreach (V3Vectors::group('request_sign') as $vector) {
            if ($isOne($vector['inputs'])) {
                yield $vector['id'] => [$vector];
            }
        }
    }
}
