<?php

declare(strict_types=1);

/*
 * Counts the instructions of each codec operation under callgrind and compares them with benches/instructions.json:
 * a count does not depend on what else the machine does. `--update` writes the counts of this tree.
 */

require __DIR__ . '/cargo.php';

const COUNTS = __DIR__ . '/instructions.json';
const OPERATIONS = [
    'sign 12 fields, MD5',
    'sign 12 fields, HMAC-SHA256',
    'encode 12 fields',
    'decode 31 fields',
    'decode 31 fields, strict parser',
    'verify 31 fields and read the order',
];
const TEST = 'instructions::operation';
const FEW = 100;
const MANY = 600;

function collected(string $program, string $operation, int $times): int
{
    putenv("OPERATION=$operation");
    putenv("TIMES=$times");
    $command = ['valgrind', '--tool=callgrind', '--callgrind-out-file=/dev/null', $program, '--exact', TEST, '--ignored', '--test-threads=1'];
    exec(implode(' ', array_map(escapeshellarg(...), $command)) . ' 2>&1', $lines, $status);
    if ($status !== 0 || !preg_match('/Collected : (\d+)/', implode("\n", $lines), $found)) {
        fwrite(STDERR, implode("\n", $lines) . "\n");
        exit(1);
    }
    return (int) $found[1];
}

$program = WechatPayBench\rust_tests();
$counts = [];
foreach (OPERATIONS as $operation) {
    $more = collected($program, $operation, MANY) - collected($program, $operation, FEW);
    $counts[$operation] = intdiv($more, MANY - FEW);
}
if (in_array('--update', $argv, true)) {
    file_put_contents(COUNTS, json_encode($counts, JSON_PRETTY_PRINT) . "\n");
}
$kept = is_file(COUNTS) ? json_decode(file_get_contents(COUNTS), true) : [];
$risen = false;
echo "\n| instructions | now | kept | |\n|---|---|---|---|\n";
foreach ($counts as $operation => $count) {
    $before = $kept[$operation] ?? 0;
    $change = $before === 0 ? INF : $count / $before - 1;
    $risen = $risen || $change > 0.1;
    printf("| %s | %d | %d | %+.1f %% |\n", $operation, $count, $before, $change * 100);
}
if ($risen) {
    fwrite(STDERR, "\nAn operation takes over 10 % more instructions than benches/instructions.json says. If that is wanted, run\n"
        . "`php benches/instructions.php --update` and explain the rise in the commit that changes the file.\n");
    exit(1);
}
