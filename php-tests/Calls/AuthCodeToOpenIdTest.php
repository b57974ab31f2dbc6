<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Advice;
use WechatPay\AuthCodeToOpenId;
use WechatPay\MalformedMessageException;
use WechatPay\Micropay;
use WechatPay\Payer;
use WechatPay\ServiceException;
use WechatPay\SignatureException;
use WechatPay\SignType;

final class AuthCodeToOpenIdTest extends TradeTestCase
{
    private const CODE = '134567890123456789';
    private const PATH = '/tools/authcodetoopenid';

    private function payer(string $code = self::CODE, mixed ...$merchant): Payer
    {
        return (new AuthCodeToOpenId($this->merchant(...$merchant), $this->gateway()))->byAuthCode($code);
    }

    /** @dataProvider algorithms */
    #[DataProvider('algorithms')]
    public function testItSpeaksMd5WhateverTheMerchantsAlgorithm(SignType $type): void
    {
        $payer = $this->payer(signType: $type);
        self::assertStringStartsWith('o', $payer->openid);
        self::assertNull($payer->subOpenid);
        [$sent] = self::sentFields(self::PATH);
        self::assertSame(32, \strlen($sent['sign']));
        self::assertArrayNotHasKey('sign_type', $sent);
        self::assertSame(self::CODE, $sent['auth_code']);
    }

    /** @return list<array{SignType}> */
    public static function algorithms(): array
    {
        return [[SignType::Md5], [SignType::HmacSha256]];
    }

    public function testASubMerchantsPayerHasTwoNumbers(): void
    {
        $payer = $this->payer(subAppid: 'wx0000000000000001', subMchId: '1900000109');
        self::assertNotSame($payer->openid, $payer->subOpenid);
        self::assertNotNull($payer->subOpenid);
    }

    public function testACodeThatWasChargedIsOver(): void
    {
        (new Micropay($this->shop(), $this->gateway()))->pay('M100001', self::CODE, 100, 'coffee', '127.0.0.1');
        $e = self::thrown(ServiceException::class, fn () => $this->payer());
        self::assertSame('AUTHCODEEXPIRE', $e->errCode);
        self::assertVerdict(Advice::AskPayer, false, false, $e);
    }

    public function testP4AnAnswerOfTheOtherAlgorithmIsRefused(): void
    {
        self::spoil(self::PATH, 'other_key_sign');
        self::thrown(SignatureException::class, fn () => $this->payer());
        self::spoil(self::PATH, 'remove_field', ['name' => 'openid']);
        $e = self::thrown(MalformedMessageException::class, fn () => $this->payer());
        self::assertStringContainsString('openid', $e->getMessage());
    }

    public function testTheCodeIsCheckedFirst(): void
    {
        foreach (['', '13456789x123456789', '1 3', str_repeat('1', 129)] as $code) {
            self::assertRefused('authCode', fn () => $this->payer($code));
        }
    }
}
