#!/bin/bash
# Makes a small but real RPM distribution out of Debian packages, for the tests and
# the demo.  See README.md.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib/pack.sh
source "$here/lib/pack.sh"
# shellcheck source=lib/srpms.sh
source "$here/lib/srpms.sh"

suite=bookworm
dist=.mini1

say() { printf 'minidistro: %s\n' "$*" >&2; }
die() {
    say "$*"
    exit 1
}

usage() {
    cat <<END
Usage: make.sh [--output DIR] [--force]

Makes a small RPM distribution out of Debian $suite packages: a repository in
DIR/repo and source packages in DIR/SRPMS.  One that is there already and was made
from the same inputs is used as it is.  The last line of the output is DIR.

  --output DIR  where to put it; default: /var/tmp/mock-minidistro for root,
                /var/tmp/mock-minidistro-UID for other users
  --force       make it even if it is there already
  --help        this text
END
}

# "command package" of what is needed on this machine.
needed_tools() {
    cat <<END
apt-get apt
createrepo_c createrepo-c
mmdebstrap mmdebstrap
python3 python3
rpmbuild rpm
tar tar
flock util-linux
xz xz-utils
END
    # Without root privileges the Debian root is made in a user namespace.
    [ "$EUID" = 0 ] || echo newuidmap uidmap
}

check_tools() {
    local tool package missing=()
    while read -r tool package; do
        command -v "$tool" >/dev/null || missing+=("$package")
    done < <(needed_tools)
    [ -f /usr/share/keyrings/debian-archive-keyring.gpg ] || missing+=(debian-archive-keyring)
    [ ${#missing[@]} = 0 ] || die "packages are missing on this machine; install them: apt-get install ${missing[*]}"
    if [ "$EUID" != 0 ] && ! grep -qsE "^($(id -un)|$EUID):" /etc/subuid; then
        die "user $(id -un) has no range in /etc/subuid; add one as root:" \
            "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $(id -un)"
    fi
}

# Sets arch (RPM), other_arch and multiarch for this machine.
set_arch() {
    case $(uname -m) in
        x86_64) arch=x86_64 other_arch=aarch64 ;;
        aarch64) arch=aarch64 other_arch=x86_64 ;;
        *) die "no mini distribution for the architecture $(uname -m); known: x86_64, aarch64" ;;
    esac
    multiarch=$arch-linux-gnu
}

# Everything that the result depends on, apart from what is in Debian's archive.
input_key() {
    local files
    cd "$here"
    mapfile -t files < <(find . -type f ! -name '*.md' ! -name '*.pyc' ! -name verify.sh | LC_ALL=C sort)
    { sha256sum -- "${files[@]}"; stat -c '%A %n' -- "${files[@]}"; echo "$suite $arch $dist"; } | sha256sum | cut -d' ' -f1
}

is_current() { [ "$(cat "$output/key" 2>/dev/null)" = "$key" ]; }

# Also what belongs to subordinate ids: files of a Debian root made without root
# privileges, left by a run that was killed.
remove() {
    rm -rf --one-file-system -- "$@" 2>/dev/null && return
    [ "$EUID" = 0 ] || unshare --map-auto --map-root-user rm -rf --one-file-system -- "$@" || true
}

# The settings that apt downloads with on this machine; mmdebstrap does not read them.
apt_download_settings() {
    apt-config dump | grep '^Acquire::' | grep -v ' "";$' || true
}

debian_packages() { sed 's/#.*//; /^\s*$/d' "$here/debian.txt" | paste -sd,; }

# The Debian root as WORK/tree and WORK/meta.
make_tree() {
    local exclude options=()
    # Documentation, translations and large static libraries: half of the size, and
    # nothing that building packages needs.
    for exclude in '/usr/share/'{doc,man,info,locale,gtk-doc,bash-completion,lintian}'/*' \
        '/usr/lib/*/lib'{c,m,m-*,mvec,crypto,ssl}.a '/usr/lib/*/libpython*.a' \
        '/usr/lib/python3*/config-*/*.a' '/usr/lib/gcc/*/lib'{a,l,t,ub}san.a; do
        options+=("--dpkgopt=path-exclude=$exclude")
    done
    apt_download_settings > "$work/apt.conf"
    python3 -B "$here/lib/aptsources.py" "$suite" deb > "$work/debian.sources"
    mkdir "$work/tree"
    # mmdebstrap makes its root here, and another (subordinate) user has to get in.
    mkdir -m 1777 "$work/mmdebstrap"
    # It does not get the lock: its processes of other users may outlive a killed run.
    if ! TMPDIR=$work/mmdebstrap mmdebstrap --quiet --variant=essential --format=tar \
        --include="$(debian_packages)" --aptopt="$work/apt.conf" "${options[@]}" \
        "$suite" - "$work/debian.sources" 2>"$work/mmdebstrap.log" {lock}>&- \
        | python3 -B "$here/lib/unpack.py" "$work/tree" "$work/meta"; then
        cat "$work/mmdebstrap.log" >&2
        die "making the Debian root failed (messages above)"
    fi
}

# rpmbuild with its messages only if it fails.
logged() {
    local log=$1
    shift
    "$@" >"$log" 2>&1 && return
    cat "$log" >&2
    die "failed: ${*:1:1} (messages above)"
}

make_repo() {
    local spec
    python3 -B "$here/lib/debspec.py" "$work/tree" "$work/meta" "$here/names.txt" "$work/debian.spec"
    # Before the tree is moved away: some of these packages take a file from it.
    for spec in "$here"/packages/*.spec; do
        logged "$work/pack.log" pack_finished "$work" "$dist" --define "tree $work/tree" \
            --define "multiarch $multiarch" "$spec"
    done
    say "packing the Debian root as RPM packages"
    logged "$work/pack.log" pack_finished "$work" "$dist" --define "tree $work/tree" "$work/debian.spec"
    comps > "$work/comps.xml"
    logged "$work/createrepo.log" createrepo_c --quiet --groupfile "$work/comps.xml" "$work/out/repo"
}

comps() {
    local name
    cat <<END
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE comps PUBLIC "-//Red Hat, Inc.//DTD Comps info//EN" "comps.dtd">
<comps>
  <group>
    <id>buildsys-build</id>
    <name>Buildsystem building group</name>
    <description>What every build root has.</description>
    <default>false</default>
    <uservisible>false</uservisible>
    <packagelist>
END
    sed 's/#.*//; /^\s*$/d' "$here/group.txt" | while read -r name; do
        echo "      <packagereq type=\"mandatory\">$name</packagereq>"
    done
    cat <<END
    </packagelist>
  </group>
</comps>
END
}

build() {
    local started=$SECONDS hello
    say "making the mini distribution in $output"
    mkdir -p "$work"/{home,tmp,rpmbuild,out/repo,out/SRPMS}
    # Meanwhile, because both wait for the network.
    fetch_hello "$work" >"$work/hello.log" 2>&1 &
    hello=$!
    say "installing Debian $suite packages"
    make_tree
    make_repo
    wait "$hello" || {
        cat "$work/hello.log" >&2
        die "the source package of GNU hello cannot be had from this machine's Debian mirror (messages above)"
    }
    say "making the source packages"
    make_srpms "$work" "$dist" "$here/srpms"
    echo "$key" > "$work/out/key"
    chmod -R u=rwX,go=rX "$work/out"
    put_in_place
    say "ready after $((SECONDS - started)) seconds"
}

stop() {
    say "interrupted"
    kill -TERM -- "-$builder"
    wait "$builder" || true
    exit "$1"
}

# Under the lock.  The old one is away for the moment between two renames only.
put_in_place() {
    if [ -e "$output" ]; then
        mv -T "$output" "$output.tmp.old.$$"
    fi
    mv -T "$work/out" "$output"
    remove "$output.tmp.old.$$"
}

output='' force=''
while [ $# -gt 0 ]; do
    case $1 in
        --output)
            [ $# -ge 2 ] || die "--output needs a directory"
            output=$2
            shift
            ;;
        --output=*) output=${1#*=} ;;
        --force) force=yes ;;
        -h | --help)
            usage
            exit
            ;;
        *) die "unknown argument '$1'; see make.sh --help" ;;
    esac
    shift
done

umask 022
export LC_ALL=C.UTF-8
if [ -z "$output" ]; then
    output=/var/tmp/mock-minidistro
    [ "$EUID" = 0 ] || output+=-$EUID
    # Everybody can write to /var/tmp: take nothing from another user unasked.
    if [ -e "$output" ] && [ ! -O "$output" ]; then
        die "$output belongs to another user; choose another directory with --output DIR"
    fi
fi
output=$(realpath -m -- "$output")
set_arch
key=$(input_key)

if [ -z "$force" ] && is_current; then
    say "using the one made before"
    echo "$output"
    exit
fi

check_tools
if [ -e "$output" ] && [ ! -e "$output/key" ] && [ -n "$(ls -A "$output")" ]; then
    die "$output exists and was not made by this program; remove it or choose another --output"
fi
mkdir -p "$(dirname "$output")"
# Two at once: the second waits, and then uses what the first has made.
exec {lock}>>"$output.lock"
flock -n "$lock" || {
    say "another run is making it; waiting"
    flock "$lock"
}
if [ -n "$force" ] || ! is_current; then
    # Left by killed runs: nobody else is running now.
    for leftover in "$output".tmp.*; do
        [ ! -e "$leftover" ] || remove "$leftover"
    done
    work=$output.tmp.$$
    trap 'remove "$work"' EXIT
    mkdir "$work"
    # In the background, and (set -m) as a process group: the shell would act on a
    # signal only after the program in the foreground has ended.
    set -m
    build </dev/null &
    builder=$!
    set +m
    trap 'stop 129' HUP
    trap 'stop 130' INT
    trap 'stop 143' TERM
    wait "$builder" || exit
fi
echo "$output"
