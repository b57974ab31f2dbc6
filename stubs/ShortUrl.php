<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * Makes a link of Native mode 1 short, so that its QR code is coarse enough for small prints. A service.
 *
 * Besides what it names itself, each call may throw TransportException (no complete answer within the time limit),
 * MalformedMessageException (an answer that is not what WeChat Pay says), GatewayException (`return_code` is not
 * SUCCESS; says nothing about the order), SignatureException (the answer's signature is missing, wrong or of another
 * algorithm), MismatchException (a genuine answer about another merchant or order) and PayException itself with
 * Advice::FixConfiguration (a file named in the settings cannot be used).
 *
 * ```php
 * use WechatPay\Merchant;
 * use WechatPay\ScanPay;
 * use WechatPay\ShortUrl;
 *
 * $merchant = new Merchant('wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV');
 * $longUrl = (new ScanPay($merchant))->productUrl('coffee');
 * echo (new ShortUrl($merchant))->of($longUrl), "\n";   // prints: weixin://wxpay/s/
 * ```
 */
final class ShortUrl
{
    /**
     * @param Merchant     $merchant whose link
     * @param Gateway|null $gateway  where to ask; null for the INI settings
     *
     * @throws \LogicException for a merchant of APIv3, which does not have it; the message says what to do there
     */
    public function __construct(Merchant $merchant, ?Gateway $gateway = null)
    {
        throw new \Error('WechatPay\\ShortUrl is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Shortens a link.
     *
     * @param string $longUrl `long_url`: as `ScanPay::productUrl()` gives it, 1 to 512 bytes, not URL-encoded
     *
     * @return string `short_url`
     *
     * @throws ServiceException `result_code` FAIL: PARAM_ERROR, SIGNERROR ...
     * @throws PayException     of every kind that the class names
     * @throws \ValueError      if the link cannot be one
     */
    public function of(string $longUrl): string
    {
        throw new \Error('WechatPay\\ShortUrl is provided by the wechatpay extension, which is not loaded.');
    }
}
