"""Runs mock and the bare commands in turns and prints a Markdown table of medians and ratios.

Every round of every case works in a directory that was never used before: the time of removing an
old root is not part of making a new one. Started by run.sh, which makes the disk.
"""

import argparse
import os
import platform
import pwd
import shutil
import statistics
import subprocess
import time
from pathlib import Path

USER = "mock-test"


class Bench:
    def __init__(self, args):
        self.rounds = args.rounds
        self.repo = Path(args.repo)
        self.disk = Path(args.disk)
        self.count = 0
        # A copy that the user can reach, beside the configurations it looks for.
        self.bin = self.disk / "bin" / "mock"
        self.bin.parent.mkdir()
        shutil.copy(args.mock, self.bin)
        shutil.copytree("configs", self.disk / "configs")
        self.user = pwd.getpwnam(USER)

    def fresh(self, owner=0):
        self.count += 1
        path = self.disk / f"fresh-{self.count}"
        path.mkdir()
        os.chown(path, owner, owner)
        return path

    def mock(self, where, *words, user=False):
        """The command line of mock with its state below `where`."""
        line = [str(self.bin), "-q", "-r", "mini-x86_64", "--disable-plugin=root_cache"]
        line += ["--config-opts", f"basedir={where}/lib", "--config-opts", f"cache_topdir={where}/cache"]
        line += ["--config-opts", f"mini_repo={self.repo}/repo", *words]
        if user:
            ids = [f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}", "--init-groups"]
            line = ["setpriv", *ids, "env", f"HOME={where}", *line]
        return line

    def srpm(self, name):
        (path,) = self.repo.glob(f"SRPMS/{name}-*.src.rpm")
        return str(path)


def timed(line, **kwargs):
    start = time.monotonic()
    done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True, **kwargs)
    elapsed = time.monotonic() - start
    if done.returncode != 0:
        raise SystemExit(f"{line} failed:\n{done.stdout}{done.stderr}")
    return elapsed


def bare_install(bench, where):
    """The same transaction without mock: same configuration, same options. A command and its environment."""
    conf = where / "dnf.conf"
    conf.write_text(
        "[main]\nreposdir=/dev/null\nassumeyes=1\nbest=1\ngpgcheck=0\ninstall_weak_deps=0\n"
        f"[mini]\nname=mini\nbaseurl=file://{bench.repo}/repo\n"
    )
    (where / ".rpmmacros").write_text("%_dbpath /var/lib/rpm\n")
    line = ["dnf-3", "-c", str(conf), "--installroot", f"{where}/root/", "--releasever", "1"]
    line += ["--setopt=deltarpm=False", "--disableplugin=local", "--allowerasing", "groupinstall", "buildsys-build"]
    return line, {**os.environ, "HOME": str(where)}


def bare_init(bench):
    where = bench.fresh()
    line, env = bare_install(bench, where)
    elapsed = timed(line, env=env)
    shutil.rmtree(where)
    return elapsed


def mock_init(bench, user=False):
    where = bench.fresh(bench.user.pw_uid if user else 0)
    elapsed = timed(bench.mock(where, "--init", user=user))
    timed(bench.mock(where, "--scrub=all", user=user))
    shutil.rmtree(where)
    return elapsed


def ready_root(bench):
    where = bench.fresh()
    timed(bench.mock(where, "-N", "--rebuild", bench.srpm("needsnothing")))
    return where


def bare_rebuild(where, srpm):
    """rpm -i, rpmbuild -bs, rpmbuild -bb as the build user, in the root of `where`."""
    root = where / "lib/mini-x86_64/root"
    shutil.copy(srpm, root / "builddir/bench.src.rpm")
    script = (
        "export HOME=/builddir; cd /builddir && rpm -i --nodeps bench.src.rpm"
        " && bash --login -c 'rpmbuild -bs --nodeps build/SPECS/needsnothing.spec'"
        " && bash --login -c 'rpmbuild -bb --nodeps build/SPECS/needsnothing.spec'"
    )
    dev = root / "dev"
    if not (dev / "null").exists():
        subprocess.run(["mknod", "-m", "666", str(dev / "null"), "c", "1", "3"], check=True)
    return timed(["chroot", "--userspec=1000:135", str(root), "/bin/bash", "-c", script])


def memory(bench, where):
    """Peak resident size of mock's own process, in MB, over a rebuild."""
    line = bench.mock(where, "--no-clean", "--rebuild", bench.srpm("needsnothing"))
    peak = 0
    with subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            try:
                status = Path(f"/proc/{process.pid}/status").read_text()
                peak = max([peak, *(int(l.split()[1]) for l in status.splitlines() if l.startswith("VmHWM"))])
            except OSError:
                pass
            time.sleep(0.002)
    return peak / 1024


def median(values):
    return statistics.median(values)


def row(name, values, base=None):
    spread = f"{min(values):.3f}-{max(values):.3f}"
    ratio = f"{median(values) / median(base):.2f}" if base else "1"
    extra = f"{median(values) - median(base):+.3f} s" if base else ""
    print(f"| {name} | {median(values):.3f} s | {spread} | {ratio} | {extra} |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--repo", required=True)
    parser.add_argument("--disk", required=True)
    parser.add_argument("--mock", required=True)
    bench = Bench(parser.parse_args())

    print(f"{time.strftime('%Y-%m-%d')}, Linux {platform.release()}, {os.cpu_count()} cores, {bench.rounds} rounds\n")
    print("| what | median | range | ratio | difference |\n|---|---|---|---|---|")

    cases = {"bare": [], "root": [], "user": []}
    mock_init(bench), bare_init(bench)  # fills the page cache
    for _ in range(bench.rounds):
        cases["bare"].append(bare_init(bench))
        cases["root"].append(mock_init(bench))
        cases["user"].append(mock_init(bench, user=True))
    row("bare `dnf --installroot` groupinstall", cases["bare"])
    row("`mock --init`, as root", cases["root"], cases["bare"])
    row("`mock --init`, rootless", cases["user"], cases["bare"])

    where = ready_root(bench)
    srpm = bench.srpm("needsnothing")
    bare, ours = [], []
    for _ in range(bench.rounds + 1):
        bare.append(bare_rebuild(where, srpm))
        ours.append(timed(bench.mock(where, "--no-clean", "--rebuild", srpm)))
    row("bare `rpm -i`, `rpmbuild -bs`, `rpmbuild -bb`", bare[1:])
    row("`mock --no-clean --rebuild`", ours[1:], bare[1:])

    version = [timed([str(bench.bin), "--version"]) for _ in range(50)]
    row("`mock --version`", version)
    print(f"\nPeak memory of mock itself during the rebuild: {memory(bench, where):.1f} MB")
    timed(bench.mock(where, "--scrub=all"))


if __name__ == "__main__":
    main()
