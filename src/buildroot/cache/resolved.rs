//! Watching the resolver while one request is worked on.
//!
//! dnf 4 tells through a plugin (`package_manager/resolution.rs`), which also ends it before it
//! changes anything when the result is known. Of other package managers only the repositories are
//! known afterwards, from their cache.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::buildroot::Buildroot;
use crate::error::Result;
use crate::package_manager::Op;
use crate::package_manager::python_plugins::PythonPlugin;
use crate::package_manager::repos::{self, RepoState, Vars};
use crate::package_manager::resolution::{self, Resolution};

/// Between the digests of several operations.
const THEN: &str = "+";

/// What the resolver said while one request was worked on.
#[derive(Debug)]
pub(crate) struct Watch {
    /// None for work whose result is not kept.
    dnf: Option<Dnf>,
    seen: RefCell<Seen>,
}

#[derive(Debug)]
struct Dnf {
    /// What the plugin and mock tell each other.
    dir: PathBuf,
    /// Results of all operations together that a state exists for.
    known: BTreeSet<String>,
}

#[derive(Debug, Default)]
struct Seen {
    /// Of each operation that is over; none of one that told nothing.
    digests: Vec<Option<String>>,
    repos: Option<Vec<RepoState>>,
    stopped: bool,
    /// An operation changed something, or may have.
    changed: bool,
}

impl Watch {
    /// For work whose result is not kept.
    pub(crate) fn none() -> Self {
        Self {
            dnf: None,
            seen: RefCell::default(),
        }
    }

    pub(super) fn new(root: &Buildroot<'_>, known: BTreeSet<String>) -> Result<Self> {
        let home = root.layout.package_manager_home();
        let dnf = Dnf {
            dir: home.join("resolution"),
            known,
        };
        Ok(Self {
            dnf: Some(dnf),
            seen: RefCell::default(),
        })
    }

    /// An operation is about to run, perhaps not for the first time.
    pub(crate) fn begin(&self, op: &Op, last: bool) -> Result<()> {
        let Some(dnf) = &self.dnf else { return Ok(()) };
        let seen = self.seen.borrow();
        let so_far: Option<Vec<&str>> = seen.digests.iter().map(Option::as_deref).collect();
        let prefix = so_far.map(|digests| {
            let parts = digests.iter().map(|digest| format!("{digest}{THEN}"));
            parts.collect::<String>()
        });
        // A module command that installs nothing still changes what is enabled.
        let may_stop = last && !matches!(op, Op::Module(..));
        let known: Vec<&str> = match prefix.filter(|_| may_stop) {
            Some(prefix) => {
                let rest = dnf.known.iter().filter_map(|set| set.strip_prefix(&prefix));
                rest.filter(|rest| !rest.contains(THEN)).collect()
            }
            None => Vec::new(),
        };
        resolution::prepare(&dnf.dir, &known)
    }

    /// The operation was carried out, or found to be known.
    pub(crate) fn end(&self, op: &Op) -> Result<()> {
        let Some(dnf) = &self.dnf else { return Ok(()) };
        let resolution = Resolution::read(&dnf.dir)?;
        let mut seen = self.seen.borrow_mut();
        seen.stopped = resolution.as_ref().is_some_and(|found| found.stopped);
        seen.changed |= !resolution
            .as_ref()
            .is_some_and(|found| found.packages.is_empty())
            || matches!(op, Op::Module(..));
        seen.digests
            .push(resolution.as_ref().map(|found| found.digest.clone()));
        seen.repos = resolution.map(|found| found.repos);
        Ok(())
    }

    /// What tells of a resolution, in dnf 4.
    pub(crate) fn plugin(&self) -> Option<PythonPlugin> {
        self.dnf.as_ref().map(|_| resolution::PLUGIN)
    }

    /// For its environment.
    pub(crate) fn environment(&self) -> Option<(String, String)> {
        let dnf = self.dnf.as_ref()?;
        let dir = dnf.dir.display().to_string();
        Some((resolution::VARIABLE.to_owned(), dir))
    }

    /// Work that is no operation has this result, whatever repositories say.
    pub(crate) fn say(&self, result: String) {
        let mut seen = self.seen.borrow_mut();
        seen.digests.push(Some(result));
        seen.repos = Some(Vec::new());
        seen.changed = true;
    }

    /// The packages of all operations together, if the resolver told of each.
    pub(super) fn set(&self) -> Option<String> {
        let seen = self.seen.borrow();
        let digests: Option<Vec<&str>> = seen.digests.iter().map(Option::as_deref).collect();
        digests
            .filter(|all| !all.is_empty())
            .map(|all| all.join(THEN))
    }

    /// The last operation was not carried out: its result is there already.
    pub(crate) fn stopped(&self) -> bool {
        self.seen.borrow().stopped
    }

    /// There was nothing to do.
    pub(super) fn changed_nothing(&self) -> bool {
        let seen = self.seen.borrow();
        !seen.changed && !seen.digests.is_empty()
    }

    /// The repositories as they were resolved from; none where that is not known.
    pub(super) fn repos(&self, root: &Buildroot<'_>) -> Option<Vec<RepoState>> {
        if let Some(repos) = &self.seen.borrow().repos {
            return Some(repos.clone());
        }
        let config = root.cx.config;
        let packages = &config.packages;
        let arch = config.chroot.forcearch.as_deref();
        let vars = Vars::new(
            arch.unwrap_or(&root.cx.host.arch),
            config.chroot.releasever.as_deref(),
            &packages.dnf_vars,
        );
        let sources = repos::from_conf(&packages.dnf_conf, &vars, &packages.repo_switches)?;
        ["var/cache/libdnf5", "var/cache/dnf"]
            .iter()
            .find_map(|cache| repos::recorded(&sources, &root.layout.host(cache)))
    }
}
