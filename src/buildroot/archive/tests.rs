//! Round trips: a nasty tree is written and unpacked, and is the same.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use glob::Pattern;
use nix::sys::stat::{Mode, UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;
use rustix::fs::XattrFlags;

use super::{Fault, Format, Plan, comment, create, sweep, unpack};
use crate::buildroot::inside::Inside;
use crate::error::{Error, Result};
use crate::sandbox::Ids;

pub(super) struct Scratch {
    directory: tempfile::TempDir,
}

impl Scratch {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a scratch directory can be made");
        for name in ["from", "to"] {
            fs_err::create_dir(directory.path().join(name)).expect("it is new");
        }
        Self { directory }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(super) fn archive(&self) -> PathBuf {
        self.path("cache.tar")
    }

    pub(super) fn inside(&self, name: &str) -> Inside {
        Inside::open(&self.path(name), Ids::Host).expect("it is there")
    }

    pub(super) fn create(&self, format: Format, exclude: &[&str]) -> Result<()> {
        let exclude: Vec<Pattern> = exclude
            .iter()
            .map(|text| Pattern::new(text).expect("a pattern"))
            .collect();
        let plan = Plan {
            format,
            exclude: &exclude,
            comment: "made by a test",
            omit: &[],
            home: None,
        };
        create(&self.inside("from"), &self.archive(), &plan, &|| Ok(()))
    }

    pub(super) fn unpack(&self) -> Result<(), Fault> {
        let file = fs_err::File::open(self.archive()).expect("it was written");
        unpack(&self.inside("to"), file, &|| Ok(()))
    }

    fn put(&self, name: impl AsRef<Path>, content: &[u8], mode: u32) -> PathBuf {
        let path = self.path("from").join(name);
        fs_err::write(&path, content).expect("it can be written");
        chmod(&path, mode);
        path
    }

    fn make(&self, name: impl AsRef<Path>, mode: u32) -> PathBuf {
        let path = self.path("from").join(name);
        fs_err::create_dir_all(&path).expect("it can be made");
        chmod(&path, mode);
        path
    }
}

fn chmod(path: &Path, mode: u32) {
    fs_err::set_permissions(path, PermissionsExt::from_mode(mode)).expect("it is our own");
}

fn touch(path: &Path, seconds: i64, nanoseconds: i64) {
    let time = TimeSpec::new(seconds, nanoseconds);
    let flags = UtimensatFlags::NoFollowSymlink;
    utimensat(nix::fcntl::AT_FDCWD, path, &time, &time, flags).expect("it is our own");
}

/// Everything that must be the same, by path.
fn listing(root: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    for entry in walkdir::WalkDir::new(root).sort_by_file_name() {
        let entry = entry.expect("it can be walked");
        let path = entry.path();
        let stat = fs_err::symlink_metadata(path).expect("it is there");
        let content = if stat.is_file() {
            format!("{:?}", fs_err::read(path).expect("it is our own").len())
        } else if stat.is_symlink() {
            format!("{:?}", fs_err::read_link(path).expect("it is a link"))
        } else {
            String::new()
        };
        let mut names = vec![0; 4096];
        let length = rustix::fs::llistxattr(path, names.as_mut_slice()).unwrap_or(0);
        let names = String::from_utf8_lossy(&names[..length]);
        let mut names: Vec<&str> = names.split_terminator('\0').collect();
        names.sort_unstable();
        lines.push(format!(
            "{:?} {:o} {}:{} {}.{} links {} {content} {:?}",
            path.strip_prefix(root).expect("it is below"),
            stat.mode(),
            stat.uid(),
            stat.gid(),
            stat.mtime(),
            stat.mtime_nsec(),
            if stat.is_dir() { 0 } else { stat.nlink() },
            names,
        ));
    }
    lines
}

fn nasty(scratch: &Scratch) {
    let long = "a-directory-of-some-length/".repeat(12) + "end";
    scratch.make(&long, 0o755);
    scratch.put(format!("{long}/{}", "n".repeat(200)), b"deep", 0o600);
    scratch.put("exactly", &[7; 512], 0o644);
    scratch.put("big", &[b'x'; 3_000_001], 0o640);
    // Nobody else may read such a file.
    let closed = if nix::unistd::geteuid().is_root() {
        0
    } else {
        0o400
    };
    scratch.put("empty", b"", closed);
    let setuid = scratch.put("setuid", b"#!", 0o755);
    chmod(&setuid, 0o6755);
    scratch.make("sticky", 0o1777);
    scratch.make("closed", 0o555);
    let odd = scratch.put(OsStr::from_bytes(b"latin-\xe9\n \\"), b"odd", 0o644);
    symlink("nowhere/\u{e9}", scratch.path("from/dangling")).expect("it is new");
    symlink("t".repeat(300), scratch.path("from/longlink")).expect("it is new");
    symlink("/etc/passwd", scratch.path("from/absolute")).expect("it is new");
    for name in ["a-second", "sticky/third"] {
        fs_err::hard_link(&odd, scratch.path("from").join(name)).expect("one file system");
    }
    let fifo = scratch.path("from/fifo");
    nix::unistd::mkfifo(&fifo, Mode::from_bits_truncate(0o620)).expect("it is new");
    let socket = scratch.path("from/socket");
    drop(std::os::unix::net::UnixListener::bind(socket));
    touch(&odd, 1, 123_456_789);
    touch(&scratch.path("from/dangling"), -5, 500_000_000);
    touch(&scratch.path("from/big"), 4_000_000_000, 0);
    touch(&scratch.path("from/sticky"), 1_000_000_000, 0);
    touch(&fifo, 77, 0);
}

/// File systems differ in whether they have users' attributes.
fn has_xattrs(path: &Path) -> bool {
    let value = b"two\nlines\0and = more";
    rustix::fs::setxattr(path, "user.mock.test", value, XattrFlags::empty()).is_ok()
}

#[test]
fn a_nasty_tree_comes_back() -> Result<()> {
    for format in [Format::Zstd, Format::Gzip, Format::Plain] {
        let scratch = Scratch::new();
        nasty(&scratch);
        let xattrs =
            has_xattrs(&scratch.path("from/big")) && has_xattrs(&scratch.path("from/sticky"));
        if nix::unistd::geteuid().is_root() {
            let owned = scratch.path("from/big");
            nix::unistd::chown(&owned, Some(70000.into()), Some(5.into())).expect("root may");
            // cap_dac_override, cap_fowner: a byte of it is a line end.
            let caps = [
                1, 0, 0, 2, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            ];
            let set =
                rustix::fs::setxattr(&owned, "security.capability", &caps, XattrFlags::empty());
            set.expect("root may");
            let device = scratch.path("from/null");
            let kind = nix::sys::stat::SFlag::S_IFCHR;
            let node = nix::sys::stat::makedev(1, 3);
            nix::sys::stat::mknod(&device, kind, Mode::S_IRUSR, node).expect("root may");
        }
        touch(&scratch.path("from"), 1_500_000_000, 42);
        scratch.create(format, &[])?;
        assert!(scratch.unpack().is_ok());
        fs_err::remove_file(scratch.path("from/socket")).map_err(Error::io("remove", "socket"))?;
        touch(&scratch.path("from"), 1_500_000_000, 42);
        assert_eq!(listing(&scratch.path("to")), listing(&scratch.path("from")));
        if xattrs {
            let mut value = [0; 64];
            let file = scratch.path("to/big");
            let length =
                rustix::fs::getxattr(&file, "user.mock.test", &mut value).expect("it was set");
            assert_eq!(&value[..length], b"two\nlines\0and = more");
        }
        let one = fs_err::metadata(scratch.path("to/a-second")).map_err(Error::io("read", "to"))?;
        let two =
            fs_err::metadata(scratch.path("to/sticky/third")).map_err(Error::io("read", "to"))?;
        assert_eq!((one.ino(), one.nlink()), (two.ino(), 3));
        assert!(matches!(comment(&scratch.archive()), Ok(Some(text)) if text == "made by a test"));
    }
    Ok(())
}

#[test]
fn what_is_left_out_leaves_its_directory() -> Result<()> {
    let scratch = Scratch::new();
    scratch.make("var/log/deep", 0o755);
    scratch.make("var/log", 0o750);
    scratch.make("var/logs", 0o755);
    scratch.put("var/log/one", b"1", 0o644);
    scratch.put("var/logs/two", b"2", 0o644);
    scratch.put("var/x.tmp", b"3", 0o644);
    scratch.make("cache/below", 0o755);
    let tag = "Signature: 8a477f597d28d172789f06886806bc55\n# more";
    scratch.put("cache/CACHEDIR.TAG", tag.as_bytes(), 0o644);
    scratch.put("cache/large", b"4", 0o644);
    scratch.make("nocache", 0o755);
    scratch.put("nocache/CACHEDIR.TAG", b"Signature: none", 0o644);
    scratch.put("nocache/kept", b"5", 0o644);
    scratch.create(Format::Zstd, &["var/log", "var/*.tmp", "not/there"])?;
    assert!(scratch.unpack().is_ok());
    let paths: Vec<PathBuf> = walkdir::WalkDir::new(scratch.path("to"))
        .sort_by_file_name()
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            Some(
                entry
                    .path()
                    .strip_prefix(scratch.path("to"))
                    .ok()?
                    .to_owned(),
            )
        })
        .collect();
    let expected = [
        "",
        "cache",
        "cache/CACHEDIR.TAG",
        "nocache",
        "nocache/CACHEDIR.TAG",
        "nocache/kept",
        "var",
        "var/log",
        "var/logs",
        "var/logs/two",
    ];
    assert_eq!(paths, expected.map(PathBuf::from));
    let log = fs_err::metadata(scratch.path("to/var/log")).map_err(Error::io("read", "log"))?;
    assert_eq!(log.mode() & 0o7777, 0o750);
    Ok(())
}

/// tar's `--numeric-owner`, which other programs' archives come with.
#[test]
fn archives_of_tar_are_read_and_read_by_it() -> Result<()> {
    let run = |line: &str| {
        let mut words = vec![
            "-c",
            "command -v tar gzip >/dev/null || exit 0; exec 2>&1; eval \"$0\"",
        ];
        words.push(line);
        #[expect(clippy::disallowed_methods, reason = "tests start programs directly")]
        let output = std::process::Command::new("/bin/sh").args(words).output();
        let output = output.expect("there is a shell");
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
        )
    };
    for (compress, format) in [("z", Format::Gzip), ("", Format::Plain)] {
        for tar_format in ["gnu", "posix"] {
            let scratch = Scratch::new();
            nasty(&scratch);
            let archive = scratch.archive();
            let (from, archive) = (scratch.path("from"), archive.display());
            let line = format!(
                "tar -C {} --format={tar_format} -c{compress}f {archive} .",
                from.display()
            );
            let (worked, output) = run(&line);
            assert!(worked, "{output}");
            if !scratch.archive().exists() {
                return Ok(());
            }
            assert!(matches!(comment(&scratch.archive()), Ok(None)));
            let unpacked = scratch.unpack();
            assert!(unpacked.is_ok(), "{unpacked:?}");
            let _ = fs_err::remove_file(scratch.path("from/socket"));
            // Plain GNU archives have whole seconds only.
            let whole = |path: &Path| -> Vec<String> {
                let lines = listing(path).into_iter();
                lines
                    .map(|line| match (tar_format, line.find('.')) {
                        ("gnu", Some(dot)) => line[..dot].to_owned(),
                        _ => line,
                    })
                    .filter(|line| !line.starts_with("\"\""))
                    .collect()
            };
            let expected: Vec<String> = whole(&from);
            let found = whole(&scratch.path("to"));
            // Times before 1970 do not round alike.
            let odd = |line: &&String| !line.starts_with("\"dangling\"");
            assert_eq!(
                found.iter().filter(odd).collect::<Vec<_>>(),
                expected.iter().filter(odd).collect::<Vec<_>>()
            );
            scratch.create(format, &[])?;
            let (worked, output) = run(&format!("tar -t{compress}f {archive} | wc -l"));
            assert!(worked && !output.contains("tar:"), "{output}");
        }
    }
    Ok(())
}

#[test]
fn what_was_not_finished_is_not_there() -> Result<()> {
    let scratch = Scratch::new();
    scratch.put("file", &[1; 100_000], 0o644);
    let count = std::cell::Cell::new(0);
    let interrupted = || {
        count.set(count.get() + 1);
        if count.get() > 1 {
            return Err(Error::Interrupted { signal: 15 });
        }
        Ok(())
    };
    let plan = Plan {
        format: Format::Zstd,
        exclude: &[],
        comment: "",
        omit: &[],
        home: None,
    };
    let inside = scratch.inside("from");
    assert!(create(&inside, &scratch.archive(), &plan, &interrupted).is_err());
    let left = || {
        let entries = fs_err::read_dir(scratch.path("")).expect("it is there");
        entries.flatten().count()
    };
    assert_eq!(left(), 2);
    // What a killed one leaves is removed by the next, and nothing else.
    for name in [".cache.tar.abcdef.part", ".cache.tar.gz", "cache.tar.part"] {
        fs_err::write(scratch.path(name), "").map_err(Error::io("write", name))?;
    }
    sweep(&scratch.archive());
    assert_eq!(left(), 4);
    Ok(())
}
