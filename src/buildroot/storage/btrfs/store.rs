//! The store on disk: states, and the small files beside them.
//!
//!     STORE/btrfs/lock                       held while something begins or ceases to be referred to
//!     STORE/btrfs/cached/KEY                 a cached state, of all roots
//!     STORE/btrfs/roots/ROOT/snapshots/NAME  a snapshot
//!     STORE/btrfs/roots/ROOT/heads/NAME.json what is known of one head; its tree is at its path
//!     .../.NAME.json                         beside a state: what it was made of
//!     .../.new-PID                           a state in the making
//!
//! A state is complete when it has its name, and was on disk before.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::buildroot::lock::{Lock, Mode};
use crate::buildroot::storage::files::{FORMAT, make_private};
use crate::buildroot::storage::{State, now};
use crate::error::Result;
use crate::run::Runner;

/// What is known of a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Origin {
    format: u32,
    /// Its content's name: of a cached state the key, and of snapshots that are another name of one.
    pub(super) id: String,
    /// Seconds since 1970.
    pub(super) made: u64,
    /// Ids of the states it was made on top of, nearest first.
    pub(super) ground: Vec<String>,
}

impl Origin {
    pub(super) fn new(id: String, ground: Vec<String>) -> Self {
        Self {
            format: FORMAT,
            id,
            made: now(),
            ground,
        }
    }
}

/// What is known of a head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    format: u32,
    /// Where its tree is.
    pub(super) root: PathBuf,
    /// The state it was started from.
    pub(super) origin: Option<State>,
    /// Ids of that state and those it was made on top of, nearest first.
    pub(super) ground: Vec<String>,
    /// The snapshot that a clean returns to.
    pub(super) default: Option<String>,
}

impl Head {
    pub(super) fn at(root: &Path) -> Self {
        Self {
            format: FORMAT,
            root: root.to_owned(),
            origin: None,
            ground: Vec::new(),
            default: None,
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Store {
    /// `STORE/btrfs`.
    pub(super) path: PathBuf,
}

impl Store {
    pub(super) fn cached(&self) -> PathBuf {
        self.path.join("cached")
    }

    pub(super) fn roots(&self) -> PathBuf {
        self.path.join("roots")
    }

    pub(super) fn root(&self, shared: &str) -> PathBuf {
        self.roots().join(shared)
    }

    pub(super) fn snapshots(&self, shared: &str) -> PathBuf {
        self.root(shared).join("snapshots")
    }

    pub(super) fn heads(&self, shared: &str) -> PathBuf {
        self.root(shared).join("heads")
    }

    pub(super) fn head(&self, shared: &str, instance: &str) -> PathBuf {
        self.heads(shared).join(format!("{instance}.json"))
    }

    /// Where the tree of a state is.
    pub(super) fn state(&self, shared: &str, state: &State) -> PathBuf {
        match state {
            State::Snapshot(name) => self.snapshots(shared).join(name),
            State::Cached(key) => self.cached().join(key),
        }
    }

    pub(super) fn lock(&self, runner: &dyn Runner) -> Result<Lock> {
        make_private(&self.path)?;
        let path = self.path.join("lock");
        Lock::wait_for(&path, Mode::Exclusive, runner, "works on the states")
    }
}

/// The file that says what the state at `tree` was made of.
pub(super) fn origin_file(tree: &Path) -> PathBuf {
    let name = tree.file_name().unwrap_or_default().to_string_lossy();
    tree.with_file_name(format!(".{name}.json"))
}

/// What a state in the making is called in its directory, by this process.
pub(super) fn new_name() -> String {
    format!(".new-{}", std::process::id())
}

/// The process that makes or made the state `name`.
pub(super) fn maker(name: &str) -> Option<u32> {
    name.strip_prefix(".new-")?.parse().ok()
}
