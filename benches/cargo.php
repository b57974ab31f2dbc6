<?php

declare(strict_types=1);

namespace WechatPayBench;

/** Builds a Rust bench and gives its path; in a folder of its own, since it is built without PHP. */
function rust_bench(string $name): string
{
    return cargo_built($name, "build --bench $name --target-dir " . escapeshellarg(\dirname(__DIR__) . '/target/benches'));
}

/** Builds the tests of the core as `make simulate` does, and gives the path of the program. */
function rust_tests(): string
{
    return cargo_built('wechatpay', 'test --lib --no-run');
}

function cargo_built(string $name, string $command): string
{
    $manifest = escapeshellarg(\dirname(__DIR__) . '/Cargo.toml');
    exec("cargo $command --release --locked --no-default-features --message-format json --manifest-path $manifest", $lines, $status);
    foreach ($lines as $line) {
        $message = json_decode($line, true);
        if (($message['target']['name'] ?? '') === $name && isset($message['executable'])) {
            return $message['executable'];
        }
    }
    fwrite(STDERR, "cargo did not build $name (status $status).\n");
    exit(1);
}
