#!/usr/bin/env python3
"""Print the machine's own apt sources for one Debian suite, as deb822.

usage: aptsources.py SUITE deb|deb-src

The mirror is the one this machine is configured for, whatever that is; third
party sources and other suites are left out.  With "deb-src" every source is
turned into one for source packages: machines seldom have those configured.
"""
import glob
import re
import subprocess
import sys


def apt_path(item):
    """A path of apt's configuration, e.g. Dir::Etc::sourcelist/f."""
    out = subprocess.run(["apt-config", "shell", "v", item], check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    match = re.match(r"v='(.*)'", out)
    return match.group(1) if match else ""


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def one_line_stanzas(text):
    """deb [arch=amd64 signed-by=/k.gpg] http://mirror/debian bookworm main"""
    for line in text.splitlines():
        line = line.split("#", 1)[0].strip()
        match = re.match(r"(deb|deb-src)\s+(?:\[(.*?)\]\s*)?(\S+)\s+(\S+)\s*(.*)", line)
        if not match:
            continue
        kind, options, uri, suite, components = match.groups()
        stanza = {"types": kind, "uris": uri, "suites": suite, "components": components}
        for option in (options or "").split():
            key, _, value = option.partition("=")
            stanza[key.lower()] = value.replace(",", " ")
        yield stanza


def deb822_stanzas(text):
    """Stanzas of Key: value; a value keeps its continuation lines verbatim."""
    for block in re.split(r"\n\s*\n", text):
        stanza, key = {}, None
        for line in block.splitlines():
            if line.startswith("#"):
                continue
            if line[:1] in " \t" and key:
                stanza[key] += "\n" + line
            elif ":" in line:
                key, _, value = line.partition(":")
                key = key.strip().lower()
                stanza[key] = value.strip()
        if stanza.get("enabled", "yes").lower() not in ("no", "false", "0"):
            yield stanza


def all_stanzas():
    yield from one_line_stanzas(read(apt_path("Dir::Etc::sourcelist/f")))
    parts = apt_path("Dir::Etc::sourceparts/d").rstrip("/")
    for path in sorted(glob.glob(parts + "/*")):
        if path.endswith(".list"):
            yield from one_line_stanzas(read(path))
        elif path.endswith(".sources"):
            yield from deb822_stanzas(read(path))


def main():
    suite, kind = sys.argv[1:]
    wanted = {suite, suite + "-updates", suite + "-security"}
    if kind == "deb-src":
        # The release itself is enough, and its index is the one to download.
        wanted = {suite}
    seen = set()
    for stanza in all_stanzas():
        suites = [s for s in stanza.get("suites", "").split() if s in wanted]
        if not suites or "main" not in stanza.get("components", "").split():
            continue
        fields = {"Types": kind, "URIs": stanza.get("uris", ""),
                  "Suites": " ".join(suites), "Components": "main"}
        for key, name in (("signed-by", "Signed-By"), ("trusted", "Trusted")):
            if stanza.get(key):
                fields[name] = stanza[key]
        text = "".join(f"{k}: {v}\n" for k, v in fields.items())
        if text not in seen:
            seen.add(text)
            print(text)
    if not seen:
        sys.exit(f"minidistro: no source for Debian {suite} (component main) in the apt "
                 f"sources of this machine; add one to /etc/apt/sources.list.d")


main()
