//! Images of containers: what they are called, where they are, and getting them, by mock itself.
//!
//! [`find`] says which image a reference means: its digest, its platform, its layers. That costs one
//! question to a registry. [`Found::fetch`] has the layers on disk, each what its digest says. What
//! is done with them (`buildroot/image.rs`), and whether an image is for a build root or for
//! something else, is not known here.

mod content;
mod credentials;
pub(crate) mod digest;
mod documents;
pub(crate) mod export;
pub(crate) mod fault;
mod fetch;
mod files;
mod inspected;
mod platform;
mod reference;
pub(crate) mod registries;
mod registry;
mod remote;
mod store;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

use indexmap::IndexMap;
use oci_spec::image::{Descriptor, Digest};

pub(crate) use content::Content;
use documents::{Part, Top};
pub(crate) use fault::{Fault, Result};
use files::Shelf;
pub(crate) use platform::Platform;
pub(crate) use reference::Reference;
use registries::Registries;
pub(crate) use store::Store;

/// An image somebody wants.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) reference: String,
    /// Which one, where there are several.
    pub(crate) platform: Platform,
    /// Only what was pulled before.
    pub(crate) skip_pull: bool,
    /// A name that was looked up no longer ago is not looked up again.
    pub(crate) max_age: Duration,
    /// What the digest of the image, of the index it is in, or of its content must be.
    pub(crate) assert_digest: Option<String>,
    /// For how long pulling is tried again.
    pub(crate) keep_getting: Duration,
    /// For one try; zero is no limit.
    pub(crate) pull_timeout: Duration,
}

/// What getting an image needs of the machine.
pub(crate) struct Means<'a> {
    pub(crate) store: &'a Store,
    /// Relative paths begin here.
    pub(crate) cwd: &'a Path,
    pub(crate) proxies: &'a IndexMap<String, String>,
    pub(crate) registries: Registries,
    /// Texts of files with names and passwords.
    pub(crate) credentials: Vec<String>,
    /// Files of images are opened as the caller.
    pub(crate) identity: &'a crate::identity::Identity,
    /// Asked again and again: an error ends the work.
    pub(crate) check: &'a dyn Fn() -> crate::error::Result<()>,
}

impl std::fmt::Debug for Means<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Means")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

/// The image that a reference means. Its layers are not there yet.
#[derive(Debug)]
pub(crate) struct Found {
    /// The reference, for messages.
    what: String,
    /// Digest of the index it was chosen from.
    pub(crate) index: Option<String>,
    /// Digest of its manifest: what tells it from all others.
    pub(crate) digest: String,
    /// What podman calls the image's id.
    pub(crate) config_digest: String,
    /// Of what podman shows of its configuration and layers: lockfiles have it.
    pub(crate) content_digest: String,
    /// For which it says it is.
    pub(crate) platform: Platform,
    parts: Vec<Part>,
    source: Source,
}

#[derive(Debug)]
enum Source {
    /// Not said yet.
    None,
    /// Files, and the name of each layer.
    Files {
        shelf: Shelf,
        names: Vec<String>,
    },
    /// Only the store.
    Store,
    Registry(registry::Shared),
}

/// An image on disk, every byte of it what it must be.
#[derive(Debug)]
pub(crate) struct Image {
    /// The reference, for messages.
    pub(crate) what: String,
    /// The lowest first.
    pub(crate) layers: Vec<Layer>,
}

/// An archive of files, to be laid over what is below.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) content: Content,
    /// Of the archive without its compression.
    pub(crate) diff_id: Digest,
}

impl Found {
    fn from(self, source: Source) -> Self {
        Self { source, ..self }
    }

    /// Nobody was asked: it was pulled before.
    pub(crate) fn was_known(&self) -> bool {
        matches!(self.source, Source::Store)
    }

    fn is(&self, digest: &Digest) -> bool {
        let digest = digest.to_string();
        [&self.digest, &self.content_digest].contains(&&digest)
            || self.index.as_ref() == Some(&digest)
    }
}

/// Finds the image.
pub(crate) fn find(wanted: &Wanted, means: &Means<'_>) -> Result<Found> {
    let asserted = wanted.assert_digest.as_deref().map(digest::parse);
    let asserted = asserted.transpose()?;
    let reference = Reference::parse(&wanted.reference, means.cwd)?;
    let found = match &reference {
        Reference::Registry(remote) => remote::find(remote, wanted, means)?,
        files => means
            .identity
            .as_caller(|| Ok(files::find(files, &wanted.platform)))??,
    };
    match asserted {
        Some(digest) if !found.is(&digest) => Err(Fault::new(format!(
            "{reference} has digest {}, and must have {digest}",
            found.index.as_ref().unwrap_or(&found.digest)
        ))
        .hinted(format!(
            "the digest of its configuration and layers, as lockfiles have it, is {}",
            found.content_digest
        ))),
        _ => Ok(found),
    }
}

/// What a manifest says, with its configuration.
fn found(
    what: &str,
    index: Option<String>,
    digest: &str,
    manifest: &[u8],
    get: impl FnOnce(&Descriptor) -> Result<Vec<u8>>,
) -> Result<Found> {
    let Top::Manifest(manifest) = documents::top(what, manifest)? else {
        return Err(Fault::new(format!(
            "{what} is an index within an index, which mock does not read"
        )));
    };
    documents::known(manifest.config().digest())?;
    if manifest.config().size() > documents::LARGEST {
        return Err(Fault::new(format!(
            "{what} has a configuration of {} bytes",
            manifest.config().size()
        )));
    }
    let configuration = documents::configuration(what, &get(manifest.config())?)?;
    Ok(Found {
        what: what.to_owned(),
        index,
        digest: digest.to_owned(),
        config_digest: manifest.config().digest().to_string(),
        content_digest: inspected::content_digest(what, &configuration)?,
        platform: documents::platform(&configuration),
        parts: documents::parts(what, manifest.layers(), &configuration)?,
        source: Source::None,
    })
}
