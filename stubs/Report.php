<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * Tells WeChat Pay how long a call took and how it ended: optional, and nothing depends on it. A service. The answer
 * carries no sign and decides nothing.
 *
 * Besides what it names itself, each call may throw TransportException (no complete answer within the time limit),
 * MalformedMessageException (an answer that is not what WeChat Pay says), GatewayException (`return_code` is not
 * SUCCESS; says nothing about the order), SignatureException (the answer's signature is missing, wrong or of another
 * algorithm), MismatchException (a genuine answer about another merchant or order) and PayException itself with
 * Advice::FixConfiguration (a file named in the settings cannot be used).
 *
 * ```php
 * use WechatPay\Merchant;
 * use WechatPay\Report;
 *
 * $merchant = new Merchant('wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV');
 * (new Report($merchant))->send(
 *     interfaceUrl: 'https://api.mch.weixin.qq.com/pay/micropay/total',
 *     executeTimeMs: 1240,
 *     returnCode: 'SUCCESS',
 *     resultCode: 'SUCCESS',
 *     userIp: '127.0.0.1',
 *     options: ['out_trade_no' => 'M20261122-0001'],
 * );
 * echo "told\n";   // prints: told
 * ```
 */
final class Report
{
    /**
     * @param Merchant     $merchant who reports
     * @param Gateway|null $gateway  where to ask; null for the INI settings
     *
     * @throws \LogicException for a merchant of APIv3, which does not have it; the message says what to do there
     */
    public function __construct(Merchant $merchant, ?Gateway $gateway = null)
    {
        throw new \Error('WechatPay\\Report is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Reports one call; for a code payment once, of the whole sale.
     *
     * @param string                                     $interfaceUrl  `interface_url`: the whole URL of the call, at
     *                                                                  most 127 bytes
     * @param int                                        $executeTimeMs `execute_time_` (the wire has the underscore):
     *                                                                  milliseconds it took
     * @param string                                     $returnCode    `return_code` of its end, SUCCESS or FAIL
     * @param string                                     $resultCode    `result_code` of its end, SUCCESS or FAIL
     * @param string                                     $userIp        `user_ip`: address of the machine that called
     * @param array<string, string|int|\Stringable|null> $options       `return_msg`, `err_code`, `err_code_des`,
     *                                                                  `out_trade_no`, `device_info`, `time`
     *                                                                  (as yyyyMMddHHmmss)
     *
     * @throws ServiceException `result_code` FAIL: ...
     * @throws PayException     of every kind that the class names
     * @throws \ValueError      if an argument cannot be used; nothing was sent
     */
    public function send(
        string $interfaceUrl,
        int $executeTimeMs,
        string $returnCode,
        string $resultCode,
        string $userIp,
        array $options = [],
    ): void {
        throw new \Error('WechatPay\\Report is provided by the wechatpay extension, which is not loaded.');
    }
}
