#!/usr/bin/env bash
# The packages of `make deb` in a bare root, as a shop's machine meets them: installed beside php-cli, php-fpm and nginx, a
# page asks the simulator through both, an upgrade over the running fpm while the page is asked, a purge that leaves nothing.
# Needs root and what `make deb` needs.
set -euo pipefail

cd "$(dirname "$0")/.."
. tools/root.sh

say() { printf '\n==> %s\n' "deb-test: $*"; }

say "the packages, and a newer version to upgrade to"
version=$(dpkg-parsechangelog -l debian/changelog -S Version)
newer=$version+newer1
rm -f target/deb/*
tools/deb.sh
VERSION=$newer tools/deb.sh

say "a bare root with php-cli, php-fpm and nginx"
root_make "${DISTRO:-bookworm}" ca-certificates curl php-cli php-fpm nginx
# Here packages start and stop services as on a shop's machine.
printf '#!/bin/sh\nexit 0\n' >"$root/usr/sbin/policy-rc.d"
root_give target/deb /packages
root_give tools/deb-test.inside /deb-test
root_run bash /deb-test "$version" "$newer"
say "passed"
