//! A small btrfs of its own, with a place's roots on it.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::machine::wait_until;
use super::mock::Mock;
use super::place::{Place, Who, run};

/// The file system goes with it.
#[derive(Debug)]
pub(crate) struct Btrfs {
    pub(crate) place: Place,
}

impl Btrfs {
    /// `None` when such a test cannot run here.
    pub(crate) fn new(who: Who) -> Option<Self> {
        // Only root can make the disk.
        Place::new(Who::Root)?;
        let place = Place::new(who)?;
        let (image, target) = (place.path("disk"), place.basedir());
        place.make_dir("home/.local/share");
        std::fs::create_dir_all(&target).expect("a test's directory can be made");
        run(
            "truncate",
            ["-s".as_ref(), "2G".as_ref(), image.as_os_str()],
        );
        run("mkfs.btrfs", ["-q".as_ref(), image.as_os_str()]);
        run(
            "mount",
            [
                "-o".as_ref(),
                "loop".as_ref(),
                image.as_os_str(),
                target.as_os_str(),
            ],
        );
        let disk = Self { place };
        disk.place.own(&target);
        std::fs::set_permissions(&target, std::os::unix::fs::PermissionsExt::from_mode(0o700))
            .expect("root may change modes");
        Some(disk)
    }

    /// `mock` with its root as a subvolume.
    pub(crate) fn mock<S: AsRef<std::ffi::OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Mock<'_> {
        self.place
            .mock(["--config-opts", "storage=btrfs"])
            .args(arguments)
    }

    /// No subvolume is left but the file system's own, once what was thrown away is deleted.
    pub(crate) fn is_empty(&self) -> bool {
        let target = self.place.basedir();
        let list = ["subvolume".as_ref(), "list".as_ref(), target.as_os_str()];
        let empty = || run("btrfs", list).is_empty().then_some(());
        wait_until(Duration::from_secs(20), empty).is_some()
    }
}

impl Drop for Btrfs {
    fn drop(&mut self) {
        let target = self.place.basedir();
        let umount = |arguments: &[&str]| {
            Command::new("umount")
                .args(arguments)
                .arg(&target)
                .status()
                .is_ok_and(|status| status.success())
        };
        // What was thrown away may still be being deleted.
        let done = wait_until(Duration::from_secs(20), || umount(&["-q"]).then_some(()));
        if done.is_none() {
            umount(&["-l"]);
        }
    }
}

pub(crate) fn is_subvolume(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.ino() == 256)
}
