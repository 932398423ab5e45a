//! States of the btrfs backend: how they are made, told apart and returned to.

use std::path::{Path, PathBuf};

use super::store::{Origin, new_name, origin_file};
use super::{Btrfs, nested};
use crate::buildroot::storage::files::{self, fresh_id, make_private};
use crate::buildroot::storage::{Snapshot, State, States};
use crate::error::{Error, Result};
use crate::fs::remove_tree;

impl Btrfs<'_> {
    /// Makes `from` a state at once. A snapshot takes the place of one that is there; a cached state
    /// that somebody else made meanwhile is as good.
    fn keep(&self, from: &Path, state: &State, origin: &Origin) -> Result<()> {
        let tree = &self.tree_of(state);
        let directory = tree.parent().unwrap_or(tree);
        make_private(&self.store().path)?;
        make_private(directory)?;
        self.drop_unfinished(directory)?;
        let new = directory.join(new_name());
        self.drop_subvolume(&new, &self.store)?;
        self.program.freeze(from, &new)?;
        let _lock = self.store().lock(self.runner)?;
        match state {
            State::Cached(_) if tree.is_dir() => return self.drop_subvolume(&new, &self.store),
            _ => self.drop_subvolume(tree, &self.store)?,
        }
        files::write(&origin_file(tree), origin)?;
        fs_err::rename(&new, tree).map_err(Error::io("name", &new))
    }

    /// Directories of an earlier tree, with all that is in them, go into another.
    fn carry(&self, from: &Path, to: &Path, carry: &[&str]) -> Result<()> {
        for name in carry {
            let (Some(old), Some(new)) = (within(from, name), within(to, name)) else {
                continue;
            };
            if !fs_err::symlink_metadata(&old).is_ok_and(|metadata| metadata.is_dir()) {
                continue;
            }
            remove_tree(&new)?;
            if let Some(parent) = new.parent() {
                fs_err::create_dir_all(parent).map_err(Error::io("make", parent))?;
            }
            self.program.copy(&old, &new)?;
        }
        Ok(())
    }
}

/// `name` in `tree`, unless a symbolic link is on the way: one that a package put there could lead to
/// the host's files. Nothing runs in either tree meanwhile.
fn within(tree: &Path, name: &str) -> Option<PathBuf> {
    let path = tree.join(name);
    let above = path.ancestors().skip(1).take_while(|above| *above != tree);
    let is_link = |path: &Path| {
        fs_err::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_symlink())
    };
    (!above.into_iter().any(is_link)).then_some(path)
}

impl States for Btrfs<'_> {
    fn snapshots(&self) -> Result<Vec<Snapshot>> {
        let mut found = Vec::new();
        for name in files::names(&self.store().snapshots(&self.shared))? {
            let origin = self.origin_of(&State::Snapshot(name.clone()))?;
            found.push((name, origin));
        }
        Ok(found
            .iter()
            .map(|(name, origin)| Snapshot {
                name: name.clone(),
                parent: origin.as_ref().and_then(|o| parent(name, o, &found)),
                made: origin.as_ref().map(|origin| origin.made),
            })
            .collect())
    }

    fn has(&self, state: &State) -> Result<bool> {
        Ok(self.tree_of(state).is_dir())
    }

    fn identity(&self, state: &State) -> Result<String> {
        Ok(match (state, self.origin_of(state)?) {
            (State::Cached(key), _) => key.clone(),
            (State::Snapshot(_), Some(origin)) => origin.id,
            // Nothing else is the same.
            (State::Snapshot(_), None) => fresh_id(),
        })
    }

    fn default_snapshot(&self) -> Result<Option<String>> {
        let there = |name: &String| self.tree_of(&State::Snapshot(name.clone())).is_dir();
        Ok(self.head()?.default.filter(there))
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
        if matches!(state, State::Cached(_)) && self.tree_of(state).is_dir() {
            return self.restart(Some(state), &[]);
        }
        nested::flatten(&self.program, &self.root)?;
        let mut head = self.head()?;
        let id = match state {
            State::Cached(key) => key.clone(),
            State::Snapshot(_) => fresh_id(),
        };
        let origin = Origin::new(id.clone(), head.ground.clone());
        self.keep(&self.root, state, &origin)?;
        head.origin = Some(state.clone());
        head.ground.insert(0, id);
        self.write_head(&head)
    }

    fn restart(&self, from: Option<&State>, carry: &[&str]) -> Result<()> {
        let tree = from.map(|state| self.needed(state)).transpose()?;
        let next = self.make_next(tree.as_deref())?;
        let aside = self.aside();
        let old = if aside.exists() { &aside } else { &self.root };
        self.carry(old, &next, carry)?;
        self.drop_tree(&self.root)?;
        self.place(from)?;
        self.drop_tree(&aside)
    }

    fn set_aside(&self) -> Result<()> {
        let aside = self.aside();
        self.drop_tree(&aside)?;
        let origin = self.head()?.origin;
        let tree = origin
            .as_ref()
            .map(|state| self.needed(state))
            .transpose()?;
        self.make_next(tree.as_deref())?;
        fs_err::rename(&self.root, &aside).map_err(Error::io("set aside", &self.root))?;
        self.place(origin.as_ref())
    }

    fn take_back(&self) -> Result<()> {
        self.drop_tree(&self.root)?;
        let aside = self.aside();
        fs_err::rename(&aside, &self.root).map_err(Error::io("take back", &aside))
    }

    fn carries(&self) -> bool {
        true
    }

    fn name_snapshot(&self, name: &str, of: &State) -> Result<()> {
        let state = State::Snapshot(name.to_owned());
        let from = self.needed(of)?;
        let mut ground = self.ground(of)?;
        let id = ground.remove(0);
        let named = self.origin_of(&state)?;
        if named.is_some_and(|origin| origin.id == id) && self.tree_of(&state).is_dir() {
            return Ok(());
        }
        let origin = Origin::new(id, ground);
        self.keep(&from, &state, &origin)
    }

    fn remove(&self, state: &State) -> Result<()> {
        if let State::Snapshot(_) = state {
            let _lock = self.store().lock(self.runner)?;
            self.drop_state(&self.tree_of(state))?;
        }
        self.collect_unreferenced()
    }

    fn collect(&self) -> Result<()> {
        self.collect_unreferenced()
    }

    fn own_size(&self, state: &State) -> Result<Option<u64>> {
        let usage = self.program.usage(&self.tree_of(state))?;
        Ok(usage.map(|usage| usage.own))
    }
}

/// The nearest snapshot that `name` stands on, of those that are there.
fn parent(name: &str, origin: &Origin, all: &[(String, Option<Origin>)]) -> Option<String> {
    origin.ground.iter().find_map(|id| {
        let is_it = |(other, theirs): &&(String, Option<Origin>)| {
            other != name && theirs.as_ref().is_some_and(|theirs| theirs.id == *id)
        };
        all.iter().find(is_it).map(|(other, _)| other.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_link_leads_out_of_a_tree() -> Result<()> {
        let scratch = tempfile::tempdir().map_err(Error::io("make", "scratch"))?;
        let tree = scratch.path();
        fs_err::create_dir_all(tree.join("usr/tmp")).map_err(Error::io("make", tree))?;
        fs_err::os::unix::fs::symlink("/", tree.join("var")).map_err(Error::io("make", tree))?;
        assert_eq!(within(tree, "var/tmp"), None);
        for name in ["var", "usr/tmp", "not/there"] {
            assert_eq!(within(tree, name), Some(tree.join(name)), "{name}");
        }
        Ok(())
    }

    #[test]
    fn the_parent_is_the_nearest_that_is_there() {
        let origin = |id: &str, ground: &[&str]| {
            let ground = ground.iter().map(|id| (*id).to_owned()).collect();
            Some(Origin::new(id.to_owned(), ground))
        };
        let b = Origin::new("3".to_owned(), vec!["2".to_owned(), "1".to_owned()]);
        let there = |name: &str, origin: Option<Origin>| (name.to_owned(), origin);
        let mut all = vec![
            there("postinit", origin("1", &[])),
            there("a", origin("2", &["1"])),
            there("b", Some(b.clone())),
        ];
        assert_eq!(parent("b", &b, &all), Some("a".to_owned()));
        // One that was removed and made anew is another.
        all[1] = there("a", origin("9", &["1"]));
        assert_eq!(parent("b", &b, &all), Some("postinit".to_owned()));
        all.remove(0);
        assert_eq!(parent("b", &b, &all), None);
    }
}
