#!/usr/bin/env bash
# Installs what `make build` made into PHP: the extension, and an ini file that loads it. `uninstall` removes both.
# DESTDIR is put before every path, for packagers; PHP and PHP_CONFIG name a PHP other than the one in PATH.
set -euo pipefail

cd "$(dirname "$0")/.."
built=target/release/libwechatpay.so
settings=tools/wechatpay.ini
php=${PHP:-php}
php_config=${PHP_CONFIG:-php-config}
destdir=${DESTDIR:-}
doing=install

say() { printf '%s\n' "$doing: $*"; }
fail() {
    say "$@" >&2
    exit 1
}

check_php() {
    command -v "$php" >/dev/null || fail "$php is not in PATH: install PHP, or set PHP to the one meant."
    command -v "$php_config" >/dev/null \
        || fail "$php_config is not in PATH: run tools/setup.sh, or set PHP_CONFIG to the one of $php."
}

# Where this PHP wants both files.
find_places() {
    extension_dir=$destdir$("$php_config" --extension-dir)
    version=$("$php" -n -r 'echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;')
    mods=/etc/php/$version/mods-available
    ini_dir=$("$php_config" --ini-dir)
    if [ -d "$mods" ]; then
        ini_dir=$mods
    fi
    [ -n "$ini_dir" ] || fail "this PHP scans no folder for ini files: the line \`extension=wechatpay\` in
$("$php_config" --ini-path)/php.ini, and $built as $extension_dir/wechatpay.so, are yours to add or to take out."
    ini=$destdir$ini_dir/wechatpay.ini
}

check_writable() {
    { [ -w "$extension_dir" ] && [ -w "$(dirname "$ini")" ]; } \
        || fail "$extension_dir and $(dirname "$ini") are not writable: run \`sudo make $doing\`."
}

# What a package manager put there is its own to change.
check_unpacked() {
    local package
    [ -z "$destdir" ] && command -v dpkg-query >/dev/null || return 0
    package=$(dpkg-query --search "$extension_dir/wechatpay.so" 2>/dev/null | cut -d: -f1) || return 0
    [ -z "$package" ] || fail "$extension_dir/wechatpay.so belongs to the Debian package $package: remove it with \`apt-get remove $package\`."
}

install_both() {
    [ -f "$built" ] || fail "there is no $built yet: run \`make build\` first, as yourself, not as root by sudo."
    check_php
    # Before anything is overwritten: a file that does not load would make every start of PHP complain.
    PHP=$php tools/loads "$built" \
        || fail "$php cannot load $built, see above; nothing was changed. Run \`make build\` with this PHP."
    find_places
    check_unpacked
    mkdir -p "$extension_dir" "$(dirname "$ini")" 2>/dev/null || true
    check_writable
    # A new file, not new bytes in the old one: a running PHP may have that mapped.
    install -m 644 "$built" "$extension_dir/wechatpay.so.new"
    mv -f "$extension_dir/wechatpay.so.new" "$extension_dir/wechatpay.so"
    say "$extension_dir/wechatpay.so"
    if [ -e "$ini" ]; then
        say "$ini exists already and is left unchanged"
    else
        install -m 644 "$settings" "$ini"
        say "$ini"
    fi
    [ -z "$destdir" ] || return 0
    if [ -d "$mods" ] && command -v phpenmod >/dev/null; then
        phpenmod -v "$version" wechatpay
    fi
    PHP=$php tools/loads \
        || fail "both files are in place, but $php does not load them; see \`$php -m\` and \`$php --ini\`."
    say "done. Restart php-fpm or the web server so that they load it too."
}

uninstall_both() {
    check_php
    find_places
    check_unpacked
    if [ ! -e "$extension_dir/wechatpay.so" ] && [ ! -e "$ini" ]; then
        say "$php has no wechatpay installed; nothing to do."
        return
    fi
    check_writable
    # First nothing loads it any more, then it goes.
    if [ -z "$destdir" ] && [ -d "$mods" ] && command -v phpdismod >/dev/null; then
        phpdismod -v "$version" wechatpay
        # php-common remembers who disabled it, and would keep a Debian package of it disabled that comes later.
        find "/var/lib/php/modules/$version" -type f -name wechatpay -delete
    fi
    remove_ini
    rm -f "$extension_dir/wechatpay.so" "$extension_dir/wechatpay.so.new"
    say "removed $extension_dir/wechatpay.so"
    [ -z "$destdir" ] || return 0
    ! PHP=$php tools/loads 2>/dev/null || fail "$php still loads a wechatpay from elsewhere; see \`$php --ini\`."
    say "done. Restart php-fpm or the web server: until then they keep what they have loaded."
}

# Settings that somebody wrote are kept under a name that PHP does not read.
remove_ini() {
    [ -e "$ini" ] || return 0
    if cmp -s "$ini" "$settings"; then
        rm -f "$ini"
        say "removed $ini"
    else
        mv -f "$ini" "$ini.saved"
        say "$ini has been edited: kept as $ini.saved"
    fi
}

doing=${1:-install}
case $doing in
    install) install_both ;;
    uninstall) uninstall_both ;;
    *) doing=install && fail "\"$1\" is not known; say \"uninstall\", or nothing to install." ;;
esac
