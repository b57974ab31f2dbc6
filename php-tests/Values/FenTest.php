<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use WechatPay\Fen;

final class FenTest extends TestCase
{
    /** @dataProvider amounts */
    #[DataProvider('amounts')]
    public function testYuanBecomeFenAndFenBecomeYuanExactly(string $yuan, int $fen, string $written): void
    {
        self::assertSame($fen, Fen::fromYuan($yuan));
        self::assertSame($written, Fen::toYuan($fen));
    }

    /** @return list<array{string, int, string}> */
    public static function amounts(): array
    {
        return [
            ['0', 0, '0.00'],
            ['0.1', 10, '0.10'],
            ['0.29', 29, '0.29'],
            ['1.10', 110, '1.10'],
            ['12', 1200, '12.00'],
            ['-0.00', 0, '0.00'],
            ['-12.34', -1234, '-12.34'],
            ['-0.05', -5, '-0.05'],
            ['007', 700, '7.00'],
            ['19.9000', 1990, '19.90'],
            ['0.000', 0, '0.00'],
            ['92233720368547758.07', PHP_INT_MAX, '92233720368547758.07'],
        ];
    }

    /** @dataProvider noAmounts */
    #[DataProvider('noAmounts')]
    public function testATextThatIsNoExactAmountIsRefusedAndNeverRounded(string $yuan): void
    {
        $this->expectException(\ValueError::class);
        $this->expectExceptionMessage('WechatPay\Fen::fromYuan(): Argument #1 ($yuan) must be an amount of yuan');
        Fen::fromYuan($yuan);
    }

    /** @return list<array{string}> */
    public static function noAmounts(): array
    {
        return [
            [''], ['-'], ['.'], ['1.'], ['.5'], ['1.005'], ['1,5'], ['1e3'], [' 1'], ['1 '], ["1\n"], ['+1'], ['--1'],
            ['１'], ['0x1'], ['1_0'], ["1\0"], ['NaN'], ['92233720368547758.08'], [str_repeat('9', 40)],
        ];
    }

    public function testTheSmallestIntIsWrittenToo(): void
    {
        self::assertSame('-92233720368547758.08', Fen::toYuan(PHP_INT_MIN));
    }

    public function testRandomAmountsComeBack(): void
    {
        for ($n = 0; $n < 2000; $n++) {
            $fen = random_int(-PHP_INT_MAX, PHP_INT_MAX) >> random_int(0, 62);
            self::assertSame($fen, Fen::fromYuan(Fen::toYuan($fen)));
        }
    }

    public function testAFloatIsNoAmount(): void
    {
        $this->expectException(\TypeError::class);
        $this->expectExceptionMessage('WechatPay\Fen::toYuan(): Argument #1 ($fen) must be of type int, float given');
        Fen::toYuan(1.5);
    }
}
