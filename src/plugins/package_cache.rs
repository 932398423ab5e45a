//! package_cache: a package is downloaded once, whichever roots need it.
//!
//! All roots share one store beside their caches. A plugin in dnf 4 asks a thread of this process
//! for packages before it downloads any (`client.py`, `server.rs`). The store is out of dnf's and
//! every scriptlet's reach: they see it read-only, and what comes in is compared with its digest by
//! mock. dnf 5 and yum download into the root as ever.

mod server;
mod store;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::buildroot::Buildroot;
use crate::buildroot::extras::Equipment;
use crate::buildroot::storage::is_due;
use crate::buildroot::storage::unsettled::Unsettled;
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

/// Of the directories of runs, in the package manager's home; the process follows.
const RUN: &str = "packages-";

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
        if !matches!(
            manager,
            PackageManagerKind::Dnf4 | PackageManagerKind::Microdnf
        ) {
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
        let path = root.layout.packages.clone();
        let store = Store { path };
        // It is made when there is something to put into it.
        if store.path.is_dir() {
            store.drop_lost()?;
            if is_due(&store.path)? {
                store.expire(age)?;
            }
        }
        let home = root.layout.package_manager_home();
        sweep(&home)?;
        let directory = home.join(format!("{RUN}{}", std::process::id()));
        remove_tree(&directory)?;
        fs_err::create_dir_all(&directory).map_err(Error::io("make", &directory))?;
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
        let unsettled = Unsettled::beside(&self.store.path);
        let settled = match unsettled.is_empty() {
            Ok(true) => Ok(()),
            Ok(false) => unsettled.settle_later(),
            Err(error) => Err(error),
        };
        if let Err(error) = removed.and(settled) {
            tracing::debug!("package cache: {error}");
        }
    }
}

/// Removes what killed mocks left.
fn sweep(home: &Path) -> Result<()> {
    for entry in fs_err::read_dir(home).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name
            .to_str()
            .and_then(|name| name.strip_prefix(RUN)?.parse::<u32>().ok());
        if owner.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            remove_tree(&entry.path())?;
        }
    }
    Ok(())
}
