#!/bin/bash
# Runs every test. Arguments go to `cargo test`; with none, all tests run.
#
# As root the tests of both ways to run mock are run, those without root as the user mock-test;
# as an ordinary user those that need root say that they are skipped. With CI set nothing may be.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

need_minidistro
if [ "$EUID" = 0 ]; then
    need_newer_dnf
    need_user mock-test
    # One that has no subordinate ids, on purpose.
    if ! getent passwd mock-test-single >/dev/null; then
        useradd --create-home --shell /bin/bash -K SUB_UID_COUNT=0 -K SUB_GID_COUNT=0 mock-test-single
    fi
else
    say "not root: tests that need root, or other users, will be skipped"
fi

# In memory where that is big enough: a disk is several times slower.
free=$(df --output=avail -k /dev/shm 2>/dev/null | tail -n1 || echo 0)
if [ "$free" -gt $((6 * 1024 * 1024)) ]; then
    scratch=$(mktemp -d /dev/shm/mock-test.XXXXXX)
else
    scratch=$(mktemp -d /var/tmp/mock-test.XXXXXX)
fi
chmod 755 "$scratch"
# Also what belongs to subordinate ids, and roots that are still mounted.
tidy_up() {
    findmnt --noheadings --list --output TARGET | grep -F "$scratch/" | tac \
        | while read -r mount; do umount --lazy "$mount"; done || true
    rm -rf "$scratch" 2>/dev/null || unshare --map-auto --map-root-user rm -rf "$scratch"
}
trap tidy_up EXIT

cd "$repo"
[ -z "${newer_dnf:-}" ] || export MOCK_TEST_NEWER_DNF=$newer_dnf
MOCK_TEST_MINIDISTRO=$minidistro MOCK_TEST_SCRATCH=$scratch cargo test "$@" </dev/null
