#!/bin/sh
# usage: attempts.sh STAGE
# One line of output for each attempt; never fails.
# shellcheck disable=SC2016  # The attempts are expanded by their own shells.
stage=$1

try() {
    what=$1
    if sh -c "$2" >/dev/null 2>&1; then
        echo "ESCAPE-OK: $stage: $what"
    else
        echo "ESCAPE-DENIED: $stage: $what"
    fi
}

write() {
    try "write $1" "echo escaped > '$1'"
}

# Absolute paths and ways around the root directory.
write /etc/escaped-mock
write /usr/escaped-mock
write /escaped-mock
write /../../../../etc/escaped-mock
write /proc/self/root/../../etc/escaped-mock
write /root/escaped-mock
write /var/lib/mock/escaped-mock
# Opens for writing, without a change: harmless where it succeeds.
try "append to /etc/passwd" ": >> /etc/passwd"
write /var/lib/rpm/escaped-mock
# Other processes' root directories.
write /proc/1/root/tmp/escaped-mock
write /proc/1/root/etc/escaped-mock
write /proc/1/cwd/escaped-mock
for process in /proc/[0-9]*; do
    [ "$process" = "/proc/$$" ] && continue
    [ "$(readlink "$process/root" 2>/dev/null || echo /)" = / ] && continue
    try "write root of ${process#/proc/}" "echo escaped > $process/root/tmp/escaped-mock"
done
# The kernel.
write /proc/sys/kernel/escaped-mock
try "set the host name" "echo escaped-mock > /proc/sys/kernel/hostname"
try "set core_pattern" 'p=$(cat /proc/sys/kernel/core_pattern) && echo "$p" > /proc/sys/kernel/core_pattern'
try "sysrq help" "echo h > /proc/sysrq-trigger"
write /sys/escaped-mock
try "make a cgroup" "mkdir /sys/fs/cgroup/escaped-mock"
try "set uevent_helper" 'echo "" > /sys/kernel/uevent_helper'
try "read kernel messages" "dmesg | grep ."
# Devices and mounts.  (A mount in a user namespace of one's own is harmless.)
try "mknod sda" "mknod escaped-mock-sda b 8 0"
try "mknod mem" "mknod escaped-mock-mem c 1 1"
try "mknod in /dev" "mknod /dev/escaped-mock c 1 3"
try "read a disk" "for d in /dev/[sv]d[a-z] /dev/nvme*; do head -c1 \$d && exit 0; done; exit 1"
try "mount tmpfs" "mount -t tmpfs none /mnt"
try "bind mount" "mount --bind / /mnt"
try "remount /" "mount -o remount,rw /"
try "mount proc" "mount -t proc none /mnt"
try "mount in a user namespace" "unshare -rm mount -t tmpfs none /mnt"
try "chroot" "chroot /usr /bin/true || chroot / /bin/true"
try "enter the namespaces of process 1" "nsenter -t 1 -m -u -i -n -p true"
# Processes.
try "signal process 1" "kill -0 1"
try "look into process 1" "readlink /proc/1/exe"
try "become root with su" "su -c true </dev/null"
try "read /etc/shadow" "grep . /etc/shadow"
# Places that everybody may write to: these succeed, but have to be the chroot's own.
write /tmp/escaped-mock
write /var/tmp/escaped-mock
write /dev/shm/escaped-mock
exit 0
