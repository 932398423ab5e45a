//! Records of requests on disk, and who uses them.
//!
//!     STORE/requests/HASH.json        the state a request led to, and what the resolver saw
//!     STORE/requests/KEY.json         the same by the state: what the request led to at some time
//!     STORE/requests/HASH.lock        held while the state is made
//!     STORE/roots/ROOT/uses/HASH      this root used it; its time says when last
//!
//! Records hold for all roots: what a request is made of says everything. A record that no root uses
//! any more is forgotten, and with it what keeps its state from being collected.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::request::Request;
use crate::buildroot::storage::State;
use crate::error::{Error, Result};
use crate::package_manager::repos::RepoState;

const FORMAT: u32 = 1;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    format: u32,
    /// For people who look.
    what: String,
    pub(super) state: State,
    /// Identity of what it was made on top of.
    parent: String,
    shape: String,
    /// Digest of the packages, by which the resolver's next result is recognised.
    set: String,
    /// The repositories as the resolver saw them; none known: their state is never taken as the same.
    pub(super) repos: Option<Vec<RepoState>>,
}

impl Record {
    pub(super) fn new(
        state: &State,
        parent: &str,
        request: &Request,
        set: &str,
        repos: Option<Vec<RepoState>>,
    ) -> Self {
        Self {
            format: FORMAT,
            what: request.what.clone(),
            state: state.clone(),
            parent: parent.to_owned(),
            shape: request.shape.clone(),
            set: set.to_owned(),
            repos,
        }
    }

    /// The same for another request.
    pub(super) fn answers(self, request: &Request) -> Self {
        Self {
            what: request.what.clone(),
            ..self
        }
    }
}

#[derive(Debug)]
pub(crate) struct Records {
    store: PathBuf,
}

impl Records {
    pub(crate) fn at(store: &Path) -> Self {
        Self {
            store: store.to_owned(),
        }
    }

    fn requests(&self) -> PathBuf {
        self.store.join("requests")
    }

    fn file(&self, hash: &str) -> PathBuf {
        self.requests().join(format!("{hash}.json"))
    }

    fn uses(&self, shared: &str) -> PathBuf {
        self.store.join("roots").join(shared).join("uses")
    }

    pub(super) fn lock(&self, request: &Request) -> Result<PathBuf> {
        let directory = self.requests();
        fs_err::create_dir_all(&directory).map_err(Error::io("make", &directory))?;
        Ok(directory.join(format!("{}.lock", request.hash)))
    }

    pub(super) fn read(&self, request: &Request) -> Result<Option<Record>> {
        self.read_file(&self.file(&request.hash))
    }

    fn read_file(&self, path: &Path) -> Result<Option<Record>> {
        match fs_err::read(path) {
            // One that cannot be understood is made anew.
            Ok(text) => Ok(serde_json::from_slice::<Record>(&text)
                .ok()
                .filter(|record| record.format == FORMAT)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("read", path)(error)),
        }
    }

    /// Writes a record and that the root `shared` uses it.
    pub(super) fn keep(&self, request: &Request, shared: &str, record: &Record) -> Result<()> {
        self.used(request, &record.state, shared)?;
        if let State::Cached(key) = &record.state {
            self.write_file(&self.file(key), record)?;
        }
        self.write(request, record)
    }

    pub(super) fn write(&self, request: &Request, record: &Record) -> Result<()> {
        self.write_file(&self.file(&request.hash), record)
    }

    fn write_file(&self, path: &Path, record: &Record) -> Result<()> {
        let directory = self.requests();
        fs_err::create_dir_all(&directory).map_err(Error::io("make", &directory))?;
        let text = serde_json::to_vec(record)
            .map_err(|error| Error::io("write", path)(std::io::Error::other(error)))?;
        crate::fs::replace(path, &text)
    }

    /// The root `shared` uses the record, and the state it names, now.
    pub(super) fn used(&self, request: &Request, state: &State, shared: &str) -> Result<()> {
        let directory = self.uses(shared);
        fs_err::create_dir_all(&directory).map_err(Error::io("make", &directory))?;
        let key = match state {
            State::Cached(key) => Some(key),
            State::Snapshot(_) => None,
        };
        for name in [Some(&request.hash), key].into_iter().flatten() {
            let path = directory.join(name);
            let file = fs_err::File::create(&path).map_err(Error::io("write", &path))?;
            file.file()
                .set_modified(SystemTime::now())
                .map_err(Error::io("set the time of", &path))?;
        }
        Ok(())
    }

    /// The digests of packages that lead from `parent` to a state that is there.
    pub(super) fn sets(
        &self,
        parent: &str,
        shape: &str,
        there: impl Fn(&str) -> Result<bool>,
    ) -> Result<BTreeSet<String>> {
        let mut sets = BTreeSet::new();
        for path in self.files()? {
            if let Some(record) = self.read_file(&path)?
                && record.parent == parent
                && record.shape == shape
                && there(&record.set)?
            {
                sets.insert(record.set);
            }
        }
        Ok(sets)
    }

    /// Every state that a record keeps.
    pub(crate) fn states(&self) -> Result<Vec<State>> {
        let mut states = Vec::new();
        for path in self.files()? {
            states.extend(self.read_file(&path)?.map(|record| record.state));
        }
        Ok(states)
    }

    /// Forgets what led to cached states that are gone.
    pub(crate) fn forget_states(&self, keys: &[String]) -> Result<()> {
        for path in self.files()? {
            let record = self.read_file(&path)?;
            if record.is_some_and(
                |record| matches!(record.state, State::Cached(key) if keys.contains(&key)),
            ) {
                remove(&path)?;
            }
        }
        Ok(())
    }

    fn files(&self) -> Result<Vec<PathBuf>> {
        let is_record = |path: &PathBuf| path.extension().is_some_and(|suffix| suffix == "json");
        Ok(paths(&self.requests())?
            .into_iter()
            .filter(is_record)
            .collect())
    }

    fn all_uses(&self) -> Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for root in paths(&self.store.join("roots"))? {
            found.extend(paths(&root.join("uses"))?);
        }
        Ok(found)
    }

    /// The root `shared` uses nothing any more.
    pub(crate) fn forget_uses_of(&self, shared: &str) -> Result<()> {
        paths(&self.uses(shared))?
            .iter()
            .try_for_each(|path| remove(path))
    }

    pub(crate) fn forget_older_than(&self, age: Duration) -> Result<()> {
        for path in self.all_uses()? {
            if modified(&path).elapsed().is_ok_and(|unused| unused > age) {
                remove(&path)?;
            }
        }
        Ok(())
    }

    /// Forgets the use that is longest ago; says whether there was one.
    pub(crate) fn forget_oldest(&self) -> Result<bool> {
        match self
            .all_uses()?
            .into_iter()
            .min_by_key(|path| modified(path))
        {
            Some(path) => remove(&path).map(|()| true),
            None => Ok(false),
        }
    }

    /// Removes records that no root uses.
    pub(crate) fn forget_unused(&self) -> Result<()> {
        let used: BTreeSet<_> = self
            .all_uses()?
            .iter()
            .filter_map(|path| Some(path.file_name()?.to_owned()))
            .collect();
        // Locks go too: whoever waits for one that was removed takes it anew.
        for path in paths(&self.requests())? {
            if !path.file_stem().is_some_and(|hash| used.contains(hash)) {
                remove(&path)?;
            }
        }
        Ok(())
    }
}

fn modified(path: &Path) -> SystemTime {
    fs_err::metadata(path)
        .and_then(|metadata| metadata.modified())
        .unwrap_or(SystemTime::UNIX_EPOCH)
}

fn remove(path: &Path) -> Result<()> {
    match fs_err::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

fn paths(directory: &Path) -> Result<Vec<PathBuf>> {
    match fs_err::read_dir(directory) {
        Ok(entries) => Ok(entries.flatten().map(|entry| entry.path()).collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Error::io("list", directory)(error)),
    }
}
