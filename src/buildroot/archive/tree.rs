//! Reaching what is in a root: beneath its directory, through no link, across no mount.

use std::ffi::OsStr;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};

/// Opens `path`, which must be reached without leaving `root`'s own file tree.
pub(super) fn open(root: BorrowedFd<'_>, path: &[u8], flags: OFlag) -> nix::Result<OwnedFd> {
    let how = OpenHow::new()
        .flags(flags | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW)
        .resolve(
            ResolveFlag::RESOLVE_BENEATH
                | ResolveFlag::RESOLVE_NO_SYMLINKS
                | ResolveFlag::RESOLVE_NO_XDEV,
        );
    openat2(root, as_path(path), how)
}

/// The same, but a link is followed as a program in the root would.
pub(super) fn open_within(root: BorrowedFd<'_>, path: &[u8], flags: OFlag) -> nix::Result<OwnedFd> {
    let how = OpenHow::new().flags(flags | OFlag::O_CLOEXEC).resolve(
        ResolveFlag::RESOLVE_IN_ROOT
            | ResolveFlag::RESOLVE_NO_MAGICLINKS
            | ResolveFlag::RESOLVE_NO_XDEV,
    );
    openat2(root, as_path(path), how)
}

/// The same for a directory.
pub(super) fn directory(root: BorrowedFd<'_>, path: &[u8]) -> nix::Result<OwnedFd> {
    open(root, path, OFlag::O_RDONLY | OFlag::O_DIRECTORY)
}

/// The root itself has an empty path.
pub(super) fn as_path(path: &[u8]) -> &Path {
    if path.is_empty() {
        Path::new(".")
    } else {
        Path::new(OsStr::from_bytes(path))
    }
}

/// Directory and last component.
pub(super) fn split(path: &[u8]) -> (&[u8], &OsStr) {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (&path[..slash], OsStr::from_bytes(&path[slash + 1..])),
        None => (b"", OsStr::from_bytes(path)),
    }
}

pub(super) fn join(directory: &[u8], name: &OsStr) -> Vec<u8> {
    if directory.is_empty() {
        name.as_bytes().to_vec()
    } else {
        [directory, name.as_bytes()].join(&b'/')
    }
}

/// For messages.
pub(super) fn shown(root: &Path, path: &[u8]) -> std::path::PathBuf {
    root.join(OsStr::from_bytes(path))
}
