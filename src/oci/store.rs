//! Images that were pulled, by the digests of their parts.
//!
//!     STORE/blobs/sha256/ABCDEF...   a manifest, a configuration, a layer; never changed
//!     STORE/names/ABCDEF...          which index and manifest a name led to, for `skip_pull`
//!     STORE/locks/ABCDEF...          held by the mock that pulls this name
//!     STORE/lock                     held, shared, while somebody pulls or opens parts
//!
//! A part is renamed into place when its digest is what it must be. It is read again before it is
//! used unless this run has just written it: a power cut may have left holes.

use std::fs::TryLockError;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use oci_spec::image::Digest;
use serde::{Deserialize, Serialize};

use super::content::Content;
use super::digest::{self, Hasher, compare};
use super::fault::{Fault, Result};
use crate::error::Error;
use crate::fs::{remove_tree, replace};

/// How often a wait for a lock looks again.
const AGAIN: Duration = Duration::from_millis(50);

/// Between two looks for what is old.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Debug, Clone)]
pub(crate) struct Store {
    path: PathBuf,
}

/// What a name led to when it was pulled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// For readers.
    pub(super) name: String,
    pub(super) index: Option<String>,
    pub(super) manifest: String,
}

/// Held until dropped.
#[derive(Debug)]
pub(super) struct Held(#[expect(dead_code, reason = "it is there to be dropped")] fs_err::File);

impl Store {
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Algorithms are known ones: their digests are names of files.
    fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.path
            .join("blobs")
            .join(digest.algorithm().to_string())
            .join(digest.digest())
    }

    fn file_of(&self, top: &str, name: &str) -> PathBuf {
        let key = digest::of(name.as_bytes());
        let key = key.trim_start_matches("sha256:");
        self.path.join(top).join(key.get(..32).unwrap_or(key))
    }

    fn made(&self, top: &str) -> Result<PathBuf> {
        let path = self.path.join(top);
        fs_err::create_dir_all(&path).map_err(Error::io("make", &path))?;
        Ok(path)
    }

    /// Nothing is removed while this is held.
    pub(super) fn in_use(&self, check: &dyn Fn() -> crate::error::Result<()>) -> Result<Held> {
        self.made("")?;
        wait(&self.path.join("lock"), false, check)
    }

    /// Nobody else pulls this name meanwhile.
    pub(super) fn pulling(
        &self,
        name: &str,
        check: &dyn Fn() -> crate::error::Result<()>,
    ) -> Result<Held> {
        self.made("locks")?;
        wait(&self.file_of("locks", name), true, check)
    }

    /// The part of this digest, if it is there. It counts as used now.
    pub(super) fn find(&self, digest: &Digest) -> Option<Content> {
        let path = self.blob_path(digest);
        let content = Content::open(&path).ok()?;
        if let Ok(file) = fs_err::File::open(&path) {
            // In another user's store the time stays as it is.
            let _ = file.file().set_modified(SystemTime::now());
        }
        Some(content)
    }

    /// The same for a small part, read and compared; one that is damaged goes.
    pub(super) fn read(&self, digest: &Digest, limit: u64) -> Option<Vec<u8>> {
        let content = self.find(digest)?;
        let bytes = digest::read_all("it", content.reader(), limit).ok()?;
        match digest::check("it", &bytes, digest) {
            Ok(()) => Some(bytes),
            Err(_) => {
                self.forget(digest);
                None
            }
        }
    }

    /// Keeps what `source` gives, if it is what `digest` says; `size` is what the manifest says.
    pub(super) fn keep(
        &self,
        what: &str,
        mut source: impl Read,
        digest: &Digest,
        size: Option<u64>,
    ) -> Result<Content> {
        let path = self.blob_path(digest);
        let shelf = path.parent().unwrap_or(&self.path).to_owned();
        fs_err::create_dir_all(&shelf).map_err(Error::io("make", &shelf))?;
        let wrong = || Error::io("write", &path);
        let mut copy = tempfile::Builder::new()
            .prefix(".part-")
            .tempfile_in(&shelf)
            .map_err(wrong())?;
        let mut hasher = Hasher::like(digest)?;
        let mut block = vec![0; 1 << 18];
        let mut count = 0;
        loop {
            let length = source
                .read(&mut block)
                .map_err(|error| Fault::passing(format!("{what}: {error}")))?;
            if length == 0 {
                break;
            }
            count += length as u64;
            if let Some(size) = size.filter(|size| count > *size) {
                return Err(Fault::new(format!(
                    "{what} is larger than {size} bytes, which the manifest says it has"
                )));
            }
            hasher.update(&block[..length]);
            copy.write_all(&block[..length]).map_err(wrong())?;
        }
        if let Some(size) = size.filter(|size| count < *size) {
            return Err(Fault::passing(format!(
                "{what} ended after {count} of {size} bytes"
            )));
        }
        compare(what, &hasher.finish(), digest)?;
        let readable = std::os::unix::fs::PermissionsExt::from_mode(0o444);
        copy.as_file().set_permissions(readable).map_err(wrong())?;
        copy.persist(&path).map_err(|error| wrong()(error.error))?;
        Content::open(&path)
    }

    /// It is damaged.
    pub(super) fn forget(&self, digest: &Digest) {
        if let Err(error) = remove_tree(&self.blob_path(digest)) {
            tracing::debug!("{error}");
        }
    }

    /// What this name led to.
    pub(super) fn recall(&self, name: &str) -> Option<Record> {
        let text = fs_err::read(self.file_of("names", name)).ok()?;
        serde_json::from_slice::<Record>(&text)
            .ok()
            .filter(|record| record.name == name)
    }

    /// Whether it was learnt within `age` what this name leads to.
    pub(super) fn is_known(&self, name: &str, age: Duration) -> bool {
        let learnt = fs_err::metadata(self.file_of("names", name)).and_then(|file| file.modified());
        // A time to come is none that can be relied on.
        learnt.is_ok_and(|time| time.elapsed().is_ok_and(|elapsed| elapsed < age))
    }

    /// All names are to be looked up again.
    pub(crate) fn forget_names(&self) -> crate::error::Result<()> {
        remove_tree(&self.path.join("names"))
    }

    pub(super) fn remember(&self, record: &Record) -> Result<()> {
        self.made("names")?;
        let text = serde_json::to_vec(record).unwrap_or_default();
        Ok(replace(&self.file_of("names", &record.name), &text)?)
    }

    /// Once a day, removes what nobody used for `age`, unless somebody uses the store now.
    pub(crate) fn tidy(&self, age: Duration) -> crate::error::Result<()> {
        let mark = self.path.join("tidied");
        if !self.path.is_dir() || !older(&mark, DAY).unwrap_or(true) {
            return Ok(());
        }
        let Some(_alone) = self.alone()? else {
            return Ok(());
        };
        replace(&mark, b"")?;
        for top in ["blobs", "names", "locks"] {
            for entry in walkdir::WalkDir::new(self.path.join(top))
                .into_iter()
                .flatten()
            {
                let part = entry.file_name().to_string_lossy().starts_with(".part-");
                if entry.file_type().is_file()
                    && older(entry.path(), if part { DAY } else { age }) == Some(true)
                {
                    remove_tree(entry.path())?;
                }
            }
        }
        Ok(())
    }

    /// Removes all of it; says whether it could: not while somebody pulls.
    pub(crate) fn clear(&self) -> crate::error::Result<bool> {
        if !self.path.is_dir() {
            return Ok(true);
        }
        match self.alone()? {
            Some(_alone) => remove_tree(&self.path).map(|()| true),
            None => Ok(false),
        }
    }

    fn alone(&self) -> crate::error::Result<Option<Held>> {
        try_lock(&self.path.join("lock"), true)
    }
}

fn older(path: &Path, age: Duration) -> Option<bool> {
    let used = fs_err::metadata(path).ok()?.modified().ok()?;
    Some(used.elapsed().is_ok_and(|since| since > age))
}

fn wait(
    path: &Path,
    exclusive: bool,
    check: &dyn Fn() -> crate::error::Result<()>,
) -> Result<Held> {
    loop {
        if let Some(held) = try_lock(path, exclusive)? {
            return Ok(held);
        }
        check()?;
        std::thread::sleep(AGAIN);
    }
}

/// A lock counts while its file has the name: the store may be removed.
fn try_lock(path: &Path, exclusive: bool) -> crate::error::Result<Option<Held>> {
    loop {
        if let Some(directory) = path.parent() {
            fs_err::create_dir_all(directory).map_err(Error::io("make", directory))?;
        }
        let file = fs_err::File::options()
            .create(true)
            .append(true)
            .open(path)
            .map_err(Error::io("open", path))?;
        let taken = match exclusive {
            true => file.file().try_lock(),
            false => file.file().try_lock_shared(),
        };
        match taken {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(Error::io("lock", path)(error)),
        }
        let id = |metadata: std::io::Result<std::fs::Metadata>| {
            use std::os::unix::fs::MetadataExt;
            metadata.ok().map(|metadata| metadata.ino())
        };
        if id(file.metadata()) == id(fs_err::metadata(path)) {
            return Ok(Some(Held(file)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: &dyn Fn() -> crate::error::Result<()> = &|| Ok(());

    fn store() -> (tempfile::TempDir, Store) {
        let scratch = tempfile::tempdir().unwrap();
        let store = Store::at(scratch.path().join("images"));
        (scratch, store)
    }

    fn hello() -> Digest {
        digest::parse(&digest::of(b"hello")).unwrap()
    }

    #[test]
    fn only_what_is_right_is_kept() {
        let (_scratch, store) = store();
        for (bytes, size) in [
            (&b"hallo"[..], None),
            (b"hello", Some(4)),
            (b"hello", Some(6)),
        ] {
            assert!(store.keep("it", bytes, &hello(), size).is_err());
            assert!(store.find(&hello()).is_none());
        }
        store.keep("it", &b"hello"[..], &hello(), Some(5)).unwrap();
        assert_eq!(store.read(&hello(), 100).as_deref(), Some(&b"hello"[..]));
        // Nothing unfinished is left.
        let shelf = store.path.join("blobs/sha256");
        assert_eq!(fs_err::read_dir(shelf).unwrap().count(), 1);
        let path = store.blob_path(&hello());
        fs_err::remove_file(&path).unwrap();
        fs_err::write(&path, "hel\0o").unwrap();
        assert_eq!(store.read(&hello(), 100), None);
        assert!(!path.exists(), "what is damaged goes");
    }

    #[test]
    fn names_are_remembered_and_old_parts_go() {
        let (_scratch, store) = store();
        let record = Record {
            name: "fedora:43 linux/amd64".to_owned(),
            index: None,
            manifest: hello().to_string(),
        };
        store.remember(&record).unwrap();
        assert_eq!(store.recall(&record.name), Some(record));
        assert_eq!(store.recall("other"), None);
        store.keep("it", &b"hello"[..], &hello(), None).unwrap();
        store.tidy(Duration::from_secs(3600)).unwrap();
        assert!(store.find(&hello()).is_some());
        for path in [store.path.join("tidied"), store.blob_path(&hello())] {
            let file = fs_err::File::open(path).unwrap();
            let then = SystemTime::now() - Duration::from_secs(3 * 24 * 60 * 60);
            file.file().set_modified(then).unwrap();
        }
        let held = store.in_use(NEVER).unwrap();
        store.tidy(Duration::from_secs(3600)).unwrap();
        assert!(store.blob_path(&hello()).exists(), "somebody uses it");
        assert!(!store.clear().unwrap());
        drop(held);
        store.tidy(Duration::from_secs(3600)).unwrap();
        assert!(store.find(&hello()).is_none());
        assert!(store.clear().unwrap() && !store.path.exists());
    }
}
