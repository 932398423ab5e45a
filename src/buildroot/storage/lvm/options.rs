//! What the plugin's configuration says.

use std::time::Duration;

use nix::mount::MsFlags;

/// Options of the plugin lvm_root, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LvmOptions {
    pub(crate) volume_group: String,
    pub(crate) pool_name: String,
    /// Of the pool, and of each volume.
    pub(crate) size: String,
    pub(crate) metadata_size: Option<String>,
    pub(crate) check_size: bool,
    pub(crate) umount_root: bool,
    pub(crate) filesystem: String,
    /// The program that makes a file system; the device and `mkfs_args` follow.
    pub(crate) mkfs: Vec<String>,
    pub(crate) mkfs_args: Vec<String>,
    pub(crate) mount_options: Option<String>,
    pub(crate) sleep_time: Duration,
}

impl LvmOptions {
    /// The words of the mount options as mount(2) wants them: flags, and a text for the file system.
    pub(super) fn mount(&self) -> (MsFlags, String) {
        let mut flags = MsFlags::empty();
        let mut rest = Vec::new();
        for word in self.mount_options.iter().flat_map(|text| text.split(',')) {
            match flag(word.trim()) {
                Some((flag, true)) => flags.insert(flag),
                Some((flag, false)) => flags.remove(flag),
                None => rest.push(word.trim()),
            }
        }
        // Heads of one origin have the same id, and xfs mounts none a second time.
        if self.filesystem == "xfs" && !rest.contains(&"nouuid") {
            rest.push("nouuid");
        }
        rest.retain(|word| !word.is_empty() && *word != "defaults");
        (flags, rest.join(","))
    }
}

/// mount(8)'s options that are no file system's: a flag, set or cleared.
fn flag(word: &str) -> Option<(MsFlags, bool)> {
    let known = [
        ("ro", MsFlags::MS_RDONLY, true),
        ("rw", MsFlags::MS_RDONLY, false),
        ("nosuid", MsFlags::MS_NOSUID, true),
        ("suid", MsFlags::MS_NOSUID, false),
        ("nodev", MsFlags::MS_NODEV, true),
        ("dev", MsFlags::MS_NODEV, false),
        ("noexec", MsFlags::MS_NOEXEC, true),
        ("exec", MsFlags::MS_NOEXEC, false),
        ("sync", MsFlags::MS_SYNCHRONOUS, true),
        ("async", MsFlags::MS_SYNCHRONOUS, false),
        ("dirsync", MsFlags::MS_DIRSYNC, true),
        ("noatime", MsFlags::MS_NOATIME, true),
        ("atime", MsFlags::MS_NOATIME, false),
        ("nodiratime", MsFlags::MS_NODIRATIME, true),
        ("diratime", MsFlags::MS_NODIRATIME, false),
        ("relatime", MsFlags::MS_RELATIME, true),
        ("norelatime", MsFlags::MS_RELATIME, false),
        ("strictatime", MsFlags::MS_STRICTATIME, true),
        ("lazytime", MsFlags::MS_LAZYTIME, true),
        ("nolazytime", MsFlags::MS_LAZYTIME, false),
    ];
    known
        .iter()
        .find(|(name, ..)| *name == word)
        .map(|(_, flag, set)| (*flag, *set))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(filesystem: &str, options: Option<&str>) -> (MsFlags, String) {
        let options = LvmOptions {
            volume_group: String::new(),
            pool_name: String::new(),
            size: String::new(),
            metadata_size: None,
            check_size: true,
            umount_root: false,
            filesystem: filesystem.to_owned(),
            mkfs: Vec::new(),
            mkfs_args: Vec::new(),
            mount_options: options.map(str::to_owned),
            sleep_time: Duration::ZERO,
        };
        options.mount()
    }

    #[test]
    fn mount_options_become_flags_and_a_text() {
        let none = MsFlags::empty();
        for (filesystem, options, expected) in [
            ("ext4", None, (none, "")),
            (
                "ext4",
                Some("noatime,data=writeback, nodev"),
                (MsFlags::MS_NOATIME | MsFlags::MS_NODEV, "data=writeback"),
            ),
            ("ext4", Some("defaults,ro,rw"), (none, "")),
            ("xfs", None, (none, "nouuid")),
            (
                "xfs",
                Some("nouuid,noatime"),
                (MsFlags::MS_NOATIME, "nouuid"),
            ),
        ] {
            let (flags, text) = mount(filesystem, options);
            assert_eq!((flags, text.as_str()), expected, "{filesystem} {options:?}");
        }
    }
}
