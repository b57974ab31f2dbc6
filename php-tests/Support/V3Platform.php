<?php

declare(strict_types=1);

namespace WechatPayTests;

use WechatPay\Merchant;

/** WeChat Pay's side of APIv3 in plain PHP, with the keys of the vectors and keys of its own. */
final class V3Platform
{
    private function __construct(public readonly string $serial, public readonly string $privateKey, public readonly string $public)
    {
    }

    /** One of the vectors' keys: wechatpay_public, platform_old, platform_new, platform_expired, stranger. */
    public static function named(string $name): self
    {
        $key = V3Vectors::keys()[$name];
        return new self($key['id'] ?? $key['serial'], $key['private_pem'], $key['certificate_pem'] ?? $key['public_pem']);
    }

    /** The same as it would be today: the old certificate has ended since the vectors were made, so another takes its place. */
    public static function today(string $name): self
    {
        static $old = null;
        return $name === 'platform_old' ? $old ??= self::certificate() : self::named($name);
    }

    /** A new certificate that lives so many days. */
    public static function certificate(int $days = 30): self
    {
        $key = openssl_pkey_new(['private_key_bits' => 2048]);
        $request = openssl_csr_new(['commonName' => 'Tenpay.com sign'], $key, ['digest_alg' => 'sha256']);
        $certificate = openssl_csr_sign($request, null, $key, $days, ['digest_alg' => 'sha256'], random_int(1 << 60, PHP_INT_MAX));
        openssl_x509_export($certificate, $public);
        openssl_pkey_export($key, $private);
        return new self(str_pad(openssl_x509_parse($public)['serialNumberHex'], 40, '0', STR_PAD_LEFT), $private, $public);
    }

    /**
     * The headers that prove a body to be WeChat Pay's.
     *
     * @return array<string, string>
     */
    public function signs(string $body, ?int $time = null): array
    {
        $time ??= time();
        $nonce = bin2hex(random_bytes(16));
        openssl_sign("$time\n$nonce\n$body\n", $signature, $this->privateKey, OPENSSL_ALGO_SHA256);
        return [
            'Wechatpay-Timestamp' => (string) $time,
            'Wechatpay-Nonce' => $nonce,
            'Wechatpay-Signature' => base64_encode($signature),
            'Wechatpay-Serial' => $this->serial,
            'Wechatpay-Signature-Type' => 'WECHATPAY2-SHA256-RSA2048',
        ];
    }

    /** What was encrypted for this key; null if it was not. */
    public function opens(string $ciphertext): ?string
    {
        $opened = openssl_private_decrypt(base64_decode($ciphertext, true), $text, $this->privateKey, OPENSSL_PKCS1_OAEP_PADDING);
        return $opened ? $text : null;
    }

    /** The merchant of the vectors; named arguments replace its settings. */
    public static function merchant(mixed ...$settings): Merchant
    {
        return Merchant::v3(...self::settings(...$settings));
    }

    /** @return array<string, mixed> the arguments of Merchant::v3() for it */
    public static function settings(mixed ...$settings): array
    {
        $keys = V3Vectors::keys();
        return $settings + [
            'appid' => $keys['appid'],
            'mchId' => $keys['mchid'],
            'apiV3Key' => $keys['apiv3_key'],
            'privateKey' => $keys['merchant']['private_pem'],
            'certificate' => $keys['merchant']['serial'],
            'publicKeyId' => $keys['wechatpay_public']['id'],
            'publicKey' => $keys['wechatpay_public']['public_pem'],
        ];
    }

    /** The same by platform certificates, of which these are known; none is downloaded as long as one of them lives. */
    public static function byCertificates(self ...$known): Merchant
    {
        return self::merchant(publicKeyId: null, publicKey: null, platformCertificates: array_map(static fn (self $key) => $key->public, $known));
    }

    /** The body of GET /v3/certificates with these in it. */
    public static function listOf(self ...$certificates): string
    {
        return json_encode(['data' => array_map(static fn (self $one) => [
            'serial_no' => $one->serial,
            'encrypt_certificate' => self::sealed($one->public, 'certificate'),
        ], $certificates)], JSON_THROW_ON_ERROR);
    }

    /** The body of a notice that tells this. @param array<string, mixed> $told */
    public static function notice(array $told, string $event = 'TRANSACTION.SUCCESS', ?string $key = null): string
    {
        $resource = self::sealed(json_encode($told, JSON_THROW_ON_ERROR), 'transaction', $key);
        return json_encode(['id' => bin2hex(random_bytes(16)), 'event_type' => $event, 'resource_type' => 'encrypt-resource', 'resource' => $resource], JSON_THROW_ON_ERROR);
    }

    /** @return array<string, string> */
    private static function sealed(string $text, string $about, ?string $key = null): array
    {
        $nonce = bin2hex(random_bytes(6));
        $sealed = openssl_encrypt($text, 'aes-256-gcm', $key ?? V3Vectors::keys()['apiv3_key'], OPENSSL_RAW_DATA, $nonce, $tag, $about);
        return ['algorithm' => 'AEAD_AES_256_GCM', 'nonce' => $nonce, 'associated_data' => $about, 'ciphertext' => base64_encode($sealed . $tag)];
    }
}
