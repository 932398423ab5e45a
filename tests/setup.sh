#!/bin/bash
# Has the packages and the Rust toolchain that building and testing mock needs: as root it
# installs what is missing, as another user it says what is missing and how to get it. Takes
# milliseconds when nothing is missing.
#
# Run on its own it does just that; sourced by the other scripts it also gives them $repo, say,
# die and the functions below.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '==> %s\n' "$*" >&2; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# What must be there, with its package. A word with a slash is a file, others are programs.
debian_needs() {
    cat <<END
gcc gcc
/usr/include/stdio.h libc6-dev
pkg-config pkg-config
/usr/include/seccomp.h libseccomp-dev
newuidmap uidmap
mkfs.btrfs btrfs-progs
dnf dnf
/usr/lib/python3/dist-packages/dnf-plugins/builddep.py dnf-plugins-core
rpmbuild rpm
createrepo_c createrepo-c
git git
svn subversion
mmdebstrap mmdebstrap
/usr/share/keyrings/debian-archive-keyring.gpg debian-archive-keyring
python3 python3
/usr/lib/python3/dist-packages/pip/__main__.py python3-pip
tar tar
xz xz-utils
zstd zstd
setpriv util-linux
useradd passwd
systemd-nspawn systemd-container
qemu-aarch64-static qemu-user-static
END
    # Real thin provisioning; Debian has the package for this architecture alone.
    [ "$(uname -m)" != x86_64 ] || cat <<END
linux.uml user-mode-linux
lvm lvm2
thin_check thin-provisioning-tools
insmod kmod
mkfs.ext4 e2fsprogs
mkfs.xfs xfsprogs
halt systemd-sysv
pkill procps
END
}

fedora_needs() {
    cat <<END
gcc gcc
/usr/include/stdio.h glibc-devel
pkg-config pkgconf-pkg-config
/usr/include/seccomp.h libseccomp-devel
newuidmap shadow-utils
mkfs.btrfs btrfs-progs
dnf dnf
/usr/bin/rpmbuild rpm-build
createrepo_c createrepo_c
git git-core
svn subversion
python3 python3
tar tar
xz xz
setpriv util-linux
END
}

# For the disks of tests/bench.
disk_needs() {
    cat <<END
gcc gcc
pkg-config pkg-config
/usr/include/fuse3/fuse_lowlevel.h libfuse3-dev
losetup mount
strace strace
mkfs.ext4 e2fsprogs
END
}

is_fedora() { [ -e /etc/fedora-release ]; }

# Prints the packages of what is not there.
missing_packages() {
    local thing package
    while read -r thing package; do
        case $thing in
            /*) [ -e "$thing" ] || echo "$package" ;;
            *) command -v "$thing" >/dev/null || echo "$package" ;;
        esac
    done
}

# need_packages [LIST]: those of one of the lists above, by default of all that tests need.
# shellcheck disable=SC2119,SC2120 # run.sh and slow_disk.py of tests/bench name one
need_packages() {
    local needs install missing
    if is_fedora; then
        needs=${1:-fedora_needs} install='dnf install -y'
    elif command -v apt-get >/dev/null; then
        needs=${1:-debian_needs} install='apt-get install -y --no-install-recommends'
    else
        die "these scripts know Debian, Ubuntu and Fedora; on other systems install what the lists in tests/setup.sh name"
    fi
    mapfile -t missing < <($needs | PATH=$PATH:/usr/sbin:/sbin missing_packages)
    [ ${#missing[@]} -gt 0 ] || return 0
    [ "$EUID" = 0 ] || die "packages are missing on this machine; install them with: sudo $install ${missing[*]}"
    say "installing system packages: ${missing[*]}"
    is_fedora || apt-get update -q >&2 </dev/null
    # shellcheck disable=SC2086 # it is a command with options
    DEBIAN_FRONTEND=noninteractive $install "${missing[@]}" >&2 </dev/null
    mapfile -t missing < <($needs | PATH=$PATH:/usr/sbin:/sbin missing_packages)
    [ ${#missing[@]} = 0 ] || die "still missing after the installation: ${missing[*]}"
}

need_rust() {
    local wanted have
    # rustup puts it there, and a shell that was open before does not know yet.
    command -v cargo >/dev/null || PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
    export PATH
    if ! command -v cargo >/dev/null; then
        [ "$EUID" = 0 ] ||
            die "there is no Rust toolchain; get one with: curl https://sh.rustup.rs -sSf | sh -s -- -y"
        # Debian 12's own is too old for the crates.
        say "installing Rust with rustup"
        command -v curl >/dev/null || DEBIAN_FRONTEND=noninteractive apt-get install -y curl ca-certificates >&2 </dev/null
        curl --proto =https -sSf https://sh.rustup.rs | sh -s -- -y -q --profile minimal -c rustfmt -c clippy >&2
    fi
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$repo/Cargo.toml")
    have=$(cd "$repo" && cargo --version | cut -d' ' -f2)
    [ "$(printf '%s\n' "$wanted" "$have" | sort -V | head -n1)" = "$wanted" ] ||
        die "Rust $have is too old, $wanted is needed; get it with: rustup update stable"
}

# Makes the mini distribution, or finds the one made before, and sets $minidistro.
# shellcheck disable=SC2034 # for the scripts that source this one
need_minidistro() {
    if is_fedora; then
        die "the mini distribution is made on Debian or Ubuntu only"
    fi
    minidistro=$("$repo/tests/minidistro/make.sh" </dev/null | tail -n1)
}

# Makes a tree of Debian unstable, or finds the one made before, and sets $newer_dnf: dnf 4.24 and
# dnf5 with an rpm that Debian 12 does not have.
# shellcheck disable=SC2034 # for the scripts that source this one
need_newer_dnf() {
    local packages=dnf,dnf5,dnf-plugins-core,rpm,libseccomp2,strace,procps key
    newer_dnf=/var/tmp/mock-newer-dnf
    key="sid $packages"
    exec {newer_dnf_lock}>"$newer_dnf.lock"
    flock "$newer_dnf_lock"
    if [ "$(cat "$newer_dnf/key" 2>/dev/null)" != "$key" ]; then
        say "making a tree with newer versions of dnf"
        rm -rf "$newer_dnf" "$newer_dnf.new"
        # An archive that is not the newest will do.
        if mmdebstrap --quiet --variant=essential --include="$packages" \
            --aptopt='Acquire::Check-Valid-Until "false"' sid "$newer_dnf.new" >&2 </dev/null; then
            echo "$key" >"$newer_dnf.new/key"
            mv "$newer_dnf.new" "$newer_dnf"
        else
            say "there will be no tests with newer versions of dnf"
            unset newer_dnf
        fi
    fi
    exec {newer_dnf_lock}>&-
}

# need_user NAME: an ordinary user with subordinate ids.
need_user() {
    local name=$1 file option start
    if ! getent passwd "$name" >/dev/null; then
        say "making the user $name"
        useradd --create-home --shell /bin/bash "$name"
    fi
    for option in uids gids; do
        file=/etc/sub${option%s}
        grep -qs "^$name:" "$file" && continue
        start=$(awk -F: 'BEGIN { end = 100000 } $2 + $3 > end { end = $2 + $3 } END { print end }' "$file" 2>/dev/null || echo 100000)
        usermod --add-sub$option "$start-$((start + 65535))" "$name"
    done
}

# shellcheck disable=SC2119
need_packages
need_rust
