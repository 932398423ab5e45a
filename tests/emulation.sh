#!/bin/bash
# Shows that mock builds for another architecture by emulation: makes a small distribution for
# aarch64 out of Debian's packages, and rebuilds a source package in a root of it, on x86_64.
#
# Needs root. What the kernel is told of the emulator is forgotten with this script's mounts, unless
# it has been told before. Takes some minutes, most of them for making the distribution; that is kept
# in /var/tmp/mock-minidistro-aarch64.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
# shellcheck source=minidistro/lib/pack.sh
source "$repo/tests/minidistro/lib/pack.sh"

[ "$EUID" = 0 ] || die "this needs root"
[ "$(uname -m)" = x86_64 ] || die "this is made for x86_64"
arch=aarch64 debian=arm64 suite=bookworm dist=.mini1
emulator=/usr/bin/qemu-$arch-static
binfmt=/proc/sys/fs/binfmt_misc

emulation_needs() {
    echo "$emulator qemu-user-static"
}

# Mounts of its own, from here on.
if [ -z "${MOCK_EMULATION:-}" ]; then
    need_packages emulation_needs
    MOCK_EMULATION=inside exec unshare --mount --propagation private "$0" "$@"
fi
[ -e $binfmt/status ] || mount -t binfmt_misc binfmt_misc $binfmt
if [ ! -e $binfmt/qemu-$arch ]; then
    # As Debian's package has it.
    printf '%s' ":qemu-$arch:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:$emulator:FOCP" >$binfmt/register
fi

distribution=/var/tmp/mock-minidistro-$arch

# The packages of a root that can run rpmbuild, without a compiler.
make_distribution() {
    local work=$distribution.new lib=$repo/tests/minidistro/lib name
    rm -rf "$work"
    mkdir -p "$work"/{home,tmp,rpmbuild,out/repo,tree}
    python3 -B "$lib/aptsources.py" $suite deb >"$work/debian.sources"
    apt-config dump | grep '^Acquire::' | grep -v ' "";$' >"$work/apt.conf" || true
    say "installing Debian's $debian packages, by emulation"
    mmdebstrap --quiet --variant=essential --skip=check/qemu --format=tar --architectures=$debian \
        --include=bzip2,cpio,debugedit,elfutils,file,gawk,make,passwd,patch,pkgconf,procps,rpm,unzip,xz-utils,zstd \
        --aptopt="$work/apt.conf" --dpkgopt='path-exclude=/usr/share/'{doc,man,info,locale}'/*' \
        $suite - "$work/debian.sources" | python3 -B "$lib/unpack.py" "$work/tree" "$work/meta"
    python3 -B "$lib/debspec.py" "$work/tree" "$work/meta" "$repo/tests/minidistro/names.txt" "$work/debian.spec"
    say "packing them as RPM packages"
    for spec in "$repo"/tests/minidistro/packages/{mini-release,redhat-rpm-config}.spec "$work/debian.spec"; do
        pack_finished "$work" $dist --target $arch --define "tree $work/tree" \
            --define "multiarch $arch-linux-gnu" "$spec" >"$work/pack.log" 2>&1 || {
            cat "$work/pack.log" >&2
            die "packing failed (messages above)"
        }
    done
    {
        echo '<comps><group><id>buildsys-build</id><name>Buildsystem building group</name>'
        echo '<default>false</default><uservisible>false</uservisible><packagelist>'
        rpm -qp --qf '%{name}\n' "$work"/out/repo/*.rpm | grep -Fx -f "$repo/tests/minidistro/group.txt" | sort -u \
            | sed 's|.*|<packagereq type="mandatory">&</packagereq>|'
        echo '</packagelist></group></comps>'
    } >"$work/comps.xml"
    createrepo_c --quiet --groupfile "$work/comps.xml" "$work/out/repo"
    chmod -R u=rwX,go=rX "$work/out"
    rm -rf "$distribution"
    mv "$work/out" "$distribution"
    rm -rf "$work"
}

[ -e $distribution/repo/repodata ] || make_distribution
need_minidistro

say "building mock"
(cd "$repo" && cargo build --quiet)
target=$(cd "$repo" && cargo metadata --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')

place=$(mktemp -d /var/tmp/mock-emulation.XXXXXX)
tidy_up() {
    findmnt --noheadings --list --output TARGET | grep -F "$place/" | tac \
        | while read -r mount; do umount --lazy "$mount"; done || true
    rm -rf "$place"
}
trap tidy_up EXIT
mock() {
    printf '\n$ mock -r mini-%s %s\n' $arch "$*" >&2
    "$target/debug/mock" -r "$repo/configs/mini-$arch.toml" --config-opts mini_repo=$distribution/repo \
        --config-opts basedir="$place/lib" --config-opts cache_topdir="$place/cache" "$@" </dev/null
}

# No --forcearch: the configuration says which machines build it natively.
time mock --init
said=$(mock --quiet --chroot -- uname -m)
[ "$said" = $arch ] || die "uname -m says '$said' inside"
said=$(mock --quiet --chroot -- rpm --eval '%{_arch} %{_platform_multiplier}')
[ "$said" = "$arch 10" ] || die "rpm says '$said' inside"
time mock --no-clean --resultdir "$place/result" "$minidistro"/SRPMS/needsnothing-*.src.rpm
ls -l "$place/result"
say "done: built for $arch on $(uname -m)"
