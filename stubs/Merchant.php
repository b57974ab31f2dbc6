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

    /** The pinned algorithm: what we sign with, and what answers must be signed with. */
    public readonly SignType $signType;

    /** When the client certificate ends; null if none is configured or it cannot be read. */
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
     * @throws \ValueError if an id or a key cannot be one; the message names the argument and never shows a key
     */
    public function __construct(
        string $appid,
        string $mchId,
        #[\SensitiveParameter] string $key,
        SignType $signType = SignType::HmacSha256,
        ?string $subAppid = null,
        ?string $subMchId = null,
        #[\SensitiveParameter] ?string $certificate = null,
        #[\SensitiveParameter] ?string $privateKey = null,
        #[\SensitiveParameter] ?string $certificatePassword = null,
        #[\SensitiveParameter] ?string $previousKey = null,
        bool $acceptMd5 = false,
    ) {
        throw new \Error('WechatPay\\Merchant is provided by the wechatpay extension, which is not loaded.');
    }
}
