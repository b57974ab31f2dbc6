<?php

declare(strict_types=1);

namespace WechatPayTests;

/**
 * One run of PHP in a process of its own, with the same extension as the tests: what it printed and how it ended.
 *
 *     $run = PhpProcess::code('echo WechatPay\Fen::toYuan(5);');
 *     self::assertSame([0, '0.05', ''], [$run->exitCode, $run->output, $run->errors]);
 */
final class PhpProcess
{
    private function __construct(
        public readonly int $exitCode,
        public readonly string $output,
        public readonly string $errors,
    ) {
    }

    /**
     * Runs statements (without `<?php`), strict types on.
     *
     * @param array<string, string|int> $ini
     */
    public static function code(string $statements, array $ini = [], float $timeout = 30): self
    {
        $file = tempnam(sys_get_temp_dir(), 'wechatpay-test-');
        file_put_contents($file, "<?php declare(strict_types=1);\n" . $statements);
        try {
            return self::file($file, [], $ini, timeout: $timeout);
        } finally {
            unlink($file);
        }
    }

    /**
     * Runs a file.
     *
     * @param list<string>              $arguments
     * @param array<string, string|int> $ini
     * @param bool                      $loaded    with the extension?
     */
    public static function file(
        string $file,
        array $arguments = [],
        array $ini = [],
        bool $loaded = true,
        float $timeout = 30,
    ): self {
        $ini += ['display_errors' => 'stderr', 'log_errors' => 0, 'error_reporting' => -1, 'html_errors' => 0];
        if ($loaded) {
            $ini = ['extension' => self::extension()] + $ini;
        }
        $command = [PHP_BINARY];
        foreach ($ini as $name => $value) {
            array_push($command, '-d', "$name=$value");
        }
        return self::command([...$command, $file, ...$arguments], $timeout);
    }

    /**
     * Runs any command.
     *
     * @param non-empty-list<string>     $command
     * @param array<string, string>|null $environment null for this process's
     */
    public static function command(
        array $command,
        float $timeout = 30,
        ?string $folder = null,
        ?array $environment = null,
    ): self {
        $output = tmpfile();
        $errors = tmpfile();
        $streams = [['file', '/dev/null', 'r'], $output, $errors];
        $process = proc_open($command, $streams, $pipes, $folder, $environment);
        if ($process === false) {
            throw new \RuntimeException("$command[0] cannot be started.");
        }
        $deadline = microtime(true) + $timeout;
        while (($status = proc_get_status($process))['running']) {
            if (microtime(true) > $deadline) {
                proc_terminate($process, SIGKILL);
                proc_close($process);
                throw new \RuntimeException("Not done after $timeout s: " . implode(' ', $command));
            }
            usleep(5_000);
        }
        proc_close($process);
        return new self($status['exitcode'], self::text($output), self::text($errors));
    }

    /** The path of the extension under test. */
    public static function extension(): string
    {
        return getenv('WECHATPAY_EXTENSION') ?: ROOT . '/target/release/libwechatpay.so';
    }

    /** @param resource $file */
    private static function text($file): string
    {
        rewind($file);
        return stream_get_contents($file);
    }
}
