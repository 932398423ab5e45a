//! The mounts of a sandbox, described; making them is ten dull lines each in [`Mount::make`].
//!
//! A target is a path inside the build root and is resolved inside it, without following any
//! symbolic link: what a build left behind cannot redirect a mount. Order is the list's order.

use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat, openat2};
use nix::mount::{MsFlags, mount};
use nix::sys::stat::{Mode, SFlag, mkdirat};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// One entry of a sandbox's mount list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Mount {
    /// The processes of the sandbox's own pid namespace; the kernel's settings are read-only.
    Proc,
    /// Read-only.
    Sys,
    /// A private `/dev`: null zero full random urandom tty console ptmx pts shm fd stdin stdout
    /// stderr, nothing else of the host.
    Dev,
    /// A file or directory of the host. The target must exist.
    Bind {
        source: PathBuf,
        target: PathBuf,
        writable: bool,
    },
    /// An empty file system in memory, with options as mount(8) takes them. The target must exist.
    Tmpfs { target: PathBuf, options: String },
    /// Something of the host's `/dev`, in the private one: a place for it is made there.
    Device { source: PathBuf, target: PathBuf },
    /// `/dev/loop-control` and so many `/dev/loopN`, in the private `/dev`.
    Loops(u32),
}

/// The first number of `/dev/loopN`, in `Documentation/admin-guide/devices.txt`.
pub(super) const LOOP_MAJOR: u64 = 7;

pub(super) const LOOP_CONTROL: &str = "/dev/loop-control";

impl fmt::Display for Mount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proc => f.write_str("proc on /proc"),
            Self::Sys => f.write_str("sysfs on /sys, read-only"),
            Self::Dev => f.write_str("minimal devices on /dev"),
            Self::Bind {
                source,
                target,
                writable,
            } => {
                let mode = if *writable { "" } else { ", read-only" };
                write!(f, "{} on {}{mode}", source.display(), target.display())
            }
            Self::Tmpfs { target, .. } => write!(f, "tmpfs on {}", target.display()),
            Self::Device { source, target } => {
                write!(f, "{} on {}", source.display(), target.display())
            }
            Self::Loops(count) => write!(f, "{count} loop devices"),
        }
    }
}

/// The nodes every program expects. Bound from the host, since a user namespace cannot make them.
const NODES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

/// The usual symbolic links of `/dev`.
const LINKS: [(&str, &str); 5] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("ptmx", "pts/ptmx"),
];

/// devpts' usual `tty` group, on every distribution that builds RPMs.
const TTY_GID: u32 = 5;

impl Mount {
    /// Makes this mount below `root`, which must be a mount point of a private mount namespace.
    pub(super) fn make(&self, root: &Path) -> Result<()> {
        match self {
            Self::Proc => make_proc(root),
            Self::Sys => make_sys(root),
            Self::Dev => make_dev(root),
            Self::Bind {
                source,
                target,
                writable,
            } => {
                let to = resolve(root, target)?;
                bind(source, &to, &self.to_string())?;
                if *writable {
                    Ok(())
                } else {
                    read_only(&resolve(root, target)?, &self.to_string())
                }
            }
            Self::Tmpfs { target, options } => {
                let (flags, data) = tmpfs_options(options);
                let to = resolve(root, target)?;
                attach("tmpfs", &to, "tmpfs", flags, &data, &self.to_string())
            }
            Self::Device { source, target } => device(root, source, target, &self.to_string()),
            Self::Loops(count) => loops(root, *count, &self.to_string()),
        }
    }
}

impl Mount {
    /// Makes what this mount goes on, where it is missing. Where that cannot be, [`Self::make`] says
    /// why.
    pub(super) fn make_target(&self, root: &Path) {
        let (target, directory) = match self {
            Self::Proc => (Path::new("proc"), true),
            Self::Sys => (Path::new("sys"), true),
            Self::Dev => (Path::new("dev"), true),
            Self::Tmpfs { target, .. } => (target.as_path(), true),
            Self::Device { .. } | Self::Loops(_) => return,
            Self::Bind { source, target, .. } => (target.as_path(), source.is_dir()),
        };
        let _ = place(root, target, directory);
    }
}

/// Makes a directory or an empty file with the directories above it, and follows no link on the way.
fn place(root: &Path, target: &Path, directory: bool) -> nix::Result<()> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let mut at = nix::fcntl::open(root, flags, Mode::empty())?;
    let mut names = target
        .components()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name),
            _ => None,
        })
        .peekable();
    while let Some(name) = names.next() {
        if names.peek().is_none() && !directory {
            let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            if openat(&at, name, flags, Mode::empty()).is_err() {
                let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_WRONLY | OFlag::O_CLOEXEC;
                openat(&at, name, flags, Mode::from_bits_truncate(0o644))?;
            }
            return Ok(());
        }
        match mkdirat(&at, name, Mode::from_bits_truncate(0o755)) {
            Ok(()) | Err(nix::Error::EEXIST) => {}
            Err(errno) => return Err(errno),
        }
        at = openat(&at, name, flags, Mode::empty())?;
    }
    Ok(())
}

fn nosuid_nodev_noexec() -> MsFlags {
    MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC
}

/// A path that names an open file whatever happens to the directories above it.
pub(super) fn by_fd(fd: &OwnedFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", fd.as_raw_fd()))
}

/// Opens `target` inside `root` without following links: a build may have planted some.
fn resolve(root: &Path, target: &Path) -> Result<OwnedFd> {
    let relative = target.strip_prefix("/").unwrap_or(target);
    let path = if relative.as_os_str().is_empty() {
        Path::new(".")
    } else {
        relative
    };
    let directory = fs_err::File::open(root).map_err(Error::io("open", root))?;
    let how = OpenHow::new()
        .flags(OFlag::O_PATH | OFlag::O_CLOEXEC)
        .resolve(ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_SYMLINKS);
    openat2(directory.file(), path, how).map_err(|errno| Error::Sandbox {
        message: format!(
            "cannot use {} as a mount point: {errno}",
            root.join(path).display()
        ),
        hint: match errno {
            nix::Error::ELOOP => {
                Some("a symbolic link is in the way; `mock --clean` makes the root anew".to_owned())
            }
            _ => None,
        },
    })
}

/// Containers mount over parts of their `/proc`; the kernel then allows no fresh one.
const MASKED: &str = "inside a container, let its /proc be whole: `podman run --security-opt unmask=ALL`, \
                      `docker run --privileged`";

fn failed(what: &str) -> impl FnOnce(nix::Error) -> Error + use<'_> {
    let masked = what.starts_with("proc ");
    move |errno| Error::Sandbox {
        message: format!("cannot mount {what}: {errno}"),
        hint: (masked && errno == nix::Error::EPERM).then(|| MASKED.to_owned()),
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where mounts are made")]
fn attach(
    source: &str,
    target: &OwnedFd,
    fstype: &str,
    flags: MsFlags,
    data: &str,
    what: &str,
) -> Result<()> {
    mount(
        Some(source),
        &by_fd(target),
        Some(fstype),
        flags,
        Some(data),
    )
    .map_err(failed(what))
}

#[expect(clippy::disallowed_methods, reason = "this is where mounts are made")]
fn bind(source: &Path, target: &OwnedFd, what: &str) -> Result<()> {
    let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
    mount(
        Some(source),
        &by_fd(target),
        None::<&str>,
        flags,
        None::<&str>,
    )
    .map_err(failed(what))
}

fn read_only(target: &OwnedFd, what: &str) -> Result<()> {
    remount_read_only(&by_fd(target)).map_err(failed(what))
}

/// Turns one mount read-only. A user namespace may not drop flags the mount has, so they are kept.
pub(super) fn remount_read_only(target: &Path) -> nix::Result<()> {
    let stat = nix::sys::statvfs::statvfs(target)?;
    let mut flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
    for (has, flag) in [
        (nix::sys::statvfs::FsFlags::ST_NOSUID, MsFlags::MS_NOSUID),
        (nix::sys::statvfs::FsFlags::ST_NODEV, MsFlags::MS_NODEV),
        (nix::sys::statvfs::FsFlags::ST_NOEXEC, MsFlags::MS_NOEXEC),
        (nix::sys::statvfs::FsFlags::ST_NOATIME, MsFlags::MS_NOATIME),
        (
            nix::sys::statvfs::FsFlags::ST_NODIRATIME,
            MsFlags::MS_NODIRATIME,
        ),
        (
            nix::sys::statvfs::FsFlags::ST_RELATIME,
            MsFlags::MS_RELATIME,
        ),
    ] {
        if stat.flags().contains(has) {
            flags |= flag;
        }
    }
    mount_flags(target, flags)
}

#[expect(clippy::disallowed_methods, reason = "this is where mounts are made")]
fn mount_flags(target: &Path, flags: MsFlags) -> nix::Result<()> {
    mount(None::<&str>, target, None::<&str>, flags, None::<&str>)
}

/// Makes every mount of this namespace private: nothing made here is seen by the host.
pub(super) fn make_private() -> nix::Result<()> {
    mount_flags(Path::new("/"), MsFlags::MS_REC | MsFlags::MS_PRIVATE)
}

/// Binds a directory onto itself: `pivot_root` wants a mount point.
pub(super) fn bind_self(root: &Path) -> Result<()> {
    let target = fs_err::File::open(root).map_err(Error::io("open", root))?;
    bind(
        root,
        &OwnedFd::from(target.into_file()),
        &format!("{} on itself", root.display()),
    )
}

/// Shows the directory `source` at `target` as well.
pub(super) fn bind_over(source: &Path, target: &Path) -> Result<()> {
    let to = fs_err::File::open(target).map_err(Error::io("open", target))?;
    let what = format!("{} on {}", source.display(), target.display());
    bind(source, &OwnedFd::from(to.into_file()), &what)
}

/// Mounts a fresh `/proc` of the current pid namespace over the host's, for tools in the host view.
pub(super) fn proc_of_this_namespace() -> Result<()> {
    let target = fs_err::File::open("/proc").map_err(Error::io("open", "/proc"))?;
    let target = OwnedFd::from(target.into_file());
    attach(
        "proc",
        &target,
        "proc",
        nosuid_nodev_noexec(),
        "",
        "proc on /proc",
    )
}

/// What a real root could change for the whole machine, below `/proc`.
const SETTINGS: [&str; 5] = ["sys", "sysrq-trigger", "irq", "bus", "fs"];

/// The memory of the kernel, which a real root could read.
const MEMORY: &str = "kcore";

fn make_proc(root: &Path) -> Result<()> {
    let target = resolve(root, Path::new("proc"))?;
    attach(
        "proc",
        &target,
        "proc",
        nosuid_nodev_noexec(),
        "",
        "proc on /proc",
    )?;
    for name in SETTINGS {
        let path = Path::new("proc").join(name);
        if root.join(&path).exists() {
            let what = format!("/proc/{name}, read-only");
            let target = resolve(root, &path)?;
            bind(&by_fd(&target), &target, &what)?;
            read_only(&resolve(root, &path)?, &what)?;
        }
    }
    let memory = Path::new("proc").join(MEMORY);
    if root.join(&memory).exists() {
        bind(
            Path::new("/dev/null"),
            &resolve(root, &memory)?,
            "nothing over /proc/kcore",
        )?;
    }
    Ok(())
}

/// sysfs belongs to the network namespace: with a private one a fresh mount is allowed. With the
/// host's network a user namespace may only bind the host's, which the kernel wants recursive.
fn make_sys(root: &Path) -> Result<()> {
    let what = "sysfs on /sys";
    let target = resolve(root, Path::new("sys"))?;
    let flags = nosuid_nodev_noexec() | MsFlags::MS_RDONLY;
    match attach("sysfs", &target, "sysfs", flags, "", what) {
        Ok(()) => Ok(()),
        Err(_) => {
            bind(Path::new("/sys"), &target, what)?;
            read_only(&resolve(root, Path::new("sys"))?, what)?;
            hide_selinux(root)
        }
    }
}

/// Programs that find selinuxfs believe that they can and must label files.
fn hide_selinux(root: &Path) -> Result<()> {
    let path = Path::new("sys/fs/selinux");
    if !root.join(path).join("enforce").exists() {
        return Ok(());
    }
    let flags = nosuid_nodev_noexec() | MsFlags::MS_RDONLY;
    attach(
        "tmpfs",
        &resolve(root, path)?,
        "tmpfs",
        flags,
        "size=4k",
        "nothing over selinuxfs",
    )
}

fn make_dev(root: &Path) -> Result<()> {
    let what = "minimal devices on /dev";
    let dev = resolve(root, Path::new("dev"))?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
    attach("tmpfs", &dev, "tmpfs", flags, "mode=0755,size=16m", what)?;
    // The mount hides the directory that was opened above.
    let dev = resolve(root, Path::new("dev"))?;
    let base = by_fd(&dev);
    for name in NODES {
        node(&base.join(name), &Path::new("/dev").join(name), what)?;
    }
    // The console is not the host's: what is written there goes nowhere.
    node(&base.join("console"), Path::new("/dev/null"), what)?;
    for (name, target) in LINKS {
        fs_err::os::unix::fs::symlink(target, base.join(name)).map_err(Error::io("make", name))?;
    }
    for name in ["pts", "shm"] {
        fs_err::create_dir(base.join(name)).map_err(Error::io("make", name))?;
    }
    let shm = resolve(root, Path::new("dev/shm"))?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    attach(
        "tmpfs",
        &shm,
        "tmpfs",
        flags,
        "mode=1777",
        "tmpfs on /dev/shm",
    )?;
    let pts = resolve(root, Path::new("dev/pts"))?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
    let options = format!("newinstance,ptmxmode=0666,mode=0620,gid={TTY_GID}");
    attach(
        "devpts",
        &pts,
        "devpts",
        flags,
        &options,
        "devpts on /dev/pts",
    )
    .or_else(|_| {
        // Where only one id is mapped there is no tty group to give.
        let options = "newinstance,ptmxmode=0666,mode=0620";
        attach(
            "devpts",
            &pts,
            "devpts",
            flags,
            options,
            "devpts on /dev/pts",
        )
    })
}

/// The words that are flags of mount(2), and the rest, which is the file system's.
fn tmpfs_options(options: &str) -> (MsFlags, String) {
    // As systemd-nspawn has it.
    let (mut flags, mut data) = (MsFlags::empty(), vec!["mode=0755"]);
    for option in options.split(',').filter(|option| !option.is_empty()) {
        match option {
            "ro" => flags |= MsFlags::MS_RDONLY,
            "nosuid" => flags |= MsFlags::MS_NOSUID,
            "nodev" => flags |= MsFlags::MS_NODEV,
            "noexec" => flags |= MsFlags::MS_NOEXEC,
            "noatime" => flags |= MsFlags::MS_NOATIME,
            "rw" | "suid" | "dev" | "exec" | "defaults" => {}
            other => data.push(other),
        }
    }
    (flags, data.join(","))
}

/// Where there is something at the target already, that is the place.
fn device(root: &Path, source: &Path, target: &Path, what: &str) -> Result<()> {
    if let Ok(there) = resolve(root, target) {
        return bind(source, &there, what);
    }
    let (Some(parent), Some(name)) = (target.parent(), target.file_name()) else {
        return Err(failed(what)(nix::Error::EINVAL));
    };
    make_directories(root, parent)?;
    let above = resolve(root, parent)?;
    let place = by_fd(&above).join(name);
    if source.is_dir() {
        fs_err::create_dir(&place).map_err(Error::io("make", &place))?;
    } else {
        fs_err::File::create_new(&place).map_err(Error::io("make", &place))?;
    }
    bind(source, &resolve(root, target)?, what)
}

fn make_directories(root: &Path, directory: &Path) -> Result<()> {
    let Some(parent) = directory.parent() else {
        return Ok(());
    };
    if resolve(root, directory).is_ok() {
        return Ok(());
    }
    make_directories(root, parent)?;
    let above = resolve(root, parent)?;
    let place = by_fd(&above).join(directory.file_name().unwrap_or_default());
    fs_err::create_dir(&place).map_err(Error::io("make", &place))
}

/// The host need not have as many; the kernel makes what is behind a node when it is first opened.
fn loops(root: &Path, count: u32, what: &str) -> Result<()> {
    let control = Path::new(LOOP_CONTROL);
    if control.exists() {
        device(root, control, control, what)?;
    }
    let dev = resolve(root, Path::new("dev"))?;
    for number in 0..count {
        let name = format!("loop{number}");
        match make_loop(&by_fd(&dev).join(&name), number) {
            Ok(()) | Err(nix::Error::EEXIST) => {}
            Err(errno) => {
                // No device can be made in a user namespace, nor in some containers.
                let host = Path::new("/dev").join(&name);
                if !host.exists() {
                    tracing::debug!("no /dev/{name} in the root: {errno}");
                    continue;
                }
                device(root, &host, &host, what)?;
            }
        }
    }
    Ok(())
}

pub(super) fn make_loop(path: &Path, number: u32) -> nix::Result<()> {
    let mode = Mode::from_bits_truncate(0o666);
    let device = nix::sys::stat::makedev(LOOP_MAJOR, number.into());
    nix::sys::stat::mknod(path, SFlag::S_IFBLK, mode, device)?;
    // Whatever the umask says.
    nix::sys::stat::fchmodat(
        nix::fcntl::AT_FDCWD,
        path,
        mode,
        nix::sys::stat::FchmodatFlags::FollowSymlink,
    )
}

/// An empty place that only this namespace sees, over a directory of the host.
pub(super) fn tmpfs_over(directory: &Path) -> Result<()> {
    let what = format!("tmpfs on {}", directory.display());
    let target = fs_err::File::open(directory).map_err(Error::io("open", directory))?;
    let target = OwnedFd::from(target.into_file());
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
    attach("tmpfs", &target, "tmpfs", flags, "mode=0755", &what)
}

fn node(target: &Path, source: &Path, what: &str) -> Result<()> {
    fs_err::File::create(target).map_err(Error::io("make", target))?;
    let opened = nix::fcntl::open(target, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())
        .map_err(|errno| Error::Io {
            action: "open",
            path: target.to_owned(),
            source: io::Error::from(errno),
        })?;
    bind(source, &opened, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mount points are made by name in roots that somebody else filled.
    #[test]
    fn places_are_made_through_no_link() {
        let scratch = tempfile::tempdir().unwrap();
        let (root, victim) = (scratch.path().join("root"), scratch.path().join("victim"));
        for directory in [&root, &victim] {
            fs_err::create_dir(directory).unwrap();
        }
        for (target, link) in [("../victim", "link"), ("../victim/file", "file")] {
            fs_err::os::unix::fs::symlink(target, root.join(link)).unwrap();
        }
        place(&root, Path::new("/a/b/c"), true).unwrap();
        place(&root, Path::new("/a/b/file"), false).unwrap();
        place(&root, Path::new("/a/../../victim/../d"), true).unwrap();
        assert!(root.join("a/b/c").is_dir() && root.join("a/b/file").is_file());
        assert!(place(&root, Path::new("/link"), true).is_err());
        assert!(place(&root, Path::new("/link/below"), true).is_err());
        assert!(place(&root, Path::new("/link/below"), false).is_err());
        // The link itself is there, and no place to mount on.
        assert!(place(&root, Path::new("/file"), false).is_ok());
        for path in ["file", "link", "link/below"] {
            assert!(resolve(&root, Path::new(path)).is_err(), "{path}");
        }
        assert_eq!(fs_err::read_dir(&victim).unwrap().count(), 0);
    }
}
