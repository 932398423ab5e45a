#!/usr/bin/python3
"""Writes source packages that rpmbuild would not make.

    rogue_srpm.py OUT DESCRIPTION

DESCRIPTION is JSON: the package's "name" and its "files", each with a "name" (as it stands in header
and payload), and where they differ from a plain file's: "mode", "rdev", "link", "text", "zeros" (a
file of so many bytes), "flags", "directory" and "claims" (a size that is not its own).
"""

import hashlib
import json
import struct
import sys
import zlib

INT16, INT32, STRING, BINARY, STRINGS, I18N = 3, 4, 6, 7, 8, 9


def header(entries):
    """A header structure with its immutable region."""
    region = 63 if any(tag == 1000 and kind == STRING for tag, kind, _ in entries) else 62
    index, store = b"", b""
    for tag, kind, value in sorted(entries, key=lambda entry: entry[0]):
        if kind in (STRING, I18N):
            data, count, align = value.encode() + b"\0", 1, 1
        elif kind == STRINGS:
            data, count, align = b"".join(v.encode() + b"\0" for v in value), len(value), 1
        elif kind == BINARY:
            data, count, align = value, len(value), 1
        else:
            width = {INT16: "H", INT32: "I"}[kind]
            data, count, align = struct.pack(f">{len(value)}{width}", *value), len(value), struct.calcsize(width)
        store += b"\0" * (-len(store) % align)
        index += struct.pack(">4I", tag, kind, len(store), count)
        store += data
    count = len(index) // 16 + 1
    trailer = struct.pack(">IIiI", region, BINARY, -16 * count, 16)
    index = struct.pack(">4I", region, BINARY, len(store), 16) + index
    store += trailer
    return b"\x8e\xad\xe8\x01\0\0\0\0" + struct.pack(">II", count, len(store)) + index + store


def payload(files):
    """The cpio archive, compressed; zeros take no memory."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    out = []
    size = 0

    def put(data):
        nonlocal size
        size += len(data)
        out.append(packer.compress(data))

    def member(name, mode, length, inode, rdev=0):
        name = name.encode() + b"\0"
        fields = [inode, mode, 0, 0, 1, 1, length, 0, 0, rdev >> 8, rdev & 255, len(name), 0]
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name
        put(head + b"\0" * (-len(head) % 4))

    for inode, file in enumerate(files, 1):
        text = (file["link"] or file["text"]).encode()
        length = file["zeros"] or len(text)
        member(file["name"], file["mode"], length, inode, file["rdev"])
        if file["zeros"]:
            block = b"\0" * (1 << 20)
            for start in range(0, length, len(block)):
                put(block[: length - start])
        else:
            put(text)
        put(b"\0" * (-size % 4))
    member("TRAILER!!!", 0, 0, 0)
    return b"".join(out) + packer.flush()


def main():
    out, package = sys.argv[1], json.loads(sys.argv[2])
    plain = {"mode": 0o100644, "rdev": 0, "link": "", "text": "", "zeros": 0, "flags": 0, "directory": "", "claims": None}
    files = [{**plain, **file} for file in package["files"]]

    def each(value):
        return [value(file) for file in files]

    def size(file):
        own = file["zeros"] or len(file["text"].encode())
        return own if file["claims"] is None else file["claims"]

    def digest(file):
        regular = file["mode"] >> 12 == 8 and not file["zeros"]
        return hashlib.sha256(file["text"].encode()).hexdigest() if regular else ""

    directories = sorted({file["directory"] for file in files})
    archive = payload(files)
    entries = [
        (100, STRINGS, ["C"]),
        (1000, STRING, package["name"]),
        (1001, STRING, "1"),
        (1002, STRING, "1"),
        (1004, I18N, "x"),
        (1005, I18N, "x"),
        (1006, INT32, [1]),
        (1009, INT32, [min(sum(each(size)), 0xFFFFFFFF)]),
        (1014, STRING, "MIT"),
        (1016, I18N, "x"),
        (1021, STRING, "linux"),
        (1022, STRING, "noarch"),
        (1064, STRING, "4.18.0"),
        (1106, INT32, [1]),
        (1124, STRING, "cpio"),
        (1125, STRING, "gzip"),
        (1126, STRING, "9"),
        (5011, INT32, [8]),
        (5092, STRINGS, [hashlib.sha256(archive).hexdigest()]),
        (5093, INT32, [8]),
    ]
    if files:
        entries += [
            (1028, INT32, each(size)),
            (1030, INT16, each(lambda file: file["mode"])),
            (1033, INT16, each(lambda file: file["rdev"])),
            (1034, INT32, each(lambda file: 1)),
            (1035, STRINGS, each(digest)),
            (1036, STRINGS, each(lambda file: file["link"])),
            (1037, INT32, each(lambda file: file["flags"])),
            (1039, STRINGS, each(lambda file: "root")),
            (1040, STRINGS, each(lambda file: "root")),
            (1045, INT32, each(lambda file: 0xFFFFFFFF)),
            (1095, INT32, each(lambda file: 1)),
            (1096, INT32, list(range(1, len(files) + 1))),
            (1097, STRINGS, each(lambda file: "")),
            (1116, INT32, each(lambda file: directories.index(file["directory"]))),
            (1117, STRINGS, each(lambda file: file["name"])),
            (1118, STRINGS, directories),
        ]
    main_header = header(entries)
    both = main_header + archive
    signature = header(
        [
            (273, STRING, hashlib.sha256(main_header).hexdigest()),
            (1000, INT32, [len(both)]),
            (1004, BINARY, hashlib.md5(both).digest()),
        ]
    )
    signature += b"\0" * (-len(signature) % 8)
    lead = b"\xed\xab\xee\xdb\x03\0" + struct.pack(">HH", 1, 255) + package["name"].encode()[:65].ljust(66, b"\0")
    lead += struct.pack(">HH", 1, 5) + b"\0" * 16
    with open(out, "wb") as file:
        file.write(lead + signature + both)


main()
