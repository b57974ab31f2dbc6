<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

/**
 * The READMEs are true: every PHP snippet runs against the simulator and prints what its comments `// prints: ...` say,
 * names that they list exist, and both languages say as much.
 */
final class ReadmeTest extends TestCase
{
    private const READMES = ['README.md', 'README.zh-CN.md'];
    private const SIMULATOR_PAGES = ['docs/simulator.md', 'docs/simulator.zh-CN.md'];
    private const LEDGER_PAGES = ['docs/ledger.md', 'docs/ledger.zh-CN.md'];
    private const INSTALL_PAGES = ['docs/install.md', 'docs/install.zh-CN.md'];

    private static SimulatorProcess $simulator;

    public static function setUpBeforeClass(): void
    {
        self::$simulator = SimulatorProcess::start();
    }

    public static function tearDownAfterClass(): void
    {
        self::$simulator->stop();
    }

    /** The orders that the snippets speak of. */
    protected function setUp(): void
    {
        self::$simulator->reset();
        foreach ([
            ['out_trade_no' => 'coffee-0001', 'total_fee' => 1230, 'trade_state' => 'SUCCESS'],
            ['out_trade_no' => 'tea-0001', 'total_fee' => 800],
            ['out_trade_no' => 'sub-0001', 'total_fee' => 100, 'sub_mch_id' => '1900000109'],
        ] as $order) {
            self::$simulator->control('POST', '/orders', $order);
        }
    }

    /** @dataProvider snippets */
    #[DataProvider('snippets')]
    public function testTheSnippetRunsAndPrintsWhatItSays(string $snippet): void
    {
        $ini = self::$simulator->ini() + ['error_log' => '/dev/null'];
        $run = PhpProcess::code(self::preparation() . self::shop($snippet) . self::here($snippet), $ini);

        self::assertSame('', $run->errors, $snippet);
        self::assertSame(0, $run->exitCode, $run->output);
        self::assertSame('', Promises::broken($snippet, $run->output), "Missing, or out of order, in:\n$run->output");
    }

    /** @return iterable<string, array{string}> */
    public static function snippets(): iterable
    {
        foreach (self::READMES as $readme) {
            foreach (self::blocks($readme) as $at => $snippet) {
                yield "$readme, snippet " . $at + 1 => [$snippet];
            }
        }
    }

    public function testBothLanguagesShowTheSameCode(): void
    {
        [$english, $chinese] = array_map(self::blocks(...), self::READMES);
        self::assertNotEmpty($english);
        self::assertSame(array_map(self::bare(...), $english), array_map(self::bare(...), $chinese));
    }

    public function testBothLanguagesHaveTheSameChaptersAndRows(): void
    {
        [$english, $chinese] = array_map(self::outline(...), self::READMES);
        self::assertSame($english, $chinese);
    }

    /** @dataProvider simulatorPages */
    #[DataProvider('simulatorPages')]
    public function testTheSimulatorKnowsEveryFaultAndNoOther(string $page): void
    {
        $names = self::listed($page, 'wrong_host_cert', 'reset_mid_body', 'status_404', 'empty_sign', 'swapped_order');
        foreach ($names as $fault) {
            self::$simulator->control('POST', '/faults', ['fault' => $fault, 'path' => '/nowhere', 'times' => 1]);
        }
        self::assertCount(\count($names), self::$simulator->control('GET', '/faults'));
        preg_match_all('~^    \("(\w+)", Fault::~m', file_get_contents(ROOT . '/src/simulator/fault.rs'), $known);
        self::assertEqualsCanonicalizing($known[1], $names);
    }

    /** @dataProvider simulatorPages */
    #[DataProvider('simulatorPages')]
    public function testTheSimulatorKnowsEveryScenario(string $page): void
    {
        $some = ['password', 'password_never', 'payerror', 'auth_code_expired'];
        $names = array_diff(array_unique(self::listed($page, ...$some)), ['pay_after_ms', 'err_code']);
        foreach ($names as $scenario) {
            self::$simulator->control('POST', '/micropay', ['scenario' => $scenario]);
        }
        preg_match_all('~^ +(?:\("(\w+)", "[A-Z]|"(\w+)" => course\()~m', file_get_contents(ROOT . '/src/simulator/till.rs'), $known);
        self::assertEqualsCanonicalizing(array_filter([...$known[1], ...$known[2]]), $names);
    }

    /** @dataProvider simulatorPages */
    #[DataProvider('simulatorPages')]
    public function testTheSimulatorKnowsEveryMutation(string $page): void
    {
        $names = [...self::listed($page, 'with_sign_type'), ...self::listed($page, 'bad_padding')];
        preg_match_all('~"[a-z0-9_]+"(?: \| "[a-z0-9_]+")*(?= => )~', file_get_contents(ROOT . '/src/simulator/notice/mutation.rs'), $arms);
        preg_match_all('~"(\w+)"~', implode(' ', $arms[0]), $known);
        self::assertEqualsCanonicalizing($known[1], $names);
    }

    /** @dataProvider simulatorPages */
    #[DataProvider('simulatorPages')]
    public function testTheControlIsThatOfTheSimulator(string $page): void
    {
        $calls = function (string $text, string $line): array {
            preg_match_all($line, $text, $rows);
            preg_match_all('~`((?:GET|POST|DELETE) /\w+)`~', implode(' ', $rows[0]), $found);
            sort($found[1]);
            return $found[1];
        };
        $control = file_get_contents(ROOT . '/src/simulator/control/mod.rs');
        self::assertSame($calls($control, '~^//! \| `.*$~m'), $calls(self::text($page), '~^\| `(?:GET|POST|DELETE) .*$~m'));
    }

    public function testBothLanguagesHaveTheSameControl(): void
    {
        [$english, $chinese] = array_map(self::outline(...), self::SIMULATOR_PAGES);
        self::assertSame($english, $chinese);
    }

    public function testBothLanguagesHaveTheSameInstallation(): void
    {
        [$english, $chinese] = array_map(self::outline(...), self::INSTALL_PAGES);
        self::assertSame($english, $chinese);
        [$english, $chinese] = array_map(self::commands(...), self::INSTALL_PAGES);
        self::assertNotEmpty($english);
        self::assertSame($english, $chinese);
    }

    /** What they tell to type is there: targets of make, scripts, files of a release under their names of now. */
    public function testTheInstallationNamesWhatThereIs(): void
    {
        $typed = implode("\n", self::commands('docs/install.md'));
        $makefile = file_get_contents(ROOT . '/Makefile');
        preg_match_all('~(?:^|&& )(?:sudo )?(?:PHP\w*=\S+ )*make ([a-z][a-z-]*)~m', $typed, $targets);
        foreach (array_diff($targets[1], ['install']) as $target) {
            self::assertMatchesRegularExpression("~^$target:~m", $makefile);
        }
        preg_match_all('~(?:_v?|-v)(\d+\.\d+\.\d+)[_.]~', self::text('docs/install.md') . self::text('README.md'), $versions);
        self::assertSame([phpversion('wechatpay')], array_values(array_unique($versions[1])));
    }

    public function testBothLanguagesHaveTheSameLedger(): void
    {
        [$english, $chinese] = array_map(self::outline(...), self::LEDGER_PAGES);
        self::assertSame($english, $chinese);
    }

    /** @dataProvider readmes */
    #[DataProvider('readmes')]
    public function testTheSettingsAreThoseOfTheExtension(string $readme): void
    {
        preg_match_all('~^\| `(wechatpay\.\w+)` \|~m', self::text($readme), $named);
        self::assertEqualsCanonicalizing(array_keys(ini_get_all('wechatpay')), $named[1]);
    }

    /** @dataProvider readmes */
    #[DataProvider('readmes')]
    public function testTheTableHasEveryException(string $readme): void
    {
        preg_match_all('~^\| `(\w+Exception)`~m', self::text($readme), $named);
        $stubs = array_map(fn (string $file) => basename($file, '.php'), glob(ROOT . '/stubs/*Exception.php'));
        self::assertEqualsCanonicalizing($stubs, $named[1]);
    }

    /**
     * @dataProvider readmes
     * @dataProvider simulatorPages
     * @dataProvider ledgerPages
     * @dataProvider installPages
     */
    #[DataProvider('readmes')]
    #[DataProvider('simulatorPages')]
    #[DataProvider('ledgerPages')]
    #[DataProvider('installPages')]
    public function testEveryLinkLeadsSomewhere(string $page): void
    {
        preg_match_all('~\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)~', self::text($page), $links, PREG_SET_ORDER);
        self::assertNotEmpty($links);
        foreach ($links as [, $path]) {
            self::assertFileExists(\dirname(ROOT . "/$page") . "/$path");
        }
        foreach (array_filter($links, fn (array $link): bool => isset($link[2])) as [, $path, $chapter]) {
            $target = $path === '' ? $page : ltrim(\dirname($page) . "/$path", './');
            self::assertContains($chapter, self::chapters($target), "$page links to $path#$chapter");
        }
    }

    /** @return iterable<string, array{string}> */
    public static function readmes(): iterable
    {
        foreach (self::READMES as $readme) {
            yield $readme => [$readme];
        }
    }

    /** @return iterable<string, array{string}> */
    public static function simulatorPages(): iterable
    {
        foreach (self::SIMULATOR_PAGES as $page) {
            yield $page => [$page];
        }
    }

    /** @return iterable<string, array{string}> */
    public static function ledgerPages(): iterable
    {
        foreach (self::LEDGER_PAGES as $page) {
            yield $page => [$page];
        }
    }

    /** @return iterable<string, array{string}> */
    public static function installPages(): iterable
    {
        foreach (self::INSTALL_PAGES as $page) {
            yield $page => [$page];
        }
    }

    /** @return list<string> the lines to type, without what they say about themselves */
    private static function commands(string $page): array
    {
        preg_match_all('~^```\n(.*?)^```$~ms', self::text($page), $blocks);
        return preg_replace('~ +# .*$~m', '', $blocks[1]);
    }

    private static function text(string $readme): string
    {
        return file_get_contents(\dirname(__DIR__) . '/' . $readme);
    }

    /** @return list<string> the names by which links call the headings of a page */
    private static function chapters(string $page): array
    {
        preg_match_all('~^#+ (.*)$~m', self::text($page), $headings);
        $name = fn (string $heading): string => str_replace(' ', '-', preg_replace('~[^\w -]~u', '', mb_strtolower($heading)));
        return array_map($name, $headings[1]);
    }

    /** @return list<string> */
    private static function blocks(string $readme): array
    {
        preg_match_all('~^```php\n(.*?)^```$~ms', self::text($readme), $found);
        return $found[1];
    }

    /** What the snippets take as given. */
    private static function preparation(): string
    {
        [$appid, $mchId, $key] = [SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY];
        return <<<PHP
            putenv('WECHATPAY_APPID=$appid');
            putenv('WECHATPAY_MCH_ID=$mchId');
            putenv('WECHATPAY_KEY=$key');
            \$merchant = new \WechatPay\Merchant('$appid', '$mchId', '$key');
            define('BODY', \WechatPay\Notification::sign(
                ['out_trade_no' => 'coffee-0001', 'transaction_id' => '4200000001', 'total_fee' => 1230],
                \$merchant,
            ));
            \$logger = new class {
                public function info(string \$message, array \$context): void
                {
                    \$names = array_map(fn (string \$name): string => "{{\$name}}", array_keys(\$context));
                    echo str_replace(\$names, array_map(strval(...), \$context), \$message), "\\n";
                }
            };

            PHP;
    }

    /** For a snippet that uses the ledger: the function that makes it, from the README, and a shop that has opened an order. */
    private static function shop(string $snippet): string
    {
        $makers = array_filter(self::blocks('README.md'), fn (string $block): bool => str_contains($block, 'function ledger('));
        if (!str_contains($snippet, 'ledger($pdo)')) {
            return '';
        }
        return implode('', $makers) . <<<'PHP'
            $pdo = new PDO('sqlite::memory:');
            $pdo->exec('CREATE TABLE shop_order (number TEXT PRIMARY KEY, paid INT)');
            $pdo->exec("INSERT INTO shop_order VALUES ('coffee-0001', 0)");
            ledger($pdo)->install();
            ledger($pdo)->open($merchant, 'coffee-0001', 1230);

            PHP;
    }

    /** The snippet with the addresses of the running simulator for those of the text, and a notice for the request. */
    private static function here(string $snippet): string
    {
        return strtr($snippet, [
            'https://127.0.0.1:8440' => self::$simulator->url,
            'https://127.0.0.1:8441' => self::$simulator->backupUrl,
            'http://127.0.0.1:8442' => self::$simulator->control,
            "file_get_contents('php://input')" => 'BODY',
            'run(seconds: 55)' => 'run(seconds: 0)',
        ]);
    }

    /** Code without comments and blanks, and without the words for people. */
    private static function bare(string $snippet): string
    {
        $tokens = array_filter(
            \PhpToken::tokenize("<?php $snippet"),
            fn (\PhpToken $token): bool => !$token->isIgnorable(),
        );
        $words = fn (\PhpToken $token): string => $token->is([T_CONSTANT_ENCAPSED_STRING, T_ENCAPSED_AND_WHITESPACE])
            && preg_match('~[ \x80-\xff]~', $token->text) ? "'...'" : $token->text;
        return implode(' ', array_map($words, $tokens));
    }

    /**
     * The depths of the headings, each with the number of table rows below it.
     *
     * @return list<string>
     */
    private static function outline(string $readme): array
    {
        $text = preg_replace('~^```.*?^```$~ms', '', self::text($readme));
        $outline = [];
        foreach (preg_split('~^(?=#)~m', $text, -1, PREG_SPLIT_NO_EMPTY) as $part) {
            $outline[] = strspn($part, '#') . ' deep, ' . preg_match_all('~^\|~m', $part) . ' rows';
        }
        return $outline;
    }

    /**
     * The names in the table rows that hold one of these names.
     *
     * @return list<string>
     */
    private static function listed(string $readme, string ...$some): array
    {
        $names = [];
        foreach (explode("\n", self::text($readme)) as $line) {
            $isRow = str_starts_with($line, '| ') && array_filter($some, fn ($name) => str_contains($line, "`$name`"));
            if ($isRow) {
                preg_match_all('~`(\w+)`~', substr($line, strpos($line, '|', 2)), $found);
                array_push($names, ...$found[1]);
            }
        }
        return $names;
    }
}
