//! Bytes of an image on disk: a file, or a part of one.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use nix::fcntl::OFlag;
use oci_spec::image::Digest;

use super::digest::{Hasher, compare};
use super::fault::{Fault, Result};
use crate::error::Error;

/// Open, so that it stays when its name goes.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    file: Arc<File>,
    start: u64,
    pub(super) length: u64,
}

impl Content {
    /// All of a regular file.
    pub(super) fn open(path: &Path) -> Result<Self> {
        use std::os::unix::fs::OpenOptionsExt;
        let file = std::fs::OpenOptions::new()
            .read(true)
            // Not to wait for somebody to write into a pipe.
            .custom_flags(OFlag::O_NONBLOCK.bits())
            .open(path)
            .map_err(|error| Fault::new(format!("cannot open {}: {error}", path.display())))?;
        let metadata = file.metadata().map_err(Error::io("read", path))?;
        if !metadata.is_file() {
            return Err(Fault::new(format!("{} is no file", path.display())));
        }
        Ok(Self {
            file: Arc::new(file),
            start: 0,
            length: metadata.len(),
        })
    }

    /// A part of it, as far as it is there.
    pub(super) fn part(&self, start: u64, length: u64) -> Self {
        let start = start.min(self.length);
        Self {
            file: Arc::clone(&self.file),
            start: self.start + start,
            length: length.min(self.length - start),
        }
    }

    /// By its first bytes.
    pub(super) fn is_compressed(&self) -> Result<bool> {
        let mut start = [0; 4];
        let length = self
            .reader()
            .read(&mut start)
            .map_err(|error| Fault::new(format!("cannot read it: {error}")))?;
        let start = &start[..length];
        Ok(start.starts_with(b"\x1f\x8b") || start == b"\x28\xb5\x2f\xfd")
    }

    pub(crate) fn reader(&self) -> Section {
        Section {
            file: Arc::clone(&self.file),
            at: self.start,
            left: self.length,
        }
    }

    /// Reads all of it to see whether it is what `digest` says.
    pub(crate) fn verify(
        &self,
        what: &str,
        digest: &Digest,
        check: &dyn Fn() -> crate::error::Result<()>,
    ) -> Result<()> {
        let mut hasher = Hasher::like(digest)?;
        let mut reader = self.reader();
        let mut buffer = vec![0; 1 << 20];
        loop {
            check()?;
            match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => hasher.update(&buffer[..length]),
                Err(error) => return Err(Fault::new(format!("cannot read {what}: {error}"))),
            }
        }
        compare(what, &hasher.finish(), digest)
    }
}

/// Reads a part of a file, whatever others read of it.
#[derive(Debug)]
pub(crate) struct Section {
    file: Arc<File>,
    at: u64,
    left: u64,
}

impl Read for Section {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let most = into
            .len()
            .min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let length = self.file.read_at(&mut into[..most], self.at)?;
        self.at += length as u64;
        self.left -= length as u64;
        Ok(length)
    }
}
