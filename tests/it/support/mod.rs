//! What every test stands on: who runs `mock`, where, and what came of it.

mod disk;
mod done;
mod machine;
mod mock;
mod place;
mod uml;

pub(crate) use disk::{Btrfs, is_subvolume};
pub(crate) use done::Done;
pub(crate) use machine::{minidistro, mounts_below, processes_of, stray_mounts_below, wait_until};
pub(crate) use mock::{Mock, Running};
pub(crate) use place::remove as remove_tree;
pub(crate) use place::{Place, Storage, Who, both, configs, everywhere, own_mounts, run, shared};
pub(crate) use uml::Uml;

/// The file of the mini distribution's source package `name`.
pub(crate) fn srpm(name: &str) -> String {
    let directory = machine::minidistro().join("SRPMS");
    let release = if name == "hello" {
        "2.10-1"
    } else if name == "libgreet" {
        "1.2-1"
    } else {
        "1.0-1"
    };
    format!("{}/{name}-{release}.mini1.src.rpm", directory.display())
}

/// The machine's architecture, as RPM calls it.
pub(crate) const ARCH: &str = std::env::consts::ARCH;

/// One that it is not.
pub(crate) const OTHER_ARCH: &str = if cfg!(target_arch = "aarch64") {
    "x86_64"
} else {
    "aarch64"
};
