//! The built-in plugins: a table of names and constructors; its order is the order of wrapping.

mod bind_mount;
mod compress_logs;
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

const REGISTRY: [(&str, Constructor); 12] = [
    ("tmpfs", tmpfs::new),
    ("root_cache", root_cache::new),
    ("overlayfs", overlayfs::new),
    ("bind_mount", bind_mount::new),
    ("lvm_root", lvm_root::new),
    ("selinux", selinux::new),
    ("nofsync", nofsync::new),
    ("noverify", noverify::new),
    ("package_cache", package_cache::new),
    ("package_state", package_state::new),
    ("hw_info", hw_info::new),
    ("compress_logs", compress_logs::new),
];

/// The plugins that `config` enables.
pub(crate) fn enabled(config: &Config) -> Result<Plugins> {
    let mut plugins = Vec::new();
    for (name, constructor) in REGISTRY {
        if let Some(settings) = config.plugins.get(name).filter(|settings| settings.enable) {
            plugins.push(constructor(settings)?);
        }
    }
    Ok(Plugins(plugins))
}
