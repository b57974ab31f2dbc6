<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

/** tools/setup.sh installs what a newcomer needs, and says in one sentence what it cannot do. */
final class SetupTest extends TestCase
{
    /** What Debian's php-cli and php-common bring. */
    private const BROUGHT = [
        'Core', 'ctype', 'date', 'fileinfo', 'filter', 'hash', 'json', 'openssl', 'pcntl', 'pcre', 'PDO', 'posix', 'random',
        'Reflection', 'session', 'sockets', 'SPL', 'standard', 'tokenizer', 'zlib',
    ];

    /** What a Debian without anything has, or README says that one must have: make, git and rustup's cargo. */
    private const BARE = ['alias', 'cargo', 'cd', 'export', 'git', 'make', 'sudo', 'tools/php', 'tools/setup.sh'];

    private string $folder;

    protected function setUp(): void
    {
        $this->folder = sys_get_temp_dir() . '/wechatpay-setup-' . bin2hex(random_bytes(6));
        mkdir($this->folder);
    }

    protected function tearDown(): void
    {
        PhpProcess::command(['rm', '-rf', $this->folder]);
    }

    public function testEveryExtensionThatAnExampleUsesIsInTheListOfTheBuild(): void
    {
        $installed = [...self::BROUGHT, ...self::checked('has_php_module')];
        $files = self::examples();
        self::assertGreaterThan(15, \count($files));
        $used = array_merge(...array_map(self::extensionsOf(...), $files));
        self::assertContains('pdo_sqlite', $used, 'the demo keeps books');
        self::assertSame([], array_values(array_diff($used, $installed, ['wechatpay'])));
    }

    public function testEveryProgramThatAnExampleOrAReadmeRunsIsInTheListOfTheBuild(): void
    {
        $installed = [...self::BARE, ...self::checked('has_command'), 'php', 'composer'];
        $run = array_merge(...array_map(self::programsOf(...), self::examples()));
        foreach (['README.md', 'README.zh-CN.md'] as $page) {
            preg_match_all('~^\$ (?:\w+=\S+ )*([\w./-]+)~m', file_get_contents(ROOT . "/$page"), $found);
            $run = [...$run, ...$found[1]];
        }
        self::assertContains('curl', $run, 'the payer pays by curl');
        $own = preg_grep('~^(?:target/release|\./)~', $run);
        self::assertSame([], array_values(array_unique(array_diff($run, $installed, $own))));
    }

    /** @return iterable<string, array{array<string, string>, string, string}> what PHP says, for what, and what is said of it */
    public static function phps(): iterable
    {
        yield 'too old' => [['version' => '8.1'], 'build', 'is PHP 8.1, and this version of wechatpay knows 8.2 to 8.5'];
        yield 'too new' => [['version' => '8.6'], 'build', 'is PHP 8.6, and this version of wechatpay knows 8.2 to 8.5'];
        yield 'far too new' => [['version' => '10.0'], 'build', 'is PHP 10.0, and this version of wechatpay knows'];
        yield 'of another version than php-config' => [['config' => '8.3.1'], 'build', 'set PHP and PHP_CONFIG to two of one version'];
        yield 'for threads' => [['zts' => '1'], 'build', 'is built for threads (ZTS)'];
        yield 'broken' => [['broken' => '1'], 'build', 'does not run: set PHP and PHP_CONFIG'];
        yield 'not of apt, without a database' => [['lacks' => 'pdo_mysql'], '', 'has not come with apt and lacks pdo_mysql:'];
        yield 'not of apt, without php-config' => [['config' => ''], 'build', 'is not in PATH: set PHP_CONFIG to its php-config'];
    }

    /**
     * @dataProvider phps
     *
     * @param array<string, string> $php
     */
    #[DataProvider('phps')]
    public function testAPhpThatWillNotDoIsRefusedInOneSentence(array $php, string $for, string $says): void
    {
        $run = $this->setUpFor($php, $for);
        self::assertSame([1, ''], [$run->exitCode, $run->output], $run->errors);
        self::assertStringContainsString($says, $run->errors);
        self::assertStringStartsWith('setup: ', $run->errors);
        self::assertLessThanOrEqual(2, substr_count($run->errors, "\n"), $run->errors);
    }

    public function testAPhpThatLacksOnlyWhatTheDemoCanDoWithoutIsBuiltFor(): void
    {
        $run = $this->setUpFor(['lacks' => 'pdo_sqlite'], 'build');
        self::assertSame([0, '', ''], [$run->exitCode, $run->output, $run->errors]);
    }

    public function testEveryKnownPhpIsNamedWithItsNumberOnce(): void
    {
        preg_match_all('~^(\d\.\d) (\d{8})$~m', file_get_contents(ROOT . '/tools/php-versions'), $known);
        self::assertSame(['8.2', '8.3', '8.4', '8.5'], $known[1]);
        self::assertContains(PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION, $known[1]);
        $stubs = json_decode(file_get_contents(ROOT . '/stubs/composer.json'), true, 512, JSON_THROW_ON_ERROR);
        self::assertSame('>=8.2', $stubs['require']['php']);
    }

    /** Runs setup for a PHP that is none: a script that answers what setup asks. @param array<string, string> $php */
    private function setUpFor(array $php, string $for): PhpProcess
    {
        $php += ['version' => '8.4', 'config' => "{$this->versionOf($php)}.1", 'zts' => '0', 'broken' => '0', 'lacks' => 'none'];
        $this->script('php', <<<SH
            [ {$php['broken']} = 0 ] || exit 127
            case "\$*" in
                *PHP_MINOR_VERSION*) echo {$php['version']} ;;
                *PHP_ZTS*) exit {$php['zts']} ;;
                *extension_loaded*{$php['lacks']}) exit 1 ;;
            esac
            SH);
        $php['config'] === '' || $this->script('php-config', "echo {$php['config']}");
        $environment = ['PHP' => "$this->folder/php", 'PHP_CONFIG' => "$this->folder/php-config"] + getenv();
        return PhpProcess::command([ROOT . '/tools/setup.sh', ...array_filter([$for])], environment: $environment);
    }

    /** @param array<string, string> $php */
    private function versionOf(array $php): string
    {
        return $php['version'] ?? '8.4';
    }

    private function script(string $name, string $text): void
    {
        file_put_contents("$this->folder/$name", "#!/bin/sh\n$text\n");
        chmod("$this->folder/$name", 0755);
    }

    /** What the build's part of setup.sh looks for by this check. @return list<string> */
    private static function checked(string $by): array
    {
        $setup = file_get_contents(ROOT . '/tools/setup.sh');
        $build = strstr(strstr($setup, 'find_missing() {'), '[ "$1" = everything ]', true);
        preg_match_all("~$by (\\w\\S*)~", $build, $found);
        return $found[1];
    }

    /** @return list<string> */
    private static function examples(): array
    {
        return [...glob(ROOT . '/examples/*.php'), ...glob(ROOT . '/examples/*/*.php')];
    }

    /** The extensions whose functions and classes a file names, and PDO's drivers. @return list<string> */
    private static function extensionsOf(string $file): array
    {
        $code = file_get_contents($file);
        preg_match_all('~[\'"](sqlite|mysql|pgsql):~', $code, $drivers);
        $used = array_map(fn (string $driver): string => "pdo_$driver", $drivers[1]);
        foreach (\PhpToken::tokenize($code) as $token) {
            $name = ltrim($token->text, '\\');
            $named = $token->is([T_STRING, T_NAME_FULLY_QUALIFIED]);
            if ($named && \function_exists($name) && (new \ReflectionFunction($name))->getExtensionName()) {
                $used[] = (new \ReflectionFunction($name))->getExtensionName();
            } elseif ($named && class_exists($name) && (new \ReflectionClass($name))->getExtensionName()) {
                $used[] = (new \ReflectionClass($name))->getExtensionName();
            }
        }
        return array_values(array_unique($used));
    }

    /** The programs that a file starts by name. @return list<string> */
    private static function programsOf(string $file): array
    {
        preg_match_all('~\b(?:shell_exec|exec|system|passthru|popen|proc_open)\(\[?\s*[\'"]([\w./-]+)~', file_get_contents($file), $found);
        return array_filter($found[1], fn (string $name): bool => !preg_match('~^(?:CREATE|UPDATE|INSERT|PRAGMA|DELETE)$~', $name));
    }
}
