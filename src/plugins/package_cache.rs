//! package_cache: a package is downloaded once, whichever roots need it.
//!
//! All roots share one store beside their caches. A plugin in dnf 4 asks a thread of this process
//! for packages before it downloads any (`client.py`, `server.rs`). dnf and scriptlets see the store
//! read-only, unless it lies in a directory that the package manager may write to anyway, and what
//! comes in is compared with its digest by mock. dnf 5 and yum download into the root as ever.

mod server;
mod store;

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Duration;

use crate::buildroot::Buildroot;
use crate::buildroot::extras::Equipment;
use crate::buildroot::storage::unsettled::Unsettled;
use crate::buildroot::trash::scratch_prefix;
use crate::config::{PackageManagerKind, PluginConfig, Value};
use crate::error::{Error, Result};
use crate::fs::remove_tree;
use crate::package_manager::python_plugins::PythonPlugin;
use crate::plugin::Plugin;

use server::Server;
use store::Store;

const CLIENT: PythonPlugin = PythonPlugin {
    file: "mock_packages.py",
    text: include_str!("package_cache/client.py"),
};

/// Names the directory of the run to the plugin.
const VARIABLE: &str = "MOCK_PACKAGES";

#[derive(Debug)]
struct PackageCache {
    age: Duration,
    run: RefCell<Option<Run>>,
}

/// While dnf may be started.
#[derive(Debug)]
struct Run {
    directory: PathBuf,
    store: Store,
    server: Option<Server>,
}

pub(super) fn new(settings: &PluginConfig) -> Result<Box<dyn Plugin>> {
    let days = match settings.options.get("max_age_days") {
        Some(Value::Int(days)) => u64::try_from(*days).ok(),
        Some(Value::None) | None => Some(30),
        Some(_) => None,
    };
    let days = days.ok_or_else(|| Error::Config {
        place: String::new(),
        message: "plugin package_cache: max_age_days must be a number of days".to_owned(),
        excerpt: None,
        hint: Some("--plugin-option=package_cache:max_age_days=30".to_owned()),
    })?;
    Ok(Box::new(PackageCache {
        age: Duration::from_secs(days.saturating_mul(24 * 60 * 60)),
        run: RefCell::new(None),
    }))
}

impl Plugin for PackageCache {
    fn name(&self) -> &'static str {
        "package_cache"
    }

    fn equip(
        &self,
        manager: PackageManagerKind,
        root: &Buildroot<'_>,
        to: &mut Equipment,
    ) -> Result<()> {
        if !manager.is_dnf4() {
            return Ok(());
        }
        let run = match Run::start(root, self.age) {
            Ok(run) => run,
            // A full disk, or another user's cache: packages can still be had.
            Err(error) => {
                tracing::warn!("packages are not shared: {error}");
                return Ok(());
            }
        };
        let directory = run.directory.display().to_string();
        to.manager
            .program
            .environment
            .insert(VARIABLE.to_owned(), directory);
        to.manager.dnf_plugins.push(CLIENT);
        self.run.replace(Some(run));
        Ok(())
    }
}

impl Run {
    fn start(root: &Buildroot<'_>, age: Duration) -> Result<Self> {
        let store = Store {
            path: root.layout.packages.clone(),
        };
        store.tidy(age)?;
        let home = root.layout.package_manager_home();
        fs_err::create_dir_all(&home).map_err(Error::io("make", &home))?;
        // What a killed mock leaves of it is trash.
        let directory = tempfile::Builder::new()
            .prefix(&scratch_prefix())
            .tempdir_in(&home)
            .map_err(Error::io("make a directory in", &home))?
            .keep();
        let server = Server::start(&directory, store.clone())?;
        Ok(Self {
            directory,
            store,
            server: Some(server),
        })
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // It may still be copying.
        drop(self.server.take());
        let removed = remove_tree(&self.directory);
        let settled = Unsettled::beside(&self.store.path).settle_later();
        if let Err(error) = removed.and(settled) {
            tracing::debug!("package cache: {error}");
        }
    }
}
