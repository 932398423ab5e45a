//! Removing big trees without waiting: renamed at once, deleted in the background.
//!
//! The rename is what makes a clean atomic: after a crash there is an old root or none, never half
//! of one. What a killed mock left in the trash is deleted by the next that cleans.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;

use crate::error::Result;
use crate::fs::remove_tree;

const PREFIX: &str = ".mock-trash-";

/// Deletions under way; dropping it waits for them.
#[derive(Debug, Default)]
pub(crate) struct Trash {
    workers: Mutex<Vec<JoinHandle<()>>>,
    count: AtomicU32,
}

impl Trash {
    /// Takes `path` away; nothing there is fine.
    pub(crate) fn discard(&self, path: &Path) -> Result<()> {
        match path.parent() {
            Some(directory) => self.discard_into(path, directory),
            None => Ok(()),
        }
    }

    /// The same, by way of a directory of the same file system.
    pub(crate) fn discard_into(&self, path: &Path, directory: &Path) -> Result<()> {
        if path.symlink_metadata().is_err() {
            return Ok(());
        }
        crate::fs::refuse_mounts(path)?;
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let renamed = directory.join(format!("{PREFIX}{}-{number}", std::process::id()));
        remove_tree(&renamed)?;
        match fs_err::rename(path, &renamed) {
            Ok(()) => {}
            // A mount point or a file system's root cannot be renamed, but may be emptied.
            Err(_) => return remove_tree(path),
        }
        self.delete(renamed);
        Ok(())
    }

    /// Deletes what earlier runs left behind in `directory`.
    pub(crate) fn sweep(&self, directory: &Path) {
        let Ok(entries) = fs_err::read_dir(directory) else {
            return;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let owner = name.to_str().and_then(|name| {
                name.strip_prefix(PREFIX)?
                    .split('-')
                    .next()?
                    .parse::<u32>()
                    .ok()
            });
            if owner.is_some_and(|pid| {
                pid != std::process::id() && !Path::new(&format!("/proc/{pid}")).exists()
            }) {
                self.delete(entry.path());
            }
        }
    }

    fn delete(&self, path: PathBuf) {
        let worker = std::thread::spawn(move || {
            if let Err(error) = remove_tree(&path) {
                tracing::warn!("{error}");
            }
        });
        if let Ok(mut workers) = self.workers.lock() {
            workers.push(worker);
        }
    }
}

impl Drop for Trash {
    fn drop(&mut self) {
        if let Ok(workers) = self.workers.get_mut() {
            for worker in workers.drain(..) {
                let _ = worker.join();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn discarded_is_gone_at_once_and_for_good() -> Result<()> {
        let scratch = tempfile::tempdir().map_err(Error::io("make", "scratch"))?;
        let tree = scratch.path().join("tree");
        fs_err::create_dir_all(tree.join("a/b")).map_err(Error::io("make", &tree))?;
        // No process has this number: it is above the kernel's limit.
        let stale = scratch.path().join(format!("{PREFIX}4194305-0"));
        fs_err::create_dir(&stale).map_err(Error::io("make", &stale))?;
        let trash = Trash::default();
        trash.discard(&tree)?;
        assert!(!tree.exists());
        trash.discard(&tree)?;
        trash.sweep(scratch.path());
        drop(trash);
        assert_eq!(
            fs_err::read_dir(scratch.path())
                .map_err(Error::io("list", "scratch"))?
                .count(),
            0
        );
        Ok(())
    }
}
