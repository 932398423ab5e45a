//! Build requirements: what the source package says, what configuration and plugins add, and what
//! the spec file itself generates.

use crate::buildroot::Buildroot;
use crate::error::{Error, Result};
use crate::package_manager::Op;
use crate::rpm::header::SourceHeader;
use crate::rpm::requires::{self, Installed, Requirement};

use super::open::Session;

/// Opens a source package inside the root, as the caller.
pub(super) fn read_header(root: &Buildroot<'_>, inside: &str) -> Result<SourceHeader> {
    root.cx.identity.as_caller(|| {
        let file = root.inside.open_file(inside)?;
        SourceHeader::read(file.into_file(), &root.layout.host(inside))
    })
}

/// Installs what the source package at `inside` requires. Gives what is installed afterwards. The
/// package manager is not started when everything is certainly there.
pub(super) fn install(
    session: &Session<'_>,
    inside: &str,
    header: &SourceHeader,
    before: Installed,
) -> Result<Installed> {
    let root = &session.root;
    let mut changed = false;
    let extra: Vec<String> = preconfigured(session, header)
        .into_iter()
        .filter(|name| !before.meets(&any_version(name)))
        .collect();
    if !extra.is_empty() {
        root.transaction(session.manager, &Op::Install(extra))?;
        changed = true;
    }
    let exists = |path: &str| root.inside.exists(path);
    let missing = requires::missing(&header.requires, &before, exists);
    if !missing.is_empty() {
        tracing::debug!(
            "build requirements to install: {}",
            missing
                .iter()
                .map(|requirement| requirement.name.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        );
        let staged = root.stage(inside)?;
        let path = staged.path().to_string_lossy().into_owned();
        root.transaction(session.manager, &Op::Builddep(vec![path]))
            .map_err(|error| explain(error, header))?;
        changed = true;
    }
    if changed {
        root.installed()
    } else {
        Ok(before)
    }
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

fn any_version(name: &str) -> Requirement {
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
fn preconfigured(session: &Session<'_>, header: &SourceHeader) -> Vec<String> {
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
