//! Removing file trees: by descriptor, never through a link, never across a mount.
//!
//! A tree that a build left may hold a million files in one directory, directories a thousand deep,
//! and files that were made immutable. Names are read and removed in a stream, what lies too deep
//! is first moved up, and the kernel refuses to enter another mount (openat2(2), RESOLVE_NO_XDEV),
//! so that not even one made meanwhile is emptied.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;

use nix::dir::{Dir, Type};
use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, openat2, renameat};
use nix::sys::stat::{Mode, SFlag, fstatat};
use nix::unistd::UnlinkatFlags::{NoRemoveDir, RemoveDir};
use nix::unistd::unlinkat;
use rustix::fs::IFlags;

use super::refuse_mounts;
use crate::error::{Error, Result};

/// Each level costs an open descriptor.
const DEEPEST: usize = 128;

/// A directory can refuse to become empty only while somebody fills it.
const PASSES: usize = 16;

/// How trees are called that have been thrown away (`buildroot/trash.rs`).
pub(crate) const TRASH: &str = ".mock-trash-";

/// The hidden verb: deletes what was thrown away, and nothing else.
pub(crate) fn sweep(paths: &[OsString]) -> ExitCode {
    for path in paths.iter().map(Path::new) {
        let name = path.file_name().and_then(|name| name.to_str());
        if name.is_some_and(|name| name.starts_with(TRASH)) {
            let _ = remove_tree(path);
        }
    }
    ExitCode::SUCCESS
}

/// Removes a file tree; nothing there is fine. Refuses while something is mounted at it or below,
/// since that would delete another file system's content. Symbolic links are removed, not followed.
pub(crate) fn remove_tree(path: &Path) -> Result<()> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(Error::io("remove", path)(nix::Error::EINVAL.into()));
    };
    let parent = if parent.as_os_str().is_empty() {
        Path::new(".")
    } else {
        parent
    };
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let opened = nix::fcntl::open(parent, flags, Mode::empty());
    let removed = opened.and_then(|parent| {
        if is_directory(&parent, name)? {
            Ok(Some(parent))
        } else {
            unlink(&parent, name).map(|()| None)
        }
    });
    let done = match removed {
        Ok(None) | Err(nix::Error::ENOENT) => return Ok(()),
        Ok(Some(parent)) => {
            refuse_mounts(path)?;
            remove_at(&parent, name)
        }
        Err(errno) => Err(errno),
    };
    done.map_err(|errno| Error::io("remove", path)(errno.into()))
}

/// Removes `name` and all below it from an open directory. `EXDEV`: something is mounted there.
pub(crate) fn remove_at(parent: &OwnedFd, name: &OsStr) -> nix::Result<()> {
    if !is_directory(parent, name)? {
        return unlink(parent, name);
    }
    let mut moved = Moved {
        top: open(parent, name)?,
        waiting: Vec::new(),
        count: 0,
    };
    let top = open(parent, name)?;
    empty(&top, 1, &mut moved)?;
    while let Some(name) = moved.waiting.pop() {
        empty(&open(&top, &name)?, 1, &mut moved)?;
        remove_directory(&top, &name)?;
    }
    remove_directory(parent, name)
}

/// What lay too deep and was moved to the top.
struct Moved {
    top: OwnedFd,
    waiting: Vec<OsString>,
    count: usize,
}

impl Moved {
    fn take(&mut self, directory: &OwnedFd, name: &OsStr) -> nix::Result<()> {
        loop {
            let new = OsString::from(format!(".mock-deep-{}", self.count));
            self.count += 1;
            match renameat(directory, name, &self.top, new.as_os_str()) {
                Ok(()) => self.waiting.push(new),
                // Left by somebody who did not get to the end.
                Err(nix::Error::EEXIST | nix::Error::ENOTEMPTY) => continue,
                Err(errno) => return Err(errno),
            }
            return Ok(());
        }
    }
}

/// Removes everything in `directory` but what was moved there.
fn empty(directory: &OwnedFd, level: usize, moved: &mut Moved) -> nix::Result<()> {
    for _ in 0..PASSES {
        let mut found = false;
        let again = directory.try_clone().map_err(|_| nix::Error::EMFILE)?;
        let mut listing = Dir::from_fd(again)?;
        for entry in listing.iter() {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name == "."
                || name == ".."
                || (level == 1 && moved.waiting.iter().any(|n| n == name))
            {
                continue;
            }
            found = true;
            let is_directory = match entry.file_type() {
                Some(kind) => kind == Type::Directory,
                // Some file systems do not say.
                None => is_directory(directory, name)?,
            };
            if !is_directory {
                unlink(directory, name)?;
            } else if level < DEEPEST {
                match open(directory, name) {
                    Ok(below) => empty(&below, level + 1, moved)?,
                    // Somebody else removes the same.
                    Err(nix::Error::ENOENT) => continue,
                    Err(errno) => return Err(errno),
                }
                remove_directory(directory, name)?;
            } else {
                moved.take(directory, name)?;
            }
        }
        if !found {
            return Ok(());
        }
    }
    Ok(())
}

fn open(parent: &OwnedFd, name: &OsStr) -> nix::Result<OwnedFd> {
    let how = OpenHow::new()
        .flags(OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC)
        .resolve(ResolveFlag::RESOLVE_NO_XDEV | ResolveFlag::RESOLVE_BENEATH);
    openat2(parent.as_fd(), name, how)
}

fn is_directory(parent: &OwnedFd, name: &OsStr) -> nix::Result<bool> {
    let stat = fstatat(parent.as_fd(), name, AtFlags::AT_SYMLINK_NOFOLLOW)?;
    Ok(stat.st_mode & SFlag::S_IFMT.bits() == SFlag::S_IFDIR.bits())
}

fn unlink(parent: &OwnedFd, name: &OsStr) -> nix::Result<()> {
    match unlinkat(parent.as_fd(), name, NoRemoveDir) {
        Err(nix::Error::EPERM) => {
            make_mutable(parent, name);
            unlinkat(parent.as_fd(), name, NoRemoveDir)
        }
        Err(nix::Error::ENOENT) => Ok(()),
        done => done,
    }
}

fn remove_directory(parent: &OwnedFd, name: &OsStr) -> nix::Result<()> {
    match unlinkat(parent.as_fd(), name, RemoveDir) {
        Err(nix::Error::EPERM) => {
            make_mutable(parent, name);
            unlinkat(parent.as_fd(), name, RemoveDir)
        }
        Err(nix::Error::ENOENT) => Ok(()),
        done => done,
    }
}

/// `chattr -i -a` on a file and the directory it is in, as far as that can be had.
fn make_mutable(parent: &OwnedFd, name: &OsStr) {
    let how = OpenHow::new()
        .flags(OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC)
        .resolve(ResolveFlag::RESOLVE_NO_XDEV | ResolveFlag::RESOLVE_BENEATH);
    let file = openat2(parent.as_fd(), name, how).ok();
    let directory = openat2(parent.as_fd(), ".", how).ok();
    for fd in [file, directory].into_iter().flatten() {
        if let Ok(flags) = rustix::fs::ioctl_getflags(&fd) {
            let kept = flags - IFlags::IMMUTABLE - IFlags::APPEND;
            let _ = rustix::fs::ioctl_setflags(&fd, kept);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_goes_and_links_are_not_followed() -> Result<()> {
        let scratch = tempfile::tempdir().map_err(Error::io("make", "scratch"))?;
        let outside = scratch.path().join("outside");
        let tree = scratch.path().join("tree");
        for directory in [&outside, &tree] {
            fs_err::create_dir(directory).map_err(Error::io("make", directory))?;
        }
        crate::fs::replace(&outside.join("kept"), b"x")?;
        fs_err::os::unix::fs::symlink(&outside, tree.join("link"))
            .map_err(Error::io("make", "link"))?;
        remove_tree(&tree)?;
        remove_tree(&tree)?;
        remove_tree(&scratch.path().join("not/there"))?;
        assert!(!tree.exists());
        assert!(outside.join("kept").exists());
        Ok(())
    }

    #[test]
    fn what_another_left_of_its_own_names_goes() -> Result<()> {
        let scratch = tempfile::tempdir().map_err(Error::io("make", "scratch"))?;
        let tree = scratch.path().join("tree");
        let deep: std::path::PathBuf = std::iter::repeat_n("a", 200).collect();
        for path in [tree.join(".mock-deep-0/full"), tree.join(deep)] {
            fs_err::create_dir_all(&path).map_err(Error::io("make", path))?;
        }
        remove_tree(&tree)?;
        assert!(!tree.exists());
        Ok(())
    }

    #[test]
    fn directories_deeper_than_a_path_can_be_go() -> Result<()> {
        let scratch = tempfile::tempdir().map_err(Error::io("make", "scratch"))?;
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let top = nix::fcntl::open(scratch.path(), flags, Mode::empty()).expect("it is there");
        let mut here = top.try_clone().expect("a descriptor");
        for level in 0..3000 {
            let name = if level == 0 {
                "tree"
            } else {
                "a-rather-long-name"
            };
            nix::sys::stat::mkdirat(&here, name, Mode::S_IRWXU).expect("a directory");
            nix::sys::stat::mkdirat(&here, "beside", Mode::S_IRWXU).expect("a directory");
            here = nix::fcntl::openat(&here, name, flags, Mode::empty()).expect("it is there");
        }
        remove_tree(&scratch.path().join("tree"))?;
        assert!(!scratch.path().join("tree").exists());
        Ok(())
    }
}
