#!/bin/bash
# Process 1 in User Mode Linux: makes a usual system around the host's files, runs one script in it
# and halts. boot.sh starts it and says in the kernel's command line (here the environment) where
# the job is; prelude.sh says what the script finds.
#
# The host's files are the root file system and cannot be written: whatever happens here, nothing
# happens to the host. What is written goes to tmpfs and to the two disks.
#
# The script's output goes to the first serial line, "exit STATUS" to the second.
# shellcheck disable=SC2154 # `job` is in the environment
set -euo pipefail
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root DM_DISABLE_UDEV=1
unset TERM

make_directories() {
    local directory
    mount -t proc none /proc
    mount -t sysfs none /sys
    mountpoint -q /dev || mount -t devtmpfs none /dev
    # Hundreds of old terminals, which lvm would look at.
    rm -f /dev/[pt]ty[a-z][0-9a-f]
    mkdir /dev/pts /dev/shm
    mount -t devpts -o mode=620,gid=5,ptmxmode=666 none /dev/pts
    ln -s pts/ptmx /dev/ptmx 2>/dev/null || true
    ln -s /proc/self/fd /dev/fd
    ln -s fd/0 /dev/stdin
    ln -s fd/1 /dev/stdout
    ln -s fd/2 /dev/stderr
    for directory in /dev/shm /tmp /var/tmp; do
        mount -t tmpfs -o mode=1777 none "$directory"
    done
    mount -t tmpfs -o mode=700 none /root
    for directory in /run /mnt /var/log; do
        mount -t tmpfs -o mode=755 none "$directory"
    done
    mkdir /run/lock /run/lvm /mnt/host /mnt/state
    # For what the mounts above cover.
    mount -t hostfs -o ro none /mnt/host
}

# lvm keeps copies of its metadata beside its settings. There is no udev to wait for.
set_up_lvm() {
    cp -a /etc/lvm /run/etc-lvm
    cat >/run/etc-lvm/lvmlocal.conf <<END
activation {
    udev_sync = 0
    udev_rules = 0
}
devices {
    obtain_device_list_from_udev = 0
    external_device_info_source = "none"
}
END
    mount --bind /run/etc-lvm /etc/lvm
}

# The host's paths that are to be seen although something is mounted over them.
show_paths() {
    local path
    while read -r path; do
        [ ! -e "$path" ] || continue
        if [ -d "/mnt/host$path" ]; then
            mkdir -p "$path"
        else
            mkdir -p "${path%/*}"
            : >"$path"
        fi
        mount --bind "/mnt/host$path" "$path"
    done <"/mnt/host$job/see"
}

# By their files: the host has no /lib/modules of this kernel. lvm wants dm-snapshot even where it
# makes snapshots of thin volumes, which do without.
load_modules() {
    local modules name
    modules=/usr/lib/uml/modules/$(uname -r)/kernel/drivers/md
    for name in dm-mod dm-bufio persistent-data/dm-persistent-data dm-bio-prison dm-thin-pool dm-snapshot; do
        insmod "$modules/$name.ko"
    done
    [ -e /dev/mapper/control ] ||
        mknod /dev/mapper/control c 10 "$(awk '$2 == "device-mapper" { print $1 }' /proc/misc)"
}

# ubda is the volume group, ubdb what mock writes. They are empty at the first boot.
use_disks() {
    if [ -z "$(blkid -p -s TYPE -o value /dev/ubdb)" ]; then
        mkfs.ext4 -q -F /dev/ubdb
    fi
    mount -o noatime /dev/ubdb /mnt/state
    if [ -z "$(blkid -p -s TYPE -o value /dev/ubda)" ]; then
        vgcreate -q -q mockvg /dev/ubda
    else
        vgchange -q -q -a y mockvg
    fi
}

finish() {
    echo "exit $1" >/dev/ttyS1
    sync
    # "reboot" would hang.
    halt -f -n >/dev/null 2>&1
    sleep 60
}

make_directories
stty -F /dev/ttyS0 raw -echo
stty -F /dev/ttyS1 raw -echo
exec >/dev/ttyS0 2>&1
trap 'finish 125' EXIT
set_up_lvm
show_paths
load_modules
use_disks
hostname uml
cd /mnt/state

# Not a terminal. Who holds the pipe after the script is not waited for.
mkfifo /run/output
cat /run/output >/dev/ttyS0 &
reader=$!
status=0
"$(cat "/mnt/host$job/script")" </dev/null >/run/output 2>&1 || status=$?
for _ in {1..20}; do
    kill -0 $reader 2>/dev/null || break
    sleep 0.1
done
finish $status
