//! The layers backend: immutable directories stacked by overlayfs, with a writable one on top.
//!
//! A head's tree is the topmost directory, everything it was started from lies below it untouched.
//! So a clean drops one directory, a snapshot gives it a name among the layers, and what many heads
//! are started from exists once, whatever the roots are called.
//!
//! Freezing is one rename, and the head's file says beforehand which name the tree will get: a mock
//! that was killed left the tree either in the head or among the layers, and the next one sees which.

mod collect;
mod flatten;
mod overlay;
mod store;

use std::path::{Path, PathBuf};

use super::{Attached, Snapshot, State, States, Storage, mounted};
use crate::buildroot::layout::lock_of;
use crate::buildroot::lock::{Lock, Mode};
use crate::buildroot::trash::Trash;
use crate::error::{Error, Result};
use crate::fs::remove_tree;
use crate::run::Runner;

pub(super) use collect::Budget;
use overlay::Overlay;
use store::{Head, Layer, SnapshotFile, Store};

/// More layers than this are made one: lookups get slower with each.
const DEEP: usize = 64;

pub(super) struct Layers<'a> {
    pub(super) store: PathBuf,
    /// Where the head is shown.
    pub(super) root: PathBuf,
    pub(super) basedir: PathBuf,
    /// The root's name without, and with, the unique extension.
    pub(super) shared: String,
    pub(super) instance: String,
    /// In a user namespace.
    pub(super) user: bool,
    pub(super) budget: Budget,
    pub(super) runner: &'a dyn Runner,
    pub(super) trash: &'a Trash,
}

impl std::fmt::Debug for Layers<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Layers")
            .field("store", &self.store)
            .field("instance", &self.instance)
            .finish_non_exhaustive()
    }
}

/// Why layers cannot be kept in `store`, if so; finds out by trying, unless there are some. Leaves
/// nothing behind, not even the store.
pub(super) fn unusable(store: &Path, user: bool) -> Option<String> {
    if store.join("layers").is_dir() {
        return None;
    }
    let try_it = || {
        let there = store.ancestors().find(|path| path.is_dir());
        let scratch = tempfile::Builder::new()
            .prefix(".mock-probe-")
            .tempdir_in(there.unwrap_or(store))
            .map_err(|error| error.to_string())?;
        let done = overlay::probe(scratch.path(), user);
        // A directory that overlayfs worked in has some that its owner may not list.
        let _ = remove_tree(scratch.path());
        done
    };
    try_it().err()
}

impl Layers<'_> {
    fn store(&self) -> Store {
        Store {
            path: self.store.clone(),
        }
    }

    fn head_dir(&self) -> PathBuf {
        self.store().heads(&self.shared).join(&self.instance)
    }

    fn tree(&self) -> PathBuf {
        self.head_dir().join("tree")
    }

    fn aside(&self) -> PathBuf {
        self.head_dir().join("aside")
    }

    /// What mount tables show, and `--orphanskill` looks for.
    fn source(&self) -> String {
        mount_source(&self.root)
    }

    /// The head's file, brought in line with what a mock that was killed got done.
    fn head(&self) -> Result<Head> {
        let path = self.head_dir().join("head.json");
        let Some(mut head) = store::read::<Head>(&path)? else {
            return Ok(Head::new());
        };
        // A layer of that name beside a tree was made by somebody else.
        if !self.tree().exists()
            && let Some(layer) = self.store().read_layer(&head.next)?
        {
            self.frozen(&mut head, &layer)?;
        }
        Ok(head)
    }

    fn write_head(&self, head: &Head) -> Result<()> {
        store::make_private(&self.head_dir())?;
        store::write(&self.head_dir().join("head.json"), head)
    }

    /// The head's tree has become the layer `head.next`: the files say so from here on.
    fn frozen(&self, head: &mut Head, layer: &Layer) -> Result<()> {
        let id = std::mem::replace(&mut head.next, store::fresh_id());
        head.origin = Some(match &layer.snapshot {
            Some(name) => {
                self.refer(name, &id)?;
                head.default = Some(name.clone());
                State::Snapshot(name.clone())
            }
            None => State::Cached(id.clone()),
        });
        head.base = Some(id);
        self.write_head(head)
    }

    fn refer(&self, name: &str, id: &str) -> Result<()> {
        let directory = self.store().snapshots(&self.shared);
        store::make_private(&directory)?;
        let path = directory.join(name);
        store::write(&path, &SnapshotFile::new(id))?;
        // It must not be younger on disk than the head's file, which no longer says it.
        store::sync_file(&path)
    }

    fn snapshot(&self, name: &str) -> Result<Option<SnapshotFile>> {
        store::read(&self.store().snapshots(&self.shared).join(name))
    }

    /// The layer that a state is, if it is there.
    fn layer_of(&self, state: &State) -> Result<Option<String>> {
        let id = match state {
            State::Cached(key) => Some(key.clone()),
            State::Snapshot(name) => self.snapshot(name)?.map(|file| file.layer),
        };
        Ok(id.filter(|id| self.store().chain(id).is_ok()))
    }

    fn needed(&self, state: &State) -> Result<String> {
        self.layer_of(state)?.ok_or_else(|| Error::Storage {
            message: format!("{state} of {} is not there any more", self.shared),
            hint: Some(format!(
                "a layer was removed from {}; `mock --rollback-to postinit` uses another, `--remove-snapshot` forgets \
                 it, `--scrub=overlayfs` begins anew",
                self.store().layers().display()
            )),
            code: 20,
        })
    }

    /// An empty tree to stand on `base`.
    fn make_tree(&self, at: &Path, base: Option<&str>) -> Result<()> {
        remove_tree(at)?;
        store::make_private(&self.head_dir())?;
        let fs = at.join("fs");
        store::make_private(at)?;
        fs_err::create_dir(&fs).map_err(Error::io("make", &fs))?;
        match base {
            Some(base) => overlay::like(&self.store().layer(base).join("fs"), &fs),
            None => {
                fs_err::set_permissions(&fs, std::os::unix::fs::PermissionsExt::from_mode(0o755))
                    .map_err(Error::io("set the mode of", &fs))
            }
        }
    }

    /// Mounts the head's tree on what it stands on.
    fn show(&self, head: &Head) -> Result<()> {
        fs_err::create_dir_all(&self.root).map_err(Error::io("make", &self.root))?;
        let (upper, work) = (self.tree().join("fs"), self.tree().join("work"));
        let Some(base) = &head.base else {
            return mounted::bind(&upper, &self.root);
        };
        // It holds the mark of an earlier volatile mount, which would be taken for a crash.
        remove_tree(&work)?;
        fs_err::create_dir(&work).map_err(Error::io("make", &work))?;
        Overlay {
            layers: &self.store().layers(),
            lowers: &self.store().chain(base)?,
            upper: &upper,
            work: &work,
            source: &self.source(),
            user: self.user,
        }
        .mount(&self.root)
    }

    /// How many mounts of this head are at the root's path. Something else there is an error.
    fn shown(&self) -> Result<usize> {
        let tree = Path::new("heads").join(&self.instance).join("tree/fs");
        let found = mounted::at(&self.root)?;
        let ours = |mount: &mounted::Found| {
            (mount.kind == "overlay" && mount.source == self.source())
                || mount.part.ends_with(&tree)
        };
        match found.last() {
            Some(other) if !ours(other) => Err(Error::Storage {
                message: format!(
                    "something else is mounted on {}: {}",
                    self.root.display(),
                    other.source
                ),
                hint: Some(format!("unmount it: `umount {}`", self.root.display())),
                code: 20,
            }),
            _ => Ok(found.len()),
        }
    }

    /// Unmounts the head. One in use can go on being used, where that does no harm.
    fn hide(&self, lazily: bool) -> Result<()> {
        for _ in 0..self.shown()? {
            match mounted::detach(&self.root, false) {
                Err(_) if lazily => mounted::detach(&self.root, true)?,
                Err(error) => {
                    return Err(Error::Storage {
                        message: format!("the root is in use: {error}"),
                        hint: Some(format!(
                            "`fuser -vm {}` lists the programs that work in it",
                            self.root.display()
                        )),
                        code: 60,
                    });
                }
                Ok(()) => {}
            }
        }
        Ok(())
    }

    /// A tree that goes: renamed out of the head at once.
    fn drop_tree(&self, path: &Path) -> Result<()> {
        self.trash.discard_into(path, &self.store)
    }

    /// Moves directories of an earlier tree, with all that is in them, into the head's.
    fn carry(&self, from: &Path, carry: &[&str]) -> Result<()> {
        for name in carry {
            let (old, new) = (
                from.join("fs").join(name),
                self.tree().join("fs").join(name),
            );
            if !fs_err::symlink_metadata(&old).is_ok_and(|metadata| metadata.is_dir()) {
                continue;
            }
            if let (Some(was), Some(parent)) = (old.parent(), new.parent())
                && !parent.is_dir()
            {
                fs_err::create_dir_all(parent).map_err(Error::io("make", parent))?;
                overlay::like(was, parent)?;
            }
            fs_err::rename(&old, &new).map_err(Error::io("move", &old))?;
        }
        Ok(())
    }

    /// Starts the head on `base` with a new tree; gives where the old one went, if there was one.
    fn begin(&self, head: &mut Head, base: Option<String>, origin: Option<State>) -> Result<()> {
        head.base = base;
        head.origin = origin;
        head.next = store::fresh_id();
        head.boot = store::boot_id();
        let fresh = self.head_dir().join("fresh");
        self.make_tree(&fresh, head.base.as_deref())?;
        // Between the two there is a head without a tree, which the next mock starts anew.
        {
            let store = self.store();
            let _lock = store.lock(self.runner)?;
            // It may have been collected just before it was referred to.
            if let Some(base) = &head.base {
                store.chain(base)?;
            }
            self.write_head(head)?;
        }
        fs_err::rename(&fresh, self.tree()).map_err(Error::io("make", self.tree()))
    }

    /// Other heads of this root, with their locks: nobody uses them while these live.
    fn lock_others(&self) -> Result<Vec<Lock>> {
        store::names(&self.store().heads(&self.shared))?
            .iter()
            .filter(|name| **name != self.instance)
            .map(|name| lock_of(&self.basedir.join(name)))
            .filter(|path| path.exists())
            .map(|path| Lock::take(&path, Mode::Exclusive))
            .collect()
    }
}

/// What the mount of the root at `root` is called in mount tables. The end of a path tells most of
/// it, and the kernel takes 255 bytes.
pub(crate) fn mount_source(root: &Path) -> String {
    const LONGEST: usize = 240;
    let path = root.to_string_lossy();
    let start = path.len().saturating_sub(LONGEST);
    let start = (start..path.len()).find(|at| path.is_char_boundary(*at));
    format!("mock:{}", &path[start.unwrap_or(0)..])
}

impl Storage for Layers<'_> {
    fn name(&self) -> &'static str {
        "layers"
    }

    fn attach(&self) -> Result<Attached> {
        store::make_private(&self.store().layers())?;
        let mut head = self.head()?;
        // Of a mock that was killed.
        self.drop_tree(&self.aside())?;
        self.drop_tree(&self.head_dir().join("fresh"))?;
        if self.tree().join("fs").is_dir() {
            if self.shown()? > 0 {
                return Ok(Attached::AsLeft);
            }
            if head.boot != store::boot_id() {
                tracing::debug!(
                    "{} was last used before the machine was started; after a crash files may be missing, and a clean \
                     makes it anew",
                    self.instance
                );
                head.boot = store::boot_id();
                self.write_head(&head)?;
            }
            self.show(&head)?;
            return Ok(Attached::AsLeft);
        }
        self.begin(&mut head, None, None)?;
        self.show(&head)?;
        Ok(Attached::Empty)
    }

    fn detach(&self) -> Result<()> {
        self.hide(false)
    }

    fn is_attached(&self) -> bool {
        self.shown().is_ok_and(|mounts| mounts > 0)
    }

    fn discard(&self) -> Result<()> {
        self.hide(true)?;
        // Also a freeze that was cut short is completed: its snapshot was asked for.
        self.head()?;
        self.drop_tree(&self.aside())?;
        self.drop_tree(&self.head_dir().join("fresh"))?;
        self.drop_tree(&self.tree())?;
        // One that lies elsewhere does not go with the root's directory.
        let _ = fs_err::remove_dir(&self.root);
        Ok(())
    }

    fn scrub(&self) -> Result<()> {
        let _others = self.lock_others()?;
        self.hide(true)?;
        {
            let _lock = self.store().lock(self.runner)?;
            self.drop_tree(&self.store().root(&self.shared))?;
        }
        self.collect_unreferenced()?;
        self.remove_empty_store()
    }

    fn finish(&self) -> Result<()> {
        self.collect_when_due()
    }

    fn is_visible(&self) -> bool {
        !self.user
    }

    fn states(&self) -> Option<&dyn States> {
        Some(self)
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
            State::Snapshot(name) => (head.next.clone(), Some(name.clone())),
            State::Cached(key) => (key.clone(), None),
        };
        if head.next != id {
            head.next.clone_from(&id);
            self.write_head(&head)?;
        }
        if store.has(&id) {
            // Somebody else came to the same; theirs is as good.
            self.drop_tree(&tree)?;
            let layer = Layer::new(None, snapshot);
            self.frozen(&mut head, &layer)?;
        } else {
            let parent = match &head.base {
                Some(base) if store.chain(base)?.len() >= DEEP => {
                    flatten::onto(&store, base, &tree)?;
                    None
                }
                base => base.clone(),
            };
            let layer = Layer::new(parent, snapshot);
            remove_tree(&tree.join("work"))?;
            store::write(&tree.join("layer.json"), &layer)?;
            overlay::sync(&tree)?;
            let _lock = store.lock(self.runner)?;
            fs_err::rename(&tree, store.layer(&id)).map_err(Error::io("name", &tree))?;
            store::sync_file(&store.layers())?;
            self.frozen(&mut head, &layer)?;
        }
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
