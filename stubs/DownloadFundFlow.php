<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * Downloads a day's fund flow. A service. Needs the client certificate; HMAC-SHA256 always.
 *
 * ```php
 * use WechatPay\DownloadFundFlow;
 * use WechatPay\Merchant;
 *
 * $merchant = new Merchant(
 *     'wx2421b1c4370ec43b',
 *     '10000100',
 *     '0123456789abcdefghijKLMNOPQRSTUV',
 *     certificate: getenv('WECHATPAY_CERTIFICATE'),
 *     privateKey: getenv('WECHATPAY_PRIVATE_KEY'),
 * );
 * $day = (new DateTimeImmutable('-2 days', new DateTimeZone('+08:00')))->format('Y-m-d');
 * $flow = (new DownloadFundFlow($merchant))->account($day);
 * $flow->verify();
 * echo count($flow), " movements\n";   // prints: 0 movements
 * ```
 */
final class DownloadFundFlow
{
    /**
     * @param Merchant     $merchant whose bills
     * @param Gateway|null $gateway  where to ask; null for the INI settings
     */
    public function __construct(Merchant $merchant, ?Gateway $gateway = null)
    {
        throw new \Error('WechatPay\\DownloadFundFlow is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Downloads a fund flow, as `DownloadBill` does, and checks the SHA-1 that comes with it.
     *
     * @param string      $date a day in Beijing, as `2026-11-21`
     * @param AccountType $type whose movements
     *
     * @throws TransportException        no complete file within the limits: `timeoutMs` until it begins and between two pieces,
     *                                   ten minutes, 2 GiB
     * @throws MalformedMessageException what came is damaged or no bill: read to its end before it is given out
     * @throws ServiceException          WeChat's own refusal, signed by nobody. Advice::Wait: it is not made yet. With NO_BILL_EXIST
     *                                   before 10:00 of the next day it may yet come; from then on the day is empty
     * @throws PayException              with Advice::FixConfiguration: the certificate cannot be used, or there is no room for the file
     * @throws \ValueError               if the day is none
     */
    public function account(string $date, AccountType $type = AccountType::Basic): FundFlow
    {
        throw new \Error('WechatPay\\DownloadFundFlow is provided by the wechatpay extension, which is not loaded.');
    }
}
