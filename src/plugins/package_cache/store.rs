//! The store: packages by the digest of their content.
//!
//!     STORE/sha256/AB/ABCDEF...   a package; never changed, and read without a lock
//!     STORE/locks/ABCDEF...       held by the mock that downloads it
//!     STORE/lock                  held, shared, by mocks whose dnf may read packages
//!     STORE/unsettled/            what is perhaps not on disk yet (`storage/unsettled.rs`)

use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use crate::buildroot::layout::lock_of_packages;
use crate::buildroot::lock::{Lock, Mode};
use crate::buildroot::storage::is_due;
use crate::buildroot::storage::unsettled::Unsettled;
use crate::error::{Error, Result};
use crate::fs::remove_tree;

#[derive(Debug, Clone)]
pub(super) struct Store {
    pub(super) path: PathBuf,
}

impl Store {
    /// Where the package of this digest is, or will be.
    fn package(&self, digest: &str) -> PathBuf {
        let shelf = digest.get(..2).unwrap_or("xx");
        self.path.join("sha256").join(shelf).join(digest)
    }

    /// The package, if it is there. It counts as used now.
    pub(super) fn find(&self, digest: &str) -> Option<PathBuf> {
        let path = self.package(digest);
        let file = fs_err::File::open(&path).ok()?;
        // In another user's store the time stays as it is.
        let _ = file.file().set_modified(SystemTime::now());
        Some(path)
    }

    /// Nobody removes packages while this is held; none when somebody does so now.
    pub(super) fn try_use(&self) -> Result<Option<Lock>> {
        fs_err::create_dir_all(&self.path).map_err(Error::io("make", &self.path))?;
        Lock::try_take(&lock_of_packages(&self.path), Mode::Shared)
    }

    /// The right to download it, unless somebody else has it now.
    pub(super) fn try_lock(&self, digest: &str) -> Result<Option<Lock>> {
        let locks = self.path.join("locks");
        fs_err::create_dir_all(&locks).map_err(Error::io("make", &locks))?;
        Lock::try_take(&locks.join(digest), Mode::Exclusive)
    }

    /// Keeps what `file` holds, if that is what `digest` says.
    pub(super) fn keep(
        &self,
        file: &mut impl Read,
        digest: &str,
        ends: &AtomicBool,
    ) -> Result<bool> {
        let path = self.package(digest);
        let shelf = path.parent().unwrap_or(&self.path).to_owned();
        fs_err::create_dir_all(&shelf).map_err(Error::io("make", &shelf))?;
        let wrong = || Error::io("write", &path);
        let mut copy = tempfile::Builder::new()
            .prefix(".part-")
            .tempfile_in(&shelf)
            .map_err(wrong())?;
        let mut hasher = Sha256::new();
        let mut block = vec![0u8; 1 << 20];
        loop {
            let length = file.read(&mut block).map_err(wrong())?;
            if length == 0 {
                break;
            }
            if ends.load(Ordering::SeqCst) {
                return Ok(false);
            }
            hasher.update(&block[..length]);
            copy.write_all(&block[..length]).map_err(wrong())?;
        }
        let found: String = hasher
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        if found != digest {
            return Ok(false);
        }
        let readable = std::os::unix::fs::PermissionsExt::from_mode(0o444);
        copy.as_file().set_permissions(readable).map_err(wrong())?;
        Unsettled::beside(&self.path).mark(digest)?;
        copy.persist(&path).map_err(|error| wrong()(error.error))?;
        Ok(true)
    }

    /// Removes what was not on disk when the machine went down, and, once a day, what nobody used for
    /// `age`; unless somebody uses the store now.
    pub(super) fn tidy(&self, age: Duration) -> Result<()> {
        // It is made when there is something to put into it.
        if !self.path.is_dir() {
            return Ok(());
        }
        let Some(_alone) = Lock::try_take(&lock_of_packages(&self.path), Mode::Exclusive)? else {
            return Ok(());
        };
        self.drop_lost()?;
        match is_due(&self.path)? {
            true => self.expire(age),
            false => Ok(()),
        }
    }

    fn drop_lost(&self) -> Result<()> {
        let unsettled = Unsettled::beside(&self.path);
        for digest in unsettled.lost()? {
            remove_tree(&self.package(&digest))?;
            unsettled.forget(&digest)?;
        }
        Ok(())
    }

    /// Removes packages, and parts that a killed mock left, that nobody used for `age`.
    fn expire(&self, age: Duration) -> Result<()> {
        for top in ["sha256", "locks"] {
            for entry in walkdir::WalkDir::new(self.path.join(top))
                .into_iter()
                .flatten()
            {
                let used = entry
                    .metadata()
                    .ok()
                    .and_then(|found| found.modified().ok());
                let old = used.is_some_and(|used| used.elapsed().is_ok_and(|since| since > age));
                if old && entry.file_type().is_file() {
                    remove_tree(entry.path())?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    static NEVER: AtomicBool = AtomicBool::new(false);

    #[test]
    fn only_what_the_digest_says_is_kept() -> Result<()> {
        let scratch = tempfile::tempdir().map_err(Error::io("make", "scratch"))?;
        let store = Store {
            path: scratch.path().to_owned(),
        };
        assert_eq!(store.find(HELLO), None);
        assert!(!store.keep(&mut &b"hellO"[..], HELLO, &NEVER)?);
        assert_eq!(store.find(HELLO), None);
        assert!(store.keep(&mut &b"hello"[..], HELLO, &NEVER)?);
        let path = store.find(HELLO).unwrap();
        assert_eq!(fs_err::read(&path).unwrap(), b"hello");
        // A damaged one is replaced.
        remove_tree(&path)?;
        fs_err::write(&path, "damaged").unwrap();
        assert!(store.keep(&mut &b"hello"[..], HELLO, &NEVER)?);
        assert_eq!(fs_err::read(&path).unwrap(), b"hello");
        Ok(())
    }

    #[test]
    fn what_is_old_or_lost_goes() -> Result<()> {
        let scratch = tempfile::tempdir().map_err(Error::io("make", "scratch"))?;
        let store = Store {
            path: scratch.path().to_owned(),
        };
        store.keep(&mut &b"hello"[..], HELLO, &NEVER)?;
        store.expire(Duration::from_secs(3600))?;
        assert!(store.package(HELLO).exists());
        let marks = scratch.path().join("unsettled");
        fs_err::write(marks.join(format!("0000.{HELLO}")), "").unwrap();
        store.drop_lost()?;
        assert!(!store.package(HELLO).exists());
        store.keep(&mut &b"hello"[..], HELLO, &NEVER)?;
        let file = fs_err::File::open(store.package(HELLO)).unwrap();
        let then = SystemTime::now() - Duration::from_secs(7200);
        file.file().set_modified(then).unwrap();
        store.expire(Duration::from_secs(3600))?;
        assert!(!store.package(HELLO).exists());
        Ok(())
    }
}
