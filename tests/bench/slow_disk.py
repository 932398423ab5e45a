#!/usr/bin/env python3
"""File systems for benchmarks: on a disk whose fsync takes as long as a hard disk's, on a fast one, in memory.

    with slow_disk(size_gb=6) as directory: ...
    with fast_disk(size_gb=6) as directory: ...

Both are ext4 with a journal, on a loop device with direct I/O, on a file in /dev/shm where that has
the room, else in /var/tmp. Below the slow one is the FUSE file system of slow_disk.c, set such that
to append 4 KB to a file and fsync it takes 15 ms. Nothing is left of them at the end, however it
comes. Needs root, on Debian 12.

usage: tests/bench/slow_disk.py [--disk slow|fast|tmpfs] [--size GB] COMMAND...

runs a command in such a file system.
"""

import argparse
import contextlib
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
FSYNC = 0.015
TOLERANCE = 0.002


def sh(*line):
    """Runs a command and gives what it printed."""
    done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, line))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def say(text):
    print(f"==> {text}", file=sys.stderr)


def need_packages():
    script = 'source "$1/../setup.sh" && need_packages disk_needs'
    subprocess.run(["bash", "-c", script, "bash", str(HERE)], check=True, stdin=subprocess.DEVNULL)


def memory_free():
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


# The sizes of the disks that there are in /dev/shm: their files grow as they are used.
in_memory = []


def backing_place(size, stack):
    """In memory, if what is left there is enough for those who work on the disk."""
    if os.path.isdir("/dev/shm"):
        if min(shutil.disk_usage("/dev/shm").free, memory_free()) > sum(in_memory) + size + (3 << 30):
            in_memory.append(size)
            stack.callback(in_memory.remove, size)
            return "/dev/shm"
    if shutil.disk_usage("/var/tmp").free < size + (1 << 30):
        raise SystemExit(f"neither /dev/shm nor /var/tmp has room for a disk of {size >> 30} GB")
    return "/var/tmp"


def mounts_below(path):
    """Mount points at or below a path, the last mounted first."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        point = line.split()[4].encode().decode("unicode_escape")
        if point == str(path) or point.startswith(f"{path}/"):
            found.append(point)
    return found[::-1]


def umount_all(path):
    """Also mounts that a killed process still uses for a moment; in the end without waiting for it."""
    for attempt in range(50):
        for point in mounts_below(path):
            lazy = ["--lazy"] if attempt > 40 else []
            subprocess.run(["umount", *lazy, point], stdin=subprocess.DEVNULL, capture_output=True)
        if not mounts_below(path):
            return
        time.sleep(0.1)
    raise SystemExit(f"still mounted: {mounts_below(path)}")


class Disk:
    """A context manager; what it gives is the directory."""

    def __init__(self, kind, size_gb):
        self.kind = kind
        self.size = int(size_gb * (1 << 30))
        self.control = None
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        need_packages()
        with contextlib.ExitStack() as stack:
            top = Path(tempfile.mkdtemp(prefix="mock-bench-", dir="/var/tmp"))
            stack.callback(shutil.rmtree, top, ignore_errors=True)
            top.chmod(0o755)
            self.dir = top / self.kind
            self.dir.mkdir()
            if self.kind == "tmpfs":
                sh("mount", "-t", "tmpfs", "-o", f"size={self.size},mode=755", "mock-bench", self.dir)
                stack.callback(umount_all, self.dir)
                self.about = f"tmpfs of {self.size >> 30} GB"
            else:
                self.make_ext4(stack, top)
            self.stack = stack.pop_all()
        return self.dir

    def __exit__(self, *exception):
        # A second Ctrl-C must not keep it from being removed.
        handlers = {number: signal.signal(number, signal.SIG_IGN) for number in [signal.SIGINT, signal.SIGTERM]}
        try:
            self.stack.close()
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def make_ext4(self, stack, top):
        place = "/var/tmp" if self.kind == "machine" else backing_place(self.size, stack)
        handle, backing = tempfile.mkstemp(prefix="mock-bench-", dir=place)
        stack.callback(lambda: os.path.exists(backing) and os.unlink(backing))
        os.truncate(handle, self.size)
        os.close(handle)
        file = backing
        if self.kind == "slow":
            file = self.start_fuse(stack, top, backing)
        loop = sh("losetup", "--find", "--show", "--direct-io=on", file)
        # Without the journal's and the tables' laziness nothing is written later on that was not asked for.
        options = "lazy_itable_init=0,lazy_journal_init=0,nodiscard"
        try:
            sh("mkfs.ext4", "-q", "-E", options, loop)
            sh("mount", "-t", "ext4", loop, self.dir)
            stack.callback(umount_all, self.dir)
            direct = Path(f"/sys/block/{Path(loop).name}/loop/dio").read_text().strip()
        finally:
            # When it is mounted, this makes it go with the mount.
            sh("losetup", "--detach", loop)
        # Nothing but what has it open needs it.
        os.unlink(backing)
        self.dir.chmod(0o755)
        direct = "direct I/O" if direct == "1" else "no direct I/O"
        self.about = f"ext4 with a journal, {self.size >> 30} GB, loop device ({direct}) on a file in {place}"
        if self.control:
            self.calibrate()
        times = self.measure(50)
        self.fsync = statistics.median(times)
        self.about += (
            f"; appending 4 KB and fsync takes {1000 * self.fsync:.2f} ms"
            f" ({1000 * min(times):.2f}-{1000 * max(times):.2f}, {len(times)} times)"
        )
        say(f"{self.kind} disk: {self.about}")

    def start_fuse(self, stack, top, backing):
        program = top / "slow_disk"
        flags = sh("pkg-config", "--cflags", "--libs", "fuse3").split()
        sh("gcc", "-O2", "-Wall", str(HERE / "slow_disk.c"), "-o", str(program), *flags, "-lm")
        below = top / "fuse"
        below.mkdir()
        # Ctrl-C is not for it: it ends when it is unmounted and nobody has its file open any more.
        process = subprocess.Popen(
            [str(program), backing, str(below)], stdin=subprocess.DEVNULL, start_new_session=True
        )

        def end():
            umount_all(below)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

        stack.callback(end)
        self.control = below / "control"
        for _ in range(500):
            if self.control.exists():
                return str(below / "disk")
            if process.poll() is not None:
                raise SystemExit("the FUSE file system of the slow disk ended at once")
            time.sleep(0.01)
        raise SystemExit("the FUSE file system of the slow disk does not come up")

    def measure(self, times):
        """How long appending 4 KB and fsync take, in seconds."""
        name = self.dir / "append"
        taken = []
        handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            for _ in range(times + 1):
                start = time.monotonic()
                os.write(handle, bytes(4096))
                os.fsync(handle)
                taken.append(time.monotonic() - start)
        finally:
            os.close(handle)
            os.unlink(name)
        # The first one makes the file.
        return taken[1:]

    def set_factor(self, factor):
        self.factor = factor
        self.control.write_text(f"{factor:.6f}\n")

    def calibrate(self):
        """Finds the factor on the drive's moving and turning that gives the fsync wanted."""
        os.sync()
        self.set_factor(0)
        own = statistics.median(self.measure(20))
        self.set_factor(1)
        for _ in range(6):
            times = self.measure(20)
            median = statistics.median(times)
            if abs(median - FSYNC) < TOLERANCE / 4:
                break
            self.set_factor(self.factor * (FSYNC - own) / (median - own))
        else:
            raise SystemExit(f"the slow disk cannot be set to {FSYNC} s for an fsync; the last try gave {median} s")
        self.about += f", FUSE with a drive's seeks and turns multiplied by {self.factor:.3f}"

    def counters(self):
        """What reached the slow disk: flushes, pieces and bytes written, seconds waited."""
        if not self.control:
            return None
        flushes, pieces, size, waited = self.control.read_text().split()
        return {"flushes": int(flushes), "pieces": int(pieces), "bytes": int(size), "waited": float(waited)}


def slow_disk(size_gb=6):
    return Disk("slow", size_gb)


def fast_disk(size_gb=6):
    return Disk("fast", size_gb)


def memory_disk(size_gb=6):
    return Disk("tmpfs", size_gb)


def machine_disk(size_gb=6):
    """What the machine's own disk is like, without what its file system has been through."""
    return Disk("machine", size_gb)


DISKS = {"slow": slow_disk, "fast": fast_disk, "machine": machine_disk, "tmpfs": memory_disk}


def end_tidily():
    """What ends a process otherwise lets it remove its disks."""

    def leave(number, _frame):
        raise SystemExit(128 + number)

    for number in [signal.SIGTERM, signal.SIGHUP]:
        signal.signal(number, leave)


def main():
    parser = argparse.ArgumentParser(description="Runs a command in the directory of a disk made for it.")
    parser.add_argument("--disk", choices=DISKS, default="slow")
    parser.add_argument("--size", type=float, default=6, metavar="GB")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    command = args.command[1:] if args.command[:1] == ["--"] else args.command
    end_tidily()
    disk = DISKS[args.disk](args.size)
    with disk as directory:
        done = subprocess.run(command or ["bash"], cwd=directory)
        if disk.control:
            say(f"{disk.counters()}")
    raise SystemExit(done.returncode)


if __name__ == "__main__":
    main()
