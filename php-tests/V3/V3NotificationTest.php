<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use WechatPay\Ledger;
use WechatPay\LedgerState;
use WechatPay\MalformedMessageException;
use WechatPay\Merchant;
use WechatPay\MismatchException;
use WechatPay\Notification;
use WechatPay\RefundStatus;
use WechatPay\SignatureException;
use WechatPay\TradeState;
use WechatPay\Transition;

/** Notices of APIv3: signed in the headers, sealed in the body, answered by the status. */
final class V3NotificationTest extends TestCase
{
    private const PAID = ['out_trade_no' => 'T100001', 'transaction_id' => '4200000001', 'amount' => ['total' => 100, 'payer_total' => 100, 'currency' => 'CNY'], 'success_time' => '2026-11-22T10:30:00+08:00'];
    private const REFUNDED = ['out_trade_no' => 'T100001', 'transaction_id' => '4200000001', 'out_refund_no' => 'R1', 'refund_id' => '5030000001', 'refund_status' => 'SUCCESS', 'success_time' => '2026-11-22T10:40:00+08:00', 'user_received_account' => 'card', 'amount' => ['total' => 100, 'refund' => 100, 'payer_total' => 100, 'payer_refund' => 100]];
    private const KEY = 'v3SimulatorKey0123456789ABCDEFGH';

    private static string $privateKey = '';
    private static string $publicKey = '';

    public static function setUpBeforeClass(): void
    {
        $pair = openssl_pkey_new(['private_key_bits' => 2048]);
        openssl_pkey_export($pair, self::$privateKey);
        self::$publicKey = openssl_pkey_get_details($pair)['key'];
    }

    private static function v2(): Merchant
    {
        return new Merchant(SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY);
    }

    private static function v3(mixed ...$settings): Merchant
    {
        return Merchant::v3(...$settings + [
            'appid' => SimulatorProcess::APPID,
            'mchId' => SimulatorProcess::MCH_ID,
            'apiV3Key' => self::KEY,
            'privateKey' => self::$privateKey,
            'certificate' => '3E7A1B2C4D5F60718293A4B5C6D7E8F901234567',
            'publicKeyId' => 'PUB_KEY_ID_01',
            'publicKey' => self::$publicKey,
        ]);
    }

    /** @param array<string, mixed> $fields */
    private static function received(array $fields, ?Merchant $by = null, Merchant ...$merchants): Notification
    {
        $by ??= self::v3();
        $body = Notification::sign($fields, $by);
        return Notification::receive($body, Notification::headers($body, $by), ...($merchants ?: [$by]));
    }

    public function testAPaymentIsVerifiedAndRead(): void
    {
        $notice = self::received(self::PAID);
        self::assertSame(['T100001', 100, TradeState::Success, SimulatorProcess::APPID], [$notice->order->outTradeNo, $notice->order->totalFee, $notice->order->tradeState, $notice->order->appid]);
        self::assertSame(['pay:10000100::4200000001', 'TRANSACTION.SUCCESS', null], [$notice->dedupeKey, $notice->eventType, $notice->refund]);
        self::assertSame(100, $notice->fields()['amount']['total']);
        self::assertSame([204, '', ''], array_values(get_object_vars($notice->reply())));
    }

    public function testARefundIsVerifiedToo(): void
    {
        $notice = self::received(self::REFUNDED);
        $refund = $notice->refund;
        self::assertSame(['T100001', 'R1', '5030000001', RefundStatus::Success, 100, 100, 100, 'card'], [$refund->outTradeNo, $refund->outRefundNo, $refund->refundId, $refund->refundStatus, $refund->refundFee, $refund->totalFee, $refund->cashRefundFee, $refund->refundRecvAccout]);
        self::assertSame('2026-11-22 10:40', $refund->successTime->format('Y-m-d H:i'));
        self::assertSame('refund:10000100::5030000001:SUCCESS', $notice->dedupeKey);
        self::assertSame(100, $refund->fields()['amount']['refund']);
        self::assertSame('SUCCESS', json_decode(json_encode($refund), true)['refundStatus']);
    }

    /** @dataProvider forms */
    #[DataProvider('forms')]
    public function testHeadersComeAsAnyHostHasThem(callable $form): void
    {
        $body = Notification::sign(self::PAID, self::v3());
        $headers = $form(Notification::headers($body, self::v3()));
        self::assertSame('T100001', Notification::receive($body, $headers, self::v3())->order->outTradeNo);
    }

    /** @return array<string, array{callable}> */
    public static function forms(): array
    {
        return [
            'getallheaders()' => [static fn (array $h) => $h],
            'lower case' => [static fn (array $h) => array_change_key_case($h)],
            'PSR-7' => [static fn (array $h) => array_map(static fn ($text) => [$text], $h)],
            '$_SERVER' => [static function (array $h): array {
                $server = ['argc' => 1, 'argv' => ['x'], 'REQUEST_TIME' => 5];
                foreach ($h as $name => $text) {
                    $server['HTTP_' . strtr(strtoupper($name), '-', '_')] = $text;
                }
                return $server;
            }],
        ];
    }

    public function testV21WithoutHeadersNothingIsBelieved(): void
    {
        $body = Notification::sign(self::PAID, self::v3());
        foreach ([[], ['Wechatpay-Serial' => 'PUB_KEY_ID_01']] as $headers) {
            $e = $this->thrown(static fn () => Notification::receive($body, $headers, self::v3()));
            self::assertInstanceOf(SignatureException::class, $e);
        }
    }

    public function testV21AnXmlNoticeIsReadWithAnApiV2KeyIfThereIsOne(): void
    {
        $xml = Notification::sign(['out_trade_no' => 'T100001', 'transaction_id' => '4200000001', 'total_fee' => 100], self::v2());
        $notice = Notification::receive($xml, [], self::v3(), self::v2());
        self::assertSame(['T100001', null, 200], [$notice->order->outTradeNo, $notice->eventType, $notice->reply()->status]);
        $e = $this->thrown(static fn () => Notification::receive($xml, [], self::v3()));
        self::assertInstanceOf(MalformedMessageException::class, $e);
        self::assertStringContainsString('no merchant with an APIv2 key was given', $e->getMessage());
    }

    public function testV21TwiceAtOnceCreditsOnce(): void
    {
        $credits = 0;
        $ledger = new Ledger(new \PDO('sqlite::memory:', null, null, [\PDO::ATTR_TIMEOUT => 5]), static function (Transition $t) use (&$credits): void {
            $credits++;
        });
        $ledger->install();
        $ledger->open(self::v3(), 'T100001', 100);
        foreach ([self::received(self::PAID), self::received(self::PAID)] as $notice) {
            self::assertSame(204, $ledger->applyNotification($notice)->reply()->status);
        }
        self::assertSame(1, $credits);
        $t = $ledger->applyNotification(self::received(self::REFUNDED));
        self::assertSame([LedgerState::Refunded, 204], [$t->to, $t->reply()->status]);
        $t = $ledger->applyNotification(self::received(['out_trade_no' => 'T100009'] + self::PAID));
        self::assertSame([500, 'application/json', '{"code":"FAIL","message":"unknown order"}'], array_values(get_object_vars($t->reply())));
    }

    public function testV5AStaleNoticeIsRefused(): void
    {
        $body = Notification::sign(self::PAID, self::v3());
        $headers = Notification::headers($body, self::v3());
        $old = (string) (time() - 400);
        openssl_sign("$old\n{$headers['Wechatpay-Nonce']}\n$body\n", $signature, self::$privateKey, OPENSSL_ALGO_SHA256);
        $headers = ['Wechatpay-Timestamp' => $old, 'Wechatpay-Signature' => base64_encode($signature)] + $headers;
        self::assertInstanceOf(SignatureException::class, $this->thrown(static fn () => Notification::receive($body, $headers, self::v3())));
    }

    public function testV3AProbeIsRefusedAndSoIsAChangedBody(): void
    {
        $body = Notification::sign(self::PAID, self::v3());
        $headers = Notification::headers($body, self::v3());
        $probe = ['Wechatpay-Signature' => 'WECHATPAY/SIGNTEST/' . $headers['Wechatpay-Signature']] + $headers;
        foreach ([[$body, $probe], ["$body ", $headers]] as [$bytes, $given]) {
            self::assertInstanceOf(SignatureException::class, $this->thrown(static fn () => Notification::receive($bytes, $given, self::v3())));
        }
    }

    public function testV20ANoticeUnderTheFormerKeyIsRead(): void
    {
        $now = self::v3(apiV3Key: str_repeat('n', 32), previousApiV3Key: self::KEY);
        self::assertSame('T100001', self::received(self::PAID, self::v3(), $now)->order->outTradeNo);
        $without = self::v3(apiV3Key: str_repeat('n', 32));
        self::assertInstanceOf(MalformedMessageException::class, $this->thrown(static fn () => self::received(self::PAID, self::v3(), $without)));
    }

    /** @dataProvider withoutAKeyThatSigns */
    #[DataProvider('withoutAKeyThatSigns')]
    public function testANoticeIsReadOnTheDayTheOwnCertificateDies(array $settings): void
    {
        $reader = self::v3(...$settings);
        self::assertSame('T100001', self::received(self::PAID, self::v3(), $reader)->order->outTradeNo);
        $body = Notification::sign(self::PAID, $reader);
        self::assertInstanceOf(\WechatPay\PayException::class, $this->thrown(static fn () => Notification::headers($body, $reader)), 'it signs nothing');
    }

    /** @return array<string, array{array<string, string>}> */
    public static function withoutAKeyThatSigns(): array
    {
        $expired = V3Vectors::keys()['platform_expired'];
        return [
            'an expired certificate' => [['privateKey' => $expired['private_pem'], 'certificate' => $expired['certificate_pem']]],
            'the certificate of another key' => [['certificate' => $expired['certificate_pem']]],
            'no certificate file' => [['certificate' => '/nowhere/apiclient_cert.pem']],
            'no key file' => [['privateKey' => '/nowhere/apiclient_key.pem']],
            'no key' => [['privateKey' => __FILE__]],
        ];
    }

    public function testV22ANameTwiceIsMalformed(): void
    {
        $body = substr(Notification::sign(self::PAID, self::v3()), 0, -1) . ',"event_type":"REFUND.SUCCESS"}';
        $headers = Notification::headers($body, self::v3());
        self::assertInstanceOf(MalformedMessageException::class, $this->thrown(static fn () => Notification::receive($body, $headers, self::v3())));
    }

    public function testV23ASignatureTwiceIsRefused(): void
    {
        $body = Notification::sign(self::PAID, self::v3());
        $headers = Notification::headers($body, self::v3());
        $twice = ['Wechatpay-Signature' => [$headers['Wechatpay-Signature'], $headers['Wechatpay-Signature']]] + $headers;
        self::assertInstanceOf(SignatureException::class, $this->thrown(static fn () => Notification::receive($body, $twice, self::v3())));
    }

    public function testTheBestFittingMerchantTakesIt(): void
    {
        $provider = self::v3(subMchId: '1900000109', subAppid: 'wxsub');
        $notice = self::received(['sub_mchid' => '1900000109', 'sub_appid' => 'wxsub', 'sp_mchid' => SimulatorProcess::MCH_ID, 'sp_appid' => SimulatorProcess::APPID] + self::PAID, $provider, self::v3(), $provider);
        self::assertSame(['1900000109', '1900000109'], [$notice->merchant->subMchId, $notice->order->subMchId]);
        $e = $this->thrown(static fn () => self::received(self::PAID, self::v3(), self::v3(mchId: '10000101')));
        self::assertSame('mch_id', $e->field);
    }

    /** @dataProvider others */
    #[DataProvider('others')]
    public function testV4AnotherEventIsForTheMerchantThatItNames(array $told, ?string $wanted, string $event = 'MCHTRANSFER.BILL.FINISHED'): void
    {
        $merchants = [
            V3Platform::merchant(mchId: '1900007292', appid: 'wxother'),
            V3Platform::merchant(subMchId: '190', subAppid: 'wxsub'),
            V3Platform::merchant(subMchId: '191'),
            V3Platform::merchant(),
        ];
        $body = V3Platform::notice($told, $event);
        $receive = static fn () => Notification::receive($body, V3Platform::today('wechatpay_public')->signs($body), ...$merchants);
        if ($wanted === null) {
            self::assertInstanceOf(MismatchException::class, $this->thrown($receive));
            return;
        }
        $notice = $receive();
        self::assertSame($wanted, $notice->merchant->mchId . '/' . $notice->merchant->subMchId);
        self::assertStringStartsWith("other:{$notice->merchant->mchId}:", $notice->dedupeKey);
        self::assertSame([null, null, $event, 204], [$notice->order, $notice->refund, $notice->eventType, $notice->reply()->status]);
    }

    /** @return array<string, array{0: array<string, mixed>, 1: ?string, 2?: string}> */
    public static function others(): array
    {
        $own = V3Vectors::keys()['mchid'];
        $share = ['transaction_id' => '42', 'order_id' => '30', 'out_order_no' => 'P1', 'success_time' => '2026-11-22T10:30:00+08:00'];
        $order = ['mchid' => $own, 'out_trade_no' => 'T1', 'transaction_id' => '42', 'trade_state' => 'SUCCESS', 'amount' => ['total_amount' => 100]];
        return [
            'mch_id of another' => [['mch_id' => '1900007299'], null],
            'mchid as a number' => [['mchid' => 1900007292], '1900007292/'],
            'sp_mchid' => [['sp_mchid' => '1900007292'], '1900007292/'],
            'combine_mchid of another' => [['combine_mchid' => '1'], null],
            'a list' => [['mchid' => ['1900007292']], null],
            'the appid of another' => [['mchid' => $own, 'appid' => 'wxother'], null],
            'no sub-merchant' => [['mch_id' => $own], "$own/"],
            'a sub-merchant' => [['sp_mchid' => $own, 'sub_mchid' => '191'], "$own/191"],
            'a sub-merchant and its appid' => [['sp_mchid' => $own, 'sub_mchid' => '190', 'sub_appid' => 'wxsub'], "$own/190"],
            'a sub-merchant without its appid' => [['sp_mchid' => $own, 'sub_mchid' => '190'], "$own/190"],
            'an unknown sub-merchant' => [['sp_mchid' => $own, 'sub_mchid' => '199'], "$own/"],
            'who received a share' => [['mchid' => '1', 'sub_mchid' => '2', 'receiver' => ['type' => 'MERCHANT_ID', 'account' => $own]], "$own/"],
            'a provider\'s share of its sub-merchant\'s order' => [['sp_mchid' => $own, 'sub_mchid' => '191', 'receiver' => ['type' => 'MERCHANT_ID', 'account' => $own]], "$own/191"],
            'whose share another received' => [['mchid' => $own, 'receiver' => ['type' => 'MERCHANT_ID', 'account' => '1']], "$own/"],
            'nobody' => [['complaint_id' => '1'], '1900007292/'],
            'a share by the name of a payment' => [['mchid' => $own, 'receiver' => ['type' => 'MERCHANT_ID', 'account' => '1']] + $share, "$own/", 'TRANSACTION.SUCCESS'],
            'a combined order' => [['combine_mchid' => $own, 'combine_out_trade_no' => 'C1', 'sub_orders' => [$order]], "$own/", 'TRANSACTION.SUCCESS'],
            'a combined order of another' => [['combine_mchid' => '1', 'combine_out_trade_no' => 'C1', 'sub_orders' => [$order]], null, 'TRANSACTION.SUCCESS'],
            'a parking fee that was not paid' => [['sp_mchid' => $own, 'out_trade_no' => 'T1', 'trade_state' => 'FAIL'], "$own/", 'TRANSACTION.FAIL'],
        ];
    }

    public function testAShareOfAnotherSubMerchantsOrderIsRefused(): void
    {
        $own = V3Vectors::keys()['mchid'];
        $body = V3Platform::notice(['sp_mchid' => $own, 'sub_mchid' => '191', 'receiver' => ['type' => 'MERCHANT_ID', 'account' => $own]]);
        $signed = V3Platform::today('wechatpay_public')->signs($body);
        $e = $this->thrown(static fn () => Notification::receive($body, $signed, V3Platform::merchant(subMchId: '190')));
        self::assertInstanceOf(MismatchException::class, $e);
        self::assertSame('sub_mchid', $e->field);
    }

    public function testWhatIsInsideDecidesAndNotTheNameOfTheEvent(): void
    {
        $own = V3Platform::merchant();
        $receive = static function (array $told, string $event) use ($own): Notification {
            $body = V3Platform::notice($told + ['appid' => $own->appid, 'mchid' => $own->mchId], $event);
            return Notification::receive($body, V3Platform::today('wechatpay_public')->signs($body), $own);
        };
        self::assertSame('T100001', $receive(['trade_state' => 'SUCCESS'] + self::PAID, 'A.NEW.ONE')->order->outTradeNo);
        self::assertSame('R1', $receive(self::REFUNDED, 'TRANSACTION.SUCCESS')->refund->outRefundNo);
        foreach ([self::PAID, ['transaction_id' => null, 'trade_state' => 'SUCCESS'] + self::PAID] as $told) {
            self::assertInstanceOf(MalformedMessageException::class, $this->thrown(static fn () => $receive($told, 'TRANSACTION.SUCCESS')));
        }
    }

    public function testTheLineOfAPageWithALedgerAnswersEveryEvent(): void
    {
        $ledger = new Ledger(new \PDO('sqlite::memory:', null, null, [\PDO::ATTR_TIMEOUT => 5]), static function (): void {
        });
        $ledger->install();
        $ledger->open(self::v3(), 'T100001', 100);
        $answer = static fn (Notification $notice): int => ($notice->order || $notice->refund ? $ledger->applyNotification($notice) : $notice)->reply()->status;
        $share = ['mchid' => SimulatorProcess::MCH_ID, 'appid' => null, 'trade_state' => null, 'transaction_id' => '4200000001', 'order_id' => '30'];
        self::assertSame([204, 204, 204], array_map($answer, [self::received(self::PAID), self::received(self::REFUNDED), self::received($share)]));
        self::assertInstanceOf(\ValueError::class, $this->thrown(static fn () => $ledger->applyNotification(self::received($share))));
    }

    public function testASubMerchantThatIsNotOursIsNamedAsSuch(): void
    {
        $e = $this->thrown(static fn () => self::received(['sub_mchid' => '191', 'sp_mchid' => SimulatorProcess::MCH_ID, 'sp_appid' => SimulatorProcess::APPID] + self::PAID, self::v3(), self::v3(subMchId: '190')));
        self::assertSame(['sub_mch_id', true], [$e->field, str_contains($e->getMessage(), 'asked for 190, got 191')], $e->getMessage());
        $v2 = static fn (?string $sub) => new Merchant(SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY, subMchId: $sub);
        $e = $this->thrown(static fn () => Notification::read(Notification::sign(['out_trade_no' => 'T1'], $v2('191')), $v2('190')));
        self::assertSame(['sub_mch_id', true], [$e->field, str_contains($e->getMessage(), 'asked for 190, got 191')], $e->getMessage());
    }

    public function testReadSaysThatApiV3WantsReceive(): void
    {
        $body = Notification::sign(self::PAID, self::v3());
        foreach ([self::v2(), self::v3()] as $merchant) {
            $e = $this->thrown(static fn () => Notification::read($body, $merchant));
            self::assertInstanceOf(MalformedMessageException::class, $e);
            self::assertStringContainsString('Notification::receive() reads it', $e->getMessage());
        }
    }

    public function testAReplySendsStatusTypeAndBody(): void
    {
        $run = PhpProcess::code('WechatPay\Notification::refuse("not \"stored\"")->send(); echo "|", http_response_code();');
        self::assertSame('{"code":"FAIL","message":"not \"stored\""}|500', $run->output, $run->errors);
        self::assertSame('{"code":"FAIL","message":"x"}', (string) Notification::refuse('x'));
    }

    public function testHeadersAreSignedOnlyForAMerchantOfTests(): void
    {
        openssl_pkey_export(openssl_pkey_new(['private_key_bits' => 2048]), $other);
        $e = $this->thrown(static fn () => Notification::headers('{}', self::v3(privateKey: $other)));
        self::assertInstanceOf(\ValueError::class, $e);
        self::assertStringContainsString('Argument #2 ($merchant) must have the public half of its own private key', $e->getMessage());
    }

    /** @dataProvider vectors */
    #[DataProvider('vectors')]
    public function testEveryNoticeOfTheVectorsIsRefusedOutsideItsFiveMinutes(array $vector): void
    {
        $inputs = $vector['inputs'];
        $merchant = self::v3(mchId: $inputs['mchid'] ?? V3Vectors::keys()['mchid'], apiV3Key: $inputs['apiv3_key']);
        $headers = array_column($inputs['headers'], 1, 0);
        $body = $inputs['body'] ?? base64_decode($inputs['body_base64'] ?? $inputs['body_b64'] ?? '');
        self::assertInstanceOf(\WechatPay\PayException::class, $this->thrown(static fn () => Notification::receive($body, $headers, $merchant)));
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    public static function vectors(): iterable
    {
        foreach (V3Vectors::group('notify') as $vector) {
            yield $vector['id'] => [$vector];
        }
    }

    private function thrown(callable $call): \Throwable
    {
        try {
            $call();
        } catch (\Throwable $thrown) {
            return $thrown;
        }
        self::fail('Nothing was thrown.');
    }
}
