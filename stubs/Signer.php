<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * Signs of WeChat Pay v2, and why one is wrong. For shops that talk to an endpoint of their own, and for finding
 * faults; the calls of this extension sign and verify by themselves.
 *
 * The rule: all fields that are not empty, but `sign`, sorted by name as bytes, joined raw as `name=value&...`, then
 * `&key=` and the key; the digest in upper-case hex. `"0"` is not empty.
 *
 * ```php
 * use WechatPay\SignatureException;
 * use WechatPay\Signer;
 * use WechatPay\SignType;
 *
 * $key = '192006250b4c09247ec02edce69f6a2d';
 * $fields = ['appid' => 'wxd930ea5d5a258f4f', 'mch_id' => 10000100, 'device_info' => '1000', 'body' => 'test',
 *     'nonce_str' => 'ibuaiVcKdpRxkhJA'];
 * $fields['sign'] = Signer::sign($fields, $key, SignType::HmacSha256);
 * Signer::verify($fields, $key, SignType::HmacSha256);
 * echo $fields['sign'], "\n";   // prints: 6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6
 *
 * $fields['sign'] = strtolower($fields['sign']);
 * try {
 *     Signer::verify($fields, $key, SignType::HmacSha256);
 * } catch (SignatureException $e) {
 *     echo Signer::explain($fields, $key, SignType::HmacSha256);   // prints: lower case
 * }
 * ```
 */
final class Signer
{
    /** Not to be constructed: all methods are static. */
    private function __construct()
    {
        throw new \Error('WechatPay\\Signer is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * The sign of these fields, in upper-case hex: 32 characters for MD5, 64 for HMAC-SHA256. An element `sign` takes
     * no part.
     *
     * @param array<array-key, string|int|\Stringable|null> $fields by their names; bytes are signed as they are
     * @param string                                        $key    the APIv2 key, 32 bytes
     * @param SignType                                      $type   the algorithm
     *
     * @throws \TypeError  if a value is neither string, int, Stringable nor null
     * @throws \ValueError if the key is not 32 bytes
     */
    public static function sign(array $fields, #[\SensitiveParameter] string $key, SignType $type): string
    {
        throw new \Error('WechatPay\\Signer is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Verifies the element `sign` of these fields, in constant time. It returns nothing, so that nobody can overlook
     * a wrong signature.
     *
     * @param array<array-key, string|int|\Stringable|null> $fields with `sign`
     * @param string                                        $key    the APIv2 key, 32 bytes
     * @param SignType                                      $type   the only algorithm that is accepted
     *
     * @throws SignatureException if the sign is missing, wrong, in lower case or of another algorithm
     * @throws \TypeError         if a value is neither string, int, Stringable nor null
     * @throws \ValueError        if the key is not 32 bytes
     */
    public static function verify(array $fields, #[\SensitiveParameter] string $key, SignType $type): void
    {
        throw new \Error('WechatPay\\Signer is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Explains a sign in a text for people: the canonical string with the key masked, which fields take part in which
     * order, which are left out and why, and the usual mistake that would have made the received sign, if there is one.
     *
     * Shows the first 6 characters of the digests that it computes: safe to read, not meant for a public page.
     *
     * @param array<array-key, string|int|\Stringable|null> $fields      with or without `sign`
     * @param string                                        $key         the APIv2 key, 32 bytes
     * @param SignType                                      $type        the algorithm that should have been used
     * @param string|null                                   $previousKey the key before, to see whether it made the sign
     *
     * @throws \TypeError  if a value is neither string, int, Stringable nor null
     * @throws \ValueError if a key is not 32 bytes
     */
    public static function explain(
        array $fields,
        #[\SensitiveParameter] string $key,
        SignType $type,
        #[\SensitiveParameter] ?string $previousKey = null,
    ): string {
        throw new \Error('WechatPay\\Signer is provided by the wechatpay extension, which is not loaded.');
    }
}
