<?php

declare(strict_types=1);

namespace Demo;

/** What the demo writes: numbered chapters, sentences, tables. Colours only on a terminal. */
final class Screen
{
    private const WIDTH = 100;

    private int $chapter = 0;
    private readonly bool $colours;

    public function __construct()
    {
        $this->colours = stream_isatty(STDOUT) && getenv('NO_COLOR') === false;
    }

    /** Begins a chapter. */
    public function chapter(string $title): void
    {
        $this->chapter++;
        echo "\n", $this->bold("$this->chapter. $title"), "\n";
    }

    /** Writes sentences, one a line. */
    public function say(string ...$lines): void
    {
        foreach ($lines as $line) {
            echo '   ', $line, "\n";
        }
    }

    /** Leaves a line free. */
    public function gap(): void
    {
        echo "\n";
    }

    /**
     * Writes two columns.
     *
     * @param array<string, string> $rows
     */
    public function table(array $rows): void
    {
        $width = max(array_map(strlen(...), array_map(strval(...), array_keys($rows))));
        foreach ($rows as $name => $value) {
            $this->row((string) $name, $value, $width);
        }
    }

    /** Writes one row of two columns; a long value goes on below itself. */
    public function row(string $name, string $value, int $width = 22): void
    {
        $lines = explode("\n", wordwrap($value, self::WIDTH - $width - 5));
        foreach ($lines as $at => $line) {
            $this->say(str_pad($at === 0 ? $name : '', $width) . '  ' . $line);
        }
    }

    /** Writes a picture made of blocks: light on dark, whatever the terminal's own colours are. */
    public function picture(string $blocks): void
    {
        foreach (explode("\n", rtrim($blocks, "\n")) as $line) {
            $this->say($this->colours ? "\e[97;40m$line\e[0m" : $line);
        }
    }

    private function bold(string $text): string
    {
        return $this->colours ? "\e[1m$text\e[0m" : $text;
    }
}
