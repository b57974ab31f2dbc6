<?php

declare(strict_types=1);

/*
 * Speed beside plain PHP: `make bench`, or `make bench QUICK=1` for a run under two minutes.
 * One table as Markdown on stdout, and as JSON in target/bench.json. `ONLY=codec,query,v3,page,page_v3,process,bill` picks sections,
 * `ROWS=5000000` says how long the bill is.
 */

namespace WechatPayBench;

use WechatPayTests\SimulatorProcess;

define(__NAMESPACE__ . '\QUICK', (bool) getenv('QUICK'));
const ROOT = __DIR__ . '/..';
define(__NAMESPACE__ . '\ROUNDS', QUICK ? 7 : 21);
define(__NAMESPACE__ . '\TURN_SECONDS', QUICK ? 0.03 : 0.1);

require ROOT . '/php-tests/autoload.php';
foreach (['Row', 'Contest', 'PlainOrder', 'plain', 'plain_v3', 'codec', 'query', 'v3', 'page', 'process', 'cargo', 'plain_bills', 'bills'] as $piece) {
    require __DIR__ . "/$piece.php";
}

/** Debian's root bundle with the simulator's CA: what a curl handle reads when a shop sets nothing. */
function bundle(SimulatorProcess $simulator): string
{
    $system = '/etc/ssl/certs/ca-certificates.crt';
    $file = ROOT . '/target/bench-bundle.pem';
    file_put_contents($file, (is_file($system) ? file_get_contents($system) : '') . file_get_contents($simulator->caFile));
    return $file;
}

function machine(): string
{
    $model = preg_match('/^model name\s*:\s*(.*)$/m', (string) @file_get_contents('/proc/cpuinfo'), $m) ? $m[1] : '?';
    $cores = preg_match_all('/^processor/m', (string) @file_get_contents('/proc/cpuinfo'));
    return sprintf(
        '%s, %d cores, Linux %s, PHP %s, %s, %s, %s',
        $model,
        $cores,
        php_uname('r'),
        PHP_VERSION,
        'curl ' . curl_version()['version'] . ' with ' . curl_version()['ssl_version'],
        'wechatpay ' . phpversion('wechatpay'),
        QUICK ? 'quick run' : 'full run',
    );
}

/** @param iterable<Row> $rows */
function show(iterable $rows, array &$all): void
{
    foreach ($rows as $row) {
        echo $row->markdown();
        $all[] = $row;
    }
}

$only = array_filter(explode(',', (string) getenv('ONLY')));
$wanted = static fn (string $section) => $only === [] || \in_array($section, $only, true);
$simulator = SimulatorProcess::start();
$bundle = bundle($simulator);
$all = [];
echo machine(), "\n\n| work | wechatpay | plain PHP | ratio | wanted | |\n|---|---|---|---|---|---|\n";
if ($wanted('codec')) {
    show(Codec::rows(), $all);
}
if ($wanted('query')) {
    show((new Query($simulator, $bundle))->rows(), $all);
}
if ($wanted('v3')) {
    show((new V3($simulator))->rows(), $all);
}
if ($wanted('page')) {
    show((new Page($simulator, $bundle))->rows(), $all);
}
if ($wanted('page_v3')) {
    $settings = var_export($simulator->v3(), true);
    file_put_contents(ROOT . '/target/bench-v3.php', "<?php\n\nreturn $settings;\n");
    show((new Page($simulator, $bundle, '_v3'))->rows(), $all);
}
if ($wanted('process')) {
    show((new Process($simulator, $bundle))->rows(), $all);
}
if ($wanted('bill')) {
    $rows = (int) (getenv('ROWS') ?: (QUICK ? 100_000 : 1_000_000));
    printf("| *a bill of %s rows* | | | | | |\n", number_format($rows));
    show((new Bills($rows, QUICK || $rows > 1_000_000 ? 3 : 7))->rows(), $all);
}
$simulator->stop();
$json = ['machine' => machine(), 'rows' => $all];
file_put_contents(ROOT . '/target/bench.json', json_encode($json, JSON_PRETTY_PRINT | JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR));
