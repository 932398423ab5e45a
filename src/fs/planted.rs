//! Directories that others may write to, such as those of group mock: what is found there may be a link
//! that somebody planted, and what was just made may be something else a moment later.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::fcntl::OFlag;
use nix::sys::stat::{Mode, fchmod};
use nix::unistd::{Gid, Uid, fchown};

use crate::error::{Error, Result};

/// An error when `path` is a symbolic link of somebody who is not in `trusted`.
pub(crate) fn refuse_link(path: &Path, trusted: &[u32]) -> Result<()> {
    let Ok(metadata) = path.symlink_metadata() else {
        return Ok(());
    };
    if !metadata.is_symlink() || trusted.contains(&metadata.uid()) {
        return Ok(());
    }
    Err(Error::Command {
        message: format!(
            "{} is a symbolic link that belongs to user {}, and is not followed",
            path.display(),
            metadata.uid()
        ),
        hint: Some(match trusted {
            [] => "remove it".to_owned(),
            _ => format!(
                "remove it, or make it root's if it is meant: `chown -h 0 {}`",
                path.display()
            ),
        }),
    })
}

/// Makes a directory that is not there, with this mode and owner whatever the umask is.
pub(crate) fn make_directory(
    path: &Path,
    mode: u32,
    uid: Option<u32>,
    gid: Option<u32>,
) -> std::io::Result<()> {
    fs_err::create_dir(path)?;
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let made = nix::fcntl::open(path, flags, Mode::empty())?;
    if uid.is_some() || gid.is_some() {
        fchown(&made, uid.map(Uid::from_raw), gid.map(Gid::from_raw))?;
    }
    Ok(fchmod(&made, Mode::from_bits_truncate(mode))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_of_strangers_are_refused() {
        let scratch = tempfile::tempdir().unwrap();
        let own = scratch.path().metadata().unwrap().uid();
        let (link, directory) = (scratch.path().join("link"), scratch.path().join("d"));
        fs_err::os::unix::fs::symlink("/", &link).unwrap();
        make_directory(&directory, 0o2775, None, None).unwrap();
        assert_eq!(directory.metadata().unwrap().mode() & 0o7777, 0o2775);
        assert!(make_directory(&directory, 0o700, None, None).is_err());
        assert!(make_directory(&link, 0o700, None, None).is_err());
        assert!(refuse_link(&link, &[own]).is_ok());
        assert!(refuse_link(&directory, &[]).is_ok());
        assert!(refuse_link(&scratch.path().join("none"), &[]).is_ok());
        let refused = refuse_link(&link, &[]).map_err(|error| error.to_string());
        let expected = format!(
            "{} is a symbolic link that belongs to user {own}, and is not followed",
            link.display()
        );
        assert_eq!(refused, Err(expected));
    }
}
