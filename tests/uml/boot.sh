#!/bin/bash
# Boots User Mode Linux, a kernel of its own as a process, and runs a script in it as root: for
# tests of what the host's kernel may not have, the device mapper with thin provisioning. init.sh
# makes the system inside, around the host's files, which it can read but not write.
#
# UML runs on two disks, files that stay for the next boot. This script owns the process and
# everything in its scratch directory; both are gone when it ends, however UML ends.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
    cat <<END
Usage: boot.sh [--see PATH]... DIR SCRIPT [SECONDS]

Runs SCRIPT, an executable file, in User Mode Linux, with its output as this script's
standard output, and exits with its status. There it finds

  - the volume group mockvg on an empty disk (DIR/pv.img, made by the first boot)
  - an ext4 file system /mnt/state on another (DIR/state.img), its working directory
  - the host's files, read-only; /dev, /dev/shm, /tmp, /var/tmp, /run, /root, /mnt and
    /var/log are its own
  - "echo cut >/dev/ttyS1" cuts the power: UML is killed

  --see PATH  show the host's PATH although it is below one of those
  SECONDS     kill it after that time (300)

Other exit statuses: 124 it took too long, 125 UML did not work, 137 the power was cut. What
the kernel said is in DIR/console.log.
END
}

die() {
    printf 'uml: %s\n' "$*" >&2
    [ ! -s "$dir/console.log" ] || grep -v '^ \[<' "$dir/console.log" | tail -n 30 >&2
    exit "$status"
}

see=() dir='' status=125
while [ $# -gt 0 ]; do
    case $1 in
        --see)
            see+=("$(realpath "$2")")
            shift 2
            ;;
        --help)
            usage
            exit
            ;;
        *) break ;;
    esac
done
if [ $# -lt 2 ] || [ $# -gt 3 ]; then
    usage >&2
    exit 125
fi
dir=$(realpath "$1") script=$(realpath "$2") seconds=${3:-300}
: >"$dir/console.log"
[ -x "$script" ] || die "there is no executable $script"
command -v linux.uml >/dev/null || die "there is no linux.uml; it is in the package user-mode-linux"
for disk in pv state; do
    [ -e "$dir/$disk.img" ] || truncate -s 4G "$dir/$disk.img"
done

work=$(mktemp -d "$dir/job.XXXXXX")
uml=
# shellcheck disable=SC2317 # it is a trap
tidy_up() {
    [ -z "$uml" ] || kill -KILL "$uml" 2>/dev/null || true
    rm -rf "$work"
}
trap tidy_up EXIT
trap 'exit 130' INT TERM HUP
printf '%s\n' "$script" >"$work/script"
printf '%s\n' "$here" "$script" ${see[@]+"${see[@]}"} >"$work/see"
mkfifo "$work/nothing0" "$work/nothing1" "$work/output" "$work/control"

# Files cannot be serial lines, and two lines cannot have one input. What is open for writing too
# is never at its end.
exec {nothing0}<>"$work/nothing0" {nothing1}<>"$work/nothing1"
cat "$work/output" &
output=$!
# It is several processes, in a process namespace whose end ends them all; that ends with this
# script, also when it is killed. The control line is at its end when the last of them is gone.
# UML's memory is a file in its temporary directory.
# shellcheck disable=SC2016 # for the shell in there
TMPDIR=$work setpriv --pdeathsig KILL unshare --pid --fork --kill-child=KILL sh -c '"$@"; exit' sh \
    linux.uml mem=1G root=/dev/root rootfstype=hostfs rootflags=/ ro init="$here/init.sh" job="$work" \
    ubd0="$dir/pv.img" ubd1="$dir/state.img" uml_dir="$work/uml" \
    con=null con0=null,fd:1 ssl=null ssl0="fd:$nothing0,fd:3" ssl1="fd:$nothing1,fd:4" quiet \
    </dev/null >"$dir/console.log" 2>&1 3>"$work/output" 4>"$work/control" &
uml=$!
disown

{
    read -r -t "$seconds" word value || {
        # More than 128 is the time that is over.
        [ $? -gt 128 ] && word=timeout || word=died
    }
    # After "exit" it writes its disks and halts.
    if [ "$word" = exit ]; then
        timeout 30 cat >/dev/null || word=halting
    fi
    kill -KILL "$uml" 2>/dev/null || true
    timeout 30 cat >/dev/null || word=killing
} <"$work/control"
uml=
wait "$output"

case $word in
    exit)
        status=$value
        [ "$status" != 125 ] || die "the system in it could not be set up"
        ;;
    cut) status=137 ;;
    timeout) status=124 && die "no end after $seconds seconds" ;;
    halting) die "it did not halt after the script" ;;
    killing) die "it could not be killed" ;;
    *) die "it ended before the script did" ;;
esac
exit "$status"
