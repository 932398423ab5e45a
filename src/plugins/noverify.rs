//! noverify: the package manager does not check again what was checked.
//!
//! dnf 4 tests a transaction, carries it out, which begins with the same tests, and goes through
//! it once more; and rpm computes digests of packages that dnf has just compared with the
//! repository's checksums. A plugin in dnf leaves the repetitions out (`noverify.py`). dnf 5 has
//! none of them. Signatures are another matter: `gpgcheck` says whether they are looked at.

use crate::buildroot::Buildroot;
use crate::buildroot::extras::Equipment;
use crate::config::{PackageManagerKind, PluginConfig};
use crate::error::Result;
use crate::package_manager::python_plugins::PythonPlugin;
use crate::plugin::Plugin;

const DNF: PythonPlugin = PythonPlugin {
    file: "mock_noverify.py",
    text: include_str!("noverify.py"),
};

const YUM: PythonPlugin = PythonPlugin {
    file: "mock_noverify.py",
    text: include_str!("noverify_yum.py"),
};

/// Without it the plugin does nothing.
const VARIABLE: &str = "MOCK_NOVERIFY";

#[derive(Debug)]
struct Noverify;

pub(super) fn new(_settings: &PluginConfig) -> Result<Box<dyn Plugin>> {
    Ok(Box::new(Noverify))
}

impl Plugin for Noverify {
    fn name(&self) -> &'static str {
        "noverify"
    }

    fn equip(
        &self,
        manager: PackageManagerKind,
        root: &Buildroot<'_>,
        to: &mut Equipment,
    ) -> Result<()> {
        if !root.cx.config.packages.noverify {
            return Ok(());
        }
        match manager {
            PackageManagerKind::Dnf4 | PackageManagerKind::Microdnf => {
                to.manager.dnf_plugins.push(DNF);
            }
            PackageManagerKind::Yum => to.manager.yum_plugins.push(YUM),
            PackageManagerKind::Dnf5 => {
                tracing::debug!("noverify: nothing to do, dnf5 verifies nothing twice");
                return Ok(());
            }
        }
        let variable = (VARIABLE.to_owned(), "1".to_owned());
        to.manager.program.environment.extend([variable]);
        Ok(())
    }
}
