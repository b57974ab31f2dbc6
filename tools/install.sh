#!/usr/bin/env bash
# Installs what `make build` made into PHP: the extension, and an ini file that loads it.
# DESTDIR is put before every path, for packagers.
set -euo pipefail

cd "$(dirname "$0")/.."
built=target/release/libwechatpay.so
php=${PHP:-php}
php_config=${PHP_CONFIG:-php-config}
destdir=${DESTDIR:-}

fail() {
    printf '%s\n' "install: $*" >&2
    exit 1
}

[ -f "$built" ] || fail "there is no $built yet: run \`make build\` first, as yourself, not as root by sudo."
command -v "$php" >/dev/null || fail "$php is not in PATH: install PHP, or set PHP to the one meant."
command -v "$php_config" >/dev/null || fail "$php_config is not in PATH: run tools/setup.sh, or set PHP_CONFIG to the one of $php."
# Before anything is overwritten: a file that does not load would make every start of PHP complain.
PHP=$php tools/loads "$built" \
    || fail "$php cannot load $built, see above; nothing was changed. Run \`make build\` with this PHP."

extension_dir=$destdir$("$php_config" --extension-dir)
version=$("$php" -n -r 'echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;')
mods=/etc/php/$version/mods-available
ini_dir=$("$php_config" --ini-dir)
if [ -d "$mods" ]; then
    ini_dir=$mods
fi
[ -n "$ini_dir" ] || fail "this PHP scans no folder for ini files: add \`extension=wechatpay\` to $("$php_config" --ini-path)/php.ini
and copy $built to $extension_dir/wechatpay.so."
ini=$destdir$ini_dir/wechatpay.ini

mkdir -p "$extension_dir" "$(dirname "$ini")" 2>/dev/null || true
{ [ -w "$extension_dir" ] && [ -w "$(dirname "$ini")" ]; } \
    || fail "$extension_dir and $(dirname "$ini") are not yours to write: run \`sudo make install\`."

# A new file, not new bytes in the old one: a running PHP may have that mapped.
install -m 644 "$built" "$extension_dir/wechatpay.so.new"
mv -f "$extension_dir/wechatpay.so.new" "$extension_dir/wechatpay.so"
echo "install: $extension_dir/wechatpay.so"

if [ -e "$ini" ]; then
    echo "install: $ini is there already and stays as it is"
else
    cat >"$ini" <<'INI'
; configuration for the wechatpay module
; priority=20
extension=wechatpay.so

; Each is the default of the constructor argument of WechatPay\Gateway that has its name.
;wechatpay.url = https://api.mch.weixin.qq.com
;wechatpay.backup_url = https://api2.mch.weixin.qq.com
;wechatpay.ca_file =
;wechatpay.connect_timeout_ms = 3000
;wechatpay.timeout_ms = 8000
INI
    echo "install: $ini"
fi

[ -z "$destdir" ] || exit 0
if [ -d "$mods" ] && command -v phpenmod >/dev/null; then
    phpenmod -v "$version" wechatpay
fi
PHP=$php tools/loads \
    || fail "all is in place, yet $php does not load it; see \`$php -m\` and \`$php --ini\`."
echo "install: done. Restart php-fpm or the web server so that they load it too."
