<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use WechatPay\Advice;
use WechatPay\SignatureException;
use WechatPay\Signer;
use WechatPay\SignType;
use WechatPay\Xml;

final class SignerTest extends TestCase
{
    private const KEY = '0123456789abcdefghijKLMNOPQRSTUV';

    private static function md5(string $canonical): string
    {
        return strtoupper(md5($canonical . 'key=' . self::KEY));
    }

    public function testNamesAreSortedAsBytesAndEmptyValuesAndTheSignAreLeftOut(): void
    {
        $fields = ['b' => '2', 'B' => '1', 'a10' => 'x', 'a' => '0', 'empty' => '', 'null' => null, 'sign' => 'S', 'z' => '中'];
        self::assertSame(
            self::md5('B=1&a=0&a10=x&b=2&z=中&'),
            Signer::sign($fields, self::KEY, SignType::Md5),
        );
    }

    public function testValuesMayBeStringsIntsStringablesAndNullAndNamesAnything(): void
    {
        $stringable = new class {
            public function __toString(): string
            {
                return 'yuan';
            }
        };
        $fields = [5 => 'five', -1 => 7, "a\0b" => "\xFF\0", 'x' => $stringable, 'y' => null, '' => 'empty name'];
        self::assertSame(
            self::md5("=empty name&-1=7&5=five&a\0b=\xFF\0&x=yuan&"),
            Signer::sign($fields, self::KEY, SignType::Md5),
        );
        self::assertSame(self::md5(''), Signer::sign([], self::KEY, SignType::Md5));
    }

    public function testWhatWasUnsetTakesNoPartAndItsNameIsNotLookedAt(): void
    {
        foreach (['1', 1] as $value) {
            $fields = ['a' => $value, bin2hex('gone') => 'x', 'b' => $value, bin2hex('gone too') => 'y'];
            unset($fields[bin2hex('gone')], $fields[bin2hex('gone too')]);
            self::assertSame(self::md5('a=1&b=1&'), Signer::sign($fields, self::KEY, SignType::Md5));
            self::assertSame('<xml><a>1</a><b>1</b></xml>', Xml::encode($fields));
        }
    }

    public function testTheLastKeyIsNotMistakenForAnother(): void
    {
        $other = strrev(self::KEY);
        foreach ([self::KEY, $other, self::KEY, self::KEY] as $key) {
            self::assertSame(strtoupper(hash_hmac('sha256', "a=1&key=$key", $key)), Signer::sign(['a' => '1'], $key, SignType::HmacSha256));
            self::assertSame(strtoupper(md5("a=1&key=$key")), Signer::sign(['a' => '1'], $key, SignType::Md5));
        }
        $signsInside = new class($other) implements \Stringable {
            public function __construct(private readonly string $key)
            {
            }

            public function __toString(): string
            {
                return Signer::sign([], $this->key, SignType::Md5);
            }
        };
        $expected = 'a=' . strtoupper(md5("key=$other")) . '&';
        self::assertSame(self::md5($expected), Signer::sign(['a' => $signsInside], self::KEY, SignType::Md5));
    }

    public function testReferencesAreReadAndNothingIsChanged(): void
    {
        $value = '1';
        $fields = ['b' => &$value, 'a' => 5];
        $copy = $fields;
        self::assertSame(self::md5('a=5&b=1&'), Signer::sign($fields, self::KEY, SignType::Md5));
        self::assertSame($copy, $fields);
        self::assertSame(5, $fields['a']);
    }

    /** @dataProvider noValues */
    #[DataProvider('noValues')]
    public function testAValueOfAnotherTypeIsATypeErrorThatNamesItsKey(mixed $value, string $type): void
    {
        $this->expectException(\TypeError::class);
        $this->expectExceptionMessage(
            'WechatPay\Signer::sign(): Argument #1 ($fields) must contain only values of type '
            . "string|int|Stringable|null, $type given for key \"k\"",
        );
        Signer::sign(['a' => 1, 'k' => $value], self::KEY, SignType::Md5);
    }

    /** @return list<array{mixed, string}> */
    public static function noValues(): array
    {
        return [[1.5, 'float'], [true, 'bool'], [[], 'array'], [new \stdClass(), 'stdClass'], [STDIN, 'resource']];
    }

    public function testWhatToStringThrowsIsThrownOn(): void
    {
        $field = new class {
            public function __toString(): string
            {
                throw new \DomainException('no text');
            }
        };
        $this->expectException(\DomainException::class);
        Signer::sign(['a' => $field], self::KEY, SignType::Md5);
    }

    public function testAKeyHas32Bytes(): void
    {
        foreach (['', 'short', self::KEY . 'x'] as $key) {
            try {
                Signer::sign(['a' => '1'], $key, SignType::Md5);
                self::fail('taken');
            } catch (\ValueError $e) {
                $says = 'WechatPay\Signer::sign(): Argument #2 ($key) must be exactly 32 bytes long';
                self::assertStringStartsWith($says, $e->getMessage());
            }
        }
    }

    public function testARightSignIsVerifiedByGivingNothingBack(): void
    {
        foreach (SignType::cases() as $type) {
            $fields = ['a' => '1', 'b' => 'zwei'];
            $fields['sign'] = Signer::sign($fields, self::KEY, $type);
            self::assertNull(Signer::verify($fields, self::KEY, $type));
        }
    }

    /** @dataProvider wrongSigns */
    #[DataProvider('wrongSigns')]
    public function testAWrongSignIsRefusedAndTheMessageShowsNoDigest(mixed $sign, string $says): void
    {
        try {
            Signer::verify(['a' => '1', 'sign' => $sign], self::KEY, SignType::Md5);
        } catch (SignatureException $e) {
            self::assertSame([Advice::FixConfiguration, false, false], [$e->advice, $e->retryable, $e->maybeProcessed]);
            self::assertStringContainsString($says, $e->getMessage());
            self::assertStringNotContainsString(self::md5('a=1&'), $e->getMessage());
            self::assertStringNotContainsString(substr(self::md5('a=1&'), 0, 6), $e->getMessage());
            return;
        }
        self::fail('It was accepted.');
    }

    /** @return array<string, array{mixed, string}> */
    public static function wrongSigns(): array
    {
        $right = self::md5('a=1&');
        return [
            'none' => [null, 'no sign'],
            'empty' => ['', 'no sign'],
            'wrong' => [strrev($right), 'wrong'],
            'lower case' => [strtolower($right), 'wrong'],
            'cut' => [substr($right, 0, 31), 'wrong'],
            'with a blank' => [$right . ' ', 'wrong'],
            'zero' => [0, 'wrong'],
            'another algorithm' => [hash_hmac('sha256', 'a=1&key=' . self::KEY, self::KEY), 'HMAC-SHA256'],
        ];
    }

    public function testASignTypeInsideMustNameTheAlgorithm(): void
    {
        $fields = ['a' => '1', 'sign_type' => 'HMAC-SHA256'];
        $this->expectException(SignatureException::class);
        $this->expectExceptionMessage('sign_type says HMAC-SHA256, but it is signed with MD5');
        Signer::verify($fields + ['sign' => Signer::sign($fields, self::KEY, SignType::Md5)], self::KEY, SignType::Md5);
    }

    public function testExplainShowsTheStringTheNamesAndWhatWasLeftOutButNoSecret(): void
    {
        $fields = ['b' => '0', 'a' => 'x y', 'empty' => '', 'sign' => strtolower(self::md5('a=x y&b=0&'))];
        $text = Signer::explain($fields, self::KEY, SignType::Md5);
        self::assertStringContainsString('string to sign: a=x y&b=0&key=***', $text);
        self::assertStringContainsString('signed fields, sorted by name as bytes: a, b', $text);
        self::assertStringContainsString('left out: empty (it is empty)', $text);
        self::assertStringContainsString('left out: sign (it is the sign itself)', $text);
        self::assertStringContainsString('hint: the sign is in lower case', $text);
        self::assertStringNotContainsString(self::KEY, $text);
        self::assertStringContainsString(substr(self::md5('a=x y&b=0&'), 0, 6), $text);
        self::assertStringNotContainsString(substr(self::md5('a=x y&b=0&'), 0, 8), $text);
    }

    /** @dataProvider mistakes */
    #[DataProvider('mistakes')]
    public function testExplainKnowsTheUsualMistakes(string $signed, string $hint, ?string $previousKey = null): void
    {
        $fields = ['body' => 'a b&c', 'zero' => '0', 'empty' => '', 'b' => '1', 'sign' => $signed];
        self::assertStringContainsString($hint, Signer::explain($fields, self::KEY, SignType::Md5, $previousKey));
    }

    /** @return iterable<string, array{string, string}> */
    public static function mistakes(): iterable
    {
        $md5 = static fn (string $text): string => strtoupper(md5($text));
        $right = 'b=1&body=a b&c&zero=0&';
        $key = 'key=' . self::KEY;
        $old = str_repeat('o', 32);
        yield 'none' => [$md5($right . $key), 'the sign is right'];
        yield 'the key is missing' => [$md5(rtrim($right, '&')), 'is missing at the end'];
        yield 'values URL-encoded' => [$md5('b=1&body=a%20b%26c&zero=0&' . $key), 'URL-encoded'];
        yield 'http_build_query' => [$md5('b=1&body=a+b%26c&zero=0&' . $key), 'URL-encoded'];
        yield '"0" dropped' => [$md5('b=1&body=a b&c&' . $key), '"0" were dropped'];
        yield 'empty values kept' => [$md5('b=1&body=a b&c&empty=&zero=0&' . $key), 'empty values took part'];
        yield 'the other algorithm' => [strtoupper(hash_hmac('sha256', $right . $key, self::KEY)), 'the other algorithm'];
        yield 'the previous key' => [$md5($right . "key=$old"), 'previous key', $old];
        yield 'another key' => [$md5($right . 'key=x'), 'no usual mistake explains it'];
    }

    public function testAnArrayThatIsCheapInPhpIsNotCopiedWithoutEnd(): void
    {
        $megabyte = str_repeat('x', 1 << 20);
        $fields = array_fill(0, 100_000, $megabyte);
        $this->expectException(\ValueError::class);
        $this->expectExceptionMessage('Argument #1 ($fields) must hold at most 64 MiB');
        Signer::sign($fields, self::KEY, SignType::Md5);
    }
}
