<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * Downloads a day's trade bill. A service. WeChat makes it from 9:00 of the next day on and keeps it for three months: ask
 * after 10:00.
 *
 * ```php
 * use WechatPay\DownloadBill;
 * use WechatPay\Merchant;
 *
 * $merchant = new Merchant('wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV');
 * $day = (new DateTimeImmutable('-2 days', new DateTimeZone('+08:00')))->format('Y-m-d');
 * $bill = (new DownloadBill($merchant))->trade($day);
 * $bill->verify();
 * echo count($bill), ' rows, ', $bill->summary->totalFee, " fen\n";   // prints: 0 rows, 0 fen
 * ```
 */
final class DownloadBill
{
    /**
     * @param Merchant     $merchant whose bills
     * @param Gateway|null $gateway  where to ask; null for the INI settings
     */
    public function __construct(Merchant $merchant, ?Gateway $gateway = null)
    {
        throw new \Error('WechatPay\\DownloadBill is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Downloads a bill: packed, into a file without a name that is gone with the Bill. A day without any trade is an empty
     * bill, made here: WeChat has none for it.
     *
     * @param string   $date a day in Beijing, as `2026-11-21`
     * @param BillType $type what it is to list
     *
     * @throws TransportException        no complete file within the limits: `timeoutMs` until it begins and between two pieces,
     *                                   ten minutes, 2 GiB
     * @throws MalformedMessageException what came is damaged, no bill, or that of another day: read to its end before it is given out
     * @throws ServiceException          WeChat's own refusal, signed by nobody. Advice::Wait: it is not made yet. With NO_BILL_EXIST
     *                                   before 10:00 of the next day it may yet come; from then on the day is empty
     * @throws PayException              with Advice::FixConfiguration: there is no room for the file
     * @throws \ValueError               if the day is none
     */
    public function trade(string $date, BillType $type = BillType::All): Bill
    {
        throw new \Error('WechatPay\\DownloadBill is provided by the wechatpay extension, which is not loaded.');
    }
}
