# shellcheck shell=bash
# What every script in User Mode Linux begins with. The one who writes the script sets $mock (the
# program), $configs, $arch and $minidistro before.
# shellcheck disable=SC2154
set -euo pipefail

# fail WORDS...: the script is over.
fail() {
    printf 'FAILED, line %s: %s\n' "${BASH_LINENO[1]:-?}" "$*"
    exit 1
}

# check WHAT COMMAND...: COMMAND must work; WHAT says what is known then.
check() {
    local what=$1
    shift
    "$@" || fail "$what: $* ended with $?"
}

# same WHAT WANTED GOT
same() {
    [ "$2" = "$3" ] || fail "$1: wanted '$2', got '$3'"
}

# Prints how many seconds COMMAND took, in the script's output.
timed() {
    local start=${EPOCHREALTIME/./} status=0 took
    "$@" || status=$?
    took=$(((${EPOCHREALTIME/./} - start) / 1000))
    printf 'TIME %s ms: %s\n' "$took" "$*"
    return $status
}

# The smallest root that builds a package: a third of the group buildsys-build.
small_root='install bash coreutils findutils grep sed gawk diffutils tar gzip xz make rpm-build redhat-rpm-config mini-release shadow-utils'

# mock as a test runs it; what it writes is on the file system of the second disk.
mock() {
    "$mock" -r "mini-$arch" --configdir "$configs" \
        --config-opts "basedir=/mnt/state/lib" --config-opts "cache_topdir=/mnt/state/cache" \
        --config-opts "chroot_setup_cmd=$small_root" "$@"
}

# As if the plug was pulled: what was not written to a disk is lost. It takes the moment that the
# script's output needs.
cut_power() {
    sleep 0.2
    echo cut >/dev/ttyS1
    sleep 60
}

# Shows what COMMAND says only when it fails.
quiet() {
    local said
    said=$("$@" 2>&1) || fail "$* ended with $?: $said"
}

# The names of all volumes, in one line.
volumes() {
    lvs --noheadings -o lv_name mockvg | sort | xargs
}
