<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use WechatPay\Gateway;
use WechatPay\Merchant;
use WechatPay\Notification;
use WechatPay\OrderQuery;
use WechatPay\PayException;
use WechatPay\RefundQuery;
use WechatPay\RefundStatus;
use WechatPay\ScanPay;
use WechatPay\SignatureException;
use WechatPay\SignType;
use WechatPay\TradeState;
use WechatPay\UnifiedOrder;

/** Three who know the protocol each for himself: the simulator, the extension and the reference client. */
final class ReferenceClientTest extends TestCase
{
    use ReferenceAssertions;
    use WithSimulator;

    private const OTHER_KEY = 'zyxwvutsrqponmlkJIHGFEDCBA987654';
    private const ORDER = [
        'out_trade_no' => 'T20261122-0001',
        'total_fee' => 100,
        'body' => '茶 & <杯>',
        'attach' => 'a]]>b',
        'notify_url' => 'https://shop.example/notify',
        'spbill_create_ip' => '127.0.0.1',
        'trade_type' => 'NATIVE',
    ];

    /** What the simulator can do to a notice, and whether it is still WeChat's word to us; null: it depends on us. */
    private const MUTATIONS = [
        'payment' => [
            'resend' => true, 'with_sign_type' => true, 'wrong_order' => true, 'wrong_amount' => true,
            'foreign_currency' => true, 'trade_state' => true, 'extra_field' => true, 'md5_sign' => null,
            'forged' => false, 'wrong_sign_type' => false, 'other_merchant' => false, 'other_appid' => false,
            'other_sub_merchant' => null, 'failed' => false, 'no_sign' => false, 'bare' => false,
            'bad_sign' => false, 'lower_sign' => false, 'altered' => false, 'duplicate_field' => false,
            'doctype' => false, 'truncated' => false, 'empty' => false,
        ],
        'refund' => [
            'resend' => true, 'wrong_order' => true, 'wrong_amount' => true, 'unknown_status' => true,
            'forged' => false, 'other_merchant' => false, 'other_appid' => false, 'bad_padding' => false,
            'bad_base64' => false, 'bad_length' => false, 'no_req_info' => false, 'truncated' => false,
            'empty' => false,
        ],
    ];

    /** @return array<string, array{string, string, string}> algorithm, sub_mch_id, sub_appid */
    public static function merchants(): array
    {
        return [
            'direct, MD5' => ['MD5', '', ''],
            'direct, HMAC-SHA256' => ['HMAC-SHA256', '', ''],
            'service provider, MD5' => ['MD5', '1900000109', 'wxsubappid00000001'],
            'service provider, HMAC-SHA256' => ['HMAC-SHA256', '1900000109', ''],
            'service provider with sub_appid, HMAC-SHA256' => ['HMAC-SHA256', '1900000109', 'wxsubappid00000001'],
        ];
    }

    /** @dataProvider merchants */
    #[DataProvider('merchants')]
    public function testTheSimulatorAcceptsEveryCallOfASale(string ...$who): void
    {
        $client = self::client(...$who);
        $first = $client->unifiedOrder(self::ORDER);
        self::assertSame('SUCCESS', $first['result_code']);
        self::assertStringStartsWith('weixin://wxpay/', $first['code_url']);
        $number = ['out_trade_no' => self::ORDER['out_trade_no']];
        self::assertNotSame($first['prepay_id'], $client->unifiedOrder(self::ORDER)['prepay_id']);
        self::assertSame('INVALID_REQUEST', $client->unifiedOrder(['total_fee' => 99] + self::ORDER)['err_code']);
        self::assertSame('NOTPAY', $client->orderQuery($number)['trade_state']);
        self::$simulator->control('POST', '/pay', $number);
        $paid = $client->orderQuery($number);
        self::assertSame(['SUCCESS', '100', 'a]]>b'], [$paid['trade_state'], $paid['total_fee'], $paid['attach']]);
        self::assertSame('ORDERPAID', $client->closeOrder($number['out_trade_no'])['err_code']);

        $refund = $number + ['out_refund_no' => 'R-1', 'total_fee' => 100, 'refund_fee' => 40];
        $accepted = $client->refund($refund);
        self::assertSame(['R-1', '40'], [$accepted['out_refund_no'], $accepted['refund_fee']]);
        self::assertSame($accepted['refund_id'], $client->refund($refund)['refund_id']);
        self::assertSame('INVALID_REQUEST', $client->refund(['refund_fee' => 41] + $refund)['err_code']);
        $told = $client->refundQuery(['refund_id' => $accepted['refund_id']]);
        self::assertSame(['1', '40', 'PROCESSING'], [
            $told['refund_count'], $told['refund_fee_0'], $told['refund_status_0'],
        ]);
        self::assertSame('REFUND', $client->orderQuery(['transaction_id' => $paid['transaction_id']])['trade_state']);
        self::assertCount(1, self::$simulator->control('GET', '/refunds'));
    }

    /** @dataProvider merchants */
    #[DataProvider('merchants')]
    public function testTheSimulatorAcceptsACloseAndACodePaymentAndItsReverse(string ...$who): void
    {
        $client = self::client(...$who);
        $client->unifiedOrder(self::ORDER);
        self::assertSame('SUCCESS', $client->closeOrder(self::ORDER['out_trade_no'])['result_code']);
        self::assertSame('ORDERCLOSED', $client->unifiedOrder(self::ORDER)['err_code']);

        $number = ['out_trade_no' => 'T20261122-0002'];
        $sale = $number + ['auth_code' => '134567890123456789', 'total_fee' => 551, 'body' => 'tea'];
        $sale += ['spbill_create_ip' => '::1'];
        $paid = $client->micropay($sale);
        self::assertSame('SUCCESS', $paid['result_code']);
        self::assertSame(['MICROPAY', '551'], [$paid['trade_type'], $paid['total_fee']]);
        $again = ['out_trade_no' => 'T20261122-0003'] + $sale;
        self::assertSame('AUTH_CODE_INVALID', $client->micropay($again)['err_code']);
        self::assertSame('Y', $client->reverse($number)['recall'], 'no reverse in the first 15 s');
        self::$simulator->control('POST', '/clock', ['advance_ms' => 15_000]);
        self::assertSame('N', $client->reverse(['transaction_id' => $paid['transaction_id']])['recall']);
        self::assertSame('REVOKED', $client->orderQuery($number)['trade_state']);
    }

    /** @dataProvider merchants */
    #[DataProvider('merchants')]
    public function testTheSimulatorRefusesEveryWrongSign(string ...$who): void
    {
        $client = self::client(...$who);
        $client->unifiedOrder(self::ORDER);
        [$algorithm] = $who;
        $other = $algorithm === 'MD5' ? 'HMAC-SHA256' : 'MD5';
        $fields = ['out_trade_no' => self::ORDER['out_trade_no'], 'sign_type' => $algorithm] + $client->common();
        $right = ReferenceClient::sign($fields, SimulatorProcess::KEY, $algorithm);
        $wrong = [
            'of another key' => ['sign' => ReferenceClient::sign($fields, self::OTHER_KEY, $algorithm)],
            'of the other algorithm' => ['sign' => ReferenceClient::sign($fields, SimulatorProcess::KEY, $other)],
            'in lower case' => ['sign' => strtolower($right)],
            'empty' => ['sign' => ''],
            'absent' => [],
            'of another nonce' => ['sign' => $right, 'nonce_str' => 'another'],
            'with one more field' => ['sign' => $right, 'attach' => 'x'],
            'under another sign_type' => ['sign' => $right, 'sign_type' => $other],
        ];
        foreach ($wrong as $what => $changed) {
            $answer = ReferenceClient::fields($client->post('/pay/closeorder', ReferenceClient::xml($changed + $fields)));
            self::assertSame('FAIL', $answer['return_code'], $what);
            self::assertStringContainsString('签名', $answer['return_msg'], $what);
            self::assertArrayNotHasKey('sign', $answer, $what);
        }
        self::assertSame('NOTPAY', self::$simulator->control('GET', '/orders')[0]['trade_state']);
        $answer = $client->post('/pay/closeorder', ReferenceClient::xml(['sign' => $right] + $fields));
        self::assertStringContainsString('SUCCESS', $answer);
    }

    public function testWithoutTheClientCertificateNothingIsRefundedOrReversed(): void
    {
        $client = self::client('MD5');
        $client->unifiedOrder(self::ORDER);
        self::$simulator->control('POST', '/pay', ['out_trade_no' => self::ORDER['out_trade_no']]);
        foreach (['/secapi/pay/refund', '/secapi/pay/reverse'] as $path) {
            $refund = ['out_trade_no' => self::ORDER['out_trade_no'], 'out_refund_no' => 'R-1'];
            try {
                $client->call($path, $refund + ['total_fee' => 100, 'refund_fee' => 100]);
                self::fail("$path went without a certificate");
            } catch (\DomainException $refusal) {
                self::assertStringContainsString('证书', $refusal->getMessage());
            }
        }
        self::assertSame('SUCCESS', self::$simulator->control('GET', '/orders')[0]['trade_state']);
    }

    /** @dataProvider merchants */
    #[DataProvider('merchants')]
    public function testTheExtensionAcceptsWhatTheReferenceClientSigns(string ...$who): void
    {
        $client = self::client(...$who);
        $paid = ['out_trade_no' => 'T20261122-0001', 'transaction_id' => '4200000000202611220000000001'];
        $paid += ['total_fee' => 100, 'cash_fee' => 90, 'coupon_fee' => 10, 'coupon_count' => 1, 'attach' => 'a]]>b'];
        $paid += ['coupon_id_0' => 'C1', 'coupon_fee_0' => 10, 'time_end' => '20261122120000', 'device_info' => ''];
        $paid += ['brand_new_field' => '新', 'openid' => 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o'];
        foreach ([true, false] as $named) {
            $body = $client->signedNotice($paid, $named);
            $notice = Notification::read($body, self::merchant(...$who));
            self::assertSame(TradeState::Success, $notice->order->tradeState);
            self::assertOrder(ReferenceClient::fields($body), $notice->order);
            $this->refused(str_replace('>100<', '>1<', $body), ...$who);
            $this->refused(preg_replace('~<sign>.*</sign>~', '', $body), ...$who);
        }
        $inside = ['out_trade_no' => 'T20261122-0001', 'transaction_id' => '4200000000202611220000000001'];
        $inside += ['out_refund_no' => 'R-1', 'refund_id' => '50000000382026112200000000001', 'total_fee' => 100];
        $inside += ['refund_fee' => 40, 'settlement_refund_fee' => 40, 'refund_status' => 'SUCCESS'];
        $inside += ['success_time' => '2026-11-22 12:00:00', 'refund_recv_accout' => '支付用户的零钱'];
        $refund = Notification::read($client->sealedNotice($inside), self::merchant(...$who))->refund;
        self::assertSame([40, RefundStatus::Success], [$refund->refundFee, $refund->refundStatus]);
        self::assertSame('2026-11-22T12:00:00+08:00', $refund->successTime->format(DATE_ATOM));
        self::assertSame('支付用户的零钱', $refund->refundRecvAccout);
        foreach ($inside as $name => $value) {
            self::assertSame((string) $value, $refund->fields()[$name], $name);
        }
    }

    /** @dataProvider merchants */
    #[DataProvider('merchants')]
    public function testTheReferenceClientAcceptsWhatTheExtensionSigns(string ...$who): void
    {
        $paid = ['out_trade_no' => 'T20261122-0001', 'total_fee' => 100, 'attach' => 'a]]>b &amp; <c>', 'body' => ''];
        $notice = self::client(...$who)->paymentNotice(Notification::sign($paid, self::merchant(...$who)));
        self::assertSame(['100', $paid['attach']], [$notice['total_fee'], $notice['attach']]);
        $this->expectException(\UnexpectedValueException::class);
        $key = self::OTHER_KEY;
        self::client(...$who, key: $key)->paymentNotice(Notification::sign($paid, self::merchant(...$who)));
    }

    /** @dataProvider merchants */
    #[DataProvider('merchants')]
    public function testTheSimulatorsNoticesVerifyAndItsScheduleEndsWithTheAnswer(string ...$who): void
    {
        $client = self::client(...$who);
        $endpoint = stream_socket_server('tcp://127.0.0.1:0');
        $url = 'http://' . stream_socket_get_name($endpoint, false) . '/notify';
        $number = ['out_trade_no' => self::ORDER['out_trade_no']];
        $client->unifiedOrder(['notify_url' => $url] + self::ORDER);
        $coupons = [['id' => 'C1', 'type' => 'NO_CASH', 'fee' => 10]];
        self::$simulator->control('POST', '/pay', $number + ['coupons' => $coupons]);
        $body = self::answered($endpoint);
        $notice = $client->paymentNotice($body);
        self::assertSame(['100', '90', '10', '90', 'a]]>b'], [
            $notice['total_fee'], $notice['cash_fee'], $notice['coupon_fee_0'], $notice['settlement_total_fee'],
            $notice['attach'],
        ]);
        self::assertOrder($notice, Notification::read($body, self::merchant(...$who))->order);

        $refund = ['out_refund_no' => 'R-1', 'total_fee' => 100, 'refund_fee' => 40, 'notify_url' => $url];
        $accepted = $client->refund($number + $refund);
        self::$simulator->control('POST', '/refunds', ['out_refund_no' => 'R-1', 'status' => 'SUCCESS']);
        $body = self::answered($endpoint);
        $inside = $client->refundNotice($body);
        self::assertSame(['R-1', '40', 'SUCCESS', $accepted['refund_id']], [
            $inside['out_refund_no'], $inside['refund_fee'], $inside['refund_status'], $inside['refund_id'],
        ]);
        $refund = Notification::read($body, self::merchant(...$who))->refund;
        self::assertEquals(array_filter($inside, 'strlen'), array_filter($refund->fields(), 'strlen'));

        self::$simulator->control('POST', '/settle');
        self::$simulator->control('POST', '/clock', ['advance_ms' => 86_640_000]);
        $sent = self::$simulator->control('GET', '/notifications');
        self::assertSame(2, substr_count(json_encode($sent), '"status":200'), 'each once, and no more');
    }

    /** @dataProvider merchants */
    #[DataProvider('merchants')]
    public function testBothGiveTheSameVerdictOnEveryNoticeThatIsNotAsItShouldBe(string ...$who): void
    {
        $client = self::client(...$who);
        $number = ['out_trade_no' => self::ORDER['out_trade_no']];
        $client->unifiedOrder(self::ORDER);
        self::$simulator->control('POST', '/pay', $number);
        $client->refund($number + ['out_refund_no' => 'R-1', 'total_fee' => 100, 'refund_fee' => 40]);
        self::$simulator->control('POST', '/refunds', ['out_refund_no' => 'R-1', 'status' => 'SUCCESS']);
        foreach (self::MUTATIONS as $kind => $mutations) {
            foreach ($mutations as $mutate => $genuine) {
                // Nobody listens there: only the bytes are wanted.
                $wish = ['kind' => $kind, 'mutate' => $mutate, 'notify_url' => 'http://127.0.0.1:1/'];
                $body = self::$simulator->control('POST', '/notify', $number + $wish)['body'];
                $genuine = match ($mutate) {
                    'md5_sign' => $who[0] === 'MD5',
                    'other_sub_merchant' => $who[1] === '',
                    default => $genuine,
                };
                $here = self::believed(static fn (): bool => $kind === 'refund'
                    ? $client->refundNotice($body) !== []
                    : $client->paymentNotice($body)['result_code'] === 'SUCCESS');
                $there = self::believed(static fn () => (bool) Notification::read($body, self::merchant(...$who)));
                self::assertSame([$genuine, $genuine], [$here, $there], "$kind $mutate");
            }
        }
    }

    /** @dataProvider merchants */
    #[DataProvider('merchants')]
    public function testBothReadTheSameOrders(string ...$who): void
    {
        $client = self::client(...$who);
        $query = new OrderQuery(self::merchant(...$who), self::gateway());
        [, $sub, $subAppid] = $who;
        $sub = array_filter(['sub_mch_id' => $sub, 'sub_appid' => $subAppid]);
        $states = ['NOTPAY', 'SUCCESS', 'REFUND', 'CLOSED', 'REVOKED', 'USERPAYING', 'PAYERROR', 'ACCEPT'];
        foreach ([...$states, 'SOMETHING_NEW'] as $place => $state) {
            $coupons = [['id' => 'C1', 'type' => 'CASH', 'fee' => 7], ['id' => 'C2', 'type' => 'NO_CASH', 'fee' => 3]];
            $number = ['out_trade_no' => "T2026112200$place"];
            $order = ['total_fee' => 100, 'trade_state' => $state, 'attach' => '附 加', 'device_info' => 'POS1'];
            $order += ['coupons' => $coupons, 'promotion_detail' => true, 'sub_openid' => $subAppid ? 'oSub' : ''];
            self::$simulator->control('POST', '/orders', $number + $order + $sub);
            $told = $client->orderQuery($number + ['version' => '1.0']);
            self::assertSame($state, $told['trade_state']);
            self::assertOrder($told, $query->byOutTradeNo($number['out_trade_no']));
            if (($told['transaction_id'] ?? '') !== '') {
                self::assertOrder($told, $query->byTransactionId($told['transaction_id']));
            }
        }
    }

    /** @dataProvider merchants */
    #[DataProvider('merchants')]
    public function testBothReadTheSameRefunds(string ...$who): void
    {
        $client = self::client(...$who);
        $number = ['out_trade_no' => self::ORDER['out_trade_no']];
        $client->unifiedOrder(self::ORDER);
        $coupons = [['id' => 'C1', 'type' => 'CASH', 'fee' => 20], ['id' => 'C2', 'type' => 'NO_CASH', 'fee' => 30]];
        self::$simulator->control('POST', '/pay', $number + ['coupons' => $coupons]);
        $refund = $number + ['total_fee' => 100, 'refund_fee' => 4];
        for ($n = 0; $n < 23; $n++) {
            $client->refund($refund + ['out_refund_no' => "R-$n"]);
        }
        foreach (['SUCCESS', 'CHANGE', 'REFUNDCLOSE'] as $place => $status) {
            self::$simulator->control('POST', '/refunds', ['out_refund_no' => "R-$place", 'status' => $status]);
        }
        $expected = [];
        do {
            $page = $client->refundQuery($number + ($expected ? ['offset' => \count($expected)] : []));
            for ($n = 0; $n < (int) $page['refund_count']; $n++) {
                $expected[] = self::refund($page, $n);
            }
        } while (\count($expected) < (int) $page['total_refund_count']);
        $query = new RefundQuery(self::merchant(...$who), self::gateway());
        $list = $query->byOutTradeNo($number['out_trade_no']);
        self::assertCount(23, $list);
        self::assertEquals($expected, array_map(self::entry(...), $list->entries));
        self::assertSame(
            [(int) $page['total_fee'], (int) $page['cash_fee'], $page['transaction_id']],
            [$list->totalFee, $list->cashFee, $list->transactionId],
        );

        $one = self::refund($client->refundQuery(['out_refund_no' => 'R-1']), 0);
        self::assertEquals([$one], array_map(self::entry(...), $query->byOutRefundNo('R-1')->entries));
        self::assertEquals([$one], array_map(self::entry(...), $query->byRefundId($one['refund_id'])->entries));
    }

    /** @dataProvider merchants */
    #[DataProvider('merchants')]
    public function testBothSignTheSameForThePayersSide(string ...$who): void
    {
        $client = self::client(...$who);
        $place = new UnifiedOrder(self::merchant(...$who), self::gateway());
        $basics = [100, 'tea', 'https://shop.example/notify', '127.0.0.1'];
        $openid = $who[2] === '' ? ['openid' => 'oUser'] : ['subOpenid' => 'oSub'];
        $prepay = $place->jsapi('T20261122-0001', ...$basics, ...$openid);
        $params = $prepay->jsapiParams();
        self::assertEquals($client->jsapiParams($prepay->prepayId, $params['timeStamp'], $params['nonceStr']), $params);
        $prepay = $place->app('T20261122-0002', ...$basics);
        $params = $prepay->appParams();
        self::assertEquals($client->appParams($prepay->prepayId, $params['timestamp'], $params['noncestr']), $params);
        $link = (new ScanPay(self::merchant(...$who)))->productUrl('P1');
        parse_str(parse_url($link, PHP_URL_QUERY), $set);
        self::assertSame($client->productUrl('P1', $set['time_stamp'], $set['nonce_str']), $link);
    }

    public function testTheAnswerToANoticeIsTheSameText(): void
    {
        self::assertSame(ReferenceClient::SUCCESS, Notification::success());
    }

    private static function client(
        string $algorithm,
        string $subMchId = '',
        string $subAppid = '',
        string $key = SimulatorProcess::KEY,
    ): ReferenceClient {
        ['cert_file' => $cert, 'key_file' => $keyFile] = self::$simulator->ready;
        $who = [SimulatorProcess::APPID, SimulatorProcess::MCH_ID, $key, $algorithm, $subMchId, $subAppid];
        return new ReferenceClient(self::$simulator->url, self::$simulator->caFile, ...[...$who, $cert, $keyFile]);
    }

    private static function merchant(string $algorithm, string $subMchId, string $subAppid): Merchant
    {
        return new Merchant(
            SimulatorProcess::APPID,
            SimulatorProcess::MCH_ID,
            SimulatorProcess::KEY,
            SignType::from($algorithm),
            $subAppid ?: null,
            $subMchId ?: null,
        );
    }

    private static function gateway(): Gateway
    {
        return new Gateway(url: self::$simulator->url, caFile: self::$simulator->caFile);
    }

    private function refused(string $notice, string ...$who): void
    {
        try {
            Notification::read($notice, self::merchant(...$who));
            self::fail('A changed notice was believed.');
        } catch (SignatureException) {
            $this->addToAssertionCount(1);
        }
    }

    /** @param callable(): bool $read */
    private static function believed(callable $read): bool
    {
        try {
            return $read();
        } catch (\DomainException | \UnexpectedValueException | PayException) {
            return false;
        }
    }

    /**
     * Takes one request and answers it as a shop does.
     *
     * @param resource $endpoint
     */
    private static function answered($endpoint): string
    {
        $request = stream_socket_accept($endpoint, 10);
        for ($head = ''; !str_ends_with($head, "\r\n\r\n");) {
            $head .= fgets($request);
        }
        preg_match('~content-length: *(\d+)~i', $head, $length);
        $body = stream_get_contents($request, (int) $length[1]);
        $reply = ReferenceClient::SUCCESS;
        $head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " . \strlen($reply);
        fwrite($request, "$head\r\n\r\n$reply");
        fclose($request);
        return $body;
    }
}
