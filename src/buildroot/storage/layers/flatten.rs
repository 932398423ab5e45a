//! Making one layer of many, where a stack gets deep.
//!
//! The layers are laid over each other from the bottom as overlayfs would show them. Files are not
//! copied but linked: layers do not change, so nothing can be written through the second name.

use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use super::store::Store;
use crate::error::{Error, Result};
use crate::fs::remove_tree;

/// overlayfs's mark of a directory that hides those below it, as root and in a user namespace.
const OPAQUE: [&str; 2] = ["trusted.overlay.opaque", "user.overlay.opaque"];

/// Makes the directory `flat` of all that the tree `top` shows when it stands on `base`. Neither is
/// changed.
pub(super) fn make(store: &Store, base: &str, top: &Path, flat: &Path) -> Result<()> {
    remove_tree(flat)?;
    fs_err::create_dir_all(flat).map_err(Error::io("make", flat))?;
    let chain = store.chain(base)?;
    let layers = chain.iter().rev().map(|id| store.layer(id).join("fs"));
    for layer in layers.chain([top.to_owned()]) {
        lay(&layer, flat)?;
    }
    Ok(())
}

/// Lays the directory `upper` over `lower`.
fn lay(upper: &Path, lower: &Path) -> Result<()> {
    let entries = fs_err::read_dir(upper).map_err(Error::io("list", upper))?;
    for entry in entries {
        let entry = entry.map_err(Error::io("list", upper))?;
        let (from, to) = (entry.path(), lower.join(entry.file_name()));
        let metadata = fs_err::symlink_metadata(&from).map_err(Error::io("read", &from))?;
        if metadata.is_dir() {
            let merges =
                fs_err::symlink_metadata(&to).is_ok_and(|to| to.is_dir()) && !opaque(&from);
            if !merges {
                remove_tree(&to)?;
                fs_err::create_dir(&to).map_err(Error::io("make", &to))?;
            }
            lay(&from, &to)?;
        } else {
            remove_tree(&to)?;
            // A device 0:0 says that there is nothing.
            if !(metadata.file_type().is_char_device() && metadata.rdev() == 0) {
                fs_err::hard_link(&from, &to).map_err(Error::io("link", &to))?;
            }
        }
    }
    attributes(upper, lower)
}

fn opaque(directory: &Path) -> bool {
    OPAQUE.iter().any(|name| {
        let mut value = [0u8; 4];
        rustix::fs::lgetxattr(directory, *name, &mut value[..]).is_ok_and(|length| length > 0)
    })
}

/// Gives a directory the mode, owner, time and attributes of another.
fn attributes(from: &Path, to: &Path) -> Result<()> {
    super::overlay::like(from, to)?;
    let failed = |errno: rustix::io::Errno| Error::io("read the attributes of", from)(errno.into());
    let mut names = vec![0u8; 64 * 1024];
    let length = rustix::fs::llistxattr(from, &mut names[..]).map_err(failed)?;
    for name in names[..length].split(|byte| *byte == 0) {
        let Ok(name) = std::str::from_utf8(name) else {
            continue;
        };
        if name.is_empty() || name.contains("overlay.") {
            continue;
        }
        let mut value = vec![0u8; 64 * 1024];
        let length = rustix::fs::lgetxattr(from, name, &mut value[..]).map_err(failed)?;
        let flags = rustix::fs::XattrFlags::empty();
        rustix::fs::lsetxattr(to, name, &value[..length], flags).map_err(failed)?;
    }
    let metadata = fs_err::metadata(from).map_err(Error::io("read", from))?;
    if let Ok(modified) = metadata.modified() {
        let directory = fs_err::File::open(to).map_err(Error::io("open", to))?;
        let times = std::fs::FileTimes::new().set_modified(modified);
        directory
            .file()
            .set_times(times)
            .map_err(Error::io("set the time of", to))?;
    }
    Ok(())
}
