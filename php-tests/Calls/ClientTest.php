<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Advice;
use WechatPay\Client;
use WechatPay\MismatchException;
use WechatPay\ServiceException;
use WechatPay\SignatureException;
use WechatPay\Signer;
use WechatPay\SignType;
use WechatPay\TransportException;

final class ClientTest extends SimulatorTestCase
{
    private function client(): Client
    {
        return new Client($this->merchant(), $this->gateway());
    }

    public function testItGivesAllFieldsOfAVerifiedAnswerAsText(): void
    {
        self::order('T100001');
        $answer = $this->client()->call('/pay/orderquery', ['out_trade_no' => 'T100001']);
        self::assertSame($answer, array_filter($answer, 'is_string'));
        self::assertSame(['NOTPAY', '100'], [$answer['trade_state'], $answer['total_fee']]);
        Signer::verify($answer, SimulatorProcess::KEY, SignType::HmacSha256);
    }

    public function testCommonFieldsAreAddedUnlessGivenAndLeftOutIfGivenAsNull(): void
    {
        self::order('T100001');
        $sent = ['out_trade_no' => 'T100001', 'nonce_str' => 'mine', 'attach' => null, 'total_fee' => 5, 'sign_type' => 'MD5'];
        $this->client()->call('/pay/orderquery', $sent);
        $fields = self::requests()[0]['fields'];
        $sign = $fields['sign'];
        unset($fields['sign']);
        self::assertEquals([
            'out_trade_no' => 'T100001', 'nonce_str' => 'mine', 'total_fee' => '5', 'sign_type' => 'MD5',
            'appid' => SimulatorProcess::APPID, 'mch_id' => SimulatorProcess::MCH_ID,
        ], $fields);
        self::assertSame(Signer::sign($fields, SimulatorProcess::KEY, SignType::Md5), $sign);

        self::caught(fn () => $this->client()->call('/pay/orderquery', ['out_trade_no' => 'T100001', 'sign_type' => null, 'appid' => null]));
        $fields = self::requests()[1]['fields'];
        self::assertSame([false, false, true], [isset($fields['sign_type']), isset($fields['appid']), isset($fields['mch_id'])]);
    }

    public function testAnUnsignedAnswerIsTakenOnlyIfAgreed(): void
    {
        self::order('T100001');
        $unsigned = ['path' => '/pay/orderquery', 'fault' => 'no_sign', 'times' => 2];
        self::$simulator->control('POST', '/faults', $unsigned);
        $client = $this->client();
        $e = self::caught(static fn () => $client->call('/pay/orderquery', ['out_trade_no' => 'T100001']));
        self::assertInstanceOf(SignatureException::class, $e);
        self::assertTrue($e->maybeProcessed, 'nobody knows what it did');
        $answer = $client->call('/pay/orderquery', ['out_trade_no' => 'T100001'], allowUnsigned: true);
        self::assertSame('NOTPAY', $answer['trade_state']);

        self::fault('bad_sign');
        $e = self::caught(static fn () => $client->call('/pay/orderquery', ['out_trade_no' => 'T100001'], allowUnsigned: true));
        self::assertInstanceOf(SignatureException::class, $e, 'a wrong sign is refused all the same');
    }

    public function testAResultCodeFailIsAServiceException(): void
    {
        $client = $this->client();
        $e = self::caught(static fn () => $client->call('/pay/orderquery', ['out_trade_no' => 'none01']));
        self::assertInstanceOf(ServiceException::class, $e);
        self::assertSame(['ORDERNOTEXIST', 'none01', false], [$e->errCode, $e->outTradeNo, $e->maybeProcessed]);
    }

    public function testTheAnswerIsComparedWithWhatWasAsked(): void
    {
        self::order('T100001');
        self::fault('swapped_order');
        $client = $this->client();
        $e = self::caught(static fn () => $client->call('/pay/orderquery', ['out_trade_no' => 'T100001']));
        self::assertInstanceOf(MismatchException::class, $e);
    }

    public function testItIsSentOnce(): void
    {
        self::fault('status_502', ['times' => 3]);
        $client = $this->client();
        $e = self::caught(static fn () => $client->call('/pay/orderquery', ['out_trade_no' => 'T100001']));
        self::assertInstanceOf(TransportException::class, $e);
        self::assertSame([Advice::QueryOrder, false, true], [$e->advice, $e->retryable, $e->maybeProcessed]);
        self::assertCount(1, self::requests());
    }

    /** @dataProvider wrong */
    #[DataProvider('wrong')]
    public function testWhatCannotBeSentIsAValueErrorAndNothingIsSent(string $path, array $fields, string $says): void
    {
        $client = $this->client();
        $e = self::caught(static fn () => $client->call($path, $fields));
        self::assertInstanceOf(\ValueError::class, $e);
        self::assertStringStartsWith("WechatPay\\Client::call(): Argument $says", $e->getMessage());
        self::assertSame([], self::requests());
    }

    /** @return iterable<array{string, array<array-key, mixed>, string}> */
    public static function wrong(): iterable
    {
        foreach (['', '/', 'pay', '/a?b', '/a b', '/a.b', "/a\n", '/../a', 'https://evil/', "/\xFF"] as $path) {
            yield [$path, [], '#1 ($path) must be '];
        }
        yield ['/pay/x', ['a b' => '1'], '#2 ($fields) must be writable: field a b has a name'];
        yield ['/pay/x', ['a' => "\x01"], '#2 ($fields) must be writable: field a contains a control character'];
        yield ['/pay/x', ['a' => '😀'], '#2 ($fields) must be writable: field a contains a character of 4 UTF-8 bytes'];
        yield ['/pay/x', ['a' => "\xFF"], '#2 ($fields) must be valid UTF-8, field a is not'];
        yield ['/pay/x', ['positional'], '#2 ($fields) must be writable: field 0 has a name'];
        yield ['/pay/x', ['a' => str_repeat('x', 2 << 20)], '#2 ($fields) must hold at most 1 MiB'];
    }

    public function testAValueOfAnotherTypeIsATypeErrorThatNamesItsKey(): void
    {
        $client = $this->client();
        $e = self::caught(static fn () => $client->call('/pay/x', ['ok' => 1, 'list' => []]));
        self::assertSame(
            'WechatPay\Client::call(): Argument #2 ($fields) must contain only values of type string|int|Stringable|null, array given for key "list"',
            $e->getMessage(),
        );
    }
}
