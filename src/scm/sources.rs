//! Files that come to the sources of a checkout.

use std::path::Path;

use crate::error::{Error, Result};
use crate::rpm::spec::SpecFacts;

/// Moves a file among the sources, over what has its name.
pub(super) fn put(file: &Path, sources: &Path) -> Result<()> {
    let target = sources.join(file.file_name().unwrap_or_default());
    fs_err::rename(file, &target).map_err(Error::io("make", &target))
}

/// Copies what the spec file names and the sources lack from another directory, if it is there.
pub(super) fn add_missing(facts: &SpecFacts, directory: &Path, sources: &Path) -> Result<()> {
    for name in facts.file_names() {
        let (from, to) = (directory.join(&name), sources.join(&name));
        if to.symlink_metadata().is_ok() || !from.is_file() {
            continue;
        }
        tracing::debug!("{name} is taken from {}", directory.display());
        let modified = fs_err::metadata(&from).and_then(|metadata| metadata.modified());
        fs_err::copy(&from, &to).map_err(Error::io("copy", &from))?;
        if let Ok(modified) = modified {
            let file = fs_err::File::options().write(true).open(&to);
            // A source that cannot be written to keeps the time of its copy.
            let _ = file.and_then(|file| file.file().set_modified(modified));
        }
    }
    Ok(())
}
