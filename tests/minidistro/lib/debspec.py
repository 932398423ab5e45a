#!/usr/bin/env python3
"""Write one spec file that turns an unpacked Debian root into RPM packages.

usage: debspec.py ROOT META NAMES SPEC

There is one subpackage for each Debian package.  Files that no package is left
for are removed from ROOT, which becomes the build root as it is.
"""
import os
import re
import shutil
import sys

import dpkgdb
import names
import owners

HEAD = """\
Name: minidistro-packages
Version: 1
Release: 1
Summary: Packages of the mini distribution
License: Various

%description
Debian packages as RPM packages.

%install
# Nothing to copy, so it costs no time: the unpacked tree becomes the build root.
rmdir %{buildroot}
mv %{tree} %{buildroot}
"""

# Fedora has /proc, /sys and /dev in its package "filesystem" (that is what makes
# mounted ones a problem for rpm), and merges /bin into /usr/bin with links there.
FILESYSTEM_DIRECTORIES = {"/proc": "0555", "/sys": "0555", "/dev": "0755", "/run": "0755", "/run/lock": "1777",
                          "/tmp": "1777", "/var/tmp": "1777", "/var/cache": "0755",
                          "/var/log": "0755", "/var/lib/rpm": "0755"}

# Fedora's glibc has this trigger: a library is found as soon as it is installed.
LDCONFIG_TRIGGER = """\
%transfiletriggerin -n glibc-common -P 2000000 -- /usr/lib /lib /usr/local/lib
/usr/sbin/ldconfig || :
%transfiletriggerpostun -n glibc-common -P 2000000 -- /usr/lib /lib /usr/local/lib
/usr/sbin/ldconfig || :
"""

RPM_BUILD_REQUIRES = """bzip2 cpio debugedit diffutils elfutils file findutils gawk grep gzip
    patch pkgconfig redhat-rpm-config rpm sed tar unzip xz zstd""".split()


def edit(root, path, *changes):
    with open(root + path, encoding="utf-8") as file:
        text = file.read()
    for pattern, replacement in changes:
        text, count = re.subn(pattern, replacement, text, flags=re.M)
        if not count:
            sys.exit(f"minidistro: nothing matches {pattern} in {path} of the Debian root")
    with open(root + path, "w", encoding="utf-8") as file:
        file.write(text)


def change_tree(root):
    """What has to be different from Debian for ordinary spec files."""
    # Debian keeps a database in each user's home; rpm -q has to see the packages.
    edit(root, "/usr/lib/rpm/macros", (r"^%_dbpath\s.*$", "%_dbpath\t\t%{_var}/lib/rpm"))
    # Spec files are written for a /bin/sh that is bash.
    os.remove(root + "/usr/bin/sh")
    os.symlink("bash", root + "/usr/bin/sh")
    with open(root + "/etc/hosts", "w", encoding="utf-8") as file:
        file.write("127.0.0.1 localhost\n::1 localhost\n")
    os.chmod(root + "/etc/hosts", 0o644)
    for path in FILESYSTEM_DIRECTORIES:
        os.makedirs(root + path, exist_ok=True)


def quoted(path):
    """For %files: quotes for blanks, macros off.

    rpm globs quoted names too, and takes no backslash: "?" stands for what would
    be special.  A "[" alone, the program, is not special.
    """
    if "]" in path:
        path = re.sub(r"[\[\]]", "?", path)
    return '"' + re.sub(r"[*{}\\]", "?", path).replace("%", "%%") + '"'


def ids(path):
    """{number: name} of a passwd or group file."""
    with open(path, encoding="utf-8") as file:
        return {fields[2]: fields[0] for fields in (line.split(":") for line in file)}


def read_meta(path, root):
    """{path: (mode, user, group)} of what is not simply root's."""
    meta = {}
    users, groups = ids(root + "/etc/passwd"), ids(root + "/etc/group")
    with open(path, encoding="utf-8") as file:
        for line in file:
            mode, uid, gid, name = line.rstrip("\n").split("\t")
            meta[name] = (mode, users[uid], groups[gid])
    for name, mode in FILESYSTEM_DIRECTORIES.items():
        meta[name] = (mode, "root", "root")
    # Like Fedora; also no group is needed that the same package brings.
    for name in ("/etc/shadow", "/etc/gshadow"):
        meta[name] = ("0000", "root", "root")
    return meta


def files_section(package, entries, meta, conffiles):
    lines = [f"%files -n {package}", "%defattr(-,root,root,-)"]
    for path, is_directory in sorted(entries):
        line = quoted(path)
        if path in meta:
            line = "%attr({},{},{}) {}".format(*meta[path], line)
        if is_directory:
            line = "%dir " + line
        elif path in conffiles or package == "setup":
            line = "%config(noreplace) " + line
        lines.append(line)
    return "\n".join(lines) + "\n"


def path_provides(entries):
    """/bin/x for /usr/bin/x: spec files and scripts use both."""
    for path, is_directory in entries:
        match = re.fullmatch(r"/usr(/s?bin/[^/]+)", path)
        if match and not is_directory and match.group(1) != "/bin/[":
            yield match.group(1)


def perl_provides(entries):
    """perl(A::B) for A/B.pm; rpm's own generator would run Perl on every file."""
    for path, _ in entries:
        match = re.match(r"/usr/(?:share|lib/[^/]+)/perl(?:5|/5\.[\d.]+|-base)/(.+)\.pm$", path)
        if match:
            yield "perl({})".format(match.group(1).replace("/", "::"))


def pkgconfig_provides(root, entries):
    for path, _ in entries:
        match = re.match(r"/usr/(?:share|lib|lib/[^/]+)/pkgconfig/([^/]+)\.pc$", path)
        if match and not os.path.islink(root + path):
            with open(root + path, encoding="utf-8") as file:
                version = re.search(r"^Version:\s*([\w.]+)\s*$", file.read(), re.M)
            yield f"pkgconfig({match.group(1)})" + (f" = {version.group(1)}" if version else "")
        elif match:
            yield f"pkgconfig({match.group(1)})"


def debian_requires(package, packages, entries, providers):
    """RPM names for the Debian requirements that are in the distribution."""
    for alternatives in package.depends:
        for name in alternatives:
            name = name if name in packages else providers.get(name, "")
            if name in packages:
                if name not in entries[package.name].without and not entries[name].dropped:
                    yield entries[name].rpm
                break


class Subpackage:
    def __init__(self, name, version, release, summary, noarch=False):
        self.name, self.version, self.release = name, version, release
        self.summary, self.noarch = summary, noarch
        self.requires, self.provides = set(), set()
        self.extra = ""

    def text(self):
        lines = [f"%package -n {self.name}", f"Summary: {self.summary}".replace("%", "%%"),
                 f"Version: {self.version}", f"Release: {self.release}%{{?dist}}"]
        if self.noarch:
            lines.append("BuildArch: noarch")
        lines += [f"Requires: {name}" for name in sorted(self.requires - {self.name})]
        lines += [f"Provides: {name}".replace("%", "%%") for name in sorted(self.provides - {self.name})]
        lines += [f"%description -n {self.name}", lines[1].removeprefix("Summary: ") + ".", ""]
        return "\n".join(lines) + self.extra


def main():
    root, meta_path, names_path, spec_path = sys.argv[1:]
    root = os.path.realpath(root)
    packages = dpkgdb.read(root)
    entries = names.read(names_path)
    for name in packages:
        entries.setdefault(name, names.Entry(name))
    change_tree(root)

    owned, dropped, conffiles, providers = {}, set(), set(), {}
    for name, package in packages.items():
        for virtual in package.provides:
            providers.setdefault(virtual, name)
        conffiles |= package.conffiles
        if entries[name].dropped:
            dropped |= package.paths
            continue
        for path in package.paths:
            owned.setdefault(path, set()).add(entries[name].rpm)
    dropped -= owned.keys()
    meta = read_meta(meta_path, root)
    files, leftover = owners.assign(root, owned, dropped)
    for path in sorted(leftover, reverse=True):
        full = root + path
        if os.path.isdir(full) and not os.path.islink(full):
            shutil.rmtree(full, ignore_errors=True)
        elif os.path.lexists(full):
            os.remove(full)

    subpackages = {
        "filesystem": Subpackage("filesystem", "12", "1", "Directories and links that all packages share"),
        "setup": Subpackage("setup", "12", "1", "Users, groups and hosts", noarch=True),
        "rpm-build": Subpackage("rpm-build", packages["rpm"].version, packages["rpm"].release,
                                "Builds RPM packages"),
    }
    subpackages["filesystem"].requires.add("setup")
    subpackages["rpm-build"].requires.update(RPM_BUILD_REQUIRES)
    for name, package in packages.items():
        entry = entries[name]
        if entry.dropped:
            continue
        sub = Subpackage(entry.rpm, package.version, package.release, package.summary, package.noarch)
        sub.requires.update(debian_requires(package, packages, entries, providers), entry.requires,
                            {"filesystem"})
        sub.provides.update(p.replace("=", " = ") for p in entry.provides)
        sub.provides.add(f"{name} = {package.version}")
        subpackages[entry.rpm] = sub
    subpackages["glibc-common"].extra = LDCONFIG_TRIGGER

    with open(spec_path, "w", encoding="utf-8") as spec:
        spec.write(HEAD + "\n")
        for name, sub in sorted(subpackages.items()):
            entries_of = files.get(name, [])
            sub.provides.update(path_provides(entries_of), perl_provides(entries_of),
                                pkgconfig_provides(root, entries_of))
            spec.write(sub.text() + "\n" + files_section(name, entries_of, meta, conffiles) + "\n")


main()
