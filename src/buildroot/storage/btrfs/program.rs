//! Subvolumes by the host's `btrfs` (btrfs-progs), which works in a user namespace too.
//!
//! An ordinary user may make and snapshot subvolumes, but delete them only where the file system is
//! mounted with `user_subvol_rm_allowed`. Elsewhere a writable one goes like a directory.

use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::error::{Error, Result};
use crate::report::LogSink;
use crate::run::{Cmd, Runner, Status, Stdio};
use crate::sandbox::{Ids, Sandbox};

/// Where distributions put it; the caller's own search path says nothing about administration.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// What a set of trees takes on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Usage {
    /// What is in no tree outside the set and in one of it only.
    pub(super) own: u64,
    /// What several of the set share, counted once.
    pub(super) shared: u64,
}

pub(super) struct Program<'a> {
    runner: &'a dyn Runner,
    ids: Ids,
    /// False once the kernel said that this user may not.
    may_delete: Cell<bool>,
}

impl<'a> Program<'a> {
    pub(super) fn new(runner: &'a dyn Runner, ids: Ids) -> Self {
        Self {
            runner,
            ids,
            may_delete: Cell::new(true),
        }
    }

    /// Makes an empty subvolume.
    pub(super) fn create(&self, path: &Path) -> Result<()> {
        self.must(
            &[&"subvolume", &"create", &path],
            "make the subvolume",
            path,
        )
    }

    /// Makes `to`, which is not there, a copy of the subvolume `from`. The kernel writes what `from`
    /// has in memory to disk before.
    pub(super) fn snapshot(&self, from: &Path, to: &Path) -> Result<()> {
        self.must(
            &[&"subvolume", &"snapshot", &from, &to],
            "make the snapshot",
            to,
        )
    }

    /// The same, and nobody may change it.
    pub(super) fn freeze(&self, from: &Path, to: &Path) -> Result<()> {
        self.must(
            &[&"subvolume", &"snapshot", &"-r", &from, &to],
            "make the snapshot",
            to,
        )
    }

    /// Lets a frozen subvolume be changed: otherwise it can be removed only as a whole.
    pub(super) fn thaw(&self, path: &Path) -> Result<()> {
        self.must(
            &[&"property", &"set", &path, &"ro", &"false"],
            "make writable",
            path,
        )
    }

    /// Deletes a subvolume at once. Says `false` where this user may not, and where others are in it.
    pub(super) fn delete(&self, path: &Path) -> Result<bool> {
        if !self.may_delete.get() {
            return Ok(false);
        }
        let (status, text) = self.btrfs(&[&"subvolume", &"delete", &path])?;
        if text.contains("not permitted") {
            self.may_delete.set(false);
        }
        Ok(status.success())
    }

    /// What the trees below `path` take together. Looks at every file.
    pub(super) fn usage(&self, path: &Path) -> Result<Option<Usage>> {
        let (status, text) = self.btrfs(&[&"filesystem", &"du", &"-s", &"--raw", &path])?;
        Ok(parse_usage(&text).filter(|_| status.success()))
    }

    /// Makes `to`, which is not there, a copy of the directory `from`; blocks of files are shared.
    pub(super) fn copy(&self, from: &Path, to: &Path) -> Result<()> {
        let words: [&dyn AsRef<OsStr>; 5] = [&"cp", &"-a", &"--reflink=auto", &from, &to];
        let (status, text) = self.run(&words)?;
        failure(status, &text, "copy", from)
    }

    fn must(&self, words: &[&dyn AsRef<OsStr>], action: &'static str, path: &Path) -> Result<()> {
        let (status, text) = self.btrfs(words)?;
        failure(status, &text, action, path)
    }

    fn btrfs(&self, words: &[&dyn AsRef<OsStr>]) -> Result<(Status, String)> {
        let mut all: Vec<&dyn AsRef<OsStr>> = vec![&"btrfs"];
        all.extend(words);
        self.run(&all)
    }

    fn run(&self, words: &[&dyn AsRef<OsStr>]) -> Result<(Status, String)> {
        let cmd = cmd(words, self.ids);
        let mut sink = LogSink::capture_only();
        let status = self
            .runner
            .run(&cmd, &mut sink)
            .map_err(|error| match error {
                Error::Spawn { program, source }
                    if source.kind() == std::io::ErrorKind::NotFound =>
                {
                    Error::Storage {
                        message: format!("the program {program} is not there"),
                        hint: Some("it is in the package btrfs-progs".to_owned()),
                        code: 20,
                    }
                }
                other => other,
            })?;
        Ok((status, sink.captured_text()))
    }
}

fn cmd(words: &[&dyn AsRef<OsStr>], ids: Ids) -> Cmd {
    Cmd {
        argv: words
            .iter()
            .map(|word| OsString::from(word.as_ref()))
            .collect(),
        env: [("PATH", PATH), ("LC_ALL", "C.UTF-8")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        sandbox: Sandbox::machine(ids),
        stdio: Stdio::Captured,
        timeout: None,
    }
}

fn failure(status: Status, text: &str, action: &'static str, path: &Path) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    let said = text.trim().replace('\n', "; ");
    let hint = text.contains("No space left").then(|| {
        "`btrfs filesystem usage` shows whether data or metadata is full; `mock --scrub=cache` removes what is kept"
            .to_owned()
    });
    Err(Error::Storage {
        message: format!("cannot {action} {}: {said}", path.display()),
        hint,
        code: 20,
    })
}

/// The line below `Total   Exclusive  Set shared  Filename`; a tree alone may have no shared ones.
fn parse_usage(text: &str) -> Option<Usage> {
    let line = text.lines().last()?;
    let mut numbers = line.split_whitespace().skip(1);
    Some(Usage {
        own: numbers.next()?.parse().ok()?,
        shared: numbers.next()?.parse().unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_read_from_the_last_line() {
        let text = "     Total   Exclusive  Set shared  Filename\n 112353280     3145728    54603776  /a b\n";
        let usage = Usage {
            own: 3_145_728,
            shared: 54_603_776,
        };
        assert_eq!(parse_usage(text), Some(usage));
        assert_eq!(parse_usage("ERROR: cannot open 'x'\n"), None);
    }

    #[test]
    fn a_program_of_the_machine() {
        let path = Path::new("/a/-b");
        let cmd = cmd(&[&"btrfs", &"subvolume", &"create", &path], Ids::Range);
        assert_eq!(cmd.argv, ["btrfs", "subvolume", "create", "/a/-b"]);
        assert_eq!(cmd.sandbox, Sandbox::machine(Ids::Range));
    }
}
