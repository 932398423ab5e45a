//! `external:TYPE:NAME`: build requirements that come from outside the distribution.
//!
//! A tool in a bootstrap root of its own puts them into the build root; packages without files, made
//! in the build root, tell the package manager that they are there. None of this is kept as a state:
//! nobody can be asked whether the registry still says the same.

use crate::buildroot::trash::Trash;
use crate::buildroot::{Buildroot, Cx};
use crate::config::{Bootstrap, Config, External};
use crate::error::{Error, Result};
use crate::package_manager::Op;
use crate::report::{LogSink, Step};
use crate::rpm::rpmbuild::quote;
use crate::run::Status;

use super::bootstrap;
use super::buildreqs::any_version;
use super::open::Session;

const PREFIX: &str = "external:";

/// A registry that there is a tool for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Registry {
    Pypi,
    Crate,
}

impl Registry {
    pub(crate) const ALL: [Self; 2] = [Self::Pypi, Self::Crate];

    fn name(self) -> &'static str {
        match self {
            Self::Pypi => "pypi",
            Self::Crate => "crate",
        }
    }

    /// The program, and what it needs beside itself.
    fn tools(self) -> Vec<String> {
        let packages: &[&str] = match self {
            Self::Pypi => &["/usr/bin/pip3", "python3-setuptools"],
            Self::Crate => &["/usr/bin/cargo"],
        };
        packages.iter().map(|name| (*name).to_owned()).collect()
    }

    /// The command that installs `names` into `root`.
    fn command(self, root: &str, names: &[&str]) -> Vec<String> {
        let words: &[&str] = match self {
            Self::Pypi => &[
                "/usr/bin/pip3",
                "install",
                "--root",
                root,
                "--prefix",
                "/usr",
            ],
            Self::Crate => &["/usr/bin/cargo", "install", "--root", root],
        };
        let words = words.iter().chain(names);
        words.map(|word| (*word).to_owned()).collect()
    }

    /// The configuration of the root that its tool is in.
    pub(crate) fn root(self, bootstrap: &Bootstrap) -> Config {
        bootstrap.beside(self.name())
    }
}

/// A name in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted<'n> {
    registry: Registry,
    name: &'n str,
    /// As packages require it.
    requirement: &'n str,
}

impl<'n> Wanted<'n> {
    /// Nothing of what mock does not know, or what a tool could take for an option.
    fn parse(requirement: &'n str) -> Option<Self> {
        let (kind, name) = requirement.strip_prefix(PREFIX)?.split_once(':')?;
        let registry = Registry::ALL.into_iter().find(|r| r.name() == kind)?;
        let fits = name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        fits.then_some(Self {
            registry,
            name,
            requirement,
        })
    }

    /// The package that says it is there.
    fn package(&self) -> String {
        format!("external-{}-{}", self.registry.name(), self.name)
    }

    fn spec(&self) -> String {
        let (package, requirement) = (self.package(), self.requirement);
        format!(
            "Name: {package}\nVersion: 0\nRelease: 0\nSummary: Says that {requirement} is installed\n\
             License: LicenseRef-Not-Copyrightable\nBuildArch: noarch\nProvides: {requirement}\n\
             %description\nInstalled from outside the distribution.\n%files\n"
        )
    }
}

pub(crate) fn is_external(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// Refuses external requirements that cannot be installed; others are none of its business.
pub(crate) fn check<'n>(
    names: impl IntoIterator<Item = &'n str>,
    external: External,
) -> Result<()> {
    parse(names, external).map(drop)
}

/// Those of `names` that are external, each once.
fn parse<'n>(
    names: impl IntoIterator<Item = &'n str>,
    external: External,
) -> Result<Vec<Wanted<'n>>> {
    let mut names: Vec<&str> = names.into_iter().filter(|name| is_external(name)).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let refused = |message: &str, hint: &str| {
        Err(Error::Refused {
            message: message.to_owned(),
            hint: Some(format!("{} {hint}", names.join(", "))),
        })
    };
    match external {
        External::Off => {
            return refused(
                "ExternalBuildRequires are found but support is disabled. See \"external_buildrequires\" in config_opts.",
                "would come from outside the distribution",
            );
        }
        External::WithoutBootstrap => {
            return refused(
                "ExternalBuildRequires requires `use_bootstrap` to be set on.",
                "is installed by tools of the bootstrap root",
            );
        }
        External::On => {}
    }
    let parsed = || names.iter().map(|name| (*name, Wanted::parse(name)));
    let unknown: Vec<&str> = parsed()
        .filter(|(_, wanted)| wanted.is_none())
        .map(|(name, _)| name)
        .collect();
    if !unknown.is_empty() {
        return Err(Error::External {
            message: format!("Unknown external dependencies: {}", unknown.join(", ")),
            hint: Some("there are external:pypi:NAME and external:crate:NAME".to_owned()),
        });
    }
    Ok(parsed().filter_map(|(_, wanted)| wanted).collect())
}

/// Installs those of `names` that are external and not there yet. Says whether there were any.
pub(crate) fn install<'n>(
    session: &Session<'_>,
    names: impl IntoIterator<Item = &'n str>,
) -> Result<bool> {
    let root = &session.root;
    let mut wanted = parse(names, root.cx.config.packages.external)?;
    if wanted.is_empty() {
        return Ok(false);
    }
    let installed = root.installed()?;
    wanted.retain(|wanted| !installed.meets(&any_version(wanted.requirement)));
    if wanted.is_empty() {
        return Ok(false);
    }
    let requirements: Vec<&str> = wanted.iter().map(|wanted| wanted.requirement).collect();
    let _step = Step::start(format!("installing {}", requirements.join(", ")));
    for registry in Registry::ALL {
        let ours = wanted.iter().filter(|wanted| wanted.registry == registry);
        let names: Vec<&str> = ours.map(|wanted| wanted.name).collect();
        if !names.is_empty() {
            fetch(root, session.trash, registry, &names)?;
        }
    }
    announce(session, &wanted)?;
    Ok(true)
}

/// Has the registry's tool put `names` into the root.
fn fetch(root: &Buildroot<'_>, trash: &Trash, registry: Registry, names: &[&str]) -> Result<()> {
    let cx = root.cx;
    let Some(bootstrap) = cx.config.bootstrap() else {
        return Ok(());
    };
    let config = &registry.root(bootstrap);
    let tools = bootstrap::open_with(Cx { config, ..cx }, trash, &registry.tools())?;
    let command = registry.command(&root.layout.root.to_string_lossy(), names);
    let mut sink = LogSink::root(cx.live, true);
    let status = root.install_by(&tools.layout.root, &command, &mut sink)?;
    failure(&command, status, &sink).map_or(Ok(()), |message| {
        Err(Error::External {
            message,
            hint: Some(format!(
                "{} could not be installed from outside the distribution; root.log has the whole output",
                names.join(", ")
            )),
        })
    })
}

/// Lets the package manager know what is there.
fn announce(session: &Session<'_>, wanted: &[Wanted<'_>]) -> Result<()> {
    let root = &session.root;
    let home = root.layout.home("external");
    root.inside.remove(&home)?;
    root.inside.create_dir_all(&home, root.user)?;
    let mut staged = Vec::new();
    for wanted in wanted {
        let package = wanted.package();
        let spec = format!("{home}/{package}.spec");
        root.inside
            .write_for(&spec, wanted.spec().as_bytes(), root.user)?;
        // What is here is no result of the build.
        let command = root.cx.config.rpmbuild.command.as_str();
        let line = format!(
            "{} -bb --define {} --define {} {}",
            quote(command),
            quote(&format!("_topdir {home}")),
            quote("_rpmfilename %%{NAME}.rpm"),
            quote(&spec)
        );
        let argv = ["bash", "--login", "-c", &line];
        let mut sink = LogSink::root(false, true);
        let status = root.run_logged(&root.inner_cmd(&argv, &root.as_builder()), &mut sink)?;
        if let Some(message) = failure(&[line], status, &sink) {
            return Err(Error::External {
                message,
                hint: None,
            });
        }
        staged.push(root.stage(&format!("{home}/RPMS/{package}.rpm"))?);
    }
    root.inside.remove(&home)?;
    let files = staged.iter().map(|file| file.path().to_string_lossy());
    let files = files.map(std::borrow::Cow::into_owned).collect();
    root.transaction(session.manager, &Op::Install(files))
        .map(drop)
}

fn failure(command: &[String], status: Status, sink: &LogSink) -> Option<String> {
    (!status.success()).then(|| {
        format!(
            "`{}` failed with {}:\n{}",
            command.join(" "),
            crate::buildroot::describe(status),
            sink.tail().join("\n")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_installed_and_what_is_said_of_the_rest() {
        let found = |names: &[&str], external| {
            let checked = check(names.iter().copied(), external);
            checked.map_err(|error| (error.to_string(), error.exit_code()))
        };
        assert_eq!(found(&["gcc", "external-tools"], External::Off), Ok(()));
        assert_eq!(found(&["gcc", "external:crate:x"], External::On), Ok(()));
        for (names, external, message, code) in [
            (
                &["external:pypi:x"][..],
                External::Off,
                "ExternalBuildRequires are found but support is disabled. See \"external_buildrequires\" in config_opts.",
                1,
            ),
            (
                &["external:pypi:x"],
                External::WithoutBootstrap,
                "ExternalBuildRequires requires `use_bootstrap` to be set on.",
                1,
            ),
            (
                &["external:pypi:x", "external:gem:y", "external:pypi:"],
                External::On,
                "Unknown external dependencies: external:gem:y, external:pypi:",
                31,
            ),
            (
                &["external:pypi:--index-url=http", "external:crate:/tmp/x"],
                External::On,
                "Unknown external dependencies: external:crate:/tmp/x, external:pypi:--index-url=http",
                31,
            ),
        ] {
            assert_eq!(found(names, external), Err((message.to_owned(), code)));
        }
    }

    #[test]
    fn commands_are_the_originals() {
        assert_eq!(
            Registry::Pypi.command("/r", &["a", "b"]).join(" "),
            "/usr/bin/pip3 install --root /r --prefix /usr a b"
        );
        assert_eq!(
            Registry::Crate.command("/r", &["c"]).join(" "),
            "/usr/bin/cargo install --root /r c"
        );
    }

    #[test]
    fn each_is_taken_once() {
        let names = ["external:pypi:b", "external:crate:a", "external:pypi:b"];
        let wanted = parse(names, External::On).unwrap();
        let packages: Vec<String> = wanted.iter().map(Wanted::package).collect();
        assert_eq!(packages, ["external-crate-a", "external-pypi-b"]);
    }
}
