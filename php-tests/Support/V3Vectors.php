<?php

declare(strict_types=1);

namespace WechatPayTests;

/** The vectors of APIv3, by group. */
final class V3Vectors
{
    /** @return list<array<string, mixed>> */
    public static function group(string $name): array
    {
        return self::all()[$name];
    }

    /** @return array<string, mixed> the keys that they are made with */
    public static function keys(): array
    {
        return self::all()['keys'];
    }

    /** @param array<string, mixed> $vector */
    public static function isGood(array $vector): bool
    {
        return isset($vector['expected']['accept']);
    }

    /** @param array<string, mixed> $inputs */
    public static function text(array $inputs): string
    {
        return $inputs['text'] ?? base64_decode($inputs['text_base64'] ?? '', true);
    }

    /** The body of a vector, as bytes. @param array<string, mixed> $inputs */
    public static function body(array $inputs): string
    {
        return $inputs['body'] ?? base64_decode($inputs['body_b64'], true);
    }

    /**
     * The headers of a vector as they would be today: the extension's clock is the machine's. A right signature is made anew,
     * by the same key over the same body, or over what the body would be today; a wrong one stays wrong.
     *
     * @param array<string, mixed> $inputs
     *
     * @return array<string, list<string>> by their names as they are written
     */
    public static function headersToday(array $inputs, ?string $bodyToday = null): array
    {
        $said = [];
        foreach ($inputs['headers'] as [$name, $value]) {
            $said[strtolower($name)] = trim($value);
        }
        $old = $said['wechatpay-timestamp'] ?? '';
        $new = self::moved($old, $inputs['now']);
        $body = self::body($inputs);
        $signature = self::signedAnew($said, $body, $bodyToday ?? $body, $new);
        $headers = [];
        foreach ($inputs['headers'] as [$name, $value]) {
            $today = match (strtolower($name)) {
                'wechatpay-timestamp' => str_replace($old, $new, $value),
                'wechatpay-signature' => $signature === null ? $value : str_replace($said['wechatpay-signature'], $signature, $value),
                'wechatpay-serial' => self::serialToday($value),
                default => $value,
            };
            $headers[$name][] = $today;
        }
        return $headers;
    }

    /** The keys that a vector trusts, as arguments of Merchant::v3(). @param list<string> $ids @return array<string, mixed> */
    public static function trusting(array $ids): array
    {
        $hasPublic = \in_array(self::keys()['wechatpay_public']['id'], $ids, true);
        $certificates = [];
        foreach (['platform_old', 'platform_new', 'platform_expired'] as $name) {
            if (\in_array(self::keys()[$name]['serial'], $ids, true)) {
                $certificates[] = V3Platform::today($name)->public;
            }
        }
        return ($hasPublic ? [] : ['publicKeyId' => null, 'publicKey' => null]) + ['platformCertificates' => $certificates];
    }

    /**
     * A list of certificates as it would be today: the old certificate gives its place to that of today, sealed with the same
     * key. What does not open stays as it is, and so does a list with a serial number twice: it is refused as it is read.
     *
     * @param array<string, mixed> $inputs
     */
    public static function listToday(array $inputs): string
    {
        $body = self::body($inputs);
        $entries = json_decode($body, true)['data'] ?? [];
        $today = V3Platform::today('platform_old');
        if (\count(array_unique(array_column($entries, 'serial_no'))) < \count($entries)) {
            return $body;
        }
        foreach ($entries as ['encrypt_certificate' => $sealed]) {
            $cipher = (string) base64_decode($sealed['ciphertext'], true);
            $about = $sealed['associated_data'];
            $text = openssl_decrypt(substr($cipher, 0, -16), 'aes-256-gcm', $inputs['apiv3_key'], OPENSSL_RAW_DATA, $sealed['nonce'], substr($cipher, -16), $about);
            if ($text === self::keys()['platform_old']['certificate_pem']) {
                $anew = openssl_encrypt($today->public, 'aes-256-gcm', $inputs['apiv3_key'], OPENSSL_RAW_DATA, $sealed['nonce'], $tag, $about);
                $body = str_replace($sealed['ciphertext'], base64_encode($anew . $tag), $body);
            }
        }
        $old = self::keys()['platform_old']['serial'];
        return strtr($body, [$old => $today->serial, strtolower($old) => strtolower($today->serial)]);
    }

    /** A time as far from now as it was from the vector's; one second from the window's edge is too near for a clock that goes. */
    public static function moved(string $timestamp, int $now): string
    {
        if (!preg_match('~^[1-9]\d{8,9}$~', $timestamp)) {
            return $timestamp;
        }
        $apart = (int) $timestamp - $now;
        $apart = [300 => 296, -300 => -296, 301 => 306, -301 => -306][$apart] ?? $apart;
        return (string) (time() + $apart);
    }

    /** @param array<string, string> $said */
    private static function signedAnew(array $said, string $body, string $bodyToday, string $timestamp): ?string
    {
        $written = $said['wechatpay-signature'] ?? '';
        $signature = base64_decode($written, true);
        $nonce = $said['wechatpay-nonce'] ?? '';
        if ($written === '' || $signature === false || base64_encode($signature) !== $written) {
            return null;
        }
        foreach (['wechatpay_public', 'platform_old', 'platform_new', 'platform_expired', 'stranger'] as $name) {
            $message = ($said['wechatpay-timestamp'] ?? '') . "\n$nonce\n$body\n";
            if (openssl_verify($message, $signature, V3Platform::named($name)->public, OPENSSL_ALGO_SHA256) === 1) {
                openssl_sign("$timestamp\n$nonce\n$bodyToday\n", $anew, V3Platform::today($name)->privateKey, OPENSSL_ALGO_SHA256);
                return base64_encode($anew);
            }
        }
        return null;
    }

    private static function serialToday(string $serial): string
    {
        $old = self::keys()['platform_old']['serial'];
        return str_ireplace($old, V3Platform::today('platform_old')->serial, $serial);
    }

    /** @return array<string, mixed> */
    private static function all(): array
    {
        static $all = null;
        return $all ??= json_decode(file_get_contents(__DIR__ . '/../fixtures/vectors-v3.json'), true, 512, JSON_THROW_ON_ERROR);
    }
}
