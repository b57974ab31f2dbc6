<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * Asks whose payment code this is, before it is charged: for loyalty cards. A service. Afterwards only this merchant
 * can charge the code until it refreshes. The endpoint speaks MD5 only, whatever the merchant's algorithm.
 *
 * Besides what it names itself, each call may throw TransportException (no complete answer within the time limit),
 * MalformedMessageException (an answer that is not what WeChat Pay says), GatewayException (`return_code` is not
 * SUCCESS; says nothing about the order), SignatureException (the answer's signature is missing, wrong or of another
 * algorithm), MismatchException (a genuine answer about another merchant or order) and PayException itself with
 * Advice::FixConfiguration (a file named in the settings cannot be used).
 *
 * ```php
 * use WechatPay\AuthCodeToOpenId;
 * use WechatPay\Merchant;
 *
 * $merchant = new Merchant('wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV');
 * $payer = (new AuthCodeToOpenId($merchant))->byAuthCode('134567890123456782');
 * echo $payer->openid, "\n";   // prints: o
 * ```
 */
final class AuthCodeToOpenId
{
    /**
     * @param Merchant     $merchant who asks; WeChat must have granted the permission
     * @param Gateway|null $gateway  where to ask; null for the INI settings
     *
     * @throws \LogicException for a merchant of APIv3, which does not have it; the message says what to do there
     */
    public function __construct(Merchant $merchant, ?Gateway $gateway = null)
    {
        throw new \Error('WechatPay\\AuthCodeToOpenId is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Asks for the payer behind a code.
     *
     * @param string $authCode `auth_code`: the 18 digits behind the payer's code, beginning with 10 to 15
     *
     * @throws ServiceException `result_code` FAIL: AUTHCODEEXPIRE, AUTH_CODE_INVALID with Advice::AskPayer,
     *                          SYSTEMERROR ...
     * @throws PayException     of every kind that the class names
     * @throws \ValueError      if the code cannot be one
     */
    public function byAuthCode(#[\SensitiveParameter] string $authCode): Payer
    {
        throw new \Error('WechatPay\\AuthCodeToOpenId is provided by the wechatpay extension, which is not loaded.');
    }
}
