//! Removing cached states that nothing refers to, old ones, and what killed mocks left.
//!
//! A record of the cache (`buildroot/cache/`) or a head that was started from it keeps a state; every
//! state is whole, so none needs another.

use std::collections::BTreeSet;
use std::path::Path;

use super::store::{Head, maker};
use super::{Btrfs, State};
use crate::buildroot::cache::records::Records;
use crate::buildroot::storage::{budget, files};
use crate::error::{Error, Result};

impl Btrfs<'_> {
    /// Applies the budget when that was not done for a day.
    pub(super) fn collect_when_due(&self) -> Result<()> {
        let store = self.store();
        if !store.cached().is_dir() {
            return Ok(());
        }
        let collect = || self.collect_unreferenced();
        match budget::apply_age(self.budget.age, &self.store, &store.path, collect)? {
            Some(records) => self.shrink(&records),
            None => Ok(()),
        }
    }

    /// Removes every cached state that nothing refers to.
    pub(super) fn collect_unreferenced(&self) -> Result<()> {
        let store = self.store();
        let _lock = store.lock(self.runner)?;
        Records::at(&self.store).forget_unused()?;
        let kept = self.referenced()?;
        for key in files::names(&store.cached())? {
            if !kept.contains(&key) {
                tracing::debug!("removing cached state {key}: nothing refers to it");
                self.drop_state(&store.cached().join(key))?;
            }
        }
        self.drop_unfinished(&store.cached())
    }

    /// Removes the store when it holds nothing any more, and what all backends share likewise.
    pub(super) fn remove_empty_store(&self) -> Result<()> {
        let store = self.store();
        let is_empty = |path: &Path| files::names(path).map(|names| names.is_empty());
        {
            let _lock = store.lock(self.runner)?;
            if !is_empty(&store.cached())? || !is_empty(&store.roots())? {
                return Ok(());
            }
            self.trash.discard_into(&store.path, &self.store)?;
        }
        let shared = ["roots", "requests"].map(|name| self.store.join(name));
        if !is_empty(&shared[0])? || self.store.join("layers").exists() {
            return Ok(());
        }
        // Locks of requests that somebody waits for stay locks: they are opened by name anew.
        for path in &shared {
            self.trash.discard_into(path, &self.store)?;
        }
        self.trash.finish();
        // Not when somebody begins again meanwhile.
        let _ = fs_err::remove_dir(&self.store);
        Ok(())
    }

    fn referenced(&self) -> Result<BTreeSet<String>> {
        let store = self.store();
        let mut states = Records::at(&self.store).states()?;
        for shared in files::names(&store.roots())? {
            for name in files::names(&store.heads(&shared))? {
                let head = files::read::<Head>(&store.heads(&shared).join(name))?;
                states.extend(head.and_then(|head| head.origin));
            }
        }
        let key = |state| match state {
            State::Cached(key) => Some(key),
            State::Snapshot(_) => None,
        };
        Ok(states.into_iter().filter_map(key).collect())
    }

    /// Forgets the least recently used records when the cached states are too big. States share what
    /// they have in common, so how much one takes is not known: as many go as are too much on
    /// average, and the next day shows whether that was enough.
    fn shrink(&self, records: &Records) -> Result<()> {
        let cached = self.store().cached();
        // What all of the file system takes costs one look, and is more.
        let stat = nix::sys::statvfs::statvfs(&cached)
            .map_err(|errno| Error::io("look at", &cached)(errno.into()))?;
        let used = (stat.blocks() - stat.blocks_free()) * stat.fragment_size();
        if used <= self.budget.size {
            return Ok(());
        }
        let Some(usage) = self.program.usage(&cached)? else {
            return Ok(());
        };
        let total = usage.own + usage.shared;
        let count = files::names(&cached)?.len() as u64;
        let excess = total.saturating_sub(self.budget.size);
        for _ in 0..(count * excess).div_ceil(total.max(1)) {
            if !records.forget_oldest()? {
                break;
            }
        }
        match excess {
            0 => Ok(()),
            _ => self.collect_unreferenced(),
        }
    }

    /// Removes what mocks that are gone began to make in `directory`.
    pub(super) fn drop_unfinished(&self, directory: &Path) -> Result<()> {
        let Ok(entries) = fs_err::read_dir(directory) else {
            return Ok(());
        };
        for entry in entries.flatten() {
            let gone = |pid: u32| !Path::new(&format!("/proc/{pid}")).exists();
            if entry.file_name().to_str().and_then(maker).is_some_and(gone) {
                self.drop_subvolume(&entry.path(), &self.store)?;
            }
        }
        Ok(())
    }
}
