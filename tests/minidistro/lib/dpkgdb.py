"""dpkg's database in an unpacked root: which packages there are and what they own."""
import os
import re


class Package:
    def __init__(self, fields, names):
        self.name = fields["package"]
        self.noarch = fields["architecture"] == "all"
        self.summary = (fields.get("description") or self.name).split("\n")[0].rstrip(".")
        self.provides = names_in(fields.get("provides", ""))
        # A list of alternatives for each requirement.
        self.depends = [names_in(clause.replace("|", ","))
                        for field in ("pre-depends", "depends")
                        for clause in fields.get(field, "").split(",") if clause.strip()]
        self.version, self.release = rpm_version(fields["version"])
        self.conffiles = {line.split()[0] for line in fields.get("conffiles", "").split("\n")
                          if line.strip()}
        self.paths = names


def names_in(text):
    """libc6:any (>= 2.34), foo  ->  ["libc6", "foo"]"""
    return [re.split(r"[ :(]", part.strip())[0] for part in text.split(",") if part.strip()]


def rpm_version(version):
    """Neither '-' nor an epoch is possible in an RPM version; '+' is a nuisance in URLs."""
    version = re.sub(r"^\d+:", "", version)
    upstream, _, revision = version.rpartition("-")
    if not upstream:
        upstream, revision = revision, "1"
    return [re.sub(r"[^A-Za-z0-9._~]", ".", part) for part in (upstream, revision)]


def merged(path):
    """Debian 12 is usr-merged, but its packages still ship /bin/x and /lib/x."""
    return re.sub(r"^/(bin|sbin|lib|lib32|lib64|libx32)(?=/|$)", r"/usr/\1", path)


def stanza_fields(text):
    fields, key = {}, None
    for line in text.split("\n"):
        if line[:1] in " \t" and key:
            fields[key] += "\n" + line.strip()
        elif ":" in line:
            key, _, value = line.partition(":")
            key = key.lower()
            fields[key] = value.strip()
    return fields


def read(root):
    """All packages of the root, by Debian name."""
    base = os.path.join(root, "var/lib/dpkg")
    with open(base + "/status", encoding="utf-8") as file:
        stanzas = file.read().strip().split("\n\n")
    packages = {}
    for stanza in stanzas:
        fields = stanza_fields(stanza)
        name = fields["package"]
        for list_name in (name, f"{name}:{fields['architecture']}"):
            path = f"{base}/info/{list_name}.list"
            if os.path.exists(path):
                with open(path, encoding="utf-8") as file:
                    paths = {merged(line) for line in file.read().split("\n") if line not in ("", "/.")}
                packages[name] = Package(fields, paths)
    return packages
