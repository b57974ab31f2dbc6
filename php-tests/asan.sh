#!/usr/bin/env bash
# The extension built with AddressSanitizer: every method, then the tests of what `unsafe` touches. No invalid access,
# nothing lost.
#
#   php-tests/asan.sh [rounds]      `make asan` builds the simulator first
#
# PHP is the system's own and not instrumented; but it allocates through the sanitizer, since Zend's allocator is off.
# So a read of a freed string by Rust is seen, one by Zend alone is valgrind's to find. To see it fail: read a
# ZendStr's length after its drop, read a byte behind its end, or forget one, in a function of src/php.
set -euo pipefail

cd "$(dirname "$0")/.."
rounds=${1:-3}
php=${PHP:-php}
host=$(rustc -vV | sed -n 's/^host: //p')
folder=$PWD/target/asan
fail() {
    echo "asan: $*" >&2
    exit 1
}

# `--target` keeps build scripts and macros out of it; the switch is unstable, but in every stable compiler.
RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address CARGO_PROFILE_DEV_DEBUG=line-tables-only \
    cargo build --locked --lib --target "$host" --target-dir "$folder" || fail 'the instrumented build failed.'
export WECHATPAY_EXTENSION=$folder/$host/debug/libwechatpay.so
export WECHATPAY_SIMULATOR=${WECHATPAY_SIMULATOR:-$PWD/target/release/wechatpay-simulator}

# PHP is the program, so the sanitizer's runtime must be loaded before it: gcc's, which takes the calls of rustc's
# LLVM too. It refuses libraries opened with RTLD_DEEPBIND, as PHP opens extensions.
runtime=$(gcc -print-file-name=libasan.so)
[ -f "$runtime" ] || fail 'gcc has no libasan.so: install libasan8, or the version that fits gcc.'
gcc -shared -fPIC -O1 -x c -o "$folder/no-deepbind.so" - <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
void *dlopen(const char *file, int flags) {
    void *(*next)(const char *, int) = (void *(*)(const char *, int))dlsym(RTLD_NEXT, "dlopen");
    return next(file, flags & ~RTLD_DEEPBIND);
}
C

# Runs a command under the sanitizer: with_asan OPTIONS COMMAND...; whoever reports, the command or a child of it,
# writes a file.
reports=$folder/reports
rm -rf "$reports"
mkdir -p "$reports"
with_asan() {
    local options=$1
    shift
    USE_ZEND_ALLOC=0 ZEND_DONT_UNLOAD_MODULES=1 LD_PRELOAD=$folder/no-deepbind.so:$(readlink -f "$runtime") \
        ASAN_OPTIONS=verify_asan_link_order=0:detect_stack_use_after_return=1:exitcode=99:log_path=$reports/asan:$options "$@"
}
# A warning is none: it tells of the engine's own jump from a stack that it has made for a Fiber.
no_reports() {
    grep -qs 'ERROR: ' -r "$reports" || return 0
    cat "$reports"/* >&2
    fail "AddressSanitizer has found a fault in $1; its report is above and in target/asan/reports."
}

modules=()
for module in pdo pdo_sqlite; do
    grep -qix "$module" <<<"$("$php" -n -m)" || modules+=(-d "extension=$module")
done
status=0
with_asan detect_leaks=1:fast_unwind_on_malloc=0 "$php" -n "${modules[@]}" -d "extension=$WECHATPAY_EXTENSION" \
    php-tests/every-method.php "$rounds" || status=$?
no_reports 'php-tests/every-method.php'
[ $status = 0 ] || fail "php-tests/every-method.php ended with $status."

# A script that ends in a callback, in every way.
builtin=$("$php" -n -m)
for module in pcntl posix; do
    grep -qix "$module" <<<"$builtin" || modules+=(-d "extension=$module")
done
with_asan detect_leaks=0 "$php" -n "${modules[@]}" -d "extension=$WECHATPAY_EXTENSION" php-tests/callback-ends.php >"$folder/ends"
while read -r callback end; do
    told=$(with_asan detect_leaks=0 "$php" -n "${modules[@]}" -d "extension=$WECHATPAY_EXTENSION" \
        php-tests/callback-ends.php "$callback" "$end" 2>/dev/null </dev/null) || true
    no_reports "php-tests/callback-ends.php $callback $end"
    [[ $told == *'in order'* ]] || fail "$callback, $end: $told"
done <"$folder/ends"

# PHP's own leaks at a fatal end are not ours: the tests look for invalid accesses only. Left out are those that set a
# memory limit, which means nothing without Zend's allocator, and those that start databases.
# From the three folders all but a few that come to nothing new for a sanitizer.
left_out='DownloadBill|IdentityForms|MoneyArguments|NestedAnswer|NotificationEndpoint|ReferenceClient|SplitText|TradeExamples|V3Agreement|V3[A-Za-z]*Vectors'
classes=$(cd php-tests && printf '%s\n' Calls/*Test.php Values/*Test.php V3/*Test.php | sed 's|.*/||; s|Test\.php$||' | grep -vxE "$left_out" | paste -sd'|')
status=0
with_asan detect_leaks=0 tools/php "${PHPUNIT:-$(command -v phpunit)}" -c php-tests --testsuite extension \
    --filter "/(\\\\($classes|Secrets)Test::|\\\\Ledger(Gateway|Transactions)?Test::.*\"sqlite\")/" || status=$?
no_reports 'the tests'
[ $status = 0 ] || fail "the tests fail under AddressSanitizer ($status), without a report of it."
echo 'asan: no invalid access, nothing lost'
