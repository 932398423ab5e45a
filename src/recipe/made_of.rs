//! What a bootstrap root says of itself, in files at its top: by what it is told from others, which
//! image it began with, which package manager is in it.
//!
//! Another mock may have made it, so whoever needs to know reads it there.

use crate::buildroot::Buildroot;
use crate::buildroot::tools::Tools;
use crate::error::{Error, Result};
use crate::lockfile::Image;
use crate::oci::Found;

const IDENTITY: &str = ".bootstrap";

const IMAGE: &str = ".bootstrap-image";

/// A line per package.
const MANAGER: &str = ".bootstrap-manager";

/// Packages that decide how a build root is filled.
const MANAGERS: [&str; 9] = [
    "rpm",
    "rpm-sequoia",
    "python3-dnf",
    "python3-dnf-plugins-core",
    "yum",
    "yum-utils",
    "dnf5",
    "dnf5-plugins",
    "microdnf",
];

pub(super) fn identity(root: &Buildroot<'_>) -> Result<String> {
    text(root, IDENTITY)
}

/// Where the package manager of a root that has this bootstrap runs.
pub(super) fn tools(root: &Buildroot<'_>) -> Result<Tools> {
    let identity = identity(root)?;
    // Of the host's programs there is none: what they make must not pass for what this root's make.
    if identity.is_empty() {
        return Err(Error::command(format!(
            "{} does not say what it is made of, it was not made to the end: remove it with `mock --scrub=bootstrap`",
            root.layout.root.display()
        )));
    }
    let image = text(root, IMAGE)?;
    Ok(Tools::Bootstrap {
        tree: root.layout.root.clone(),
        identity,
        // It is written whole, by mock itself.
        image: serde_json::from_str(&image).ok(),
        manager: text(root, MANAGER)?.lines().map(str::to_owned).collect(),
    })
}

fn text(root: &Buildroot<'_>, name: &str) -> Result<String> {
    let text = root.inside.read(name)?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The root is complete.
pub(super) fn note(root: &Buildroot<'_>, identity: &str, image: Option<&Image>) -> Result<()> {
    match image {
        Some(image) => {
            let text = serde_json::to_vec(image)
                .map_err(|error| Error::io("write", IMAGE)(error.into()))?;
            root.inside.write_if_changed(IMAGE, &text)?;
        }
        None => root.inside.remove(IMAGE)?,
    }
    root.inside.write_if_changed(IDENTITY, identity.as_bytes())
}

/// Packages have come into the root. It is asked once: the answer is part of the state.
pub(super) fn note_manager(root: &Buildroot<'_>) -> Result<()> {
    // An image need not have rpm.
    let installed = root.query("%{NAME} %{NVRA}\\n").unwrap_or_else(|error| {
        tracing::debug!("{error}");
        String::new()
    });
    root.inside
        .write_if_changed(MANAGER, managers(&installed).as_bytes())
}

/// Those of `NAME NVRA` lines that count, in their order.
fn managers(installed: &str) -> String {
    let mut text = String::new();
    for name in MANAGERS {
        for line in installed.lines() {
            if let Some((_, package)) = line.split_once(' ').filter(|(other, _)| *other == name) {
                text.push_str(package);
                text.push('\n');
            }
        }
    }
    text
}

/// Says which package manager fills the build root, as the original does. The host's is not asked:
/// that would take a program's run in every build.
pub(super) fn announce(root: &Buildroot<'_>) {
    let Tools::Bootstrap { image, manager, .. } = root.tools() else {
        return;
    };
    if manager.is_empty() {
        return;
    }
    let how = match image {
        Some(_) => "downloaded with a bootstrap image",
        None => "installed into bootstrap",
    };
    tracing::info!(
        "Buildroot is handled by package management {how}:\n  {}",
        manager.join("\n  ")
    );
}

/// An image as lockfiles describe it.
pub(super) fn described(found: &Found) -> Image {
    let id = found.config_digest.rsplit(':').next();
    Image {
        architecture: found.platform.architecture.clone(),
        id: id.unwrap_or_default().to_owned(),
        image_digest: found.content_digest.clone(),
        pull_digest: found.digest.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_managers_among_packages() {
        let installed = "dnf5 dnf5-5.4-1.x86_64\nbash bash-5-1.x86_64\nrpm-build rpm-build-6-1.x86_64\n\
                         rpm rpm-6-1.x86_64\n";
        assert_eq!(managers(installed), "rpm-6-1.x86_64\ndnf5-5.4-1.x86_64\n");
        assert_eq!(managers(""), "");
    }
}
