//! The lock of a build root: exclusive while it is made or removed, shared while it is used.
//!
//! flock(2) on `buildroot.lock`. Removing a root removes the lock file too, so a lock counts only
//! when the file it was taken on is still the one that has the name.

use std::fs::TryLockError;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fs_err::os::unix::fs::OpenOptionsExt;
use nix::libc;

use crate::error::{Error, Result};
use crate::fs::planted::refuse_link;
use crate::run::Runner;

/// How often a wait looks again; flock cannot be waited for together with signals.
const AGAIN: Duration = Duration::from_millis(20);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Shared,
    Exclusive,
}

/// A root that is only being looked at is free again sooner than this.
const WORTH_SAYING: Duration = Duration::from_millis(500);

/// Held until dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    file: fs_err::File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock at once, or says `None` when somebody else has it.
    pub(crate) fn try_take(path: &Path, mode: Mode) -> Result<Option<Self>> {
        loop {
            refuse_link(path, &[])?;
            let file = fs_err::File::options()
                .create(true)
                .append(true)
                // A link would make a file elsewhere, a pipe would be waited for.
                .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
                .open(path)
                .map_err(Error::io("open", path))?;
            let taken = match mode {
                Mode::Shared => file.file().try_lock_shared(),
                Mode::Exclusive => file.file().try_lock(),
            };
            match taken {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(Error::io("lock", path)(error)),
            }
            let current = fs_err::metadata(path).ok().map(|metadata| metadata.ino());
            if file.metadata().ok().map(|metadata| metadata.ino()) == current {
                return Ok(Some(Self {
                    file,
                    path: path.to_owned(),
                }));
            }
        }
    }

    /// Takes the lock or says who has it.
    pub(crate) fn take(path: &Path, mode: Mode) -> Result<Self> {
        Self::try_take(path, mode)?.ok_or_else(|| Error::Locked {
            path: path.to_owned(),
            holder: holder(path),
        })
    }

    /// Takes the lock, waiting for as long as it takes; says so when it has to.
    /// `what` is what the other one does meanwhile: "makes this root".
    pub(crate) fn wait_for(
        path: &Path,
        mode: Mode,
        runner: &dyn Runner,
        what: &str,
    ) -> Result<Self> {
        let began = Instant::now();
        let mut said = false;
        loop {
            if let Some(lock) = Self::try_take(path, mode)? {
                return Ok(lock);
            }
            if !said && began.elapsed() >= WORTH_SAYING {
                let holder =
                    holder(path).map_or_else(String::new, |pid| format!(" (process {pid})"));
                tracing::info!(
                    "waiting for {}: another mock{holder} {what}",
                    path.display()
                );
                said = true;
            }
            runner.interrupted()?;
            std::thread::sleep(AGAIN);
        }
    }

    /// Nobody else has the lock, not even shared. If somebody has, it may be lost by asking: for
    /// those who are about to drop it.
    pub(super) fn is_last(&self) -> bool {
        self.file.file().try_lock().is_ok()
    }

    /// Turns an exclusive lock into a shared one. flock(2) lets go of the one before it takes the
    /// other; should another process come between, this waits for it.
    pub(crate) fn share(&self) -> Result<()> {
        self.file
            .file()
            .lock_shared()
            .map_err(Error::io("lock", &self.path))
    }
}

/// The process that holds a lock on `path`, from `/proc/locks`.
fn holder(path: &Path) -> Option<u32> {
    let metadata = fs_err::metadata(path).ok()?;
    find_holder(&fs_err::read_to_string("/proc/locks").ok()?, metadata.ino())
}

/// Lines are `1: FLOCK  ADVISORY  WRITE 4211 fe:00:1234 0 EOF`; the number after the last colon is
/// the inode. Waiting ones have `->` after the number.
fn find_holder(locks: &str, inode: u64) -> Option<u32> {
    locks.lines().find_map(|line| {
        let mut fields = line.split_whitespace();
        fields.next()?;
        (fields.next()? == "FLOCK").then_some(())?;
        let pid = fields.nth(2)?.parse().ok().filter(|pid| *pid != 0)?;
        let held: u64 = fields.next()?.rsplit(':').next()?.parse().ok()?;
        (held == inode).then_some(pid)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_holder_is_found_by_inode() {
        let locks = "1: POSIX  ADVISORY  WRITE 17 fe:00:99 0 EOF\n\
                     2: FLOCK  ADVISORY  WRITE 4211 fe:00:99 0 EOF\n\
                     2: -> FLOCK  ADVISORY  WRITE 4300 fe:00:99 0 EOF\n\
                     3: FLOCK  ADVISORY  READ 0 fe:00:98 0 EOF\n";
        assert_eq!(find_holder(locks, 99), Some(4211));
        assert_eq!(find_holder(locks, 98), None);
        assert_eq!(find_holder(locks, 1), None);
    }

    #[test]
    fn exclusive_excludes_and_shared_does_not() -> Result<()> {
        let scratch = tempfile::tempdir().map_err(Error::io("make", "scratch"))?;
        let path = scratch.path().join("lock");
        let first = Lock::take(&path, Mode::Exclusive)?;
        assert!(Lock::try_take(&path, Mode::Shared)?.is_none());
        let busy = Lock::take(&path, Mode::Exclusive)
            .map(|_| ())
            .map_err(|error| error.exit_code());
        assert_eq!(busy, Err(60));
        first.share()?;
        assert!(Lock::try_take(&path, Mode::Shared)?.is_some());
        assert!(Lock::try_take(&path, Mode::Exclusive)?.is_none());
        // A lock on a removed file is no lock on the path.
        fs_err::remove_file(&path).map_err(Error::io("remove", &path))?;
        assert!(Lock::try_take(&path, Mode::Exclusive)?.is_some());
        Ok(())
    }
}
