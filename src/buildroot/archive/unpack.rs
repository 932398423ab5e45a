//! Unpacking an archive into an empty root.
//!
//! The archive is not trusted: each name is resolved beneath the root and through no link, what is
//! in the way is replaced and never written through. Directories get owner, mode and time at the
//! end, when nothing more is put into them.
//!
//! A layer of an image (`layer.rs`) is laid over what is there by the same code: then what is in the
//! way may be a whole tree, and a link of a lower layer is followed, within the root.

use std::ffi::OsStr;
use std::io::{BufRead, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{
    FchmodatFlags, Mode, SFlag, UtimensatFlags, fchmod, fchmodat, futimens, makedev, mkdirat,
    mknodat, utimensat,
};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchown, fchownat, linkat, symlinkat, unlinkat};

use super::layer::{self, Layer};
use super::member::{Kind, Member};
use super::reader::Members;
use super::stream::Stream;
use super::{Check, Fault, compress, tree, xattr};
use crate::buildroot::inside::Inside;
use crate::error::Error;
use crate::fs::remove::remove_at;

/// Unpacks `archive` into the root, which is empty. After an error something may be there.
pub(crate) fn unpack(
    inside: &Inside,
    archive: fs_err::File,
    check: Check<'_>,
) -> Result<(), Fault> {
    let source = compress::source(archive.into_file())?;
    run(inside, source, None, check)
}

/// Unpacks all members of `source`, by itself or as a layer.
pub(super) fn run(
    inside: &Inside,
    source: Box<dyn Read + Send>,
    layer: Option<Layer>,
    check: Check<'_>,
) -> Result<(), Fault> {
    std::thread::scope(|scope| {
        let mut members = Members::new(Stream::start(scope, source));
        let mut target = Target {
            inside,
            check,
            parent: None,
            directories: Vec::new(),
            layer,
        };
        while let Some(member) = members.next()? {
            check()?;
            if !target.mind(&member)? {
                target.put(member, &mut members)?;
            }
        }
        members.finish()?;
        target.finish()
    })
}

pub(super) struct Target<'a> {
    pub(super) inside: &'a Inside,
    check: Check<'a>,
    /// The directory of the last member: the next one is mostly beside it.
    pub(super) parent: Option<(Vec<u8>, OwnedFd)>,
    directories: Vec<Member>,
    /// The archive is a layer over what is there.
    pub(super) layer: Option<Layer>,
}

impl Target<'_> {
    fn put<R: BufRead>(&mut self, member: Member, content: &mut Members<R>) -> Result<(), Fault> {
        if member.path.is_empty() {
            if member.kind != Kind::Directory {
                return Err(Fault::Archive("its root is no directory".to_owned()));
            }
            self.directories.push(member);
            return Ok(());
        }
        let (above, name) = tree::split(&member.path);
        let path = member.path.as_slice();
        self.enter(above)
            .map_err(|errno| self.failed(path, errno))?;
        let Some((_, parent)) = &self.parent else {
            return Ok(());
        };
        match &member.kind {
            Kind::Directory => match self.directory(parent, name) {
                Ok(()) => self.directories.push(member),
                Err(errno) => return Err(self.failed(path, errno)),
            },
            Kind::File { .. } => self.file(parent, name, &member, content)?,
            Kind::Hardlink(first) => {
                let (above, target) = tree::split(first);
                let made = self.open_parent(above).and_then(|from| {
                    self.replacing(parent, name, || {
                        linkat(&from, target, parent, name, AtFlags::empty())
                    })
                });
                made.map_err(|errno| self.failed(path, errno))?;
            }
            Kind::Symlink(_) | Kind::Fifo | Kind::Device { .. } => {
                self.special(parent, name, &member)
                    .map_err(|errno| self.failed(path, errno))?;
            }
        }
        Ok(())
    }

    pub(super) fn open_parent(&self, path: &[u8]) -> nix::Result<OwnedFd> {
        let (root, flags) = (self.inside.root()?, OFlag::O_PATH | OFlag::O_DIRECTORY);
        match self.layer {
            None => tree::open(root.as_fd(), path, flags),
            Some(_) => tree::open_within(root.as_fd(), path, flags),
        }
    }

    fn directory(&self, parent: &OwnedFd, name: &OsStr) -> nix::Result<()> {
        match mkdirat(parent, name, Mode::S_IRWXU) {
            // A layer's directory is laid over another, and replaces anything else.
            Err(nix::Error::EEXIST)
                if self.layer.is_some() && !layer::is_directory(parent, name)? =>
            {
                self.replacing(parent, name, || mkdirat(parent, name, Mode::S_IRWXU))
            }
            Ok(()) | Err(nix::Error::EEXIST) => Ok(()),
            Err(errno) => Err(errno),
        }
    }

    /// Of several members of one name the last stays.
    fn replacing<T>(
        &self,
        parent: &OwnedFd,
        name: &OsStr,
        make: impl Fn() -> nix::Result<T>,
    ) -> nix::Result<T> {
        match make() {
            Err(nix::Error::EEXIST) => {
                match self.layer {
                    None => unlinkat(parent, name, UnlinkatFlags::NoRemoveDir)?,
                    Some(_) => remove_at(&layer::readable(parent)?, name)?,
                }
                make()
            }
            done => done,
        }
    }

    /// Makes `path` the current directory, and makes it where the archive does not have it.
    fn enter(&mut self, path: &[u8]) -> nix::Result<()> {
        if matches!(&self.parent, Some((current, _)) if current == path) {
            return Ok(());
        }
        let opened = match self.open_parent(path) {
            Err(nix::Error::ENOENT) => {
                let (above, name) = tree::split(path);
                self.enter(above)?;
                if let Some((_, parent)) = &self.parent {
                    mkdirat(parent, name, Mode::from_bits_truncate(0o755))?;
                }
                self.open_parent(path)
            }
            opened => opened,
        };
        self.parent = Some((path.to_vec(), opened?));
        Ok(())
    }

    fn file<R: BufRead>(
        &self,
        parent: &OwnedFd,
        name: &OsStr,
        member: &Member,
        content: &mut Members<R>,
    ) -> Result<(), Fault> {
        let flags =
            OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_WRONLY | OFlag::O_CLOEXEC;
        let private = Mode::S_IRUSR | Mode::S_IWUSR;
        let file = self
            .replacing(parent, name, || openat(parent, name, flags, private))
            .map_err(|errno| self.failed(&member.path, errno))?;
        let mut file = std::fs::File::from(file);
        let mut left = match member.kind {
            Kind::File { size } => size,
            _ => 0,
        };
        while left > 0 {
            (self.check)()?;
            let piece = content.piece()?;
            let length = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            if let Err(error) = file.write_all(&piece[..length]) {
                let shown = tree::shown(self.inside.path(), &member.path);
                return Err(Error::io("write", shown)(error).into());
            }
            content.consume(length);
            left -= length as u64;
        }
        self.dress(&file.into(), member)
            .map_err(|errno| self.failed(&member.path, errno))
    }

    /// Owner first: a change of it takes capabilities and setuid bits away.
    fn dress(&self, file: &OwnedFd, member: &Member) -> nix::Result<()> {
        if self.inside.has_owners() {
            let (uid, gid) = owner(member);
            fchown(file, uid, gid)?;
        }
        xattr::write(file.as_fd(), &member.xattrs)
            .map_err(|errno| nix::Error::from_raw(errno.raw_os_error()))?;
        fchmod(file, Mode::from_bits_truncate(member.mode))?;
        futimens(file, &TimeSpec::UTIME_OMIT, &time(member))
    }

    fn special(&self, parent: &OwnedFd, name: &OsStr, member: &Member) -> nix::Result<()> {
        let none = Mode::empty();
        match &member.kind {
            Kind::Symlink(target) => {
                let target = OsStr::from_bytes(target);
                self.replacing(parent, name, || symlinkat(target, parent, name))?;
            }
            Kind::Fifo => {
                self.replacing(parent, name, || {
                    mknodat(parent, name, SFlag::S_IFIFO, none, 0)
                })?;
            }
            Kind::Device {
                block,
                major,
                minor,
            } => {
                // Those of an image could be of any disk, and builds get their own.
                if !self.inside.has_devices() || self.layer.is_some() {
                    let shown = tree::shown(self.inside.path(), &member.path);
                    tracing::debug!("{}: no device node is made", shown.display());
                    return Ok(());
                }
                let kind = if *block {
                    SFlag::S_IFBLK
                } else {
                    SFlag::S_IFCHR
                };
                let device = makedev((*major).into(), (*minor).into());
                self.replacing(parent, name, || mknodat(parent, name, kind, none, device))?;
            }
            Kind::File { .. } | Kind::Directory | Kind::Hardlink(_) => return Ok(()),
        }
        if self.inside.has_owners() {
            let (uid, gid) = owner(member);
            fchownat(parent, name, uid, gid, AtFlags::AT_SYMLINK_NOFOLLOW)?;
        }
        if !matches!(member.kind, Kind::Symlink(_)) {
            let mode = Mode::from_bits_truncate(member.mode);
            fchmodat(parent, name, mode, FchmodatFlags::FollowSymlink)?;
        }
        let (omit, time) = (TimeSpec::UTIME_OMIT, time(member));
        utimensat(parent, name, &omit, &time, UtimensatFlags::NoFollowSymlink)
    }

    /// Backwards: what is below a directory comes before it.
    fn finish(&mut self) -> Result<(), Fault> {
        for member in self.directories.iter().rev() {
            (self.check)()?;
            let done = self
                .open_made(&member.path)
                .and_then(|directory| self.dress(&directory, member));
            match done {
                // A later member of the layer took its place.
                Err(nix::Error::ENOENT | nix::Error::ENOTDIR | nix::Error::ELOOP)
                    if self.layer.is_some() => {}
                done => done.map_err(|errno| self.failed(&member.path, errno))?,
            }
        }
        Ok(())
    }

    /// A directory that this archive has a member for.
    fn open_made(&self, path: &[u8]) -> nix::Result<OwnedFd> {
        if self.layer.is_none() || path.is_empty() {
            return tree::directory(self.inside.root()?.as_fd(), path);
        }
        let (above, name) = tree::split(path);
        let parent = self.open_parent(above)?;
        tree::directory(parent.as_fd(), name.as_bytes())
    }

    /// Whose fault it is.
    pub(super) fn failed(&self, path: &[u8], errno: nix::Error) -> Fault {
        use nix::errno::Errno::{
            EEXIST, EINVAL, EISDIR, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, EPERM, EXDEV,
        };
        match errno {
            EEXIST | EINVAL | EISDIR | ELOOP | ENAMETOOLONG | ENOENT | ENOTDIR | EPERM | EXDEV => {
                Fault::Archive(format!(
                    "cannot unpack {}: {}",
                    String::from_utf8_lossy(path),
                    errno.desc()
                ))
            }
            other => {
                let shown = tree::shown(self.inside.path(), path);
                Error::io("write", shown)(other.into()).into()
            }
        }
    }
}

fn owner(member: &Member) -> (Option<Uid>, Option<Gid>) {
    (
        Some(Uid::from_raw(member.uid)),
        Some(Gid::from_raw(member.gid)),
    )
}

fn time(member: &Member) -> TimeSpec {
    TimeSpec::new(member.mtime.0, i64::from(member.mtime.1))
}
