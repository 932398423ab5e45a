//! `--snapshot`, `--rollback-to`, `--remove-snapshot`, `--list-snapshots`: no initialisation, no logs.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::buildroot::layout::{INITIALIZED, Layout, UNFINISHED};
use crate::buildroot::snapshots::{self, Listed};
use crate::buildroot::storage::{State, States, Storage};
use crate::buildroot::trash::Trash;
use crate::buildroot::{Buildroot, Cx};
use crate::error::{Error, Result};
use crate::plugins;
use crate::report;

fn with_storage<'a, T>(
    cx: Cx<'a>,
    trash: &'a Trash,
    feature: &str,
    work: impl FnOnce(&dyn Storage, &dyn States) -> Result<T>,
) -> Result<T> {
    let storage = plugins::enabled(cx.config)?.storage(cx, trash)?;
    let storage = storage.as_ref();
    work(storage, snapshots::states(storage, feature)?)
}

/// Makes the root as it is a snapshot.
pub(super) fn snapshot(cx: Cx<'_>, trash: &Trash, name: &str) -> Result<()> {
    snapshots::check_name(name)?;
    let plugins = plugins::enabled(cx.config)?;
    let storage = plugins.storage(cx, trash)?;
    snapshots::states(storage.as_ref(), "make_snapshot")?;
    let root = Buildroot::open_alone(cx, plugins.extras()?, storage)?;
    let states = snapshots::states(root.storage.as_ref(), "make_snapshot")?;
    if root.ground().is_void() {
        // After a clean the root is what it returns to.
        let default = snapshots::default_state(states)?;
        if !states.has(&default)? {
            // What was begun for it goes again; there is nothing to go back to.
            let _ = root.away(|| root.storage.discard());
            return Err(nothing(cx));
        }
        root.start_from(Some(&default), &[])?;
    }
    if !root.inside.exists(INITIALIZED) || root.inside.exists(UNFINISHED) {
        return Err(nothing(cx));
    }
    let packages = root.names_installed()?;
    root.away(|| snapshots::make(states, name))?;
    snapshots::keep_packages(cx, name, &packages)
}

fn nothing(cx: Cx<'_>) -> Error {
    Error::Storage {
        message: format!(
            "{} is not initialised: there is nothing to make a snapshot of",
            cx.config.chroot.name
        ),
        hint: Some(format!("make it: `mock -r {} --init`", cx.named)),
        code: 25,
    }
}

/// The root becomes what it was when the snapshot was made.
pub(super) fn rollback(cx: Cx<'_>, trash: &Trash, name: &str) -> Result<()> {
    let plugins = plugins::enabled(cx.config)?;
    let storage = plugins.storage(cx, trash)?;
    snapshots::known(snapshots::states(storage.as_ref(), "rollback_to")?, name)?;
    let root = Buildroot::open_alone(cx, plugins.extras()?, storage)?;
    let states = snapshots::states(root.storage.as_ref(), "rollback_to")?;
    root.away(|| snapshots::rollback(states, name))
}

pub(super) fn remove(cx: Cx<'_>, trash: &Trash, name: &str) -> Result<()> {
    with_storage(cx, trash, "remove_snapshot", |_, states| {
        let _lock = Layout::of(&cx.config.chroot).lock_for(cx)?;
        snapshots::remove(states, name)?;
        snapshots::forget_packages(cx, name)
    })
}

pub(super) fn list(cx: Cx<'_>, trash: &Trash, details: bool) -> Result<()> {
    with_storage(cx, trash, "list_snapshots", |_, states| {
        let mut text = format!("Snapshots for {}:\n", cx.config.chroot.shared_name);
        for listed in snapshots::list(states)? {
            let mark = if listed.is_default { '*' } else { ' ' };
            text.push_str(&format!("{mark} {}\n", listed.snapshot.name));
            if details {
                text.push_str(&described(cx, states, &listed)?);
            }
        }
        report::print(&text);
        Ok(())
    })
}

/// Parent, time, size, and what was installed since the parent: a line each.
fn described(cx: Cx<'_>, states: &dyn States, listed: &Listed) -> Result<String> {
    const INDENT: &str = "    ";
    let snapshot = &listed.snapshot;
    let mut lines = Vec::new();
    if let Some(parent) = &snapshot.parent {
        lines.push(format!("parent: {parent}"));
    }
    if let Some(made) = snapshot
        .made
        .and_then(|seconds| i64::try_from(seconds).ok())
        && let Ok(made) = Timestamp::from_second(made)
    {
        let made = made.to_zoned_datetime(TimeZone::system());
        lines.push(format!("made: {}", made.strftime("%Y-%m-%d %H:%M:%S")));
    }
    if let Some(size) = states.own_size(&State::Snapshot(snapshot.name.clone()))? {
        lines.push(format!("size of its own: {}", in_words(size)));
    }
    let own = snapshots::packages(cx, &snapshot.name)?;
    let before = match &snapshot.parent {
        Some(parent) => snapshots::packages(cx, parent)?,
        None => None,
    };
    match (own, before) {
        (Some(own), Some(before)) => {
            let gone: Vec<_> = before.iter().filter(|p| !own.contains(p)).collect();
            let new: Vec<_> = own.iter().filter(|p| !before.contains(p)).collect();
            for (what, packages) in [("installed", new), ("removed", gone)] {
                if !packages.is_empty() {
                    lines.push(format!("{what} since its parent ({}):", packages.len()));
                    lines.extend(packages.iter().map(|package| format!("  {package}")));
                }
            }
        }
        (Some(own), None) => lines.push(format!("packages: {}", own.len())),
        (None, _) => {}
    }
    Ok(lines
        .iter()
        .map(|line| format!("{INDENT}{line}\n"))
        .collect())
}

/// A size in the largest unit that it has one of.
fn in_words(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut unit = "B";
    #[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
    let mut size = bytes as f64;
    for larger in UNITS {
        if size < 1024.0 {
            break;
        }
        size /= 1024.0;
        unit = larger;
    }
    match unit {
        "B" => format!("{bytes} B"),
        _ => format!("{size:.2} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::in_words;

    #[test]
    fn sizes() {
        assert_eq!(in_words(0), "0 B");
        assert_eq!(in_words(1023), "1023 B");
        assert_eq!(in_words(1536), "1.50 KiB");
        assert_eq!(in_words(5 << 30), "5.00 GiB");
        assert_eq!(in_words(5 << 50), "5120.00 TiB");
    }
}
