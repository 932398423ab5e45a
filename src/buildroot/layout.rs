//! Every path of a build root, on the host and inside.

use std::path::{Path, PathBuf};

use super::Cx;
use super::lock::{Lock, Mode};
use crate::config::Chroot;
use crate::error::Result;
use crate::fs::planted::refuse_link;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    /// `<basedir>/<root>`: everything of one build root.
    pub(crate) base: PathBuf,
    /// The build root's `/`.
    pub(crate) root: PathBuf,
    pub(crate) result: PathBuf,
    /// `<cache_topdir>/<root>`, shared by all unique extensions.
    pub(crate) cache: PathBuf,
    /// Packages that were downloaded, for all roots.
    pub(crate) packages: PathBuf,
    /// Images that were pulled, for all roots.
    pub(crate) images: PathBuf,
    /// What all roots share: layers, snapshots, records of what was installed.
    pub(crate) store: PathBuf,
    /// The build user's home, inside.
    home: String,
}

impl Layout {
    pub(crate) fn of(chroot: &Chroot) -> Self {
        Self {
            base: chroot.basedir.join(&chroot.name),
            root: chroot.rootdir.clone(),
            result: chroot.resultdir.clone(),
            cache: chroot.cache_topdir.join(&chroot.shared_name),
            packages: chroot.cache_topdir.join(PACKAGES),
            images: chroot.cache_topdir.join(IMAGES),
            store: chroot.store.clone(),
            home: chroot.chroothome.trim_end_matches('/').to_owned(),
        }
    }

    pub(crate) fn lock(&self) -> PathBuf {
        lock_of(&self.base)
    }

    /// As root mock works in directories that others may write to: a link that one of them made leads
    /// wherever they want.
    pub(crate) fn refuse_links(&self, cx: Cx<'_>) -> Result<()> {
        if !cx.identity.root {
            return Ok(());
        }
        let directories = [
            &self.base,
            &self.cache,
            &self.packages,
            &self.images,
            &self.store,
        ];
        directories
            .iter()
            .try_for_each(|path| refuse_link(path, &[0]))
    }

    /// Takes the root's lock alone, or says who uses the root.
    pub(crate) fn lock_alone(&self, cx: Cx<'_>) -> Result<Lock> {
        self.refuse_links(cx)?;
        Lock::take(&self.lock(), Mode::Exclusive)
    }

    /// The same for a root that may have no directory yet.
    pub(crate) fn lock_for(&self, cx: Cx<'_>) -> Result<Lock> {
        super::skeleton::make_base(cx, self)?;
        self.lock_alone(cx)
    }

    /// Home of the package manager when it works from the host: rpm reads its macros there.
    pub(crate) fn package_manager_home(&self) -> PathBuf {
        self.base.join("package-manager")
    }

    /// A path below the build user's home, as the inside sees it.
    pub(crate) fn home(&self, path: &str) -> String {
        if path.is_empty() {
            self.home.clone()
        } else {
            format!("{}/{path}", self.home)
        }
    }

    /// A path below rpmbuild's `%_topdir`, as the inside sees it.
    pub(crate) fn topdir(&self, path: &str) -> String {
        self.home(&format!("build/{path}"))
    }

    /// Where the build user can write, relative to the root.
    pub(crate) fn build_users(&self) -> [String; 3] {
        let home = self.home.trim_start_matches('/').to_owned();
        [home, "tmp".to_owned(), "var/tmp".to_owned()]
    }

    /// A path inside as the host sees it.
    pub(crate) fn host(&self, inside: &str) -> PathBuf {
        self.root.join(inside.trim_start_matches('/'))
    }
}

/// The lock of the root whose directory is `base`.
pub(crate) fn lock_of(base: &Path) -> PathBuf {
    base.join("buildroot.lock")
}

/// Below the directory of caches. No root's name begins with a dot.
pub(crate) const PACKAGES: &str = ".packages";

/// Likewise.
pub(crate) const IMAGES: &str = ".images";

/// Held, shared, while some dnf may read packages of the store.
pub(crate) fn lock_of_packages(store: &Path) -> PathBuf {
    store.join("lock")
}

/// Exists in a root whose installation was completed.
pub(crate) const INITIALIZED: &str = ".initialized";

/// Exists while a transaction is under way, and after one that was cut short.
pub(crate) const UNFINISHED: &str = ".transaction-unfinished";
