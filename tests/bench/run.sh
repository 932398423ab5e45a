#!/bin/bash
# Measures mock against the bare commands it wraps, in one run, in turns (A B A B ...), on a
# journalled ext4 in a loop file. Prints medians and ratios as a Markdown table; docs/performance.md
# quotes such a table with its date and machine. Needs root, for the loop file; the rootless rows
# are run as the user mock-test.
#
# usage: tests/bench/run.sh [ROUNDS]     (default 7)
set -euo pipefail
# shellcheck source-path=SCRIPTDIR/.. source=tests/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/../setup.sh"

rounds=${1:-7}
[ "$EUID" = 0 ] || die "tests/bench/run.sh needs root, to mount a loop file"
need_minidistro
need_user mock-test
cd "$repo"
cargo build --release --quiet

image=$(mktemp /var/tmp/mock-bench-XXXXXX.img)
disk=$(mktemp -d /var/tmp/mock-bench-XXXXXX)
cleanup() {
    umount "$disk" 2>/dev/null || true
    rm -rf "$image" "$disk"
}
trap cleanup EXIT
truncate -s 12G "$image"
# Lazy initialisation would go on in the background while we measure.
mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 "$image"
mount -o loop "$image" "$disk"
chmod 755 "$disk"

python3 tests/bench/bench.py --rounds "$rounds" --repo "$minidistro" --disk "$disk" --mock target/release/mock
