<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\TestCase;
use WechatPay\Merchant;

/** Certificates and keys in all their forms: what PHP's OpenSSL reads, we read. */
final class IdentityFormsTest extends TestCase
{
    /** @return array{string, string} certificate and key */
    private static function pair(array $kind): array
    {
        $key = openssl_pkey_new($kind);
        openssl_pkey_export($key, $pem);
        $certificate = openssl_csr_sign(openssl_csr_new(['CN' => '10000100'], $key), null, $key, 300);
        openssl_x509_export($certificate, $text);
        return [$text, $pem];
    }

    private static function expiry(string $certificate, ?string $key): ?string
    {
        $merchant = new Merchant('wx1', '10000100', str_repeat('k', 32), certificate: $certificate, privateKey: $key);
        return $merchant->certificateExpiresAt?->format('U');
    }

    public function testR31WhatOpensslReadsIsRead(): void
    {
        $read = 0;
        foreach ([['private_key_type' => OPENSSL_KEYTYPE_EC, 'curve_name' => 'prime256v1'], ['private_key_bits' => 2048]] as $kind) {
            [$certificate, $key] = self::pair($kind);
            for ($n = 0; $n < 300; $n++) {
                mt_srand($n);
                [$text, $dressed] = [self::dress($certificate), self::dress($key)];
                $parsed = @openssl_x509_read($text);
                if ($parsed !== false && @openssl_pkey_get_private($dressed) !== false) {
                    $read++;
                    self::assertSame((string) openssl_x509_parse($parsed)['validTo_time_t'], self::expiry($text, $dressed), "seed $n");
                }
            }
        }
        self::assertGreaterThan(100, $read, 'the corpus has what OpenSSL reads');
        while (openssl_error_string()) {
        }
    }

    private static function dress(string $pem): string
    {
        $pick = static fn (array $of): string => $of[mt_rand(0, count($of) - 1)];
        $pem = $pick(['', '', "\xEF\xBB\xBF"]) . $pick(['', "Bag Attributes\n    localKeyID: 01 \n", "# ours\n\n", "a: b\n"]) . $pem . $pick(['', "\n", "behind\n", '  ']);
        if (mt_rand(0, 2) === 0) {
            $pem = preg_replace('~(-----BEGIN [A-Z ]+-----\n)~', "$1" . $pick(["\n", " \n"]), $pem);
        }
        if (mt_rand(0, 3) === 0) {
            $pem = preg_replace('~^(?!-)~m', $pick([' ', "\t"]), $pem);
        }
        if (mt_rand(0, 3) === 0) {
            $pem = preg_replace('~$~m', $pick([' ', "\t "]), $pem);
        }
        $pem = preg_replace('~(BEGIN|END) CERTIFICATE~', '$1 ' . $pick(['', '', 'X509 ', 'TRUSTED ']) . 'CERTIFICATE', $pem, mt_rand(0, 1) * 2) ?? $pem;
        if (!preg_match('~BEGIN ([A-Z0-9 ]+)-----.*END \1-----~s', $pem)) {
            $pem = str_replace(['X509 ', 'TRUSTED '], '', $pem);
        }
        return str_replace("\n", $pick(["\n", "\r\n"]), $pem);
    }

    public function testR34HabitsOfPhpAreTakenOrNamed(): void
    {
        [$certificate, $key] = self::pair(['private_key_type' => OPENSSL_KEYTYPE_EC, 'curve_name' => 'prime256v1']);
        $file = tempnam(sys_get_temp_dir(), 'wechatpay-test-');
        file_put_contents($file, "$certificate$key");
        self::assertNotNull(self::expiry("file://$file", "file://$file"));
        self::assertNotNull(self::expiry($file, null));
        unlink($file);
        foreach ([['', null, 7, 'certificate'], [$certificate, '', 8, 'privateKey'], ["/x.pem\n", null, 7, 'certificate'], [$certificate, "/x.pem\r\n", 8, 'privateKey'], [' /x.pem', null, 7, 'certificate']] as [$one, $other, $n, $name]) {
            try {
                self::expiry($one, $other);
                self::fail('taken');
            } catch (\ValueError $e) {
                self::assertStringStartsWith("WechatPay\\Merchant::__construct(): Argument #$n (\$$name) must ", $e->getMessage());
            }
        }
    }
}
