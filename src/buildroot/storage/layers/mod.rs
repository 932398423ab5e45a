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
mod head;
mod overlay;
mod states;
mod store;

use std::path::{Path, PathBuf};

use super::budget::Budget;
use super::files::lock_others;
use super::{Attached, States, Storage, mounted};
use crate::buildroot::trash::{Trash, scratch_prefix};
use crate::error::Result;
use crate::fs::remove_tree;
use crate::run::Runner;

use store::Store;

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
            .prefix(&scratch_prefix())
            .tempdir_in(there.unwrap_or(store))
            .map_err(|error| error.to_string())?;
        let done = overlay::probe(scratch.path(), user);
        // A directory that overlayfs worked in has some that its owner may not list.
        let _ = remove_tree(scratch.path());
        done
    };
    try_it().err()
}

/// What the mount of a root is called in mount tables: by the directory that is its own, whatever
/// leads there. The end of a path tells most of it, and the kernel takes 255 bytes.
pub(crate) fn mount_source(own: &Path) -> String {
    const LONGEST: usize = 240;
    let path = fs_err::canonicalize(own).unwrap_or_else(|_| own.to_owned());
    let path = path.to_string_lossy();
    let start = path.len().saturating_sub(LONGEST);
    let start = (start..path.len()).find(|at| path.is_char_boundary(*at));
    format!("{}{}", mounted::PREFIX, &path[start.unwrap_or(0)..])
}

/// What a head's mount is called in mount tables, and the directory that it is while it stands on
/// nothing.
pub(crate) fn marks_of_head(store: &Path, shared: &str, instance: &str) -> (String, PathBuf) {
    let store = Store {
        path: store.to_owned(),
    };
    let head = store.heads(shared).join(instance);
    (mount_source(&head), head.join("tree/fs"))
}

impl Storage for Layers<'_> {
    fn name(&self) -> &'static str {
        "layers"
    }

    fn attach(&self) -> Result<Attached> {
        store::make_private(&self.store)?;
        store::make_private(&self.store().layers())?;
        mounted::clear_others(&self.root, |found| self.is_own(found))?;
        self.drop_lost()?;
        // A mock that was killed did not get to it.
        self.store().unsettled().settle_later()?;
        let mut head = self.head()?;
        self.check_owner(head.user)?;
        self.drop_unfinished()?;
        if !self.is_known() {
            // What it stands on is not known any more.
            self.hide(true)?;
            self.drop_tree(&self.tree())?;
        }
        if self.tree().join("fs").is_dir() {
            // A tree must not be mounted twice.
            if let Some(before) = head.root.replace(self.root.clone())
                && before != self.root
            {
                self.hide_at(&before, true)?;
                self.write_head(&head)?;
            }
            if self.shown()? {
                return Ok(Attached::AsLeft);
            }
            let restarted = head.boot != store::boot_id();
            if restarted
                && let Some(base) = &head.base
                && self.store().chain(base).is_err()
            {
                tracing::warn!(
                    "{} is made anew: the layers below it were not on disk when the machine went down",
                    self.instance
                );
                self.drop_tree(&self.tree())?;
                self.begin(&mut head, None, None)?;
                self.show(&head)?;
                return Ok(Attached::Empty);
            }
            if restarted {
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
        self.shown().is_ok_and(|shown| shown)
    }

    fn discard(&self) -> Result<()> {
        mounted::clear_others(&self.root, |found| self.is_own(found))?;
        self.hide(true)?;
        // Also a freeze that was cut short is completed: its snapshot was asked for.
        if let Some(elsewhere) = self.head()?.root {
            self.hide_at(&elsewhere, true)?;
        }
        self.drop_unfinished()?;
        self.drop_tree(&self.tree())?;
        // One that lies elsewhere does not go with the root's directory.
        let _ = fs_err::remove_dir(&self.root);
        Ok(())
    }

    fn scrub(&self) -> Result<()> {
        let heads = store::names(&self.store().heads(&self.shared))?;
        let _others = lock_others(&self.basedir, &heads, &self.instance)?;
        mounted::clear_others(&self.root, |found| self.is_own(found))?;
        self.hide(true)?;
        self.hide_all_heads()?;
        {
            let _lock = self.store().lock(self.runner)?;
            self.drop_tree(&self.store().root(&self.shared))?;
        }
        self.collect_unreferenced()?;
        self.remove_empty_store()
    }

    fn finish(&self) -> Result<()> {
        // What outlives mock stays in these namespaces, where the next mock cannot see that the tree is
        // mounted.
        if self.user {
            self.hide(true)?;
        }
        self.collect_when_due()
    }

    fn is_visible(&self) -> bool {
        !self.user
    }

    fn states(&self) -> Option<&dyn States> {
        Some(self)
    }
}
