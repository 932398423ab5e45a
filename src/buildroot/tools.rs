//! Where the package manager of a root runs: beside it on the host, in a bootstrap root, or in it.

use std::path::{Path, PathBuf};

use super::cache::Ground;
use super::layout::UNFINISHED;
use super::{Buildroot, Cmd};
use crate::config::{Config, PackageManagerKind};
use crate::error::Result;
use crate::lockfile::Image;
use crate::package_manager::Op;
use crate::package_manager::repos::{LocalPaths, Vars, local_paths};
use crate::report::LogSink;
use crate::run::Status;
use crate::sandbox::{Mount, User, View};

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
        /// The image that it began with.
        image: Option<Image>,
        /// The packages of the package manager in it.
        manager: Vec<String>,
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

    /// The image of the root that the programs are in, if it began with one.
    pub(crate) fn image(self) -> Option<Image> {
        match self {
            Self::Bootstrap { image, .. } => image,
            Self::Host | Self::Itself => None,
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
                let mut mounts = own_mounts();
                mounts.extend(self.shown(op, cwd, &tree));
                mounts.extend(self.entitlements());
                let mut cmd = self.host_cmd(argv, cwd);
                cmd.sandbox.view = View::Tools { tree, mounts };
                cmd
            }
        }
    }

    /// Lets a program of `tree`, with the network, put files into this root: it sees this root, the
    /// package manager's directory outside it, and repositories that are files.
    pub(crate) fn install_by(
        &self,
        tree: &Path,
        argv: &[String],
        sink: &mut LogSink,
    ) -> Result<Status> {
        let mut mounts = own_mounts();
        let home = self.layout.package_manager_home();
        let named = self.named(&Op::Install(Vec::new()), tree);
        let own = [self.layout.root.clone(), home].map(|path| (path, true));
        let shown = own
            .into_iter()
            .chain(named.into_iter().map(|path| (path, false)));
        mounts.extend(shown.map(|(path, writable)| Mount::Bind {
            target: path.clone(),
            source: path,
            writable,
        }));
        let mut cmd = self.host_cmd(argv, None);
        cmd.sandbox.view = View::Tools {
            tree: tree.to_owned(),
            mounts,
        };
        self.ground.replace(Ground::Changed);
        self.storage.will_change()?;
        // Whoever finds this begins anew: what was cut short must not pass for whole.
        self.inside.write(UNFINISHED, b"", 0o644, User::ROOT)?;
        let status = self.run_logged(&cmd, sink)?;
        self.inside.remove(UNFINISHED)?;
        Ok(status)
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

/// What every program of a bootstrap root has.
fn own_mounts() -> Vec<Mount> {
    let mut mounts = vec![Mount::Proc, Mount::Sys, Mount::Dev];
    mounts.extend(SCRATCH.map(|target| Mount::Tmpfs {
        target: target.into(),
        options: "nosuid,nodev,mode=1777".to_owned(),
    }));
    mounts
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
