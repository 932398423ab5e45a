//! Mounts of a storage: the only ones of mock that may be seen outside its sandboxes.
//!
//! They are made in mock's own mount namespace. As root that is the machine's, so that other
//! programs find the root at its path; as a user it is private, and the kernel drops it with the
//! last process. What a mock that was killed left mounted is found by the next one here.

use std::path::Path;

use nix::mount::{MntFlags, MsFlags, mount, umount2};

use crate::error::{Error, Result};
use crate::fs::{MountEntry, file_id, mount_table};

/// The mount that is exactly at `path`, the topmost if there are several.
pub(crate) fn at(path: &Path) -> Result<Option<MountEntry>> {
    let path = match fs_err::canonicalize(path) {
        Ok(path) => path,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io("resolve", path)(error)),
    };
    let is_there = |mount: &MountEntry| mount.point == path;
    Ok(mount_table()?.into_iter().rfind(is_there))
}

impl MountEntry {
    /// Shows `directory` itself. Told by what is seen: the table has a path on the file system, and
    /// which part of that is where, only other lines of it say, or none.
    pub(crate) fn is_of(&self, directory: &Path) -> bool {
        file_id(directory).is_some_and(|own| file_id(&self.point) == Some(own))
    }

    /// A root of mock's, whichever storage has it.
    fn is_a_root(&self) -> bool {
        let part = self.part.to_string_lossy();
        let tree = part.trim_end_matches("//deleted");
        self.source.starts_with(PREFIX) || (part.contains("/heads/") && tree.ends_with("/tree/fs"))
    }
}

/// How sources of mock's mounts begin in mount tables.
pub(crate) const PREFIX: &str = "mock:";

/// Unmounts other roots of mock's at a root's path: of another store, of another storage, of an
/// earlier configuration. They stay where they are kept.
pub(crate) fn clear_others(path: &Path, is_own: impl Fn(&MountEntry) -> bool) -> Result<()> {
    while let Some(top) = at(path)? {
        if is_own(&top) || !top.is_a_root() {
            return Ok(());
        }
        tracing::warn!(
            "unmounting another root from {}: {}",
            path.display(),
            top.source
        );
        detach(path, true)?;
    }
    Ok(())
}

/// For a root's path at which something else is mounted.
pub(crate) fn foreign(path: &Path, source: &str) -> Error {
    Error::Storage {
        message: format!("something else is mounted on {}: {source}", path.display()),
        hint: Some(format!("unmount it: `umount {}`", path.display())),
        code: 20,
    }
}

/// Shows a directory at another path.
#[expect(
    clippy::disallowed_methods,
    reason = "a storage's mount is meant to be seen"
)]
pub(crate) fn bind(source: &Path, target: &Path) -> Result<()> {
    mount(
        Some(source),
        target,
        None::<&str>,
        MsFlags::MS_BIND,
        None::<&str>,
    )
    .map_err(|errno| Error::io("mount", target)(errno.into()))
}

/// Mounts a file system by the classic call.
#[expect(
    clippy::disallowed_methods,
    reason = "a storage's mount is meant to be seen"
)]
pub(crate) fn attach(
    source: &str,
    target: &Path,
    kind: &str,
    flags: MsFlags,
    options: &str,
) -> nix::Result<()> {
    mount(Some(source), target, Some(kind), flags, Some(options))
}

/// Takes away the topmost mount at `target`. With `lazily`, one that is in use goes when its last
/// user does.
#[expect(
    clippy::disallowed_methods,
    reason = "what a storage mounted, a storage unmounts"
)]
pub(crate) fn detach(target: &Path, lazily: bool) -> Result<()> {
    let flags = if lazily {
        MntFlags::MNT_DETACH
    } else {
        MntFlags::empty()
    };
    umount2(target, flags | MntFlags::UMOUNT_NOFOLLOW)
        .map_err(|errno| Error::io("unmount", target)(errno.into()))
}
