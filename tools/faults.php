#!/usr/bin/env php
<?php

/**
 * Writes the column "proved by" of docs/faults.md: the tests whose names begin with the row's id, `n12_...` in Rust and
 * `test_n12_...` or `testN12...` in PHP. One test may name several rows: `n4_n5_n6_...`, `test_n4_n5_n6_...`.
 *
 *     tools/faults.php           writes
 *     tools/faults.php --check   changes nothing; fails if the page is not up to date, or a row has no proof
 */

declare(strict_types=1);

const PAGE = __DIR__ . '/../docs/faults.md';

/** @return iterable<string> the paths of all sources */
function sources(): iterable
{
    foreach (['src', 'php-tests'] as $folder) {
        $files = new RecursiveDirectoryIterator(__DIR__ . "/../$folder", FilesystemIterator::SKIP_DOTS);
        foreach (new RecursiveIteratorIterator($files) as $file) {
            if (in_array($file->getExtension(), ['rs', 'php'], true)) {
                yield $file->getPathname();
            }
        }
    }
}

/** @return array<string, list<string>> names of tests by row */
function proofs(): array
{
    $rust = '~#\[(?:tokio::)?test[^\]]*\]\s+(?:#\[[^\]]*\]\s+)*(?:async )?fn ((?:[a-z]\d+_)+)(\w+)~';
    $php = '~function (test_?((?:[A-Za-z]\d+_?)+)\w*)\(~';
    $proofs = [];
    foreach (sources() as $path) {
        preg_match_all(str_ends_with($path, '.rs') ? $rust : $php, file_get_contents($path), $tests, PREG_SET_ORDER);
        foreach ($tests as [, $first, $second]) {
            [$name, $ids] = str_starts_with($first, 'test') ? [$first, $second] : [$first . $second, $first];
            preg_match_all('~[A-Z]\d+~', strtoupper($ids), $rows);
            $name = str_ends_with($path, '.php') ? 'php-tests/' . basename($path) . "::$name" : $name;
            foreach ($rows[0] as $row) {
                $proofs[$row][] = $name;
            }
        }
    }
    return $proofs;
}

$proofs = proofs();
$unproved = [];
$page = preg_replace_callback(
    '~^(\| ([A-Z]\d+) \|.*\|.*\|)[^|]*\|$~m',
    function (array $row) use ($proofs, &$unproved): string {
        $names = array_unique($proofs[$row[2]] ?? []);
        sort($names);
        if ($names === []) {
            $unproved[] = $row[2];
        }
        return $row[1] . ' ' . implode('<br>', array_map(fn (string $name): string => "`$name`", $names)) . ' |';
    },
    file_get_contents(PAGE),
);
if ($unproved !== []) {
    fwrite(STDERR, 'faults: no test names these rows: ' . implode(' ', $unproved) . "\n");
}
if (($argv[1] ?? '') !== '--check') {
    file_put_contents(PAGE, $page);
    exit(0);
}
if ($page !== file_get_contents(PAGE)) {
    fwrite(STDERR, "faults: docs/faults.md is not up to date: run tools/faults.php.\n");
    exit(1);
}
exit($unproved === [] ? 0 : 1);
