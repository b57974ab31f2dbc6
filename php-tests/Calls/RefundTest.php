<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Advice;
use WechatPay\Merchant;
use WechatPay\MismatchException;
use WechatPay\PayException;
use WechatPay\Refund;
use WechatPay\RefundQuery;
use WechatPay\RefundReceipt;
use WechatPay\RefundStatus;
use WechatPay\ServiceException;
use WechatPay\TransportException;

final class RefundTest extends TradeTestCase
{
    private const NUMBER = 'T100001';
    private const REFUND = 'R100001-1';
    private const PATH = '/secapi/pay/refund';

    protected function setUp(): void
    {
        parent::setUp();
        self::paid(self::NUMBER);
    }

    /** @param array<string, mixed> $with arguments of byOutTradeNo() by name */
    private function refund(array $with = [], ?Merchant $merchant = null, mixed ...$gateway): RefundReceipt
    {
        $refund = new Refund($merchant ?? $this->shop(), $this->gateway(...$gateway));
        return $refund->byOutTradeNo(...$with + [
            'outTradeNo' => self::NUMBER,
            'outRefundNo' => self::REFUND,
            'totalFee' => 100,
            'refundFee' => 40,
        ]);
    }

    /** @return list<array<string, mixed>> */
    private static function bookedRefunds(): array
    {
        return self::$simulator->control('GET', '/refunds');
    }

    public function testAnAnswerMeansAccepted(): void
    {
        $receipt = $this->refund();
        [$booked] = self::bookedRefunds();
        self::assertSame(
            [self::NUMBER, self::REFUND, $booked['refund_id'], 40, 100, 100],
            [
                $receipt->outTradeNo,
                $receipt->outRefundNo,
                $receipt->refundId,
                $receipt->refundFee,
                $receipt->totalFee,
                $receipt->cashFee,
            ],
        );
        self::assertSame('PROCESSING', $booked['status'], 'the money is not back yet');
        self::assertSame('40', $receipt->fields()['refund_fee']);
        self::assertSame([], $receipt->coupons);
        self::assertTrue(self::sent(self::PATH)[0]['client_certificate']);
    }

    public function testByWechatsNumber(): void
    {
        $id = self::booked(self::NUMBER)['payment']['transaction_id'];
        $receipt = (new Refund($this->shop(), $this->gateway()))->byTransactionId($id, self::REFUND, 100, 100);
        self::assertSame([$id, 100], [$receipt->transactionId, $receipt->refundFee]);
        $sent = self::sentFields(self::PATH)[0];
        self::assertSame([$id, false], [$sent['transaction_id'], isset($sent['out_trade_no'])]);
    }

    public function testOptionsAreSent(): void
    {
        $options = [
            'refund_desc' => '没有牛奶',
            'notify_url' => self::NOTIFY_URL,
            'refund_account' => 'REFUND_SOURCE_RECHARGE_FUNDS',
            'op_user_id' => null,
        ];
        $this->refund(['options' => $options]);
        $sent = self::sentFields(self::PATH)[0];
        self::assertEquals(array_filter($options), array_intersect_key($sent, $options));
    }

    public function testCouponsGoBackToo(): void
    {
        self::order('T100002', ['trade_state' => 'SUCCESS', 'coupons' => [['id' => '9001', 'type' => 'CASH', 'fee' => 10]]]);
        $receipt = $this->refund(['outTradeNo' => 'T100002', 'refundFee' => 100]);
        self::assertSame([90, 10], [$receipt->cashRefundFee, $receipt->couponRefundFee]);
        self::assertCount(1, $receipt->coupons);
        self::assertSame(['CASH', 10], [$receipt->coupons[0]->type, $receipt->coupons[0]->fee]);
    }

    public function testTheSameNumberAgainRefundsNothingMore(): void
    {
        $first = $this->refund();
        self::assertSame($first->refundId, $this->refund()->refundId);
        self::assertCount(1, self::bookedRefunds());
    }

    public function testTheSameNumberWithAnotherAmountIsRefused(): void
    {
        $this->refund();
        $e = self::thrown(ServiceException::class, fn () => $this->refund(['refundFee' => 41]));
        self::assertSame('INVALID_REQUEST', $e->errCode);
        self::assertVerdict(Advice::FixCall, false, false, $e);
        self::assertCount(1, self::bookedRefunds());
    }

    public function testPartsNeverExceedTheWhole(): void
    {
        foreach ([40, 40, 20] as $at => $fee) {
            $this->refund(['outRefundNo' => "R$at", 'refundFee' => $fee]);
        }
        $e = self::thrown(ServiceException::class, fn () => $this->refund(['outRefundNo' => 'R3', 'refundFee' => 1]));
        self::assertFalse($e->maybeProcessed);
        self::assertSame(100, array_sum(array_column(self::bookedRefunds(), 'refund_fee')));
    }

    /** @dataProvider passingErrors */
    #[DataProvider('passingErrors')]
    public function testL17ACodeThatAsksForAnotherTryIsRepeatedWithTheSameNumber(string $code): void
    {
        $answers = ['name' => 'err_code', 'value' => $code, 'times' => 2];
        self::$simulator->control('POST', '/balance', ['fen' => 0]);
        self::spoil(self::PATH, 'set_field', $answers);
        $e = self::thrown(ServiceException::class, fn () => $this->refund());
        self::assertSame('NOTENOUGH', $e->errCode, 'the third answer counts');
        self::assertSameNumberEachTime(3);
    }

    public function testL17AfterTwoSystemErrorsTheThirdTryIsAccepted(): void
    {
        self::spoil(self::PATH, 'system_error', ['times' => 2]);
        self::assertSame(self::REFUND, $this->refund()->outRefundNo);
        self::assertSameNumberEachTime(3);
        self::assertCount(1, self::bookedRefunds());
    }

    public function testL17ThreeSendsAreTheMost(): void
    {
        self::spoil(self::PATH, 'system_error', ['times' => 5]);
        $e = self::thrown(ServiceException::class, fn () => $this->refund());
        self::assertSame('SYSTEMERROR', $e->errCode);
        self::assertVerdict(Advice::Retry, true, true, $e);
        self::assertSameNumberEachTime(3);
    }

    /** @return iterable<string, array{string}> */
    public static function passingErrors(): iterable
    {
        yield 'SYSTEMERROR' => ['SYSTEMERROR'];
        yield 'BIZERR_NEED_RETRY' => ['BIZERR_NEED_RETRY'];
    }

    /** Asserts that all sends were one and the same refund. */
    private static function assertSameNumberEachTime(int $sends): void
    {
        $sent = self::sentFields(self::PATH);
        self::assertCount($sends, $sent);
        self::assertSame([self::REFUND], array_values(array_unique(array_column($sent, 'out_refund_no'))));
        self::assertSame(['40'], array_values(array_unique(array_column($sent, 'refund_fee'))));
        self::assertCount($sends, array_unique(array_column($sent, 'nonce_str')), 'each send has a nonce of its own');
    }

    public function testL17ALostAnswerIsAskedAboutAndThenRepeatedWithTheSameNumber(): void
    {
        self::spoil(self::PATH, 'no_answer');
        $e = self::thrown(TransportException::class, fn () => $this->refund([], null, timeoutMs: 400));
        self::assertVerdict(Advice::QueryOrder, true, true, $e);
        self::assertSame(self::NUMBER, $e->outTradeNo);
        self::assertCount(1, self::sent(self::PATH), 'what acts is sent once');

        $list = (new RefundQuery($this->merchant(), $this->gateway()))->byOutRefundNo(self::REFUND);
        self::assertSame([RefundStatus::Processing, 40], [$list->entries[0]->refundStatus, $list->pendingFee]);

        self::assertSame($list->entries[0]->refundId, $this->refund()->refundId);
        self::assertCount(1, self::bookedRefunds());
    }

    public function testL17WhatNeverLeftUsWasNotProcessed(): void
    {
        self::fault('refuse');
        $e = self::thrown(TransportException::class, fn () => $this->refund());
        self::assertVerdict(Advice::Retry, true, false, $e);
    }

    public function testAnEmptyBalanceIsForTheShop(): void
    {
        self::$simulator->control('POST', '/balance', ['fen' => 39]);
        $e = self::thrown(ServiceException::class, fn () => $this->refund());
        self::assertSame('NOTENOUGH', $e->errCode);
        self::assertVerdict(Advice::Wait, true, false, $e);

        self::$simulator->control('POST', '/balance', ['fen' => 40]);
        self::assertSame(40, $this->refund()->refundFee);
    }

    public function testOrdersThatCannotBeRefunded(): void
    {
        self::order('T100002');
        self::order('T100003', ['trade_state' => 'CLOSED']);
        $codes = [];
        foreach (['T100002', 'T100003', 'T999999'] as $number) {
            $e = self::thrown(ServiceException::class, fn () => $this->refund(['outTradeNo' => $number]));
            $codes[$number] = [$e->errCode, $e->advice->name, $e->maybeProcessed];
        }
        self::assertSame([
            'T100002' => ['ORDERNOTEXIST', 'QueryOrder', false],
            'T100003' => ['ERROR', 'GiveUp', false],
            'T999999' => ['ORDERNOTEXIST', 'QueryOrder', false],
        ], $codes);

        self::passTime(366 * 86_400);
        $e = self::caught(fn () => $this->refund());
        self::assertSame(['TRADE_OVERDUE', Advice::GiveUp], [$e->errCode, $e->advice]);
    }

    public function testP6TheAnswerMustNameBothNumbers(): void
    {
        foreach (['out_trade_no', 'out_refund_no'] as $field) {
            self::spoil(self::PATH, 'remove_field', ['name' => $field]);
            $e = self::thrown(MismatchException::class, fn () => $this->refund());
            self::assertSame([$field, true], [$e->field, $e->maybeProcessed]);
            self::spoil(self::PATH, 'set_field', ['name' => $field, 'value' => 'R1']);
            self::assertSame($field, self::thrown(MismatchException::class, fn () => $this->refund())->field);
        }
    }

    public function testN28APemTextAPathAndAP12AreTaken(): void
    {
        $ready = self::$simulator->ready;
        $texts = ['certificate' => file_get_contents($ready['cert_file']), 'privateKey' => file_get_contents($ready['key_file'])];
        foreach ([
            'texts' => $texts,
            'one text' => ['certificate' => $texts['certificate'] . $texts['privateKey']],
            'paths' => ['certificate' => $ready['cert_file'], 'privateKey' => $ready['key_file']],
            'p12, its password the mch_id' => ['certificate' => $ready['p12_file']],
            'p12 as bytes' => ['certificate' => file_get_contents($ready['p12_file'])],
            'p12 with a password' => ['certificate' => $ready['p12_file'], 'certificatePassword' => SimulatorProcess::MCH_ID],
        ] as $name => $settings) {
            $merchant = $this->merchant(...$settings);
            self::assertSame(40, $this->refund([], $merchant)->refundFee, $name);
            self::assertGreaterThan(new \DateTimeImmutable(), $merchant->certificateExpiresAt, $name);
        }
    }

    /** @dataProvider uselessCertificates */
    #[DataProvider('uselessCertificates')]
    public function testN28AnUnusableCertificateIsSaidBeforeAnythingIsSent(string $says, callable $settings): void
    {
        $merchant = $this->merchant(...$settings(self::$simulator->ready));
        $e = self::thrown(PayException::class, fn () => $this->refund([], $merchant));
        self::assertStringContainsString($says, $e->getMessage());
        self::assertStringNotContainsString('BEGIN', $e->getMessage(), 'it is never shown');
        self::assertVerdict(Advice::FixConfiguration, false, false, $e);
        self::assertSame([], self::requests());
    }

    /** @return iterable<string, array{string, callable}> */
    public static function uselessCertificates(): iterable
    {
        yield 'missing' => ["needs the merchant's client certificate", static fn () => []];
        yield 'no such file' => ['/nowhere/apiclient_cert.pem', static fn () => [
            'certificate' => '/nowhere/apiclient_cert.pem',
            'privateKey' => '/nowhere/apiclient_key.pem',
        ]];
        yield 'expired' => ['expired on', static fn (array $ready) => [
            'certificate' => $ready['expired_cert_file'],
            'privateKey' => $ready['expired_key_file'],
        ]];
        yield 'of another merchant' => ['is that of merchant 10000100, not of 10000200', static fn (array $ready) => [
            'mchId' => '10000200',
            'certificate' => $ready['cert_file'],
            'privateKey' => $ready['key_file'],
        ]];
        yield 'with the key of another' => ['does not belong', static fn (array $ready) => [
            'certificate' => $ready['cert_file'],
            'privateKey' => $ready['expired_key_file'],
        ]];
        yield 'wrong password' => ['password', static fn (array $ready) => [
            'certificate' => $ready['p12_file'],
            'certificatePassword' => 'wrong',
        ]];
    }

    public function testN28AMerchantWithADeadCertificateStillReadsNotices(): void
    {
        $ready = self::$simulator->ready;
        $merchant = $this->merchant(certificate: $ready['expired_cert_file'], privateKey: $ready['expired_key_file']);
        self::assertLessThan(new \DateTimeImmutable(), $merchant->certificateExpiresAt);
        $fields = ['out_trade_no' => 'T1', 'transaction_id' => '42', 'total_fee' => 1];
        $body = \WechatPay\Notification::sign($fields, $merchant);
        self::assertSame(1, \WechatPay\Notification::read($body, $merchant)->order->totalFee);
    }

    /** @dataProvider wrongArguments */
    #[DataProvider('wrongArguments')]
    public function testAnArgumentThatNoRefundCouldUseIsRefusedByName(string $argument, mixed $value): void
    {
        self::assertRefused($argument, fn () => $this->refund([$argument => $value]));
    }

    /** @return list<array{string, mixed}> */
    public static function wrongArguments(): array
    {
        return [
            ['outTradeNo', ''],
            ['outTradeNo', str_repeat('x', 33)],
            ['outRefundNo', ''],
            ['outRefundNo', str_repeat('x', 65)],
            ['outRefundNo', 'R 1'],
            ['totalFee', 0],
            ['refundFee', 0],
            ['refundFee', -1],
            ['refundFee', 101],
            ['options', ['total_fee' => 1]],
            ['options', ['refund_desc' => "\0"]],
        ];
    }

    public function testAReceiptCanNeitherBeMadeNorUnserialized(): void
    {
        self::assertFalse((new \ReflectionClass(RefundReceipt::class))->isInstantiable());
        $text = sprintf('O:%d:"%s":0:{}', \strlen(RefundReceipt::class), RefundReceipt::class);
        self::assertInstanceOf(\Throwable::class, self::caught(static fn () => unserialize($text)));
        self::assertInstanceOf(\Throwable::class, self::caught(fn () => serialize($this->refund())));
    }
}
