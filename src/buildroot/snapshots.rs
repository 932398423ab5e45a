//! The rules of snapshots, the same on every backend that has states.
//!
//! `postinit` is made when a root is initialised and cannot be removed. A snapshot becomes the
//! default of the head that made it; a clean returns to the default; removing the default makes
//! `postinit` the default. Snapshots belong to the root's name, defaults to its unique extensions.
//! The words are the original's, which people and scripts know.

use std::path::PathBuf;

use super::Cx;
use super::storage::{Snapshot, State, States, Storage};
use crate::error::{Error, Result};

/// The snapshot of a freshly initialised root.
pub(crate) const POSTINIT: &str = "postinit";

/// Somebody wants this one for good. The one that every root has is made anew when it is lost.
pub(crate) fn is_asked_for(name: &str) -> bool {
    name != POSTINIT
}

/// Names are file names and parts of LVM's names.
const LONGEST: usize = 64;

fn refused(message: impl Into<String>, hint: Option<String>) -> Error {
    Error::Storage {
        message: message.into(),
        hint,
        code: 25,
    }
}

/// What `--snapshot` and its like may call a snapshot: `[A-Za-z0-9_][A-Za-z0-9_.-]*`.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let first = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.starts_with(first) && name.chars().all(allowed) && name.len() <= LONGEST {
        return Ok(());
    }
    Err(refused(
        format!("Invalid snapshot name: '{name}'"),
        Some(format!(
            "letters, digits, '_', '.' and '-', beginning with a letter, a digit or '_', {LONGEST} at most"
        )),
    ))
}

/// The states of a root's storage, or an error that names backends with some.
pub(crate) fn states<'s>(storage: &'s dyn Storage, feature: &str) -> Result<&'s dyn States> {
    storage.states().ok_or_else(|| Error::Refused {
        message: format!(
            "Feature {feature} is not provided by any of enabled plugins: storage '{}' has no snapshots",
            storage.name()
        ),
        hint: Some(
            "storage \"layers\" has them (`--config-opts storage=layers`), and so have the plugin lvm_root and \
             \"btrfs\"; the last line of `mock --debug-config` says why this one was taken"
                .to_owned(),
        ),
    })
}

/// Makes the head's tree a snapshot.
pub(crate) fn make(states: &dyn States, name: &str) -> Result<()> {
    check_name(name)?;
    if states.has(&State::Snapshot(name.to_owned()))? {
        return Err(refused(format!("Snapshot {name} already exists"), None));
    }
    states.freeze(&State::Snapshot(name.to_owned()))?;
    states.set_default(name)?;
    tracing::info!("created {name} snapshot");
    Ok(())
}

fn unknown(states: &dyn States, name: &str) -> Error {
    let names = states
        .snapshots()
        .map(|found| {
            let names: Vec<String> = found.into_iter().map(|snapshot| snapshot.name).collect();
            names.join(", ")
        })
        .unwrap_or_default();
    let hint = if names.is_empty() {
        "there are none yet; `mock --init` makes the first".to_owned()
    } else {
        format!("there are: {names}")
    };
    refused(format!("Snapshot {name} doesn't exist"), Some(hint))
}

pub(crate) fn known(states: &dyn States, name: &str) -> Result<State> {
    check_name(name)?;
    let state = State::Snapshot(name.to_owned());
    if states.has(&state)? {
        Ok(state)
    } else {
        Err(unknown(states, name))
    }
}

/// Makes a snapshot the default and starts the head from it.
pub(crate) fn rollback(states: &dyn States, name: &str) -> Result<()> {
    let state = known(states, name)?;
    states.set_default(name)?;
    states.restart(Some(&state), &[])?;
    tracing::info!("rolled back to {name} snapshot");
    Ok(())
}

pub(crate) fn remove(states: &dyn States, name: &str) -> Result<()> {
    if name == POSTINIT {
        return Err(refused(
            "Won't remove postinit snapshot. To remove all logical\nvolumes associated with this buildroot, use \
             --scrub lvm",
            Some("--scrub=overlayfs removes those of storage \"layers\"".to_owned()),
        ));
    }
    check_name(name)?;
    let exists = states
        .snapshots()?
        .iter()
        .any(|snapshot| snapshot.name == name);
    if !exists {
        return Err(unknown(states, name));
    }
    let was_default = states.default_snapshot()?.as_deref() == Some(name);
    states.remove(&State::Snapshot(name.to_owned()))?;
    tracing::info!("deleted {name} snapshot");
    if was_default {
        states.set_default(POSTINIT)?;
        tracing::info!("{POSTINIT} is the default snapshot now");
    }
    Ok(())
}

/// The snapshot that a clean returns to; `None` when it is the one every root has.
pub(crate) fn own_default(states: &dyn States) -> Result<Option<String>> {
    let default = states.default_snapshot()?;
    Ok(default.filter(|name| name != POSTINIT))
}

/// The snapshot that a clean returns to, whether it is there or not.
pub(crate) fn default_state(states: &dyn States) -> Result<State> {
    let default = states.default_snapshot()?;
    Ok(State::Snapshot(
        default.unwrap_or_else(|| POSTINIT.to_owned()),
    ))
}

/// What a list shows.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) snapshot: Snapshot,
    pub(crate) is_default: bool,
}

/// All snapshots, `postinit` first, the others by name.
pub(crate) fn list(states: &dyn States) -> Result<Vec<Listed>> {
    let default = states
        .default_snapshot()?
        .unwrap_or_else(|| POSTINIT.to_owned());
    let mut snapshots = states.snapshots()?;
    snapshots.sort_by_key(|snapshot| (snapshot.name != POSTINIT, snapshot.name.clone()));
    Ok(snapshots
        .into_iter()
        .map(|snapshot| Listed {
            is_default: snapshot.name == default,
            snapshot,
        })
        .collect())
}

/// Where the packages of each snapshot are listed, for `--list-snapshots -v`.
fn packages_file(cx: Cx<'_>, name: &str) -> PathBuf {
    let chroot = &cx.config.chroot;
    let root = chroot.store.join("roots").join(&chroot.shared_name);
    root.join("packages").join(name)
}

/// Notes what is installed in a snapshot.
pub(crate) fn keep_packages(cx: Cx<'_>, name: &str, packages: &[String]) -> Result<()> {
    let path = packages_file(cx, name);
    if let Some(directory) = path.parent() {
        fs_err::create_dir_all(directory).map_err(Error::io("make", directory))?;
    }
    crate::fs::replace(&path, packages.join("\n").as_bytes())
}

pub(crate) fn forget_packages(cx: Cx<'_>, name: &str) -> Result<()> {
    crate::fs::remove_tree(&packages_file(cx, name))
}

/// What is installed in a snapshot, where that was noted.
pub(crate) fn packages(cx: Cx<'_>, name: &str) -> Result<Option<Vec<String>>> {
    let path = packages_file(cx, name);
    match fs_err::read_to_string(&path) {
        Ok(text) => Ok(Some(text.lines().map(str::to_owned).collect())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", path)(error)),
    }
}
