//! Removing layers that nothing refers to, and cached ones that are old or too many.
//!
//! A layer is kept by a head, a snapshot, a record of the cache (`buildroot/cache/`), or a layer that
//! stands on it. References change only under the store's lock, so what is unreferenced under it
//! stays so.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::Layers;
use super::store::{self, Head, Layer, SnapshotFile};
use crate::buildroot::cache::records::Records;
use crate::buildroot::storage::files::read_surely;
use crate::buildroot::storage::{State, budget};
use crate::error::{Error, Result};

impl Layers<'_> {
    /// Applies the budget when that was not done for a day.
    pub(super) fn collect_when_due(&self) -> Result<()> {
        let store = &self.store;
        if !store.join("layers").is_dir() {
            return Ok(());
        }
        let collect = || self.collect_unreferenced();
        match budget::apply_age(self.budget.age, store, store, collect)? {
            Some(records) => self.shrink(&records),
            None => Ok(()),
        }
    }

    /// Removes layers that were not on disk when the machine went down, and the names they had.
    pub(super) fn drop_lost(&self) -> Result<()> {
        let store = self.store();
        let unsettled = store.unsettled();
        if unsettled.lost()?.is_empty() {
            return Ok(());
        }
        let _lock = store.lock(self.runner)?;
        // Another mock may have done it meanwhile, and made some anew.
        let lost = unsettled.lost()?;
        for id in &lost {
            tracing::debug!("removing layer {id}: it was not on disk when the machine went down");
            self.drop_tree(&store.layer(id))?;
        }
        for shared in store::names(&self.store.join("roots"))? {
            for name in store::names(&store.snapshots(&shared))? {
                let path = store.snapshots(&shared).join(&name);
                if store::read::<SnapshotFile>(&path)?
                    .is_some_and(|file| lost.contains(&file.layer))
                {
                    fs_err::remove_file(&path).map_err(Error::io("remove", &path))?;
                }
            }
        }
        Records::at(&self.store).forget_states(&lost)?;
        lost.iter().try_for_each(|id| unsettled.forget(id))
    }

    /// Removes every layer that nothing refers to.
    pub(super) fn collect_unreferenced(&self) -> Result<()> {
        let store = self.store();
        let _lock = store.lock(self.runner)?;
        Records::at(&self.store).forget_unused()?;
        let all = self.held().and_then(|mut held| {
            held.extend(self.cached()?);
            self.with_parents(held)
        });
        let kept = match all {
            Ok(kept) => kept,
            Err(error @ Error::Storage { .. }) => {
                tracing::warn!("layers that nothing uses are left: {error}");
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        for id in store::names(&store.layers())? {
            if !kept.contains(&id) {
                tracing::debug!("removing layer {id}: nothing refers to it");
                self.drop_tree(&store.layer(&id))?;
            }
        }
        Ok(())
    }

    /// Layers that snapshots and heads refer to.
    fn held(&self) -> Result<BTreeSet<String>> {
        let store = self.store();
        let mut found = BTreeSet::new();
        for shared in store::names(&self.store.join("roots"))? {
            for name in store::names(&store.snapshots(&shared))? {
                let path = store.snapshots(&shared).join(name);
                found.extend(read_surely::<SnapshotFile>(&path)?.map(|file| file.layer));
            }
            for name in store::names(&store.heads(&shared))? {
                let path = store.heads(&shared).join(name).join("head.json");
                if let Some(head) = read_surely::<Head>(&path)? {
                    found.extend(head.base);
                    found.insert(head.next);
                }
            }
        }
        Ok(found)
    }

    /// Layers that records of the cache refer to.
    fn cached(&self) -> Result<BTreeSet<String>> {
        let states = Records::at(&self.store).states()?;
        let key = |state| match state {
            State::Cached(key) => Some(key),
            State::Snapshot(_) => None,
        };
        Ok(states.into_iter().filter_map(key).collect())
    }

    /// These, and what they stand on.
    fn with_parents(&self, ids: impl IntoIterator<Item = String>) -> Result<BTreeSet<String>> {
        let store = self.store();
        let mut all = BTreeSet::new();
        for id in ids {
            // A chain with a hole is kept as far as it goes: what is broken is said when it is used.
            let mut next = Some(id);
            while let Some(id) = next.filter(|id| all.insert(id.clone())) {
                let path = store.layer(&id).join("layer.json");
                next = read_surely::<Layer>(&path)?.and_then(|layer| layer.parent);
            }
        }
        Ok(all)
    }

    /// Removes the store itself when it holds nothing any more.
    pub(super) fn remove_empty_store(&self) -> Result<()> {
        let store = self.store();
        let lock = store.lock(self.runner)?;
        let holds =
            |name: &str| store::names(&self.store.join(name)).map(|names| !names.is_empty());
        if holds("layers")? || holds("roots")? {
            return Ok(());
        }
        // Locks of requests that somebody waits for stay locks: they are opened by name anew.
        for name in [
            "layers",
            "roots",
            "requests",
            "collected",
            "unsettled",
            "lock",
        ] {
            self.drop_tree(&self.store.join(name))?;
        }
        drop(lock);
        self.trash.finish();
        // Not when somebody begins again meanwhile.
        let _ = fs_err::remove_dir(&self.store);
        Ok(())
    }

    /// Forgets the least recently used records until what only they keep is small enough. Snapshots
    /// and roots are not the cache's to remove, nor counted as it.
    fn shrink(&self, records: &Records) -> Result<()> {
        loop {
            let held = self.with_parents(self.held()?)?;
            let mut total = 0;
            for id in store::names(&self.store().layers())? {
                if !held.contains(&id) {
                    total += size(&self.store().layer(&id))?;
                }
            }
            if total <= self.budget.size || !records.forget_oldest()? {
                return Ok(());
            }
            self.collect_unreferenced()?;
        }
    }
}

/// Bytes on disk of a layer; counted once, since it does not change.
pub(super) fn size(layer: &Path) -> Result<u64> {
    let known = layer.join("size");
    if let Ok(text) = fs_err::read_to_string(&known)
        && let Ok(bytes) = text.trim().parse()
    {
        return Ok(bytes);
    }
    let mut bytes = 0;
    for entry in walkdir::WalkDir::new(layer.join("fs")) {
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(layer).to_owned();
            Error::io("read", path)(error.into())
        })?;
        if let Ok(metadata) = entry.metadata() {
            // A file with several names is counted in parts.
            let names = if metadata.is_dir() {
                1
            } else {
                metadata.nlink().max(1)
            };
            bytes += metadata.blocks() * 512 / names;
        }
    }
    crate::fs::replace(&known, format!("{bytes}\n").as_bytes())?;
    Ok(bytes)
}
