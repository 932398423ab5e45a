//! Package managers: what to run, as values.
//!
//! [`PackageManager`] turns an operation into arguments; running them, with the sandbox, the
//! environment and the retries, is the build root's work and the same for all. The implementations
//! differ where the programs do (facts: dnf(8), dnf5(8), yum(8)).

mod choose;
mod dnf4;
mod dnf5;
pub(crate) mod location;
mod microdnf;
pub(crate) mod python_plugins;
pub(crate) mod repos;
pub(crate) mod resolution;
pub(crate) mod yum;

use std::fmt;
use std::path::Path;

use crate::config::{PackageManagerKind, PackageManagerSettings, Packages, RepoSwitch};
use crate::error::Error;

pub(crate) use choose::{Probe, choose};

/// What is asked of a package manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Op {
    Install(Vec<String>),
    Remove(Vec<String>),
    Update(Vec<String>),
    /// Source packages, as paths the package manager can open.
    Builddep(Vec<String>),
    /// `chroot_setup_cmd` and `--pm-cmd`: the words as given.
    Raw(Vec<String>),
    /// `module enable`, `module install`, ...: action and specs.
    Module(String, Vec<String>),
    /// `repoquery`: about packages of the repositories; changes nothing.
    Query(Vec<String>),
    /// Which packages these requirements lead to; only for those that [`PackageManager::resolves_first`].
    Resolve(Vec<String>),
}

impl Op {
    /// What may name files.
    pub(crate) fn arguments(&self) -> &[String] {
        match self {
            Self::Install(words)
            | Self::Remove(words)
            | Self::Update(words)
            | Self::Builddep(words)
            | Self::Raw(words)
            | Self::Module(_, words)
            | Self::Query(words)
            | Self::Resolve(words) => words,
        }
    }
}

/// For messages: what it does, and to what unless that is a long list.
impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MANY: usize = 8;
        let words = match self {
            Self::Builddep(_) => return f.write_str("builddep"),
            op => words(op, "update"),
        };
        let shown = words
            .iter()
            .take(MANY)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(" ");
        let more = if words.len() > MANY { " ..." } else { "" };
        write!(f, "{shown}{more}")
    }
}

/// What an invocation depends on beside the operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    /// The build root, where the program runs outside it.
    pub(crate) root: Option<&'a Path>,
    pub(crate) command: &'a str,
    pub(crate) releasever: Option<&'a str>,
    pub(crate) forcearch: Option<&'a str>,
    pub(crate) offline: bool,
    pub(crate) repos: &'a [RepoSwitch],
    pub(crate) settings: &'a PackageManagerSettings,
}

pub(crate) trait PackageManager {
    /// As messages say it: `dnf4`, `dnf5`, `yum`, `microdnf`.
    fn name(&self) -> &'static str;

    /// The whole command line for `op`.
    fn argv(&self, op: &Op, cx: &Context<'_>) -> Vec<String>;

    /// It carries this out only in the root that is worked on, as a program of that root.
    fn works_inside(&self, _op: &Op) -> bool {
        false
    }

    /// It installs what it finds and says nothing clear of the rest: it is asked before.
    fn resolves_first(&self) -> bool {
        false
    }

    /// What its output says went wrong, whatever its exit status.
    fn complaint(&self, _op: &Op, _output: &str) -> Option<Error> {
        None
    }
}

/// The implementation of `kind`.
pub(crate) fn of(kind: PackageManagerKind) -> &'static dyn PackageManager {
    match kind {
        PackageManagerKind::Dnf4 => &dnf4::Dnf4,
        PackageManagerKind::Microdnf => &microdnf::Microdnf,
        PackageManagerKind::Dnf5 => &dnf5::Dnf5,
        PackageManagerKind::Yum => &yum::Yum,
    }
}

pub(crate) fn settings(packages: &Packages, kind: PackageManagerKind) -> &PackageManagerSettings {
    match kind {
        PackageManagerKind::Dnf4 => &packages.dnf4,
        PackageManagerKind::Microdnf => &packages.microdnf,
        PackageManagerKind::Dnf5 => &packages.dnf5,
        PackageManagerKind::Yum => &packages.yum,
    }
}

/// The subcommand and its arguments, alike for all but what each names differently.
fn words(op: &Op, update: &str) -> Vec<String> {
    let (head, rest): (Vec<String>, &[String]) = match op {
        Op::Install(packages) => (vec!["install".to_owned()], packages),
        Op::Remove(packages) => (vec!["remove".to_owned()], packages),
        Op::Update(packages) => (vec![update.to_owned()], packages),
        Op::Builddep(srpms) => (Vec::new(), srpms),
        Op::Raw(words) => (Vec::new(), words),
        Op::Module(action, specs) => (vec!["module".to_owned(), action.clone()], specs),
        Op::Query(words) => (vec!["repoquery".to_owned(), "-q".to_owned()], words),
        Op::Resolve(words) => (vec!["resolvedep".to_owned()], words),
    };
    head.into_iter().chain(rest.iter().cloned()).collect()
}

/// `[program] [builddep] --installroot ROOT/ ...`, up to the options of the settings.
fn head(op: &Op, cx: &Context<'_>, builddep_word: bool) -> Vec<String> {
    let builddep = matches!(op, Op::Builddep(_));
    let program = match &cx.settings.builddep_command {
        Some(command) if builddep => command.clone(),
        _ => cx.command.to_owned(),
    };
    let mut argv = vec![program];
    if builddep && builddep_word {
        argv.push("builddep".to_owned());
    }
    if let Some(root) = cx.root {
        // The final slash is dnf's and yum's own convention for an installroot.
        argv.extend(["--installroot".to_owned(), format!("{}/", root.display())]);
    }
    let first = match op {
        Op::Raw(words) => words.first().map(String::as_str),
        _ => None,
    };
    let asks = matches!(first, Some("update" | "upgrade" | "module"));
    if asks || matches!(op, Op::Update(_) | Op::Module(..)) {
        argv.push("-y".to_owned());
    }
    if let Some(releasever) = cx.releasever {
        argv.extend(["--releasever".to_owned(), releasever.to_owned()]);
    }
    if cx.offline {
        argv.push("-C".to_owned());
    }
    for switch in cx.repos {
        argv.extend(match switch {
            RepoSwitch::Enable(repo) => ["--enablerepo".to_owned(), repo.clone()],
            RepoSwitch::Disable(repo) => ["--disablerepo".to_owned(), repo.clone()],
        });
    }
    argv
}

/// Options of the settings, minus what the subcommand must not get.
fn options(op: &Op, cx: &Context<'_>, words: &[String]) -> Vec<String> {
    let settings = cx.settings;
    let mut options = settings.common_opts.clone();
    options.extend(
        settings
            .disable_plugins
            .iter()
            .map(|plugin| format!("--disableplugin={plugin}")),
    );
    if let Some(arch) = cx.forcearch {
        options.extend(["--forcearch".to_owned(), arch.to_owned()]);
    }
    if matches!(op, Op::Builddep(_)) {
        options.extend(settings.builddep_opts.iter().cloned());
    }
    let avoided = words.first().and_then(|word| settings.avoid_opts.get(word));
    options.retain(|option| !avoided.is_some_and(|avoided| avoided.contains(option)));
    options
}

#[cfg(test)]
mod tests;
