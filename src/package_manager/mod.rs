//! Package managers: what to run, as values.
//!
//! [`PackageManager`] turns an operation into arguments; running them, with the sandbox, the
//! environment and the retries, is the build root's work and the same for all. The implementations
//! differ where the programs do (facts: dnf(8), dnf5(8), yum(8)).

mod choose;
mod dnf4;
mod dnf5;
pub(crate) mod location;
pub(crate) mod python_plugins;
pub(crate) mod repos;
pub(crate) mod resolution;
pub(crate) mod yum;

use std::fmt;
use std::path::Path;

use crate::config::{PackageManagerKind, PackageManagerSettings, Packages, RepoSwitch};

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
            | Self::Query(words) => words,
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
    /// As messages say it: `dnf4`, `dnf5`, `yum`.
    fn name(&self) -> &'static str;

    /// The whole command line for `op`.
    fn argv(&self, op: &Op, cx: &Context<'_>) -> Vec<String>;
}

/// The implementation of `kind`.
pub(crate) fn of(kind: PackageManagerKind) -> &'static dyn PackageManager {
    match kind {
        // microdnf's own commands work only from inside a root it is installed in; from the host
        // dnf does its work.
        PackageManagerKind::Dnf4 | PackageManagerKind::Microdnf => &dnf4::Dnf4,
        PackageManagerKind::Dnf5 => &dnf5::Dnf5,
        PackageManagerKind::Yum => &yum::Yum,
    }
}

pub(crate) fn settings(packages: &Packages, kind: PackageManagerKind) -> &PackageManagerSettings {
    match kind {
        PackageManagerKind::Dnf4 | PackageManagerKind::Microdnf => &packages.dnf4,
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
    if matches!(op, Op::Update(_) | Op::Module(..)) {
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
mod tests {
    use super::*;
    use crate::config::PackageManagerKind::{Dnf4, Dnf5, Yum};

    fn settings(command: &str) -> PackageManagerSettings {
        PackageManagerSettings {
            command: command.to_owned(),
            common_opts: vec!["--allowerasing".to_owned()],
            disable_plugins: vec!["local".to_owned()],
            avoid_opts: [("remove".to_owned(), vec!["--allowerasing".to_owned()])]
                .into_iter()
                .collect(),
            ..PackageManagerSettings::default()
        }
    }

    fn line(kind: PackageManagerKind, command: &str, op: &Op) -> String {
        let settings = settings(command);
        let repos = [
            RepoSwitch::Disable("*".to_owned()),
            RepoSwitch::Enable("mine".to_owned()),
        ];
        let cx = Context {
            root: Some(Path::new("/r")),
            command,
            releasever: Some("9"),
            forcearch: None,
            offline: false,
            repos: &repos,
            settings: &settings,
        };
        of(kind).argv(op, &cx).join(" ")
    }

    #[test]
    fn command_lines() {
        let setup = Op::Raw(vec!["install".to_owned(), "@buildsys-build".to_owned()]);
        let builddep = Op::Builddep(vec!["/r/x.src.rpm".to_owned()]);
        let head = "--installroot /r/ --releasever 9 --disablerepo * --enablerepo mine";
        let head_y = "--installroot /r/ -y --releasever 9 --disablerepo * --enablerepo mine";
        for (kind, command, op, expected) in [
            (
                Dnf4,
                "dnf-3",
                &setup,
                format!(
                    "dnf-3 {head} --allowerasing --disableplugin=local install @buildsys-build"
                ),
            ),
            (
                Dnf4,
                "dnf-3",
                &builddep,
                format!("dnf-3 builddep {head} --allowerasing --disableplugin=local /r/x.src.rpm"),
            ),
            (
                Dnf4,
                "dnf-3",
                &Op::Update(vec![]),
                format!("dnf-3 {head_y} --allowerasing --disableplugin=local update"),
            ),
            (
                Dnf5,
                "dnf5",
                &Op::Update(vec![]),
                format!("dnf5 {head_y} upgrade --allowerasing --disableplugin=local"),
            ),
            (
                Dnf5,
                "dnf5",
                &Op::Remove(vec!["a".to_owned()]),
                format!("dnf5 {head} remove a --disableplugin=local"),
            ),
            (
                Dnf5,
                "dnf5",
                &builddep,
                format!("dnf5 builddep {head} /r/x.src.rpm --allowerasing --disableplugin=local"),
            ),
            (
                Yum,
                "yum",
                &builddep,
                format!(
                    "/usr/bin/yum-builddep {head} --allowerasing --disableplugin=local /r/x.src.rpm"
                ),
            ),
        ] {
            assert_eq!(line(kind, command, op), expected);
        }
    }
}
