//! Subvolumes inside a tree: `systemd-tmpfiles` makes some in a root that is one, builds may.
//!
//! A snapshot does not go into them; where one was, it has a directory in which nothing can be made.
//! So they become directories before a tree is frozen.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::Access;

use super::program::Program;
use crate::error::{Error, Result};
use crate::fs::remove_tree;

/// The inode number of every subvolume's top directory, and of what a snapshot has in its place.
const TOP: u64 = 256;
const HOLE: u64 = 2;

/// `path` is the top of a subvolume, if it is on btrfs at all.
pub(super) fn is_subvolume(path: &Path) -> bool {
    fs_err::symlink_metadata(path).is_ok_and(|data| data.is_dir() && data.ino() == TOP)
}

/// Subvolumes and holes below `tree`, and `tree` itself; what is inside comes first. What cannot be
/// looked at, such as a path that is too long, is passed over.
fn inside(tree: &Path) -> Vec<PathBuf> {
    let walk = walkdir::WalkDir::new(tree).contents_first(true);
    // Only directories are asked for their number.
    let directories = walk
        .into_iter()
        .flatten()
        .filter(|e| e.file_type().is_dir());
    directories
        .filter(|e| {
            e.metadata()
                .is_ok_and(|data| matches!(data.ino(), TOP | HOLE))
        })
        .map(walkdir::DirEntry::into_path)
        .collect()
}

/// Lets everything in `tree` be removed file by file.
pub(super) fn thaw(program: &Program<'_>, tree: &Path) -> Result<()> {
    for subvolume in inside(tree).iter().rev() {
        let written = rustix::fs::access(subvolume.as_path(), Access::WRITE_OK);
        if written == Err(rustix::io::Errno::ROFS) {
            program.thaw(subvolume)?;
        }
    }
    Ok(())
}

/// Makes every subvolume in `tree` a directory with the same content.
pub(super) fn flatten(program: &Program<'_>, tree: &Path) -> Result<()> {
    let found = inside(tree);
    if found.iter().any(|path| path != tree) {
        thaw(program, tree)?;
    }
    for subvolume in found.iter().filter(|path| *path != tree) {
        tracing::debug!("{} becomes a directory", subvolume.display());
        let copy = subvolume.with_file_name(".mock-flat");
        remove_tree(&copy)?;
        program.copy(subvolume, &copy)?;
        remove_tree(subvolume)?;
        fs_err::rename(&copy, subvolume).map_err(Error::io("name", &copy))?;
    }
    Ok(())
}
