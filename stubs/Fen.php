<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * Exact amounts: yuan as people write them, fen (1/100 yuan) as WeChat Pay counts. No floats anywhere.
 *
 * ```php
 * use WechatPay\Fen;
 *
 * echo Fen::fromYuan('12.3'), "\n";            // prints: 1230
 * echo Fen::toYuan(1230), "\n";                // prints: 12.30
 * echo Fen::fromYuan('0.29') * 3, " fen\n";    // prints: 87 fen
 * try {
 *     Fen::fromYuan('1.005');
 * } catch (\ValueError $e) {
 *     echo "refused, never rounded\n";         // prints: refused, never rounded
 * }
 * ```
 */
final class Fen
{
    /** Not to be constructed: all methods are static. */
    private function __construct()
    {
        throw new \Error('WechatPay\\Fen is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Yuan to fen.
     *
     * @param string $yuan decimal text such as "12", "12.3" or "-12.34", no blanks, no separators; decimals behind the
     *                     second must be zeros, as in "19.9000"
     *
     * @return int fen
     *
     * @throws \ValueError if it is no such text, or too large
     */
    public static function fromYuan(string $yuan): int
    {
        throw new \Error('WechatPay\\Fen is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Fen to yuan, always with two decimals: "12.30".
     *
     * @param int $fen fen
     */
    public static function toYuan(int $fen): string
    {
        throw new \Error('WechatPay\\Fen is provided by the wechatpay extension, which is not loaded.');
    }
}
