<?php

declare(strict_types=1);

namespace Shop\Office;

use Shop\Shop;
use WechatPay\DayReport;
use WechatPay\Merchant;
use WechatPay\PayException;

/** The books of a day against WeChat's bill: done by the worker every morning, or by somebody who presses a button. */
final class Days
{
    public function __construct(private readonly Shop $shop)
    {
    }

    /** Reconciles a day, and keeps its sums for the day's page. */
    public function reconcile(Merchant $merchant, string $day): DayReport
    {
        $report = $this->shop->ledger->reconcileDay($merchant, $day);
        $sums = array_diff_key($report->toArray(), ['differences' => []]) + ['differences' => \count($report)];
        $this->shop->database->together(function () use ($merchant, $day, $sums): void {
            $this->shop->database->run('DELETE FROM day_report WHERE mch_id = ? AND day = ?', [$merchant->mchId, $day]);
            $this->shop->database->insert('day_report', ['mch_id' => $merchant->mchId, 'day' => $day, 'sums' => json_encode($sums)]);
        });
        return $report;
    }

    /** Every day since the first order whose bill is there and was not looked at. One that cannot be had holds up no other. */
    public function reconcileMissing(): void
    {
        foreach ($this->shop->merchants as $merchant) {
            foreach ($this->missing($merchant) as $day) {
                try {
                    $this->reconcile($merchant, $day);
                } catch (PayException $e) {
                    error_log("$day of $merchant->mchId: {$e->getMessage()}");
                }
            }
        }
    }

    /** @return list<string> */
    public function missing(Merchant $merchant): array
    {
        $first = $this->shop->database->value('SELECT MIN(made_at) FROM shop_order WHERE mch_id = ?', [$merchant->mchId]);
        return $first === 0 ? [] : $this->shop->ledger->missingDays($merchant, date('Y-m-d', max($first, time() - 80 * 86_400)));
    }

    /** @return array<string, mixed>|null the sums of a day that was reconciled */
    public function sums(string $mchId, string $day): ?array
    {
        $row = $this->shop->database->row('SELECT sums FROM day_report WHERE mch_id = ? AND day = ?', [$mchId, $day]);
        return $row === null ? null : json_decode($row['sums'], true, 16, JSON_THROW_ON_ERROR);
    }
}
