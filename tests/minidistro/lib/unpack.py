#!/usr/bin/env python3
"""Unpack the root file system tar from stdin into a directory.

usage: unpack.py DIR META

An ordinary user cannot give files away, so who owns a file goes to META instead
(tab separated: mode, uid, gid, path), for every file that is not root's or
whose mode has more than the permission bits.
"""
import os
import sys
import tarfile

# Not part of a distribution: the state of the machine and of Debian's own
# package management.  (dpkg's database is read from the tree before it is used.)
SKIP = ("dev/", "proc/", "sys/", "run/", "tmp/", "etc/apt/", "var/lib/apt/", "var/cache/",
        "var/log/", "var/backups/", "etc/hostname", "etc/resolv.conf", "etc/ld.so.cache")


def main():
    directory, meta_path = sys.argv[1:]
    links = []
    directories = []
    with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as tar, \
            open(meta_path, "w", encoding="utf-8") as meta:
        for member in tar:
            name = member.name.removeprefix("./").strip("/")
            if name in ("", ".") or name.startswith(SKIP):
                continue
            target = os.path.join(directory, name)
            mode = member.mode & 0o7777
            if member.uid or member.gid or mode & 0o7000:
                meta.write(f"{mode:04o}\t{member.uid}\t{member.gid}\t/{name}\n")
            if member.isdir():
                os.makedirs(target, exist_ok=True)
                directories.append((target, mode))
            elif member.issym():
                os.symlink(member.linkname, target)
            elif member.islnk():
                links.append((os.path.join(directory, member.linkname.removeprefix("./")), target))
            elif member.isreg():
                source = tar.extractfile(member)
                with open(target, "wb") as file:
                    while chunk := source.read(1 << 20):
                        file.write(chunk)
                os.chmod(target, mode)
    for source, target in links:
        os.link(source, target)
    # Last, deepest first: a directory without write permission could not be filled.
    for target, mode in reversed(directories):
        os.chmod(target, mode | 0o700)


main()
