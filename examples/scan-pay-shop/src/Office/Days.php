<?php

declare(strict_types=1);

namespace Shop\Office;

use Shop\Database;
use Shop\Shop;
use WechatPay\DayReport;
use WechatPay\Merchant;
use WechatPay\PayException;

/** The books of a day against WeChat's bill: done by the worker every morning, or by somebody who presses a button. */
final class Days
{
    public function __construct(private readonly Shop $shop) {}

    /** Reconciles a day, and keeps its sums and tables: whoever looks at them later asks nobody. */
    public function reconcile(Merchant $merchant, string $day): void
    {
        $report = $this->shop->ledger->reconcileDay($merchant, $day);
        try {
            $this->keep($merchant, $day, $report);
        } catch (\LogicException) {
            return;   // somebody else reconciled it at the same moment, and has the bill
        } catch (\PDOException $e) {
            Database::isDouble($e) || throw $e;   // or was faster here
        }
    }

    private function keep(Merchant $merchant, string $day, DayReport $report): void
    {
        $sums = array_diff_key($report->toArray(), ['differences' => []]) + ['differences' => \count($report)];
        $tables = self::tables($report);
        $key = ['mch_id' => $merchant->mchId, 'day' => $day];
        $this->shop->database->together(function () use ($key, $sums, $tables): void {
            foreach (['day_report', 'day_table'] as $table) {
                $this->shop->database->run("DELETE FROM $table WHERE mch_id = ? AND day = ?", array_values($key));
            }
            $this->shop->database->insert('day_report', $key + ['sums' => json_encode($sums)]);
            foreach ($tables as $name => $csv) {
                foreach (str_split(base64_encode(gzencode($csv)), 60_000) as $part => $packed) {
                    $this->shop->database->insert('day_table', $key + ['name' => $name, 'part' => $part, 'packed' => $packed]);
                }
            }
        });
    }

    /** A table of a day for a spreadsheet, as CSV: `orders` or `differences`. */
    public function table(string $mchId, string $day, string $name): string
    {
        $sql = 'SELECT packed FROM day_table WHERE mch_id = ? AND day = ? AND name = ? ORDER BY part';
        $parts = array_column($this->shop->database->rows($sql, [$mchId, $day, $name]), 'packed');
        return gzdecode(base64_decode(implode('', $parts ?: throw new \DomainException('not_reconciled'))));
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

    /** @return list<string> days that the ledger has not done, or whose report was not kept: its process died in between */
    public function missing(Merchant $merchant): array
    {
        $first = $this->shop->database->value('SELECT MIN(made_at) FROM shop_order WHERE mch_id = ?', [$merchant->mchId]);
        $since = date('Y-m-d', max($first, time() - 80 * 86_400));
        $sql = 'SELECT bill_date FROM wechatpay_day d LEFT JOIN day_report r ON r.mch_id = d.mch_id AND r.day = d.bill_date
                WHERE d.mch_id = ? AND d.done_at IS NOT NULL AND d.bill_date >= ? AND r.day IS NULL ORDER BY bill_date';
        $lost = array_column($this->shop->database->rows($sql, [$merchant->mchId, $since]), 'bill_date');
        return $first === 0 ? $lost : [...$lost, ...$this->shop->ledger->missingDays($merchant, $since)];
    }

    /** @return array<string, mixed>|null the sums of a day that was reconciled */
    public function sums(string $mchId, string $day): ?array
    {
        $row = $this->shop->database->row('SELECT sums FROM day_report WHERE mch_id = ? AND day = ?', [$mchId, $day]);
        return $row === null ? null : json_decode($row['sums'], true, 16, JSON_THROW_ON_ERROR);
    }

    /** @return array<string, string> CSV by name */
    private static function tables(DayReport $report): array
    {
        $folder = sys_get_temp_dir() . '/shop-' . bin2hex(random_bytes(8));
        mkdir($folder, 0700);
        try {
            $report->toCsv("$folder/orders", "$folder/differences");
            return array_map(static fn (string $name) => file_get_contents("$folder/$name"), ['orders' => 'orders', 'differences' => 'differences']);
        } finally {
            array_map(unlink(...), glob("$folder/*"));
            rmdir($folder);
        }
    }
}
