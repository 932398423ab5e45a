//! Layers as states: snapshots by name, cached ones by key.

use std::path::PathBuf;

use super::store::{self, Head, Layer, SnapshotFile};
use super::{DEEP, Layers, collect, flatten};
use crate::buildroot::snapshots::is_asked_for;
use crate::buildroot::storage::{Snapshot, State, States};
use crate::error::{Error, Result};
use crate::fs::remove_tree;

impl Layers<'_> {
    /// Makes of the head's tree, which nobody writes any more, what can be the layer `id`. Gives where
    /// it is.
    fn prepare(&self, head: &Head, id: &str, snapshot: Option<String>) -> Result<(PathBuf, Layer)> {
        let store = self.store();
        let (source, parent) = match &head.base {
            Some(base) if store.chain(base)?.len() >= DEEP => {
                let flat = self.head_dir().join("flat");
                flatten::make(&store, base, &self.tree().join("fs"), &flat.join("fs"))?;
                (flat, None)
            }
            base => (self.tree(), base.clone()),
        };
        let layer = Layer::new(parent, snapshot);
        remove_tree(&source.join("work"))?;
        store::write(&source.join("layer.json"), &layer)?;
        store.unsettled().mark(id)?;
        // What somebody asked for is there for good when the command is over.
        if layer.snapshot.as_deref().is_some_and(is_asked_for) {
            store.unsettled().settle()?;
        }
        Ok((source, layer))
    }

    /// Whether the layer for this cached state is there, made by somebody else: then the head stands on
    /// that, with an empty tree. What is there already is as good, and on disk perhaps for long.
    fn exists_already(&self, head: &mut Head, state: &State) -> Result<bool> {
        let State::Cached(key) = state else {
            return Ok(false);
        };
        let store = self.store();
        let Some(layer) = store.read_layer(key)?.filter(|_| store.has(key)) else {
            return Ok(false);
        };
        let _lock = store.lock(self.runner)?;
        if !store.has(key) {
            return Ok(false);
        }
        head.next.clone_from(key);
        self.write_head(head)?;
        self.drop_tree(&self.tree())?;
        self.frozen(head, &layer)?;
        self.make_tree(&self.tree(), head.base.as_deref())?;
        Ok(true)
    }
}

impl States for Layers<'_> {
    fn snapshots(&self) -> Result<Vec<Snapshot>> {
        let store = self.store();
        let mut files = Vec::new();
        for name in store::names(&store.snapshots(&self.shared))? {
            if let Some(file) = self.snapshot(&name)? {
                files.push((name, file));
            }
        }
        files.sort_by(|a, b| (a.1.made, &a.0).cmp(&(b.1.made, &b.0)));
        let mut found = Vec::new();
        for (index, (name, file)) in files.iter().enumerate() {
            // An earlier name of the same layer, or the nearest named one below.
            let chain = store.chain(&file.layer).unwrap_or_default();
            let named = |id: &String, among: &[(String, SnapshotFile)]| {
                among
                    .iter()
                    .rev()
                    .find(|(_, other)| other.layer == *id)
                    .map(|(name, _)| name.clone())
            };
            let parent = named(&file.layer, &files[..index])
                .or_else(|| chain.iter().skip(1).find_map(|id| named(id, &files)));
            found.push(Snapshot {
                name: name.clone(),
                parent,
                made: Some(file.made),
            });
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    fn has(&self, state: &State) -> Result<bool> {
        Ok(self.layer_of(state)?.is_some())
    }

    fn identity(&self, state: &State) -> Result<String> {
        self.needed(state)
    }

    fn default_snapshot(&self) -> Result<Option<String>> {
        let Some(name) = self.head()?.default else {
            return Ok(None);
        };
        Ok(self.snapshot(&name)?.map(|_| name))
    }

    fn set_default(&self, name: &str) -> Result<()> {
        let mut head = self.head()?;
        head.default = Some(name.to_owned());
        self.write_head(&head)
    }

    fn origin(&self) -> Result<Option<State>> {
        Ok(self.head()?.origin)
    }

    fn freeze(&self, state: &State) -> Result<()> {
        let store = self.store();
        let mut head = self.head()?;
        self.hide(false)?;
        let tree = self.tree();
        let (id, snapshot) = match state {
            // Never the one that the head has in view: a freeze that came to nothing may have left it a
            // key of the cache.
            State::Snapshot(name) => (store::fresh_id(), Some(name.clone())),
            State::Cached(key) => (key.clone(), None),
        };
        if self.exists_already(&mut head, state)? {
            return self.show(&head);
        }
        head.next.clone_from(&id);
        self.write_head(&head)?;
        let (source, layer) = match self.prepare(&head, &id, snapshot) {
            Ok(prepared) => prepared,
            // It is a root as it was: let it be seen.
            Err(error) => {
                head.next = store::fresh_id();
                self.write_head(&head)?;
                self.show(&head)?;
                return Err(error);
            }
        };
        {
            let _lock = store.lock(self.runner)?;
            // When somebody else came to the same meanwhile, theirs is as good.
            if !store.has(&id) {
                fs_err::rename(&source, store.layer(&id)).map_err(Error::io("name", &source))?;
                if layer.snapshot.as_deref().is_some_and(is_asked_for) {
                    store::sync_file(&store.layers())?;
                }
            }
            // That it is gone says that it was frozen.
            self.drop_tree(&tree)?;
            self.drop_tree(&source)?;
            self.frozen(&mut head, &layer)?;
        }
        store.unsettled().settle_later()?;
        self.make_tree(&tree, head.base.as_deref())?;
        self.show(&head)
    }

    fn restart(&self, from: Option<&State>, carry: &[&str]) -> Result<()> {
        let base = from.map(|state| self.needed(state)).transpose()?;
        self.hide(true)?;
        let mut head = self.head()?;
        let (tree, aside) = (self.tree(), self.aside());
        if aside.exists() {
            self.drop_tree(&tree)?;
        } else if tree.exists() {
            fs_err::rename(&tree, &aside).map_err(Error::io("set aside", &tree))?;
        }
        self.begin(&mut head, base, from.cloned())?;
        self.carry(&aside, carry)?;
        self.show(&head)?;
        self.drop_tree(&aside)
    }

    fn set_aside(&self) -> Result<()> {
        self.hide(true)?;
        let mut head = self.head()?;
        let (tree, aside) = (self.tree(), self.aside());
        self.drop_tree(&aside)?;
        fs_err::rename(&tree, &aside).map_err(Error::io("set aside", &tree))?;
        let (base, origin) = (head.base.clone(), head.origin.clone());
        self.begin(&mut head, base, origin)?;
        self.show(&head)
    }

    fn take_back(&self) -> Result<()> {
        self.hide(true)?;
        let head = self.head()?;
        self.drop_tree(&self.tree())?;
        fs_err::rename(self.aside(), self.tree()).map_err(Error::io("take back", self.aside()))?;
        self.show(&head)
    }

    fn carries(&self) -> bool {
        true
    }

    fn name_snapshot(&self, name: &str, of: &State) -> Result<()> {
        if is_asked_for(name) {
            self.store().unsettled().settle()?;
        }
        let _lock = self.store().lock(self.runner)?;
        let id = self.needed(of)?;
        self.refer(name, &id)
    }

    fn remove(&self, state: &State) -> Result<()> {
        if let State::Snapshot(name) = state {
            let path = self.store().snapshots(&self.shared).join(name);
            let _lock = self.store().lock(self.runner)?;
            fs_err::remove_file(&path).map_err(Error::io("remove", &path))?;
        }
        self.collect_unreferenced()
    }

    fn collect(&self) -> Result<()> {
        self.collect_unreferenced()
    }

    fn own_size(&self, state: &State) -> Result<Option<u64>> {
        let id = self.layer_of(state)?;
        id.map(|id| collect::size(&self.store().layer(&id)))
            .transpose()
    }
}
