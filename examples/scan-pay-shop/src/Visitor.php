<?php

declare(strict_types=1);

namespace Shop;

/** Who is at the other end: a cookie is a member, and a form without its token is not that member's. */
final class Visitor
{
    public const THEMES = ['light', 'dark', 'tea'];
    public const LANGUAGES = ['zh', 'en'];

    private function __construct(
        public readonly string $member,
        public readonly string $token,
        public readonly string $address,
        public readonly string $tradeType,
        public readonly string $theme,
        public readonly string $language,
    ) {}

    public static function fromRequest(Settings $settings): self
    {
        $cookie = $_COOKIE['shop_visitor'] ?? '';
        if (!\is_string($cookie) || !preg_match('~^[0-9a-f]{32}$~', $cookie)) {
            self::keep($settings, 'shop_visitor', $cookie = bin2hex(random_bytes(16)));
        }
        $wished = str_starts_with($_SERVER['HTTP_ACCEPT_LANGUAGE'] ?? '', 'en') ? 'en' : 'zh';
        return new self(
            substr(hash('sha256', $cookie), 0, 32),   // what is stored and shown is not what lets anybody in
            $settings->sign("form $cookie"),
            $_SERVER['REMOTE_ADDR'] ?? '127.0.0.1',
            self::tradeType($_SERVER['HTTP_USER_AGENT'] ?? ''),
            self::choice($settings, 'theme', self::THEMES, 'light'),
            self::choice($settings, 'language', self::LANGUAGES, $wished),
        );
    }

    /** How this browser can pay: nobody scans the screen of the phone in their hand. */
    public static function tradeType(string $agent): string
    {
        return match (true) {
            str_contains($agent, 'MicroMessenger') => 'JSAPI',
            preg_match('~Android|iPhone|Mobile~', $agent) === 1 => 'MWEB',
            default => 'NATIVE',
        };
    }

    /** Did this visitor's own page send the form? */
    public function sent(mixed $token): bool
    {
        return \is_string($token) && hash_equals($this->token, $token);
    }

    /** @param non-empty-list<string> $known */
    private static function choice(Settings $settings, string $name, array $known, string $otherwise): string
    {
        if (\in_array($_GET[$name] ?? null, $known, true)) {
            self::keep($settings, "shop_$name", $_GET[$name]);
            return $_GET[$name];
        }
        $kept = $_COOKIE["shop_$name"] ?? null;
        return \in_array($kept, $known, true) ? $kept : $otherwise;
    }

    /** Keeps something in this browser, which tells it to nobody else's page. */
    public static function keep(Settings $settings, string $name, string $value, int $seconds = 31_536_000, string $path = '/', string $sameSite = 'Lax'): void
    {
        setcookie($name, $value, [
            'expires' => time() + $seconds, 'path' => $path, 'httponly' => true, 'samesite' => $sameSite,
            'secure' => str_starts_with($settings->url, 'https:'),
        ]);
    }
}
