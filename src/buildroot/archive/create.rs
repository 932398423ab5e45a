//! Writing an archive: the walk over the tree, and a file that appears only when it is whole.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use glob::Pattern;
use nix::fcntl::{AtFlags, OFlag, readlinkat};
use nix::libc::{S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG};
use nix::sys::stat::{FileStat, fstat, fstatat, major, minor};

use super::compress::{Compressor, Format};
use super::member::{Kind, Member, encode_comment, padding};
use super::{Check, tree, xattr};
use crate::buildroot::inside::{Inside, entries};
use crate::error::{Error, Result};
use crate::sandbox::User;

/// What is written, and how.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) format: Format,
    /// Directories that stay empty and other files that are left out: paths from the root.
    pub(crate) exclude: &'a [Pattern],
    /// Said in front of the first member, unless it is empty.
    pub(crate) comment: &'a str,
    /// Files and trees that are left out altogether.
    pub(crate) omit: &'a [String],
    /// Below this directory everything is written as this user's.
    pub(crate) home: Option<(&'a str, User)>,
}

/// What the name of an unfinished archive ends with.
const UNFINISHED: &str = ".part";

/// Between two looks for a signal.
const BUFFER: usize = 1 << 20;

/// Directories with this file hold what can be made again (<https://bford.info/cachedir/>).
const TAG: &str = "CACHEDIR.TAG";
const SIGNATURE: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55";

/// Writes the root into `target`, which is replaced at once when all of it is on the disk.
pub(crate) fn create(
    inside: &Inside,
    target: &Path,
    plan: &Plan<'_>,
    check: Check<'_>,
) -> Result<()> {
    let directory = target.parent().unwrap_or(Path::new("."));
    let file = tempfile::Builder::new()
        .prefix(&unfinished(target))
        .suffix(UNFINISHED)
        .tempfile_in(directory)
        .map_err(Error::io("write", target))?;
    let wrong = || Error::io("write", target);
    write(inside, target, file.as_file(), plan, check)?;
    let mode = PermissionsExt::from_mode(0o644);
    file.as_file().set_permissions(mode).map_err(wrong())?;
    file.as_file().sync_all().map_err(wrong())?;
    check()?;
    file.persist(target).map_err(|error| wrong()(error.error))?;
    Ok(())
}

fn write(
    inside: &Inside,
    target: &Path,
    file: &std::fs::File,
    plan: &Plan<'_>,
    check: Check<'_>,
) -> Result<()> {
    let wrong = || Error::io("write", target);
    let out = Compressor::new(plan.format, file).map_err(wrong())?;
    let out = walk(inside, target, out, plan, check)?;
    out.finish().map_err(wrong())?;
    Ok(())
}

/// Writes the tree to `out`, as an archive that is not compressed.
pub(super) fn walk<O: Write>(
    inside: &Inside,
    target: &Path,
    out: O,
    plan: &Plan<'_>,
    check: Check<'_>,
) -> Result<O> {
    let mut walk = Walk {
        inside,
        target,
        plan,
        check,
        out,
        names: HashMap::new(),
        buffer: vec![0; BUFFER],
        scratch: Vec::new(),
    };
    walk.tree()?;
    Ok(walk.out)
}

/// Removes what killed runs left of archives named `target`. Nobody may be writing one.
pub(crate) fn sweep(target: &Path) {
    let prefix = unfinished(target);
    let Some(Ok(entries)) = target.parent().map(fs_err::read_dir) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let bytes = name.as_bytes();
        if bytes.starts_with(prefix.as_bytes())
            && bytes.ends_with(UNFINISHED.as_bytes())
            && let Err(error) = fs_err::remove_file(entry.path())
        {
            tracing::warn!("{error}");
        }
    }
}

fn unfinished(target: &Path) -> OsString {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(".");
    name
}

struct Walk<'a, O> {
    inside: &'a Inside,
    target: &'a Path,
    plan: &'a Plan<'a>,
    check: Check<'a>,
    out: O,
    /// The first name of each file that has several.
    names: HashMap<(u64, u64), Vec<u8>>,
    buffer: Vec<u8>,
    scratch: Vec<u8>,
}

impl<O: Write> Walk<'_, O> {
    /// Directories are opened by their whole path: their depth costs no descriptors.
    fn tree(&mut self) -> Result<()> {
        if !self.plan.comment.is_empty() {
            self.put(&encode_comment(self.plan.comment))?;
        }
        let mut todo = vec![Vec::new()];
        while let Some(path) = todo.pop() {
            let before = todo.len();
            self.directory(&path, &mut todo)?;
            todo[before..].reverse();
        }
        self.put(&[0; 1024])
    }

    fn directory(&mut self, path: &[u8], todo: &mut Vec<Vec<u8>>) -> Result<()> {
        (self.check)()?;
        let directory = match self
            .inside
            .root()
            .and_then(|root| tree::directory(root.as_fd(), path))
        {
            Ok(directory) => directory,
            Err(nix::Error::EXDEV) => return self.mount_point(path),
            Err(errno) => return Err(self.failed(path)(errno)),
        };
        let stat = fstat(&directory).map_err(self.failed(path))?;
        let mut member = member(path.to_vec(), &stat, Kind::Directory);
        member.xattrs = xattr::read(directory.as_fd(), &mut self.scratch)
            .map_err(|errno| self.failed(path)(nix::Error::from_raw(errno.raw_os_error())))?;
        self.header(&member)?;
        if self.is_excluded(path) {
            return Ok(());
        }
        let listing = directory
            .try_clone()
            .map_err(Error::io("open", tree::shown(self.inside.path(), path)))?;
        let mut names: Vec<OsString> = entries(listing)
            .map_err(self.failed(path))?
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        names.sort();
        if is_cache(&directory) {
            names.retain(|name| name == TAG);
        }
        for name in names {
            self.entry(&directory, path, &name, todo)?;
        }
        Ok(())
    }

    /// Only the directory itself is the root's.
    fn mount_point(&mut self, path: &[u8]) -> Result<()> {
        let (above, name) = tree::split(path);
        let above = self
            .inside
            .root()
            .and_then(|root| tree::directory(root.as_fd(), above))
            .map_err(self.failed(path))?;
        let stat =
            fstatat(&above, name, AtFlags::AT_SYMLINK_NOFOLLOW).map_err(self.failed(path))?;
        self.header(&member(path.to_vec(), &stat, Kind::Directory))
    }

    fn entry(
        &mut self,
        directory: &OwnedFd,
        above: &[u8],
        name: &OsStr,
        todo: &mut Vec<Vec<u8>>,
    ) -> Result<()> {
        let path = tree::join(above, name);
        if self.plan.omit.iter().any(|omit| omit.as_bytes() == path) {
            return Ok(());
        }
        let stat =
            fstatat(directory, name, AtFlags::AT_SYMLINK_NOFOLLOW).map_err(self.failed(&path))?;
        let kind = stat.st_mode & S_IFMT;
        if kind == S_IFDIR {
            todo.push(path);
            return Ok(());
        }
        if self.is_excluded(&path) {
            return Ok(());
        }
        let same = (stat.st_dev, stat.st_ino);
        if let Some(first) = self.names.get(&same) {
            let first = first.clone();
            return self.header(&member(path, &stat, Kind::Hardlink(first)));
        }
        let device = |block| Kind::Device {
            block,
            major: u32::try_from(major(stat.st_rdev)).unwrap_or(0),
            minor: u32::try_from(minor(stat.st_rdev)).unwrap_or(0),
        };
        let kind = match kind {
            S_IFREG => {
                let done = self.file(directory, &path, name)?;
                if !done {
                    return Ok(());
                }
                None
            }
            S_IFLNK => {
                let target = readlinkat(directory, name).map_err(self.failed(&path))?;
                Some(Kind::Symlink(target.as_bytes().to_vec()))
            }
            S_IFIFO => Some(Kind::Fifo),
            S_IFCHR => Some(device(false)),
            S_IFBLK => Some(device(true)),
            // A socket without its process is nothing.
            _ => return Ok(()),
        };
        if let Some(kind) = kind {
            self.header(&member(path.clone(), &stat, kind))?;
        }
        if stat.st_nlink > 1 {
            self.names.insert(same, path);
        }
        Ok(())
    }

    /// Says whether the file is the root's own, and not mounted there.
    fn file(&mut self, directory: &OwnedFd, path: &[u8], name: &OsStr) -> Result<bool> {
        let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        let file = match tree::open(directory.as_fd(), name.as_bytes(), flags) {
            Ok(file) => file,
            Err(nix::Error::EXDEV) => return Ok(false),
            Err(errno) => return Err(self.failed(path)(errno)),
        };
        let stat = fstat(&file).map_err(self.failed(path))?;
        let size = u64::try_from(stat.st_size).unwrap_or(0);
        let mut member = member(path.to_vec(), &stat, Kind::File { size });
        member.xattrs = xattr::read(file.as_fd(), &mut self.scratch)
            .map_err(|errno| self.failed(path)(nix::Error::from_raw(errno.raw_os_error())))?;
        self.header(&member)?;
        self.content(std::fs::File::from(file), path, size)?;
        Ok(true)
    }

    fn content(&mut self, mut file: std::fs::File, path: &[u8], size: u64) -> Result<()> {
        let mut left = size;
        while left > 0 {
            (self.check)()?;
            let most = self
                .buffer
                .len()
                .min(usize::try_from(left).unwrap_or(usize::MAX));
            let shown = || tree::shown(self.inside.path(), path);
            let length = match file.read(&mut self.buffer[..most]) {
                Ok(0) => {
                    let error = std::io::Error::other("it became shorter while it was read");
                    return Err(Error::io("read", shown())(error));
                }
                Ok(length) => length,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Error::io("read", shown())(error)),
            };
            self.out
                .write_all(&self.buffer[..length])
                .map_err(Error::io("write", self.target))?;
            left -= length as u64;
        }
        let zeros = usize::try_from(padding(size)).unwrap_or(0);
        self.put(&[0; 512][..zeros])
    }

    fn header(&mut self, member: &Member) -> Result<()> {
        let mut member = Cow::Borrowed(member);
        if let Some((home, user)) = self.plan.home
            && member
                .path
                .strip_prefix(home.as_bytes())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
        {
            let member = member.to_mut();
            (member.uid, member.gid) = (user.uid, user.gid);
        }
        let header = member.encode().map_err(Error::io("write", self.target))?;
        self.put(&header)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.out
            .write_all(bytes)
            .map_err(Error::io("write", self.target))
    }

    fn is_excluded(&self, path: &[u8]) -> bool {
        let path = String::from_utf8_lossy(path);
        self.plan
            .exclude
            .iter()
            .any(|pattern| pattern.matches(&path))
    }

    fn failed(&self, path: &[u8]) -> impl FnOnce(nix::Error) -> Error + use<O> {
        let shown = tree::shown(self.inside.path(), path);
        move |errno| Error::io("read", shown)(errno.into())
    }
}

fn member(path: Vec<u8>, stat: &FileStat, kind: Kind) -> Member {
    Member {
        path,
        kind,
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        mtime: (
            stat.st_mtime,
            u32::try_from(stat.st_mtime_nsec).unwrap_or(0),
        ),
        xattrs: Vec::new(),
    }
}

fn is_cache(directory: &OwnedFd) -> bool {
    let Ok(tag) = tree::open(
        directory.as_fd(),
        TAG.as_bytes(),
        OFlag::O_RDONLY | OFlag::O_NONBLOCK,
    ) else {
        return false;
    };
    let mut start = [0; SIGNATURE.len()];
    std::fs::File::from(tag).read_exact(&mut start).is_ok() && start == SIGNATURE
}
