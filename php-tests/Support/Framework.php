<?php

declare(strict_types=1);

namespace WechatPayTests;

/**
 * A real framework around a snippet: when the snippet has ended, what it made answers one request, the notice in BODY,
 * and what left is printed.
 */
enum Framework: string
{
    case Laravel = 'Illuminate/autoload.php';
    case Symfony = 'Symfony/Bundle/FrameworkBundle/autoload.php';
    case Slim = 'Slim/autoload.php';
    case Psr = 'Nyholm/Psr7/autoload.php';

    /** What a snippet is written for, if it is for one. */
    public static function of(string $snippet): ?self
    {
        return match (true) {
            str_contains($snippet, 'Illuminate\\') => self::Laravel,
            str_contains($snippet, 'Psr\\') => self::Psr,
            default => null,
        };
    }

    /** Debian 12 has all of them as packages, other systems some. */
    public function isInstalled(): bool
    {
        return stream_resolve_include_path($this->value) !== false;
    }

    /** The statement that stands before the snippet; it takes `$merchant` and `BODY`. */
    public function preparation(): string
    {
        return 'require ' . var_export(ROOT . '/php-tests/fixtures/frameworks/' . strtolower($this->name) . '.php', true) . ";\n";
    }
}
