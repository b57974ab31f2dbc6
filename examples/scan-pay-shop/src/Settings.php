<?php

declare(strict_types=1);

namespace Shop;

use WechatPay\Merchant;

/** What differs from one deployment to the next: all of it comes from the environment. */
final class Settings
{
    /** As PDO takes them: the address is sqlite:, mysql: or pgsql: */
    public readonly string $dsn;
    public readonly ?string $user;
    public readonly ?string $password;
    /** How payers and WeChat reach the shop, without a slash at the end. */
    public readonly string $url;
    /** Signs forms, and hides the notice page. */
    private readonly string $secret;

    public function __construct()
    {
        $this->dsn = getenv('SHOP_DSN') ?: 'sqlite:' . sys_get_temp_dir() . '/scan-pay-shop.sqlite';
        $this->user = getenv('SHOP_DB_USER') ?: null;
        $this->password = getenv('SHOP_DB_PASSWORD') ?: null;
        $this->url = getenv('SHOP_URL') ?: 'http://127.0.0.1:8000';
        $this->secret = (string) getenv('SHOP_SECRET');
        \strlen($this->secret) >= 32 || throw new \RuntimeException('Set SHOP_SECRET to 32 random characters or more.');
    }

    /** Where WeChat sends its notices: nobody guesses it, so that a forger does not even reach the check of the sign. */
    public function noticePath(): string
    {
        return '/notify/' . substr($this->sign('the notice page'), 0, 32);
    }

    /** @return array<string, string> who works in the back office: SHOP_STAFF, a JSON object of names and their password_hash() */
    public static function staff(): array
    {
        return json_decode(getenv('SHOP_STAFF') ?: '{}', true, 4, JSON_THROW_ON_ERROR);
    }

    /** A text that only this shop can have made from another. */
    public function sign(string $text): string
    {
        return hash_hmac('sha256', $text, $this->secret);
    }

    /**
     * Who may be paid, as SHOP_MERCHANTS lists them; the list has one that is retired too, for refunds and bills.
     *
     * @return array<string, Merchant> by merchant number and dialect, such as 10000100.v2
     */
    public static function merchants(): array
    {
        $own = array_map(static fn (array $one) => array_diff_key($one, ['sells' => '']), self::listed());
        return array_map(static fn (array $one) => isset($one['apiV3Key']) ? Merchant::v3(...$one) : new Merchant(...$one), $own);
    }

    /** @return array<string, string> what each merchant sells, or those that can charge a payer's code: see Checkout::route() */
    public static function sells(bool $byCode = false): array
    {
        $can = static fn (array $one) => !$byCode || !isset($one['apiV3Key']) || ($one['codePay'] ?? false);
        return array_map(static fn (array $one) => $one['sells'] ?? '*', array_filter(self::listed(), $can));
    }

    /**
     * SHOP_MERCHANTS, a JSON list with the arguments of Merchant, or with an apiV3Key those of Merchant::v3(). One merchant may
     * be there in both dialects: an order stays with the one in which it was placed.
     *
     * @return array<string, array<string, mixed>> by merchant number and dialect
     */
    private static function listed(): array
    {
        $json = getenv('SHOP_MERCHANTS') ?: throw new \RuntimeException('Set SHOP_MERCHANTS to a JSON list of merchants.');
        $list = json_decode($json, true, 16, JSON_THROW_ON_ERROR);
        return array_combine(array_map(static fn (array $one) => $one['mchId'] . (isset($one['apiV3Key']) ? '.v3' : '.v2'), $list), $list);
    }
}
