//! What a package manager that works from outside opens in a root, by name: there must be no link that
//! leads it out.
//!
//! It runs as root, with the host's file names, so that a link of the root is followed on the host.

use super::Buildroot;
use crate::config::PackageManagerKind;
use crate::error::{Error, Result};
use crate::package_manager::Op;

/// Where package managers and rpm keep their data and read their configuration.
const TREES: [&str; 11] = [
    "etc/dnf",
    "etc/yum",
    "etc/yum.conf",
    "etc/yum.repos.d",
    "usr/lib/sysimage",
    "var/cache/dnf",
    "var/cache/libdnf5",
    "var/cache/yum",
    "var/lib/dnf",
    "var/lib/rpm",
    "var/lib/yum",
];

/// Theirs among other programs' logs.
const LOGS: (&str, [&str; 3]) = ("var/log", ["dnf", "hawkey", "yum"]);

/// Deep enough for the metadata of a repository.
const DEEPEST: usize = 3;

impl Buildroot<'_> {
    pub(super) fn refuse_ways_out(&self, kind: PackageManagerKind, op: &Op) -> Result<()> {
        if self.works_inside(kind, op) {
            return Ok(());
        }
        let (logs, names) = LOGS;
        let mut found = TREES.iter().find_map(|tree| self.way_out(tree, DEEPEST));
        if found.is_none() {
            found = self.way_out(logs, 0);
        }
        if found.is_none() {
            let entries = self.inside.list(logs)?.into_iter();
            found = entries
                .filter(|entry| names.iter().any(|name| entry.starts_with(name)))
                .find_map(|entry| self.way_out(&format!("{logs}/{entry}"), 0));
        }
        let Some(path) = found else { return Ok(()) };
        Err(Error::Sandbox {
            message: format!(
                "/{path} in the root is a symbolic link that would lead the package manager out of it"
            ),
            hint: Some(format!(
                "something in the root put it there; make the root anew: `mock -r {} --clean`",
                self.cx.named
            )),
        })
    }

    /// A link at `path`, or so deep below, that leads out.
    fn way_out(&self, path: &str, depth: usize) -> Option<String> {
        if self.inside.leads_out(path) {
            return Some(path.to_owned());
        }
        if depth == 0 {
            return None;
        }
        let names = self.inside.list(path).unwrap_or_default();
        let mut paths = names.iter().map(|name| format!("{path}/{name}"));
        paths.find_map(|path| self.way_out(&path, depth - 1))
    }
}
