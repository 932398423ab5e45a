//! The repository of a chain: what was built so far, with a directory of results for each package.
//!
//! `<top>/results/<configuration>/<package>/`, with a file in it that says how the build went.
//! Everything is done as the caller, who owns all of it.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::buildroot::Cx;
use crate::buildroot::layout::Layout;
use crate::error::{Error, Result};

use super::createrepo::createrepo;

/// What is written down about a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Success,
    Fail,
}

impl Mark {
    fn file(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Fail => "fail",
        }
    }
}

#[derive(Debug)]
pub(crate) struct LocalRepo {
    directory: PathBuf,
    /// When its list of packages was last made.
    indexed: Cell<SystemTime>,
}

impl LocalRepo {
    /// The repository in the directory `top`, which is made if need be.
    pub(crate) fn at(cx: Cx<'_>, top: &Path) -> Result<Self> {
        let base = Layout::of(&cx.config.chroot).base;
        let directory = top.join("results").join(&cx.config.config_name);
        if directory.starts_with(&base) {
            return Err(Error::Usage {
                message: format!(
                    "the local repository {} is in the directory of the root, which each build cleans",
                    top.display()
                ),
                hint: Some("give --localrepo a directory outside it".to_owned()),
            });
        }
        cx.identity.as_caller(|| {
            let failed = |source| Error::local_repo(&directory, source);
            fs_err::create_dir_all(&directory).map_err(failed)?;
            tempfile::tempfile_in(&directory).map(drop).map_err(failed)
        })?;
        // Links on the way must not make two repositories of one.
        let directory = fs_err::canonicalize(&directory).map_err(Error::io("read", &directory))?;
        Ok(Self {
            directory,
            indexed: Cell::new(UNIX_EPOCH),
        })
    }

    /// One in a new directory that stays when mock is over.
    pub(crate) fn new(cx: Cx<'_>, prefix: &str) -> Result<Self> {
        let parent = Path::new("/var/tmp");
        let top = cx.identity.as_caller(|| {
            let top = tempfile::Builder::new()
                .prefix(&format!("mock-chain-{prefix}-{}-", std::process::id()))
                // As results are elsewhere: for everybody to read.
                .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
                .tempdir_in(parent);
            let top = top.map_err(|source| Error::result_dir(parent, source))?;
            Ok(top.keep())
        })?;
        Self::at(cx, &top)
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// As a package manager is told of it.
    pub(crate) fn url(&self) -> String {
        use std::os::unix::ffi::OsStrExt;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~+".contains(&byte);
        let path = self.directory.as_os_str().as_bytes().iter();
        let quoted = path.map(|&byte| match plain(byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        });
        format!("file://{}", quoted.collect::<String>())
    }

    /// Where the results of the source package with this file name are.
    pub(crate) fn results_of(&self, file: &str) -> PathBuf {
        let name = file
            .strip_suffix(".src.rpm")
            .or_else(|| file.strip_suffix(".rpm"))
            .unwrap_or(file);
        self.directory.join(name)
    }

    /// Whether the package with these results was built.
    pub(crate) fn has(&self, results: &Path) -> bool {
        results.join(Mark::Success.file()).is_file()
    }

    /// Makes the directory of results, without what an earlier attempt left in it.
    pub(crate) fn begin(&self, cx: Cx<'_>, results: &Path) -> Result<()> {
        let stale = cx.identity.as_caller(|| {
            make(results).map_err(|source| Error::result_dir(results, source))?;
            let mut packages = false;
            let entries = fs_err::read_dir(results).map_err(Error::io("list", results))?;
            for entry in entries.flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                let package = name.ends_with(".rpm");
                if package || name.ends_with(".log") || name == Mark::Fail.file() {
                    let path = entry.path();
                    fs_err::remove_file(&path).map_err(Error::io("remove", &path))?;
                    packages |= package;
                }
            }
            Ok(packages)
        })?;
        if stale {
            self.index(cx)?;
        }
        self.wait(cx)
    }

    /// Lists its packages anew.
    pub(crate) fn index(&self, cx: Cx<'_>) -> Result<()> {
        createrepo(cx, &self.directory)?;
        self.indexed.set(SystemTime::now());
        Ok(())
    }

    /// Waits until package managers see that it has changed: what they looked at within the same
    /// second they take for current.
    fn wait(&self, cx: Cx<'_>) -> Result<()> {
        const STEP: Duration = Duration::from_millis(20);
        let second = |time: SystemTime| {
            let since = time.duration_since(UNIX_EPOCH);
            since.map_or(0, |since| since.as_secs())
        };
        while second(SystemTime::now()) == second(self.indexed.get()) {
            cx.runner.interrupted()?;
            std::thread::sleep(STEP);
        }
        Ok(())
    }

    /// Writes down how the build of a package went.
    pub(crate) fn mark(&self, cx: Cx<'_>, results: &Path, mark: Mark) -> Result<()> {
        let path = results.join(mark.file());
        cx.identity.as_caller(|| crate::fs::replace(&path, b""))
    }
}

/// A link would have the packages of another directory removed.
fn make(results: &Path) -> std::io::Result<()> {
    match fs_err::create_dir(results) {
        Err(_) if results.symlink_metadata()?.is_dir() => Ok(()),
        made => made,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_addresses() {
        let repo = LocalRepo {
            directory: PathBuf::from("/srv/my repo/$x/é"),
            indexed: Cell::new(UNIX_EPOCH),
        };
        assert_eq!(repo.url(), "file:///srv/my%20repo/%24x/%C3%A9");
        for (file, name) in [
            ("a-1-1.src.rpm", "a-1-1"),
            ("a-1-1.nosrc.rpm", "a-1-1.nosrc"),
            ("download", "download"),
        ] {
            assert_eq!(repo.results_of(file), repo.directory.join(name));
        }
    }
}
