//! The resolved configuration of one chroot: typed, expanded, immutable.
//!
//! Files become values with the place each came from ([`layers`], [`toml`], [`cfg`]), the values
//! are expanded ([`template`]) and become the structs below ([`resolve`]); [`load()`] is all of it.
//! Nothing changes a
//! [`Config`] afterwards. Key names and defaults are the original's; `configs/defaults.toml`,
//! embedded in the binary, is the single source of the defaults and of `docs/config.md`.

mod bootstrap;
pub(crate) mod cfg;
pub(crate) mod debug;
mod dnf;
mod hermetic;
mod image;
mod keys;
mod kind;
mod layers;
pub(crate) mod list;
mod load;
mod logging_ini;
mod near;
pub(crate) mod nspawn_args;
pub(crate) mod options;
mod python_methods;
mod reader;
#[cfg(test)]
pub(crate) mod reference;
mod resolve;
mod resolve_packages;
mod shapes;
mod source;
mod subscription;
mod template;
mod toml;
pub(crate) mod value;
mod warnings;

#[cfg(test)]
mod bootstrap_tests;
#[cfg(test)]
mod cfg_load_tests;
#[cfg(test)]
mod hermetic_tests;
#[cfg(test)]
mod load_error_tests;
#[cfg(test)]
mod load_tests;
#[cfg(test)]
mod original_tests;
#[cfg(test)]
mod shipped_tests;
#[cfg(test)]
mod template_tests;
#[cfg(test)]
mod test_site;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indexmap::IndexMap;

pub(crate) use image::Image;
pub(crate) use layers::Search;
pub(crate) use load::{Defaults, Loaded, Request, load};
pub(crate) use nspawn_args::{NspawnArgs, Wish};
pub(crate) use subscription::{ENTITLEMENTS, keys as entitlement_keys};
#[cfg(fuzzing)]
pub(crate) use template::Expander;
pub(crate) use value::Value;

/// Everything a run of mock needs to know about one build root.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// What `-r` named: the configuration's name without directory and extension.
    pub(crate) config_name: String,
    pub(crate) description: Option<String>,
    pub(crate) chroot: Chroot,
    /// `None`: it is a bootstrap root itself.
    bootstrap: Option<Box<Bootstrap>>,
    pub(crate) users: Users,
    /// What the root begins with, in place of nothing.
    pub(crate) buildroot_image: Option<Image>,
    pub(crate) packages: Packages,
    pub(crate) rpmbuild: Rpmbuild,
    pub(crate) isolation: Isolation,
    pub(crate) network: Network,
    pub(crate) logging: Logging,
    pub(crate) scm: Scm,
    /// Plugin name -> its switch and options, in the original's plugin order.
    pub(crate) plugins: IndexMap<String, PluginConfig>,
    /// Real paths of every file that was read, in order: caches older than any of them are stale.
    pub(crate) config_paths: Vec<PathBuf>,
    /// Packages come from one directory, and nothing from the network.
    pub(crate) hermetic_build: bool,
    /// Options that a lockfile records, by the original's names.
    pub(crate) locked: BTreeMap<String, serde_json::Value>,
}

impl Config {
    /// The root that holds the package manager; nothing where the host's fills the build root.
    pub(crate) fn bootstrap(&self) -> Option<&Bootstrap> {
        self.any_bootstrap().filter(|bootstrap| bootstrap.enable)
    }

    /// The same, also where it is not to be used: it may be there from before.
    pub(crate) fn any_bootstrap(&self) -> Option<&Bootstrap> {
        self.bootstrap.as_deref()
    }
}

/// The root that holds the package manager.
#[derive(Debug, Clone)]
pub(crate) struct Bootstrap {
    enable: bool,
    pub(crate) config: Config,
}

/// Before the name of what a bootstrap root is for, when that is not the package manager.
pub(crate) const BESIDE: char = '+';

impl Bootstrap {
    /// Another root like it, for other tools.
    pub(crate) fn beside(&self, purpose: &str) -> Config {
        let mut config = self.config.clone();
        let chroot = &mut config.chroot;
        for name in [&mut chroot.name, &mut chroot.shared_name] {
            name.push(BESIDE);
            name.push_str(purpose);
        }
        chroot.rootdir = chroot.basedir.join(&chroot.name).join("root");
        config
    }
}

impl Config {
    /// For one package of a chain: its results, and the repository of those built before it. A
    /// bootstrap root that is made of this sees that, too.
    pub(crate) fn for_chain(&self, resultdir: &Path, repository: &str) -> Self {
        let mut config = self.clone();
        config.chroot.resultdir = resultdir.to_owned();
        let conf = &mut config.packages.dnf_conf;
        resolve_packages::add_repo(conf, "local_build_repo", repository);
        config
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Chroot {
    /// `root`, with `-<unique-ext>` appended when one was given. Never empty, no `/`.
    pub(crate) name: String,
    /// `root` without the unique extension: what caches are keyed by.
    pub(crate) shared_name: String,
    /// It holds the package manager of another root, and nothing is built in it.
    pub(crate) is_bootstrap: bool,
    pub(crate) target_arch: String,
    /// `None`: no check of the host's architecture is made.
    pub(crate) legal_host_arches: Option<Vec<String>>,
    pub(crate) forcearch: Option<String>,
    /// It was not asked for: this host is none of `legal_host_arches`.
    pub(crate) forced_by_host: bool,
    /// With `forcearch`: the emulator that must be on the host.
    pub(crate) emulator: Option<PathBuf>,
    pub(crate) releasever: Option<String>,
    pub(crate) basedir: PathBuf,
    pub(crate) cache_topdir: PathBuf,
    pub(crate) rootdir: PathBuf,
    pub(crate) resultdir: PathBuf,
    /// The build user's home inside the chroot, absolute.
    pub(crate) chroothome: String,
    pub(crate) extra_chroot_dirs: Vec<String>,
    /// Path inside the chroot -> content.
    pub(crate) files: IndexMap<String, String>,
    pub(crate) backup_on_clean: bool,
    pub(crate) backup_base_dir: PathBuf,
    pub(crate) clean: bool,
    pub(crate) storage: StorageKind,
    /// Layers, snapshots and records of all roots.
    pub(crate) store: PathBuf,
    /// What package transactions lead to is kept and used again.
    pub(crate) layer_cache: bool,
    pub(crate) layer_cache_age: Duration,
    /// Bytes.
    pub(crate) layer_cache_size: u64,
    /// The root cache is written again when the root was there already.
    pub(crate) cache_alterations: bool,
    pub(crate) cleanup_on_success: bool,
    pub(crate) cleanup_on_failure: bool,
    pub(crate) exclude_from_homedir_cleanup: Vec<String>,
}

/// Where a root's file tree is kept, unless a plugin says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StorageKind {
    Auto,
    Layers,
    Btrfs,
    Directory,
}

#[derive(Debug, Clone)]
pub(crate) struct Users {
    /// `None`: chosen from the caller (see `identity`).
    pub(crate) chrootuid: Option<u32>,
    pub(crate) chrootgid: Option<u32>,
    pub(crate) chrootuser: String,
    pub(crate) chrootgroup: String,
    pub(crate) copy_host_users: Vec<String>,
    pub(crate) no_root_shells: bool,
}

/// Package managers by the names configuration uses; `dnf` means [`PackageManagerKind::Dnf4`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PackageManagerKind {
    Dnf4,
    Dnf5,
    Yum,
    Microdnf,
}

impl PackageManagerKind {
    /// microdnf's work is done by dnf 4, from the host.
    pub(crate) fn is_dnf4(self) -> bool {
        matches!(self, Self::Dnf4 | Self::Microdnf)
    }
}

/// Settings each package manager has of its own (`dnf4_command`, `dnf5_common_opts`, ...).
#[derive(Debug, Clone, Default)]
pub(crate) struct PackageManagerSettings {
    pub(crate) command: String,
    /// On the host, to fill a bootstrap root; `command` if it is not given.
    pub(crate) system_command: Option<String>,
    pub(crate) common_opts: Vec<String>,
    pub(crate) builddep_command: Option<String>,
    pub(crate) builddep_opts: Vec<String>,
    pub(crate) disable_plugins: Vec<String>,
    /// The program for what `command` can do only as a program of the root itself; `command` if it
    /// can do everything.
    pub(crate) outside_command: Option<String>,
    /// Subcommand -> options that must not be passed to it.
    pub(crate) avoid_opts: IndexMap<String, Vec<String>>,
}

/// One `--enablerepo`/`--disablerepo`, in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RepoSwitch {
    Enable(String),
    Disable(String),
}

/// Whether `external:` build requirements may be installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum External {
    Off,
    /// Wanted, but there is no bootstrap root whose tools would do it.
    WithoutBootstrap,
    On,
}

#[derive(Debug, Clone)]
pub(crate) struct Packages {
    pub(crate) package_manager: PackageManagerKind,
    pub(crate) dnf4: PackageManagerSettings,
    pub(crate) dnf5: PackageManagerSettings,
    pub(crate) yum: PackageManagerSettings,
    pub(crate) microdnf: PackageManagerSettings,
    pub(crate) max_attempts: u32,
    pub(crate) attempt_delay: Duration,
    /// `chroot_setup_cmd`: subcommand and arguments.
    pub(crate) setup_cmd: Vec<String>,
    pub(crate) chroot_additional_packages: Vec<String>,
    /// `--additional-package`: installed before each build.
    pub(crate) additional_packages: Vec<String>,
    pub(crate) update_before_build: bool,
    /// N-V-R, N-V or N -> packages.
    pub(crate) more_buildreqs: IndexMap<String, Vec<String>>,
    /// The package manager's configuration, expanded (`dnf.conf`), `--addrepo` sections included.
    pub(crate) dnf_conf: String,
    pub(crate) dnf_vars: IndexMap<String, String>,
    pub(crate) module_enable: Vec<String>,
    pub(crate) module_install: Vec<String>,
    /// (action, module specs)
    pub(crate) module_setup_commands: Vec<(String, Vec<String>)>,
    pub(crate) repo_switches: Vec<RepoSwitch>,
    pub(crate) dnf_warning: bool,
    /// `None`: not set.
    pub(crate) nosync: Option<bool>,
    pub(crate) nosync_force: bool,
    /// nofsync holds for the stages of a build, too.
    pub(crate) nofsync_build: bool,
    pub(crate) noverify: bool,
    pub(crate) ssl_ca_bundle_path: Option<String>,
    /// (host path, chroot path), for a package manager that runs in a root.
    pub(crate) ssl_extra_certs: Vec<(String, String)>,
    /// Repositories may need the machine's subscription.
    pub(crate) redhat_subscription: bool,
    pub(crate) external: External,
    /// (host directory, chroot directory)
    pub(crate) ssl_copied_ca_trust_dirs: Vec<(String, String)>,
    /// Contents of `priorities.conf`, `rhnplugin.conf` and, unless it is empty,
    /// `subscription-manager.conf`, for yum.
    pub(crate) yum_files: IndexMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShortCircuit {
    Prep,
    Build,
    Install,
    Binary,
}

#[derive(Debug, Clone)]
pub(crate) struct Rpmbuild {
    pub(crate) command: String,
    pub(crate) rpm_command: String,
    /// `--target`; resolved (falls back to the target architecture).
    pub(crate) arch: String,
    pub(crate) check: bool,
    pub(crate) timeout: Option<Duration>,
    /// Appended verbatim to the shell command line.
    pub(crate) opts: String,
    pub(crate) short_circuit: Option<ShortCircuit>,
    pub(crate) dynamic_buildrequires: bool,
    pub(crate) dynamic_buildrequires_max_loops: u32,
    pub(crate) static_buildrequires_max_loops: u32,
    /// `%name` -> value; `None` is written as the original writes it (`None`).
    pub(crate) macros: IndexMap<String, Option<String>>,
    pub(crate) macrofile: Option<PathBuf>,
    /// Stop before `%build`: what is asked for are the requirements.
    pub(crate) calculatedeps: bool,
    pub(crate) post_install: bool,
    pub(crate) createrepo_on_rpms: bool,
    pub(crate) createrepo_command: String,
    /// Environment of every command inside the chroot.
    pub(crate) environment: IndexMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IsolationKind {
    Auto,
    Simple,
    Nspawn,
}

#[derive(Debug, Clone)]
pub(crate) struct Isolation {
    pub(crate) kind: IsolationKind,
    /// It was chosen by the obsolete `use_nspawn`.
    pub(crate) by_use_nspawn: bool,
    pub(crate) nspawn_args: NspawnArgs,
    /// systemd-nspawn's filter of system calls stays.
    pub(crate) seccomp: bool,
    /// How many loop devices a build gets, where somebody said it.
    pub(crate) loop_devices: Option<u32>,
    pub(crate) hostname: Option<String>,
    pub(crate) internal_dev_setup: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Network {
    pub(crate) rpmbuild_networking: bool,
    pub(crate) use_host_resolv: bool,
    pub(crate) online: bool,
    /// `http_proxy`, `https_proxy`, `ftp_proxy`, `no_proxy`: those that are set.
    pub(crate) proxies: IndexMap<String, String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Logging {
    /// `None`: print when standard error is a terminal and not `-q`.
    pub(crate) print_main_output: Option<bool>,
    pub(crate) stderr_line_prefix: String,
    /// Default time limit of every command that has none of its own.
    pub(crate) opstimeout: Option<Duration>,
    pub(crate) root_format: LogFormat,
    pub(crate) build_format: LogFormat,
    pub(crate) state_format: LogFormat,
}

/// How the lines of a log look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// One that is built in: `detailed`, `simple`, `unadorned`, `state`.
    Named(String),
    /// In the manner of Python's logging, with a format of its times, and the place that says it.
    Text {
        text: String,
        dates: Option<String>,
        of: String,
    },
}

/// Sources out of version control. `SCM_PKG` and `SCM_BRN` are still in the texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Scm {
    pub(crate) enable: bool,
    pub(crate) method: String,
    pub(crate) package: Option<String>,
    pub(crate) branch: Option<String>,
    /// Method -> command line.
    pub(crate) get: IndexMap<String, String>,
    pub(crate) distgit_src_get: String,
    /// The spec file, in the checkout.
    pub(crate) spec: String,
    /// The directory of sources, in the checkout.
    pub(crate) int_src_dir: Option<String>,
    /// A directory of the host with more sources.
    pub(crate) ext_src_dir: Option<PathBuf>,
    pub(crate) write_tar: bool,
    pub(crate) git_timestamps: bool,
    pub(crate) exclude_vcs: bool,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct PluginConfig {
    pub(crate) enable: bool,
    pub(crate) options: IndexMap<String, Value>,
}

/// What the command line sets on top of the files. Built by `cli`, applied by the loader.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Overrides {
    /// `-r`: a name, or a path ending in `.cfg` or `.toml`.
    pub(crate) root: String,
    pub(crate) configdir: Option<PathBuf>,
    /// Plain assignments by the original's key, in command-line order (`resultdir`, `clean`, ...).
    /// `--config-opts` comes first, then the options of their own.
    pub(crate) set: Vec<(String, Value)>,
    /// `--define`, `--with`, `--without`: macro name (with `%`) and value.
    pub(crate) macros: Vec<(String, String)>,
    pub(crate) disable_plugins: Vec<String>,
    pub(crate) enable_plugins: Vec<String>,
    /// (plugin, option, value)
    pub(crate) plugin_options: Vec<(String, String, Value)>,
    pub(crate) repo_switches: Vec<RepoSwitch>,
    /// `--buildroot-image`: a path or a reference.
    pub(crate) buildroot_image: Option<String>,
    /// `--scm-option`
    pub(crate) scm_options: Vec<(String, String)>,
    /// `--addrepo` base URLs.
    pub(crate) addrepos: Vec<String>,
    /// `--hermetic-build`.
    pub(crate) hermetic: Option<Hermetic>,
}

/// What a hermetic build is made from, as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hermetic {
    pub(crate) lockfile: PathBuf,
    /// A directory, perhaps with `file://` before it.
    pub(crate) repo: String,
}
