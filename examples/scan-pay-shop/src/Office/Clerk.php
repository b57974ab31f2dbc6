<?php

declare(strict_types=1);

namespace Shop\Office;

use Shop\Settings;
use Shop\Shop;
use Shop\Visitor;

/**
 * Who sits in the back office. A session begins with a password, under a name that the shop makes then: a cookie that
 * somebody planted before opens nothing afterwards.
 */
final class Clerk
{
    private const COOKIE = 'shop_office';
    private const SECONDS = 8 * 3600;

    private function __construct(private readonly Shop $shop, public readonly string $name, private readonly string $cookie) {}

    /** Whoever has logged in with this browser; null: nobody. */
    public static function fromRequest(Shop $shop): ?self
    {
        $cookie = $_COOKIE[self::COOKIE] ?? '';
        if (!\is_string($cookie) || !preg_match('~^[0-9a-f]{64}$~', $cookie)) {
            return null;
        }
        $sql = 'SELECT clerk, seal FROM office_session WHERE token = ? AND ends_at > ?';
        $session = $shop->database->row($sql, [hash('sha256', $cookie), time()]);
        return $session === null || $session['seal'] !== self::seal($shop, $session['clerk']) ? null : new self($shop, $session['clerk'], $cookie);
    }

    /**
     * Lets somebody in, or counts the attempt.
     *
     * @throws \DomainException with the name of the reason
     */
    public static function login(Shop $shop, Visitor $visitor, string $name, #[\SensitiveParameter] string $password): void
    {
        $name = mb_strcut($name, 0, 32, 'UTF-8');
        $tries = fn (string $column, string $value): int => $shop->database->value(
            "SELECT COUNT(*) FROM office_attempt WHERE $column = ? AND tried_at > ?",
            [$value, time() - 900],
        );
        if (max($tries('clerk', $name), intdiv($tries('address', $visitor->address), 4)) >= 5) {
            throw new \DomainException('too_many_tries');
        }
        // A name that nobody has takes as long as one that somebody has.
        $hash = Settings::staff()[$name] ?? '$2y$10$usesomesillystringfore7hnbRJHxXVLeakoG8K30oukPsA.ztMG';
        if (!password_verify($password, $hash) || !isset(Settings::staff()[$name])) {
            $shop->database->insert('office_attempt', ['clerk' => $name, 'address' => $visitor->address, 'tried_at' => time()]);
            throw new \DomainException('wrong_login');
        }
        $cookie = bin2hex(random_bytes(32));
        $shop->database->run('DELETE FROM office_session WHERE ends_at < ?', [time()]);
        $shop->database->insert('office_session', ['token' => hash('sha256', $cookie), 'clerk' => $name, 'seal' => self::seal($shop, $name), 'ends_at' => time() + self::SECONDS]);
        Visitor::keep($shop->settings, self::COOKIE, $cookie, self::SECONDS, '/office', 'Strict');
    }

    public function logout(): void
    {
        $this->shop->database->run('DELETE FROM office_session WHERE token = ?', [hash('sha256', $this->cookie)]);
        Visitor::keep($this->shop->settings, self::COOKIE, '', -1, '/office', 'Strict');
    }

    /** What a form of this session carries. */
    public function token(): string
    {
        return $this->shop->settings->sign("office $this->cookie");
    }

    /** Did a page of this session send the form? */
    public function sent(mixed $token): bool
    {
        return \is_string($token) && hash_equals($this->token(), $token);
    }

    /** Writes down who did what to an order, a refund or a day. */
    public function log(string $number, string $what): void
    {
        $what = mb_strcut($what, 0, 300, 'UTF-8');
        $this->shop->database->insert('office_log', ['number' => $number, 'clerk' => $this->name, 'what' => $what, 'at' => time()]);
    }

    /** What a session lasts as long as: that its clerk is listed, with the same password. */
    private static function seal(Shop $shop, string $name): ?string
    {
        $hash = Settings::staff()[$name] ?? null;
        return $hash === null ? null : $shop->settings->sign("seal $name $hash");
    }
}
