//! Who has a root mounted where only they see it.
//!
//! Without privileges a root is mounted in mock's own namespaces. A second mock that wants to use
//! the same root must not mount its writable directory once more; it enters the first one's
//! namespaces instead. `holders` beside the root lists the processes that have it: number and start
//! time, which together are never used again.
//!
//! A mock that is already in namespaces of its own can enter no others. So those that begin at the
//! same time take turns ([`Turn`]) from before they enter any until they are in the list.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use super::lock::{Lock, Mode};
use crate::error::Result;
use crate::run::Runner;

/// Held from before namespaces are entered until this process is in the list.
#[derive(Debug, Default)]
pub(crate) struct Turn(RefCell<Option<(PathBuf, Lock)>>);

impl Turn {
    /// Waits for the turn at the root of directory `base`.
    pub(crate) fn take(base: &Path, runner: &dyn Runner) -> Result<Self> {
        let (Some(directory), Some(name)) = (base.parent(), base.file_name()) else {
            return Ok(Self::default());
        };
        // Nobody has a root where there is no directory yet, and a command that will be refused makes
        // none.
        if !directory.is_dir() {
            return Ok(Self::default());
        }
        let path = directory.join(format!(".{}.turn", name.to_string_lossy()));
        let lock = Lock::wait_for(&path, Mode::Exclusive, runner, "enters this root")?;
        Ok(Self(RefCell::new(Some((path, lock)))))
    }

    /// Lets the next one have it.
    pub(crate) fn pass(&self) {
        if let Some((path, lock)) = self.0.take() {
            // Whoever waits for a lock on a file that is gone takes it anew.
            let _ = fs_err::remove_file(path);
            drop(lock);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.pass();
    }
}

fn file(base: &Path) -> PathBuf {
    base.join("holders")
}

/// Notes this process; `first`: nobody else has the root. The caller has the root's lock.
pub(super) fn note(base: &Path, first: bool) -> Result<()> {
    let path = file(base);
    let pid = std::process::id();
    let mut text = if first {
        String::new()
    } else {
        fs_err::read_to_string(&path).unwrap_or_default()
    };
    let started = started(pid).unwrap_or_default();
    text.push_str(&format!("{pid} {started}\n"));
    crate::fs::replace(&path, text.as_bytes())
}

/// A process that has the root of directory `base` mounted, if there is one.
pub(crate) fn find(base: &Path) -> Option<u32> {
    let text = fs_err::read_to_string(file(base)).ok()?;
    text.lines().find_map(|line| {
        let (pid, then) = line.split_once(' ')?;
        let pid = pid.parse().ok()?;
        (started(pid).as_deref() == Some(then)).then_some(pid)
    })
}

/// When a process was started, in the kernel's clock ticks: field 22 of `/proc/PID/stat`.
fn started(pid: u32) -> Option<String> {
    let stat = fs_err::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The program's name, in parentheses, may hold anything.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(19).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn this_process_is_found_and_others_are_not() -> Result<()> {
        let scratch = tempfile::tempdir().map_err(Error::io("make", "scratch"))?;
        assert_eq!(find(scratch.path()), None);
        note(scratch.path(), true)?;
        assert_eq!(find(scratch.path()), Some(std::process::id()));
        crate::fs::replace(&file(scratch.path()), b"1 77\n4194305 1\nbroken\n")?;
        assert_eq!(find(scratch.path()), None);
        Ok(())
    }
}
