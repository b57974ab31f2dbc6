#!/usr/bin/env bash
# Builds the Debian packages for the installed PHP from the committed tree, and checks them with lintian: target/deb/*.deb.
#
#   make deb        PHP=php8.4 PHP_CONFIG=php-config8.4 make deb        VERSION=0.1.0+shop1 make deb
set -euo pipefail

cd "$(dirname "$0")/.."
out=$PWD/target/deb
tree=$PWD/target/deb-source
php_config=${PHP_CONFIG:-php-config}

fail() {
    printf '%s\n' "deb: $*" >&2
    exit 1
}

PHP_VERSION=$("$php_config" --version | cut -d. -f1,2)
export PHP_VERSION
command -v dpkg-checkbuilddeps >/dev/null || fail "dpkg-dev is missing: apt-get install dpkg-dev"

# A copy of what is committed: debhelper writes into the tree that it packs.
rm -rf "$tree"
mkdir -p "$tree" "$out"
git archive --format=tar HEAD | tar -x -C "$tree"
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
cd "$tree"
version=${VERSION:-$(dpkg-parsechangelog -S Version)}
sed -i "1s/(.*)/($version)/" debian/changelog
debian/rules --silent debian/control PHP_VERSION="$PHP_VERSION"

missing=$({ dpkg-checkbuilddeps 2>&1 || true; } | sed -n 's/^.*Unmet build dependencies: //p')
command -v lintian >/dev/null || missing="$missing lintian"
[ -z "$missing" ] || fail "these packages are missing: apt-get install $missing"

# Crates and compiled code are kept for the next time; the build itself is by cargo, which knows what is stale.
CARGO_TARGET_DIR=$out-build dpkg-buildpackage --build=binary --no-sign >"$out.log" 2>&1 \
    || { tail -n 30 "$out.log" >&2 && fail "dpkg-buildpackage failed; its whole output is in $out.log"; }
mv -f ../*_"$version"_*.deb ../*_"$version"_*.buildinfo ../*_"$version"_*.changes "$out/"
cd "$out"
lintian --allow-root --fail-on error,warning ./*_"$version"_*.changes || fail "lintian objects, see above."
ls "$out"/*_"$version"_*.deb
