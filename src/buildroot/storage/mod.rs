//! Where a root's file tree lives.
//!
//! The *head* is the tree that programs see and write, at the root's path. A backend that can also
//! keeps *states*: trees that no longer change, from which a head can be started at once. A state is
//! a snapshot, with a name somebody gave it, or a cached one, with a key made of what is in it (see
//! `buildroot/cache/`). The rules of snapshots are in `buildroot/snapshots.rs`, the same for every
//! backend; a backend only carries out.
//!
//! Heads belong to one unique extension of a root, states to all of them.

mod btrfs;
mod budget;
mod choose;
mod directory;
mod files;
mod layers;
mod lvm;
pub(crate) mod mounted;
mod tmpfs;
pub(crate) mod unsettled;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Result;

pub(crate) use budget::is_due;
pub(crate) use choose::{Choice, by_configuration, left_behind, lvm, overlayfs};
pub(crate) use layers::{marks_of_head, mount_source};
pub(crate) use lvm::LvmOptions;
pub(crate) use tmpfs::{Settings as TmpfsSettings, Tmpfs};

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs())
}

/// A tree that no longer changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// By the name it was given.
    Snapshot(String),
    /// By what it is made of.
    Cached(String),
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Snapshot(name) => write!(f, "snapshot {name}"),
            Self::Cached(key) => write!(f, "cached state {key}"),
        }
    }
}

/// What a head holds when it has been made available.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attached {
    /// What an earlier command left.
    AsLeft,
    /// Nothing.
    Empty,
    /// There is none yet: the root's path is a directory of no importance, and [`States::restart`]
    /// makes the head. For backends where an empty one is dear and would be dropped at once.
    Unmade,
}

/// A snapshot as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Snapshot {
    pub(crate) name: String,
    /// The nearest snapshot it was made on top of, of those that are still there.
    pub(crate) parent: Option<String>,
    /// Seconds since 1970.
    pub(crate) made: Option<u64>,
}

pub(crate) trait Storage: fmt::Debug {
    /// As configuration and messages call it.
    fn name(&self) -> &'static str;

    /// Makes the head available at the root's path. The caller has the root's lock.
    fn attach(&self) -> Result<Attached>;

    /// The opposite, as far as the backend has one: the head stays as it is, but elsewhere.
    fn detach(&self) -> Result<()>;

    /// The head is at the root's path, made available by this process or another.
    fn is_attached(&self) -> bool;

    /// Removes the head. States stay.
    fn discard(&self) -> Result<()>;

    /// Removes heads and states of every unique extension of this root, and what else the backend
    /// has of it.
    fn scrub(&self) -> Result<()>;

    /// Packages are about to change the head, and nobody waits until that is on disk.
    fn will_change(&self) -> Result<()> {
        Ok(())
    }

    /// A command is over, and nobody else uses the root: for backends that keep nothing attached
    /// between commands, and for work that is due from time to time.
    fn finish(&self) -> Result<()> {
        Ok(())
    }

    /// Programs see the tree outside mock as well once it is attached.
    fn is_visible(&self) -> bool {
        true
    }

    /// The states, where the backend can keep some.
    fn states(&self) -> Option<&dyn States> {
        None
    }
}

/// What only backends with states can do. Names are valid, and the caller has the root's lock
/// alone for whatever changes something.
pub(crate) trait States {
    /// Sorted as a list shows them.
    fn snapshots(&self) -> Result<Vec<Snapshot>>;

    fn has(&self, state: &State) -> Result<bool>;

    /// What tells the state from every other one there is or was: a snapshot's name may be given to
    /// another tree later.
    fn identity(&self, state: &State) -> Result<String>;

    /// Whose the cached states are, where that is not every root of the store: answers to requests
    /// of others lead to nothing here.
    fn scope(&self) -> String {
        String::new()
    }

    /// The snapshot that this head returns to; one that is no longer there counts as none.
    fn default_snapshot(&self) -> Result<Option<String>>;

    fn set_default(&self, name: &str) -> Result<()>;

    /// The state that the head was started from.
    fn origin(&self) -> Result<Option<State>>;

    /// Makes the head's tree a state, complete and on disk, and starts the head from it. A cached
    /// state that is there already is taken instead.
    fn freeze(&self, state: &State) -> Result<()>;

    /// Starts the head anew: from a state, or from nothing. What is below the directories in
    /// `carry` comes from the tree set aside, if one is, else from the head's present tree.
    fn restart(&self, from: Option<&State>, carry: &[&str]) -> Result<()>;

    /// Sets the head's tree aside and starts it anew from its origin.
    fn set_aside(&self) -> Result<()>;

    /// Drops the head's tree for the one that was set aside.
    fn take_back(&self) -> Result<()>;

    /// Whether `carry`, [`Self::set_aside`] and [`Self::take_back`] work.
    fn carries(&self) -> bool;

    /// Gives a state a snapshot's name too; one of that name moves to it.
    fn name_snapshot(&self, name: &str, of: &State) -> Result<()>;

    /// Removes a state. Heads and states made from it stay.
    fn remove(&self, state: &State) -> Result<()>;

    /// Removes cached states that no record of the cache refers to and nothing stands on.
    fn collect(&self) -> Result<()>;

    /// Bytes that only this state has.
    fn own_size(&self, state: &State) -> Result<Option<u64>>;
}
