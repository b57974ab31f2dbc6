<?php

declare(strict_types=1);

namespace WechatPayTests;

/** A page of the documentation, and what can be read from it. */
final class Page
{
    /** @param string $path below the root */
    public function __construct(public readonly string $path)
    {
    }

    /** @return iterable<string, array{self, self}> each page that has a Chinese twin, with it */
    public static function twins(): iterable
    {
        foreach (self::all() as $page) {
            $twin = preg_replace('~\.md$~', '.zh-CN.md', $page->path);
            if (is_file(ROOT . "/$twin")) {
                yield $page->path => [$page, new self($twin)];
            }
        }
    }

    /** @return list<self> every page of the tree, in both languages */
    public static function all(): array
    {
        $files = [...glob(ROOT . '/*.md'), ...glob(ROOT . '/docs/*.md')];
        return array_map(fn (string $file): self => new self(substr($file, \strlen(ROOT . '/'))), $files);
    }

    public function text(): string
    {
        return file_get_contents(ROOT . "/$this->path");
    }

    /** @return list<string> the PHP code */
    public function snippets(): array
    {
        preg_match_all('~^```php\n(.*?)^```$~ms', $this->text(), $found);
        return $found[1];
    }

    /** @return list<string> the lines to type, without what they say about themselves */
    public function commands(): array
    {
        preg_match_all('~^```\n(.*?)^```$~ms', $this->text(), $blocks);
        return preg_replace('~ +# .*$~m', '', $blocks[1]);
    }

    /** @return list<string> the depths of the headings, each with the number of table rows below it */
    public function outline(): array
    {
        $outline = [];
        foreach (preg_split('~^(?=#)~m', $this->prose(), -1, PREG_SPLIT_NO_EMPTY) as $part) {
            $outline[] = strspn($part, '#') . ' deep, ' . preg_match_all('~^\|~m', $part) . ' rows';
        }
        return $outline;
    }

    /** @return list<string> the names by which links call the headings */
    public function chapters(): array
    {
        preg_match_all('~^#+ (.*)$~m', $this->prose(), $headings);
        $name = fn (string $heading): string => str_replace(' ', '-', preg_replace('~[^\w -]~u', '', mb_strtolower($heading)));
        return array_map($name, $headings[1]);
    }

    /** @return list<array{path: string, chapter: string}> where its links within the project lead */
    public function links(): array
    {
        preg_match_all('~\]\((?!https?:)(?<path>[^)#]*)(?:#(?<chapter>[^)]+))?\)~', $this->prose(), $links, PREG_SET_ORDER);
        return array_map(fn (array $link): array => ['path' => $link['path'], 'chapter' => $link['chapter'] ?? ''], $links);
    }

    /**
     * The names in the table rows that hold one of these names.
     *
     * @return list<string>
     */
    public function listed(string ...$some): array
    {
        $names = [];
        foreach (explode("\n", $this->text()) as $line) {
            $isRow = str_starts_with($line, '| ') && array_filter($some, fn ($name) => str_contains($line, "`$name`"));
            if ($isRow) {
                preg_match_all('~`(\w+)`~', substr($line, strpos($line, '|', 2)), $found);
                array_push($names, ...$found[1]);
            }
        }
        return $names;
    }

    /** Code without comments and blanks, and without the words for people. */
    public static function bare(string $snippet): string
    {
        $tokens = array_filter(\PhpToken::tokenize("<?php $snippet"), fn (\PhpToken $token): bool => !$token->isIgnorable());
        $words = fn (\PhpToken $token): string => $token->is([T_CONSTANT_ENCAPSED_STRING, T_ENCAPSED_AND_WHITESPACE])
            && preg_match('~[ \x80-\xff]~', $token->text) ? "'...'" : $token->text;
        return implode(' ', array_map($words, $tokens));
    }

    /** Everything but code. */
    private function prose(): string
    {
        return preg_replace('~^```.*?^```$~ms', '', $this->text());
    }
}
