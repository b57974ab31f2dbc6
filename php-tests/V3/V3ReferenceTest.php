<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;
use WechatPay\CloseOrder;
use WechatPay\Merchant;
use WechatPay\Notification;
use WechatPay\Order;
use WechatPay\OrderQuery;
use WechatPay\Refund;
use WechatPay\RefundQuery;
use WechatPay\UnifiedOrder;

/**
 * The reference client of APIv3, the simulator and the extension agree: each plays its side with each of the others.
 *
 * @group slow
 */
#[Group('slow')]
final class V3ReferenceTest extends SimulatorTestCase
{
    private const NOTIFY_URL = 'https://shop.example/notify';

    private static function client(string $subMchId = ''): ReferenceClientV3
    {
        $v3 = self::$simulator->ready['v3'];
        return new ReferenceClientV3(
            self::$simulator->url,
            self::$simulator->caFile,
            SimulatorProcess::APPID,
            SimulatorProcess::MCH_ID,
            file_get_contents($v3['private_key_file']),
            $v3['serial'],
            $v3['api_v3_key'],
            [$v3['public_key_id'] => file_get_contents($v3['public_key_file'])],
            $subMchId,
        );
    }

    /** @return array<string, array{string}> */
    public static function modes(): array
    {
        return ['a merchant' => [''], 'a service provider' => ['1900000109']];
    }

    /** @dataProvider modes */
    #[DataProvider('modes')]
    public function testBothPlaceQueryCloseAndRefundAlike(string $subMchId): void
    {
        [$client, $merchant] = [self::client($subMchId), $this->merchantV3(subMchId: $subMchId ?: null)];
        $order = ['out_trade_no' => 'T-100_001', 'description' => '茶 & "水"', 'notify_url' => self::NOTIFY_URL, 'amount' => ['total' => 1230, 'currency' => 'CNY']];
        self::assertStringStartsWith('weixin://', $client->order('native', $order)['code_url']);
        self::assertRefused('OUT_TRADE_NO_USED', fn () => $client->order('native', ['description' => 'another'] + $order));
        self::assertStringStartsWith('wx', $client->order('app', ['out_trade_no' => 'T100002'] + $order)['prepay_id']);
        self::assertSame([], $client->close('T100002'));

        $query = new OrderQuery($merchant, $this->gateway());
        self::assertToldAlike($client->query('T-100_001'), $query->byOutTradeNo('T-100_001'));
        self::assertToldAlike($client->query('T100002'), $query->byOutTradeNo('T100002'));
        self::$simulator->control('POST', '/pay', ['out_trade_no' => 'T-100_001', 'coupons' => [['id' => 'C1', 'type' => 'CASH', 'fee' => 30]]] + array_filter(['sub_mch_id' => $subMchId]));
        self::assertToldAlike($client->query('T-100_001'), $query->byOutTradeNo('T-100_001'));
        self::assertRefused('ORDER_NOT_EXIST', fn () => $client->query('T999999'));

        $refund = ['out_trade_no' => 'T-100_001', 'out_refund_no' => 'R*1@', 'notify_url' => self::NOTIFY_URL, 'amount' => ['total' => 1230, 'refund' => 230, 'currency' => 'CNY']];
        $told = $client->refund($refund);
        $receipt = (new Refund($merchant, $this->gateway()))->byOutTradeNo('T-100_001', 'R*1@', 1230, 230, ['notify_url' => self::NOTIFY_URL]);
        self::assertSame([$told['refund_id'], $told['amount']['refund'], $told['status']], [$receipt->refundId, $receipt->refundFee, $receipt->refundStatus->value]);
        self::$simulator->control('POST', '/refunds', ['out_refund_no' => 'R*1@', 'status' => 'SUCCESS']);
        $told = $client->refundQuery('R*1@');
        $entry = (new RefundQuery($merchant, $this->gateway()))->byOutRefundNo('R*1@')->entries[0];
        self::assertSame(['SUCCESS', $told['user_received_account'], $told['channel']], [$entry->refundStatus->value, $entry->refundRecvAccout, $entry->refundChannel]);
        self::assertSame((new \DateTimeImmutable($told['success_time']))->getTimestamp(), $entry->refundSuccessTime->getTimestamp());
    }

    /** What the reference client read, and what the extension made of it (D.4). */
    private static function assertToldAlike(array $told, Order $order): void
    {
        // The simulator adds a field that nobody knows to some of its messages.
        $known = static fn (array $fields): array => array_diff_key($fields, ['new_field' => 0]);
        self::assertEquals($known($told), $known($order->fields()));
        $coupons = $told['promotion_detail'] ?? [];
        $expected = [
            $told['out_trade_no'], $told['trade_state'], $told['transaction_id'] ?? null, $told['trade_type'] ?? null, $told['bank_type'] ?? null,
            $told['amount']['total'] ?? null, $told['amount']['payer_total'] ?? null, $coupons === [] ? null : array_sum(array_column($coupons, 'amount')),
            $told['payer']['openid'] ?? $told['payer']['sp_openid'] ?? null, $told['mchid'] ?? $told['sp_mchid'], $told['sub_mchid'] ?? null,
        ];
        $typed = [
            $order->outTradeNo, $order->tradeState->value, $order->transactionId, $order->tradeType, $order->bankType,
            $order->totalFee, $order->cashFee, $order->couponFee, $order->openid, $order->mchId, $order->subMchId,
        ];
        $none = static fn (mixed $value): mixed => $value === '' ? null : $value;
        self::assertSame(array_map($none, $expected), $typed);
        $paidAt = isset($told['success_time']) ? (new \DateTimeImmutable($told['success_time']))->getTimestamp() : null;
        self::assertSame($paidAt, $order->timeEnd?->getTimestamp());
    }

    private static function assertRefused(string $code, callable $call): void
    {
        $thrown = self::caught($call);
        self::assertInstanceOf(\DomainException::class, $thrown);
        self::assertSame($code, $thrown->getMessage());
    }

    public function testTheSimulatorSignsNothingForAKeyThatIsNotTheMerchants(): void
    {
        $v3 = self::$simulator->ready['v3'];
        $keys = [$v3['public_key_id'] => file_get_contents($v3['public_key_file'])];
        $stranger = new ReferenceClientV3(self::$simulator->url, self::$simulator->caFile, SimulatorProcess::APPID, SimulatorProcess::MCH_ID, ReferenceGatewayV3::newKey(), $v3['serial'], $v3['api_v3_key'], $keys);
        self::order('T100001');
        $thrown = self::caught(fn () => $stranger->query('T100001'));
        self::assertInstanceOf(\UnexpectedValueException::class, $thrown, 'a 401 is not signed');
    }

    public function testTheCertificatesOpenAndProveThemselvesAndVerify(): void
    {
        self::$simulator->control('POST', '/platform', ['mode' => 'certificates', 'certificates' => 'both']);
        $certificates = self::client()->certificates();
        self::assertCount(2, $certificates);
        foreach (self::$simulator->ready['v3']['platform_certificate_files'] as $file) {
            self::assertContains(file_get_contents($file), $certificates);
        }
        self::$simulator->control('POST', '/platform', ['mode' => 'public_key']);
        self::assertRefused('RESOURCE_NOT_EXISTS', fn () => self::client()->certificates());
    }

    public function testABillIsTheSameTextForBoth(): void
    {
        self::$simulator->control('POST', '/clock', ['advance_ms' => -2 * 86_400_000]);
        self::order('T100001', ['trade_state' => 'SUCCESS']);
        self::$simulator->control('POST', '/clock', ['advance_ms' => 2 * 86_400_000]);
        // Yesterday's is made at ten in Beijing.
        $day = (new \DateTimeImmutable('-2 days', new \DateTimeZone('Asia/Shanghai')))->format('Y-m-d');
        $bill = (new \WechatPay\DownloadBill($this->merchantV3(), $this->gateway()))->trade($day);
        self::assertStringContainsString('T100001', self::client()->bill($day));
        self::assertSame(['T100001'], array_map(static fn ($row) => $row->outTradeNo, iterator_to_array($bill, false)));
    }

    public function testANoticeOfTheSimulatorIsTheSameForBoth(): void
    {
        $endpoint = stream_socket_server('tcp://127.0.0.1:0');
        $address = 'http://' . stream_socket_get_name($endpoint, false) . '/';
        self::client()->order('native', ['out_trade_no' => 'T100001', 'description' => 'tea', 'notify_url' => $address, 'amount' => ['total' => 100]]);
        self::$simulator->control('POST', '/pay', ['out_trade_no' => 'T100001']);
        [$headers, $body] = self::taken($endpoint);
        $told = self::client()->notice($headers, $body);
        $notice = Notification::receive($body, $headers, $this->merchantV3());
        self::assertEquals($told, $notice->fields());
        self::assertToldAlike($told, $notice->order);
    }

    /**
     * Takes one request and answers 204.
     *
     * @param resource $endpoint
     *
     * @return array{array<string, string>, string}
     */
    private static function taken($endpoint): array
    {
        $request = stream_socket_accept($endpoint, 10);
        for ($headers = []; ($line = rtrim((string) fgets($request))) !== '';) {
            [$name, $value] = explode(':', $line, 2) + [1 => ''];
            $headers[$name] = trim($value);
        }
        $body = stream_get_contents($request, (int) array_change_key_case($headers)['content-length']);
        fwrite($request, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
        fclose($request);
        return [array_filter($headers, static fn (string $name): bool => stripos($name, 'wechatpay-') === 0, ARRAY_FILTER_USE_KEY), $body];
    }

    /** @return array<string, array{bool}> */
    public static function proofs(): array
    {
        return ['a public key' => [false], 'a certificate' => [true]];
    }

    /** @dataProvider proofs */
    #[DataProvider('proofs')]
    public function testTheExtensionBelievesAGatewayInPlainPhp(bool $hasCertificates): void
    {
        $reference = ReferenceGatewayV3::start($hasCertificates);
        try {
            $keys = $hasCertificates ? ['publicKeyId' => null, 'publicKey' => null] : [];
            $merchant = Merchant::v3(...$reference->merchant(...$keys));
            $gateway = $this->gateway(url: $reference->url, caFile: $reference->caFile);
            $prepay = (new UnifiedOrder($merchant, $gateway))->native('T100001', 100, '茶 / tea', self::NOTIFY_URL, '127.0.0.1', attach: '"\\');
            self::assertSame('weixin://wxpay/' . md5('茶 / tea"\\'), $prepay->codeUrl);
            $order = (new OrderQuery($merchant, $gateway))->byOutTradeNo('T|1*@-_');
            self::assertSame(['T|1*@-_', crc32('T|1*@-_') % 100_000 + 1], [$order->outTradeNo, $order->totalFee]);
            (new CloseOrder($merchant, $gateway))->byOutTradeNo('T100001');
            $receipt = (new Refund($merchant, $gateway))->byOutTradeNo('T100001', 'R@1', 1230, 230, ['notify_url' => self::NOTIFY_URL]);
            self::assertSame([230, 'R@1'], [$receipt->refundFee, $receipt->outRefundNo]);
            self::assertSame(100, (new RefundQuery($merchant, $gateway))->byOutRefundNo('R@1')->pendingFee);
            self::assertSame($hasCertificates, \in_array('/v3/certificates', array_column($this->attempts, 'path'), true));
        } finally {
            $reference->stop();
        }
    }

    public function testNoticesOfTheReferenceAreReadAndOursAreItsToo(): void
    {
        [$platform, $own] = [ReferenceGatewayV3::newKey(), ReferenceGatewayV3::newKey()];
        $key = ReferenceGatewayV3::API_V3_KEY;
        $v3 = fn (string $private, string $public): Merchant => $this->merchantV3(apiV3Key: $key, privateKey: $private, publicKey: $public, publicKeyId: 'PUB_KEY_ID_01');
        $reader = $v3($own, ReferenceGatewayV3::publicHalf($platform));
        $inside = ['appid' => SimulatorProcess::APPID, 'mchid' => SimulatorProcess::MCH_ID, 'out_trade_no' => 'T100001', 'transaction_id' => '4200000001', 'trade_state' => 'SUCCESS', 'amount' => ['total' => 100], 'attach' => '茶 / "'];
        $body = ReferenceClientV3::sealedNotice($inside, 'TRANSACTION.SUCCESS', $key);
        $notice = Notification::receive($body, ReferenceClientV3::signedHeaders($body, $platform, 'PUB_KEY_ID_01'), $reader);
        self::assertSame($inside, $notice->fields());

        $refund = ['mchid' => SimulatorProcess::MCH_ID, 'out_trade_no' => 'T100001', 'transaction_id' => '4200000001', 'out_refund_no' => 'R1', 'refund_id' => '5030000001', 'refund_status' => 'SUCCESS', 'amount' => ['total' => 100, 'refund' => 30, 'payer_total' => 100, 'payer_refund' => 30]];
        $body = ReferenceClientV3::sealedNotice($refund, 'REFUND.SUCCESS', $key);
        $notice = Notification::receive($body, ReferenceClientV3::signedHeaders($body, $platform, 'PUB_KEY_ID_01'), $reader);
        self::assertSame([30, 'R1', $refund], [$notice->refund->refundFee, $notice->refund->outRefundNo, $notice->fields()]);

        $signer = $v3($own, ReferenceGatewayV3::publicHalf($own));
        $client = new ReferenceClientV3('', '', SimulatorProcess::APPID, SimulatorProcess::MCH_ID, $own, ReferenceGatewayV3::SERIAL, $key, ['PUB_KEY_ID_01' => ReferenceGatewayV3::publicHalf($own)]);
        foreach ([$inside, $refund] as $fields) {
            $body = Notification::sign($fields, $signer);
            self::assertEquals($fields, $client->notice(Notification::headers($body, $signer), $body));
        }
    }
}
