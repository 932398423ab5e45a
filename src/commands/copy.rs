//! `--copyin` and `--copyout`.

use std::path::{Path, PathBuf};

use crate::buildroot::Cx;
use crate::buildroot::trash::Trash;
use crate::error::{Error, Result};
use crate::recipe::{Prepare, Session};
use crate::sandbox::User;

/// Copies files and directories of the host into the root, as root; the build user's home stays
/// the build user's.
pub(super) fn copyin(
    cx: Cx<'_>,
    trash: &Trash,
    sources: &[PathBuf],
    destination: &str,
) -> Result<()> {
    let session = Session::open(cx, trash, Prepare::Enter)?;
    let root = &session.root;
    let destination = format!("/{}", destination.trim_start_matches('/'));
    let into_directory = root.inside.is_dir(&destination);
    for source in sources {
        let path = cx.host.cwd.join(source);
        let (exists, is_directory) = cx
            .identity
            .as_caller(|| Ok((path.exists(), path.is_dir())))?;
        if !exists {
            return Err(Error::command(format!(
                "No such file or directory: {}",
                source.display()
            )));
        }
        if sources.len() > 1 && !into_directory {
            return Err(Error::command(format!(
                "multiple source files and {destination} is not a directory!"
            )));
        }
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let target = if into_directory {
            format!("{}/{name}", destination.trim_end_matches('/'))
        } else {
            destination.clone()
        };
        tracing::info!(
            "copying {} to {}",
            path.display(),
            root.layout.host(&target).display()
        );
        if is_directory {
            if root.inside.exists(&target) {
                return Err(Error::command(format!(
                    "Destination {target} already exists!"
                )));
            }
            root.copy_in_tree(&path, &target, User::ROOT, false)?;
        } else {
            root.copy_in_whole_file(&path, &target)?;
        }
    }
    root.inside.chown(&root.layout.home(""), root.user, true)
}

/// Copies what matches the patterns out of the root, as the caller.
pub(super) fn copyout(
    cx: Cx<'_>,
    trash: &Trash,
    sources: &[String],
    destination: &Path,
) -> Result<()> {
    let session = Session::open(cx, trash, Prepare::Enter)?;
    let root = &session.root;
    let mut matches = Vec::new();
    for source in sources {
        let pattern = match source.strip_prefix('~') {
            Some(rest) => root.layout.home(rest.trim_start_matches('/')),
            None => source.clone(),
        };
        let found = root.inside.glob(&pattern)?;
        if found.is_empty() {
            return Err(Error::command(format!("{source} not found")));
        }
        matches.extend(found);
    }
    let destination = cx.host.cwd.join(destination);
    cx.identity.as_caller(|| {
        if matches.len() > 1 && !destination.is_dir() {
            return Err(Error::command(format!(
                "multiple source files and {} is not a directory!",
                destination.display()
            )));
        }
        for source in &matches {
            let name = Path::new(source).file_name().unwrap_or_default();
            let is_file = !root.inside.is_dir(source);
            let target = if destination.is_dir() && (is_file || matches.len() > 1) {
                destination.join(name)
            } else {
                destination.clone()
            };
            tracing::info!(
                "copying {} to {}",
                root.layout.host(source).display(),
                target.display()
            );
            let named = target == destination && !target.is_dir();
            if named && target.symlink_metadata().is_ok() && root.inside.is_own_file(source) {
                root.inside.pour_out(source, &target)?;
            } else {
                root.inside.copy_out(source, &target)?;
            }
        }
        Ok(())
    })
}
