<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\TestCase;
use WechatPay\Client;
use WechatPay\CloseOrder;
use WechatPay\GatewayException;
use WechatPay\MalformedMessageException;
use WechatPay\Merchant;
use WechatPay\MismatchException;
use WechatPay\Notification;
use WechatPay\OrderQuery;
use WechatPay\PayException;
use WechatPay\Prepay;
use WechatPay\Refund;
use WechatPay\RefundQuery;
use WechatPay\ServiceException;
use WechatPay\SignatureException;
use WechatPay\TransportException;
use WechatPay\UnifiedOrder;

/**
 * The vectors of APIv3 through the public classes, with a gateway in plain PHP behind them.
 *
 * @group slow
 */
#[Group('slow')]
final class V3VectorsTest extends TestCase
{
    private const NUMBER = 'T20260301235779';
    private const KINDS = [
        'service' => ServiceException::class,
        'gateway' => GatewayException::class,
        'transport' => TransportException::class,
        'signature' => SignatureException::class,
        'malformed' => MalformedMessageException::class,
        'mismatch' => MismatchException::class,
    ];

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

    /** Answers every try alike. @param array<string, string|list<string>> $headers */
    private static function says(int $status, string $body, array $headers): void
    {
        for ($try = 0; $try < 3; $try++) {
            self::$scripted->says($status, $body, $headers);
        }
    }

    private static function saysSigned(string $body): void
    {
        self::says(200, $body, V3Platform::named('wechatpay_public')->signs($body));
    }

    private static function merchant(bool $isProvider): Merchant
    {
        $keys = V3Vectors::keys();
        return V3Platform::merchant(...$isProvider ? ['subAppid' => $keys['sub_appid'], 'subMchId' => $keys['sub_mchid']] : []);
    }

    /** What a call ends with, or the exception that it throws. */
    private static function ended(callable $call): mixed
    {
        try {
            return $call();
        } catch (PayException $e) {
            return $e;
        }
    }

    /** @param array<string, mixed> $vector */
    private static function assertRefused(array $vector, mixed $ended): void
    {
        $refuse = $vector['expected']['refuse'];
        $class = match ($refuse) {
            'mismatch' => MismatchException::class,
            'malformed', 'decrypt_failed', 'unsupported_algorithm' => MalformedMessageException::class,
            // What is no JSON is no notice of APIv3 to begin with.
            default => \in_array($vector['id'], ['body-empty', 'body-xml'], true) ? MalformedMessageException::class : SignatureException::class,
        };
        self::assertInstanceOf($class, $ended, $refuse . ($ended instanceof PayException ? ': ' . $ended->getMessage() : ''));
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    private static function group(string $name): iterable
    {
        foreach (V3Vectors::group($name) as $vector) {
            yield $vector['id'] => [$vector];
        }
    }

    /** @dataProvider answers */
    #[DataProvider('answers')]
    public function testV1V3V5V23AnAnswerIsVerifiedOrRefusedAsItSays(array $vector): void
    {
        $inputs = $vector['inputs'];
        $body = V3Vectors::body($inputs);
        self::says($inputs['status'], $body, V3Vectors::headersToday($inputs));
        $merchant = V3Platform::merchant(...V3Vectors::trusting($inputs['keys']));
        $target = strtr($inputs['path'], ['/close' => '/close?x=1']);
        $ended = self::ended(static fn () => (new Client($merchant, self::$scripted->gateway()))->callV3($inputs['method'], $target));
        $isSigned = isset(array_change_key_case(V3Vectors::headersToday($inputs))['wechatpay-signature']);
        if (!V3Vectors::isGood($vector)) {
            // A line break in a header is no HTTP to begin with.
            $class = $vector['id'] === 'line-shift' ? TransportException::class : SignatureException::class;
            self::assertInstanceOf($class, $ended);
        } elseif (!$isSigned && $inputs['status'] >= 400) {
            self::assertInstanceOf(GatewayException::class, $ended, 'nobody signed it: no verdict');
        } elseif (!$isSigned) {
            self::assertInstanceOf(SignatureException::class, $ended, 'only a file may come so');
        } elseif ($inputs['status'] >= 400) {
            self::assertInstanceOf(ServiceException::class, $ended);
        } elseif (json_decode($body) === null && $inputs['status'] !== 204) {
            self::assertInstanceOf(MalformedMessageException::class, $ended);
        } else {
            self::assertSame($inputs['status'] === 204 ? [] : json_decode($body, true), $ended);
        }
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    public static function answers(): iterable
    {
        return self::group('answer_verify');
    }

    /** @dataProvider notices */
    #[DataProvider('notices')]
    public function testV1V3V5V20V22ANoticeIsReadOrRefusedAsItSays(array $vector): void
    {
        $inputs = $vector['inputs'];
        $isProvider = $vector['id'] === 'good-partner';
        $settings = V3Vectors::trusting($inputs['keys']) + ['apiV3Key' => $inputs['apiv3_key'], 'previousApiV3Key' => $inputs['previous_apiv3_key'] ?? null];
        $settings += $isProvider ? ['subAppid' => V3Vectors::keys()['sub_appid'], 'subMchId' => V3Vectors::keys()['sub_mchid']] : [];
        $ended = self::ended(static fn () => Notification::receive(V3Vectors::body($inputs), V3Vectors::headersToday($inputs), V3Platform::merchant(...$settings)));
        if (!V3Vectors::isGood($vector)) {
            self::assertRefused($vector, $ended);
            return;
        }
        self::assertInstanceOf(Notification::class, $ended, $ended instanceof PayException ? $ended->getMessage() : '');
        self::assertSame($vector['expected']['accept'], array_intersect_key(self::told($ended), $vector['expected']['accept']));
    }

    /** @return array<string, mixed> in the vectors' words */
    private static function told(Notification $notice): array
    {
        $states = ['CHANGE' => 'ABNORMAL', 'REFUNDCLOSE' => 'CLOSED'];
        $order = $notice->order;
        $refund = $notice->refund;
        $kind = $order !== null ? 'payment' : ($refund !== null ? 'refund' : 'other');
        $status = $refund?->refundStatus->value;
        return array_filter([
            'event' => $notice->eventType,
            'kind' => $kind,
            'out_trade_no' => $order?->outTradeNo ?? $refund?->outTradeNo,
            'transaction_id' => $order?->transactionId,
            'trade_state' => $order?->tradeState->value,
            'out_refund_no' => $refund?->outRefundNo,
            'refund_id' => $refund?->refundId,
            'refund_status' => $states[$status] ?? $status,
            'refund' => $refund?->refundFee,
            'total' => $order?->totalFee,
            'dedupe_key' => $notice->dedupeKey,
        ], static fn (mixed $told) => $told !== null);
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    public static function notices(): iterable
    {
        return self::group('notify');
    }

    /** @dataProvider orders */
    #[DataProvider('orders')]
    public function testV4V22AnOrderReadsAsItSays(array $vector): void
    {
        $inputs = $vector['inputs'];
        self::saysSigned(V3Vectors::body($inputs));
        $query = new OrderQuery(self::merchant(isset($inputs['merchant']['sub_mchid'])), self::$scripted->gateway());
        $id = $inputs['asked']['transaction_id'] ?? null;
        $order = self::ended(static fn () => $id === null ? $query->byOutTradeNo($inputs['asked']['out_trade_no']) : $query->byTransactionId($id));
        if (!V3Vectors::isGood($vector)) {
            self::assertRefused($vector, $order);
            return;
        }
        $seen = json_decode(json_encode($order), true) + ['isPaid' => $order->isPaid()];
        $wanted = $vector['expected']['accept'];
        ksort($wanted);
        $seen = array_intersect_key($seen, $wanted);
        ksort($seen);
        self::assertSame($wanted, $seen);
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    public static function orders(): iterable
    {
        return self::group('orders');
    }

    /** @dataProvider refunds */
    #[DataProvider('refunds')]
    public function testV14V15ARefundReadsAsItSays(array $vector): void
    {
        $inputs = $vector['inputs'];
        $asked = $inputs['asked'];
        self::saysSigned(V3Vectors::body($inputs));
        $ended = self::ended(static fn () => $inputs['call'] === 'refund'
            ? (new Refund(V3Platform::merchant(), self::$scripted->gateway()))->byOutTradeNo(self::NUMBER, $asked['out_refund_no'], $asked['total'] ?? 1230, $asked['refund'] ?? 100)
            : (new RefundQuery(V3Platform::merchant(), self::$scripted->gateway()))->byOutRefundNo($asked['out_refund_no']));
        if (!V3Vectors::isGood($vector)) {
            self::assertRefused($vector, $ended);
            return;
        }
        $wanted = $vector['expected']['accept'];
        $seen = json_decode(json_encode($ended), true);
        $seen = ($seen['entries'][0] ?? []) + $seen;
        $shared = array_intersect_key($wanted, $seen);
        self::assertGreaterThan(8, \count($shared));
        foreach ($shared as $name => $value) {
            self::assertSame($value, $seen[$name], $name);
        }
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    public static function refunds(): iterable
    {
        return self::group('refunds');
    }

    /** @dataProvider errors */
    #[DataProvider('errors')]
    public function testV1V2V12V13AnErrorIsWeighedAsItSays(array $vector): void
    {
        $inputs = $vector['inputs'];
        $body = V3Vectors::body($inputs);
        self::says($inputs['status'], $body, V3Vectors::headersToday($inputs));
        $merchant = V3Platform::merchant(...V3Vectors::trusting($inputs['keys']));
        $e = self::ended(static fn () => self::call($inputs['call'], $merchant));
        if ($vector['id'] === 'order-closed') {
            self::assertNull($e, 'a closed order is closed');
            return;
        }
        $wanted = $vector['expected']['refuse'];
        self::assertInstanceOf(self::KINDS[$wanted['kind']], $e);
        $isService = $e instanceof ServiceException;
        self::assertSame($wanted, [
            'kind' => array_search($e::class, self::KINDS, true),
            'errCode' => $isService ? $e->errCode : null,
            'errCodeDes' => $isService ? $e->errCodeDes : null,
            'advice' => $e->advice->name,
            'retryable' => $e->retryable,
            'maybeProcessed' => $e->maybeProcessed,
        ]);
    }

    private static function call(string $name, Merchant $merchant): mixed
    {
        $gateway = self::$scripted->gateway();
        return match ($name) {
            'orderquery' => (new OrderQuery($merchant, $gateway))->byOutTradeNo(self::NUMBER),
            'closeorder' => (new CloseOrder($merchant, $gateway))->byOutTradeNo(self::NUMBER),
            'unifiedorder' => self::placed('native', $merchant),
            'refund' => (new Refund($merchant, $gateway))->byOutTradeNo(self::NUMBER, 'R20260301255479', 1230, 100),
            'refundquery' => (new RefundQuery($merchant, $gateway))->byOutRefundNo('R20260301255479'),
            'tradebill' => (new Client($merchant, $gateway))->callV3('GET', '/v3/bill/tradebill?bill_date=2026-02-28'),
            'codepay' => (new Client($merchant, $gateway))->callV3('POST', '/v3/pay/transactions/codepay', ['out_trade_no' => self::NUMBER]),
            'abnormal-refund' => (new Client($merchant, $gateway))->callV3('POST', '/v3/refund/domestic/refunds/1/apply-abnormal-refund', ['out_refund_no' => 'R1']),
        };
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    public static function errors(): iterable
    {
        return self::group('errors');
    }

    private static function placed(string $kind, Merchant $merchant): Prepay
    {
        $more = ['jsapi' => ['openid' => 'o1'], 'h5' => ['sceneInfo' => ['h5_info' => ['type' => 'Wap']]]];
        return (new UnifiedOrder($merchant, self::$scripted->gateway()))
            ->$kind(self::NUMBER, 1230, '茶', 'https://shop.example/notify', '203.0.113.7', ...$more[$kind] ?? []);
    }

    /** @dataProvider prepays */
    #[DataProvider('prepays')]
    public function testAPrepayReadsAsItSays(array $vector): void
    {
        self::saysSigned(V3Vectors::body($vector['inputs']));
        $ended = self::ended(static fn () => self::placed($vector['inputs']['kind'], V3Platform::merchant()));
        if (!V3Vectors::isGood($vector)) {
            self::assertRefused($vector, $ended);
            return;
        }
        self::assertSame($vector['expected']['accept'], ['prepayId' => $ended->prepayId, 'codeUrl' => $ended->codeUrl, 'h5Url' => $ended->h5Url]);
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    public static function prepays(): iterable
    {
        return self::group('prepays');
    }

    /** @dataProvider clientParams */
    #[DataProvider('clientParams')]
    public function testThePayersClientIsToldWhatTheVectorSaysSignedAnew(array $vector): void
    {
        $inputs = $vector['inputs'];
        $wanted = $vector['expected']['accept']['params'];
        self::saysSigned(json_encode(['prepay_id' => $inputs['prepay_id']]));
        $prepay = self::placed($inputs['kind'], V3Platform::merchant(appid: $inputs['appid'], mchId: $wanted['partnerid'] ?? V3Vectors::keys()['mchid']));
        $params = $inputs['kind'] === 'app' ? $prepay->appParams() : $prepay->jsapiParams();
        [$time, $nonce, $sign] = $inputs['kind'] === 'app' ? ['timestamp', 'noncestr', 'sign'] : ['timeStamp', 'nonceStr', 'paySign'];
        $message = strtr($vector['expected']['accept']['message'], [$inputs['timestamp'] => $params[$time], $inputs['nonce'] => $params[$nonce]]);
        self::assertSame(1, openssl_verify($message, base64_decode($params[$sign], true), V3Vectors::keys()['merchant']['public_pem'], OPENSSL_ALGO_SHA256));
        $fresh = array_flip([$time, $nonce, $sign]);
        ksort($wanted);
        ksort($params);
        self::assertSame(array_diff_key($wanted, $fresh), array_diff_key($params, $fresh));
        self::assertSame(array_keys($wanted), array_keys($params));
    }

    /** @return iterable<string, array{array<string, mixed>}> those that are signed */
    public static function clientParams(): iterable
    {
        foreach (self::group('client_params') as $id => [$vector]) {
            if (isset($vector['inputs']['prepay_id'])) {
                yield $id => [$vector];
            }
        }
    }

    public function testAPrepayWithoutANumberHasNoParametersAndOneOfH5IsAnAddressToWhichTheShopAddsItsOwn(): void
    {
        $left = array_diff_key(iterator_to_array(self::group('client_params')), iterator_to_array(self::clientParams()));
        self::assertSame(['native-none', 'h5-redirect'], array_keys($left));
        [['inputs' => $native, 'expected' => $none], ['inputs' => $h5, 'expected' => $wanted]] = array_column($left, 0);
        self::saysSigned(json_encode(['code_url' => $native['code_url']]));
        $prepay = self::placed('native', V3Platform::merchant());
        self::assertSame([$native['code_url'], []], [$prepay->codeUrl, $none['accept']['params']]);
        foreach (['jsapiParams', 'appParams'] as $name) {
            try {
                $prepay->$name();
                self::fail("$name() has answered.");
            } catch (\LogicException $e) {
                self::assertStringContainsString('prepayId', $e->getMessage());
            }
        }
        self::$scripted->forget();
        self::saysSigned(json_encode(['h5_url' => $h5['h5_url']]));
        $address = self::placed('h5', V3Platform::merchant())->h5Url;
        self::assertSame($wanted['accept']['url'], "$address&redirect_url=" . rawurlencode($h5['redirect_url']));
    }

    /** @dataProvider publicKeys */
    #[DataProvider('publicKeys')]
    public function testAKeyOfWeChatPaysInAnyFormIsTheKey(array $vector): void
    {
        $client = new Client(V3Platform::merchant(publicKey: $vector['inputs']['text']), self::$scripted->gateway());
        self::assertSame('x', V3Platform::named('wechatpay_public')->opens($client->encrypt('x')));
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    public static function publicKeys(): iterable
    {
        return self::keysThatAre('public');
    }

    /** @dataProvider certificates */
    #[DataProvider('certificates')]
    public function testACertificateTellsItsSerialNumber(array $vector): void
    {
        $text = $vector['inputs']['text'];
        if ($text === V3Vectors::keys()['merchant']['certificate_pem']) {
            self::says(500, '', []);
            self::ended(static fn () => (new CloseOrder(V3Platform::merchant(certificate: $text), self::$scripted->gateway()))->byOutTradeNo(self::NUMBER));
            $serial = $vector['expected']['accept']['serial'];
            self::assertStringContainsString("serial_no=\"$serial\"", self::$scripted->requests()[0]->header('authorization'));
            return;
        }
        $client = new Client(V3Platform::merchant(publicKeyId: null, publicKey: null, platformCertificates: [$text]), self::$scripted->gateway());
        $isOver = openssl_x509_parse($text)['validTo_time_t'] < time();
        $ended = self::ended(static fn () => $client->encrypt('x'));
        self::assertSame($isOver, $ended instanceof PayException, 'nothing is encrypted for a certificate that has ended');
        if (!$isOver) {
            self::saysSigned('{}');
            self::ended(static fn () => $client->callV3('POST', '/v3/x', ['a' => $ended]));
            self::assertSame($vector['expected']['accept']['serial'], self::$scripted->requests()[0]->header('wechatpay-serial'));
        }
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    public static function certificates(): iterable
    {
        return self::keysThatAre('certificate');
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    private static function keysThatAre(string $wanted): iterable
    {
        foreach (self::group('keys_load') as $id => [$vector]) {
            if ($vector['inputs']['want'] === $wanted) {
                yield $id => [$vector];
            }
        }
    }
}
