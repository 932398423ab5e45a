//! What a state depends on, as digests.
//!
//! The *shape* is everything but the packages that decides what a transaction leaves in the root: it
//! is part of a state's key. A *request* is also made of what decides which packages are taken: the
//! repositories, and what was asked for.

use sha2::{Digest, Sha256};

use crate::buildroot::Buildroot;
use crate::buildroot::storage::States;
use crate::config::{Config, PackageManagerKind};
use crate::package_manager::{self, Op};

/// Raised when mock itself fills roots differently.
const FORMAT: u32 = 1;

/// Raised when images are unpacked differently.
const IMAGES: u32 = 1;

/// Settings of the package manager that change neither which packages are taken nor what they
/// leave. Some name the root, which would keep roots from sharing.
const NEUTRAL: [&str; 17] = [
    "user_agent",
    "cachedir",
    "system_cachedir",
    "logdir",
    "logfile",
    "log_size",
    "debuglevel",
    "errorlevel",
    "rpmverbosity",
    "retries",
    "timeout",
    "minrate",
    "ip_resolve",
    "max_parallel_downloads",
    "metadata_expire",
    "keepcache",
    "color",
];

/// Something asked of the package manager on top of a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(super) hash: String,
    pub(super) shape: String,
    /// In words.
    pub(crate) what: String,
    /// Newer metadata may lead to another answer. Otherwise an answer is good for ever.
    pub(crate) may_age: bool,
}

impl Request {
    /// The root with nothing but what configuration puts into each.
    pub(crate) fn base(root: &Buildroot<'_>, manager: PackageManagerKind, ops: &[Op]) -> Self {
        let config = root.cx.config;
        Self {
            // Where nothing was resolved there is nothing to be newer.
            may_age: config.packages.update_before_build && !ops.is_empty(),
            ..Self::new(root, manager, "the base root", &words(ops))
        }
    }

    /// A root with nothing but a package manager.
    pub(crate) fn bootstrap(root: &Buildroot<'_>, manager: PackageManagerKind, ops: &[Op]) -> Self {
        Self::new(root, manager, "the bootstrap root", &words(ops))
    }

    /// What a bootstrap root is made of where no states are kept, beside the host's programs.
    pub(crate) fn made_of(root: &Buildroot<'_>, ops: &[Op], image: Option<&str>) -> String {
        let config = root.cx.config;
        let mut parts = contents(root, config.packages.package_manager);
        parts.push(sources(config));
        parts.push(format!("{:?} {image:?}", words(ops)));
        digest(&parts)
    }

    /// The files of an image, by its digest.
    pub(crate) fn image(root: &Buildroot<'_>, image: &str) -> Self {
        // A bootstrap root says of itself what is in it.
        let of = if root.cx.config.chroot.is_bootstrap {
            " bootstrap"
        } else {
            ""
        };
        let shape = digest(&[format!("image {IMAGES} {:?}{of}", root.cx.identity.ids)]);
        let scope = root
            .storage
            .states()
            .map_or_else(String::new, States::scope);
        Self {
            hash: digest(&[root.ground().identity(), &scope, &shape, image]),
            shape,
            what: format!("image {image}"),
            may_age: false,
        }
    }

    /// What a source package requires, and more packages beside.
    pub(crate) fn requirements(
        root: &Buildroot<'_>,
        manager: PackageManagerKind,
        package: &str,
        requires: &[String],
    ) -> Self {
        let what = format!("build requirements of {package}");
        Self::new(root, manager, &what, requires)
    }

    /// A source package as a file, with whatever else decides what it requires.
    pub(crate) fn source(
        root: &Buildroot<'_>,
        manager: PackageManagerKind,
        package: &str,
        parts: &[String],
    ) -> Self {
        let what = format!("build requirements of the file {package}");
        Self::new(root, manager, &what, parts)
    }

    /// The root, brought up to date.
    pub(crate) fn update(root: &Buildroot<'_>, manager: PackageManagerKind) -> Self {
        Self::new(root, manager, "update", &["update".to_owned()])
    }

    fn new(
        root: &Buildroot<'_>,
        manager: PackageManagerKind,
        what: &str,
        words: &[String],
    ) -> Self {
        let config = root.cx.config;
        let shape = shape(root, manager);
        let parts = [
            root.ground().identity().to_owned(),
            root.storage
                .states()
                .map_or_else(String::new, States::scope),
            shape.clone(),
            what.to_owned(),
            sources(config),
            format!("{words:?}"),
        ];
        Self {
            hash: digest(&parts),
            shape,
            what: what.to_owned(),
            may_age: true,
        }
    }
}

/// The text of operations, for a digest.
pub(crate) fn words(ops: &[Op]) -> Vec<String> {
    ops.iter().map(|op| format!("{op:?}")).collect()
}

/// Where packages may come from.
fn sources(config: &Config) -> String {
    let packages = &config.packages;
    let conf: Vec<&str> = lines(&packages.dnf_conf).collect();
    format!("{conf:?} {:?}", packages.repo_switches)
}

/// What else decides what is in a root.
fn shape(root: &Buildroot<'_>, manager: PackageManagerKind) -> String {
    let mut parts = contents(root, manager);
    parts.push(format!(
        "{:?} {}",
        root.equipment().manager.options,
        root.tools().identity()
    ));
    digest(&parts)
}

/// The same without what fills it: plugins may add to that, and it may be the root itself.
fn contents(root: &Buildroot<'_>, manager: PackageManagerKind) -> Vec<String> {
    let config = root.cx.config;
    let (chroot, packages) = (&config.chroot, &config.packages);
    let mut in_main = true;
    let main: Vec<&str> = lines(&packages.dnf_conf)
        .filter(|line| {
            if line.starts_with('[') {
                in_main = *line == "[main]";
            }
            in_main
        })
        .collect();
    vec![
        format!("{FORMAT} {manager:?} {:?}", root.cx.identity.ids),
        format!("{:?}", package_manager::settings(packages, manager)),
        root.manager_macros(),
        format!(
            "{:?} {:?} {:?}",
            chroot.target_arch, chroot.forcearch, chroot.releasever
        ),
        format!("{main:?} {:?} {:?}", packages.dnf_vars, packages.yum_files),
        format!(
            "{:?} {:?} {:?}",
            chroot.files, chroot.extra_chroot_dirs, chroot.chroothome
        ),
        format!(
            "{:?} {:?} {:?} {:?}",
            root.user,
            config.users.chrootuser,
            config.users.chrootgroup,
            config.users.copy_host_users
        ),
        format!(
            "{:?} {:?} {}",
            packages.ssl_ca_bundle_path, packages.ssl_extra_certs, packages.redhat_subscription
        ),
    ]
}

/// Lines of a configuration that mean something here.
fn lines(conf: &str) -> impl Iterator<Item = &str> {
    conf.lines().map(str::trim).filter(|line| {
        let key = line.split('=').next().unwrap_or_default().trim();
        !line.is_empty() && !line.starts_with(['#', ';']) && !NEUTRAL.contains(&key)
    })
}

/// SHA-256 over parts whose borders count, as many digits as a name needs.
pub(super) fn digest(parts: &[impl AsRef<str>]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        let part = part.as_ref().as_bytes();
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher
        .finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borders_of_parts_count() {
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
        assert_eq!(digest(&["a"]).len(), 16);
    }

    #[test]
    fn what_only_talks_is_left_out() {
        let text = "[main]\n# a comment\nuser_agent=Mock (x; y)\n best = 1\n\ndebuglevel=2\n";
        assert_eq!(lines(text).collect::<Vec<_>>(), ["[main]", "best = 1"]);
    }
}
