<?php

declare(strict_types=1);

namespace WechatPayTests;

use PDO;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use WechatPay\Advice;
use WechatPay\Ledger;
use WechatPay\MalformedMessageException;
use WechatPay\Merchant;
use WechatPay\Notification;
use WechatPay\PayException;
use WechatPay\ScanPay;
use WechatPay\SignatureException;
use WechatPay\Signer;
use WechatPay\SignType;
use WechatPay\Xml;

/** `k=v&k=v` can be split in more than one way: no second one is believed, and no stranger's text is signed. */
final class SplitTextTest extends TestCase
{
    private const APPID = 'wx2421b1c4370ec43b';
    private const MCH_ID = '10000100';
    private const KEY = '0123456789abcdefghijKLMNOPQRSTUV';

    private static function merchant(bool $acceptMd5 = false): Merchant
    {
        return $acceptMd5
            ? new Merchant(self::APPID, self::MCH_ID, self::KEY, acceptMd5: true)
            : new Merchant(self::APPID, self::MCH_ID, self::KEY, signType: SignType::Md5);
    }

    private static function caught(callable $call): ?\Throwable
    {
        try {
            $call();
        } catch (\Throwable $e) {
            return $e;
        }
        return null;
    }

    /** PHP's own sign, of any fields. */
    private static function signed(array $fields): array
    {
        ksort($fields, SORT_STRING);
        $pairs = [];
        foreach (array_filter($fields, static fn ($text) => (string) $text !== '') as $name => $text) {
            $pairs[] = "$name=$text";
        }
        return $fields + ['sign' => strtoupper(md5(implode('&', $pairs) . '&key=' . self::KEY))];
    }

    /** @return array<string, string> a genuine notice of 1 fen */
    private static function notice(array $change = []): array
    {
        return self::signed($change + [
            'appid' => self::APPID, 'mch_id' => self::MCH_ID, 'nonce_str' => 'n', 'return_code' => 'SUCCESS',
            'result_code' => 'SUCCESS', 'out_trade_no' => 'cake-0002', 'transaction_id' => '4200', 'total_fee' => '1',
        ]);
    }

    /** The shop's callback page that tells a stranger what was wrong with the request. */
    private static function page(string $body, ScanPay $scanPay): string
    {
        try {
            return $scanPay->read($body)->productId;
        } catch (PayException $e) {
            return $scanPay->refuse($e->getMessage());
        }
    }

    public function testR1APageThatRepeatsAStrangersWordsSignsNoPayment(): void
    {
        $evil = '&mch_id=10000100&out_trade_no=cake-0001&result_code=SUCCESS&return_code=SUCCESS&total_fee=1230&transaction_id=4&z=';
        $scanPay = new ScanPay(self::merchant());
        $e = self::caught(static fn () => self::page("<xml><a></$evil></xml>", $scanPay));
        self::assertInstanceOf(\ValueError::class, $e);
        self::assertStringContainsString('Argument #1 ($reason) must be at most 64 letters', $e->getMessage());
        $marks = array_merge(array_map('chr', range(0, 31)), ['&', '=', '<', '>', '"', "'", '%', '/', '_', "\u{FF06}", "\u{FF1D}"]);
        foreach ($marks as $mark) {
            $e = self::caught(static fn () => $scanPay->refuse("sold{$mark}out"));
            self::assertInstanceOf(\ValueError::class, $e, bin2hex($mark));
        }
        foreach (['sold out', '卖完了，明天再来！', 'Sold out: 3 - 5 left?', str_repeat('完', 64), ''] as $reason) {
            self::assertSame($reason, Xml::decode($scanPay->refuse($reason))['err_code_des']);
        }
    }

    /** What such a page signed before: the signed text is right, and split into a payment it is refused nevertheless. */
    public function testR1R61WhatWasSignedAsARefusalIsNoPayment(): void
    {
        $evil = '&mch_id=10000100&out_trade_no=cake-0001&result_code=SUCCESS&return_code=SUCCESS&total_fee=1230&transaction_id=4&z=';
        $a = self::signed(['appid' => self::APPID, 'mch_id' => self::MCH_ID, 'nonce_str' => 'n', 'return_code' => 'SUCCESS',
            'result_code' => 'FAIL', 'err_code_des' => "malformed XML: expected `</a>`, but `</$evil` was found"]);
        [$before, $after] = explode($evil, $a['err_code_des']);
        $forged = ['appid' => self::APPID, 'err_code_des' => $before, 'mch_id' => '10000100', 'out_trade_no' => 'cake-0001',
            'result_code' => 'SUCCESS', 'return_code' => 'SUCCESS', 'total_fee' => '1230', 'transaction_id' => '4',
            'sign' => $a['sign'], 'z' => "$after&mch_id=10000100&nonce_str=n&result_code=FAIL&return_code=SUCCESS"];
        self::assertSame($a['sign'], self::signed(array_diff_key($forged, ['sign' => 1]))['sign'], 'one sign for both');
        foreach ([self::merchant(), self::merchant(acceptMd5: true)] as $merchant) {
            foreach ([$forged, $a] as $document) {
                $e = self::caught(static fn () => Notification::read(Xml::encode($document), $merchant));
                self::assertInstanceOf(MalformedMessageException::class, $e);
                self::assertSame([Advice::QueryOrder, false], [$e->advice, $e->retryable]);
                self::assertStringContainsString('&mch_id=', $e->getMessage());
            }
        }
        $pdo = new PDO('sqlite::memory:');
        $credits = 0;
        $ledger = new Ledger($pdo, static function () use (&$credits): void { $credits++; });
        $ledger->install();
        $ledger->open(self::merchant(), 'cake-0001', 1230);
        self::caught(static fn () => $ledger->applyNotification(Notification::read(Xml::encode($forged), self::merchant())));
        self::assertSame(0, $credits);
    }

    public function testR61AGenuineNoticeWhoseTextIsAlsoAnotherOneIsNotBelieved(): void
    {
        $hidden = 'x&mch_id=10000100&out_trade_no=TV-1&result_code=SUCCESS&return_code=SUCCESS&total_fee=999900&transaction_id=42&z=';
        foreach (['attach' => $hidden, 'return_msg' => 'OK&sub_mch_id=1900000109', 'bank_type' => 'x&cash_fee=1',
            'device_info' => '&refund_fee_0_1=&', 'openid' => 'o&x=1', 'err_code' => '1&z=2'] as $name => $text) {
            $e = self::caught(static fn () => Notification::read(Xml::encode(self::notice([$name => $text])), self::merchant()));
            self::assertInstanceOf(MalformedMessageException::class, $e, $name);
            self::assertStringContainsString($name, $e->getMessage());
        }
        foreach (['attach' => 'a=1&b=2', 'return_msg' => 'A&B', 'bank_type' => 'total_fee=1'] as $name => $text) {
            $order = Notification::read(Xml::encode(self::notice([$name => $text])), self::merchant())->order;
            self::assertSame($text, $order->fields()[$name]);
        }
    }

    /** @dataProvider wrongIds */
    #[DataProvider('wrongIds')]
    public function testR1AnIdOutsideItsCharsetIsMalformed(string $name, string $id): void
    {
        $e = self::caught(static fn () => Notification::read(Xml::encode(self::notice([$name => $id])), self::merchant()));
        self::assertInstanceOf(MalformedMessageException::class, $e);
        self::assertStringContainsString("field $name", $e->getMessage());
    }

    public static function wrongIds(): iterable
    {
        foreach (['out_trade_no', 'transaction_id', 'out_refund_no', 'refund_id', 'sub_appid', 'sub_mch_id', 'openid', 'prepay_id'] as $name) {
            foreach (['a b', 'a=b', '订单', "a\n", 'a/b', "<b>", str_repeat('x', 129)] as $id) {
                yield "$name $id" => [$name, $id];
            }
        }
    }

    public function testR61AToolOfOnesOwnIsNotFooledEither(): void
    {
        $genuine = self::notice(['attach' => 'x&trade_state=SUCCESS&z=']);
        $e = self::caught(static fn () => Signer::verify($genuine, self::KEY, SignType::Md5));
        self::assertInstanceOf(MalformedMessageException::class, $e);
        self::assertSame(Advice::GiveUp, $e->advice);
        Signer::verify(self::notice(['attach' => 'a=1&b=2']), self::KEY, SignType::Md5);
        $e = self::caught(static fn () => Signer::verify(['sign' => str_repeat('0', 32)] + $genuine, self::KEY, SignType::Md5));
        self::assertInstanceOf(SignatureException::class, $e, 'the sign comes first');
    }

    /** @return iterable<string, array{string, callable(string): mixed}> the argument, and a call that carries the text in it */
    public static function senders(): iterable
    {
        $merchant = static fn () => new Merchant(self::APPID, self::MCH_ID, self::KEY);
        foreach (EveryCall::all() as $name => $call) {
            foreach ($call->texts as $carrier => $send) {
                $argument = strtok($carrier, ' ');
                yield "$name $carrier" => [$argument, static fn (string $text) => $send(EveryCall::of($name, $merchant()), $text)];
            }
        }
        yield 'answer' => ['prepayId', static fn (string $text) => (new ScanPay($merchant()))->answer($text)];
        yield 'refuse' => ['reason', static fn (string $text) => (new ScanPay($merchant()))->refuse($text)];
        yield 'productUrl' => ['productId', static fn (string $text) => (new ScanPay($merchant()))->productUrl($text)];
    }

    /** @dataProvider senders */
    #[DataProvider('senders')]
    public function testR1R61NoCallSendsATextThatHidesADecidingField(string $argument, callable $send): void
    {
        foreach (['&out_trade_no=', 'x&sign_type=MD5', '&refund_fee_1=1', '&key='] as $text) {
            $e = self::caught(static fn () => $send($text));
            self::assertInstanceOf(\ValueError::class, $e, $text);
            self::assertStringContainsString("(\$$argument)", $e->getMessage(), $text);
        }
        if ($argument !== 'detail') {   // JSON writes it as \r
            $e = self::caught(static fn () => $send("a\rb"));
            self::assertInstanceOf(\ValueError::class, $e);
            self::assertStringContainsString("(\$$argument)", $e->getMessage());
        }
    }
}
