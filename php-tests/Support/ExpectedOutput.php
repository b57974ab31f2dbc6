<?php

declare(strict_types=1);

namespace WechatPayTests;

/** What an example says that it prints: its comments `// prints: ...`, in their order. */
final class ExpectedOutput
{
    /** The first text that the example promises and does not print; empty if it prints all. */
    public static function missing(string $example, string $output): string
    {
        preg_match_all('~// prints: (.+)$~m', $example, $promises);
        $from = 0;
        foreach ($promises[1] as $promise) {
            $at = strpos($output, $promise, $from);
            if ($at === false) {
                return $promise;
            }
            $from = $at + \strlen($promise);
        }
        return '';
    }
}
