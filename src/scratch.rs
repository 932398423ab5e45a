//! Private directories of the caller's for the time of a run: downloads and checkouts.
//!
//! They are made as the caller, in `$TMPDIR` or `/var/tmp` (`/tmp` is often memory), and nobody else
//! can look into them. One is removed when it is dropped. What a killed mock left is known by a lock
//! that nobody holds any more, and removed by the next one.

use std::fs::{Metadata, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::fs::remove_tree;
use crate::host::Host;
use crate::identity::Identity;

/// How their names begin.
const PREFIX: &str = "mock-scratch-";

/// What is removed together with it: a directory is renamed to nothing else.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
    identity: Identity,
    /// Held as long as somebody works here.
    _lock: fs_err::File,
}

impl Scratch {
    /// Makes one whose name ends with `purpose`.
    pub(crate) fn new(host: &Host, identity: &Identity, purpose: &str) -> Result<Self> {
        let parent = parent(host);
        identity.as_caller(|| {
            sweep(&parent);
            loop {
                let directory = tempfile::Builder::new()
                    .prefix(PREFIX)
                    .suffix(&format!(".{purpose}"))
                    .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700))
                    .tempdir_in(&parent)
                    .map_err(Error::io("make a directory in", &parent))?;
                // Another mock may take it for one that was left, until it is locked.
                if let Some(lock) = lock(directory.path())? {
                    return Ok(Self {
                        path: directory.keep(),
                        identity: identity.clone(),
                        _lock: lock,
                    });
                }
            }
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = self.identity.as_caller(|| remove_tree(&self.path)) {
            tracing::warn!("{error}");
        }
    }
}

fn parent(host: &Host) -> PathBuf {
    let chosen = host.env("TMPDIR").map(PathBuf::from);
    chosen
        .filter(|path| path.is_absolute())
        .unwrap_or_else(|| PathBuf::from("/var/tmp"))
}

/// The lock of a directory that is still there, unless somebody has it.
fn lock(path: &Path) -> Result<Option<fs_err::File>> {
    let file = match fs_err::File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(Error::io("open", path))?,
    };
    match file.file().try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(Error::io("lock", path)(error)),
    }
    let ino = |found: std::io::Result<Metadata>| found.ok().map(|found| found.ino());
    let is_there = ino(path.symlink_metadata()) == ino(file.metadata());
    Ok(is_there.then_some(file))
}

/// Removes those of this user that nobody works in. Of others' there is nothing to remove: they can
/// be neither opened nor changed.
fn sweep(parent: &Path) {
    let Ok(entries) = fs_err::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let is_one = entry.file_name().to_string_lossy().starts_with(PREFIX)
            && entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_one
            && let Ok(Some(_lock)) = lock(&entry.path())
            && let Err(error) = remove_tree(&entry.path())
        {
            tracing::debug!("{error}");
        }
    }
}
