#!/usr/bin/env bash
# What PIE does after its download, in a bare root and as a user: phpize, configure, make, sudo make install, from a clean
# tree. Then with another name of php-config, and without cargo. Needs root; a quarter of an hour at most.
set -euo pipefail

cd "$(dirname "$0")/.."
. tools/root.sh

say() { printf '\n==> %s\n' "pie-test: $*"; }
fail() {
    printf '%s\n' "pie-test: $*" >&2
    exit 1
}

say "a bare root, PHP's headers, a compiler and libclang"
root_make "${DISTRO:-bookworm}" make git ca-certificates sudo gcc libc6-dev php-cli php-dev clang libclang-dev
git archive --format=tar --prefix=wechatpay/ HEAD | root_as shop tar -x

say "without cargo: configure says what to do"
if root_as shop bash -c 'cd wechatpay/tools/pie && phpize >/dev/null && ./configure' >"$root.out" 2>&1; then
    fail "configure needs cargo and did not miss it"
fi
grep -q 'install Rust from https://rustup.rs' "$root.out" || fail "configure did not say how to get cargo: $(tail -n 3 "$root.out")"
rm "$root.out"

say "phpize, configure, make, sudo make install"
root_give_rust
root_as shop bash -euc '
    cd wechatpay/tools/pie
    phpize >/dev/null
    ./configure >/dev/null
    make
    sudo env PATH=/usr/sbin:/usr/bin:/sbin:/bin make install
    php -n -d extension=wechatpay --ri wechatpay | sed -n 1,8p
    php -n -d extension=wechatpay -r "echo WechatPay\\Fen::toYuan(1230), PHP_EOL;" | grep -x 12.30
'

say "again for the PHP of a php-config with another name, into another folder"
root_as shop bash -euc '
    cd wechatpay/tools/pie
    make clean >/dev/null
    phpize --clean >/dev/null
    phpize >/dev/null
    ln -s "$(command -v php-config)" ../../my-php-config
    ./configure --with-php-config=../../my-php-config >/dev/null
    make
    make install INSTALL_ROOT="$HOME/packed" >/dev/null
    php -n -d extension="$HOME/packed$(php-config --extension-dir)/wechatpay.so" -m | grep -x wechatpay
'

say "make install, as after make build, and make uninstall"
root_as shop bash -euc '
    cd wechatpay
    mkdir -p target/release
    cp tools/pie/modules/wechatpay.so target/release/libwechatpay.so
    sudo rm "$(php-config --extension-dir)/wechatpay.so"
    sudo env PATH=/usr/sbin:/usr/bin:/sbin:/bin make install
    php --ri wechatpay >/dev/null
    sudo env PATH=/usr/sbin:/usr/bin:/sbin:/bin make uninstall
    ! php -m | grep -i wechat
    [ -z "$(sudo find /etc/php /usr/lib/php /var/lib/php -name "*wechatpay*")" ]
    rm -r target/release
'

say "the tree is as it was"
left=$(root_as shop bash -euc '
    cd wechatpay && rm my-php-config && cd tools/pie && phpize --clean >/dev/null && rm -f config.h.in~ configure~
    find . -type f | sort | tr "\n" " "')
[ "$left" = "./.gitignore ./Makefile.frag ./config.m4 " ] || fail "phpize --clean left: $left"

say "passed"
