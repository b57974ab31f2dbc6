<?php

declare(strict_types=1);

namespace WechatPayTests;

/** The vectors of APIv3, by group. */
final class V3Vectors
{
    /** @return list<array<string, mixed>> */
    public static function group(string $name): array
    {
        return self::all()[$name];
    }

    /** @return array<string, mixed> the keys that they are made with */
    public static function keys(): array
    {
        return self::all()['keys'];
    }

    /** @param array<string, mixed> $vector */
    public static function isGood(array $vector): bool
    {
        return isset($vector['expected']['accept']);
    }

    /** @param array<string, mixed> $inputs */
    public static function text(array $inputs): string
    {
        return $inputs['text'] ?? base64_decode($inputs['text_base64'] ?? '', true);
    }

    /** @return array<string, mixed> */
    private static function all(): array
    {
        static $all = null;
        return $all ??= json_decode(file_get_contents(__DIR__ . '/../fixtures/vectors-v3.json'), true, 512, JSON_THROW_ON_ERROR);
    }
}
