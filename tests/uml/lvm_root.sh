# shellcheck shell=bash
# For scripts about the plugin lvm_root, after prelude.sh: mock with it, and mock killed by its own
# commands.

# mock with its roots on volumes.
lmock() {
    mock --enable-plugin=lvm_root --plugin-option=lvm_root:volume_group=mockvg "$@"
}

# says WORDS COMMAND...: COMMAND works, and WORDS are among what it says.
says() {
    local words=$1 said
    shift
    said=$("$@" 2>&1) || fail "$* ended with $?: $said"
    [[ $said = *"$words"* ]] || fail "$* did not say '$words' but: $said"
}

# refuses STATUS WORDS COMMAND...: COMMAND ends with STATUS and says WORDS.
refuses() {
    local wanted=$1 words=$2 status=0 said
    shift 2
    said=$("$@" 2>&1) || status=$?
    [ "$status" = "$wanted" ] || fail "$*: wanted status $wanted, got $status: $said"
    [[ $said = *"$words"* ]] || fail "$* did not say '$words' but: $said"
}

# shellcheck disable=SC2034,SC2154 # for scripts; from the one who writes them
root=/mnt/state/lib/mini-$arch/root

# The root's volumes and the pool, in one line, without what is the same in all their names. A
# cached state is called "+key".
ours() {
    lvs --noheadings -o lv_name mockvg | grep -e mock | sed "s/mock\.mini-$arch\.//; s/+[0-9a-f]\{16\}$/+key/" |
        sort | xargs
}

# From here on lvm's programs and mkfs.ext4 are scripts that may kill mock, see kill_mock.
watch_commands() {
    local name file
    mkdir -p /run/watched
    for name in lvm mkfs.ext4; do
        file=$(realpath "/usr/sbin/$name")
        cp "$file" "/run/watched/$name.real"
        cat >"/run/watched/$name" <<END
#!/bin/bash
name=\${0##*/} real=/run/watched/$name.real
if [ "\$name" != lvs ] && [ -e /run/kill ]; then
    read -r at mode </run/kill
    count=\$((\$(cat /run/count) + 1))
    echo \$count >/run/count
    if [ \$count = "\$at" ]; then
        pkill -KILL -x mock
        # The program that was just started ends, too, or goes on by itself.
        [ "\$mode" = after ] || exit 1
    fi
fi
exec -a "\$name" "\$real" "\$@"
END
        chmod 755 "/run/watched/$name"
        mount --bind "/run/watched/$name" "$file"
    done
}

# killed N before|after COMMAND...: runs COMMAND, but its Nth program that changes volumes kills mock
# with all its processes, before or after it does its work. False when there are not that many.
killed() {
    local status=0 at=$1 mode=$2
    shift 2
    echo 0 >/run/count
    echo "$at $mode" >/run/kill
    "$@" >/run/said 2>&1 || status=$?
    rm /run/kill
    # The one that goes on by itself.
    while pgrep -f '^(lv|mkfs)' >/dev/null; do sleep 0.1; done
    [ $status != 0 ] || [ "$(cat /run/count)" -ge "$at" ] || return 1
    [ $status = 137 ] || fail "killed $at $mode: $*: ended with $status: $(cat /run/said)"
}
