//! `--rebuild` and `--buildsrpm`: source packages in, packages and logs out.

use std::path::{Path, PathBuf};

use super::scrub;
use crate::buildroot::Cx;
use crate::buildroot::trash::Trash;
use crate::cli::command::{ScrubTarget, SpecAndSources};
use crate::error::{Error, Result};
use crate::recipe::buildsrpm::Material;
use crate::recipe::frame::{Cleanup, make_srpm, rebuild};
use crate::recipe::source_package::SourcePackage;
use crate::scm::Checkout;

pub(super) fn run(
    cx: Cx<'_>,
    trash: &Trash,
    srpms: &[String],
    from: &SpecAndSources,
    checkout: Option<&Checkout>,
) -> Result<()> {
    if let Some(checkout) = checkout {
        return from_spec(cx, trash, material(checkout, from));
    }
    let spec = given(cx, from.spec.as_deref(), "specfile")?;
    let sources = given(cx, from.sources.as_deref(), "sources directory or file")?;
    if let Some(spec) = spec.as_deref().filter(|_| srpms.is_empty()) {
        let material = Material {
            spec,
            sources: sources.as_deref(),
            follow_links: from.symlink_dereference,
            checkout: None,
        };
        return from_spec(cx, trash, material);
    }
    // All are checked before the first is built.
    let packages: Vec<SourcePackage> = srpms
        .iter()
        .map(|argument| SourcePackage::for_build(cx, argument))
        .collect::<Result<_>>()?;
    if cx.config.hermetic_build {
        scrub::run(cx, trash, &[ScrubTarget::All])?;
    }
    packages.iter().try_for_each(|package| {
        rebuild(cx, trash, package, spec.as_deref(), cx.config.chroot.clean)
    })
}

pub(super) fn buildsrpm(
    cx: Cx<'_>,
    trash: &Trash,
    from: &SpecAndSources,
    checkout: Option<&Checkout>,
) -> Result<()> {
    if let Some(checkout) = checkout {
        let material = material(checkout, from);
        return make_srpm(cx, trash, material, Cleanup::AsConfigured).map(drop);
    }
    let spec = given(cx, from.spec.as_deref(), "specfile")?.unwrap_or_default();
    let sources = given(cx, from.sources.as_deref(), "sources directory or file")?;
    let material = Material {
        spec: &spec,
        sources: sources.as_deref(),
        follow_links: from.symlink_dereference,
        checkout: None,
    };
    make_srpm(cx, trash, material, Cleanup::AsConfigured).map(drop)
}

fn material<'a>(checkout: &'a Checkout, from: &SpecAndSources) -> Material<'a> {
    Material {
        spec: &checkout.spec,
        sources: Some(&checkout.sources),
        follow_links: from.symlink_dereference,
        checkout: Some(checkout),
    }
}

/// A spec file and its sources in one go: the source package first, then the build in the same root.
fn from_spec(cx: Cx<'_>, trash: &Trash, material: Material<'_>) -> Result<()> {
    let path = make_srpm(cx, trash, material, Cleanup::AfterFailure)?;
    let package = SourcePackage::get(cx, &path.display().to_string())?;
    rebuild(cx, trash, &package, None, false)
}

/// The absolute path of an option's file, which must be there.
fn given(cx: Cx<'_>, path: Option<&Path>, what: &str) -> Result<Option<PathBuf>> {
    let Some(path) = path else { return Ok(None) };
    let full = match path.strip_prefix("~") {
        Ok(rest) => cx.identity.home.join(rest),
        Err(_) => cx.host.cwd.join(path),
    };
    if full.exists() {
        return Ok(Some(full));
    }
    Err(Error::usage(format!(
        "Input {what} does not exist: {}",
        path.display()
    )))
}
