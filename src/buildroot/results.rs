//! The result directory: made and filled as the caller, who owns everything in it.

use std::io::Write;
use std::path::Path;

use super::{Buildroot, Cx};
use crate::error::{Error, Result};
use crate::fs::planted::make_directory;

/// Makes the result directory. Inside the build root's own directory, which the caller need not be
/// able to write, it is made for them; anywhere else they must be able to make it themselves.
pub(crate) fn make_result_directory(cx: Cx<'_>, base: &Path, result: &Path) -> Result<()> {
    let failed = |source| Error::result_dir(result, source);
    if result.starts_with(base)
        && !result.exists()
        && result.parent() == Some(base)
        && cx.identity.root
    {
        let owner = cx.identity.owner();
        let gid = cx.identity.mock_gid().unwrap_or(owner.gid);
        return make_directory(result, 0o755, Some(owner.uid), Some(gid)).map_err(failed);
    }
    cx.identity.as_caller(|| {
        fs_err::create_dir_all(result).map_err(failed)?;
        // A directory that is there may still not be writable: better known now than after the build.
        tempfile::tempfile_in(result).map(drop).map_err(failed)
    })
}

impl Buildroot<'_> {
    /// Writes a file of the result directory, whole or not at all.
    pub(crate) fn write_result(&self, name: &str, content: &[u8]) -> Result<()> {
        let path = self.layout.result.join(name);
        self.cx
            .identity
            .as_caller(|| crate::fs::replace(&path, content))
    }

    /// Copies a file from inside the root to the result directory, with its time. What is there is
    /// read as the caller, and never through a link: a build gains nothing by planting one.
    pub(crate) fn copy_result(&self, inside: &str) -> Result<()> {
        let name = Path::new(inside).file_name().unwrap_or_default();
        let target = self.layout.result.join(name);
        self.cx.identity.as_caller(|| {
            let mut source = self.inside.open_own_file(inside)?;
            let failed = Error::io("write", &target);
            let mut copy = tempfile::NamedTempFile::new_in(&self.layout.result).map_err(failed)?;
            std::io::copy(&mut source, copy.as_file_mut()).map_err(Error::io("write", &target))?;
            copy.as_file_mut()
                .flush()
                .map_err(Error::io("write", &target))?;
            let metadata = source.metadata().map_err(Error::io("read", inside))?;
            if let Ok(modified) = metadata.modified() {
                copy.as_file()
                    .set_modified(modified)
                    .map_err(Error::io("write", &target))?;
            }
            let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o644);
            copy.as_file()
                .set_permissions(permissions)
                .map_err(Error::io("write", &target))?;
            copy.persist(&target)
                .map_err(|error| Error::io("write", &target)(error.error))?;
            Ok(())
        })
    }
}
