//! Removing big trees without waiting: renamed at once, deleted in the background.
//!
//! The rename is what makes a clean atomic: after a crash there is an old root or none, never half
//! of one. A thread deletes while mock does its work; what is left when that is over is deleted by a
//! process of its own, so that nobody waits for it. What a killed one left in the trash is deleted
//! by the next mock.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::error::Result;
use crate::fs::remove::TRASH;
use crate::fs::remove_tree;
use crate::sandbox::child;

/// What is deleted sooner than this needs no process of its own.
const SOON: Duration = Duration::from_millis(10);

/// Deletions under way; when it is dropped they go on elsewhere.
#[derive(Debug, Default)]
pub(crate) struct Trash {
    workers: Mutex<Vec<Worker>>,
    count: AtomicU32,
}

/// How the names of directories begin that this process removes itself before it ends. When it is
/// killed before, they are trash.
pub(crate) fn scratch_prefix() -> String {
    format!("{TRASH}{}-", std::process::id())
}

#[derive(Debug)]
struct Worker {
    path: PathBuf,
    thread: JoinHandle<()>,
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
        let renamed = directory.join(format!("{TRASH}{}-{number}", std::process::id()));
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
                name.strip_prefix(TRASH)?
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
        let target = path.clone();
        let thread = std::thread::spawn(move || {
            if let Err(error) = remove_tree(&target) {
                tracing::warn!("{error}");
            }
        });
        if let Ok(mut workers) = self.workers.lock() {
            workers.push(Worker { path, thread });
        }
    }

    /// Waits until everything is deleted: who scrubs wants the space.
    pub(crate) fn finish(&self) {
        if let Ok(mut workers) = self.workers.lock() {
            for worker in workers.drain(..) {
                let _ = worker.thread.join();
            }
        }
    }
}

impl Drop for Trash {
    fn drop(&mut self) {
        let until = Instant::now() + SOON;
        let under_way = |trash: &Self| -> Vec<PathBuf> {
            let workers = trash.workers.lock();
            workers.map_or_else(
                |_| Vec::new(),
                |workers| {
                    let unfinished = workers.iter().filter(|worker| !worker.thread.is_finished());
                    unfinished.map(|worker| worker.path.clone()).collect()
                },
            )
        };
        let mut left = under_way(self);
        while !left.is_empty() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
            left = under_way(self);
        }
        if !left.is_empty() && !child::outlive(child::SWEEP, &left) {
            self.finish();
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
        for stale in ["4194305-0", "4194305-x7Yz2A"] {
            let stale = scratch.path().join(format!("{TRASH}{stale}"));
            fs_err::create_dir(&stale).map_err(Error::io("make", &stale))?;
        }
        let trash = Trash::default();
        trash.discard(&tree)?;
        assert!(!tree.exists());
        trash.discard(&tree)?;
        trash.sweep(scratch.path());
        trash.finish();
        assert_eq!(
            fs_err::read_dir(scratch.path())
                .map_err(Error::io("list", "scratch"))?
                .count(),
            0
        );
        Ok(())
    }
}
