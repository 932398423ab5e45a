//! What is whole but perhaps not on disk yet, and getting it there without anybody waiting.
//!
//! Writing a fresh root out takes a hard disk seconds, and only a power cut makes it matter. So a
//! layer gets its name at once, and a mark beside it says that it is not on disk for sure:
//!
//!     STORE/unsettled/BOOT.NAME
//!
//! BOOT is this run of the machine (`/proc/sys/kernel/random/boot_id`). A process that outlives mock
//! writes the file system out and then removes the marks. A mark of an earlier run of the machine
//! was not removed in time: what it names may have holes and is thrown away. The mark is made
//! before the name is: file systems keep the order of names.

use std::ffi::OsString;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use super::files::{make_private, names};
use crate::error::{Error, Result};
use crate::fs::remove_tree;
use crate::sandbox::child;

const DIRECTORY: &str = "unsettled";

/// The hidden verb of the process that outlives mock.
const VERB: &str = "__settle";

/// The marks in one directory, for what is beside it.
#[derive(Debug)]
pub(crate) struct Unsettled {
    marks: PathBuf,
}

/// This run of the machine.
pub(crate) fn boot_id() -> String {
    fs_err::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|text| text.trim().to_owned())
        .unwrap_or_default()
}

impl Unsettled {
    pub(crate) fn beside(directory: &Path) -> Self {
        Self {
            marks: directory.join(DIRECTORY),
        }
    }

    /// Says of `name`, which is about to be there, that it is not on disk for sure.
    pub(crate) fn mark(&self, name: &str) -> Result<()> {
        make_private(&self.marks)?;
        let mark = self.marks.join(format!("{}.{name}", boot_id()));
        let file = fs_err::File::create(&mark).map_err(Error::io("make", &mark))?;
        // Whoever writes out what an earlier one stands for sees that this is another.
        file.file()
            .set_modified(SystemTime::now())
            .map_err(Error::io("set the time of", &mark))
    }

    /// What an earlier run of the machine left unsettled.
    pub(crate) fn lost(&self) -> Result<Vec<String>> {
        let boot = boot_id();
        let marks = names(&self.marks)?;
        let marks = marks.iter().filter_map(|mark| mark.split_once('.'));
        Ok(marks
            .filter(|(run, _)| *run != boot)
            .map(|(_, name)| name.to_owned())
            .collect())
    }

    /// Takes the marks of `name` away: it is gone.
    pub(crate) fn forget(&self, name: &str) -> Result<()> {
        for mark in names(&self.marks)? {
            if mark.split_once('.').is_some_and(|(_, of)| of == name) {
                remove_tree(&self.marks.join(mark))?;
            }
        }
        Ok(())
    }

    /// Has everything marked so far on disk.
    pub(crate) fn settle(&self) -> Result<()> {
        let marks = self.of_this_run()?;
        if marks.is_empty() {
            return Ok(());
        }
        sync(&self.marks)?;
        release(&marks)
    }

    /// The same by a process that outlives this one, if there is something to do.
    pub(crate) fn settle_later(&self) -> Result<()> {
        if self.of_this_run()?.is_empty() {
            return Ok(());
        }
        match child::outlive(VERB, std::slice::from_ref(&self.marks)) {
            true => Ok(()),
            false => self.settle(),
        }
    }

    /// Marks, and when they were made.
    fn of_this_run(&self) -> Result<Vec<(PathBuf, SystemTime)>> {
        let boot = boot_id();
        let marks = names(&self.marks)?;
        let marks = marks
            .iter()
            .filter(|mark| mark.split_once('.').is_some_and(|(run, _)| run == boot))
            .map(|mark| self.marks.join(mark));
        Ok(marks
            .filter_map(|mark| modified(&mark).map(|made| (mark, made)))
            .collect())
    }
}

/// Runs the hidden verb, when `args` (the whole command line) asks for it.
pub(crate) fn dispatch(args: &[OsString]) -> Option<ExitCode> {
    let verb = args.get(1).and_then(|arg| arg.to_str())?;
    (verb == VERB && !child::is_setuid()).then(|| settle_all(&args[2..]))
}

fn settle_all(marks: &[OsString]) -> ExitCode {
    child::let_go();
    for marks in marks.iter().map(PathBuf::from) {
        if marks.file_name().is_some_and(|name| name == DIRECTORY) {
            // What stays marked is settled by the next one.
            let _ = Unsettled { marks }.settle();
        }
    }
    ExitCode::SUCCESS
}

/// Takes marks away that nobody has made again since.
fn release(marks: &[(PathBuf, SystemTime)]) -> Result<()> {
    marks
        .iter()
        .filter(|(mark, made)| modified(mark).is_some_and(|now| now == *made))
        .try_for_each(|(mark, _)| remove_tree(mark))
}

fn modified(mark: &Path) -> Option<SystemTime> {
    fs_err::metadata(mark).and_then(|mark| mark.modified()).ok()
}

/// Writes out the file system that `path` is on.
pub(crate) fn sync(path: &Path) -> Result<()> {
    let directory = fs_err::File::open(path).map_err(Error::io("open", path))?;
    rustix::fs::syncfs(directory.file().as_fd())
        .map_err(|errno| Error::io("write to disk", path)(errno.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_this_run_settle_others_are_lost() -> Result<()> {
        let scratch = tempfile::tempdir().map_err(Error::io("make", "scratch"))?;
        let unsettled = Unsettled::beside(scratch.path());
        unsettled.settle()?;
        assert_eq!(unsettled.lost()?, Vec::<String>::new());
        unsettled.mark("a")?;
        unsettled.mark("b.c")?;
        let old = unsettled.marks.join("0000-1111.d.e");
        fs_err::write(&old, "").map_err(Error::io("write", &old))?;
        assert_eq!(unsettled.lost()?, ["d.e"]);
        unsettled.forget("a")?;
        assert_eq!(names(&unsettled.marks)?.len(), 2);
        let before = unsettled.of_this_run()?;
        unsettled.mark("b.c")?;
        release(&before)?;
        assert_eq!(names(&unsettled.marks)?.len(), 2);
        unsettled.settle()?;
        assert_eq!(names(&unsettled.marks)?, ["0000-1111.d.e"]);
        unsettled.forget("d.e")?;
        assert_eq!(unsettled.lost()?, Vec::<String>::new());
        Ok(())
    }
}
