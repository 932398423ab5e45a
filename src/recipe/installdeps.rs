//! `--installdeps`: what source packages, binary packages and spec files require, in one root.
//!
//! A spec file is read inside the root: its macros decide what is required, and the root's rpm and
//! macro packages are the ones that will build it. The requirements of a binary package are those
//! it has when it is installed.

use std::path::{Path, PathBuf};

use crate::buildroot::Buildroot;
use crate::error::{Error, Result};
use crate::package_manager::Op;
use crate::report::LogSink;
use crate::rpm::requires::{Installed, Requirement, missing};
use crate::rpm::rpmbuild::quote;

use super::buildreqs::{any_version, preconfigured};
use super::external;
use super::open::Session;
use super::source_package::SourcePackage;

/// Something whose requirements are asked for, checked before the root is made.
#[derive(Debug)]
pub(crate) enum Material {
    Package(Box<SourcePackage>),
    Spec(PathBuf),
}

pub(crate) fn installdeps(session: &Session<'_>, materials: &[Material]) -> Result<()> {
    let root = &session.root;
    let mut installed = root.installed()?;
    let mut names = Vec::new();
    let mut srpms = Vec::new();
    let external = |requires: &[Requirement], before: Installed| {
        let names = requires.iter().map(|r| r.name.as_str());
        match external::install(session, names)? {
            true => root.installed(),
            false => Ok(before),
        }
    };
    for material in materials {
        match material {
            Material::Package(package) if package.header.is_source => {
                installed = external(&package.header.requires, installed)?;
                let extra = preconfigured(session, &package.header);
                let extra = extra
                    .into_iter()
                    .filter(|name| !installed.meets(&any_version(name)));
                names.extend(extra);
                srpms.push(package.path.to_string_lossy().into_owned());
            }
            Material::Package(package) => {
                let requires = package.header.requires_of_others();
                names.extend(wanted(root, &requires, &installed));
            }
            Material::Spec(path) => {
                let requires = required_by(root, path)?;
                installed = external(&requires, installed)?;
                names.extend(wanted(root, &requires, &installed));
            }
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    if !names.is_empty() {
        root.transaction(session.manager, &Op::Install(names))?;
    }
    if !srpms.is_empty() {
        root.transaction(session.manager, &Op::Builddep(srpms))?;
    }
    Ok(())
}

/// What is not certainly there, as the package manager takes it.
fn wanted(root: &Buildroot<'_>, requires: &[Requirement], installed: &Installed) -> Vec<String> {
    missing(requires, installed, |path| root.inside.exists(path))
        .into_iter()
        .map(Requirement::to_string)
        .collect()
}

/// The build requirements of a spec file, by the root's own rpm.
fn required_by(root: &Buildroot<'_>, spec: &Path) -> Result<Vec<Requirement>> {
    let name = spec.file_name().unwrap_or_default().to_string_lossy();
    let inside = root.layout.topdir(&format!("SPECS/{name}"));
    root.copy_in_file(spec, &inside)?;
    let arch = quote(&root.cx.config.rpmbuild.arch);
    let line = format!(
        "rpmspec -q --buildrequires --target {arch} {}",
        quote(&inside)
    );
    let mut sink = LogSink::root(false, true).without_stderr();
    // A login shell, as for rpmbuild.
    let cmd = root.inner_cmd(&["bash", "--login", "-c", &line], &root.as_builder());
    let status = root.run_logged(&cmd, &mut sink)?;
    if !status.success() {
        return Err(Error::Srpm {
            message: format!(
                "cannot read the build requirements of {}:\n{}",
                spec.display(),
                sink.tail().join("\n")
            ),
            hint: (status.code() == 127).then(|| {
                "rpmspec is not in the root; its package is rpm-build: give \
                 --config-opts=chroot_additional_packages=rpm-build"
                    .to_owned()
            }),
        });
    }
    let text = sink.captured_text();
    Ok(text.lines().filter_map(Requirement::parse).collect())
}
