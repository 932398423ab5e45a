//! Which storage a root gets, where no plugin provides one.
//!
//! `auto` takes what the machine
//! can do: layers, else btrfs, else a directory; whether it can is found out by trying.

use super::Storage;
use super::btrfs::{self, Btrfs};
use super::budget::Budget;
use super::directory::Directory;
use super::layers::{Layers, unusable};
use super::lvm::{Lvm, LvmOptions};
use crate::buildroot::Cx;
use crate::buildroot::layout::Layout;
use crate::buildroot::trash::Trash;
use crate::config::StorageKind;
use crate::error::{Error, Result};
use crate::sandbox::Ids;
use std::cell::Cell;

/// A storage, and why it was taken.
pub(crate) type Choice<'a> = (Box<dyn Storage + 'a>, String);

/// The storage that the configuration asks for.
pub(crate) fn by_configuration<'a>(cx: Cx<'a>, trash: &'a Trash) -> Result<Choice<'a>> {
    let choice = match cx.config.chroot.storage {
        StorageKind::Directory => directory(cx, trash),
        StorageKind::Layers => match no_layers(cx) {
            None => layers(cx, trash),
            Some(why) => return Err(unfit("storage=layers", &why, TAKE_AUTO)),
        },
        StorageKind::Btrfs => match btrfs::unusable(cx) {
            None => btrfs(cx, trash),
            Some(why) => return Err(unfit("storage=btrfs", &why, TAKE_AUTO)),
        },
        StorageKind::Auto => return Ok(automatic(cx, trash)),
    };
    Ok((choice, "it is configured".to_owned()))
}

fn automatic<'a>(cx: Cx<'a>, trash: &'a Trash) -> Choice<'a> {
    let Some(no_layers) = no_layers(cx) else {
        return (layers(cx, trash), "overlayfs works here".to_owned());
    };
    let why = format!("overlayfs does not work here: {no_layers}");
    match btrfs::unusable(cx) {
        None => (btrfs(cx, trash), why),
        Some(no_btrfs) => (directory(cx, trash), format!("{why}; {no_btrfs}")),
    }
}

const TAKE_AUTO: &str = "storage=auto takes what can";

fn unfit(what: &str, why: &str, hint: &str) -> Error {
    Error::Storage {
        message: format!("{what} cannot be used here: {why}"),
        hint: Some(hint.to_owned()),
        code: 20,
    }
}

/// Layers for the plugin overlayfs, or why they cannot be where it wants them.
pub(crate) fn overlayfs<'a>(cx: Cx<'a>, trash: &'a Trash) -> Result<Box<dyn Storage + 'a>> {
    match no_layers(cx) {
        None => Ok(layers(cx, trash)),
        Some(why) => {
            let what = format!(
                "plugin overlayfs: base_dir {}",
                cx.config.chroot.store.display()
            );
            let hint =
                "give a base_dir on ext4, xfs, btrfs or tmpfs, or --disable-plugin=overlayfs";
            Err(unfit(&what, &why, hint))
        }
    }
}

fn no_layers(cx: Cx<'_>) -> Option<String> {
    let store = Layout::of(&cx.config.chroot).store;
    unusable(&store, cx.identity.ids != Ids::Host)
}

fn directory<'a>(cx: Cx<'a>, trash: &'a Trash) -> Box<dyn Storage + 'a> {
    Box::new(Directory {
        root: cx.config.chroot.rootdir.clone(),
        trash,
        changed: Cell::default(),
    })
}

/// The layers backend for the configured root.
fn layers<'a>(cx: Cx<'a>, trash: &'a Trash) -> Box<dyn Storage + 'a> {
    let chroot = &cx.config.chroot;
    Box::new(Layers {
        store: Layout::of(chroot).store,
        root: chroot.rootdir.clone(),
        basedir: chroot.basedir.clone(),
        shared: chroot.shared_name.clone(),
        instance: chroot.name.clone(),
        user: cx.identity.ids != Ids::Host,
        budget: budget(cx),
        runner: cx.runner,
        trash,
    })
}

/// The btrfs backend for the configured root.
fn btrfs<'a>(cx: Cx<'a>, trash: &'a Trash) -> Box<dyn Storage + 'a> {
    Box::new(Btrfs::new(cx, budget(cx), trash))
}

fn budget(cx: Cx<'_>) -> Budget {
    Budget {
        age: cx.config.chroot.layer_cache_age,
        size: cx.config.chroot.layer_cache_size,
    }
}

/// Backends besides `chosen` that an earlier configuration may have left something in.
pub(crate) fn left_behind<'a>(
    cx: Cx<'a>,
    trash: &'a Trash,
    chosen: &str,
) -> Vec<Box<dyn Storage + 'a>> {
    let store = Layout::of(&cx.config.chroot).store;
    let backends = [layers(cx, trash), btrfs(cx, trash)];
    backends
        .into_iter()
        .filter(|other| other.name() != chosen && store.join(other.name()).is_dir())
        .collect()
}

/// The volumes of the configured root, for the plugin that has the options.
pub(crate) fn lvm<'a>(cx: Cx<'a>, options: LvmOptions) -> Result<Box<dyn Storage + 'a>> {
    Ok(Box::new(Lvm::new(cx, options)?))
}
