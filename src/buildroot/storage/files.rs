//! The small files that backends keep beside their trees, and the directories they are in.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::buildroot::layout::lock_of;
use crate::buildroot::lock::{Lock, Mode};
use crate::error::{Error, Result};

/// The form of the files; another number belongs to another version of mock.
pub(super) const FORMAT: u32 = 1;

/// A name for a tree that is known by no content. Short: the classic mount call has one page for the
/// names of all layers.
pub(super) fn fresh_id() -> String {
    use std::hash::{BuildHasher, RandomState};
    format!("{:016x}", RandomState::new().hash_one(std::process::id()))
}

/// A directory of the store and those above it. Only the owner gets in: a layer holds setuid
/// programs, in a user's store of the user's own id.
pub(super) fn make_private(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if path.is_dir() {
        return Ok(());
    }
    fs_err::create_dir_all(path).map_err(Error::io("make", path))?;
    fs_err::set_permissions(path, PermissionsExt::from_mode(0o700))
        .map_err(Error::io("set the mode of", path))
}

/// A file's content; none when it is not there, cannot be understood, or is of another version.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let parsed = parse(path)?;
    if matches!(parsed, Some(None)) {
        tracing::warn!("{} cannot be understood and is ignored", path.display());
    }
    Ok(parsed.flatten())
}

/// The same for whoever removes what no file refers to: one that cannot be understood may refer to
/// anything.
pub(super) fn read_surely<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    match parse(path)? {
        Some(None) => Err(Error::Storage {
            message: format!("{} cannot be understood", path.display()),
            hint: Some(
                "another version of mock may have written it; nothing is removed from the store until it is gone"
                    .to_owned(),
            ),
            code: 20,
        }),
        other => Ok(other.flatten()),
    }
}

/// What is in a file, if there is one; and none of it when it cannot be understood.
fn parse<T: DeserializeOwned>(path: &Path) -> Result<Option<Option<T>>> {
    match fs_err::read(path) {
        Ok(content) => Ok(Some(
            serde_json::from_slice::<serde_json::Value>(&content)
                .ok()
                .filter(|value| value.get("format") == Some(&FORMAT.into()))
                .and_then(|value| serde_json::from_value(value).ok()),
        )),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", path)(error)),
    }
}

pub(super) fn write<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    let text = serde_json::to_vec(value)
        .map_err(|error| Error::io("write", path)(std::io::Error::other(error)))?;
    crate::fs::replace(path, &text)
}

/// Names in a directory of the store; none when it is not there.
pub(super) fn names(path: &Path) -> Result<Vec<String>> {
    let entries = match fs_err::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("list", path)(error)),
    };
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    Ok(names)
}

/// The locks of the roots `names` but for `own`, as far as they have directories below `basedir`:
/// nobody uses them while these live.
pub(super) fn lock_others(basedir: &Path, names: &[String], own: &str) -> Result<Vec<Lock>> {
    names
        .iter()
        .filter(|name| *name != own)
        .map(|name| lock_of(&basedir.join(name)))
        .filter(|path| path.exists())
        .map(|path| Lock::take(&path, Mode::Exclusive))
        .collect()
}
