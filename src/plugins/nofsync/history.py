"""mock's plugin for dnf 4: the history database is in memory while dnf works.

MOCK_NOFSYNC names a directory in memory. libdnf writes its history there, and when it closes the
database the whole file takes the place of the one in the root. It is written by SQLite inside
libdnf, with a wait for the disk after each of some six hundred statements; what Python itself
could be kept from syncing is nothing beside that. A new database of rpm's is made there, too.

Whatever goes wrong here leaves dnf as it is: one line on standard error says it.
"""

import contextlib
import os
import shutil
import sys
import tempfile

import dnf
import dnf.db.history
import rpm


class MockNofsync(dnf.Plugin):
    name = "mock-nofsync"

    def __init__(self, base, cli):
        super(MockNofsync, self).__init__(base, cli)
        self.directory = os.environ.get("MOCK_NOFSYNC")
        if self.directory:
            guarded(self.begin)

    def config(self):
        if self.directory:
            guarded(self.make_rpmdb)

    def make_rpmdb(self):
        """Tables and indices of a new database: rpm waits for each."""
        path = rpm.expandMacro("%{_dbpath}").lstrip("/")
        there = os.path.join(self.base.conf.installroot, path)
        if rpm.expandMacro("%{_db_backend}") != "sqlite" or os.path.exists(os.path.join(there, "rpmdb.sqlite")):
            return
        root = tempfile.mkdtemp(dir=self.directory)
        new = os.path.join(root, path)
        os.makedirs(new)
        transaction = rpm.TransactionSet(root)
        transaction.initDB()
        transaction.closeDB()
        if not os.path.isdir(there):
            os.makedirs(there)
        for name in os.listdir(new):
            shutil.copy(os.path.join(new, name), there)
        shutil.rmtree(root)

    def begin(self):
        # Not every Python has it.
        import sqlite3

        history = dnf.db.history.SwdbInterface
        copies = Copies(self.directory, sqlite3.connect)
        on_disk, close = history.dbpath, history.close

        def in_memory(self):
            path = on_disk.fget(self)
            return guarded(lambda: copies.open(path)) or path

        def put_back(self):
            close(self)
            copies.put_back()

        if not isinstance(on_disk, property):
            raise TypeError("the database has no path that can be moved")
        history.dbpath = property(in_memory)
        history.close = put_back


class Copies(object):
    """Of databases, by their paths."""

    def __init__(self, directory, connect):
        self.directory = directory
        self.connect = connect
        self.paths = {}

    def open(self, path):
        if path not in self.paths:
            name = "mock-%d-%d.sqlite" % (os.getpid(), len(self.paths))
            copy = os.path.join(self.directory, name)
            if os.path.exists(path):
                self.duplicate(path, copy)
            self.paths[path] = copy
        return self.paths[path]

    def put_back(self):
        """The whole file or none: a reader never sees a part."""
        for path, copy in self.paths.items():
            if not os.path.exists(copy):
                continue
            part = path + ".mock"
            remove(part)
            try:
                self.duplicate(copy, part)
            except Exception as error:
                # The disk may be full: dnf says so, and the old one stays.
                remove(part)
                raise OSError("cannot write %s: %s" % (path, error))
            # What was not yet in the old file belongs to the old file.
            remove(path + "-wal", path + "-shm")
            os.rename(part, path)

    def duplicate(self, source, target):
        """With what is not in the file yet: libdnf leaves a write-ahead log behind."""
        with contextlib.closing(self.connect(source)) as old:
            with contextlib.closing(self.connect(target)) as new:
                new.execute("PRAGMA synchronous = OFF")
                old.backup(new)
        remove(target + "-wal", target + "-shm")


def remove(*paths):
    for path in paths:
        if os.path.exists(path):
            os.unlink(path)


def guarded(work):
    """What it gives, or nothing when it fails."""
    try:
        return work()
    except Exception as error:
        sys.stderr.write("mock: nofsync is left out: %s: %s\n" % (type(error).__name__, error))
        return None
