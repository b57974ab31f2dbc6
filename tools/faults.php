#!/usr/bin/env php
<?php

/**
 * Writes the chapter "Proofs" of docs/faults.md: for each row of its tables the tests whose names begin with the row's id,
 * `n12_...` in Rust and `testN12...` in PHP. One test may name several rows: `n4_n5_n6_...`,
 * `testN4N5N6...`.
 *
 *     tools/faults.php           writes
 *     tools/faults.php --check   changes nothing; fails if the page is not up to date, or a row has no proof
 */

declare(strict_types=1);

const PAGE = __DIR__ . '/../docs/faults.md';
const HEADING = "## Proofs\n\nWritten by `tools/faults.php` from the names of the tests.\n";

/** @return iterable<string> the paths of all sources */
function sources(): iterable
{
    foreach (['src', 'tests', 'php-tests'] as $folder) {
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
    $php = '~function (test((?:[A-Z]\d+)+)\w*)\(~';
    $proofs = [];
    foreach (sources() as $path) {
        preg_match_all(str_ends_with($path, '.rs') ? $rust : $php, file_get_contents($path), $tests, PREG_SET_ORDER);
        foreach ($tests as [, $first, $second]) {
            [$name, $ids] = str_starts_with($first, 'test') ? [$first, $second] : [$first . $second, $first];
            preg_match_all('~[A-Z]\d+~', strtoupper($ids), $rows);
            $name = str_ends_with($path, '.php') ? substr(realpath($path), \strlen(\dirname(__DIR__)) + 1) . "::$name" : $name;
            foreach ($rows[0] as $row) {
                $proofs[$row][] = $name;
            }
        }
    }
    return $proofs;
}

/** @return string the proofs of one row */
function chapter(string $row, array $names): string
{
    $names = array_unique($names);
    sort($names);
    return "\n### $row\n\n" . implode('', array_map(fn (string $name): string => "- `$name`\n", $names));
}

[$tables] = explode(HEADING, file_get_contents(PAGE));
preg_match_all('~^\| ([A-Z]\d+) \|~m', $tables, $rows);
$proofs = proofs();
$unproved = array_values(array_diff($rows[1], array_keys($proofs)));
$chapters = array_map(fn (string $row): string => chapter($row, $proofs[$row]), array_diff($rows[1], $unproved));
$page = $tables . HEADING . implode('', $chapters);
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
