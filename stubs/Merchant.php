<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * A merchant: whose orders we ask about, what we sign with and which signs we accept. A service; shows no secret in
 * `var_dump()`, traces or messages, and refuses `serialize()` and `clone`.
 *
 * Nothing is read from disk and nothing is sent until a call needs it: certificates are checked at the first call that
 * needs one, so a page that only reads notices lives on the day a certificate dies.
 *
 * ```php
 * use WechatPay\Merchant;
 * use WechatPay\SignType;
 *
 * $merchant = new Merchant(
 *     appid: 'wx2421b1c4370ec43b',
 *     mchId: '10000100',
 *     key: '0123456789abcdefghijKLMNOPQRSTUV',   // the APIv2 key: 32 bytes, set in the merchant platform
 *     signType: SignType::HmacSha256,
 * );
 * echo $merchant->mchId, ' signs with ', $merchant->signType->value, "\n";   // prints: 10000100 signs with HMAC-SHA256
 *
 * // The same merchant in APIv3: all calls go on as they are.
 * $merchant = Merchant::v3(
 *     appid: 'wx2421b1c4370ec43b',
 *     mchId: '10000100',
 *     apiV3Key: 'v3SimulatorKey0123456789ABCDEFGH',   // 32 bytes, set in the merchant platform; not the APIv2 key
 *     privateKey: '/etc/wechatpay/apiclient_key.pem',
 *     certificate: '3E7A1B2C4D5F60718293A4B5C6D7E8F901234567',   // its serial number, or apiclient_cert.pem
 *     publicKeyId: 'PUB_KEY_ID_0110000100202603010010',
 *     publicKey: '/etc/wechatpay/pub_key.pem',
 * );
 * echo $merchant->mchId, ' speaks ', $merchant->apiVersion->value, "\n";   // prints: 10000100 speaks v3
 * ```
 */
final class Merchant
{
    /** `appid`: the app's number, in service-provider mode the provider's. */
    public readonly string $appid;

    /** `mch_id`: the merchant's number, in service-provider mode the provider's. */
    public readonly string $mchId;

    /** `sub_appid` of the sub-merchant; null outside service-provider mode. */
    public readonly ?string $subAppid;

    /** `sub_mch_id` of the sub-merchant; null outside service-provider mode. */
    public readonly ?string $subMchId;

    /** The dialect that it speaks. */
    public readonly ApiVersion $apiVersion;

    /** The pinned algorithm: what we sign with, and what answers must be signed with; null in APIv3, which has but one. */
    public readonly ?SignType $signType;

    /** When the merchant's certificate ends; null if none is configured or it cannot be read. */
    public readonly ?\DateTimeImmutable $certificateExpiresAt;

    /**
     * @param string      $appid               `appid`, 1 to 32 characters of 0-9A-Za-z_-
     * @param string      $mchId               `mch_id`, 1 to 32 characters of 0-9A-Za-z_-
     * @param string      $key                 the APIv2 key, exactly 32 bytes (it is not the APIv3 key)
     * @param SignType    $signType            the algorithm of this merchant's signs
     * @param string|null $subAppid            service-provider mode: the sub-merchant's `sub_appid`
     * @param string|null $subMchId            service-provider mode: the sub-merchant's `sub_mch_id`
     * @param string|null $certificate         client certificate for refund, reverse and fund flow: PEM text, PKCS#12
     *                                         bytes (`apiclient_cert.p12`), or the path (also `file://`) of a file with
     *                                         either; the own certificate stands first
     * @param string|null $privateKey          its key, unencrypted: PEM text or a path; not needed with PKCS#12
     * @param string|null $certificatePassword password of the PKCS#12 container; null means `mch_id`, which is
     *                                         what WeChat uses
     * @param string|null $previousKey         the key before, accepted on answers while a key is rotated
     * @param bool        $acceptMd5           accept answers signed with MD5 too, while leaving an MD5 integration
     *
     * @throws \ValueError if an id or a key cannot be one, or a key (32 letters and digits) stands where something else
     *                     belongs; the message names the argument and never shows what was given
     */
    public function __construct(
        #[\SensitiveParameter] string $appid,
        #[\SensitiveParameter] string $mchId,
        #[\SensitiveParameter] string $key,
        SignType $signType = SignType::HmacSha256,
        #[\SensitiveParameter] ?string $subAppid = null,
        #[\SensitiveParameter] ?string $subMchId = null,
        #[\SensitiveParameter] ?string $certificate = null,
        #[\SensitiveParameter] ?string $privateKey = null,
        #[\SensitiveParameter] ?string $certificatePassword = null,
        #[\SensitiveParameter] ?string $previousKey = null,
        bool $acceptMd5 = false,
    ) {
        throw new \Error('WechatPay\\Merchant is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * The same merchant in APIv3. Keys and certificates are texts (PEM) or paths (also `file://`), read at the first call
     * that needs them, and once for each process as long as the files do not change.
     *
     * In a {@see Ledger}, `Sync` asks about each refund by its number, for APIv3 lists none by order. What was sent back by
     * hand shows by its notice, by the day's bill, or as REFUND without an amount.
     *
     * @param string       $appid                `appid`, 1 to 32 characters of 0-9A-Za-z_-
     * @param string       $mchId                `mchid`, 1 to 32 characters of 0-9A-Za-z_-
     * @param string       $apiV3Key             the APIv3 key, exactly 32 bytes: opens notices and certificates
     * @param string       $privateKey           `apiclient_key.pem`, RSA, PKCS#8 or PKCS#1, unencrypted
     * @param string       $certificate          the merchant's own certificate (`apiclient_cert.pem`), or its serial
     *                                           number of 40 hex digits alone, zeros in front may be missing; given the
     *                                           certificate, a key that is not its own is found before anything is sent
     * @param string|null  $publicKeyId          id of WeChat Pay's public key, `PUB_KEY_ID_` and digits
     * @param string|null  $publicKey            that key, `pub_key.pem`
     * @param list<string> $platformCertificates WeChat Pay's certificates, for merchants that verify with those; a file may
     *                                           hold several; others are downloaded, and kept in `wechatpay.cache_dir` if
     *                                           that is set
     * @param string|null  $subAppid             service-provider mode: the sub-merchant's `sub_appid`
     * @param string|null  $subMchId             service-provider mode: the sub-merchant's `sub_mchid`
     * @param string|null  $previousApiV3Key     the APIv3 key before, for notices under way
     * @param bool         $codePay              WeChat Pay has opened code payments in APIv3 to this merchant, as it does
     *                                           to some: then Micropay and Reverse may be made with it
     *
     * @throws \ValueError if an id or a key cannot be one, or a key (32 letters and digits) stands where something else
     *                     belongs; the message names the argument and never shows what was given
     */
    public static function v3(
        #[\SensitiveParameter] string $appid,
        #[\SensitiveParameter] string $mchId,
        #[\SensitiveParameter] string $apiV3Key,
        #[\SensitiveParameter] string $privateKey,
        #[\SensitiveParameter] string $certificate,
        #[\SensitiveParameter] ?string $publicKeyId = null,
        #[\SensitiveParameter] ?string $publicKey = null,
        #[\SensitiveParameter] array $platformCertificates = [],
        #[\SensitiveParameter] ?string $subAppid = null,
        #[\SensitiveParameter] ?string $subMchId = null,
        #[\SensitiveParameter] ?string $previousApiV3Key = null,
        bool $codePay = false,
    ): Merchant {
        throw new \Error('WechatPay\\Merchant is provided by the wechatpay extension, which is not loaded.');
    }
}
