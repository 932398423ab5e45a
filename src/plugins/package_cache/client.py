"""mock's plugin for dnf 4: packages that any root has downloaded are not downloaded again.

MOCK_PACKAGES names a directory of this run. Packages are downloaded into it instead of into the
root, and `socket` in it is mock's: it says which packages it has, keeps others from downloading the
same meanwhile, and keeps what is downloaded. Every file is compared with the repository's checksum
before it is used, wherever it comes from.

Whatever goes wrong here leaves dnf as it is: one line on standard error says it.
"""

import binascii
import json
import os
import socket
import sys

import dnf
import dnf.base
import hawkey


class MockPackages(dnf.Plugin):
    name = "mock-packages"

    def __init__(self, base, cli):
        super(MockPackages, self).__init__(base, cli)
        self.directory = os.environ.get("MOCK_PACKAGES")
        self.link = None
        # Those that mock has, and those that it wants when they are here.
        self.had, self.missing = {}, {}
        if self.directory:
            guarded(self.begin)

    def begin(self):
        download = dnf.base.Base.download_packages
        is_there = self.is_there

        def rest(base, pkglist, *args, **kwargs):
            pkglist = [package for package in pkglist if not guarded(lambda: is_there(package))]
            return download(base, pkglist, *args, **kwargs)

        dnf.base.Base.download_packages = rest

    def resolved(self):
        if self.directory:
            guarded(self.ask)

    def pre_transaction(self):
        if self.link:
            guarded(self.tell)

    def ask(self):
        remote = {}
        for package in self.base.transaction.install_set:
            if package.reponame == hawkey.CMDLINE_REPO_NAME or package._is_local_pkg():
                continue
            kind, digest = package.chksum or (None, b"")
            if kind is not None and hawkey.chksum_name(kind) == "sha256":
                remote[binascii.hexlify(digest).decode("ascii")] = package
        if not remote:
            return
        for repo in {package.repo for package in remote.values()}:
            repo.pkgdir = os.path.join(self.directory, repo.id)
            if not os.path.isdir(repo.pkgdir):
                os.makedirs(repo.pkgdir)
        link = Link(self.directory)
        paths = link.ask({"want": sorted(remote)})["have"]
        self.link = link
        for digest, package in remote.items():
            if digest in paths:
                os.symlink(paths[digest], package.localPkg())
                self.had[package.localPkg()] = digest
            else:
                self.missing[digest] = package

    def is_there(self, package):
        path = package.localPkg()
        digest = self.had.get(path)
        if digest is None:
            return False
        if package.verifyLocalPkg() is True:
            return True
        # It is damaged: a new one takes its place.
        os.unlink(path)
        self.missing[digest] = package
        return False

    def tell(self):
        fetched = {}
        for digest, package in self.missing.items():
            path = package.localPkg()
            if os.path.isfile(path):
                fetched[digest] = os.path.relpath(path, self.directory)
        self.link.tell({"fetched": fetched})
        self.link = None


class Link(object):
    """Lines of JSON, in both directions."""

    def __init__(self, directory):
        self.socket = socket.socket(socket.AF_UNIX)
        # The address of a socket is short.
        top = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self.socket.connect("/proc/self/fd/%d/socket" % top)
        finally:
            os.close(top)

    def tell(self, message):
        # Without a signal, which would end dnf: mock may have given up.
        self.socket.sendall((json.dumps(message) + "\n").encode("ascii"), socket.MSG_NOSIGNAL)

    def ask(self, message):
        self.tell(message)
        with self.socket.makefile("r") as answers:
            return json.loads(answers.readline())


def guarded(work):
    """What it gives, or nothing when it fails."""
    try:
        return work()
    except Exception as error:
        sys.stderr.write("mock: packages are not shared: %s: %s\n" % (type(error).__name__, error))
        return None
