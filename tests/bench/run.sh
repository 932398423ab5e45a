#!/bin/bash
# Measures mock against the bare commands it wraps, in one run, in turns (A B A B ...), on a tmpfs:
# what a disk does with the hundreds of megabytes of each root is not mock's work, and differs from
# round to round. Prints medians and ratios as a Markdown table; docs/performance.md
# quotes such a table with its date and machine. Needs root, to mount it; the rootless rows
# are run as the user mock-test.
#
# usage: tests/bench/run.sh [ROUNDS]     (default 7)
#        tests/bench/run.sh install [OPTIONS]
#        tests/bench/run.sh images [OPTIONS]
#
# The second measures `mock --init` alone, with packages' verification and synchronisation on and off,
# on disks that it makes: one with the fsync of a hard disk, a fast one, a tmpfs. --help tells its options.
# The third measures pulling an image from a registry on loopback and unpacking it.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR/.. source=tests/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/../setup.sh"

[ "$EUID" = 0 ] || die "tests/bench/run.sh needs root, to mount file systems"
need_minidistro
need_user mock-test
cd "$repo"
cargo build --release --quiet
target=$(cargo metadata --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')

if [ "${1:-}" = install ]; then
    need_packages disk_needs
    exec python3 tests/bench/install.py --repo "$minidistro" --mock "$target/release/mock" "${@:2}"
fi

rounds=${1:-7}
disk=$(mktemp -d /var/tmp/mock-bench-XXXXXX)
cleanup() {
    umount -R -l "$disk" 2>/dev/null || true
    rm -rf "$disk"
}
trap cleanup EXIT
mount -t tmpfs -o size=6g,mode=755 mock-bench "$disk"

if [ "$rounds" = images ]; then
    mkdir "$disk/images"
    python3 tests/bench/images.py --repo "$minidistro" --disk "$disk/images" --mock "$target/release/mock" "${@:2}"
    exit
fi

for part in bench storage; do
    mkdir "$disk/$part"
    chmod 755 "$disk/$part"
    python3 "tests/bench/$part.py" --rounds "$rounds" --repo "$minidistro" --disk "$disk/$part" --mock "$target/release/mock"
    echo
done
