# Nothing stands behind the rule, so that `sudo make install` never calls cargo: after a change of sources `make clean` first.
# What cargo builds lies in the target folder of the tree, where PHP's `make clean` and `phpize --clean` remove nothing.
WECHATPAY_TREE = $(srcdir)/../..
WECHATPAY_TARGET = $(WECHATPAY_TREE)/target/pie

all: modules/wechatpay.so
install-modules: modules/wechatpay.so

modules/wechatpay.so:
	@mkdir -p modules
	@cd $(WECHATPAY_TREE) && PATH="$(dir $(CARGO)):$$PATH" PHP="$(PHP_EXECUTABLE)" PHP_CONFIG="$(WECHATPAY_PHP_CONFIG)" \
	    $(CARGO) build --release --locked --lib --target-dir $(WECHATPAY_TARGET) \
	    || { echo "wechatpay: cargo could not build it, the reason stands above. Is libclang missing? (Debian: apt-get install clang libclang-dev)" >&2; exit 1; }
	cp $(WECHATPAY_TARGET)/release/$(WECHATPAY_BUILT) $@
