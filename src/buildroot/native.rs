//! A package manager that works as a program of the root itself, and what it needs there.

use std::path::{Path, PathBuf};

use super::tools::Tools;
use super::{Buildroot, Cmd, Inner};
use crate::config::PackageManagerKind;
use crate::package_manager::{self, Op};
use crate::run::Stdio;
use crate::sandbox::{Mount, User};

/// For names of hosts, while the build's own are empty.
const RESOLVER: [&str; 2] = ["/etc/resolv.conf", "/etc/hosts"];

impl Buildroot<'_> {
    /// Whether `op` is carried out by a program of the root. One that is not there yet is installed
    /// from outside.
    pub(super) fn works_inside(&self, kind: PackageManagerKind, op: &Op) -> bool {
        if self.tools() == Tools::Itself {
            return true;
        }
        let packages = &self.cx.config.packages;
        let command = &package_manager::settings(packages, kind).command;
        package_manager::of(kind).works_inside(op) && self.inside.exists(command)
    }

    /// The package manager in the root, as its root, with the network that it has outside.
    pub(super) fn native_cmd(&self, argv: &[String], op: &Op) -> Cmd {
        let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
        let mut cmd = self.inner_cmd(
            &argv,
            &Inner {
                user: User::ROOT,
                network: self.managers_network(),
                cwd: PathBuf::from("/"),
                stdio: Stdio::Captured,
                timeout: None,
            },
        );
        let proxies = self.cx.config.network.proxies.clone();
        cmd.env.extend(proxies);
        cmd.env
            .push(("LC_MESSAGES".to_owned(), "C.UTF-8".to_owned()));
        let shown = RESOLVER
            .into_iter()
            .filter(|path| Path::new(path).is_file() && self.inside.is_own_file(path));
        cmd.sandbox.mounts.extend(shown.map(|path| Mount::Bind {
            source: path.into(),
            target: path.into(),
            writable: false,
        }));
        cmd.sandbox.mounts.extend(self.entitlements());
        let named = self.named(op, &self.layout.root).into_iter();
        cmd.sandbox.mounts.extend(named.map(|path| Mount::Bind {
            target: path.clone(),
            source: path,
            writable: false,
        }));
        cmd
    }
}
