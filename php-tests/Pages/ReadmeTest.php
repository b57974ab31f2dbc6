<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

/**
 * The pages are true: every PHP snippet runs against the simulator and prints what its comments `// prints: ...` say, and
 * names that they list exist. The snippets of docs/calls.md need a certificate: CallsPageTest.
 */
final class ReadmeTest extends TestCase
{
    use WithSimulator {
        setUp as private resetSimulator;
    }

    private const READMES = ['README.md', 'README.zh-CN.md'];
    private const SIMULATOR_PAGES = ['docs/simulator.md', 'docs/simulator.zh-CN.md'];
    private const INSTALL_PAGES = ['docs/install.md', 'docs/install.zh-CN.md'];

    /** The orders that the snippets speak of. */
    protected function setUp(): void
    {
        $this->resetSimulator();
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
        self::assertSame('', ExpectedOutput::missing($snippet, $run->output), "Missing, or out of order, in:\n$run->output");
    }

    /** @return iterable<string, array{string}> */
    public static function snippets(): iterable
    {
        foreach (Page::all() as $page) {
            $elsewhere = preg_match('~^docs/(calls|apiv3|reconciliation)\.~', $page->path);   // they have tests of their own
            foreach ($elsewhere ? [] : $page->snippets() as $at => $snippet) {
                yield "$page->path, snippet " . $at + 1 => [$snippet];
            }
        }
    }

    /** @dataProvider simulatorPages */
    #[DataProvider('simulatorPages')]
    public function testTheSimulatorKnowsEveryFaultAndNoOther(string $page): void
    {
        // Notices have faults of these names too, but not beside each other.
        $signs = ['empty_sign`, `bad_sign`, `lower_sign', 'empty_sign`、`bad_sign`、`lower_sign'];
        $names = (new Page($page))->listed('wrong_host_cert', 'reset_mid_body', 'status_404', 'swapped_order', ...$signs);
        foreach ($names as $fault) {
            self::$simulator->control('POST', '/faults', ['fault' => $fault, 'path' => '/nowhere', 'times' => 1]);
        }
        self::assertCount(\count($names), self::$simulator->control('GET', '/faults'));
        preg_match_all('~^    \("(\w+)", FaultKind::~m', file_get_contents(ROOT . '/src/simulator/fault.rs'), $known);
        Lists::assertSame($known[1], $names);
    }

    /** @dataProvider simulatorPages */
    #[DataProvider('simulatorPages')]
    public function testTheSimulatorKnowsEveryScenario(string $page): void
    {
        $some = ['password', 'password_never', 'payerror', 'auth_code_expired'];
        $names = array_diff(array_unique((new Page($page))->listed(...$some)), ['pay_after_ms', 'err_code']);
        foreach ($names as $scenario) {
            self::$simulator->control('POST', '/micropay', ['scenario' => $scenario]);
        }
        preg_match_all('~^ +(?:\("(\w+)", "[A-Z]|"(\w+)" => course\()~m', file_get_contents(ROOT . '/src/simulator/till.rs'), $known);
        Lists::assertSame(array_filter([...$known[1], ...$known[2]]), $names);
    }

    /** @dataProvider simulatorPages */
    #[DataProvider('simulatorPages')]
    public function testTheSimulatorKnowsEveryMutation(string $page): void
    {
        $names = [...(new Page($page))->listed('with_sign_type'), ...(new Page($page))->listed('bad_padding')];
        preg_match_all('~"[a-z0-9_]+"(?: \| "[a-z0-9_]+")*(?= => )~', file_get_contents(ROOT . '/src/simulator/notice/mutation.rs'), $arms);
        preg_match_all('~"(\w+)"~', implode(' ', $arms[0]), $known);
        Lists::assertSame($known[1], $names);
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
        self::assertSame($calls($control, '~^//! \| `.*$~m'), $calls((new Page($page))->text(), '~^\| `(?:GET|POST|DELETE) .*$~m'));
    }

    public function testBothLanguagesHaveTheSameInstallation(): void
    {
        [$english, $chinese] = array_map(fn (string $page): array => (new Page($page))->commands(), self::INSTALL_PAGES);
        self::assertNotEmpty($english);
        self::assertSame($english, $chinese);
    }

    /** What they tell to type is there: targets of make, scripts, files of a release under their names of now. */
    public function testTheInstallationNamesWhatThereIs(): void
    {
        $typed = implode("\n", (new Page('docs/install.md'))->commands());
        $makefile = file_get_contents(ROOT . '/Makefile');
        preg_match_all('~(?:^|&& )(?:sudo )?(?:PHP\w*=\S+ )*make ([a-z][a-z-]*)~m', $typed, $targets);
        foreach (array_diff($targets[1], ['install']) as $target) {
            self::assertMatchesRegularExpression("~^$target:~m", $makefile);
        }
        preg_match_all('~(?:_v?|-v)(\d+\.\d+\.\d+)[_.]~', (new Page('docs/install.md'))->text() . (new Page('README.md'))->text(), $versions);
        self::assertSame([phpversion('wechatpay')], array_values(array_unique($versions[1])));
    }

    /** @dataProvider readmes */
    #[DataProvider('readmes')]
    public function testTheSettingsAreThoseOfTheExtension(string $readme): void
    {
        preg_match_all('~^\| `(wechatpay\.\w+)` \|~m', (new Page($readme))->text(), $named);
        Lists::assertSame(array_keys(ini_get_all('wechatpay')), $named[1]);
    }

    /** @dataProvider exceptionPages */
    #[DataProvider('exceptionPages')]
    public function testTheTableHasEveryException(string $page): void
    {
        preg_match_all('~^\| `(\w+Exception)`~m', (new Page($page))->text(), $named);
        $stubs = array_map(fn (string $file) => basename($file, '.php'), glob(ROOT . '/stubs/*Exception.php'));
        Lists::assertSame($stubs, $named[1]);
    }

    /** @dataProvider errorPages */
    #[DataProvider('errorPages')]
    public function testTheTableHasEveryErrCode(string $page): void
    {
        preg_match_all('~^\| ([A-Z0-9_]{5,}.*?) \|~m', (new Page($page))->text(), $rows);
        preg_match_all('~[A-Z0-9_]{5,}~', implode(' ', $rows[1]), $named);
        preg_match_all('~"([A-Z0-9_]+)"~', file_get_contents(ROOT . '/src/error/err_code.rs'), $known);
        Lists::assertSame($known[1], $named[0]);
    }

    /** @return iterable<string, array{string}> */
    public static function errorPages(): iterable
    {
        yield 'English' => ['docs/errors.md'];
        yield 'Chinese' => ['docs/errors.zh-CN.md'];
    }

    /** @return iterable<string, array{string}> */
    public static function readmes(): iterable
    {
        foreach (self::READMES as $readme) {
            yield $readme => [$readme];
        }
    }

    /** @return iterable<string, array{string}> */
    public static function exceptionPages(): iterable
    {
        foreach ([...self::READMES, 'docs/errors.md', 'docs/errors.zh-CN.md'] as $page) {
            yield $page => [$page];
        }
    }

    /** @return iterable<string, array{string}> */
    public static function simulatorPages(): iterable
    {
        foreach (self::SIMULATOR_PAGES as $page) {
            yield $page => [$page];
        }
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
        $makers = array_filter((new Page('README.md'))->snippets(), fn (string $block): bool => str_contains($block, 'function ledger('));
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
}
