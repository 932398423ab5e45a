"""mock's plugin for dnf 4: packages that any root has downloaded are not downloaded again.

MOCK_PACKAGES names a directory of this run. Packages are downloaded into it instead of into the
root, and `socket` in it is mock's: it says which packages it has, which ones another mock downloads
at the moment, and keeps what is downloaded here. Every file is compared with the repository's
checksum before it is used, wherever it comes from.

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
        directory = os.environ.get("MOCK_PACKAGES")
        if directory:
            guarded(lambda: share(directory))


def share(directory):
    really_download = dnf.base.Base.download_packages

    def download(base, pkglist, *args, **kwargs):
        # Somebody may want the files themselves.
        shared = None if base.conf.destdir else guarded(lambda: Round(directory, pkglist))
        if shared is None:
            return really_download(base, pkglist, *args, **kwargs)
        try:
            really_download(base, shared.own(), *args, **kwargs)
        finally:
            # Also when some could not be had.
            guarded(shared.tell)
        late = guarded(shared.late)
        if late is None:
            late = shared.busy_ones()
        if late:
            really_download(base, late, *args, **kwargs)

    dnf.base.Base.download_packages = download


class Round(object):
    """The packages that dnf wants at once."""

    def __init__(self, directory, pkglist):
        self.directory = directory
        self.packages, self.others = {}, []
        for package in pkglist:
            digest = sha256_of(package)
            if digest is None or digest in self.packages:
                self.others.append(package)
            else:
                self.packages[digest] = package
        self.missing, self.busy, self.link = [], [], None
        if not self.packages:
            return
        for repo in {package.repo for package in self.packages.values()}:
            repo.pkgdir = os.path.join(directory, repo.id)
            if not os.path.isdir(repo.pkgdir):
                os.makedirs(repo.pkgdir)
        self.link = Link(directory)
        sizes = {digest: package.downloadsize for digest, package in self.packages.items()}
        answer = self.link.ask({"want": sizes})
        self.busy = answer["busy"]
        for digest in sorted(set(self.packages) - set(self.busy)):
            if not self.take(digest, answer["have"].get(digest)):
                self.missing.append(digest)

    def take(self, digest, path):
        """Has the package that mock has, unless it is damaged."""
        if path is None:
            return False
        package = self.packages[digest]
        link = package.localPkg()
        # An earlier attempt may have left one.
        if os.path.lexists(link):
            os.unlink(link)
        os.symlink(path, link)
        try:
            if package.verifyLocalPkg() is True:
                return True
        except Exception:
            pass
        os.unlink(link)
        return False

    def own(self):
        """What is to be downloaded here."""
        return self.others + [self.packages[digest] for digest in self.missing]

    def tell(self):
        fetched = {}
        for digest in self.missing:
            path = self.packages[digest].localPkg()
            if os.path.isfile(path):
                fetched[digest] = os.path.relpath(path, self.directory)
        if self.link:
            self.link.tell({"fetched": fetched})

    def late(self):
        """What another mock was to download, and could not."""
        if not self.busy:
            return []
        have = self.link.ask({"wait": self.busy})["have"]
        return [self.packages[digest] for digest in self.busy if not self.take(digest, have.get(digest))]

    def busy_ones(self):
        return [self.packages[digest] for digest in self.busy]


def sha256_of(package):
    """Of a package that has to be downloaded."""
    if package.reponame == hawkey.CMDLINE_REPO_NAME or package._is_local_pkg():
        return None
    kind, digest = package.chksum or (None, b"")
    if kind is None or hawkey.chksum_name(kind) != "sha256":
        return None
    return binascii.hexlify(digest).decode("ascii")


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
        self.answers = self.socket.makefile("r")

    def tell(self, message):
        # Without a signal, which would end dnf: mock may have given up.
        self.socket.sendall((json.dumps(message) + "\n").encode("ascii"), socket.MSG_NOSIGNAL)

    def ask(self, message):
        self.tell(message)
        return json.loads(self.answers.readline())


def guarded(work):
    """What it gives, or nothing when it fails."""
    try:
        return work()
    except Exception as error:
        sys.stderr.write("mock: packages are not shared: %s: %s\n" % (type(error).__name__, error))
        return None
