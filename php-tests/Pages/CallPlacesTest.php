<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

/** A call is in every place that must know of it, and these places are few. */
final class CallPlacesTest extends TestCase
{
    /** By class, the places where it need not be, and why. */
    private const EXEMPT = [
        'DownloadBill' => [
            'list' => 'its answer is a bill, whose faults are in DownloadBillTest',
            'chapter' => 'docs/reconciliation.md is about nothing else',
        ],
        'DownloadFundFlow' => [
            'list' => 'as DownloadBill',
            'chapter' => 'as DownloadBill',
            'test' => 'DownloadBillTest tries both',
        ],
    ];

    /** A call whose name nobody else needs: the files that name it are those that adding a call touches. */
    private const SAMPLE = '~short_?url~i';

    /** Other changes: an example that each file of the list names, and the most files. */
    private const OTHER_CHANGES = [
        'A property of `Order`' => ['~cash_?fee_?type~i', 6],
        'An exception' => ['~Mismatch~', 10],
        'A code of WeChat\'s' => ['~RATELIMIT_EXCEEDED~', 1],
        'A column of the ledger\'s orders' => ['~suspect_id~', 6],
    ];

    /** @return iterable<string, array{string}> every class with the constructor of a call */
    public static function calls(): iterable
    {
        foreach (glob(ROOT . '/stubs/*.php') as $stub) {
            if (preg_match('~function __construct\(Merchant \$merchant, \?Gateway~', file_get_contents($stub))) {
                yield basename($stub, '.php') => [basename($stub, '.php')];
            }
        }
    }

    public function testTheListOfAllCallsHasNoOther(): void
    {
        $listed = array_keys(array_filter(iterator_to_array(self::calls()), static fn (array $call): bool => !isset(self::EXEMPT[$call[0]]['list'])));
        Lists::assertSame($listed, array_keys(EveryCall::all()));
    }

    /** @dataProvider calls */
    #[DataProvider('calls')]
    public function testACallIsInEachPlace(string $call): void
    {
        foreach (['docs/calls.md', 'docs/calls.zh-CN.md'] as $page) {
            $text = (new Page($page))->text();
            self::assertMatchesRegularExpression("~^\\| `$call` \\|~m", $text, "$page has no row for $call.");
            $this->isExempt($call, 'chapter')
                || self::assertMatchesRegularExpression("~^## (.*\\W)?$call\\b~m", $text, "$page has no chapter for $call.");
        }
        $this->isExempt($call, 'test') || self::assertFileExists(ROOT . "/php-tests/Calls/{$call}Test.php");
        if (!$this->isExempt($call, 'list')) {
            $path = EveryCall::all()[$call]->path;
            self::assertStringContainsString("\"$path\" =>", file_get_contents(ROOT . '/src/simulator/calls/mod.rs'), 'The simulator does not know it.');
            self::assertStringContainsString(basename($path), file_get_contents(ROOT . '/docs/protocol.md'), 'docs/protocol.md does not tell of it.');
        }
    }

    private function isExempt(string $call, string $place): bool
    {
        return isset(self::EXEMPT[$call][$place]);
    }

    public function testACallTouchesTheFilesThatTheArchitecturePageLists(): void
    {
        $listed = self::filesListedFor('A WeChat call');
        Lists::assertSame($listed, self::filesThatName(self::SAMPLE));
        self::assertLessThanOrEqual(12, \count($listed), 'A call has come to touch more files than it need.');
    }

    public function testEachFileListedForAnotherChangeHasItsExample(): void
    {
        foreach (self::OTHER_CHANGES as $change => [$pattern, $most]) {
            $listed = self::filesListedFor($change);
            self::assertNotSame([], $listed, "docs/architecture.md lists no file for: $change");
            self::assertLessThanOrEqual($most, \count($listed), $change);
            foreach ($listed as $file) {
                self::assertMatchesRegularExpression($pattern, file_get_contents(ROOT . "/$file"), "$file, for: $change");
            }
        }
    }

    /** @return list<string> */
    private static function filesListedFor(string $change): array
    {
        preg_match('~^### ' . preg_quote($change, '~') . '\n(.*?)^##~ms', (new Page('docs/architecture.md'))->text(), $chapter);
        preg_match_all('~^\| `([\w./-]+)` \|~m', $chapter[1] ?? '', $rows);
        return $rows[1];
    }

    /**
     * The history, this test and the page itself left out, and the list of old complaints, where a new call has no place.
     *
     * @return list<string>
     */
    private static function filesThatName(string $pattern): array
    {
        $files = glob(ROOT . '/*.md');
        foreach (['src', 'stubs', 'php-tests', 'docs', 'tests', 'examples', 'benches', 'tools', 'debian'] as $folder) {
            foreach (new \RecursiveIteratorIterator(new \RecursiveDirectoryIterator(ROOT . "/$folder", \FilesystemIterator::SKIP_DOTS)) as $file) {
                $files[] = $file->getPathname();
            }
        }
        $naming = array_filter($files, static fn (string $file): bool => (bool) preg_match($pattern, file_get_contents($file)));
        $paths = array_map(static fn (string $file): string => substr($file, \strlen(ROOT) + 1), $naming);
        $others = ['CHANGELOG.md', 'docs/architecture.md', 'php-tests/Pages/CallPlacesTest.php', 'src/tidy/known.rs'];
        return array_values(array_diff($paths, $others));
    }
}
