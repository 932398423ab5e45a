//! Which package manager a root gets: the configured one, or another that is there.

use std::path::{Path, PathBuf};

use super::Buildroot;
use super::inside::Inside;
use super::tools::Tools;
use crate::config::PackageManagerKind;
use crate::error::Result;
use crate::package_manager::{self, Probe};

/// The programs of this host.
#[derive(Debug)]
struct OfHost;

impl Probe for OfHost {
    fn resolve(&self, path: &Path) -> Option<PathBuf> {
        fs_err::canonicalize(path)
            .ok()
            .filter(|path| path.is_file())
    }
}

/// The programs of a tree.
#[derive(Debug)]
struct OfTree<'t>(&'t Inside);

impl Probe for OfTree<'_> {
    fn resolve(&self, path: &Path) -> Option<PathBuf> {
        self.0.program(path.to_str()?)
    }
}

impl Buildroot<'_> {
    /// Chooses a package manager that is there, and says so when it is not the configured one.
    pub(crate) fn choose_package_manager(&self) -> Result<PackageManagerKind> {
        let config = self.cx.config;
        let packages = &config.packages;
        let wanted = package_manager::of(packages.package_manager).name();
        if config.bootstrap().is_some() {
            tracing::debug!("Package manager {wanted} detected and used (direct choice)");
            return Ok(packages.package_manager);
        }
        let tree = OfTree(&self.inside);
        let probe: &dyn Probe = match self.tools() {
            Tools::Itself => &tree,
            Tools::Host | Tools::Bootstrap { .. } => &OfHost,
        };
        let command = |kind| self.manager_command(kind);
        let chosen = package_manager::choose(packages.package_manager, command, probe)?;
        let name = package_manager::of(chosen).name();
        if name != wanted && config.chroot.is_bootstrap {
            tracing::info!("Using '{name}' instead of '{wanted}' for bootstrap chroot");
        } else if name != wanted && packages.dnf_warning {
            tracing::warn!(
                "Using '{name}' instead of '{wanted}': it may resolve dependencies differently"
            );
        }
        tracing::debug!("Package manager {name} detected and used (fallback)");
        Ok(chosen)
    }
}
