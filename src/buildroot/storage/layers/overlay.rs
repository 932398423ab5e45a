//! Mounting a stack of layers with overlayfs.
//!
//! The new mount calls take one layer at a time (`lowerdir+`, Linux 6.8), by the path of an open
//! directory, so neither the number nor the length of names matters. Older kernels have mount(2),
//! whose options are cut at one page without an error: there the names are relative and the length
//! is checked.
//!
//! The upper directory is `volatile`: nothing in it is synchronised to disk until the tree is
//! frozen, which does it once. In a user namespace overlayfs keeps its own attributes as `user.*`.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

use nix::fcntl::OFlag;
use nix::mount::MsFlags;
use nix::sys::stat::Mode;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, fsconfig_create, fsconfig_set_flag,
    fsconfig_set_string, fsmount, fsopen, move_mount,
};

use crate::buildroot::storage::mounted;
use crate::error::{Error, Result};

/// The option string that mount(2) passes on whole.
const PAGE: usize = 4096;

/// What is to be mounted.
#[derive(Debug)]
pub(super) struct Overlay<'a> {
    /// Where the layers' directories are.
    pub(super) layers: &'a Path,
    /// Names of layers, topmost first; at least one.
    pub(super) lowers: &'a [String],
    /// The writable directory and the one beside it that overlayfs needs.
    pub(super) upper: &'a Path,
    pub(super) work: &'a Path,
    /// What mount tables show.
    pub(super) source: &'a str,
    /// Mounted in a user namespace.
    pub(super) user: bool,
}

impl Overlay<'_> {
    pub(super) fn mount(&self, target: &Path) -> Result<()> {
        let done = match self.mount_by_steps(target) {
            Err(errno) if old_kernel(errno) => self.mount_at_once(target)?,
            done => done,
        };
        done.map_err(|errno| self.failed(target, errno))
    }

    fn mount_by_steps(&self, target: &Path) -> nix::Result<()> {
        let lowers = self
            .lowers
            .iter()
            .map(|id| directory(&self.layers.join(id).join("fs")))
            .collect::<nix::Result<Vec<_>>>()?;
        let (upper, work) = (directory(self.upper)?, directory(self.work)?);
        let fs = fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC).map_err(errno)?;
        let set = |key: &str, value: &str| fsconfig_set_string(fs.as_fd(), key, value);
        set("source", self.source).map_err(errno)?;
        for lower in &lowers {
            set("lowerdir+", &by_descriptor(lower)).map_err(errno)?;
        }
        set("upperdir", &by_descriptor(&upper)).map_err(errno)?;
        set("workdir", &by_descriptor(&work)).map_err(errno)?;
        for flag in self.flags() {
            match flag.split_once('=') {
                Some((key, value)) => set(key, value).map_err(errno)?,
                None => fsconfig_set_flag(fs.as_fd(), *flag).map_err(errno)?,
            }
        }
        fsconfig_create(fs.as_fd()).map_err(errno)?;
        let mount = fsmount(
            fs.as_fd(),
            FsMountFlags::FSMOUNT_CLOEXEC,
            MountAttrFlags::empty(),
        )
        .map_err(errno)?;
        move_mount(
            mount.as_fd(),
            "",
            rustix::fs::CWD,
            target,
            MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH,
        )
        .map_err(errno)
    }

    /// A tree's own files only: what a lower directory is must never be looked up again by what an
    /// upper one remembers, because layers may come between them later.
    fn flags(&self) -> &'static [&'static str] {
        if self.user {
            &["volatile", "userxattr", "index=off"]
        } else {
            &["volatile", "index=off", "redirect_dir=off", "metacopy=off"]
        }
    }

    fn mount_at_once(&self, target: &Path) -> Result<nix::Result<()>> {
        let lowers: Vec<String> = self.lowers.iter().map(|id| format!("{id}/fs")).collect();
        let options = format!(
            "lowerdir={},upperdir={},workdir={},{}",
            lowers.join(":"),
            escaped(self.upper),
            escaped(self.work),
            self.flags().join(",")
        );
        if options.len() >= PAGE {
            return Err(Error::Storage {
                message: format!("{} layers are too many for this kernel", self.lowers.len()),
                hint: Some(
                    "Linux 6.8 has no such limit; `mock --scrub=overlayfs` begins anew".to_owned(),
                ),
                code: 20,
            });
        }
        // Relative names are resolved where the process is.
        let before = directory(Path::new(".")).map_err(|errno| self.failed(target, errno))?;
        nix::unistd::chdir(self.layers).map_err(|errno| self.failed(target, errno))?;
        let done = mounted::attach(self.source, target, "overlay", MsFlags::empty(), &options);
        nix::unistd::fchdir(before.as_fd()).map_err(|errno| self.failed(target, errno))?;
        Ok(done)
    }

    fn failed(&self, target: &Path, errno: nix::Error) -> Error {
        Error::Storage {
            message: format!(
                "cannot mount {} layers on {}: {errno}",
                self.lowers.len(),
                target.display()
            ),
            hint: Some("the kernel's log may say why: `dmesg | tail`; `--config-opts storage=directory` does without layers".to_owned()),
            code: 20,
        }
    }
}

/// Whether overlayfs works with an upper directory in `scratch`, which is private: found out by
/// doing it. Says why not.
pub(super) fn probe(scratch: &Path, user: bool) -> std::result::Result<(), String> {
    let directories = ["layers/x/fs", "upper", "work", "target"].map(|name| scratch.join(name));
    let [lower, upper, work, target] = &directories;
    for directory in &directories {
        fs_err::create_dir_all(directory).map_err(|error| error.to_string())?;
    }
    fs_err::create_dir_all(lower.join("gone/inner")).map_err(|error| error.to_string())?;
    let overlay = Overlay {
        layers: &scratch.join("layers"),
        lowers: &["x".to_owned()],
        upper,
        work,
        source: "mock",
        user,
    };
    overlay.mount(target).map_err(|error| error.to_string())?;
    // Removing what is in a lower layer needs the attributes that some file systems lack.
    let worked = fs_err::remove_dir(target.join("gone/inner"))
        .and_then(|()| fs_err::remove_dir(target.join("gone")))
        .and_then(|()| fs_err::create_dir(target.join("gone")))
        .map_err(|error| error.to_string());
    mounted::detach(target, false).map_err(|error| error.to_string())?;
    worked
}

/// Calls or options that this kernel does not know.
fn old_kernel(errno: nix::Error) -> bool {
    matches!(errno, nix::Error::ENOSYS | nix::Error::EINVAL)
}

fn errno(errno: rustix::io::Errno) -> nix::Error {
    nix::Error::from_raw(errno.raw_os_error())
}

fn directory(path: &Path) -> nix::Result<OwnedFd> {
    nix::fcntl::open(
        path,
        OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC,
        Mode::empty(),
    )
}

fn by_descriptor(directory: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", directory.as_raw_fd())
}

/// Commas, colons and backslashes separate in option strings.
fn escaped(path: &Path) -> String {
    let mut text = String::new();
    for character in path.to_string_lossy().chars() {
        if matches!(character, ',' | ':' | '\\') {
            text.push('\\');
        }
        text.push(character);
    }
    text
}

/// The mode, owner and time of the topmost layer's top directory become the tree's.
pub(super) fn like(lower: &Path, upper: &Path) -> Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let metadata = fs_err::metadata(lower).map_err(Error::io("read", lower))?;
    std::os::unix::fs::chown(upper, Some(metadata.uid()), Some(metadata.gid()))
        .map_err(Error::io("change the owner of", upper))?;
    fs_err::set_permissions(
        upper,
        std::fs::Permissions::from_mode(metadata.mode() & 0o7777),
    )
    .map_err(Error::io("set the mode of", upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_in_paths_are_escaped() {
        assert_eq!(escaped(Path::new("/a,b/c:d\\e")), "/a\\,b/c\\:d\\\\e");
    }
}
