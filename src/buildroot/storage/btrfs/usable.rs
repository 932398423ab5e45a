//! Whether roots can be kept as subvolumes: found out by trying.

use std::path::Path;

use nix::sys::statfs::{BTRFS_SUPER_MAGIC, statfs};

use super::program::Program;
use crate::buildroot::Cx;
use crate::buildroot::trash::scratch_prefix;
use crate::fs::remove_tree;

/// Why not, if so. Tries it unless there are some; leaves nothing behind.
pub(in crate::buildroot::storage) fn unusable(cx: Cx<'_>) -> Option<String> {
    let chroot = &cx.config.chroot;
    // Another storage may have something mounted at the root's path itself.
    let beside = chroot.rootdir.parent().unwrap_or(&chroot.rootdir);
    for path in [chroot.store.as_path(), beside] {
        let there = existing(path);
        match statfs(there).map(|stat| stat.filesystem_type()) {
            Ok(BTRFS_SUPER_MAGIC) => {}
            Ok(_) => return Some(format!("{} is not on btrfs", there.display())),
            Err(errno) => return Some(format!("{}: {errno}", there.display())),
        }
    }
    if chroot.store.join("btrfs").is_dir() {
        return None;
    }
    let program = Program::new(cx.runner, cx.identity.ids);
    let try_it = || {
        let scratch = tempfile::Builder::new()
            .prefix(&scratch_prefix())
            .tempdir_in(existing(&chroot.store))
            .map_err(|error| error.to_string())?;
        let [first, second] = ["first", "second"].map(|name| scratch.path().join(name));
        let done = program
            .create(&first)
            .and_then(|()| program.snapshot(&first, &second));
        remove_tree(scratch.path()).map_err(|error| error.to_string())?;
        done.map_err(|error| error.to_string())
    };
    try_it().err()
}

/// `path`, or the nearest directory above it that there is.
fn existing(path: &Path) -> &Path {
    path.ancestors()
        .find(|path| path.is_dir())
        .unwrap_or(Path::new("/"))
}
