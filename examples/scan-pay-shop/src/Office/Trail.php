<?php

declare(strict_types=1);

namespace Shop\Office;

use Shop\Page;
use Shop\Shop;

/** How an order came to where it stands: what WeChat said of it, and what people did. */
final class Trail
{
    public function __construct(private readonly Shop $shop, private readonly Page $page) {}

    public function of(string $number): string
    {
        return $this->evidence($number) . $this->log($number);
    }

    private function evidence(string $number): string
    {
        $rows = $this->shop->database->rows('SELECT * FROM wechatpay_evidence WHERE out_trade_no = ? ORDER BY id', [$number]);
        $heads = array_map($this->page->say(...), ['when', 'source', 'seen', 'reason', 'amount', 'transaction', 'sha256']);
        return $rows === [] ? '' : "<h2>{$this->page->say('evidence')}</h2>" . $this->page->table($this->page->say('evidence'), $heads, array_map(fn (array $row) => [
            date('Y-m-d H:i:s', intdiv((int) $row['seen_at'], 1000)), Page::escape($row['source']), Page::escape($row['observed']), Page::escape($row['reason']),
            $row['total_fee'] === null ? '' : $this->page->yuan((int) $row['total_fee']), Page::escape($row['transaction_id'] ?? ''), substr($row['sha256'], 0, 12),
        ], $rows));
    }

    private function log(string $number): string
    {
        $rows = $this->shop->database->rows('SELECT * FROM office_log WHERE number = ? ORDER BY at', [$number]);
        return $rows === [] ? '' : "<h2>{$this->page->say('log')}</h2>" . $this->page->table($this->page->say('log'), array_map($this->page->say(...), ['when', 'name', 'log']), array_map(
            static fn (array $row) => [date('Y-m-d H:i:s', (int) $row['at']), Page::escape($row['clerk']), Page::escape($row['what'])],
            $rows,
        ));
    }
}
