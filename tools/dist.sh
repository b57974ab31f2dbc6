#!/usr/bin/env bash
# The archive that PIE downloads instead of building, for the installed PHP, with its bill of materials and checksums, into
# target/dist. The same commit gives the same bytes, wherever the tree is.
#
#   make dist                  PHP=php8.4 PHP_CONFIG=php-config8.4 make dist
#   make dist DISTRO="trixie sid"     for the PHP of other Debians, each in a bare root (needs root)
set -euo pipefail

cd "$(dirname "$0")/.."
tree=$PWD
out=$tree/target/dist
php=${PHP:-php}
cyclonedx=0.5.9

say() { printf '%s\n' "dist: $*"; }
fail() {
    say "$@" >&2
    exit 1
}

version() { sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml; }

# As PIE spells it: php_NAME-TAG_phpX.Y-ARCH-OS-LIBC, and what is special about that PHP.
name() {
    local libc=glibc os
    os=$(uname -s | tr '[:upper:]' '[:lower:]')
    case $os in
        darwin) libc=bsdlibc ;;
        # musl's ends with an error.
        *) if grep -qi musl <<<"$(ldd --version 2>&1 || true)"; then libc=musl; fi ;;
    esac
    "$php" -n -r '[, $version, $arch, $os, $libc] = $argv;
        echo "php_wechatpay-v{$version}_php", PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION, "-$arch-$os-$libc",
            PHP_DEBUG ? "-debug" : "", PHP_ZTS ? "-zts" : "";' -- "$(version)" "$(uname -m)" "$os" "$libc"
}

# A build script wants a path and no name.
path_of() { realpath "$(command -v "$1")"; }

build() {
    local built=$tree/target/dist-build suffix=so
    [ "$(uname -s)" != Darwin ] || suffix=dylib
    PHP=$(path_of "$php") PHP_CONFIG=$(path_of "${PHP_CONFIG:-php-config}") \
        WECHATPAY_TREE=$tree WECHATPAY_CARGO_HOME=${CARGO_HOME:-$HOME/.cargo} RUSTC_WRAPPER=$tree/tools/dist/rustc \
        CARGO_TARGET_DIR=$built CARGO_INCREMENTAL=0 cargo build --release --locked --lib
    PHP=$php tools/loads "$built/release/libwechatpay.$suffix" || fail "$php does not load what was built for it."
    cp "$built/release/libwechatpay.$suffix" "$1/wechatpay.so"
}

# The crates of the extension, as CycloneDX. cargo-cyclonedx writes beside Cargo.toml, and this folder's name into it.
bill() {
    if ! cargo cyclonedx --version >/dev/null 2>&1; then
        say "installing cargo-cyclonedx $cyclonedx into target/dist-tools"
        cargo install --quiet --locked --version "$cyclonedx" --root target/dist-tools cargo-cyclonedx
    fi
    cargo cyclonedx --quiet --format json --spec-version 1.5 --no-build-deps --override-filename wechatpay.cdx
    sed 's|path+file://[^#"]*#|path+file:///wechatpay#|g' wechatpay.cdx.json >"$1"
    rm wechatpay.cdx.json
}

pack() {
    local name=$1 folder=$2
    chmod 644 "$folder"/*
    "$php" -n -r 'foreach (glob("$argv[1]/*") as $file) touch($file, (int) $argv[2]);' -- "$folder" "$SOURCE_DATE_EPOCH"
    rm -f "$out/$name.zip"
    (cd "$folder" && TZ=UTC zip -qX9 "$out/$name.zip" wechatpay.so wechatpay.ini LICENSE THIRD-PARTY)
}

# macOS has the one, Linux the other.
sums() { if command -v sha256sum >/dev/null; then sha256sum -- "$@"; else shasum -a 256 -- "$@"; fi; }

in_root() {
    # shellcheck source=tools/root.sh
    . tools/root.sh
    root_make "$1" make git ca-certificates gcc libc6-dev php-cli php-dev clang libclang-dev zip
    root_give_rust
    git archive --format=tar HEAD | root_as shop tar -x
    root_as shop env SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" tools/dist.sh
    cp "$root"/home/shop/target/dist/*.zip "$out/"
    root_remove
}

PATH=$PATH:$HOME/.cargo/bin:$tree/target/dist-tools/bin
command -v zip >/dev/null || fail "zip is missing: apt-get install zip"
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
mkdir -p "$out"
if [ -n "${DISTRO:-}" ]; then
    for distro in $DISTRO; do
        in_root "$distro"
    done
else
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    build "$folder"
    bill "$out/php_wechatpay-v$(version).cdx.json"
    php tools/dist/licenses.php --lib >"$folder/THIRD-PARTY"
    cp tools/wechatpay.ini LICENSE "$folder/"
    pack "$(name)" "$folder"
fi
cd "$out"
sums *.zip *.cdx.json >SHA256SUMS
say "target/dist holds"
cat SHA256SUMS
