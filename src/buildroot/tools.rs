//! Where the package manager of a root runs: beside it on the host, in a bootstrap root, or in it.

use std::path::{Path, PathBuf};

use super::{Buildroot, Cmd};
use crate::config::{Config, PackageManagerKind};
use crate::package_manager::Op;
use crate::package_manager::repos::{LocalPaths, Vars, local_paths};
use crate::sandbox::{Mount, View};

/// Keys of distributions, in the package of that name.
const DISTRIBUTION_KEYS: &str = "/usr/share/distribution-gpg-keys";

/// Directories of a bootstrap root that programs write to in passing.
const SCRATCH: [&str; 4] = ["/tmp", "/var/tmp", "/var/log", "/run"];

/// Directories that a root has of its own: the host's are not shown in their place.
const OWN: [&str; 12] = [
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr",
    "/var",
];

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Tools {
    /// The host's programs.
    #[default]
    Host,
    /// Those of another root.
    Bootstrap {
        tree: PathBuf,
        /// What tells its content from every other: what it installs depends on it.
        identity: String,
    },
    /// The root's own.
    Itself,
}

impl Tools {
    /// The tree that the programs are in.
    pub(super) fn tree<'t>(&'t self, root: &'t Path) -> &'t Path {
        match self {
            Self::Host => Path::new("/"),
            Self::Bootstrap { tree, .. } => tree,
            Self::Itself => root,
        }
    }

    /// For digests.
    pub(crate) fn identity(&self) -> &str {
        match self {
            Self::Bootstrap { identity, .. } => identity,
            Self::Host | Self::Itself => "",
        }
    }
}

impl Buildroot<'_> {
    /// Says where the package manager of this root runs; once, before it does.
    pub(crate) fn work_with(&self, tools: Tools) {
        self.tools.replace(tools);
    }

    pub(crate) fn tools(&self) -> Tools {
        self.tools.borrow().clone()
    }

    /// The package manager's program that `settings` name, where it runs.
    pub(super) fn manager_command(&self, kind: PackageManagerKind) -> String {
        let config = self.cx.config;
        let settings = crate::package_manager::settings(&config.packages, kind);
        let for_bootstrap = config.chroot.is_bootstrap && self.tools() == Tools::Host;
        let system = settings.system_command.as_ref().filter(|_| for_bootstrap);
        system.unwrap_or(&settings.command).clone()
    }

    /// A run of the package manager on this root. `cwd` is a directory of the host that it may write
    /// to.
    pub(super) fn manager_cmd(
        &self,
        argv: &[String],
        kind: PackageManagerKind,
        op: &Op,
        cwd: Option<&Path>,
    ) -> Cmd {
        match self.tools() {
            _ if self.works_inside(kind, op) => self.native_cmd(argv, op),
            Tools::Host | Tools::Itself => self.host_cmd(argv, cwd),
            Tools::Bootstrap { tree, .. } => {
                let cwd = cwd.filter(|cwd| !belongs_to_root(cwd));
                let mut mounts = vec![Mount::Proc, Mount::Sys, Mount::Dev];
                mounts.extend(SCRATCH.map(|target| Mount::Tmpfs {
                    target: target.into(),
                    options: "nosuid,nodev,mode=1777".to_owned(),
                }));
                mounts.extend(self.shown(op, cwd, &tree));
                mounts.extend(self.entitlements());
                let mut cmd = self.host_cmd(argv, cwd);
                cmd.sandbox.view = View::Tools { tree, mounts };
                cmd
            }
        }
    }

    /// What of the host is seen in a bootstrap root: what the package manager works on, and files
    /// that the configuration or the command names.
    fn shown(&self, op: &Op, cwd: Option<&Path>, tree: &Path) -> Vec<Mount> {
        let layout = &self.layout;
        let mut shown: Vec<(PathBuf, bool)> = Vec::new();
        let mut show = |path: &Path, writable: bool| {
            let seen = shown
                .iter()
                .any(|(above, free)| path.starts_with(above) && (*free || !writable));
            if !seen && path.exists() {
                shown.push((path.to_owned(), writable));
            }
        };
        let places = [&layout.base, &layout.root, &layout.cache, &layout.result];
        places.into_iter().for_each(|path| show(path, true));
        if let Some(cwd) = cwd {
            show(cwd, true);
        }
        show(&layout.packages, false);
        for path in self.named(op, tree) {
            show(&path, false);
        }
        shown
            .into_iter()
            .map(|(path, writable)| Mount::Bind {
                target: path.clone(),
                source: path,
                writable,
            })
            .collect()
    }

    /// Files and directories of the host that the configuration or the command names, to be seen in
    /// `tree`.
    pub(super) fn named(&self, op: &Op, tree: &Path) -> Vec<PathBuf> {
        let LocalPaths { repositories, keys } =
            files_of_configuration(self.cx.config, &self.cx.host.arch);
        // A key that the distribution has is the one that counts.
        let keys = [PathBuf::from(DISTRIBUTION_KEYS)]
            .into_iter()
            .chain(keys)
            .filter(|path| !has(tree, path));
        let arguments = op.arguments().iter().map(PathBuf::from);
        let files = arguments.filter(|path| path.is_absolute() && path.is_file());
        let mut paths: Vec<PathBuf> = repositories.into_iter().chain(keys).chain(files).collect();
        paths.retain(|path| path.exists());
        paths
    }
}

/// Whether there is something in `tree` at `path`: an empty file or directory is a mount point.
fn has(tree: &Path, path: &Path) -> bool {
    let at = tree.join(path.strip_prefix("/").unwrap_or(path));
    match fs_err::metadata(&at) {
        Ok(found) if found.is_dir() => {
            fs_err::read_dir(&at).is_ok_and(|mut entries| entries.next().is_some())
        }
        Ok(found) => found.len() > 0,
        Err(_) => false,
    }
}

/// Repositories and keys that are files.
fn files_of_configuration(config: &Config, host_arch: &str) -> LocalPaths {
    let arch = config.chroot.forcearch.as_deref().unwrap_or(host_arch);
    let releasever = config.chroot.releasever.as_deref();
    let vars = Vars::new(arch, releasever, &config.packages.dnf_vars);
    local_paths(&config.packages.dnf_conf, &vars)
}

/// The file system's own directories are not replaced by those of the host.
fn belongs_to_root(path: &Path) -> bool {
    path == Path::new("/")
        || OWN.iter().any(|own| path.starts_with(own))
            && !["/var/tmp", "/var/lib", "/var/cache", "/run"]
                .iter()
                .any(|free| path.starts_with(free) && path != Path::new(free))
            && !path.starts_with("/dev/shm/")
}
