//! Taking a root away, with everything in its directory.

use crate::buildroot::Cx;
use crate::buildroot::layout::Layout;
use crate::buildroot::storage;
use crate::buildroot::trash::Trash;
use crate::error::{Error, Result};
use crate::fs::planted::refuse_link;
use crate::plugins;
use crate::report::Step;

/// Removes the root, its directory and the result directory in it. Nothing there is fine; a root
/// that another mock uses is an error.
pub(crate) fn clean(cx: Cx<'_>, trash: &Trash) -> Result<()> {
    let _step = match cx.config.chroot.is_bootstrap {
        true => Step::start_of_bootstrap("clean chroot"),
        false => Step::start("clean chroot"),
    };
    let layout = Layout::of(&cx.config.chroot);
    if !layout.base.is_dir() {
        return Ok(());
    }
    let _lock = layout.lock_alone(cx)?;
    if cx.config.chroot.backup_on_clean {
        backup(cx, &layout)?;
    }
    let storage = plugins::enabled(cx.config)?.storage(cx, trash)?;
    // Still mounted where the other one is to be.
    let others = storage::left_behind(cx, trash, storage.name());
    for other in others.iter().filter(|other| other.is_attached()) {
        other.discard()?;
    }
    storage.discard()?;
    // A root that was mounted elsewhere leaves the directory it was mounted on.
    let _ = fs_err::remove_dir(&layout.root);
    trash.discard(&layout.base)
}

/// Moves the packages of the result directory away before it goes.
fn backup(cx: Cx<'_>, layout: &Layout) -> Result<()> {
    let chroot = &cx.config.chroot;
    if cx.identity.root {
        refuse_link(&layout.result, &[0])?;
    }
    let target = chroot.backup_base_dir.join(&chroot.name);
    let Ok(entries) = fs_err::read_dir(&layout.result) else {
        return Ok(());
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name.to_string_lossy().ends_with("rpm") {
            fs_err::create_dir_all(&target).map_err(Error::io("make", &target))?;
            let to = target.join(&name);
            fs_err::rename(entry.path(), &to).map_err(Error::io("move a result to", &to))?;
        }
    }
    Ok(())
}
