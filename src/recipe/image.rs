//! A root that begins with an image: which one, and what is to be done beyond it.

use std::time::Duration;

use crate::buildroot::cache::{Request, Watch};
use crate::buildroot::{Buildroot, image};
use crate::config::Image;
use crate::error::{Error, Result};
use crate::lockfile;
use crate::oci::{Fault, Found, Wanted};

use super::made_of;

/// Puts the configured image into the root, which is empty; the work of earlier roots with the same
/// image is used again. Gives the image that is there now.
pub(super) fn begin(root: &Buildroot<'_>) -> Result<Option<lockfile::Image>> {
    with_image(root, |chosen| {
        tracing::info!("Using image {} ({})", chosen.reference, chosen.found.digest);
        tracing::debug!("the image's id is {}", chosen.found.config_digest);
        let request = Request::image(root, &chosen.found.digest);
        let described = made_of::described(&chosen.found);
        root.cached(&request, &[], |watch| fill(root, chosen, watch))?;
        Ok(described)
    })
}

/// The digest of the configured image, if one can be had.
pub(super) fn digest(root: &Buildroot<'_>) -> Result<Option<String>> {
    with_image(root, |chosen| Ok(chosen.found.digest))
}

struct Chosen {
    reference: String,
    found: Found,
    wanted: Wanted,
}

/// Does something with the configured image. Nothing without one, or when it cannot be had and
/// packages are to be installed then.
fn with_image<T>(root: &Buildroot<'_>, work: impl Fn(Chosen) -> Result<T>) -> Result<Option<T>> {
    let Some(config) = &root.cx.config.buildroot_image else {
        return Ok(None);
    };
    let done = choose(root, config, config.max_age).and_then(|chosen| {
        let known = chosen.found.was_known() && !config.skip_pull;
        match work(chosen) {
            // What the name led to a while ago is not all there any more.
            Err(Error::Image { .. }) if known => {
                choose(root, config, Duration::ZERO).and_then(&work)
            }
            done => done,
        }
    });
    match done {
        Ok(value) => Ok(Some(value)),
        Err(Error::Image { message, .. }) if config.fallback => {
            tracing::warn!(
                "Using image {} failed, falling back to chroot installation: {message}",
                config.reference
            );
            if root.keeps_states() {
                root.start_from(None, &[])?;
            }
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn choose(root: &Buildroot<'_>, config: &Image, max_age: Duration) -> Result<Chosen> {
    let chroot = &root.cx.config.chroot;
    let arch = chroot.forcearch.as_ref().unwrap_or(&chroot.target_arch);
    let failed = |fault| image::error(fault, chroot);
    let mut wanted = image::wanted(root.cx, config, arch).map_err(failed)?;
    wanted.max_age = max_age;
    let found = image::find(root.cx, &wanted).map_err(failed)?;
    if !wanted.platform.takes(&found.platform) {
        let message = format!(
            "image {} is for {}, and the root for {}",
            config.reference, found.platform, wanted.platform
        );
        if chroot.is_bootstrap {
            // Its programs are to run.
            return Err(failed(Fault::new(message)));
        }
        tracing::warn!("{message}");
    }
    Ok(Chosen {
        reference: config.reference.clone(),
        found,
        wanted,
    })
}

fn fill(root: &Buildroot<'_>, chosen: Chosen, watch: &Watch) -> Result<()> {
    let Chosen { found, wanted, .. } = chosen;
    let failed = |fault| image::error(fault, &root.cx.config.chroot);
    let digest = found.digest.clone();
    let image = image::fetch(root.cx, found, &wanted).map_err(failed)?;
    let _step = root.step("unpacking image");
    root.unpack_image(&image).map_err(failed)?;
    if root.cx.config.chroot.is_bootstrap {
        root.make_skeleton()?;
        made_of::note_manager(root)?;
    }
    watch.say(digest);
    Ok(())
}

/// Whether an image is all that the root needs: it says so, and nothing more is asked for.
pub(super) fn is_ready(config: &Image, asked: &[(&str, bool)]) -> bool {
    let more: Vec<&str> = asked
        .iter()
        .filter(|(_, given)| *given)
        .map(|(key, _)| *key)
        .collect();
    match (config.ready, more.as_slice()) {
        (false, _) => false,
        (true, []) => {
            tracing::info!("The image has everything: nothing is installed");
            true
        }
        (true, more) => {
            tracing::info!(
                "The image would be ready, but packages are installed because of {}",
                more.join(", ")
            );
            false
        }
    }
}
