# What there is to do here: `make help`.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build

# Scripts of users and of this project rely on these two paths, whatever the environment says.
override CARGO_TARGET_DIR := $(CURDIR)/target
export CARGO_TARGET_DIR
unexport CARGO_BUILD_TARGET
EXTENSION := target/release/libwechatpay.so
SIMULATOR := target/release/wechatpay-simulator

# rustup's folder is not in everybody's PATH.
export PATH := $(PATH):$(HOME)/.cargo/bin

PHPUNIT ?= $(shell command -v phpunit)
PHP ?= php
PHP_CONFIG ?= php-config
export PHP PHP_CONFIG
# What cargo is told are the names behind the links, php8.2 for php: they change with an upgrade of PHP, and then it builds
# anew. Looked up when a command runs, since setup may just have installed them.
target_of = $(or $(realpath $(shell command -v $(1))),$(1))
CARGO = PHP='$(call target_of,$(PHP))' PHP_CONFIG='$(call target_of,$(PHP_CONFIG))' cargo
CORE := --no-default-features
WITH_SIMULATOR := --no-default-features --features simulator
WHOLE := --all-features
# Minutes without optimisation: `simulate` runs them with it.
SIMULATED := ledger::simulation::every_seed ledger::simulation::days
BUILD = $(CARGO) build --release --locked $(WHOLE) --lib --bins

COMMA := ,
say = printf '\n==> %s\n' '$(1)'

# The steps of `test` build on each other.
.NOTPARALLEL:

.PHONY: help setup setup-build setup-shop setup-packages build demo shop test test-shop test-core test-doc test-php test-stubs test-quick simulate leak valgrind \
        asan fuzz bench bench-large bench-instructions install uninstall bare matrix deb deb-test pie-test dist dist-test deny lint clean

help:
	@echo 'make build     builds the extension and the simulator into target/release'
	@echo 'make demo      builds, then shows a scan-pay order from placement to refund, offline'
	@echo 'make shop      builds, then runs a shop with scan-pay, offline; prints its address'
	@echo 'make test      runs all tests: core, simulator, documentation, PHP, stubs'
	@echo 'make test-quick  runs the core and what of PHP waits for nothing, in a minute or two'
	@echo 'make test-shop    the shop of examples/ in a real browser; pictures into target/shop-pictures'
	@echo 'make bench     compares speed with plain PHP; QUICK=1 for a short run'
	@echo 'make bench-large  the same of a bill of 5,000,000 rows (minutes, 6 GB in /tmp)'
	@echo 'make simulate  the ledger under faults and kills; SEEDS=1000000 sets how many worlds'
	@echo 'make leak      a million queries in one process: memory stays flat (minutes)'
	@echo 'make valgrind  every method under valgrind (minutes)'
	@echo 'make asan      every method and the tests of the binding under AddressSanitizer (minutes)'
	@echo 'make fuzz      the fuzz targets, 60 seconds each; FOR=600 for ten minutes'
	@echo 'make install   installs the built extension and an ini file into PHP (sudo make install)'
	@echo 'make uninstall removes both (sudo make uninstall)'
	@echo 'make deb       Debian packages of the extension and the simulator, into target/deb'
	@echo 'make dist      the archive that PIE downloads, for the installed PHP, into target/dist'
	@echo 'make deb-test, pie-test, dist-test    tries each of them on a bare system (deb and pie: root, minutes)'
	@echo 'make bare      follows README on a bare machine, DISTRO=bookworm, trixie or sid (as root, 20 minutes)'
	@echo 'make matrix    tries every PHP that Debian has, each in a root of its own (as root, an hour)'
	@echo 'make lint      format and lints, nothing is changed'
	@echo 'make deny      checks licences and sources of every crate, and known vulnerabilities where the network allows'
	@echo 'make clean     removes what was built'

setup:
	@tools/setup.sh

setup-build:
	@tools/setup.sh build

setup-packages:
	@tools/setup.sh packages

# One call for both: cargo would write a libwechatpay.so without PHP over ours if the simulator were built alone.
build: setup-build
	@$(call say,build: the extension and the simulator)
	@$(BUILD) || { echo 'The build failed. Missing headers? Run tools/setup.sh; the compiler says the rest above.' >&2; exit 1; }
	@test -f $(EXTENSION) -a -f $(SIMULATOR) \
	    || { echo 'cargo built, but not into target/release: is build.target set in a cargo config file?' >&2; exit 1; }
	@tools/loads $(EXTENSION) 2>/dev/null || { echo 'It was built for another PHP that had this name: again.' && \
	    $(CARGO) clean --release -p ext-php-rs -p wechatpay && $(BUILD) && tools/loads $(EXTENSION); }
	@echo '$(EXTENSION)'
	@echo '$(SIMULATOR)'

demo: build
	@tools/php examples/demo.php

setup-shop:
	@tools/setup.sh shop

shop: setup-shop build
	@tools/shop

test: setup test-core test-doc test-php test-stubs
	@$(call say,all tests passed)

test-core:
	@$(call say,test: the core alone (without PHP and without the simulator))
	@$(CARGO) test --locked $(CORE) -- $(SIMULATED:%=--skip %) || { echo 'Again, one test: cargo test $(CORE) NAME' >&2; exit 1; }
	@$(call say,test: the core and the simulator)
	@$(CARGO) test --locked $(WITH_SIMULATOR) -- $(SIMULATED:%=--skip %) \
	    || { echo 'Again, one test: cargo test $(WITH_SIMULATOR) NAME' >&2; exit 1; }
	@$(MAKE) --no-print-directory simulate

# Without SEEDS as many as a minute allows, 20,000 at the most; SEED=17 replays one.
simulate:
	@$(call say,simulate: the ledger under faults and kills$(COMMA) one seed a world)
	@SEEDS=$(SEEDS) SEED=$(SEED) $(CARGO) test --locked --release $(CORE) --lib -- \
	    $(SIMULATED) --nocapture --test-threads=1

test-doc:
	@$(call say,test: the documentation with warnings denied)
	@RUSTDOCFLAGS=-Dwarnings $(CARGO) doc --locked --no-deps $(WITH_SIMULATOR)
	@RUSTDOCFLAGS=-Dwarnings $(CARGO) doc --locked --no-deps $(WHOLE)

test-php: setup build
	@$(call say,test: PHPUnit with the extension)
	@PHPUNIT=$(PHPUNIT) tools/phpunit \
	    || { echo 'Again, one test: tools/php $(PHPUNIT) -c php-tests --filter NAME' >&2; exit 1; }

# While you work, on a built tree: what takes no real waiting and kills nothing. `make test` is what counts.
test-quick: setup build
	@$(call say,test-quick: the core; PHPUnit on SQLite alone$(COMMA) without the slow group)
	@$(CARGO) test --locked --quiet $(CORE) --lib -- --skip ledger::simulation
	@PHPUNIT=$(PHPUNIT) tools/phpunit --exclude-group slow --filter '/^(?!.*(mariadb|pgsql))/'
	@tools/php $(PHPUNIT) -c php-tests --testsuite stubs

test-shop: build
	@$(call say,test-shop: the shop in a browser)
	@tools/setup.sh browser
	@cd browser-tests && npm ci --silent --ignore-scripts --no-audit --no-fund && node --test --test-concurrency=1 shop.test.mjs states.test.mjs office.test.mjs merchants.test.mjs hostile.test.mjs bugs.test.mjs

test-stubs: setup build
	@$(call say,test: the stubs against the extension)
	@tools/php $(PHPUNIT) -c php-tests --testsuite stubs \
	    || { echo 'stubs/ and src/php/ must say the same: change both, and the documentation with them.' >&2; exit 1; }
	@$(call say,test: every method is called by what valgrind and AddressSanitizer watch)
	@tools/php php-tests/every-method.php 1 \
	    || { echo 'A new method must be called in php-tests/every-method.php.' >&2; exit 1; }

leak: setup build
	@$(call say,leak: a million queries and a million rounds without a network)
	@tools/php php-tests/leak.php 1000000 1000000

# With symbols: suppressions and traces need names.
valgrind: setup
	@$(call say,valgrind: every method)
	@$(CARGO) build --locked $(WHOLE) --lib --bins
	@php-tests/valgrind.sh

# Builds the extension once more, with checks, into target/asan.
asan: setup build
	@$(call say,asan: every method$(COMMA) and the tests of the binding)
	@PHP='$(call target_of,$(PHP))' PHP_CONFIG='$(call target_of,$(PHP_CONFIG))' PHPUNIT=$(PHPUNIT) php-tests/asan.sh

fuzz: setup
	@tools/fuzz $(or $(FOR),60)

bench: setup build
	@$(call say,bench: beside plain PHP)
	@QUICK=$(QUICK) tools/php benches/run.php
	@$(call say,bench: the ledger on three databases)
	@QUICK=$(QUICK) tools/php benches/ledger.php
	@test -n '$(QUICK)' || $(MAKE) --no-print-directory bench-instructions

bench-large: setup build
	@$(call say,bench: a bill of 5$(COMMA)000$(COMMA)000 rows beside plain PHP)
	@ONLY=bill ROWS=5000000 tools/php benches/run.php

# Counts do not depend on what else the machine does, so that CI can compare them.
bench-instructions: setup
	@$(call say,bench: instructions of the codecs, beside benches/instructions.json)
	@$(PHP) benches/instructions.php

# Builds nothing: under sudo there may be no cargo, and what root builds the user cannot build again.
install:
	@tools/install.sh

uninstall:
	@tools/install.sh uninstall

deb: setup-packages
	@tools/deb.sh

deb-test: setup-packages
	@tools/deb-test.sh

pie-test: setup-packages
	@tools/pie-test.sh

dist: setup-packages
	@tools/dist.sh

dist-test: setup-packages
	@tools/dist-test.sh

bare:
	@DISTRO='$(or $(DISTRO),bookworm)' tools/bare

matrix:
	@DISTROS='$(DISTROS)' ZTS='$(ZTS)' tools/matrix

deny:
	@$(call say,deny: the crates)
	@tools/deny.sh

lint: setup
	@$(call say,lint: format)
	@$(CARGO) fmt --check || { echo 'Run `cargo fmt`.' >&2; exit 1; }
	@$(call say,lint: clippy (core; core and simulator; extension))
	@$(CARGO) clippy --locked --all-targets $(CORE) -- -D warnings
	@$(CARGO) clippy --locked --all-targets $(WITH_SIMULATOR) -- -D warnings
	@$(CARGO) clippy --locked --all-targets -- -D warnings
	@$(call say,lint: PHP syntax; shell scripts)
	@find stubs php-tests examples benches -name '*.php' -print0 2>/dev/null \
	    | xargs -0 -r -n 1 sh -c 'out=$$($(PHP) -l "$$0" 2>&1) || { echo "$$out" >&2; exit 255; }'
	@shellcheck --severity=warning --shell=bash tools/root.sh \
	    $$(grep -lsE '^#!(/usr/bin/env bash|/bin/sh)' tools/* tools/*/* php-tests/*.sh debian/* .ci/run)
	@$(call say,lint: the fuzz targets build)
	@CXX=clang++ CARGO_TARGET_DIR=target/fuzz cargo check --locked --quiet --manifest-path fuzz/Cargo.toml \
	    || { echo 'If Cargo.toml has other crates now: cargo check --manifest-path fuzz/Cargo.toml, and commit fuzz/Cargo.lock.' >&2; exit 1; }
	@$(call say,lint: each fault has its tests)
	@$(PHP) tools/faults.php --check

clean:
	@$(CARGO) clean
