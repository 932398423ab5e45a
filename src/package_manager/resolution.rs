//! What a request came to in dnf 4, told by a plugin of ours in it (`resolution.py`).
//!
//! The plugin writes what dnf resolved before anything is downloaded, and ends dnf there when a
//! line of the file `known` says that this result is at hand already.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::python_plugins::PythonPlugin;
use super::repos::RepoState;
use crate::error::{Error, Result};

pub(crate) const PLUGIN: PythonPlugin = PythonPlugin {
    file: "mock_resolution.py",
    text: include_str!("resolution.py"),
};
const RESULT: &str = "resolution.json";
const KNOWN: &str = "known";
const STOPPED: &str = "stopped";
/// Of `resolution.json`; the plugin writes the same number.
const FORMAT: u32 = 1;
/// Names the directory to the plugin.
pub(crate) const VARIABLE: &str = "MOCK_RESOLUTION";

/// One package of a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ResolvedPackage {
    /// `install`, `upgrade`, `upgraded`, `remove`, ...: dnf's words, in lower case.
    pub(crate) action: String,
    /// `NAME-EPOCH:VERSION-RELEASE.ARCH`
    pub(crate) nevra: String,
    /// `sha256:...`; none for a package that is installed and goes.
    pub(crate) checksum: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Resolution {
    format: u32,
    /// Sorted; empty when there was nothing to do.
    pub(crate) packages: Vec<ResolvedPackage>,
    /// Of `packages`: the same for the same packages, whatever was asked for.
    pub(crate) digest: String,
    /// The enabled ones, those that dnf skipped among them, by name.
    pub(crate) repos: Vec<RepoState>,
    /// dnf ended before it downloaded or changed a package, since the digest was known.
    #[serde(skip)]
    pub(crate) stopped: bool,
}

impl Resolution {
    /// What the plugin left in `dir`: none when it did not run, failed, or wrote what cannot be
    /// understood. The caller is no worse off than without a plugin.
    pub(crate) fn read(dir: &Path) -> Result<Option<Self>> {
        let path = dir.join(RESULT);
        let text = match fs_err::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("read", &path)(error)),
        };
        let mut found = Self::parse(&text);
        if let Some(resolution) = &mut found {
            resolution.stopped = dir.join(STOPPED).exists();
        }
        Ok(found)
    }

    fn parse(text: &[u8]) -> Option<Self> {
        match serde_json::from_slice::<Self>(text) {
            Ok(resolution) if resolution.format == FORMAT => Some(resolution),
            Ok(other) => {
                tracing::debug!("{RESULT} has format {}, not {FORMAT}", other.format);
                None
            }
            Err(error) => {
                tracing::debug!("{RESULT} cannot be understood: {error}");
                None
            }
        }
    }
}

/// Makes `dir` ready for one run: what an earlier one left goes, `known` is what dnf may stop at.
pub(crate) fn prepare(dir: &Path, known: &[&str]) -> Result<()> {
    fs_err::create_dir_all(dir).map_err(Error::io("make", dir))?;
    for name in [RESULT, STOPPED] {
        crate::fs::remove_tree(&dir.join(name))?;
    }
    let lines: String = known.iter().map(|digest| format!("{digest}\n")).collect();
    crate::fs::replace(&dir.join(KNOWN), lines.as_bytes())
}

#[cfg(test)]
#[path = "resolution_tests.rs"]
mod tests;
