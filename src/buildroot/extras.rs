//! What plugins add to a build root.

use indexmap::IndexMap;

use crate::sandbox::Mount;

#[derive(Debug, Clone, Default)]
pub(crate) struct Extras {
    /// Installed together with the build requirements.
    pub(crate) packages: Vec<String>,
    /// For programs inside the root, after the root's own mounts. Targets are made.
    pub(crate) mounts: Vec<Mount>,
    /// Appended to every command line of the package manager.
    pub(crate) manager_options: Vec<String>,
    /// For programs inside the root.
    pub(crate) environment: IndexMap<String, String>,
}
