//! The store of layers on disk: its paths, and the small files in it.
//!
//!     STORE/lock                       held while references to layers change
//!     STORE/layers/ID/fs               the layer's part of the tree, immutable
//!     STORE/layers/ID/layer.json       what it stands on; written before ID gets its name
//!     STORE/roots/ROOT/snapshots/NAME  the layer that a snapshot is
//!     STORE/roots/ROOT/heads/NAME/     one head: head.json, and its tree while it has one
//!
//!     STORE/unsettled/                 which layers are perhaps not on disk yet
//!
//! A layer is whole when it has its name. A snapshot that somebody asked for is on disk before that,
//! what the cache keeps a while later (`storage/unsettled.rs`).

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::buildroot::lock::{Lock, Mode};
use crate::buildroot::storage::files::FORMAT;
pub(super) use crate::buildroot::storage::files::{fresh_id, make_private, names, read, write};
use crate::buildroot::storage::unsettled::Unsettled;
pub(super) use crate::buildroot::storage::unsettled::boot_id;
use crate::buildroot::storage::{State, now};
use crate::error::{Error, Result};
use crate::run::Runner;

/// What a layer says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Layer {
    format: u32,
    /// The layer below; none for one that stands on nothing.
    pub(super) parent: Option<String>,
    /// Seconds since 1970.
    pub(super) made: u64,
    /// The snapshot it was frozen for, so that one cut short can be completed.
    pub(super) snapshot: Option<String>,
}

impl Layer {
    pub(super) fn new(parent: Option<String>, snapshot: Option<String>) -> Self {
        Self {
            format: FORMAT,
            parent,
            made: now(),
            snapshot,
        }
    }
}

/// A snapshot's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SnapshotFile {
    format: u32,
    pub(super) layer: String,
    pub(super) made: u64,
}

impl SnapshotFile {
    pub(super) fn new(layer: &str) -> Self {
        Self {
            format: FORMAT,
            layer: layer.to_owned(),
            made: now(),
        }
    }
}

/// What is known of a head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    format: u32,
    /// The layer that the head's tree stands on.
    pub(super) base: Option<String>,
    /// The state that this layer was started as.
    pub(super) origin: Option<State>,
    /// The name that the head's tree will have as a layer. When a layer of this name is there, the
    /// tree was frozen, whatever else could be written.
    pub(super) next: String,
    /// The snapshot that a clean returns to.
    pub(super) default: Option<String>,
    /// The machine's run (`/proc/sys/kernel/random/boot_id`) that last wrote the tree.
    pub(super) boot: String,
    /// Where the tree was last shown.
    #[serde(default)]
    pub(super) root: Option<PathBuf>,
    /// Made in a user namespace.
    #[serde(default)]
    pub(super) user: Option<bool>,
}

impl Head {
    pub(super) fn new() -> Self {
        Self {
            format: FORMAT,
            base: None,
            origin: None,
            next: fresh_id(),
            default: None,
            boot: boot_id(),
            root: None,
            user: None,
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Store {
    pub(super) path: PathBuf,
}

impl Store {
    pub(super) fn layers(&self) -> PathBuf {
        self.path.join("layers")
    }

    pub(super) fn layer(&self, id: &str) -> PathBuf {
        self.layers().join(id)
    }

    pub(super) fn root(&self, shared: &str) -> PathBuf {
        self.path.join("roots").join(shared)
    }

    pub(super) fn snapshots(&self, shared: &str) -> PathBuf {
        self.root(shared).join("snapshots")
    }

    pub(super) fn heads(&self, shared: &str) -> PathBuf {
        self.root(shared).join("heads")
    }

    pub(super) fn unsettled(&self) -> Unsettled {
        Unsettled::beside(&self.path)
    }

    /// Held while something begins or ceases to refer to a layer; for milliseconds only.
    pub(super) fn lock(&self, runner: &dyn Runner) -> Result<Lock> {
        make_private(&self.path)?;
        Lock::wait_for(
            &self.path.join("lock"),
            Mode::Exclusive,
            runner,
            "works on the layers",
        )
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.layer(id).join("fs").is_dir()
    }

    pub(super) fn read_layer(&self, id: &str) -> Result<Option<Layer>> {
        read(&self.layer(id).join("layer.json"))
    }

    /// `id` and what it stands on, topmost first.
    pub(super) fn chain(&self, id: &str) -> Result<Vec<String>> {
        let mut chain = Vec::new();
        let mut next = Some(id.to_owned());
        while let Some(id) = next {
            if chain.contains(&id) {
                return Err(self.damaged(&id, "stands on itself"));
            }
            let layer = self
                .read_layer(&id)?
                .filter(|_| self.has(&id))
                .ok_or_else(|| self.damaged(&id, "is not there"))?;
            chain.push(id);
            next = layer.parent;
        }
        Ok(chain)
    }

    fn damaged(&self, id: &str, what: &str) -> Error {
        Error::Storage {
            message: format!("layer {} {what}", self.layer(id).display()),
            hint: Some(
                "it was removed or changed by hand; `mock --clean` drops a root that stands on it, \
                 `--scrub=overlayfs` all that does"
                    .to_owned(),
            ),
            code: 20,
        }
    }
}

/// Has the file, or the names in the directory, at `path` on disk.
pub(super) fn sync_file(path: &Path) -> Result<()> {
    fs_err::File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(Error::io("write to disk", path))
}
