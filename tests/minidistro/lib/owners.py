"""Which RPM package each path of the root belongs to."""
import os
import re

from dpkgdb import merged

# Fedora has them in packages of their own.
SPLIT = {
    "/usr/bin/rpmbuild": "rpm-build", "/usr/bin/rpmspec": "rpm-build",
    "/etc/passwd": "setup", "/etc/group": "setup", "/etc/shadow": "setup", "/etc/gshadow": "setup",
    "/etc/hosts": "setup", "/etc/subuid": "setup", "/etc/subgid": "setup",
    "/usr/bin/sh": "bash",
}
# mini-release has its own of the first two.
REPLACED = {"/etc/os-release", "/usr/lib/os-release", "/etc/issue", "/etc/issue.net"}
# rpm would warn in every chroot that there is no D-Bus.
UNWANTED = re.compile(r"/usr/lib/[^/]+/rpm-plugins/dbus_announce\.so|/etc/dbus-1/system\.d/org\.rpm\.conf")
DPKG_STATE = ("/var/lib/dpkg/", "/var/lib/apt/", "/var/lib/ucf/", "/var/lib/pam/",
              "/var/lib/systemd/", "/etc/dpkg/", "/etc/debconf.conf",
              "/etc/passwd-", "/etc/group-", "/etc/shadow-", "/etc/gshadow-")


def walk(root):
    """(path, is directory) of everything below root."""
    for directory, names, files in os.walk(root):
        base = directory[len(root):]
        for name in names:
            full = os.path.join(directory, name)
            yield f"{base}/{name}", not os.path.islink(full)
        for name in files:
            yield f"{base}/{name}", False


def link_target(root, path):
    """Where a chain of symbolic links ends (inside root), e.g. alternatives' ones."""
    for _ in range(10):
        full = root + path
        if not os.path.islink(full):
            return path
        path = merged(os.path.normpath(os.path.join(os.path.dirname(path), os.readlink(full))))
    return path


def assign(root, owned, dropped):
    """{package: [(path, is directory)]}, and the paths that no package gets.

    owned: {path: set of RPM names}; dropped: set of paths of packages left out.
    """
    result, leftover = {}, []

    def owner_of_file(path):
        if path in SPLIT:
            return SPLIT[path]
        if owned.get(path):
            return min(owned[path])
        # Made by maintainer scripts: alternatives and compiled Python.  (A link to a
        # directory, like /bin, is not a package's because the directory is.)
        end = link_target(root, path)
        if end != path and owned.get(end) and not os.path.isdir(root + end):
            return min(owned[end])
        match = re.fullmatch(r"(.*)/__pycache__/([^/]+)\.cpython-\d+\.pyc", path)
        if match:
            source = f"{match.group(1)}/{match.group(2)}.py"
            return min(owned[source]) if owned.get(source) else None
        if path in dropped or (end != path and (end in dropped or not os.path.lexists(root + end))):
            return None
        return "filesystem"

    directories = []
    for path, is_directory in walk(root):
        if is_directory:
            directories.append(path)
            continue
        owner = owner_of_file(path)
        if path in REPLACED or UNWANTED.fullmatch(path) or path.startswith(DPKG_STATE) or owner is None:
            leftover.append(path)
        else:
            result.setdefault(owner, []).append((path, False))

    # A directory of one package only is that package's; shared ones are the
    # filesystem package's, as are the top ones, and those that no package lists.
    users = {}
    for package, entries in result.items():
        for path, _ in entries:
            while (path := os.path.dirname(path)) != "/" and package not in users.get(path, ()):
                users.setdefault(path, set()).add(package)
    for path in directories:
        packages = users.get(path, set()) | owned.get(path, set())
        if not packages and path in dropped or (path + "/").startswith(DPKG_STATE):
            leftover.append(path)
        elif not packages and path.endswith("/__pycache__"):
            leftover.append(path)
        else:
            alone = len(packages) == 1 and path.count("/") > 1
            owner = min(packages) if alone else "filesystem"
            result.setdefault(owner, []).append((path, True))
    return result, leftover
