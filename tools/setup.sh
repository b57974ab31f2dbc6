#!/usr/bin/env bash
# Installs what is missing to build and test this extension on Debian 12 or newer (or another system with apt).
#
#   tools/setup.sh          everything: build, tests, lint
#   tools/setup.sh build    only what `make build`, `make demo` and README's first steps need
#   tools/setup.sh shop     what `make shop` needs
#   tools/setup.sh packages    what `make deb`, `make dist` and their tests need
#   tools/setup.sh browser     what `make test-shop` needs
#
# PHP=php8.4 PHP_CONFIG=php-config8.4 sets up for a PHP other than the default one.
# Prints nothing when nothing is missing, and may be run any number of times.
set -euo pipefail

cd "$(dirname "$0")/.."
# Where rustup puts cargo and where Debian puts nginx and php-fpm: not in everybody's PATH.
PATH="$PATH:${HOME:-}/.cargo/bin:/usr/local/sbin:/usr/sbin:/sbin"
php=${PHP:-php}
php_config=${PHP_CONFIG:-php-config}

say() { printf '%s\n' "setup: $*"; }
fail() {
    printf '%s\n' "setup: $*" >&2
    exit 1
}

has_command() { command -v "$1" >/dev/null 2>&1; }
has_file() { compgen -G "$1" >/dev/null; }
has_php_module() { has_command "$php" && "$php" -r 'exit(extension_loaded($argv[1]) ? 0 : 1);' "$1" 2>/dev/null; }
has_libclang() {
    [ -n "${LIBCLANG_PATH:-}" ] || has_file '/usr/lib/llvm-*/lib/libclang*.so*' \
        || has_file '/usr/lib/*/libclang*.so*' || has_file '/usr/lib*/libclang*.so*'
}
is_installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep ' installed$' >/dev/null; }
has_libc_headers() { has_file '/usr/include/stdio.h'; }

# apt can add to a PHP of its own only; a missing one will be.
is_php_of_apt() { ! has_command "$php" || dpkg -S "$(realpath "$(command -v "$php")")" >/dev/null 2>&1; }

# The package of a part of PHP: php-cli, or php8.4-cli for PHP=php8.4.
php_package() {
    case $(basename "$php") in
        php[0-9]*.[0-9]*) echo "$(basename "$php")-$1" ;;
        *) echo "php-$1" ;;
    esac
}

# Adds the package to `missing` unless the check, the words after it, holds.
need() {
    local package=$1
    shift
    "$@" || missing+=("$package")
}

# The same for a part of PHP, which goes to `lacking` where apt cannot add it.
need_php() {
    local part=$1
    shift
    "$@" && return
    if is_php_of_apt; then missing+=("$(php_package "$part")"); else lacking+=("${*: -1}"); fi
}

find_missing() {
    missing=()
    lacking=()
    need gcc has_command gcc
    need libc6-dev has_libc_headers
    need make has_command make
    need curl has_command curl
    need_php cli has_command "$php"
    need_php dev has_command "$php_config"
    need_php sqlite3 has_php_module pdo_sqlite
    need clang has_command clang
    need libclang-dev has_libclang
    [ "$1" != shop ] || need_php mbstring has_php_module mbstring
    [ "$1" != packages ] || find_missing_for_packages
    [ "$1" != browser ] || find_missing_for_browser
    [ "$1" = everything ] || return 0
    need_php xml has_php_module dom
    need_php curl has_php_module curl
    need_php mysql has_php_module pdo_mysql
    need_php pgsql has_php_module pdo_pgsql
    need_php mbstring has_php_module mbstring
    need mariadb-server has_file '/usr/sbin/mariadbd'
    need postgresql has_file '/usr/lib/postgresql/*/bin/postgres'
    need_php fpm has_file "/usr/sbin/php-fpm*"
    need nginx has_command nginx
    need phpunit has_command phpunit
    need composer has_command composer
    need libxml2-utils has_command xmllint
    need valgrind has_command valgrind
    need zbar-tools has_command zbarimg
    need shellcheck has_command shellcheck
    ! grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release || find_missing_frameworks
}

# Debian 12 has them; where they are not there, their tests are skipped.
find_missing_frameworks() {
    need php-laravel-framework has_file /usr/share/php/Illuminate/autoload.php
    need php-symfony-framework-bundle has_file /usr/share/php/Symfony/Bundle/FrameworkBundle/autoload.php
    need php-slim has_file /usr/share/php/Slim/autoload.php
    need php-nyholm-psr7 has_file /usr/share/php/Nyholm/Psr7/autoload.php
}

find_missing_for_browser() {
    need chromium has_command chromium
    need nodejs has_command node
    need npm has_command npm
    need zbar-tools has_command zbarimg
    need fonts-noto-cjk has_file '/usr/share/fonts/opentype/noto/NotoSansCJK*'
}

# What debian/control asks for is asked of dpkg by name, as dpkg-buildpackage does.
find_missing_for_packages() {
    local package
    need zip has_command zip
    need unzip has_command unzip
    need binutils has_command strings
    has_command dpkg-query || return 0
    for package in dpkg-dev debhelper dh-php help2man lintian clang libclang-dev mmdebstrap; do
        need "$package" is_installed "$package"
    done
}

# Runs a command as root.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif [ -t 0 ]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

check_root() {
    [ "$(id -u)" = 0 ] && return
    has_command sudo || fail "these packages are missing and there is no sudo: run as root
    apt-get install ${missing[*]}"
    [ -t 0 ] || sudo -n true 2>/dev/null || fail "sudo asks for a password, and there is no terminal to type it in: run as root
    apt-get install ${missing[*]}"
}

# nginx, php-fpm and the databases are needed as programs only: the tests start their own, the services stay stopped.
keep_services_down() {
    policy=/usr/sbin/policy-rc.d
    [ -e "$policy" ] && return
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null \
        || fail "may not write $policy: run as root
    apt-get install ${missing[*]}"
    trap 'as_root rm -f "$policy"' EXIT
    as_root chmod 755 "$policy"
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 \
        -o Dpkg::Use-Pty=0 "$@" </dev/null
}

install_missing() {
    has_command apt-get || fail "this machine has no apt-get; install the contents of these Debian packages, then try again:
    ${missing[*]}"
    check_root
    say "installing with apt: ${missing[*]}"
    local log
    log=$(mktemp)
    keep_services_down
    apt_get update >"$log" 2>&1 || say "apt-get update failed; trying with the package lists already on this machine."
    if ! apt_get install --no-install-recommends "${missing[@]}" >>"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        fail "apt could not install ${missing[*]}. Is the network up, and does /etc/apt name a Debian mirror?"
    fi
    rm -f "$log"
}

check_rust() {
    has_command cargo || fail "cargo is missing. Install Rust from https://rustup.rs, then try again."
    local wanted have
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    have=$(rustc --version | cut -d' ' -f2)
    printf '%s\n' "$wanted" "$have" | sort -VC \
        || fail "Rust $have is too old, $wanted or newer is needed: run \`rustup update stable\`."
}

check_rust_tools() {
    local component
    for component in rustfmt clippy; do
        "cargo-${component/rustfmt/fmt}" --version >/dev/null 2>&1 && continue
        has_command rustup || fail "$component is missing; install it beside cargo."
        say "adding $component to the Rust toolchain."
        rustup component add "$component" >/dev/null 2>&1 \
            || fail "rustup could not add $component. Is the network up?"
    done
}

# What is lacking under a PHP that apt has not installed: building goes without, testing does not.
check_lacking() {
    [ ${#lacking[@]} = 0 ] && return
    case "${lacking[*]}" in
        *"$php_config"*) fail "$(command -v "$php") has not come with apt, and $php_config is not in PATH: set PHP_CONFIG to its php-config." ;;
    esac
    [ "$1" = everything ] || return 0
    fail "$(command -v "$php") has not come with apt and lacks ${lacking[*]}: build it with them, or set PHP and PHP_CONFIG
to a PHP that has them."
}

# The versions in tools/php-versions, first and last.
known_versions() { grep -v '^#' tools/php-versions | cut -d' ' -f1 | sort -V | sed -n '1p;$p'; }

check_php() {
    local version config_version range
    version=$("$php" -n -r 'echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;') \
        || fail "$php does not run: set PHP and PHP_CONFIG to a PHP that does."
    mapfile -t range < <(known_versions)
    grep -q "^${version/./\\.} " tools/php-versions \
        || fail "$php is PHP $version, and this version of wechatpay knows ${range[0]} to ${range[1]}: set PHP and PHP_CONFIG to one of
these, or take a wechatpay that knows yours."
    config_version=$("$php_config" --version | cut -d. -f1,2)
    [ "$version" = "$config_version" ] \
        || fail "$php is $version but $php_config is $config_version: set PHP and PHP_CONFIG to two of one version."
    "$php" -n -r 'exit(PHP_ZTS);' \
        || fail "$php is built for threads (ZTS), where wechatpay has not been tried: set PHP and PHP_CONFIG to an NTS build."
}

main() {
    local wanted=${1:-everything}
    case $wanted in
        build | shop | packages | browser | everything) ;;
        *) fail "\"$wanted\" is not known; say \"build\", \"shop\", \"packages\" or \"browser\", or nothing for everything." ;;
    esac
    check_rust
    find_missing "$wanted"
    if [ ${#missing[@]} -gt 0 ]; then
        install_missing
        find_missing "$wanted"
        [ ${#missing[@]} = 0 ] || fail "apt reported success, but these are still not found: ${missing[*]}"
        say "everything is installed."
    fi
    check_lacking "$wanted"
    [ "$wanted" != everything ] || check_rust_tools
    check_php
}

main "$@"
