//! Copying between the host and a root: read as the caller, written inside the root.

use std::path::{Path, PathBuf};

use fs_err::os::unix::fs::OpenOptionsExt;
use nix::libc;

use super::Buildroot;
use crate::error::{Error, Result};
use crate::sandbox::User;

/// A file outside the root for as long as this lives.
#[derive(Debug)]
pub(crate) struct Staged {
    path: PathBuf,
    _directory: tempfile::TempDir,
}

impl Staged {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Neither waits for a pipe nor reads a device without end.
fn open_regular(path: &Path) -> std::io::Result<fs_err::File> {
    let file = fs_err::OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(std::io::Error::other("it is no regular file")),
    }
}

impl Buildroot<'_> {
    /// Copies a host file in, for the build user, mode 0644.
    pub(crate) fn copy_in_file(&self, source: &Path, inside: &str) -> Result<()> {
        self.copy_in_as(source, inside, 0o644, self.user)
    }

    /// Copies a host file in with its mode, for root.
    pub(crate) fn copy_in_whole_file(&self, source: &Path, inside: &str) -> Result<()> {
        let metadata = self
            .cx
            .identity
            .as_caller(|| fs_err::metadata(source).map_err(Error::io("read", source)))?;
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
        self.copy_in_as(source, inside, mode, User::ROOT)
    }

    fn copy_in_as(&self, source: &Path, inside: &str, mode: u32, owner: User) -> Result<()> {
        let mut from = self
            .cx
            .identity
            .as_caller(|| open_regular(source).map_err(Error::io("open", source)))?;
        let modified = from.metadata().and_then(|metadata| metadata.modified());
        let mut to = self.inside.create(inside, mode, owner)?;
        std::io::copy(&mut from, &mut to).map_err(Error::io("write", inside))?;
        if let Ok(modified) = modified {
            to.file()
                .set_modified(modified)
                .map_err(Error::io("write", inside))?;
        }
        Ok(())
    }

    /// A copy of a file of the build user's, where the package manager can open it by name: in the
    /// build user's own directories a name may lead anywhere. Gone when dropped.
    pub(crate) fn stage(&self, inside: &str) -> Result<Staged> {
        let directory = self.layout.package_manager_home();
        let directory =
            tempfile::tempdir_in(&directory).map_err(Error::io("write to", &directory))?;
        let path = directory
            .path()
            .join(Path::new(inside).file_name().unwrap_or_default());
        let mut from = self.inside.open_own_file(inside)?;
        let mut to = fs_err::File::create(&path).map_err(Error::io("write", &path))?;
        std::io::copy(&mut from, &mut to).map_err(Error::io("write", &path))?;
        Ok(Staged {
            path,
            _directory: directory,
        })
    }

    /// Copies a host directory to `inside`, which must not exist. Links are copied as links unless
    /// they are to be followed.
    pub(crate) fn copy_in_tree(
        &self,
        source: &Path,
        inside: &str,
        owner: User,
        follow: bool,
    ) -> Result<()> {
        let identity = self.cx.identity;
        let mut entries = walkdir::WalkDir::new(source)
            .follow_links(follow)
            .sort_by_file_name()
            .into_iter();
        // Only what the caller may list is listed.
        while let Some(entry) = identity.as_caller(|| Ok(entries.next()))? {
            let entry = entry.map_err(|error| {
                let path = error.path().unwrap_or(source).to_owned();
                Error::io("read", path)(error.into())
            })?;
            self.cx.runner.interrupted()?;
            let relative = entry.path().strip_prefix(source).unwrap_or(entry.path());
            let target = if relative.as_os_str().is_empty() {
                inside.to_owned()
            } else {
                format!("{inside}/{}", relative.to_string_lossy())
            };
            let kind = entry.file_type();
            if kind.is_dir() {
                self.inside.create_dir_all(&target, owner)?;
            } else if kind.is_symlink() {
                let read = || fs_err::read_link(entry.path());
                let link =
                    identity.as_caller(|| read().map_err(Error::io("read", entry.path())))?;
                self.inside.symlink(&link.to_string_lossy(), &target)?;
                self.inside.chown(&target, owner, false)?;
            } else if kind.is_file() {
                let metadata = identity.as_caller(|| Ok(entry.metadata()))?;
                let mode = metadata.map_or(0o644, |metadata| {
                    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777
                });
                self.copy_in_as(entry.path(), &target, mode, owner)?;
            }
        }
        Ok(())
    }
}
