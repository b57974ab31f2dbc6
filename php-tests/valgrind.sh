#!/usr/bin/env bash
# Every method under valgrind: no invalid access, nothing lost for good. A minute or two for each round.
#
#   php-tests/valgrind.sh [rounds]      `make valgrind` builds what it needs: the extension with symbols
set -euo pipefail

cd "$(dirname "$0")/.."
export WECHATPAY_EXTENSION=${WECHATPAY_EXTENSION:-$PWD/target/debug/libwechatpay.so}
export WECHATPAY_SIMULATOR=${WECHATPAY_SIMULATOR:-$PWD/target/debug/wechatpay-simulator}
# Zend's own allocator would hide what is lost, unloading the extension would hide where.
export USE_ZEND_ALLOC=0 ZEND_DONT_UNLOAD_MODULES=1

valgrind --quiet --suppressions=php-tests/valgrind.supp --leak-check=full --show-leak-kinds=definite \
    --errors-for-leak-kinds=definite --error-exitcode=9 --num-callers=60 \
    "${PHP:-php}" -n -d "extension=$WECHATPAY_EXTENSION" php-tests/valgrind.php "${1:-2}"
echo 'valgrind: no invalid access, nothing lost'
