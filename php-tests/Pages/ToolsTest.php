<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\TestCase;

/**
 * The scripts: nothing of the user's is changed or left over, whatever happens.
 *
 * @group slow
 */
#[Group('slow')]
final class ToolsTest extends TestCase
{
    private string $folder;

    protected function setUp(): void
    {
        $this->folder = sys_get_temp_dir() . '/wechatpay-tools-' . bin2hex(random_bytes(6));
        mkdir("$this->folder/tree/target/release", 0755, true);
        PhpProcess::command(['cp', '-r', ROOT . '/tools', "$this->folder/tree/tools"]);
    }

    protected function tearDown(): void
    {
        PhpProcess::command(['rm', '-rf', $this->folder]);
    }

    /** Under pipefail a reader that leaves early fails the script whenever the writer is slower. */
    public function testNoScriptReadsOnlyTheBeginningOfAPipe(): void
    {
        $files = array_filter(glob(ROOT . '/{tools,tools/*,.ci,debian,php-tests}/*', GLOB_BRACE), is_file(...));
        $scripts = array_filter($files, fn (string $file) => !preg_match('~\.(php|xml|json)$~', $file));
        self::assertContains(ROOT . '/tools/deb-test.inside', $scripts);
        foreach ($scripts as $file) {
            self::assertDoesNotMatchRegularExpression('~\|\s*(head\b|grep\s+-[a-zA-Z]*q)~', file_get_contents($file), $file);
        }
    }

    public function testInstallSaysThatNothingIsBuiltAndWhoBuilds(): void
    {
        $run = $this->install();
        self::assertSame([1, ''], [$run->exitCode, $run->output]);
        self::assertStringContainsString('run `make build` first, as yourself', $run->errors);
    }

    public function testInstallPutsFileAndIniWherePhpLooks(): void
    {
        copy(PhpProcess::extension(), "$this->folder/tree/target/release/libwechatpay.so");
        $run = $this->install();
        self::assertSame([0, ''], [$run->exitCode, $run->errors], $run->output);
        self::assertFileEquals(PhpProcess::extension(), $this->installed());
        self::assertMatchesRegularExpression('~^install: (\S+/wechatpay\.ini)$~m', $run->output);
    }

    /** @return iterable<string, array{string}> a file that does not load, as that of another PHP does not */
    public static function uselessFiles(): iterable
    {
        yield 'no library' => ['not a library'];
        yield 'empty' => [''];
        yield 'the simulator' => [(string) file_get_contents('/bin/true')];
    }

    /** @dataProvider uselessFiles */
    #[DataProvider('uselessFiles')]
    public function testInstallChangesNothingWhenTheBuiltFileDoesNotLoad(string $file): void
    {
        $built = "$this->folder/tree/target/release/libwechatpay.so";
        file_put_contents($built, $file);
        mkdir(\dirname($this->installed()), 0755, true);
        file_put_contents($this->installed(), 'what works today');
        $run = $this->install();
        self::assertSame([1, ''], [$run->exitCode, $run->output]);
        self::assertStringContainsString('nothing was changed. Run `make build` with this PHP.', $run->errors);
        self::assertSame('what works today', file_get_contents($this->installed()));
        $ini = PhpProcess::command(['find', "$this->folder/root", '-name', '*.ini'])->output;
        self::assertSame('', $ini, 'and no ini file loads it');
    }

    public function testUninstallTakesOutWhatInstallPutThere(): void
    {
        copy(PhpProcess::extension(), "$this->folder/tree/target/release/libwechatpay.so");
        $this->install();
        self::assertCount(2, $this->left());
        unlink("$this->folder/tree/target/release/libwechatpay.so");
        $run = $this->install('uninstall');
        self::assertSame([0, ''], [$run->exitCode, $run->errors], $run->output);
        self::assertSame([], $this->left());
        $again = $this->install('uninstall');
        self::assertSame(0, $again->exitCode);
        self::assertStringContainsString('nothing to do', $again->output);
    }

    public function testUninstallKeepsSettingsThatSomebodyWroteWherePhpDoesNotReadThem(): void
    {
        copy(PhpProcess::extension(), "$this->folder/tree/target/release/libwechatpay.so");
        preg_match('~^install: (\S+/wechatpay\.ini)$~m', $this->install()->output, $ini);
        file_put_contents($ini[1], "wechatpay.timeout_ms = 5000\n", FILE_APPEND);
        $run = $this->install('uninstall');
        self::assertSame([0, ["$ini[1].saved"]], [$run->exitCode, array_values($this->left())]);
        self::assertStringContainsString("kept as $ini[1].saved", $run->output);
    }

    public function testInstallKnowsNoOtherWord(): void
    {
        $run = $this->install('uninstal');
        self::assertSame([1, ''], [$run->exitCode, $run->output]);
        self::assertStringContainsString('"uninstal" is not known', $run->errors);
    }

    public function testPhpSaysThatAFileIsForAnotherPhp(): void
    {
        $built = "$this->folder/tree/target/release/libwechatpay.so";
        file_put_contents($built, 'not a library');
        $run = PhpProcess::command([ROOT . '/tools/php', '-v'], environment: ['WECHATPAY_EXTENSION' => $built] + getenv());
        self::assertSame([1, ''], [$run->exitCode, $run->output]);
        self::assertStringContainsString('Run `make build` with this PHP.', $run->errors);
    }

    public function testTheFirstLinesOfTheReadmeRunAsPrintedBesideASimulator(): void
    {
        preg_match('~^```php\n(.*?)^```$~ms', file_get_contents(ROOT . '/README.md'), $lines);
        $run = $this->beside($lines[1]);
        self::assertSame([0, ''], [$run->exitCode, $run->errors], $run->output);
        self::assertMatchesRegularExpression('~^paid at \d\d:\d\d: deliver, once$~', trim($run->output));
    }

    public function testTheScriptsExitCodeComesOutAndTheSimulatorGoes(): void
    {
        $run = $this->beside('echo ini_get("wechatpay.ca_file"), " ", getenv("WECHATPAY_CONTROL"); exit(7);');
        [$caFile, $control] = explode(' ', $run->output);
        self::assertSame([7, ''], [$run->exitCode, $run->errors]);
        self::assertFileDoesNotExist(\dirname($caFile));
        self::assertFalse(@fsockopen('127.0.0.1', (int) parse_url($control, PHP_URL_PORT)), 'nobody listens any more');
    }

    /** @return iterable<string, array{string, int}> how a run ends, and its exit code */
    public static function ends(): iterable
    {
        yield 'SIGTERM' => ['TERM', 143];
        yield 'SIGHUP' => ['HUP', 129];
        yield 'SIGKILL, of which no shell hears' => ['KILL', 137];
    }

    /** @dataProvider ends */
    #[DataProvider('ends')]
    public function testTheSimulatorGoesHoweverTheRunEnds(string $signal, int $code): void
    {
        $told = "$this->folder/told";
        $script = '$f = $argv[1]; file_put_contents("$f.new", ini_get("wechatpay.ca_file")); rename("$f.new", $f); sleep(20);';
        $command = <<<SH
            "\$0" --simulator -r '$script' "\$1" >/dev/null 2>&1 & pid=\$!
            for try in \$(seq 200); do [ -e "\$1" ] && break; sleep 0.05; done
            kill -$signal \$pid; wait \$pid
            SH;
        $run = PhpProcess::command(['bash', '-c', $command, ROOT . '/tools/php', $told], environment: self::built());
        self::assertSame($code, $run->exitCode, $run->errors);
        $folder = \dirname((string) file_get_contents($told));
        for ($waited = 0; is_dir($folder) && $waited < 100; $waited++) {
            usleep(50_000);
            clearstatcache();
        }
        self::assertDirectoryDoesNotExist($folder);
    }

    public function testASimulatorThatDoesNotStartIsSaid(): void
    {
        $run = $this->beside('echo 1;', ['WECHATPAY_SIMULATOR' => '/bin/false']);
        self::assertSame([1, ''], [$run->exitCode, $run->output]);
        self::assertStringContainsString('The simulator did not start', $run->errors);
        $run = $this->beside('echo 1;', ['WECHATPAY_SIMULATOR' => "$this->folder/none"]);
        self::assertStringContainsString('run `make build` first', $run->errors);
    }

    public function testTheIniOfASimulatorThatRunsIsEnough(): void
    {
        $simulator = SimulatorProcess::start('--folder', "$this->folder/wechat");
        $simulator->control('POST', '/orders', ['out_trade_no' => 'own-0001', 'total_fee' => 5, 'trade_state' => 'SUCCESS']);
        $asks = 'echo (new WechatPay\OrderQuery(new WechatPay\Merchant($argv[1], $argv[2], $argv[3])))->byOutTradeNo("own-0001")->totalFee;';
        $run = PhpProcess::command(
            [ROOT . '/tools/php', '-r', $asks, SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY],
            environment: ['PHP_INI_SCAN_DIR' => ":$this->folder/wechat"] + self::built(),
        );
        $simulator->stop();
        self::assertSame([0, '5', ''], [$run->exitCode, $run->output, $run->errors]);
    }

    public function testTheStepsOfTheReadmeEndInAPaidOrder(): void
    {
        foreach (['tools', 'examples'] as $name) {
            symlink(realpath(ROOT . "/$name"), "$this->folder/$name");
        }
        [$port, $page] = [self::freePorts(), self::freePorts()];
        $steps = strtr(PhpProcess::command([ROOT . '/tools/first-steps'])->output, [
            'target/release/wechatpay-simulator' => getenv('WECHATPAY_SIMULATOR') ?: realpath(ROOT . '/target/release/wechatpay-simulator'),
            '/tmp/wechat' => "$this->folder/wechat",
            '8440' => $port,
            '8442' => $port + 2,
            '8000' => $page,
        ]);
        $own = ['WECHATPAY_EXAMPLE_DB' => "$this->folder/notices.sqlite"] + self::built();
        $run = PhpProcess::command(['bash', '-c', $steps], timeout: 60, folder: $this->folder, environment: $own);
        self::assertSame(0, $run->exitCode, $run->output . $run->errors);
        foreach (['~weixin://wxpay/~', '~"accepted":true~', '~^paid at \d\d:\d\d: deliver, once$~m', '~refused, as it must be~'] as $told) {
            self::assertMatchesRegularExpression($told, $run->output);
        }
        $events = new \PDO("sqlite:$this->folder/notices.sqlite");
        self::assertContains('coffee-0001 is paid', $events->query('SELECT what FROM event')->fetchAll(\PDO::FETCH_COLUMN));
    }

    /** The first of three ports in a row that nobody listens on. */
    private static function freePorts(): int
    {
        $isFree = static fn (int $port): bool => @fsockopen('127.0.0.1', $port) === false;
        do {
            $port = random_int(20_000, 30_000);
        } while (!$isFree($port) || !$isFree($port + 1) || !$isFree($port + 2));
        return $port;
    }

    /** @param array<string, string> $environment */
    private function beside(string $code, array $environment = []): PhpProcess
    {
        file_put_contents("$this->folder/first.php", "<?php\n$code");
        $command = [ROOT . '/tools/php', '--simulator', "$this->folder/first.php"];
        return PhpProcess::command($command, environment: $environment + self::built());
    }

    /** @return array<string, string> */
    private static function built(): array
    {
        return ['PHP' => PHP_BINARY, 'WECHATPAY_EXTENSION' => PhpProcess::extension()] + getenv();
    }

    private function install(string ...$words): PhpProcess
    {
        $environment = ['DESTDIR' => "$this->folder/root", 'PHP' => PHP_BINARY] + getenv();
        return PhpProcess::command(["$this->folder/tree/tools/install.sh", ...$words], environment: $environment);
    }

    /** @return list<string> the files that an install left */
    private function left(): array
    {
        return array_filter(explode("\n", PhpProcess::command(['find', "$this->folder/root", '-type', 'f'])->output));
    }

    private function installed(): string
    {
        return "$this->folder/root" . PHP_EXTENSION_DIR . '/wechatpay.so';
    }
}
