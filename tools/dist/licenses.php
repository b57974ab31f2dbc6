<?php

/**
 * Writes the licenses of the crates that are linked into what we distribute: a list, then each text once, with the crates
 * that it is of. Of the extension alone (`--lib`), or of the extension and the simulator.
 *
 *     php tools/dist/licenses.php [--lib] > THIRD-PARTY
 */

declare(strict_types=1);

chdir(__DIR__ . '/../..');

/** The output of cargo, which must succeed. */
function cargo(string $arguments): string
{
    exec("cargo $arguments --locked", $lines, $status);
    if ($status !== 0) {
        fwrite(STDERR, "licenses: cargo $arguments failed.\n");
        exit(1);
    }
    return implode("\n", $lines);
}

/** @return array<string, string> the license of each linked crate by "name version"; ours and those that only run in builds left out */
function linked(bool $alone): array
{
    $features = $alone ? '' : '--all-features';
    preg_match_all(
        '~^(\S+) v(\S+)\|(.*?)(?: \(\*\))?$~m',
        cargo("tree --edges normal,no-proc-macro --prefix none --format '{p}|{l}' $features"),
        $crates,
        PREG_SET_ORDER,
    );
    $linked = [];
    foreach ($crates as [, $name, $version, $license]) {
        $linked["$name $version"] = $license;
    }
    ksort($linked);
    return $linked;
}

/** @return array<string, string> the folder of each crate by "name version" */
function folders(): array
{
    $host = preg_match('~^host: (\S+)~m', (string) shell_exec('rustc -vV'), $found) ? $found[1] : '';
    $metadata = json_decode(cargo("metadata --format-version 1 --all-features --filter-platform '$host'"), true, flags: JSON_THROW_ON_ERROR);
    $folders = [];
    foreach ($metadata['packages'] as $package) {
        $folders["{$package['name']} {$package['version']}"] = dirname($package['manifest_path']);
    }
    return $folders;
}

/** @return list<string> the texts in a crate's folder, in the order of their files' names */
function texts(string $folder): array
{
    $files = preg_grep('~/(LICEN[CS]E|COPYING|COPYRIGHT|NOTICE|UNLICENSE)[^/]*$~i', glob("$folder/*"));
    return array_map(fn (string $file): string => trim(str_replace("\r", '', file_get_contents($file))), array_filter($files, 'is_file'));
}

$linked = linked(in_array('--lib', $argv, true));
$folders = folders();
$owners = [];
foreach ($linked as $crate => $license) {
    foreach (texts($folders[$crate]) as $text) {
        $owners[$text][] = $crate;
    }
}
echo "Crates that are linked into these binaries, and the license that each names:\n\n";
foreach ($linked as $crate => $license) {
    echo "    $crate: $license\n";
}
foreach ($owners as $text => $crates) {
    echo "\n", str_repeat('-', 72), "\n", wordwrap(implode(', ', array_unique($crates))), "\n\n$text\n";
}
