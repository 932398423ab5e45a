#!/bin/bash
# Checks a finished mini distribution with plain dnf and rpmbuild, without mock: the
# group installs, and every source package does what it is for.  Needs root, dnf and
# dnf-plugins-core.
#
# usage: verify.sh [DIR [SCRATCH]]
#   DIR      what make.sh printed; default: /var/tmp/mock-minidistro
#   SCRATCH  where the root is made; default: a new directory in /dev/shm
set -euo pipefail

output=$(realpath "${1:-/var/tmp/mock-minidistro}")
scratch=${2:-$(mktemp -d /dev/shm/minidistro-verify.XXXXXX)}

# Mounts of our own, that go away with us.
if [ -z "${MINIDISTRO_VERIFY_NS:-}" ]; then
    [ "$EUID" = 0 ] || { echo "verify.sh: must be root" >&2; exit 1; }
    status=0
    MINIDISTRO_VERIFY_NS=1 unshare --mount --pid --fork --kill-child --net "$0" "$output" "$scratch" || status=$?
    rm -rf --one-file-system "$scratch"
    exit "$status"
fi

root=$scratch/root
failures=0

check() {
    local what=$1
    shift
    if "$@"; then
        echo "ok   $what"
    else
        echo "FAIL $what"
        failures=$((failures + 1))
    fi
}

# The host's rpm decides where dnf puts the database; Debian's would use ~/.rpmdb.
mkdir -p "$scratch/home" "$root"
export HOME=$scratch/home
echo '%_dbpath /var/lib/rpm' > "$HOME/.rpmmacros"

run_dnf() {
    dnf --installroot="$root" --noplugins --setopt=reposdir=/dev/null --setopt=cachedir="$scratch/cache" \
        --repofrompath=mini,file://"$output/repo" --nogpgcheck -y "$@" >"$scratch/dnf.log" 2>&1 || {
        tail -n 20 "$scratch/dnf.log"
        return 1
    }
    # rpm goes on after most scriptlets that fail.
    ! grep -iE 'error in .*scriptlet|warning:|error:' "$scratch/dnf.log"
}

# builddep is a plugin: plugins on, but only that one.
builddep() {
    dnf --installroot="$root" --disableplugin='*' --enableplugin=builddep --setopt=reposdir=/dev/null \
        --setopt=cachedir="$scratch/cache" --repofrompath=mini,file://"$output/repo" --nogpgcheck -y \
        builddep "$1" >"$scratch/dnf.log" 2>&1
}

in_root() { chroot "$root" /usr/bin/env -i PATH=/usr/bin:/usr/sbin HOME=/root LC_ALL=C.UTF-8 "$@"; }
as_builder() {
    chroot --userspec=1000:1000 --groups= "$root" /usr/bin/env -i PATH=/usr/bin:/usr/sbin \
        HOME=/builddir LC_ALL=C.UTF-8 "$@"
}

build() {
    local srpm=$1
    shift
    rm -rf "$root/builddir/rpmbuild"
    cp "$srpm" "$root/builddir/"
    as_builder rpmbuild --rebuild "$@" "/builddir/$(basename "$srpm")" >"$scratch/build.log" 2>&1
}

srpm_of() { echo "$output/SRPMS/$1"-[0-9]*.src.rpm; }

lacks_requirement() { ! builddep "$(srpm_of "$1")"; }
is_refused() { ! build "$(srpm_of "$1")"; }
is_not_installed() { ! in_root rpm -q "$1" >/dev/null; }
user_sees_packages() { [ "$(as_builder rpm -qa | wc -l)" -gt 50 ]; }
user_reads_shadow() { as_builder /usr/share/torture/caps/cat-caps /etc/shadow >/dev/null; }

builds() {
    local srpm
    srpm=$(srpm_of "$1")
    shift
    builddep "$srpm" || { tail -n 20 "$scratch/dnf.log"; return 1; }
    if ! build "$srpm" "$@" || ! ls "$root"/builddir/rpmbuild/RPMS/*/*.rpm >/dev/null; then
        tail -n 30 "$scratch/build.log"
        return 1
    fi
}

# fails NAME PATTERN: the build fails with PATTERN in its log.
fails() {
    local srpm
    srpm=$(srpm_of "$1")
    builddep "$srpm" || { tail -n 20 "$scratch/dnf.log"; return 1; }
    ! build "$srpm" || return 1
    grep -q "$2" "$scratch/build.log" || { tail -n 30 "$scratch/build.log"; return 1; }
}

in_log() { grep -q -- "$1" "$scratch/build.log" || { grep -E '^[A-Z]+-' "$scratch/build.log"; return 1; }; }

check "install the group buildsys-build" run_dnf groupinstall buildsys-build
echo "     $(in_root rpm -qa | wc -l) packages, $(du -sm "$root" | cut -f1) MiB"
mkdir -p "$root/proc" "$root/sys"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs tmpfs "$root/dev"
for node in null zero full random urandom tty; do
    touch "$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
done
ip link set lo up 2>/dev/null || true
in_root useradd -u 1000 -U -d /builddir -m builder

check "rpm -qa as a user" user_sees_packages
# Nothing of "rpm -Va" but directories that something is mounted on.
intact() {
    ! { in_root rpm -Va --nomtime 2>&1 || true; } | grep -vE ' ( c /.*|/dev|/proc|/sys)$'
}
no_library_missing() {
    ! { in_root sh -c 'ldd /usr/bin/* /usr/sbin/* 2>/dev/null' || true; } | grep 'not found'
}
check "rpm -Va (modes, owners, contents)" intact
check "no program lacks a library" no_library_missing

for name in cmake gcc-c++ ncurses-devel autoconf meson; do
    check "$name is not in the group" is_not_installed "$name"
done
for name in hello autohello needsnothing noarchdata libgreet cmakehello mesonhello; do
    check "build $name" builds "$name"
    if [ "$name" = libgreet ]; then
        cp "$root"/builddir/rpmbuild/RPMS/*/libgreet*.rpm "$scratch/"
    fi
done
# Its requirements are known only after rpmbuild has looked at it.
genbr() {
    local srpm
    srpm=$(srpm_of genbr)
    cp "$srpm" "$root/builddir/"
    rm -rf "$root/builddir/rpmbuild"
    local status=0
    as_builder rpm -i "/builddir/$(basename "$srpm")"
    as_builder rpmbuild -br /builddir/rpmbuild/SPECS/genbr.spec >"$scratch/build.log" 2>&1 || status=$?
    [ "$status" = 11 ] || { echo "rpmbuild -br: status $status instead of 11"; tail "$scratch/build.log"; return 1; }
    builddep "$(echo "$root"/builddir/rpmbuild/SRPMS/genbr-*.buildreqs.nosrc.rpm)" || { tail "$scratch/dnf.log"; return 1; }
    builds genbr
}
check "build genbr" genbr
# Its library is not in the repository.
check "greet-app lacks libgreet-devel" lacks_requirement greet-app
check "install libgreet" run_dnf install "$scratch"/libgreet-[0-9]*.rpm "$scratch"/libgreet-devel-*.rpm
check "build greet-app" builds greet-app
check "build network" builds network
check "  loopback works" in_log 'NETWORK-LOOPBACK: ok'
check "  nothing outside" in_log 'NETWORK-OUTSIDE: Network is unreachable'
check "build escape" builds escape
check "  it says what it tried" in_log 'ESCAPE-DENIED: build: write /etc/escaped-mock'
check "build biglog (1 MB of it)" builds biglog --define 'biglog_bytes 1000000'
check "build bigbuild (20 MB of it)" builds bigbuild --define 'bigbuild_mb 20'
check "failcheck fails" fails failcheck '^FAIL: test-addition'
check "failcompile fails" fails failcompile "broken.c.*error: .undeclared_variable. undeclared"
check "missingbr has no requirement" lacks_requirement missingbr
check "  dnf names it" grep -q no-such-package-devel "$scratch/dnf.log"
check "onlyarm is refused" is_refused onlyarm
check "  rpmbuild says why" in_log 'Architecture is not included'
endless() {
    local srpm
    srpm=$(srpm_of endless)
    cp "$srpm" "$root/builddir/"
    ! timeout 5 chroot --userspec=1000:1000 "$root" /usr/bin/env -i PATH=/usr/bin HOME=/builddir \
        rpmbuild --rebuild "/builddir/$(basename "$srpm")" >"$scratch/build.log" 2>&1
}
check "endless does not end" endless
check "  and says so" in_log 'endless: the build sleeps now'

for name in users caps dev fs daemon; do
    check "install torture-$name" run_dnf install "torture-$name"
done
torture=$root/usr/share/torture
check "  users" [ "$(in_root stat -c %U:%G /usr/share/torture/users/user2)" = torture2:torture2 ]
check "  setuid" [ "$(as_builder /usr/share/torture/caps/id-setuid -u)" = 0 ]
check "  file capabilities" user_reads_shadow
check "  device node" [ -c "$torture/null" ]
check "  hard links" [ "$torture/fs/hardlink-1" -ef "$torture/fs/hardlink-3" ]
check "  daemon" grep -lqs '^sleep' /proc/[0-9]*/comm
check "install dnf (for a bootstrap chroot)" run_dnf install dnf python3-dnf-plugins-core createrepo_c
check "  it starts" in_root dnf --version
[ "$failures" = 0 ] || { echo "verify.sh: $failures failures" >&2; exit 1; }
