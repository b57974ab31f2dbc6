# A bare Debian root for a test: made, used, taken away again. For other scripts to source; needs root and mmdebstrap.
#
#   root_make bookworm make git ca-certificates    sets $root; it goes away when the script ends, however it ends
#   root_give src/of/host /path/in/root            from now on the root sees it there, read-only
#   root_give_rust                                 the machine's Rust toolchain and the crates it has
#   root_run COMMAND...                            as root in it; every process that it starts ends with it
#   root_as shop COMMAND...                        as a user with a home and, if sudo was named, sudo without a password
#
# Archives, proxies and certificates are those of this machine's apt. DEBIAN_MIRROR=URL names another archive,
# ROOTS=/folder where roots are made (of 0.2 to 3 GB), KEEP_ROOT=1 keeps one to look at.

root=
root_child=
root_gifts=()
root_path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

root_fail() {
    printf '%s\n' "root: $*" >&2
    exit 2
}

# root_make SUITE PACKAGE...
root_make() {
    [ "$(id -u)" = 0 ] || root_fail "only root can make a bare root: run this with sudo."
    command -v mmdebstrap >/dev/null || root_fail "mmdebstrap is missing: apt-get install mmdebstrap, then try again."
    unshare --mount true 2>/dev/null || root_fail "mounting is not permitted on this machine: a root needs /proc and /dev of its own."
    local suite=$1 sources packages proxies
    shift
    sources=$(root_sources "$suite")
    packages=$*
    mapfile -t proxies < <(root_proxies)
    trap root_remove EXIT
    trap 'exit 130' INT TERM HUP
    mkdir -p "${ROOTS:=/var/tmp}"
    root=$(mktemp -d "$ROOTS/wechatpay-$suite-XXXXXX")
    mmdebstrap --mode=root --variant=minbase ${packages:+--include="$packages"} ${proxies[@]+"${proxies[@]/#/--aptopt=}"} \
        "$suite" "$root" - <<<"$sources" >"$root.log" 2>&1 \
        || { tail -n 20 "$root.log" >&2 && root_fail "mmdebstrap could not make a root of $suite. Is the network up?"; }
    root_settle
}

root_remove() {
    [ -z "$root_child" ] || { kill -KILL "$root_child" && wait "$root_child"; } 2>/dev/null || true
    [ -n "$root" ] || return 0
    rm -f "$root.log"
    if [ -n "${KEEP_ROOT:-}" ]; then
        echo "root: kept: $root" >&2
    else
        rm -rf --one-file-system "$root"
    fi
    root=
}

# The lines for sources.list: the archives that this machine's apt reads, for another suite.
root_sources() {
    local suite=$1 main security
    main=${DEBIAN_MIRROR:-$(root_archive Debian)}
    [ -n "$main" ] || root_fail "apt on this machine reads no Debian archive: name one with DEBIAN_MIRROR=http://..."
    echo "deb $main $suite main"
    case $suite in sid | unstable | experimental) return ;; esac
    echo "deb $main $suite-updates main"
    security=$(root_archive Debian-Security)
    [ -z "$security" ] || echo "deb $security $suite-security main"
}

root_archive() {
    apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null \
        | sed -n "s/^$1 //p" | sed -n 1p
}

# How apt reaches its archives, and how old it lets them be.
root_proxies() { apt-config dump | grep -iE '^Acquire::(https?::Proxy|Check-Valid-Until|Check-Date)' || true; }

# What the root must know of this machine to reach the network as it does, and no service of it may start.
root_settle() {
    local file
    for file in /etc/resolv.conf /etc/hosts; do
        [ ! -f "$file" ] || cp -L "$file" "$root$file"
    done
    if [ -d "$root/etc/ssl/certs" ] && [ -f /etc/ssl/certs/ca-certificates.crt ]; then
        cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
    fi
    root_proxies >"$root/etc/apt/apt.conf.d/00proxy"
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
    chroot "$root" useradd --create-home --shell /bin/bash shop
    [ ! -d "$root/etc/sudoers.d" ] || echo 'shop ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/shop"
}

# root_give HOST_PATH PATH
root_give() {
    [ -e "$1" ] || root_fail "there is no $1 to give."
    if [ -d "$1" ]; then mkdir -p "$root$2"; else mkdir -p "$(dirname "$root$2")" && touch "$root$2"; fi
    root_gifts+=("$(realpath "$1")" "$2")
}

# The toolchain is seen, the crates are copied: cargo writes beside them.
root_give_rust() {
    local home=$root/home/shop/.cargo from=${CARGO_HOME:-$HOME/.cargo} part
    root_give "$(rustc --print sysroot)" /opt/rust
    root_path=$root_path:/opt/rust/bin
    mkdir -p "$home/registry"
    for part in config.toml registry/index registry/cache; do
        [ ! -e "$from/$part" ] || cp -a "$from/$part" "$home/$part"
    done
    chroot "$root" chown -R shop:shop /home/shop/.cargo
}

root_run() { root_as root "$@"; }

# root_as USER COMMAND...: mounts and processes are of a space of their own, so that they end with the command; the shell
# waits for it in the background, so that it hears a signal at once. Status 1 stands for any failure.
root_as() {
    local user=$1
    shift
    setpriv --pdeathsig=KILL unshare --mount --pid --fork --kill-child=KILL -- bash -euc '
        root=$1 user=$2 path=$3 gifts=$4
        shift 4
        mount -t proc proc "$root/proc"
        mount -t sysfs -o ro sysfs "$root/sys"
        mount -t tmpfs -o mode=755 dev "$root/dev"
        mkdir -p "$root/dev/pts" "$root/dev/shm"
        for node in null zero full random urandom tty; do
            touch "$root/dev/$node"
            mount --bind "/dev/$node" "$root/dev/$node"
        done
        mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
        ln -s pts/ptmx "$root/dev/ptmx"
        ln -s /proc/self/fd "$root/dev/fd"
        ln -s /proc/self/fd/1 "$root/dev/stdout"
        ln -s /proc/self/fd/2 "$root/dev/stderr"
        mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
        for ((; gifts > 0; gifts--)); do
            mount --bind "$1" "$root$2"
            mount -o remount,bind,ro "$root$2"
            shift 2
        done
        home=$(awk -F: -v user="$user" "\$1 == user { print \$6 }" "$root/etc/passwd")
        status=0
        chroot "$root" setpriv --reuid="$user" --regid="$user" --init-groups \
            env -i --chdir="$home" HOME="$home" USER="$user" LOGNAME="$user" PATH="$path" LANG=C.UTF-8 TERM=dumb \
            DEBIAN_FRONTEND=noninteractive ${http_proxy:+http_proxy="$http_proxy"} \
            ${https_proxy:+https_proxy="$https_proxy"} ${no_proxy:+no_proxy="$no_proxy"} "$@" || status=$?
        exit "$status"
    ' root_as "$root" "$user" "$root_path" "$((${#root_gifts[@]} / 2))" ${root_gifts[@]+"${root_gifts[@]}"} "$@" <&0 &
    root_child=$!
    wait "$root_child" || { root_child= && return 1; }
    root_child=
}
