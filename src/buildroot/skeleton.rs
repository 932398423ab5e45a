//! The directories and files a root has before its first package, and the build user's home.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::layout::Layout;
use super::users::{self, Account};
use super::{Buildroot, Cx};
use crate::error::{Error, Result};
use crate::fs::planted::{self, refuse_link};
use crate::sandbox::{Mount, User};

/// As the original makes them, whatever the distribution.
const DIRECTORIES: [&str; 16] = [
    "var/lib/rpm",
    "var/lib/yum",
    "var/lib/dbus",
    "var/log",
    "var/cache/dnf",
    "var/cache/yum",
    "etc/rpm",
    "tmp",
    "var/tmp",
    "etc/dnf/vars",
    "etc/yum.repos.d",
    "etc/yum",
    "proc",
    "sys",
    "dev",
    "run",
];

const FILES: [&str; 4] = [
    "etc/fstab",
    "etc/yum/yum.conf",
    "etc/dnf/dnf.conf",
    "var/log/yum.log",
];

/// rpmbuild's directories below the build user's home.
const BUILD_DIRECTORIES: [&str; 7] = [
    "RPMS",
    "SPECS",
    "SRPMS",
    "SOURCES",
    "BUILD",
    "BUILDROOT",
    "originals",
];

const HOSTS: &str = "127.0.0.1 localhost localhost.localdomain\n::1       localhost localhost.localdomain localhost6\n";

/// Makes the directory of a build root, and those above it where somebody deleted them. As root:
/// owned by root and group `mock`, mode 0775, as the original's packages do; as a user: private,
/// because a root holds setuid programs of the user's own id.
pub(super) fn make_base(cx: Cx<'_>, layout: &Layout) -> Result<()> {
    let chroot = &cx.config.chroot;
    refuse_links(cx, layout)?;
    let mode = if cx.identity.root { 0o775 } else { 0o700 };
    for directory in [&chroot.basedir, &chroot.cache_topdir] {
        make_directory(cx, directory, mode)?;
    }
    let mode = if cx.identity.root { 0o775 } else { 0o700 };
    for directory in [&layout.base, &layout.cache] {
        make_directory(cx, directory, mode)?;
    }
    warn_of_others(cx, &layout.root);
    Ok(())
}

/// Links in its directory, too, when more is done there than removing it.
fn refuse_links(cx: Cx<'_>, layout: &Layout) -> Result<()> {
    layout.refuse_links(cx)?;
    if !cx.identity.root {
        return Ok(());
    }
    refuse_link(&layout.root, &[0])?;
    refuse_link(&layout.package_manager_home(), &[0])?;
    // It is worked in as the caller.
    refuse_link(&layout.result, &[0, cx.identity.uid])
}

/// Setuid programs in a user's root are setuid to that user, for whoever can reach them.
fn warn_of_others(cx: Cx<'_>, root: &Path) {
    let open_to_all = |directory: &Path| {
        let mode = fs_err::metadata(directory).map(|metadata| metadata.permissions().mode());
        mode.is_ok_and(|mode| mode & 0o001 != 0)
    };
    let above = root.ancestors().skip(1);
    if !cx.identity.root
        && above
            .filter(|directory| directory.exists())
            .all(open_to_all)
    {
        tracing::warn!(
            "other users can reach {}, and setuid programs in it run as {}: put it below a directory of mode 0700",
            root.display(),
            cx.identity.name
        );
    }
}

fn make_directory(cx: Cx<'_>, path: &Path, mode: u32) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        fs_err::create_dir_all(parent).map_err(Error::io("make", parent))?;
    }
    let gid = cx.identity.mock_gid().filter(|_| cx.identity.root);
    match planted::make_directory(path, mode, gid.map(|_| 0), gid) {
        // Another mock was faster.
        Err(_) if path.is_dir() => Ok(()),
        made => made.map_err(Error::io("make", path)),
    }
}

impl Buildroot<'_> {
    /// Makes a directory that outlives the root, owned as caches are.
    pub(crate) fn make_cache_directory(&self, path: &Path) -> Result<()> {
        let mode = if self.cx.identity.root { 0o775 } else { 0o700 };
        make_directory(self.cx, path, mode)
    }

    /// Directories and files that must be there before the package manager runs.
    pub(crate) fn make_skeleton(&self) -> Result<()> {
        for directory in DIRECTORIES {
            self.inside.create_dir_all(directory, User::ROOT)?;
        }
        for directory in &self.cx.config.chroot.extra_chroot_dirs {
            self.inside.create_dir_all(directory, User::ROOT)?;
        }
        for file in FILES {
            self.inside.touch(file)?;
        }
        if !self.inside.exists("etc/yum.conf") {
            self.inside.symlink("yum/yum.conf", "etc/yum.conf")?;
        }
        self.inside.symlink("../proc/self/mounts", "etc/mtab")
    }

    /// What a root gets once, before its first package.
    pub(crate) fn write_first_files(&self) -> Result<()> {
        let id = fs_err::read_to_string("/proc/sys/kernel/random/uuid")
            .map_err(Error::io("read", "random/uuid"))?;
        self.inside.write(
            "etc/machine-id",
            format!("{}\n", id.trim().replace('-', "")).as_bytes(),
            0o444,
            User::ROOT,
        )?;
        self.inside
            .symlink("../../../etc/machine-id", "var/lib/dbus/machine-id")?;
        for (path, content) in &self.cx.config.chroot.files {
            if !self.inside.exists(path) {
                if let Some(directory) = Path::new(path).parent().and_then(Path::to_str) {
                    self.inside.create_dir_all(directory, User::ROOT)?;
                }
                self.inside
                    .write(path, content.as_bytes(), 0o644, User::ROOT)?;
            }
        }
        self.copy_localtime()
    }

    fn copy_localtime(&self) -> Result<()> {
        if let Ok(target) = fs_err::read_link("/etc/localtime")
            && let Some(target) = target.to_str()
        {
            return self.inside.symlink(target, "etc/localtime");
        }
        match fs_err::read("/etc/localtime") {
            Ok(content) => self
                .inside
                .write("etc/localtime", &content, 0o644, User::ROOT),
            Err(_) => Ok(()),
        }
    }

    /// Name resolution inside: the host's when builds may use the network and it was asked for,
    /// otherwise nothing but localhost.
    pub(crate) fn write_resolver(&self) -> Result<()> {
        let network = &self.cx.config.network;
        if network.use_host_resolv && network.rpmbuild_networking {
            for path in ["/etc/resolv.conf", "/etc/hosts"] {
                match fs_err::read(path) {
                    Ok(content) => self.inside.write_if_changed(path, &content)?,
                    Err(_) => {
                        tracing::warn!("File {path} not present. It is not copied into the chroot.")
                    }
                }
            }
            return Ok(());
        }
        let files = &self.cx.config.chroot.files;
        if !["etc/hosts", "/etc/hosts"]
            .iter()
            .any(|path| files.contains_key(*path))
        {
            self.inside
                .write_if_changed("etc/hosts", HOSTS.as_bytes())?;
        }
        self.inside.write_if_changed("etc/resolv.conf", b"")
    }

    /// The build user, its home and what rpmbuild reads there. With `fresh` everything an earlier
    /// build left is removed first and the whole home belongs to the build user again.
    pub(crate) fn make_home(&self, fresh: bool) -> Result<()> {
        let config = self.cx.config;
        let account = Account {
            name: config.users.chrootuser.clone(),
            group: config.users.chrootgroup.clone(),
            ids: self.user,
            home: self.layout.home(""),
        };
        users::create(&self.inside, &account)?;
        for account in users::of_host(&config.users.copy_host_users)? {
            users::create(&self.inside, &account)?;
        }
        let home = self.layout.home("");
        self.inside.create_dir_all(&home, self.user)?;
        if fresh {
            self.empty_home(&home, "")?;
        }
        for directory in BUILD_DIRECTORIES {
            self.inside
                .create_dir_all(&self.layout.topdir(directory), self.user)?;
        }
        let macros = self.macros_text()?;
        let path = self.layout.home(".rpmmacros");
        self.inside.write_for(&path, macros.as_bytes(), self.user)?;
        self.inside.chown(&home, self.user, fresh)
    }

    /// Removes what is below `relative` in the home, but not what the configuration keeps.
    fn empty_home(&self, home: &str, relative: &str) -> Result<()> {
        let kept = &self.cx.config.chroot.exclude_from_homedir_cleanup;
        for name in self.inside.list(&format!("{home}/{relative}"))? {
            let below = if relative.is_empty() {
                name
            } else {
                format!("{relative}/{name}")
            };
            let path = format!("{home}/{below}");
            if kept.contains(&below) || self.is_mount_target(&path) {
                continue;
            }
            if kept.iter().any(|keep| Path::new(keep).starts_with(&below)) {
                self.empty_home(home, &below)?;
            } else {
                self.inside.remove(&path)?;
            }
        }
        Ok(())
    }

    fn is_mount_target(&self, path: &str) -> bool {
        self.extras.mounts.iter().any(|mount| match mount {
            Mount::Bind { target, .. } | Mount::Tmpfs { target, .. } => target.starts_with(path),
            Mount::Proc | Mount::Sys | Mount::Dev | Mount::Device { .. } | Mount::Loops(_) => false,
        })
    }

    /// `~/.rpmmacros`: the user's macro file, a blank line, then the configuration's macros.
    fn macros_text(&self) -> Result<String> {
        let rpmbuild = &self.cx.config.rpmbuild;
        let mut text = String::new();
        if let Some(path) = &rpmbuild.macrofile {
            text = self.cx.identity.as_caller(|| {
                fs_err::read_to_string(path).map_err(|_| {
                    Error::usage(format!(
                        "Input rpm macros file does not exist: {}",
                        path.display()
                    ))
                })
            })?;
            text.push_str("\n\n");
        }
        for (name, value) in &rpmbuild.macros {
            text.push_str(&format!("{name} {}\n", value.as_deref().unwrap_or("None")));
        }
        Ok(text)
    }

    /// Makes the targets of the plugins' mounts.
    pub(crate) fn make_mount_targets(&self) -> Result<()> {
        for mount in &self.extras.mounts {
            if let Mount::Tmpfs { target, .. } = mount
                && let Some(target) = target.to_str()
            {
                self.inside.create_dir_all(target, User::ROOT)?;
            }
            if let Mount::Bind { source, target, .. } = mount
                && let Some(target) = target.to_str()
            {
                if source.is_dir() {
                    self.inside.create_dir_all(target, User::ROOT)?;
                } else {
                    if let Some(parent) = Path::new(target).parent().and_then(Path::to_str) {
                        self.inside.create_dir_all(parent, User::ROOT)?;
                    }
                    self.inside.touch(target)?;
                }
            }
        }
        Ok(())
    }
}
