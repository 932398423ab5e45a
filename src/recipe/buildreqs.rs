//! Build requirements: what the source package says, what configuration and plugins add, and what
//! the spec file itself generates.

use crate::buildroot::Buildroot;
use crate::buildroot::cache::{Answer, Request};
use crate::error::{Error, Result};
use crate::package_manager::{self, Op};
use crate::rpm::header::SourceHeader;
use crate::rpm::requires::{self, Installed, Requirement};

use super::external;
use super::init::refresh;
use super::open::Session;

/// Opens a source package inside the root, as the caller.
pub(super) fn read_header(root: &Buildroot<'_>, inside: &str) -> Result<SourceHeader> {
    root.cx.identity.as_caller(|| {
        let file = root.inside.open_file(inside)?;
        SourceHeader::read(file.into_file(), &root.layout.host(inside))
    })
}

/// Whether the build user's home holds what cannot be had again by unpacking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Built {
    Nothing,
    Partly,
}

/// What a round of requirements came to.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) installed: Installed,
    /// What was asked, when something was missing.
    pub(super) asked: Option<Request>,
    /// The head was started anew: what was in the build user's home is gone unless it was carried.
    pub(super) anew: bool,
}

/// Brings in what the source package at `inside` requires. The package manager is not started when
/// everything is certainly there, nor when a state that has it is kept.
pub(super) fn install(
    session: &Session<'_>,
    inside: &str,
    header: &SourceHeader,
    before: Installed,
    built: Built,
) -> Result<Round> {
    let (root, manager) = (&session.root, session.manager);
    let names = header.requires.iter().map(|r| r.name.as_str());
    let before = match external::install(session, names)? {
        true => root.installed()?,
        false => before,
    };
    let mut ops = Vec::new();
    let extra: Vec<String> = preconfigured(session, header)
        .into_iter()
        .filter(|name| !before.meets(&any_version(name)))
        .collect();
    let exists = |path: &str| root.inside.exists(path);
    let missing = requires::missing(&header.requires, &before, exists);
    if missing.is_empty() && extra.is_empty() {
        return Ok(Round {
            installed: before,
            asked: None,
            anew: false,
        });
    }
    let mut words: Vec<String> = header.requires.iter().map(|r| format!("{r:?}")).collect();
    words.sort();
    words.push(format!("{extra:?}"));
    if !extra.is_empty() {
        if package_manager::of(manager).resolves_first() {
            ops.push(Op::Resolve(extra.clone()));
        }
        ops.push(Op::Install(extra));
    }
    // Outside the root, which may be started anew before the package manager reads it.
    let staged = root.stage(inside)?;
    if !missing.is_empty() {
        tracing::debug!(
            "build requirements to install: {}",
            missing
                .iter()
                .map(|requirement| requirement.name.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        );
        let path = staged.path().to_string_lossy().into_owned();
        ops.push(Op::Builddep(vec![path]));
    }
    let request = Request::requirements(root, manager, &header.name, &words);
    let carry = root.layout.build_users();
    let carries = root.storage.states().is_some_and(|s| s.carries());
    let carry: Vec<&str> = match built {
        Built::Nothing if !carries => Vec::new(),
        Built::Nothing | Built::Partly => carry.iter().map(String::as_str).collect(),
    };
    let answer = root.cached(&request, &carry, |watch| {
        refresh(root, manager)?;
        root.transactions(manager, &ops, watch)
            .map(drop)
            .map_err(|error| explain(error, header))
    })?;
    if answer != Answer::InPlace {
        refresh(root, manager)?;
        root.make_home(false)?;
        root.make_mount_targets()?;
    }
    Ok(Round {
        installed: root.installed()?,
        asked: Some(request),
        anew: answer != Answer::InPlace && carry.is_empty(),
    })
}

/// Says who needs what could not be installed.
fn explain(error: Error, header: &SourceHeader) -> Error {
    match error {
        Error::PackageManager {
            command,
            status,
            mut cause,
            log,
            hint,
        } => {
            for line in &mut cause {
                if let Some(requirement) = header.requires.iter().find(|r| names(line, &r.name)) {
                    line.push_str(&format!(
                        " (BuildRequires: {} of {})",
                        requirement.name, header.name
                    ));
                }
            }
            Error::PackageManager {
                command,
                status,
                cause,
                log,
                hint,
            }
        }
        other => other,
    }
}

fn names(line: &str, name: &str) -> bool {
    line.contains(&format!("'{name}'"))
        || line
            .split_whitespace()
            .any(|word| word.trim_end_matches([',', ':']) == name)
}

pub(super) fn any_version(name: &str) -> Requirement {
    Requirement {
        name: name.to_owned(),
        less: false,
        greater: false,
        equal: false,
        of_rpm: false,
        version: String::new(),
    }
}

/// Packages that plugins, `--additional-package` and `more_buildreqs` ask for.
pub(super) fn preconfigured(session: &Session<'_>, header: &SourceHeader) -> Vec<String> {
    let packages = &session.root.cx.config.packages;
    let mut wanted = session.root.extras.packages.clone();
    wanted.extend(packages.additional_packages.iter().cloned());
    let SourceHeader {
        name,
        version,
        release,
        ..
    } = header;
    for key in [
        format!("{name}-{version}-{release}"),
        format!("{name}-{version}"),
        name.clone(),
    ] {
        if let Some(more) = packages.more_buildreqs.get(&key) {
            wanted.extend(more.iter().cloned());
            break;
        }
    }
    wanted
}

/// The paths of files in a directory of `%_topdir` that `wanted` accepts. Links and devices are
/// none: rpmbuild makes no such results, but a build may plant them.
pub(super) fn topdir_files(
    root: &Buildroot<'_>,
    directory: &str,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<String>> {
    let directory = root.layout.topdir(directory);
    let names = root.inside.list(&directory)?;
    Ok(names
        .iter()
        .filter(|name| wanted(name))
        .map(|name| format!("{directory}/{name}"))
        .filter(|path| root.inside.is_own_file(path))
        .collect())
}
