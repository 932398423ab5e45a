//! What the cache may keep, looked at once a day.

use std::path::Path;
use std::time::Duration;

use crate::buildroot::cache::records::Records;
use crate::error::Result;

/// How long and how much the cache may keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Budget {
    /// Cached states that nothing used for this long go.
    pub(super) age: Duration,
    /// The least recently used go until the rest is no larger than this, in bytes.
    pub(super) size: u64,
}

/// Forgets what nothing used for `age`, and has the states that only that kept removed by `collect`.
/// None when it is not a day since the last time, which a file in `noted` says; else the records of
/// `store`, for whoever has more to do then.
pub(super) fn apply_age(
    age: Duration,
    store: &Path,
    noted: &Path,
    collect: impl FnOnce() -> Result<()>,
) -> Result<Option<Records>> {
    if !is_due(noted)? {
        return Ok(None);
    }
    let records = Records::at(store);
    records.forget_older_than(age)?;
    collect()?;
    Ok(Some(records))
}

/// Whether it is a day since this was asked with the answer yes: for what is done from time to time.
pub(crate) fn is_due(directory: &Path) -> Result<bool> {
    const DUE: Duration = Duration::from_secs(24 * 60 * 60);
    let mark = directory.join("collected");
    let fresh = fs_err::metadata(&mark)
        .and_then(|metadata| metadata.modified())
        .is_ok_and(|then| then.elapsed().is_ok_and(|age| age < DUE));
    if !fresh {
        crate::fs::replace(&mark, b"")?;
    }
    Ok(!fresh)
}
