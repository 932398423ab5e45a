//! Which package manager to use, when the configured one is not on this host.

use std::path::{Path, PathBuf};

use crate::config::PackageManagerKind;
use crate::error::{Error, Result};

/// Looks at programs of the host.
pub(crate) trait Probe {
    /// The regular file `path` leads to through links, if there is one.
    fn resolve(&self, path: &Path) -> Option<PathBuf>;
}

/// The candidates for a configured package manager, best first.
fn candidates(desired: PackageManagerKind) -> &'static [PackageManagerKind] {
    use PackageManagerKind::{Dnf4, Dnf5, Microdnf, Yum};
    match desired {
        Dnf4 => &[Dnf4, Dnf5, Yum],
        Dnf5 => &[Dnf5, Dnf4, Yum],
        Yum => &[Yum, Dnf4, Dnf5],
        Microdnf => &[Microdnf, Dnf4, Dnf5, Yum],
    }
}

/// The part of a program's name that shows what it is: `/usr/bin/yum` may lead to `dnf-3`, which
/// is no yum.
fn mark(kind: PackageManagerKind) -> &'static str {
    match kind {
        PackageManagerKind::Dnf4 => "dnf",
        PackageManagerKind::Dnf5 => "dnf5",
        PackageManagerKind::Yum => "yum",
        PackageManagerKind::Microdnf => "microdnf",
    }
}

/// The first candidate whose program is there. `command` names each one's program.
pub(crate) fn choose(
    desired: PackageManagerKind,
    command: impl Fn(PackageManagerKind) -> String,
    probe: &dyn Probe,
) -> Result<PackageManagerKind> {
    let found = candidates(desired).iter().copied().find(|kind| {
        probe
            .resolve(Path::new(&command(*kind)))
            .and_then(|path| Some(path.file_name()?.to_str()?.contains(mark(*kind))))
            == Some(true)
    });
    found.ok_or_else(|| {
        let command = command(desired);
        Error::BuildSetup {
            message: format!("no package manager found: {command} is not available, nor is another one"),
            hint: Some(
                "install one: `dnf install dnf dnf-plugins-core` (Fedora, EL), `apt-get install dnf \
                 dnf-plugins-core` (Debian, Ubuntu)"
                    .to_owned(),
            ),
        }
    })
}
