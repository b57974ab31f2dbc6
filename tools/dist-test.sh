#!/usr/bin/env bash
# `make dist` twice, in two folders with different names: the same bytes. Then what is in each archive, and PHP loads it.
set -euo pipefail

cd "$(dirname "$0")/.."
php=${PHP:-php}
work=$PWD/target/dist-test
trap 'rm -rf "$work"' EXIT

say() { printf '\n==> %s\n' "dist-test: $*"; }
fail() {
    printf '%s\n' "dist-test: $*" >&2
    exit 1
}

SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
rm -rf "$work"
for folder in one "another folder/below"; do
    say "make dist in $folder"
    mkdir -p "$work/$folder"
    git archive --format=tar HEAD | tar -x -C "$work/$folder"
    mkdir -p "$work/$folder/target"
    [ ! -d target/dist-tools ] || ln -s "$PWD/target/dist-tools" "$work/$folder/target/dist-tools"
    "$work/$folder/tools/dist.sh"
done

say "the same bytes"
diff -r "$work/one/target/dist" "$work/another folder/below/target/dist" || fail "two builds of one commit differ"
strings -a "$work/one/target/dist-build/release/libwechatpay.so" | grep -F -e "$work" -e "${CARGO_HOME:-$HOME/.cargo}" \
    && fail "the extension names a folder of this machine"

say "each archive holds what PIE looks for, and PHP loads it"
cd "$work/one/target/dist"
sha256sum --check --strict SHA256SUMS
for archive in *.zip; do
    expected="LICENSE THIRD-PARTY wechatpay.ini wechatpay.so"
    [ "$(unzip -Z1 "$archive" | sort | tr '\n' ' ')" = "$expected " ] || fail "$archive holds $(unzip -Z1 "$archive")"
    unzip -q "$archive" -d "$archive.d"
    "$php" -n -d extension="$PWD/$archive.d/wechatpay.so" -r 'echo WechatPay\Fen::toYuan(1230), "\n";' | grep -x 12.30
    case $archive in
        php_wechatpay-v*_php"$("$php" -n -r 'echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;')"-*) ;;
        *) fail "$archive is not named for $php" ;;
    esac
done
"$php" -n -r '$bill = json_decode(file_get_contents($argv[1]), true, flags: JSON_THROW_ON_ERROR);
    $names = array_column($bill["components"], "name");
    echo $bill["bomFormat"], " ", $bill["metadata"]["component"]["version"], ", ", count($names), " crates\n";
    exit(in_array("rustls", $names, true) && !in_array("tokio", $names, true) ? 0 : 1);' -- *.cdx.json \
    || fail "the bill of materials is not that of the extension"
say "passed"
