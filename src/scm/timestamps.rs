//! Files with the time of the last commit that changed them: the same checkout is the same archive.

use std::collections::HashMap;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use nix::fcntl::AT_FDCWD;
use nix::sys::stat::{UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;

use super::tools::Tools;
use crate::error::{Error, Result};

/// Before the time of a commit: no name that git lists begins with it.
const MARK: u8 = 1;

/// When each file of the history last changed, in seconds since 1970.
pub(super) fn of_commits(tools: &Tools<'_>, checkout: &Path) -> Result<HashMap<PathBuf, i64>> {
    let argv = [
        "git",
        "log",
        "-z",
        "--format=%x01%ct",
        "--name-only",
        "--no-renames",
        // A merge changed what differs from all that it merged.
        "-c",
    ];
    let argv = argv.map(str::to_owned);
    Ok(parse(&tools.run(&argv, checkout)?))
}

/// Newest commits come first.
fn parse(log: &[u8]) -> HashMap<PathBuf, i64> {
    let mut times = HashMap::new();
    let mut time = None;
    for field in log.split(|byte| *byte == 0) {
        // Git puts an end of line between a commit and its names.
        let field = field.strip_prefix(b"\n").unwrap_or(field);
        if field.first() == Some(&MARK) {
            let text = String::from_utf8_lossy(&field[1..]);
            let mut lines = text.splitn(2, '\n');
            time = lines.next().and_then(|line| line.trim().parse().ok());
            continue;
        }
        if let (Some(time), false) = (time, field.is_empty()) {
            let name = std::ffi::OsString::from_vec(field.to_vec());
            // The newest of what is in a directory is the directory's.
            for path in Path::new(&name).ancestors() {
                times.entry(path.to_owned()).or_insert(time);
            }
        }
    }
    times
}

/// Only what is there is touched, and links are not followed.
pub(super) fn apply(checkout: &Path, times: &HashMap<PathBuf, i64>) -> Result<()> {
    let entries = walkdir::WalkDir::new(checkout)
        .into_iter()
        .filter_entry(|entry| entry.file_name().as_bytes() != b".git");
    for entry in entries.flatten() {
        let Ok(name) = entry.path().strip_prefix(checkout) else {
            continue;
        };
        if let Some(&time) = times.get(name) {
            let time = TimeSpec::new(time, 0);
            utimensat(
                AT_FDCWD,
                entry.path(),
                &time,
                &time,
                UtimensatFlags::NoFollowSymlink,
            )
            .map_err(|errno| Error::io("set the time of", entry.path())(errno.into()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_change_counts() {
        let log = b"\x01300\0\nb\0\0\x01200\0\x01100\0\nd/a\nx\0b\0";
        let times = parse(log);
        let get = |name: &str| times.get(Path::new(name)).copied();
        assert_eq!(
            [get("d/a\nx"), get("d"), get("b"), get("")],
            [100, 100, 300, 300].map(Some)
        );
    }
}
