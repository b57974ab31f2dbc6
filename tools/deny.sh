#!/usr/bin/env bash
# Licences, bans and sources of every crate by cargo-deny, and known vulnerabilities if the advisory database can be
# reached; builds cargo-deny into target/tools if it is not here (a minute, once; unoptimised, it checks in two seconds).
set -euo pipefail

cd "$(dirname "$0")/.."
version=0.20.2
here=$PWD/target/tools
PATH="$here/bin:$PATH"

if ! cargo deny --version >/dev/null 2>&1; then
    echo "deny: building cargo-deny $version, once"
    cargo install --quiet --locked --debug --root "$here" --target-dir target/tools/build cargo-deny --version "$version" \
        || { echo "deny: cargo-deny could not be built; is the registry of crates reachable?" >&2 && exit 1; }
    rm -rf target/tools/build
fi
cargo deny --locked --log-level error check licenses bans sources
if cargo deny fetch db >/dev/null 2>&1; then
    cargo deny --locked --log-level error check advisories
else
    echo 'deny: the advisory database (github.com/RustSec/advisory-db) cannot be reached: advisories were not checked'
fi
