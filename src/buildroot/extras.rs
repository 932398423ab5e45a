//! What plugins, and some options, add to a build root.

use std::path::PathBuf;

use indexmap::IndexMap;

use crate::package_manager::python_plugins::PythonPlugin;
use crate::run::Cmd;
use crate::sandbox::{Mount, Rights, SyncCalls};

#[derive(Debug, Clone, Default)]
pub(crate) struct Extras {
    /// Installed together with the build requirements.
    pub(crate) packages: Vec<String>,
    /// For programs inside the root, after the root's own mounts. Targets are made.
    pub(crate) mounts: Vec<Mount>,
    /// For programs inside the root.
    pub(crate) environment: IndexMap<String, String>,
    /// Of programs inside the root.
    pub(crate) rights: Rights,
    /// The host name inside, unless the configuration has another.
    pub(crate) hostname: Option<String>,
    /// Programs inside have no network, whatever the configuration says.
    pub(crate) no_network: bool,
}

/// What plugins give to the programs that mock runs on a root, beside what the root itself gives.
#[derive(Debug, Clone, Default)]
pub(crate) struct Equipment {
    pub(crate) manager: ManagerExtras,
    /// For rpmbuild, when it runs the stages of a build.
    pub(crate) build: ProgramExtras,
}

/// For runs of the package manager, which works from the host with the root below it.
#[derive(Debug, Clone, Default)]
pub(crate) struct ManagerExtras {
    /// Appended to every command line.
    pub(crate) options: Vec<String>,
    /// For dnf 4, beside those it has.
    pub(crate) dnf_plugins: Vec<PythonPlugin>,
    /// For yum, likewise.
    pub(crate) yum_plugins: Vec<PythonPlugin>,
    pub(crate) program: ProgramExtras,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ProgramExtras {
    pub(crate) environment: IndexMap<String, String>,
    pub(crate) sync_calls: SyncCalls,
    /// As in [`crate::sandbox::Sandbox`].
    pub(crate) preload: Option<PathBuf>,
}

impl ProgramExtras {
    /// What several plugins give.
    pub(crate) fn merge(&mut self, other: Self) {
        self.environment.extend(other.environment);
        if other.sync_calls != SyncCalls::default() {
            self.sync_calls = other.sync_calls;
        }
        self.preload = other.preload.or_else(|| self.preload.take());
    }

    pub(crate) fn equip(&self, cmd: &mut Cmd) {
        let own = self.environment.iter();
        cmd.env
            .extend(own.map(|(name, value)| (name.clone(), value.clone())));
        cmd.sandbox.preload.clone_from(&self.preload);
        cmd.sandbox.sync_calls = self.sync_calls;
    }
}
