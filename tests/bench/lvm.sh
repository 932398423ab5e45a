#!/bin/bash
# Measures a clean with lvm_root against one with a directory and the root cache, in User Mode Linux:
# from one ready root to the next, as whole processes of mock, and as the bare commands. Prints a
# Markdown table of medians. Needs root, on Debian.
#
# usage: tests/bench/lvm.sh [ROUNDS]     (default 5)
set -euo pipefail
# shellcheck source-path=SCRIPTDIR/.. source=tests/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/../setup.sh"

rounds=${1:-5}
[ "$EUID" = 0 ] || die "tests/bench/lvm.sh needs root"
need_minidistro
cd "$repo"
cargo build --release --quiet
target=$(cargo metadata --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')

disks=$(mktemp -d /var/tmp/mock-bench-XXXXXX)
trap 'rm -rf "$disks"' EXIT
cat >"$disks/script" <<END
#!/bin/bash
mock='$target/release/mock' configs='$repo/configs' arch='$(uname -m)' minidistro='$minidistro'
source '$repo/tests/uml/prelude.sh'
rounds=$rounds
small_root='install @buildsys-build'
END
cat >>"$disks/script" <<'END'
# took NAME COMMAND...
took() {
    local name=$1 start=${EPOCHREALTIME/./}
    shift
    "$@" >/run/said 2>&1 || fail "$* ended with $?: $(cat /run/said)"
    echo $(((${EPOCHREALTIME/./} - start) / 1000)) >>"/run/$name"
}
lvm() { mock -q --enable-plugin lvm_root --plugin-option lvm_root:volume_group=mockvg "$@"; }
tarred() { mock -q --config-opts storage=directory --enable-plugin root_cache "$@"; }
both() { "$1" --clean && "$1" "$2"; }
head=/dev/mockvg/+mock.mini-$arch.head
anew() {
    umount "/mnt/state/lib/mini-$arch/root" && lvremove -qq -f mockvg/+mock.mini-$arch.head &&
        lvcreate -qq -s mockvg/mock.mini-$arch.postinit -n +mock.mini-$arch.head --setactivationskip n &&
        mount $head "/mnt/state/lib/mini-$arch/root"
}
unpack() { rm -rf /mnt/state/bare && mkdir /mnt/state/bare && zstd -dqc "$archive" | tar -C /mnt/state/bare -xf -; }

lvm --init
for ((i = 0; i < rounds; i++)); do
    took lvm-mock both lvm --mount
    took lvm-bare anew
done
lvm --scrub=lvm
tarred --init
archive=/mnt/state/cache/mini-$arch/root_cache/cache.tar.zst
unpack
for ((i = 0; i < rounds; i++)); do
    took tar-mock both tarred --init
    took tar-bare unpack
done
echo '| what | median | range |'
echo '|---|---|---|'
while read -r file name; do
    sort -n "/run/$file" | awk -v name="$name" '{ v[NR] = $1 }
        END { printf "| %s | %d ms | %d-%d |\n", name, v[int((NR + 1) / 2)], v[1], v[NR] }'
done <<NAMES
lvm-mock \`mock --clean\`, \`mock --mount\` with lvm_root
tar-mock \`mock --clean\`, \`mock --init\` with storage=directory and the root cache
lvm-bare the commands alone: umount, lvremove, lvcreate -s, mount
tar-bare the commands alone: rm, zstd, tar
NAMES
END
chmod 755 "$disks/script"
tests/uml/boot.sh --see "$target/release/mock" --see "$repo" --see "$minidistro" "$disks" "$disks/script" 900
