dnl For `phpize && ./configure && make && make install`, which is what PIE runs in this folder: cargo builds, PHP's build
dnl system only says for which PHP, and installs. A folder of its own, since configure writes a Makefile.

PHP_ARG_ENABLE([wechatpay],
  [whether to build wechatpay],
  [AS_HELP_STRING([--disable-wechatpay], [Build no wechatpay])],
  [yes])

if test "$PHP_WECHATPAY" != no; then
  wechatpay_top=$(cd "$srcdir/../.." && pwd)

  AC_PATH_PROG([CARGO], [cargo], [], [$PATH:$HOME/.cargo/bin])
  if test -z "$CARGO"; then
    AC_MSG_ERROR([wechatpay is built with Rust, and cargo is neither in PATH nor in $HOME/.cargo/bin: install Rust from https://rustup.rs as the user who runs this, then try again])
  fi

  AC_MSG_CHECKING([whether Rust is new enough])
  wechatpay_wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$wechatpay_top/Cargo.toml")
  wechatpay_rust=$(PATH="$(dirname "$CARGO"):$PATH" rustc --version 2>/dev/null | cut -d' ' -f2)
  if printf '%s\n' "$wechatpay_wanted" "$wechatpay_rust" | sort -VC; then
    AC_MSG_RESULT([$wechatpay_rust])
  else
    AC_MSG_RESULT([no])
    AC_MSG_ERROR([wechatpay needs Rust $wechatpay_wanted or newer, and this is "$wechatpay_rust": run `rustup update stable`, then try again])
  fi

  dnl The build runs in another folder, where a relative path leads nowhere.
  wechatpay_config=$(command -v "$PHP_CONFIG")
  WECHATPAY_PHP_CONFIG=$(cd "$(dirname "$wechatpay_config")" && pwd)/$(basename "$wechatpay_config")
  case $(uname -s) in
    Darwin) WECHATPAY_BUILT=libwechatpay.dylib ;;
    *) WECHATPAY_BUILT=libwechatpay.so ;;
  esac
  PHP_SUBST([CARGO])
  PHP_SUBST([WECHATPAY_PHP_CONFIG])
  PHP_SUBST([WECHATPAY_BUILT])
  PHP_ADD_MAKEFILE_FRAGMENT([$abs_srcdir/Makefile.frag], [$abs_srcdir])
fi
