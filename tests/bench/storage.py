"""Measures the storage of roots: cleans, snapshots, roots and requirements that were made before.

Everything is measured in turns, in one run, as root and as an ordinary user, and printed as Markdown
tables of medians. What rpmbuild itself takes is measured by running it alone in the same root.
"""

import argparse
import re
import shutil
import subprocess
import time
from pathlib import Path

from bench import Bench, median, timed

# With those that are in the base root already, these are the build requirements of a package.
REQUIRES = """autoconf automake bison cmake flex gcc-c++ gettext libtool m4 meson ninja-build perl
pkgconf python3 python3-devel python3-setuptools bzip2-devel elfutils-libelf-devel libffi-devel
xz-devel ncurses-devel popt-devel readline-devel openssl-devel libzstd-devel zlib-devel sqlite3
createrepo_c python3-dateutil gcc""".split()

SPEC = """Name: needsmany
Version: 1.0
Release: 1
Summary: Needs many packages to be built
License: MIT
BuildArch: noarch
{requires}
%description
%prep
%build
%install
%files
"""


def needs_many(bench):
    """A source package with 30 build requirements."""
    top = bench.disk / "needsmany"
    top.mkdir()
    spec = top / "needsmany.spec"
    spec.write_text(SPEC.format(requires="".join(f"BuildRequires: {name}\n" for name in REQUIRES)))
    subprocess.run(
        ["rpmbuild", "--quiet", "-bs", "-D", f"_topdir {top}", str(spec)], check=True, capture_output=True
    )
    (made,) = top.glob("SRPMS/*.src.rpm")
    return str(made)


def rpmbuild_alone(where, name):
    """What rpmbuild takes for the two runs that a rebuild has of it, in the root of `where`."""
    root = where / "lib/mini-x86_64/root"
    script = (
        "export HOME=/builddir; cd /builddir; for mode in -bs -bb; do "
        f"bash --login -c \"rpmbuild $mode --target x86_64 --nodeps build/SPECS/{name}.spec\" || exit 1; done"
    )
    dev = root / "dev"
    if not (dev / "null").exists():
        subprocess.run(["mknod", "-m", "666", str(dev / "null"), "c", "1", "3"], check=True)
    return timed(["chroot", "--userspec=1000:135", str(root), "/bin/bash", "-c", script])


class Table:
    def __init__(self):
        self.rows = {}

    def add(self, name, seconds):
        self.rows.setdefault(name, []).append(seconds)

    def show(self, last, cell):
        print(f"| what | median | range | {last} |\n|---|---|---|---|")
        for name, values in self.rows.items():
            spread = f"{1000 * min(values):.0f}-{1000 * max(values):.0f}"
            print(f"| {name} | {1000 * median(values):.0f} ms | {spread} | {cell(name)} |")
        print()

    def show_limits(self, limits):
        self.show("at most", lambda name: next((limit for key, limit in limits.items() if key in name), ""))

    def show_ratios(self, bases):
        """`bases` gives the row that a row is compared with; the others are their own."""
        middle = lambda name: median(self.rows[name])
        self.show("ratio", lambda name: f"{middle(name) / middle(bases.get(name, name)):.2f}")


def quick(bench, table, user):
    """Whole processes that only move directories and mount."""
    who = ", rootless" if user else ", as root"
    where = bench.fresh(bench.user.pw_uid if user else 0)
    run = lambda *words: timed(bench.mock(where, *words, user=user))
    run("--init")
    for number in range(bench.rounds):
        run("--shell", "touch /etc/something")
        table.add(f"`--snapshot`{who}", run("--snapshot", f"s{number}"))
        run("--shell", "touch /etc/more")
        table.add(f"`--rollback-to`{who}", run("--rollback-to", "postinit"))
        run("--shell", "touch /etc/more")
        table.add(f"`--clean`{who}", run("--clean"))
        table.add(f"`--init`, its layer exists{who}", run("--init"))
    # The same with a bootstrap root that exists; what that adds is the difference.
    bootstrap = ["--bootstrap-chroot", "--no-bootstrap-image", "--init"]
    run(*bootstrap)
    for _ in range(bench.rounds):
        alone = run("--init", "--no-bootstrap-chroot")
        both = run(*bootstrap)
        table.add(f"`--init` with a bootstrap root that exists{who}", both)
        table.add(f"what the bootstrap root adds{who}", both - alone)
    run("--scrub=all")


def rebuilds(bench, table, many, user):
    who = ", rootless" if user else ", as root"
    where = bench.fresh(bench.user.pw_uid if user else 0)
    # Builds must be seen from outside for the bare rpmbuild, which only a real root's are.
    beside = bench.fresh()
    for name, srpm in [("needsnothing", bench.srpm("needsnothing")), ("needsmany", many)]:
        ours = bench.mock(where, "-N", "--rebuild", srpm, user=user)
        timed(ours)
        timed(bench.mock(beside, "-N", "--rebuild", srpm))
        for _ in range(bench.rounds):
            alone = rpmbuild_alone(beside, name)
            table.add(f"rpmbuild of {name} alone{who}", alone)
            table.add(f"`--rebuild` of {name}, second time, without rpmbuild{who}", timed(ours) - alone)
    for place, as_user in [(where, user), (beside, False)]:
        timed(bench.mock(place, "--scrub=all", user=as_user))


def step(where, name):
    """How long a step took, by state.log."""
    text = (where / "lib/mini-x86_64/result/state.log").read_text()
    moments = []
    for what in ["Start", "Finish"]:
        stamp = re.search(rf"^(\S+ \S+),(\d+) - {what}: {name}$", text, re.M)
        moments.append(time.mktime(time.strptime(stamp[1], "%Y-%m-%d %H:%M:%S")) + int(stamp[2]) / 1000)
    return moments[1] - moments[0]


def root_cache(bench):
    """The archive of a root, against tar and zstd."""
    table = Table()
    where = bench.fresh()
    line = [w for w in bench.mock(where, "--config-opts", "storage=directory") if "root_cache" not in w]
    root = where / "lib/mini-x86_64/root"
    archive = where / "reference.tar.zst"
    for _ in range(bench.rounds):
        shutil.rmtree(where / "cache", ignore_errors=True)
        timed([*line, "--init"])
        table.add("`creating root cache`", step(where, "creating root cache"))
        tar = f"tar -C {root} --one-file-system --exclude=./proc --exclude=./sys --exclude=./dev -cf - ."
        table.add("`tar cf - . \\| zstd -T0`", timed(["sh", "-c", f"{tar} | zstd -q -f -T0 -o {archive}"]))
        timed([*line, "--init"])
        table.add("`unpacking root cache`", step(where, "unpacking root cache"))
        target = where / "reference"
        target.mkdir()
        table.add("`zstd -dc \\| tar xf -`", timed(["sh", "-c", f"zstd -qdc {archive} | tar -C {target} -xf -"]))
        shutil.rmtree(target)
    timed([*line, "--scrub=all"])
    bases = {
        "`creating root cache`": "`tar cf - . \\| zstd -T0`",
        "`unpacking root cache`": "`zstd -dc \\| tar xf -`",
    }
    table.show_ratios(bases)


def used(path):
    done = subprocess.run(["du", "-sk", str(path)], capture_output=True, text=True)
    return int(done.stdout.split()[0])


def disk(bench):
    where = bench.fresh()
    before = used(where)
    print("| what | on disk |\n|---|---|")
    said = {1: "the first root", 2: "a second", 10: "a tenth"}
    instances = [[], *(["--uniqueext", str(number)] for number in range(2, 11))]
    for number, words in enumerate(instances, 1):
        timed(bench.mock(where, *words, "--init"))
        # The mount of a root shows the layers again.
        timed(bench.mock(where, *words, "--umount"))
        after = used(where)
        if number in said:
            print(f"| {said[number]} | {(after - before) / 1024:.1f} MB |")
        before = after
    # With the plain name's go those of its unique extensions.
    timed(bench.mock(where, "--scrub=all"))
    print()


def main():
    parser = argparse.ArgumentParser()
    for name in ["--repo", "--disk", "--mock"]:
        parser.add_argument(name, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    bench = Bench(parser.parse_args())
    many = needs_many(bench)

    table = Table()
    for user in [False, True]:
        quick(bench, table, user)
    table.show_limits({"`--init`": "100 ms", "`--": "50 ms"})

    table = Table()
    for user in [False, True]:
        rebuilds(bench, table, many, user)
    table.show_limits({"second time": "150 ms"})

    root_cache(bench)
    disk(bench)


if __name__ == "__main__":
    main()
