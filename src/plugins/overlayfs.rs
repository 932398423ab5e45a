//! overlayfs: the storage of layers, with its store in the directory that `base_dir` names.
//!
//! Where the store is, is decided with the configuration (`chroot.store`), because what is recorded
//! of installed packages is there too.

use crate::buildroot::Cx;
use crate::buildroot::storage::{self, Storage};
use crate::buildroot::trash::Trash;
use crate::config::PluginConfig;
use crate::error::Result;
use crate::plugin::Plugin;

#[derive(Debug)]
struct Overlayfs;

pub(super) fn new(_settings: &PluginConfig) -> Result<Box<dyn Plugin>> {
    Ok(Box::new(Overlayfs))
}

impl Plugin for Overlayfs {
    fn name(&self) -> &'static str {
        "overlayfs"
    }

    fn storage<'a>(&self, cx: Cx<'a>, trash: &'a Trash) -> Result<Option<Box<dyn Storage + 'a>>> {
        storage::overlayfs(cx, trash).map(Some)
    }
}
