//! The original's `.cfg` format. (Stand-in until the evaluator is there.)

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::options::Options;
use crate::error::{Error, Result};

/// What a `.cfg` may see of the host.
#[derive(Debug, Clone, Default)]
pub(crate) struct Host {
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) groups: BTreeMap<String, u32>,
    pub(crate) home: PathBuf,
    pub(crate) cwd: PathBuf,
    pub(crate) hostname: String,
}

pub(crate) fn evaluate(
    path: &Path,
    _config_dir: &Path,
    _host: &Host,
    _options: &mut Options,
    _files_read: &mut Vec<PathBuf>,
    _warnings: &mut Vec<String>,
) -> Result<()> {
    Err(Error::NotYet {
        mode: format!("reading {}", path.display()),
    })
}
