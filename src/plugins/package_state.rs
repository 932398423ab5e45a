//! package_state: `installed_pkgs.log` lists what a build was made with.

use crate::buildroot::Buildroot;
use crate::config::{PluginConfig, Value};
use crate::error::Result;
use crate::plugin::Plugin;

#[derive(Debug)]
struct PackageState {
    installed: bool,
}

pub(super) fn new(settings: &PluginConfig) -> Result<Box<dyn Plugin>> {
    let installed = settings.options.get("installed_pkgs") != Some(&Value::Bool(false));
    Ok(Box::new(PackageState { installed }))
}

impl Plugin for PackageState {
    fn name(&self) -> &'static str {
        "package_state"
    }

    fn deps_installed(&self, root: &Buildroot<'_>) -> Result<()> {
        if !self.installed {
            return Ok(());
        }
        let installed = root.installed()?;
        let lines = installed.details.iter();
        let text: String = lines.map(|line| format!("{line} installed\n")).collect();
        root.write_result("installed_pkgs.log", text.as_bytes())
    }
}
