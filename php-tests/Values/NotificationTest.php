<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Advice;
use WechatPay\GatewayException;
use WechatPay\MalformedMessageException;
use WechatPay\Merchant;
use WechatPay\MismatchException;
use WechatPay\Notification;
use WechatPay\PayException;
use WechatPay\RefundNotice;
use WechatPay\RefundStatus;
use WechatPay\ServiceException;
use WechatPay\SignatureException;
use WechatPay\Signer;
use WechatPay\SignType;
use WechatPay\TradeState;
use WechatPay\Xml;

/** Notices as bytes; how a page answers them stands in NotificationEndpointTest. */
final class NotificationTest extends SimulatorTestCase
{
    private const PAID = [
        'out_trade_no' => 'T100001',
        'transaction_id' => '4200000000202611220000000001',
        'total_fee' => 100,
        'cash_fee' => 100,
        'trade_type' => 'NATIVE',
        'bank_type' => 'OTHERS',
        'openid' => 'oUpF8uMuAJO',
        'is_subscribe' => 'N',
        'attach' => '桌7',
        'time_end' => '20261122103000',
    ];

    /** @param array<string, mixed> $change */
    private function notice(array $change = [], ?Merchant $merchant = null): string
    {
        return Notification::sign($change + self::PAID, $merchant ?? $this->merchant());
    }

    /**
     * A refund notice as WeChat encrypts it.
     *
     * @param array<string, mixed> $inner
     * @param array<string, mixed> $outer
     */
    private static function refundNotice(array $inner = [], array $outer = [], string $key = SimulatorProcess::KEY): string
    {
        $inner += [
            'out_trade_no' => 'T100001',
            'transaction_id' => '4200000000202611220000000001',
            'out_refund_no' => 'R1',
            'refund_id' => '50000000002026112200000000001',
            'refund_status' => 'SUCCESS',
            'total_fee' => 100,
            'refund_fee' => 40,
            'success_time' => '2026-11-22 10:30:00',
        ];
        $secret = str_replace(['<xml>', '</xml>'], ['<root>', '</root>'], Xml::encode($inner));
        return Xml::encode($outer + [
            'return_code' => 'SUCCESS',
            'appid' => SimulatorProcess::APPID,
            'mch_id' => SimulatorProcess::MCH_ID,
            'nonce_str' => '5K8264ILTKCH16CQ',
            'req_info' => base64_encode(openssl_encrypt($secret, 'aes-256-ecb', md5($key), OPENSSL_RAW_DATA)),
        ]);
    }

    /** Asserts that a body is refused, by this class. */
    private static function assertNotBelieved(string $class, string $body, Merchant ...$merchants): PayException
    {
        $e = self::caught(static fn () => Notification::read($body, ...$merchants));
        self::assertSame($class, $e::class, $e->getMessage());
        self::assertFalse($e->retryable, 'the same bytes again never help');
        self::assertFalse($e->maybeProcessed);
        return $e;
    }

    public function testAPaymentIsAVerifiedOrder(): void
    {
        $merchant = $this->merchant();
        $notice = Notification::read($this->notice(), $merchant);
        self::assertNull($notice->refund);
        self::assertSame($merchant, $notice->merchant);
        $order = $notice->order;
        self::assertSame(
            [TradeState::Success, 'T100001', 100, '桌7', false, '2026-11-22T10:30:00+08:00'],
            [
                $order->tradeState,
                $order->outTradeNo,
                $order->totalFee,
                $order->attach,
                $order->isSubscribe,
                $order->timeEnd->format(DATE_ATOM),
            ],
        );
        self::assertTrue($order->isPaid());
    }

    public function testAStateInsideTheNoticeWins(): void
    {
        $notice = Notification::read($this->notice(['trade_state' => 'PAY_FAIL']), $this->merchant());
        self::assertSame(TradeState::Unknown, $notice->order->tradeState);
        $notice = Notification::read($this->notice(['trade_state' => 'SUCCESS']), $this->merchant());
        self::assertSame(TradeState::Success, $notice->order->tradeState);
    }

    public function testAFailedPaymentIsARefusal(): void
    {
        $body = $this->notice(['result_code' => 'FAIL', 'err_code' => 'BANKERROR']);
        $e = self::assertNotBelieved(ServiceException::class, $body, $this->merchant());
        self::assertSame(['BANKERROR', Advice::QueryOrder], [$e->errCode, $e->advice]);
    }

    public function testF1TheDedupeKeyIsTheSameForEveryRepeatOfOneEvent(): void
    {
        $key = fn (string $body): string => Notification::read($body, $this->merchant())->dedupeKey;
        self::assertSame('pay:10000100::4200000000202611220000000001', $key($this->notice()));
        self::assertSame($key($this->notice()), $key($this->notice(['nonce_str' => 'another'])));
        self::assertNotSame($key($this->notice()), $key($this->notice(['transaction_id' => '43'])));

        self::assertSame('refund:10000100::50000000002026112200000000001:SUCCESS', $key(self::refundNotice()));
        self::assertNotSame($key(self::refundNotice()), $key(self::refundNotice(['refund_status' => 'CHANGE'])));
    }

    public function testF2AForgedNoticeIsRefused(): void
    {
        $ours = $this->merchant();
        $theirs = $this->merchant(key: str_repeat('w', 32));
        self::assertNotBelieved(SignatureException::class, $this->notice([], $theirs), $ours);
        $fields = Xml::decode($this->notice());
        foreach ([null, '', strtolower($fields['sign']), str_repeat('0', 64)] as $sign) {
            $body = Xml::encode(array_filter(['sign' => $sign] + $fields, is_string(...)));
            $e = self::assertNotBelieved(SignatureException::class, $body, $ours);
            self::assertSame(Advice::FixConfiguration, $e->advice);
            self::assertDoesNotMatchRegularExpression('~[0-9A-F]{16}~', $e->getMessage(), 'no digest of ours');
        }
    }

    public function testF3WithoutReturnCodeAndSignNothingIsBelieved(): void
    {
        $fields = Xml::decode($this->notice());
        unset($fields['return_code'], $fields['sign']);
        self::assertNotBelieved(SignatureException::class, Xml::encode($fields), $this->merchant());
        $bare = ['out_trade_no' => 'T100001', 'total_fee' => 100, 'result_code' => 'SUCCESS'];
        self::assertNotBelieved(MismatchException::class, Xml::encode($bare), $this->merchant());
    }

    public function testP7AnUnsignedFailSaysNothingAboutAnyOrder(): void
    {
        $body = Xml::encode(['return_code' => 'FAIL', 'return_msg' => '签名失败']);
        $e = self::assertNotBelieved(GatewayException::class, $body, $this->merchant());
        self::assertStringContainsString('签名失败', $e->returnMsg);
    }

    public function testP8AReturnCodeNobodyKnowsIsMalformed(): void
    {
        foreach (['OK', 'success', 'fail'] as $code) {
            $body = Xml::encode(['return_code' => $code, 'return_msg' => 'OK']);
            self::assertNotBelieved(MalformedMessageException::class, $body, $this->merchant());
        }
        self::assertNotBelieved(MalformedMessageException::class, $this->notice(['return_code' => 'FAIL']), $this->merchant());
    }

    public function testF5TheSenderDoesNotChooseTheAlgorithm(): void
    {
        $ours = $this->merchant();
        $md5 = $this->merchant(signType: SignType::Md5);
        self::assertNotBelieved(SignatureException::class, $this->notice([], $md5), $ours);
        self::assertNotBelieved(SignatureException::class, $this->notice(['sign_type' => 'MD5'], $md5), $ours);
        self::assertNotBelieved(SignatureException::class, $this->notice(['sign_type' => 'MD5']), $ours);
        self::assertSame(100, Notification::read($this->notice(['sign_type' => 'HMAC-SHA256']), $ours)->order->totalFee);
    }

    public function testP4WhichAlgorithmsAreTaken(): void
    {
        $md5 = $this->merchant(signType: SignType::Md5);
        $widened = $this->merchant(acceptMd5: true);
        self::assertSame(100, Notification::read($this->notice([], $md5), $widened)->order->totalFee);
        self::assertSame(100, Notification::read($this->notice(), $md5)->order->totalFee, 'the stronger one, same key');
    }

    public function testP4BothKeysAreTakenWhileAKeyIsRotated(): void
    {
        $new = str_repeat('n', 32);
        $rotating = $this->merchant(key: $new, previousKey: SimulatorProcess::KEY);
        $done = $this->merchant(key: $new);
        foreach ([$this->notice(), self::refundNotice()] as $old) {
            self::assertNotSame('', Notification::read($old, $rotating)->dedupeKey);
        }
        foreach ([$this->notice([], $done), self::refundNotice(key: $new)] as $fresh) {
            self::assertNotSame('', Notification::read($fresh, $rotating)->dedupeKey);
        }
        self::assertNotBelieved(SignatureException::class, $this->notice(), $done);
        self::assertNotBelieved(MalformedMessageException::class, self::refundNotice(), $done);
        $oldMd5 = $this->notice([], $this->merchant(signType: SignType::Md5));
        self::assertNotBelieved(SignatureException::class, $oldMd5, $rotating);
    }

    public function testF6TruncatedAndEmptyBodiesAreRefused(): void
    {
        foreach ([$this->notice(), self::refundNotice()] as $body) {
            for ($length = 0; $length < \strlen($body) - 1; $length += 7) {
                self::assertNotBelieved(MalformedMessageException::class, substr($body, 0, $length), $this->merchant());
            }
        }
    }

    public function testF7ABodyThatAFrameworkHasAlteredIsRefusedAndTheMessageSaysWhy(): void
    {
        $body = $this->notice();
        foreach (['json' => json_encode(Xml::decode($body)), 'form' => http_build_query(Xml::decode($body)), 'trimmed' => strip_tags($body)] as $altered) {
            $e = self::assertNotBelieved(MalformedMessageException::class, $altered, $this->merchant());
            self::assertStringContainsString('php://input', $e->getMessage());
        }
        $recoded = mb_convert_encoding($body, 'GBK', 'UTF-8');
        self::assertNotBelieved(MalformedMessageException::class, $recoded, $this->merchant());
    }

    public function testF7RawBytesGoInAndOut(): void
    {
        $body = "\xEF\xBB\xBF" . str_replace("\n", "\r\n", $this->notice(['attach' => "a\tb<&>]]>c"]));
        self::assertSame("a\tb<&>]]>c", Notification::read($body, $this->merchant())->order->attach);
        self::assertNotBelieved(MalformedMessageException::class, str_replace('桌', "\xff", $this->notice()), $this->merchant());
    }

    public function testF13AForeignCurrencyAndCouponsAreShownNotHidden(): void
    {
        $order = Notification::read($this->notice(['fee_type' => 'USD']), $this->merchant())->order;
        self::assertSame('USD', $order->feeType, 'the shop compares it: absent means CNY');
        $coupon = ['cash_fee' => 90, 'coupon_fee' => 10, 'coupon_count' => 1, 'coupon_id_0' => '9001', 'coupon_fee_0' => 10];
        $order = Notification::read($this->notice($coupon), $this->merchant())->order;
        self::assertSame([100, 90, 10, '9001'], [$order->totalFee, $order->cashFee, $order->couponFee, $order->coupons[0]->id]);
    }

    public function testF14ANoticeForAnotherIsRefused(): void
    {
        $ours = $this->merchant();
        foreach (['appid' => 'wxother', 'mch_id' => '10000101', 'sub_mch_id' => '1'] as $field => $value) {
            $merchant = $field === 'sub_mch_id' ? $this->merchant(subMchId: '2') : $ours;
            $e = self::assertNotBelieved(MismatchException::class, $this->notice([$field => $value]), $merchant);
            self::assertSame(Advice::FixConfiguration, $e->advice);
            self::assertNotBelieved(MismatchException::class, self::refundNotice([], [$field => $value]), $merchant);
        }
    }

    public function testTheBestFittingMerchantIsPicked(): void
    {
        $provider = $this->merchant();
        $one = $this->merchant(subMchId: '1900000001');
        $two = $this->merchant(subMchId: '1900000002', subAppid: 'wxsub2');
        $other = $this->merchant(mchId: '10000200', key: str_repeat('o', 32));
        $all = [$provider, $one, $two, $other];
        $picked = static fn (string $body, Merchant ...$merchants): Merchant => Notification::read($body, ...$merchants)->merchant;

        self::assertSame($provider, $picked($this->notice(), ...$all));
        self::assertSame($one, $picked($this->notice([], $one), ...$all));
        self::assertSame($two, $picked($this->notice([], $two), ...$all));
        self::assertSame($other, $picked($this->notice([], $other), ...$all), 'verified with its own key');
        self::assertSame($provider, $picked($this->notice(['sub_mch_id' => '1900000003']), ...$all));
        self::assertNotBelieved(MismatchException::class, $this->notice(['sub_mch_id' => '1900000003']), $one, $two);
        self::assertSame('1900000001', Notification::read($this->notice([], $one), $provider)->order->subMchId);
        $key = Notification::read($this->notice([], $one), $provider)->dedupeKey;
        self::assertSame('pay:10000100:1900000001:4200000000202611220000000001', $key);
    }

    /** @dataProvider malformed */
    #[DataProvider('malformed')]
    public function testP14WhatANoticeMustHave(array $change): void
    {
        self::assertNotBelieved(MalformedMessageException::class, $this->notice($change), $this->merchant());
    }

    /** @return iterable<array{array<string, mixed>}> */
    public static function malformed(): iterable
    {
        foreach (['out_trade_no', 'transaction_id', 'total_fee'] as $name) {
            yield "no $name" => [[$name => '']];
        }
        foreach (['-1', '1.0', '1e3', '０１', ' 1', '9223372036854775808'] as $amount) {
            yield "total_fee $amount" => [['total_fee' => $amount]];
        }
        yield 'cash_fee' => [['cash_fee' => 'x']];
        yield 'result_code' => [['result_code' => 'MAYBE']];
    }

    public function testF19TheRepliesAreTheExactBytes(): void
    {
        $vectors = json_decode(file_get_contents(ROOT . '/php-tests/fixtures/vectors.json'), true)['v2_notify_reply'];
        self::assertSame($vectors['success'], Notification::success());
        self::assertSame($vectors['fail'], Notification::fail('reason'));
        foreach (['', "a]]>b", '</return_msg>', "two\nlines", "\xff\xfe", str_repeat('长', 500)] as $reason) {
            $reply = Notification::fail($reason);
            self::assertSame('FAIL', Xml::decode($reply)['return_code']);
            self::assertLessThan(400, \strlen($reply));
            self::assertStringNotContainsString("\n", $reply);
        }
        self::assertSame('a]]>b', Xml::decode(Notification::fail('a]]>b'))['return_msg']);
    }

    public function testARefundNoticeIsAClaim(): void
    {
        $notice = Notification::read(self::refundNotice(), $this->merchant());
        self::assertNull($notice->order);
        $claim = $notice->refund;
        self::assertSame(
            ['T100001', 'R1', RefundStatus::Success, 40, 100, '2026-11-22T10:30:00+08:00'],
            [
                $claim->outTradeNo,
                $claim->outRefundNo,
                $claim->refundStatus,
                $claim->refundFee,
                $claim->totalFee,
                $claim->successTime->format(DATE_ATOM),
            ],
        );
        self::assertSame('40', $claim->fields()['refund_fee']);
        $json = json_decode(json_encode($claim), true);
        self::assertSame(['SUCCESS', '2026-11-22T10:30:00+08:00'], [$json['refundStatus'], $json['successTime']]);
    }

    public function testP11ARefundStatusNobodyKnowsIsUnknown(): void
    {
        $notice = Notification::read(self::refundNotice(['refund_status' => 'NEW']), $this->merchant());
        self::assertSame([RefundStatus::Unknown, 'NEW'], [$notice->refund->refundStatus, $notice->refund->fields()['refund_status']]);
        self::assertStringEndsWith(':NEW', $notice->dedupeKey);
    }

    /** @dataProvider badReqInfo */
    #[DataProvider('badReqInfo')]
    public function testF21ABadReqInfoIsRefusedAndTellsNothing(string $reqInfo): void
    {
        $e = self::assertNotBelieved(MalformedMessageException::class, self::refundNotice([], ['req_info' => $reqInfo]), $this->merchant());
        self::assertStringNotContainsString(SimulatorProcess::KEY, $e->getMessage());
    }

    /** @return iterable<string, array{string}> */
    public static function badReqInfo(): iterable
    {
        $raw = static fn (string $text, int $flags = 0): string => base64_encode(
            openssl_encrypt($text, 'aes-256-ecb', md5(SimulatorProcess::KEY), OPENSSL_RAW_DATA | $flags),
        );
        yield 'no base64' => ['@@not base64@@'];
        yield 'too short' => [base64_encode('abc')];
        yield 'no whole blocks' => [base64_encode(str_repeat('x', 33))];
        yield 'another key' => [base64_encode(random_bytes(64))];
        yield 'padding of 0' => [$raw(str_repeat("\0", 16), OPENSSL_ZERO_PADDING)];
        yield 'padding of 17' => [$raw(str_repeat("\x11", 32), OPENSSL_ZERO_PADDING)];
        yield 'unequal padding' => [$raw("<root></root>\x03\x02\x03", OPENSSL_ZERO_PADDING)];
        yield 'no root' => [$raw('<xml><refund_id>1</refund_id></xml>')];
        yield 'no XML' => [$raw('nothing of the kind')];
        yield 'numbers are missing' => [$raw('<root><a>012345678901</a></root>')];
        yield 'DOCTYPE' => [$raw('<!DOCTYPE root><root><refund_id>1</refund_id></root>')];
    }

    public function testF21NoRefusalTellsWhichCheckFailed(): void
    {
        $says = [];
        foreach (['another key', 'padding of 0', 'padding of 17', 'unequal padding', 'no root', 'no XML', 'DOCTYPE'] as $name) {
            $reqInfo = iterator_to_array(self::badReqInfo())[$name][0];
            $e = self::caught(fn () => Notification::read(self::refundNotice([], ['req_info' => $reqInfo]), $this->merchant()));
            $says[] = $e->getMessage();
        }
        self::assertCount(1, array_unique($says));
    }

    public function testWrongArgumentsArePhpsOwnErrors(): void
    {
        $body = $this->notice();
        $merchant = $this->merchant();
        self::assertInstanceOf(\ValueError::class, self::caught(static fn () => Notification::read($body)));
        foreach ([[null, $merchant], [[], $merchant], [$body, 'merchant'], [$body, $merchant, null]] as $arguments) {
            $e = self::caught(static fn () => Notification::read(...$arguments));
            self::assertInstanceOf(\TypeError::class, $e);
            self::assertStringContainsString('WechatPay\Notification::read(): Argument #', $e->getMessage());
        }
        self::assertInstanceOf(\TypeError::class, self::caught(static fn () => Notification::sign(['a' => []], $merchant)));
        self::assertInstanceOf(\ValueError::class, self::caught(static fn () => Notification::sign(['a b' => 'x'], $merchant)));
        self::assertInstanceOf(\TypeError::class, self::caught(static fn () => Notification::fail([])));
        self::assertSame([], self::requests());
    }

    public function testANoticeCanNeitherBeMadeNorUnserialized(): void
    {
        foreach ([Notification::class, RefundNotice::class] as $class) {
            self::assertFalse((new \ReflectionClass($class))->isInstantiable());
            $text = sprintf('O:%d:"%s":0:{}', \strlen($class), $class);
            self::assertInstanceOf(\Throwable::class, self::caught(static fn () => unserialize($text)));
        }
        $notice = Notification::read($this->notice(), $this->merchant());
        self::assertInstanceOf(\Error::class, self::caught(static fn () => $notice->order = null));
        self::assertStringNotContainsString(SimulatorProcess::KEY, print_r($notice, true) . json_encode($notice));
    }

    public function testWhatSignMakesIsWhatASecondEyeWouldMake(): void
    {
        $fields = Xml::decode($this->notice(['attach' => null]));
        self::assertArrayNotHasKey('attach', $fields);
        $sign = $fields['sign'];
        unset($fields['sign']);
        ksort($fields, SORT_STRING);
        $text = urldecode(http_build_query($fields)) . '&key=' . SimulatorProcess::KEY;
        self::assertSame(strtoupper(hash_hmac('sha256', $text, SimulatorProcess::KEY)), $sign);
        Signer::verify($fields + ['sign' => $sign], SimulatorProcess::KEY, SignType::HmacSha256);
    }
}
