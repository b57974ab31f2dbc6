#!/usr/bin/env bash
# Every method under valgrind: no invalid access, nothing lost for good. A few minutes.
#
#   php-tests/valgrind.sh [rounds]
set -euo pipefail

cd "$(dirname "$0")/.."
export WECHATPAY_EXTENSION=${WECHATPAY_EXTENSION:-$PWD/target/release/libwechatpay.so}
# Zend's own allocator and its unloading would hide what is lost, and where.
export USE_ZEND_ALLOC=0 ZEND_DONT_UNLOAD_MODULES=1

exec valgrind --quiet --suppressions=php-tests/valgrind.supp --leak-check=full --show-leak-kinds=definite \
    --errors-for-leak-kinds=definite --error-exitcode=9 --num-callers=40 --trace-children=no \
    "${PHP:-php}" -n -d "extension=$WECHATPAY_EXTENSION" -d opcache.enable_cli=0 php-tests/valgrind.php "${1:-3}"
