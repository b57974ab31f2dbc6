<?php

declare(strict_types=1);

namespace WechatPayBench;

/** Builds a Rust bench and gives its path; in a folder of its own, since it is built without PHP. */
function rust_bench(string $name): string
{
    $root = \dirname(__DIR__);
    $cargo = "cargo build --release --locked --no-default-features --bench $name --message-format json"
        . ' --manifest-path ' . escapeshellarg("$root/Cargo.toml") . ' --target-dir ' . escapeshellarg("$root/target/instructions");
    exec($cargo, $lines, $status);
    foreach ($lines as $line) {
        $message = json_decode($line, true);
        if (($message['target']['name'] ?? '') === $name && isset($message['executable'])) {
            return $message['executable'];
        }
    }
    fwrite(STDERR, "cargo did not build the bench $name (status $status).\n");
    exit(1);
}
