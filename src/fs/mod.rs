//! File work that std does not do safely enough: removing trees next to mounts, replacing files whole.

pub(crate) mod planted;
pub(crate) mod remove;

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
pub(crate) use remove::remove_tree;

/// An error when something is mounted at `path` or below.
pub(crate) fn refuse_mounts(path: &Path) -> Result<()> {
    if let Some(mount) = mounted_below(path)? {
        return Err(Error::Command {
            message: format!(
                "cannot remove {}: {} is a mount point",
                path.display(),
                mount.display()
            ),
            hint: Some(format!("unmount it: `umount -R {}`", mount.display())),
        });
    }
    Ok(())
}

/// Device and inode: what tells a file, whatever path leads to it.
pub(crate) type FileId = (u64, u64);

pub(crate) fn file_id(path: &Path) -> Option<FileId> {
    let metadata = fs_err::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

fn mounted_below(path: &Path) -> Result<Option<PathBuf>> {
    let path = fs_err::canonicalize(path).map_err(Error::io("resolve", path))?;
    Ok(mount_table()?
        .into_iter()
        .map(|mount| mount.point)
        .find(|point| point.starts_with(&path)))
}

/// One line of `/proc/PID/mountinfo` (proc(5)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MountEntry {
    pub(crate) point: PathBuf,
    /// The directory of the file system that is shown at `point`.
    pub(crate) part: PathBuf,
    pub(crate) kind: String,
    pub(crate) source: String,
}

/// The mounts that this process sees, in the order they were made.
pub(crate) fn mount_table() -> Result<Vec<MountEntry>> {
    let info = fs_err::read_to_string("/proc/self/mountinfo")
        .map_err(Error::io("read", "/proc/self/mountinfo"))?;
    Ok(parse_mount_table(&info))
}

/// The entries of a `/proc/PID/mountinfo` text, with octal escapes undone.
pub(crate) fn parse_mount_table(mountinfo: &str) -> Vec<MountEntry> {
    let entry = |line: &str| {
        let (place, origin) = line.split_once(" - ")?;
        let mut place = place.split(' ').skip(3);
        let mut origin = origin.split(' ');
        Some(MountEntry {
            part: unescape(place.next()?),
            point: unescape(place.next()?),
            kind: origin.next()?.to_owned(),
            source: unescape(origin.next()?).to_string_lossy().into_owned(),
        })
    };
    mountinfo.lines().filter_map(entry).collect()
}

fn unescape(field: &str) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.as_bytes();
    while let [first, tail @ ..] = rest {
        let octal = tail
            .get(..3)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        match (*first == b'\\')
            .then_some(octal)
            .flatten()
            .and_then(|d| u8::from_str_radix(d, 8).ok())
        {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[3..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    PathBuf::from(OsStr::from_bytes(&bytes))
}

/// Replaces `path` with `content` at once: a reader sees the old file or the new one, never half.
pub(crate) fn replace(path: &Path, content: &[u8]) -> Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory).map_err(Error::io("write", path))?;
    file.write_all(content).map_err(Error::io("write", path))?;
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fs_err::set_permissions(file.path(), permissions).map_err(Error::io("write", path))?;
    file.persist(path)
        .map_err(|error| Error::io("write", path)(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mount_tables_are_unescaped() {
        let info = "29 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n\
                    36 29 0:33 /sub /mnt/with\\040space rw shared:1 - tmpfs some\\040source rw\n";
        let entry = |point: &str, part: &str, kind: &str, source: &str| MountEntry {
            point: point.into(),
            part: part.into(),
            kind: kind.to_owned(),
            source: source.to_owned(),
        };
        assert_eq!(
            parse_mount_table(info),
            [
                entry("/", "/", "ext4", "/dev/vda"),
                entry("/mnt/with space", "/sub", "tmpfs", "some source"),
            ]
        );
    }
}
