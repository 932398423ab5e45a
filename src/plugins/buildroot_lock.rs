//! buildroot_lock: `buildroot_lock.json` says what a build root was made of, for hermetic builds.

use std::cell::OnceCell;

use crate::buildroot::Buildroot;
use crate::buildroot::extras::Equipment;
use crate::config::{PackageManagerKind, PluginConfig};
use crate::error::{Error, Result};
use crate::lockfile::{self, Lockfile, Rpm};
use crate::plugin::Plugin;
use crate::report::Step;

#[derive(Debug, Default)]
struct BuildrootLock {
    manager: OnceCell<PackageManagerKind>,
}

pub(super) fn new(_settings: &PluginConfig) -> Result<Box<dyn Plugin>> {
    Ok(Box::new(BuildrootLock::default()))
}

impl Plugin for BuildrootLock {
    fn name(&self) -> &'static str {
        "buildroot_lock"
    }

    fn equip(
        &self,
        manager: PackageManagerKind,
        _root: &Buildroot<'_>,
        _to: &mut Equipment,
    ) -> Result<()> {
        // It is said once.
        let _ = self.manager.set(manager);
        Ok(())
    }

    fn deps_installed(&self, root: &Buildroot<'_>) -> Result<()> {
        let Some(manager) = self.manager.get() else {
            return Ok(());
        };
        let _step = Step::start(format!(
            "Generating the buildroot lockfile: {}",
            lockfile::NAME
        ));
        let mut packages = lockfile::parse(&root.query(lockfile::QUERY)?).map_err(|record| {
            let message =
                format!("rpm says of an installed package what is not understood: {record}");
            Error::Refused {
                message,
                hint: None,
            }
        })?;
        locate(root, *manager, &mut packages)?;
        let bootstrap = root.tools().image();
        let lockfile = Lockfile::new(packages, root.cx.config.locked.clone(), bootstrap);
        root.write_result(lockfile::NAME, &lockfile.text()?)
    }
}

/// Fills in where each package can be downloaded.
fn locate(root: &Buildroot<'_>, manager: PackageManagerKind, packages: &mut [Rpm]) -> Result<()> {
    let names: Vec<String> = packages.iter().map(Rpm::nvra).collect();
    let locations = root.locations(manager, &names)?;
    let mut lost = Vec::new();
    for (package, name) in packages.iter_mut().zip(names) {
        match locations.of(&name) {
            Some(address) => address.clone_into(&mut package.url),
            None => lost.push(name),
        }
    }
    if lost.is_empty() {
        return Ok(());
    }
    let offline = !root.cx.config.network.online;
    Err(Error::Refused {
        message: format!("Can't get location for {}", lost.join(", ")),
        hint: Some(if offline {
            "without the network nothing is known of repositories: leave out --offline".to_owned()
        } else {
            format!(
                "these packages are installed but in none of the repositories; begin with what those have now: \
                 `mock -r {} --clean`",
                root.cx.named
            )
        }),
    })
}
