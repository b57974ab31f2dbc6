<?php

declare(strict_types=1);

namespace Shop\Office;

use Shop\Database;
use Shop\Page;
use Shop\Shop;
use WechatPay\SyncReport;

/** How the shop is: whether a worker is alive, what waits for a person, whether the books add up. */
final class Status
{
    public function __construct(private readonly Shop $shop, private readonly DaysPage $days, private readonly Page $page) {}

    /** What a worker says after each round. */
    public static function beat(Database $database, SyncReport $report): void
    {
        $name = gethostname() . ':' . getmypid();
        $said = "$report->asked asked, $report->credited credited, $report->faults faults, $report->failures failures, $report->others of others";
        $database->run('DELETE FROM worker_status WHERE name = ? OR seen_at < ?', [$name, time() - 86_400]);
        $database->insert('worker_status', ['name' => $name, 'seen_at' => time(), 'said' => $said]);
    }

    public function show(): void
    {
        $waiting = \count((new OrderList($this->shop, $this->page))->waiting());
        $differences = array_sum(array_map(fn ($merchant) => \count($this->days->open($merchant)), array_column($this->shop->merchants, null, 'mchId')));
        $facts = [
            "<a href=\"/office/orders\">{$this->page->say('to_decide')}</a>" => $waiting,
            "<a href=\"/office/days\">{$this->page->say('differences')}</a>" => $differences,
            "<a href=\"/office/members\">{$this->page->say('books_wrong')}</a>" => \count($this->shop->members->wrong()),
            $this->page->say('overdue') => $this->shop->database->value('SELECT COUNT(*) FROM wechatpay_order WHERE due_at < ?', [(time() - 300) * 1000]),
        ];
        $html = implode('', array_map(static fn (string $name, int $count) => "<div><dt>$name</dt><dd>$count</dd></div>", array_keys($facts), $facts));
        $workers = $this->shop->database->rows('SELECT * FROM worker_status ORDER BY seen_at DESC');
        $isAlive = static fn (array $worker) => (int) $worker['seen_at'] > time() - 60;
        $heads = array_map($this->page->say(...), ['name', 'when', 'state', 'log']);
        $this->page->show($this->page->say('office'), "<h1 tabindex=\"-1\">{$this->page->say('office')}</h1><dl>$html</dl><h2>{$this->page->say('workers')}</h2>"
            . (array_filter($workers, $isAlive) === [] ? "<p class=\"note\" role=\"alert\">{$this->page->say('no_worker')}</p>" : '')
            . $this->page->table($this->page->say('workers'), $heads, array_map(fn (array $worker) => [
                Page::escape($worker['name']), date('Y-m-d H:i:s', (int) $worker['seen_at']), $this->page->say($isAlive($worker) ? 'alive' : 'gone'), Page::escape($worker['said']),
            ], $workers)));
    }
}
