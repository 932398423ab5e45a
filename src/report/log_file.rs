//! One log file: appended to in whole lines, in memory for a moment, never the reason to stop.
//!
//! Readers follow these files while they grow, so a write always ends with a line's end. When a
//! write fails the file is given up: the failure is handed out once, to be shown, and later lines
//! are dropped.

use std::io::Write;
use std::path::{Path, PathBuf};

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
        // Not fs_err: `Error::Io` names the path already.
        let file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)
            .map_err(Error::io("open", path))?;
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
