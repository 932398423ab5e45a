//! The btrfs backend: a head is a subvolume at the root's path, states are read-only snapshots.
//!
//! Every change prepares a subvolume under another name and renames it into place, so a mock that
//! was killed leaves the old tree, the new one, or none. The kernel writes a snapshot's content to
//! disk when it makes it.

mod collect;
mod nested;
mod program;
mod states;
mod store;
mod usable;

use std::path::{Path, PathBuf};

use super::budget::Budget;
use super::files::{self, lock_others, make_private};
use super::{Attached, State, States, Storage, mounted};
use crate::buildroot::cache::records::Records;
use crate::buildroot::trash::Trash;
use crate::error::{Error, Result};
use crate::fs::remove_tree;
use crate::run::Runner;

use nested::is_subvolume;
use program::Program;
use store::{Head, Origin, Store, origin_file};
pub(super) use usable::unusable;

pub(super) struct Btrfs<'a> {
    /// Of all backends; ours is below.
    store: PathBuf,
    root: PathBuf,
    basedir: PathBuf,
    /// The root's name without, and with, the unique extension.
    shared: String,
    instance: String,
    budget: Budget,
    runner: &'a dyn Runner,
    program: Program<'a>,
    trash: &'a Trash,
}

impl std::fmt::Debug for Btrfs<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Btrfs")
            .field("root", &self.root)
            .finish_non_exhaustive()
    }
}

impl<'a> Btrfs<'a> {
    pub(super) fn new(cx: crate::buildroot::Cx<'a>, budget: Budget, trash: &'a Trash) -> Self {
        let chroot = &cx.config.chroot;
        Self {
            store: chroot.store.clone(),
            root: chroot.rootdir.clone(),
            basedir: chroot.basedir.clone(),
            shared: chroot.shared_name.clone(),
            instance: chroot.name.clone(),
            budget,
            runner: cx.runner,
            program: Program::new(cx.runner, cx.identity.ids),
            trash,
        }
    }

    fn store(&self) -> Store {
        Store {
            path: self.store.join("btrfs"),
        }
    }

    /// A tree beside the root's, of the same file system.
    fn beside(&self, suffix: &str) -> PathBuf {
        let name = self.root.file_name().unwrap_or_default().to_string_lossy();
        self.root.with_file_name(format!(".{name}-{suffix}"))
    }

    /// What the head is made as.
    fn next(&self) -> PathBuf {
        self.beside("next")
    }

    fn aside(&self) -> PathBuf {
        self.beside("aside")
    }

    fn head(&self) -> Result<Head> {
        let path = self.store().head(&self.shared, &self.instance);
        Ok(files::read(&path)?.unwrap_or_else(|| Head::at(&self.root)))
    }

    fn write_head(&self, head: &Head) -> Result<()> {
        make_private(&self.store().path)?;
        make_private(&self.store().heads(&self.shared))?;
        files::write(&self.store().head(&self.shared, &self.instance), head)
    }

    fn tree_of(&self, state: &State) -> PathBuf {
        self.store().state(&self.shared, state)
    }

    fn needed(&self, state: &State) -> Result<PathBuf> {
        let tree = self.tree_of(state);
        if tree.is_dir() {
            return Ok(tree);
        }
        Err(Error::Storage {
            message: format!("{state} of {} is not there any more", self.shared),
            hint: Some(format!(
                "it was removed by hand; `mock --scrub=all` begins anew (states: {})",
                self.store().path.display()
            )),
            code: 20,
        })
    }

    fn origin_of(&self, state: &State) -> Result<Option<Origin>> {
        files::read(&origin_file(&self.tree_of(state)))
    }

    /// Ids of `state` and of those it was made on top of.
    fn ground(&self, state: &State) -> Result<Vec<String>> {
        let below = self.origin_of(state)?.map_or(Vec::new(), |o| o.ground);
        Ok(std::iter::once(self.identity(state)?)
            .chain(below)
            .collect())
    }

    /// Removes a subvolume, or whatever is at `path`, by way of `directory`.
    fn drop_subvolume(&self, path: &Path, directory: &Path) -> Result<()> {
        if is_subvolume(path) {
            crate::fs::refuse_mounts(path)?;
            if self.program.delete(path)? {
                return Ok(());
            }
            nested::thaw(&self.program, path)?;
        }
        self.trash.discard_into(path, directory)
    }

    /// Removes a head's tree.
    fn drop_tree(&self, path: &Path) -> Result<()> {
        self.drop_subvolume(path, &self.basedir)
    }

    fn drop_state(&self, tree: &Path) -> Result<()> {
        self.drop_subvolume(tree, &self.store)?;
        remove_tree(&origin_file(tree))
    }

    /// An empty head, not in its place yet.
    fn make_next(&self, from: Option<&Path>) -> Result<PathBuf> {
        let next = self.next();
        self.drop_tree(&next)?;
        if let Some(parent) = next.parent() {
            fs_err::create_dir_all(parent).map_err(Error::io("make", parent))?;
        }
        match from {
            Some(tree) => self.program.snapshot(tree, &next)?,
            None => {
                self.program.create(&next)?;
                fs_err::set_permissions(&next, std::os::unix::fs::PermissionsExt::from_mode(0o755))
                    .map_err(Error::io("set the mode of", &next))?;
            }
        }
        Ok(next)
    }

    /// Puts what [`Self::make_next`] made in the root's place, where nothing is.
    fn place(&self, origin: Option<&State>) -> Result<()> {
        let mut head = self.head()?;
        head.root.clone_from(&self.root);
        head.ground = origin.map_or(Ok(Vec::new()), |state| self.ground(state))?;
        head.origin = origin.cloned();
        {
            let _lock = self.store().lock(self.runner)?;
            self.write_head(&head)?;
        }
        let next = self.next();
        fs_err::rename(&next, &self.root).map_err(Error::io("name", &next))
    }
}

impl Storage for Btrfs<'_> {
    fn name(&self) -> &'static str {
        "btrfs"
    }

    fn attach(&self) -> Result<Attached> {
        // What was set aside when a mock was killed.
        self.drop_tree(&self.aside())?;
        if is_subvolume(&self.root) {
            return Ok(Attached::AsLeft);
        }
        if let Some(other) = mounted::at(&self.root)? {
            return Err(mounted::foreign(&self.root, &other.source));
        }
        if fs_err::remove_dir(&self.root).is_err() && self.root.exists() {
            tracing::warn!(
                "{} is of another storage: it is made anew",
                self.root.display()
            );
            self.trash.discard_into(&self.root, &self.basedir)?;
        }
        self.make_next(None)?;
        self.place(None)?;
        Ok(Attached::Empty)
    }

    fn detach(&self) -> Result<()> {
        Ok(())
    }

    fn is_attached(&self) -> bool {
        is_subvolume(&self.root)
    }

    fn discard(&self) -> Result<()> {
        for tree in [self.next(), self.aside(), self.root.clone()] {
            self.drop_tree(&tree)?;
        }
        let mut head = self.head()?;
        if head.origin.is_none() {
            return Ok(());
        }
        head.origin = None;
        head.ground.clear();
        let _lock = self.store().lock(self.runner)?;
        self.write_head(&head)
    }

    fn scrub(&self) -> Result<()> {
        let store = self.store();
        let heads = files::names(&store.heads(&self.shared))?;
        let instances: Vec<String> = heads
            .iter()
            .filter_map(|name| Some(name.strip_suffix(".json")?.to_owned()))
            .collect();
        let _others = lock_others(&self.basedir, &instances, &self.instance)?;
        for name in heads {
            if let Some(head) = files::read::<Head>(&store.heads(&self.shared).join(name))? {
                self.drop_tree(&head.root)?;
            }
        }
        self.discard()?;
        {
            let _lock = store.lock(self.runner)?;
            let snapshots = store.snapshots(&self.shared);
            for name in files::names(&snapshots)? {
                self.drop_state(&snapshots.join(name))?;
            }
            self.drop_unfinished(&snapshots)?;
            self.trash
                .discard_into(&store.root(&self.shared), &self.store)?;
        }
        Records::at(&self.store).forget_uses_of(&self.shared)?;
        self.collect_unreferenced()?;
        // What mock notes of a root beside its states; layers have a head of theirs there.
        let notes = self.store.join("roots").join(&self.shared);
        for name in ["uses", "packages"] {
            self.trash.discard_into(&notes.join(name), &self.store)?;
        }
        let _ = fs_err::remove_dir(&notes);
        self.remove_empty_store()
    }

    fn finish(&self) -> Result<()> {
        self.collect_when_due()
    }

    fn states(&self) -> Option<&dyn States> {
        Some(self)
    }
}
