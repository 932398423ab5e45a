//! The way out of a root: finding files by patterns, and copying them to the host.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use glob::Pattern;

use super::Inside;
use crate::error::{Error, Result};

impl Inside {
    /// Paths that match a shell pattern; `*`, `?` and `[...]` do not match a slash.
    pub(crate) fn glob(&self, pattern: &str) -> Result<Vec<String>> {
        let mut found = vec![String::new()];
        for part in pattern
            .split('/')
            .filter(|part| !part.is_empty() && *part != ".")
        {
            let mut next = Vec::new();
            for directory in found {
                if part.contains(['*', '?', '[']) {
                    let matcher = Pattern::new(part)
                        .map_err(|e| Error::command(format!("{pattern}: {e}")))?;
                    let hidden = part.starts_with('.');
                    let names = self.list(&directory)?;
                    let names = names
                        .iter()
                        .filter(|name| matcher.matches(name) && (hidden || !name.starts_with('.')));
                    next.extend(names.map(|name| format!("{directory}/{name}")));
                } else if self.exists(&format!("{directory}/{part}")) {
                    next.push(format!("{directory}/{part}"));
                }
            }
            found = next;
        }
        Ok(found)
    }

    /// Copies a file's content into one that the caller named, which may be a device, a pipe or a link.
    pub(crate) fn pour_out(&self, path: &str, target: &Path) -> Result<()> {
        let mut from = self.open_own_file(path)?;
        let mut to = fs_err::File::create(target).map_err(Error::io("write", target))?;
        std::io::copy(&mut from, &mut to)
            .map(drop)
            .map_err(Error::io("write", target))
    }

    /// Copies a file, link or tree to a host path. A directory must not exist there yet, and a file is
    /// replaced: the name may be the root's choice, and a link there lead to anything.
    pub(crate) fn copy_out(&self, path: &str, target: &Path) -> Result<()> {
        let (_pin, pinned) = self.pinned(path)?;
        let kind = fs_err::symlink_metadata(&pinned)
            .map_err(Error::io("read", path))?
            .file_type();
        if kind.is_symlink() {
            let link = fs_err::read_link(&pinned).map_err(Error::io("read", path))?;
            fs_err::os::unix::fs::symlink(link, target).map_err(Error::io("write", target))
        } else if kind.is_dir() {
            fs_err::create_dir(target).map_err(Error::io("make", target))?;
            for name in self.list(path)? {
                self.copy_out(&format!("{path}/{name}"), &target.join(&name))?;
            }
            Ok(())
        } else if kind.is_file() {
            let mut from = self.open_file(path)?;
            let permissions = from
                .metadata()
                .map_err(Error::io("read", path))?
                .permissions();
            let directory = target.parent().unwrap_or(Path::new("/"));
            let failed = || Error::io("write", target);
            let mut to = tempfile::NamedTempFile::new_in(directory).map_err(failed())?;
            std::io::copy(&mut from, &mut to).map_err(failed())?;
            // Not setuid: it would be to whoever copies it.
            let mode = Permissions::from_mode(permissions.mode() & 0o777);
            to.as_file().set_permissions(mode).map_err(failed())?;
            to.persist(target)
                .map(drop)
                .map_err(|error| failed()(error.error))
        } else {
            tracing::warn!("{path} is neither file, directory nor link; it is not copied");
            Ok(())
        }
    }
}
