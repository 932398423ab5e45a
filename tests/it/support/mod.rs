//! What every test stands on: who runs `mock`, where, and what came of it.

mod disk;
mod done;
mod http;
mod image;
mod kill;
mod machine;
mod mock;
mod place;
mod repository;
mod terminal;
mod uml;

pub(crate) use disk::{Btrfs, is_subvolume};
pub(crate) use done::Done;
pub(crate) use http::Http;
pub(crate) use image::{Published, image_of};
pub(crate) use kill::kill_through;
pub(crate) use machine::{
    minidistro, mounts_below, newer_dnf, processes_of, stray_mounts_below, wait_until,
};
pub(crate) use mock::{Mock, Running};
pub(crate) use place::remove as remove_tree;
pub(crate) use place::{
    Place, Storage, Who, both, configs, everywhere, own_mounts, program, run, shared, skip,
};
pub(crate) use repository::{Repository, flip};
pub(crate) use uml::Uml;

/// Whether a package is installed, in the root that `mock` is about.
pub(crate) fn has_package(mock: Mock<'_>, name: &str) -> bool {
    let query = format!("rpm -q --quiet {name}");
    let done = mock.args(["--shell", &query]).run();
    match done.status_code() {
        Some(0) => true,
        Some(1) => false,
        _ => panic!("{}", done.shot()),
    }
}

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

/// A root that is made in a moment: for tests that make it many times.
pub(crate) const SMALL_ROOT: [&str; 2] = [
    "--config-opts",
    "chroot_setup_cmd=install bash coreutils mini-release rpm shadow-utils",
];

/// The machine's architecture, as RPM calls it.
pub(crate) const ARCH: &str = std::env::consts::ARCH;

/// One that it is not.
pub(crate) const OTHER_ARCH: &str = if cfg!(target_arch = "aarch64") {
    "x86_64"
} else {
    "aarch64"
};
