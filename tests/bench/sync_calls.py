"""Counts the system calls of a command and its children that synchronise files, with the kernel's trace points.

The trace point at the start of a system call comes after the seccomp filter: a call that the filter
answers has the one at its end alone. (strace does not tell them apart: it stops before the filter
and shows a call that returns 0.) So these are told apart here: calls that were carried out, those of them
that failed, and those that a filter answered. A call that a preloaded library answers is no system call,
and none of the three. Needs root; trace points of system calls are in the kernels of all distributions.
"""

import contextlib
import ctypes
import os
import platform
import re
import struct
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

CALLS = ["fsync", "fdatasync", "sync", "syncfs", "sync_file_range", "msync"]
EVENT = re.compile(r"^\s*(.+)-(\d+)\s+\[\d+\].*?: sys_(\w+?)(?:\(.*| -> (0x[0-9a-f]+))$")


class Unavailable(Exception):
    pass


class SyncCalls:
    """A context manager; `count` runs a command."""

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            top = Path(tempfile.mkdtemp(prefix="mock-bench-tracing-", dir="/var/tmp"))
            stack.callback(top.rmdir)
            # An own mount of it: whether the system has one, and where, does not matter.
            mount = ["mount", "-t", "tracefs", "mock-bench", str(top)]
            if subprocess.run(mount, capture_output=True).returncode != 0:
                raise Unavailable("this kernel has no tracefs, or root may not mount it")
            stack.callback(subprocess.run, ["umount", "--lazy", str(top)], check=True)
            self.here = top / "instances" / f"mock-bench-{os.getpid()}"
            self.here.mkdir()
            stack.callback(self.here.rmdir)
            try:
                # Without anyone to follow everyone would be: so it is on only while a command runs.
                (self.here / "tracing_on").write_text("0")
                (self.here / "options/event-fork").write_text("1")
                for call in CALLS:
                    for side in ["enter", "exit"]:
                        (self.here / f"events/syscalls/sys_{side}_{call}/enable").write_text("1")
            except OSError as error:
                raise Unavailable(f"this kernel has no trace points of system calls: {error}") from error
            self.stack = stack.pop_all()
        try:
            self.check()
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *exception):
        self.stack.close()

    def count(self, run):
        """Runs `run(preexec_fn)`, which starts one process with it, and gives the calls of that and its children:
        for each program name a dictionary of `call: {"done", "failed", "filtered"}`."""

        def follow():
            (self.here / "set_event_pid").write_text(str(os.getpid()))
            (self.here / "tracing_on").write_text("1")

        (self.here / "trace").write_text("")
        try:
            run(follow)
        finally:
            (self.here / "tracing_on").write_text("0")
        return tally((self.here / "trace").read_text().splitlines())

    def check(self):
        """That it tells apart what it is to tell apart, on this kernel."""
        result = self.count(lambda first: subprocess.run([sys.executable, __file__], check=True, preexec_fn=first))
        (calls,) = result.values()
        wanted = {
            "fsync": {"done": 3, "failed": 1, "filtered": 2},
            "fdatasync": {"done": 1, "failed": 0, "filtered": 0},
        }
        if calls != wanted:
            raise Unavailable(f"trace points count {calls} instead of {wanted}")


def tally(lines):
    entered, counts = {}, {}
    for line in lines:
        if "LOST" in line:
            raise SystemExit(f"the kernel's trace is not complete: {line}")
        match = EVENT.match(line)
        if not match:
            continue
        comm, thread, call, result = match.groups()
        seen = counts.setdefault(comm, {}).setdefault(call, Counter(done=0, failed=0, filtered=0))
        if result is None:
            entered[thread] = call
            seen["done"] += 1
        elif entered.pop(thread, None) != call:
            seen["filtered"] += 1
        elif int(result, 16) >= 1 << 63:
            seen["failed"] += 1
    return {comm: {call: dict(seen) for call, seen in calls.items()} for comm, calls in counts.items()}


def some_calls():
    """What `check` counts: three fsync, one of them wrong, two that a filter answers, one fdatasync."""
    number = {"x86_64": 74, "aarch64": 82}[platform.machine()]
    with tempfile.TemporaryFile() as file:
        os.fsync(file)
        os.fsync(file)
        reading, _ = os.pipe()
        with contextlib.suppress(OSError):
            os.fsync(reading)
        # Load the number; if it is fsync's: errno 0, else allow.
        program = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x00050000), (0x06, 0, 0, 0x7FFF0000)]
        code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
        filter_ = struct.pack("HxxxxxxQ", len(program), ctypes.addressof(code))
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, filter_, 0, 0):
            raise SystemExit(f"no seccomp filter: errno {ctypes.get_errno()}")
        os.fsync(file)
        os.fsync(file)
        os.fdatasync(file)


if __name__ == "__main__":
    some_calls()
