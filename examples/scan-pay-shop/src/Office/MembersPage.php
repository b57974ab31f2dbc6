<?php

declare(strict_types=1);

namespace Shop\Office;

use Shop\Page;
use Shop\Shop;

/** Members, and each one's journal: every booking, from what it came, and what the account holds. */
final class MembersPage
{
    public function __construct(private readonly Shop $shop, private readonly Page $page) {}

    public function show(): void
    {
        $wrong = $this->shop->members->wrong();
        $rows = $this->shop->database->rows('SELECT * FROM member ORDER BY balance + gift DESC, points DESC LIMIT 200');
        $heads = array_map($this->page->say(...), ['member', 'name', 'balance', 'gift', 'points', 'books']);
        $this->page->show($this->page->say('members'), "<h1 tabindex=\"-1\">{$this->page->say('members')}</h1>" . $this->page->table($this->page->say('members'), $heads, array_map(fn (array $row) => [
            "<a href=\"/office/members/{$row['id']}\">" . substr($row['id'], 0, 8) . '</a>', Page::escape($row['name']), ...$this->sums($row),
            \in_array($row['id'], $wrong, true) ? $this->page->say('books_wrong') : '✓',
        ], $rows)));
    }

    public function journal(string $id): void
    {
        $member = $this->shop->members->find($id) ?? throw new \DomainException('not_found', 404);
        $rows = $this->shop->database->rows('SELECT * FROM member_journal WHERE member_id = ? ORDER BY booked_at DESC, source DESC LIMIT 500', [$id]);
        $name = Page::escape($member['name']);
        $heads = array_map($this->page->say(...), ['when', 'source', 'balance', 'gift', 'points']);
        [$balance, $gift, $points] = $this->sums($member);
        $this->page->show($name, "<h1 tabindex=\"-1\">$name</h1><p class=\"number\">$id</p><dl><div><dt>{$this->page->say('balance')}</dt><dd>$balance</dd></div>"
            . "<div><dt>{$this->page->say('gift')}</dt><dd>$gift</dd></div><div><dt>{$this->page->say('points')}</dt><dd>$points</dd></div></dl>"
            . $this->page->table($this->page->say('journal'), $heads, array_map(
                fn (array $row) => [date('Y-m-d H:i:s', (int) $row['booked_at']), Page::escape($row['source']), ...$this->sums($row)],
                $rows,
            )));
    }

    /**
     * @param array<string, mixed> $row
     *
     * @return list<string> balance, gift, points
     */
    private function sums(array $row): array
    {
        return [$this->page->yuan((int) $row['balance']), $this->page->yuan((int) $row['gift']), (string) $row['points']];
    }
}
