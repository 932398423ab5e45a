//! Which storage a root gets, where no plugin provides one.
//!
//! `auto` takes what the machine
//! can do: layers, else btrfs, else a directory; whether it can is found out by trying.

use super::Storage;
use super::directory::Directory;
use super::layers::{Budget, Layers, unusable};
use super::lvm::{Lvm, LvmOptions};
use crate::buildroot::Cx;
use crate::buildroot::layout::Layout;
use crate::buildroot::trash::Trash;
use crate::config::StorageKind;
use crate::error::{Error, Result};
use crate::sandbox::Ids;

/// A storage, and why it was taken.
pub(crate) type Choice<'a> = (Box<dyn Storage + 'a>, String);

/// The storage that the configuration asks for.
pub(crate) fn by_configuration<'a>(cx: Cx<'a>, trash: &'a Trash) -> Result<Choice<'a>> {
    let configured = "it is configured".to_owned();
    match cx.config.chroot.storage {
        StorageKind::Directory => Ok((directory(cx, trash), configured)),
        StorageKind::Layers => match no_layers(cx) {
            None => Ok((layers(cx, trash), configured)),
            Some(why) => Err(Error::Storage {
                message: format!("storage=layers cannot be used here: {why}"),
                hint: Some("storage=auto takes what can".to_owned()),
                code: 20,
            }),
        },
        StorageKind::Auto => Ok(match no_layers(cx) {
            None => (layers(cx, trash), "overlayfs works here".to_owned()),
            Some(why) => (
                directory(cx, trash),
                format!("overlayfs does not work here: {why}"),
            ),
        }),
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
    })
}

/// The layers backend for the configured root.
pub(crate) fn layers<'a>(cx: Cx<'a>, trash: &'a Trash) -> Box<dyn Storage + 'a> {
    let chroot = &cx.config.chroot;
    Box::new(Layers {
        store: Layout::of(chroot).store,
        root: chroot.rootdir.clone(),
        basedir: chroot.basedir.clone(),
        shared: chroot.shared_name.clone(),
        instance: chroot.name.clone(),
        user: cx.identity.ids != Ids::Host,
        budget: Budget {
            age: chroot.layer_cache_age,
            size: chroot.layer_cache_size,
        },
        runner: cx.runner,
        trash,
    })
}

/// The volumes of the configured root, for the plugin that has the options.
pub(crate) fn lvm<'a>(cx: Cx<'a>, options: LvmOptions) -> Result<Box<dyn Storage + 'a>> {
    Ok(Box::new(Lvm::new(cx, options)?))
}
