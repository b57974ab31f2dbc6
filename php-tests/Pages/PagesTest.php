<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

/** All pages: both languages say as much and show the same code, links lead somewhere, and README stays short. */
final class PagesTest extends TestCase
{
    public function testThePagesForShopsAreInBothLanguages(): void
    {
        $twins = array_keys(iterator_to_array(Page::twins()));
        foreach (['README', 'apiv3', 'calls', 'errors', 'faq', 'going-live', 'install', 'ledger', 'performance', 'reconciliation', 'simulator'] as $name) {
            self::assertContains($name === 'README' ? 'README.md' : "docs/$name.md", $twins);
        }
    }

    /** @dataProvider twins */
    #[DataProvider('twins')]
    public function testBothLanguagesShowTheSameCode(Page $english, Page $chinese): void
    {
        self::assertSame(array_map(Page::bare(...), $english->snippets()), array_map(Page::bare(...), $chinese->snippets()));
    }

    /** @dataProvider twins */
    #[DataProvider('twins')]
    public function testBothLanguagesHaveTheSameChaptersAndRows(Page $english, Page $chinese): void
    {
        self::assertSame($english->outline(), $chinese->outline());
    }

    /** @return iterable<string, array{Page, Page}> */
    public static function twins(): iterable
    {
        return Page::twins();
    }

    /** @dataProvider pages */
    #[DataProvider('pages')]
    public function testEveryLinkLeadsSomewhere(Page $page): void
    {
        foreach ($page->links() as ['path' => $path, 'chapter' => $chapter]) {
            $target = $path === '' ? ROOT . "/$page->path" : \dirname(ROOT . "/$page->path") . "/$path";
            self::assertFileExists($target, "$page->path links to $path");
            if ($chapter !== '') {
                $found = new Page(substr(realpath($target), \strlen(realpath(ROOT) . '/')));
                self::assertContains($chapter, $found->chapters(), "$page->path links to $path#$chapter");
            }
        }
        self::assertNotSame('', $page->text());
    }

    /** @return iterable<string, array{Page}> */
    public static function pages(): iterable
    {
        foreach (Page::all() as $page) {
            yield $page->path => [$page];
        }
    }

    /** README is read in ten minutes; whatever is longer has a page of its own, and a link to it. */
    public function testReadmeIsShortAndLinksToEveryPageForShops(): void
    {
        foreach (Page::twins() as $twins) {
            foreach ($twins as $at => $page) {
                $readme = new Page(['README.md', 'README.zh-CN.md'][$at]);
                self::assertContains($page->path, [$readme->path, ...array_column($readme->links(), 'path')]);
                self::assertLessThanOrEqual(300, substr_count($readme->text(), "\n"));
            }
        }
    }
}
