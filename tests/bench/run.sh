#!/bin/bash
# Measures mock against the bare commands it wraps, in one run, in turns (A B A B ...), on a
# journalled ext4 in a loop file. Prints medians and ratios as a Markdown table; docs/performance.md
# quotes such a table with its date and machine. Needs root, for the loop file; the rootless rows
# are run as the user mock-test.
#
# usage: tests/bench/run.sh [ROUNDS]     (default 7)
set -euo pipefail
cd "$(dirname "$0")/../.."

rounds=${1:-7}
if [ "$(id -u)" != 0 ]; then
    echo "tests/bench/run.sh: needs root, to mount a loop file" >&2
    exit 1
fi
tests/setup.sh
repo=$(tests/minidistro/make.sh | tail -n1)
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

python3 tests/bench/bench.py --rounds "$rounds" --repo "$repo" --disk "$disk" --mock target/release/mock
