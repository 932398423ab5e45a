"""mock's plugin for dnf 4: says what a request came to, before anything is downloaded.

MOCK_RESOLUTION names a directory. When dependencies are resolved, `resolution.json` is written
there: the packages, a digest of them, and the state of each repository. If a line of the file
`known` there is that digest, an empty file `stopped` is made and dnf ends with status 0.

Whatever goes wrong here leaves the transaction alone: one line on standard error says it.
"""

import binascii
import hashlib
import json
import os
import sys
import time

import dnf
import dnf.transaction
import hawkey
import libdnf.transaction

FORMAT = 1

ACTIONS = {
    getattr(libdnf.transaction, "TransactionItemAction_" + name): name.lower()
    for name in (
        "INSTALL", "UPGRADE", "UPGRADED", "DOWNGRADE", "DOWNGRADED", "REINSTALL", "REINSTALLED",
        "OBSOLETE", "OBSOLETED", "REMOVE",
    )
}

# What a repository may ask of a connection that the reader of the file cannot give it.
SPECIAL = (
    "username", "password", "sslcacert", "sslclientcert", "sslclientkey", "sslverifystatus",
    "proxy_username", "proxy_password", "proxy_sslcacert", "proxy_sslclientcert",
    "proxy_sslclientkey",
)


class MockResolution(dnf.Plugin):
    name = "mock-resolution"

    def __init__(self, base, cli):
        super(MockResolution, self).__init__(base, cli)
        self.directory = os.environ.get("MOCK_RESOLUTION")
        # Those that could not be read are disabled later on.
        self.enabled = []

    def config(self):
        self.guarded(self.begin)

    def resolved(self):
        if self.guarded(self.end):
            # No error to dnf: it closes what it opened, and removes its locks.
            raise SystemExit(0)

    def guarded(self, work):
        if not self.directory:
            return False
        try:
            return work()
        except Exception as error:
            sys.stderr.write("mock: no account of the resolution: %s: %s\n"
                             % (type(error).__name__, error))
            return False

    def begin(self):
        for name in ("resolution.json", "stopped"):
            try:
                os.unlink(os.path.join(self.directory, name))
            except FileNotFoundError:
                pass
        self.enabled = [repo.id for repo in self.base.repos.iter_enabled()]

    def end(self):
        packages = sorted(
            (ACTIONS.get(item.action, "other-%s" % item.action), nevra(item.pkg), checksum(item.pkg))
            for item in self.base.transaction or ()
        )
        digest = digest_of(packages)
        ids = set(self.enabled).union(repo.id for repo in self.base.repos.iter_enabled())
        self.write("resolution.json", json.dumps({
            "format": FORMAT,
            "packages": [
                {"action": action, "nevra": name, "checksum": sum or None}
                for action, name, sum in packages
            ],
            "digest": digest,
            "repos": [state(self.base.repos[id]) for id in sorted(ids)],
        }, indent=1, sort_keys=True))
        if digest not in self.known():
            return False
        self.write("stopped", "")
        return True

    def known(self):
        try:
            with open(os.path.join(self.directory, "known")) as lines:
                return set(lines.read().split())
        except FileNotFoundError:
            return ()

    def write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path + ".tmp", "w") as file:
            file.write(text)
        os.rename(path + ".tmp", path)


def nevra(package):
    return "%s-%s:%s-%s.%s" % (
        package.name, package.epoch, package.version, package.release, package.arch)


def checksum(package):
    """Empty for installed packages: nothing says what file they came from."""
    if package.reponame == hawkey.SYSTEM_REPO_NAME:
        return ""
    if package.reponame == hawkey.CMDLINE_REPO_NAME:
        return "sha256:" + sha256_of(package.localPkg())
    if package.chksum is None:
        return ""
    kind, value = package.chksum
    return "%s:%s" % (hawkey.chksum_name(kind), binascii.hexlify(value).decode("ascii"))


def digest_of(packages):
    """Of the sorted lines `ACTION NEVRA CHECKSUM`, each with its line ending."""
    lines = "".join("%s %s %s\n" % package for package in packages)
    return hashlib.sha256(lines.encode("utf-8")).hexdigest()


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def last_checked(repo):
    """When it was last found to be up to date: libdnf tells the age in whole seconds of now."""
    while True:
        now = int(time.time())
        age = repo._repo.getAge()
        # Both clocks within one second, or the difference is one second off.
        if int(time.time()) == now:
            return now - age


def state(repo):
    """What is needed to find out later whether the repository is still the same."""
    metalink, mirrorlist = repo.metalink or None, repo.mirrorlist or None
    if not metalink and mirrorlist and "metalink" in mirrorlist:
        # So do yum and dnf.
        metalink, mirrorlist = mirrorlist, None
    proxy = repo.proxy or None
    urls = [url for url in list(repo.baseurl) + [metalink, mirrorlist, proxy] if url]
    secret = any("@" in url.split("://", 1)[-1].split("/", 1)[0] for url in urls)
    # `username` and the like need not be there in every version.
    plain = not secret and not any(getattr(repo, option, None) for option in SPECIAL)
    plain = plain and not list(repo.get_http_headers())
    expire = repo.metadata_expire
    repomd, checked = "", 0
    try:
        repomd = sha256_of(os.path.join(repo._repo.getCachedir(), "repodata", "repomd.xml"))
        checked = last_checked(repo)
    except (OSError, RuntimeError):
        # It was skipped: what it holds now decides, next time.
        plain = False
    return {
        "id": repo.id,
        "baseurl": [] if secret else list(repo.baseurl),
        "metalink": None if secret else metalink,
        "mirrorlist": None if secret else mirrorlist,
        "proxy": None if secret else proxy,
        "sslverify": bool(repo.sslverify),
        "expire": None if expire < 0 else int(expire),
        "repomd": repomd,
        "checked": max(checked, 0),
        "plain": plain,
    }
