//! One log file: appended to in whole lines, in memory for a moment, never the reason to stop.
//!
//! Readers follow these files while they grow, so a write always ends with a line's end. When a
//! write fails the file is given up: the failure is handed out once, to be shown, and later lines
//! are dropped.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::libc;

use crate::error::{Error, Result};

/// A write happens at the latest when this much waits.
const BUFFERED: usize = 64 * 1024;

pub(super) struct LogFile {
    path: PathBuf,
    /// `None` once a write has failed.
    file: Option<Box<dyn Write + Send>>,
    waiting: Vec<u8>,
}

impl LogFile {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = open_own(path).map_err(Error::io("open", path))?;
        Ok(Self::on(path, Box::new(file)))
    }

    pub(super) fn on(path: &Path, file: Box<dyn Write + Send>) -> Self {
        Self {
            path: path.to_owned(),
            file: Some(file),
            waiting: Vec::new(),
        }
    }

    /// Adds a line made of `parts`. Returns what to tell the user when the file had to be given up.
    pub(super) fn line(&mut self, parts: &[&[u8]]) -> Option<String> {
        self.file.as_ref()?;
        for part in parts {
            self.waiting.extend_from_slice(part);
        }
        self.waiting.push(b'\n');
        if self.waiting.len() >= BUFFERED {
            self.flush()
        } else {
            None
        }
    }

    /// Writes what waits; returns as [`LogFile::line`] does.
    pub(super) fn flush(&mut self) -> Option<String> {
        let file = self.file.as_mut()?;
        if self.waiting.is_empty() {
            return None;
        }
        let outcome = file.write_all(&self.waiting).and_then(|()| file.flush());
        self.waiting.clear();
        match outcome {
            Ok(()) => {
                // One enormous line must not keep its memory for the rest of the build.
                self.waiting.shrink_to(2 * BUFFERED);
                None
            }
            Err(error) => {
                self.file = None;
                self.waiting = Vec::new();
                Some(format!(
                    "cannot write {}: {error}; going on without it",
                    self.path.display()
                ))
            }
        }
    }
}

/// What is a link, or has another name too, may be a file of somebody's who knows nothing of it: a
/// new file takes its place, as one does of every other result. So it does of a pipe.
fn open_own(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options
        .append(true)
        .create(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    // Not fs_err: `Error::Io` names the path already.
    let opened = options.open(path);
    let metadata = match &opened {
        Ok(file) => file.metadata(),
        Err(_) => path.symlink_metadata(),
    };
    let may_be_others = metadata.is_ok_and(|metadata| {
        let kind = metadata.file_type();
        kind.is_symlink() || kind.is_fifo() || (kind.is_file() && metadata.nlink() > 1)
    });
    if !may_be_others {
        return opened;
    }
    fs_err::remove_file(path)?;
    options.create_new(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_appended_and_reach_the_file_on_flush() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("build.log");
        fs_err::write(&path, "before\n").unwrap();
        let mut log = LogFile::open(&path).unwrap();
        assert_eq!(log.line(&[b"a ", b"\xff"]), None);
        assert_eq!(fs_err::read(&path).unwrap(), b"before\n");
        assert_eq!(log.flush(), None);
        assert_eq!(fs_err::read(&path).unwrap(), b"before\na \xff\n");
    }

    #[test]
    fn what_may_be_somebody_else_s_is_not_written_to() {
        let dir = tempfile::tempdir().unwrap();
        let (path, victim) = (dir.path().join("build.log"), dir.path().join("victim"));
        let plants: [&dyn Fn() -> std::io::Result<()>; 4] = [
            &|| fs_err::os::unix::fs::symlink(&victim, &path),
            &|| fs_err::os::unix::fs::symlink("none", &path),
            &|| fs_err::hard_link(&victim, &path),
            &|| Ok(nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU)?),
        ];
        for plant in plants {
            fs_err::write(&victim, "untouched").unwrap();
            plant().unwrap();
            let mut log = LogFile::open(&path).unwrap();
            assert_eq!(log.line(&[b"line"]), None);
            assert_eq!(log.flush(), None);
            assert_eq!(fs_err::read(&victim).unwrap(), b"untouched");
            assert_eq!(fs_err::read(&path).unwrap(), b"line\n");
            assert!(!dir.path().join("none").exists());
            fs_err::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn a_full_buffer_is_written_in_whole_lines() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("build.log");
        let mut log = LogFile::open(&path).unwrap();
        let line = [b'x'; 999];
        for _ in 0..100 {
            assert_eq!(log.line(&[&line]), None);
        }
        let written = fs_err::read(&path).unwrap();
        assert_eq!(written.len(), 66_000);
        assert!(written.ends_with(b"x\n"));
    }

    #[test]
    fn a_full_disk_is_told_once() {
        let mut log = LogFile::open(Path::new("/dev/full")).unwrap();
        assert_eq!(log.line(&[b"a"]), None);
        assert_eq!(
            log.flush().unwrap(),
            "cannot write /dev/full: No space left on device (os error 28); going on without it"
        );
        assert_eq!(log.line(&[b"b"]), None);
        assert_eq!(log.flush(), None);
    }

    #[test]
    fn what_cannot_be_opened_is_an_error() {
        let error = LogFile::open(Path::new("/nonexistent/root.log"))
            .err()
            .unwrap();
        assert_eq!(
            error.to_string(),
            "cannot open /nonexistent/root.log: No such file or directory (os error 2)"
        );
    }
}
