//! The built-in plugins: a table of names and constructors; its order is the order of wrapping.

mod bind_mount;
mod buildroot_lock;
mod compress_logs;
mod export_buildroot_image;
mod hw_info;
mod lvm_root;
mod nofsync;
mod noverify;
mod overlayfs;
mod package_cache;
mod package_state;
mod root_cache;
mod selinux;
mod tmpfs;

use crate::config::{Config, PluginConfig};
use crate::error::Result;
use crate::plugin::{Plugin, Plugins};

type Constructor = fn(&PluginConfig) -> Result<Box<dyn Plugin>>;

/// Which roots a plugin is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    Build,
    /// Bootstrap roots, too.
    Every,
}

const REGISTRY: [(&str, For, Constructor); 14] = [
    ("tmpfs", For::Every, tmpfs::new),
    ("root_cache", For::Every, root_cache::new),
    ("overlayfs", For::Every, overlayfs::new),
    ("bind_mount", For::Build, bind_mount::new),
    ("lvm_root", For::Every, lvm_root::new),
    ("selinux", For::Every, selinux::new),
    ("nofsync", For::Every, nofsync::new),
    ("noverify", For::Every, noverify::new),
    ("package_cache", For::Every, package_cache::new),
    ("package_state", For::Build, package_state::new),
    ("hw_info", For::Build, hw_info::new),
    (
        "export_buildroot_image",
        For::Build,
        export_buildroot_image::new,
    ),
    ("compress_logs", For::Build, compress_logs::new),
    ("buildroot_lock", For::Build, buildroot_lock::new),
];

/// The plugins that `config` enables.
pub(crate) fn enabled(config: &Config) -> Result<Plugins> {
    let mut plugins = Vec::new();
    for (name, roots, constructor) in REGISTRY {
        if roots == For::Build && config.chroot.is_bootstrap {
            continue;
        }
        if let Some(settings) = config.plugins.get(name).filter(|settings| settings.enable) {
            plugins.push(constructor(settings)?);
        }
    }
    Ok(Plugins(plugins))
}
