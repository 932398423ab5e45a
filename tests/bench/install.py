"""Measures `mock --init` with nothing kept, in several settings, against dnf alone, on several disks.

In each round each variant has its turn on each disk, in a directory that was never used; the trees of
a round are removed between the rounds. After each run `sync -f` is timed as well: it writes what the
run left in memory. Before the rounds each variant runs once to fill the page cache, and its system
calls that synchronise files are counted then (see sync_calls.py). Prints Markdown tables of medians.
Started by run.sh.
"""

import argparse
import contextlib
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from pathlib import Path

from bench import Bench, bare_install, median, timed
from slow_disk import DISKS, end_tidily, say, sh, umount_all
from sync_calls import SyncCalls, Unavailable

BARE = "bare"


def options(**keys):
    return [f"--config-opts={key}={value}" for key, value in keys.items()]


# What mock is given beside --init. dnf alone verifies packages and synchronises, as do those with
# noverify off and nofsync off.
VARIANTS = {
    BARE: None,
    "off": options(nofsync="", noverify=False),
    "python": options(nofsync="python", noverify=False),
    "ld_preload": options(nofsync="ld_preload", noverify=False),
    "seccomp": options(nofsync="seccomp", noverify=False),
    "off+noverify": options(nofsync="", noverify=True),
    "seccomp+noverify": options(nofsync="seccomp", noverify=True),
    "default": [],
}


class Failed(Exception):
    pass


def run(line, env, preexec_fn=None):
    """Runs a command; gives its wall time, the CPU time of it and its children, and what it said."""
    with tempfile.TemporaryFile("w+") as said:
        start = time.monotonic()
        process = subprocess.Popen(
            line, env=env, stdin=subprocess.DEVNULL, stdout=said, stderr=said, preexec_fn=preexec_fn
        )
        try:
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:
            process.terminate()
            process.wait()
            raise
        wall = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read()
    if process.returncode != 0:
        raise Failed(f"{shlex.join(line)} ended with {process.returncode}:\n{text}")
    return wall, used.ru_utime + used.ru_stime, text


class Place:
    """A disk, the variants on it and what came out."""

    def __init__(self, disk, directory, args):
        self.disk = disk
        self.bench = Bench(Namespace(rounds=args.rounds, repo=args.repo, disk=directory, mock=args.mock))
        self.results = {}
        self.left_out = {}
        self.warnings = {}

    def command(self, arguments):
        where = self.bench.fresh()
        if arguments is None:
            return where, *bare_install(self.bench, where)
        return where, self.bench.mock(where, *arguments, "--init"), None

    def once(self, name, arguments):
        """One run that is timed."""
        where, line, env = self.command(arguments)
        # What the making of its directory, and of its files for dnf, left to write.
        timed(["sync", "-f", str(where)])
        before = self.disk.counters()
        wall, cpu, _ = run(line, env)
        between = self.disk.counters()
        result = self.results[name]
        result["sync"].append(timed(["sync", "-f", str(where)]))
        result["wall"].append(wall)
        result["cpu"].append(cpu)
        if before:
            result["disk"].append({key: between[key] - before[key] for key in before})

    def first(self, name, arguments, sync_calls):
        """The run before the rounds: counts system calls. A variant that fails is left out."""
        _, line, env = self.command(arguments)
        outcome = []
        go = lambda preexec_fn: outcome.append(run(line, env, preexec_fn))
        try:
            calls = sync_calls.count(go) if sync_calls else go(None)
        except Failed as failure:
            self.left_out[name] = str(failure)
            return
        ((_, _, text),) = outcome
        self.warnings[name] = sorted({text for text in text.splitlines() if text.startswith("WARNING")})
        self.results[name] = {"wall": [], "cpu": [], "sync": [], "disk": [], "calls": calls}
        if sync_calls and any("nofsync=python" in word for word in arguments or []):
            with contextlib.suppress(Failed):
                self.results[name]["memory"] = self.calls_in_memory(arguments)

    def calls_in_memory(self, arguments):
        """How many of the package manager's calls are for files in the sandbox's /dev/shm."""
        _, line, env = self.command(arguments)
        with tempfile.NamedTemporaryFile("r") as trace:
            calls = "trace=fsync,fdatasync,syncfs"
            run(["strace", "-f", "-y", "-qq", "-o", trace.name, "-e", calls, *line], env)
            return sum("/root/dev/shm" in call for call in trace)

    def remove_trees(self):
        for path in self.bench.disk.glob("fresh-*"):
            umount_all(path)
            shutil.rmtree(path)
        timed(["sync", "-f", str(self.bench.disk)])


def total(calls, which):
    """The calls of some programs together: {call: {"done": n, ...}}."""
    result = {}
    for comm, counted in calls.items():
        if which(comm):
            for call, seen in counted.items():
                into = result.setdefault(call, {"done": 0, "failed": 0, "filtered": 0})
                for key, number in seen.items():
                    into[key] += number
    return result


def described(calls, key="done"):
    found = sorted(calls.items(), key=lambda item: -item[1][key])
    return ", ".join(f"{seen[key]} {call}" for call, seen in found if seen[key]) or "0"


def seconds(values):
    return f"{median(values):.2f} s [{min(values):.2f}-{max(values):.2f}]"


def shown(name, arguments):
    if arguments is None:
        return "bare `dnf --installroot`"
    short = [re.sub("^--config-opts=", "", word) for word in arguments]
    return f"`mock --init`, {name}" + (f" (`{shlex.join(short)}`)" if short else "")


def table(place, variants, counting):
    slow = bool(place.disk.counters())
    head = ["what", "wall [range]", "ratio", "user+sys", "`sync -f` afterwards [range]", "with that", "ratio"]
    head += ["sync calls of the package manager", "answered by a filter", "mock's own"] if counting else []
    head += ["flushes of the disk, its time"] if slow else []
    print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|")
    base = place.results.get(BARE)
    both = lambda result: [wall + sync for wall, sync in zip(result["wall"], result["sync"])]
    for name, result in place.results.items():
        ratio = lambda values: f"{median(values(result)) / median(values(base)):.2f}" if base else ""
        cells = [shown(name, variants[name]), seconds(result["wall"]), ratio(lambda of: of["wall"])]
        cells += [f"{median(result['cpu']):.2f} s", seconds(result["sync"])]
        cells += [f"{median(both(result)):.2f} s", ratio(both)]
        if counting:
            manager = total(result["calls"], lambda comm: not comm.startswith("mock"))
            own = total(result["calls"], lambda comm: comm.startswith("mock"))
            in_memory = result.get("memory")
            cells += [described(manager) + (f"; {in_memory} of these on files in memory" if in_memory else "")]
            cells += [described(manager, "filtered"), described(own)]
        if slow:
            part = lambda key: median([run[key] for run in result["disk"]])
            cells += [f"{part('flushes'):.0f}, {part('waited'):.2f} s"]
        print("| " + " | ".join(cells) + " |")
    print()
    for name, warnings in place.warnings.items():
        for text in warnings:
            print(f"* {name}: mock said `{text}`")
    for name, failure in place.left_out.items():
        print(f"* {name} is left out, as it failed: `{failure.strip().splitlines()[-1]}`")
    for name, result in place.results.items():
        failed = described(total(result["calls"] or {}, lambda comm: True), "failed")
        if failed != "0":
            print(f"* {name}: of its sync calls failed: {failed}")


def machine():
    release = platform.freedesktop_os_release().get("PRETTY_NAME", "?")
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / (1 << 30)
    processor = re.search(r"^model name\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(), re.M)
    parts = [time.strftime("%Y-%m-%d"), f"Linux {platform.release()}", f"{os.cpu_count()} cores"]
    parts += [processor[1] if processor else platform.machine(), f"{memory:.0f} GB", release]
    parts += [f"dnf {sh('dnf-3', '--version').splitlines()[0]}", sh("rpm", "--version").replace(" version", "")]
    return ", ".join(parts)


def parse():
    parser = argparse.ArgumentParser(prog="tests/bench/run.sh install", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--disk", action="append", choices=DISKS, help="may be given again; by default machine and slow")
    parser.add_argument("--size", type=float, default=6, metavar="GB", help="of each disk")
    parser.add_argument(
        "--variant",
        action="append",
        metavar="NAME[=ARGUMENTS]",
        help=f"{', '.join(VARIANTS)}, or a new one with its arguments of mock; by default all of these",
    )
    parser.add_argument("--json", metavar="FILE", help="write all that was measured there")
    parser.add_argument("--repo", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--mock", required=True, help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.disk = list(dict.fromkeys(args.disk or ["machine", "slow"]))
    variants = {}
    for word in args.variant or VARIANTS:
        name, given, arguments = word.partition("=")
        if not given and name not in VARIANTS:
            parser.error(f"no variant {name}; there are {', '.join(VARIANTS)}")
        variants[name] = shlex.split(arguments) if given else VARIANTS[name]
    return args, variants


def main():
    args, variants = parse()
    end_tidily()
    with contextlib.ExitStack() as stack:
        disks = [DISKS[kind](args.size) for kind in args.disk]
        places = [Place(disk, stack.enter_context(disk), args) for disk in disks]
        try:
            sync_calls = stack.enter_context(SyncCalls())
            why_not = None
        except Unavailable as error:
            sync_calls, why_not = None, str(error)

        for place in places:
            for name, arguments in variants.items():
                say(f"{place.disk.kind} disk: {name}, before the rounds")
                place.first(name, arguments, sync_calls)
                place.remove_trees()
            if not place.results:
                sys.exit("\n".join(place.left_out.values()))
        load = os.getloadavg()[0]
        for number in range(args.rounds):
            say(f"round {number + 1} of {args.rounds}")
            for place in places:
                # Not always the same one after the same other one's writing.
                names = list(place.results)
                first = number % len(names)
                for name in names[first:] + names[:first]:
                    place.once(name, variants[name])
                place.remove_trees()
        load = [load, os.getloadavg()[0]]

        print(f"{machine()}; {args.rounds} rounds; load {load[0]:.1f} before, {load[1]:.1f} after\n")
        for place in places:
            print(f"## {place.disk.kind} disk\n\n{place.disk.about}.")
            if place.disk.control:
                fsync = 1000 * median(place.disk.measure(50))
                print(f"After the rounds the fsync took {fsync:.2f} ms.")
            print()
            table(place, variants, bool(sync_calls))
            print()
        if why_not:
            print(f"System calls were not counted: {why_not}.")
        if args.json:
            raw = {"machine": machine(), "load": load, "rounds": args.rounds, "variants": variants}
            raw["disks"] = {
                place.disk.kind: {"about": place.disk.about, "results": place.results, "left_out": place.left_out}
                for place in places
            }
            Path(args.json).write_text(json.dumps(raw, indent=1) + "\n")


if __name__ == "__main__":
    main()
