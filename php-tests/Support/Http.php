<?php

declare(strict_types=1);

namespace WechatPayTests;

/** A request over plain HTTP, the same on every PHP: the variable that file_get_contents() leaves is deprecated in 8.5. */
final class Http
{
    /**
     * @param array<string, mixed> $request the options of PHP's http wrapper
     *
     * @return array{list<string>, string} the lines of the answer's head and its body; no lines when nobody answered
     */
    public static function ask(string $url, array $request): array
    {
        $options = ['http' => $request + ['ignore_errors' => true, 'timeout' => 10]];
        $stream = fopen($url, 'r', false, stream_context_create($options));
        if ($stream === false) {
            return [[], ''];
        }
        return [stream_get_meta_data($stream)['wrapper_data'], (string) stream_get_contents($stream)];
    }
}
