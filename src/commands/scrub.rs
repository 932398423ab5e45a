//! `--scrub`: the root, its caches, or both.

use std::path::Path;

use crate::buildroot::Cx;
use crate::buildroot::cache::records::Records;
use crate::buildroot::layout::{Layout, lock_of_packages};
use crate::buildroot::lock::{Lock, Mode};
use crate::buildroot::storage;
use crate::buildroot::trash::Trash;
use crate::cli::command::ScrubTarget;
use crate::error::Result;
use crate::fs::remove_tree;
use crate::oci::Store;
use crate::plugins;
use crate::recipe;
use crate::report::Step;

pub(super) fn run(cx: Cx<'_>, trash: &Trash, targets: &[ScrubTarget]) -> Result<()> {
    let names: Vec<String> = targets.iter().map(|target| name(*target)).collect();
    let _step = Step::start(format!("scrub {}", list(&names)));
    for directory in [&cx.config.chroot.basedir, &cx.config.chroot.store] {
        trash.sweep(directory);
    }
    targets
        .iter()
        .try_for_each(|target| scrub(cx, trash, *target))
}

/// Packages that were downloaded, which belong to no single root; not while a dnf reads them.
pub(crate) fn packages(store: &Path) -> Result<()> {
    if !store.is_dir() {
        return Ok(());
    }
    let _alone = Lock::take(&lock_of_packages(store), Mode::Exclusive)?;
    remove_tree(store)
}

/// Images that were pulled, which belong to no single root either.
pub(crate) fn images(path: &Path) -> Result<()> {
    if !Store::at(path.to_owned()).clear()? {
        tracing::warn!("{} stays: another mock pulls an image", path.display());
    }
    Ok(())
}

fn name(target: ScrubTarget) -> String {
    clap::ValueEnum::to_possible_value(&target)
        .map(|value| value.get_name().to_owned())
        .unwrap_or_default()
}

/// As the original words it in `state.log`.
fn list(names: &[String]) -> String {
    format!(
        "[{}]",
        names
            .iter()
            .map(|name| format!("'{name}'"))
            .collect::<Vec<_>>()
            .join(", ")
    )
}

fn scrub(cx: Cx<'_>, trash: &Trash, target: ScrubTarget) -> Result<()> {
    let layout = Layout::of(&cx.config.chroot);
    let config = &cx.config.config_name;
    match target {
        ScrubTarget::All => {
            tracing::info!("scrubbing everything for {config}");
            everything(cx, trash)?;
            bootstrap(cx, trash)
        }
        ScrubTarget::Chroot => {
            tracing::info!("scrubbing chroot for {config}");
            recipe::clean::clean(cx, trash)
        }
        ScrubTarget::Bootstrap => {
            tracing::info!("scrubbing bootstrap for {config}");
            bootstrap(cx, trash)
        }
        ScrubTarget::Cache => {
            tracing::info!("scrubbing cache for {config}");
            forget_installed(cx, trash)?;
            trash.discard(&layout.cache)
        }
        ScrubTarget::RootCache => {
            tracing::info!("scrubbing root cache for {config}");
            forget_installed(cx, trash)?;
            trash.discard(&layout.cache.join("root_cache"))
        }
        ScrubTarget::CCache => {
            tracing::info!("scrubbing ccache for {config}");
            trash.discard(&layout.cache.join("ccache"))
        }
        ScrubTarget::YumCache | ScrubTarget::DnfCache => {
            tracing::info!("scrubbing package manager cache for {config}");
            trash.discard(&layout.cache.join("yum_cache"))?;
            trash.discard(&layout.cache.join("dnf_cache"))?;
            packages(&layout.packages)
        }
        ScrubTarget::Lvm => {
            tracing::info!("scrubbing lvm storage for {config}");
            storage(cx, trash, |name| name == "lvm_root")
        }
        ScrubTarget::Overlayfs => {
            tracing::info!("scrubbing overlayfs storage for {config}");
            storage(cx, trash, |name| name == "layers")
        }
    }
}

fn everything(cx: Cx<'_>, trash: &Trash) -> Result<()> {
    storage(cx, trash, |_| true)?;
    recipe::clean::clean(cx, trash)?;
    trash.discard(&Layout::of(&cx.config.chroot).cache)
}

/// The bootstrap root, also one that is not used any more.
fn bootstrap(cx: Cx<'_>, trash: &Trash) -> Result<()> {
    let Some(bootstrap) = cx.config.any_bootstrap() else {
        return Ok(());
    };
    let images = Layout::of(&bootstrap.config.chroot).images;
    Store::at(images).forget_names()?;
    // Roots for other tools, too.
    let others = recipe::external::Registry::ALL.map(|registry| registry.root(bootstrap));
    for config in [&bootstrap.config].into_iter().chain(&others) {
        let layout = Layout::of(&config.chroot);
        if layout.base.exists() || layout.cache.exists() {
            everything(Cx { config, ..cx }, trash)?;
        }
    }
    Ok(())
}

/// Heads and states, on the storages that `wanted` names: the configured one, and those that an
/// earlier configuration may have left something in.
fn storage(cx: Cx<'_>, trash: &Trash, wanted: impl Fn(&str) -> bool) -> Result<()> {
    let layout = Layout::of(&cx.config.chroot);
    let chosen = plugins::enabled(cx.config)?.storage(cx, trash)?;
    let others = storage::left_behind(cx, trash, chosen.name());
    let _lock = layout.lock_for(cx)?;
    let mut storages: Vec<_> = std::iter::once(chosen).chain(others).collect();
    // What is mounted at the root's path is on top.
    storages.sort_by_key(|storage| !(storage.name() == "layers" && storage.is_attached()));
    storages
        .iter()
        .filter(|storage| wanted(storage.name()))
        .try_for_each(|storage| storage.scrub())
}

/// What the cache of installed packages keeps for this root. Snapshots stay.
fn forget_installed(cx: Cx<'_>, trash: &Trash) -> Result<()> {
    let chroot = &cx.config.chroot;
    if !chroot.store.is_dir() {
        return Ok(());
    }
    Records::at(&chroot.store).forget_uses_of(&chroot.shared_name)?;
    let storage = plugins::enabled(cx.config)?.storage(cx, trash)?;
    storage.states().map_or(Ok(()), |states| states.collect())
}
