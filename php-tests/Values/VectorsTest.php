<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use WechatPay\MalformedMessageException;
use WechatPay\SignatureException;
use WechatPay\Signer;
use WechatPay\SignType;
use WechatPay\Xml;

/** The vectors that Rust and PHP share: each holds exactly as it is written. */
final class VectorsTest extends TestCase
{
    /**
     * @dataProvider signs
     *
     * @param array<string, mixed> $vector
     */
    #[DataProvider('signs')]
    public function testASignIsTheOneOfTheVector(array $vector): void
    {
        $signs = [
            'md5' => Signer::sign($vector['params'], $vector['key'], SignType::Md5),
            'hmac_sha256' => Signer::sign($vector['params'], $vector['key'], SignType::HmacSha256),
        ];
        foreach (array_intersect_key($signs, $vector) as $name => $sign) {
            self::assertSame($vector[$name], $sign);
        }
        foreach ($vector['published'] ?? [] as $name => $sign) {
            self::assertSame($sign, $signs[$name]);
        }
        self::assertNotSame([], array_intersect_key($signs, $vector), 'the vector has a sign');
    }

    /**
     * @dataProvider clientSigns
     *
     * @param array<string, mixed> $vector
     */
    #[DataProvider('clientSigns')]
    public function testAClientSignIsTheOneOfTheVector(array $vector): void
    {
        $type = SignType::from($vector['sign_type']);
        self::assertSame($vector['signature'], Signer::sign($vector['params'], $vector['key'], $type));
        Signer::verify($vector['params'] + ['sign' => $vector['signature']], $vector['key'], $type);
    }

    /**
     * @dataProvider documents
     *
     * @param array<string, mixed> $vector
     */
    #[DataProvider('documents')]
    public function testADocumentIsTakenOrRefusedAsTheVectorSays(array $vector): void
    {
        match ($vector['expect']) {
            'valid' => self::valid($vector),
            'unsigned-fail' => self::assertSame($vector['fields'], Xml::decode($vector['xml'])),
            'bad-signature' => self::badSignature($vector),
            'reject-xml' => self::rejected($vector),
        };
    }

    /** @param array<string, mixed> $vector */
    private static function valid(array $vector): void
    {
        $fields = Xml::decode($vector['xml']);
        self::assertEquals($vector['fields'], $fields);
        self::assertSame($fields, array_filter($fields, 'is_string'));
        $type = SignType::from($vector['sign_type']);
        Signer::verify($fields, $vector['key'], $type);
        $digest = $type === SignType::Md5
            ? md5($vector['string_to_sign'])
            : hash_hmac('sha256', $vector['string_to_sign'], $vector['key']);
        self::assertSame(strtoupper($digest), $fields['sign']);
        self::assertSame($fields, Xml::decode(Xml::encode($fields)));
    }

    /** @param array<string, mixed> $vector */
    private static function badSignature(array $vector): void
    {
        $fields = Xml::decode($vector['xml']);
        foreach (SignType::cases() as $type) {
            try {
                Signer::verify($fields, $vector['key'], $type);
                self::fail("$type->name was accepted.");
            } catch (SignatureException $e) {
                self::assertFalse($e->retryable);
            }
        }
    }

    /** @param array<string, mixed> $vector */
    private static function rejected(array $vector): void
    {
        try {
            $fields = Xml::decode($vector['xml']);
        } catch (MalformedMessageException $e) {
            self::assertNotSame('', $e->getMessage());
            return;
        }
        self::fail('It was read as ' . json_encode($fields));
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    public static function signs(): iterable
    {
        return self::group('v2_sign');
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    public static function clientSigns(): iterable
    {
        return self::group('v2_client_sign');
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    public static function documents(): iterable
    {
        return self::group('v2_xml');
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    private static function group(string $name): iterable
    {
        $all = json_decode(file_get_contents(ROOT . '/php-tests/fixtures/vectors.json'), true, 512, JSON_THROW_ON_ERROR);
        foreach ($all[$name] as $vector) {
            yield $vector['id'] => [$vector];
        }
    }
}
