//! Finding an image in a registry, or in what was pulled from one before.

use std::sync::Arc;

use oci_spec::image::{Descriptor, Digest};

use super::digest;
use super::documents::{self, LARGEST, Top};
use super::fault::{Fault, Result};
use super::fetch::{End, attempts};
use super::platform::choose;
use super::reference::Remote;
use super::registries::Place;
use super::registry::{Registry, Shared, patiently};
use super::store::Record;
use super::{Found, Means, Source, Wanted, credentials, found};

pub(super) fn find(remote: &Remote, wanted: &Wanted, means: &Means<'_>) -> Result<Found> {
    let places = means.registries.places(remote)?;
    let mut last = Fault::new(format!("{remote}: there is nowhere to look"));
    for place in &places {
        // What is named by its digest is always the same.
        let fixed = place.name.digest().is_some();
        let known = || means.store.is_known(&key(place, wanted), wanted.max_age);
        if !wanted.skip_pull
            && (fixed || known())
            && let Ok(found) = in_store(place, wanted, means)
            && found.is_whole(means)
        {
            return Ok(found);
        }
        let done = match wanted.skip_pull {
            true => in_store(place, wanted, means),
            false => attempts(wanted, means, &place.name.to_string(), |end| {
                ask(place, wanted, means, end)
            }),
        };
        match done {
            // Another registry may have it.
            Err(fault @ (Fault::Final(_) | Fault::Passing(_))) => last = fault,
            done => return done,
        }
    }
    Err(last)
}

/// What an image is remembered by.
fn key(place: &Place, wanted: &Wanted) -> String {
    format!("{} {}", place.name, wanted.platform)
}

fn ask(place: &Place, wanted: &Wanted, means: &Means<'_>, end: End) -> Result<Found> {
    let (registry, name) = (place.name.registry(), place.name.repository());
    let credentials = credentials::find(&means.credentials, registry, name);
    let registry: Shared = {
        let (place, proxies) = (place.clone(), means.proxies.clone());
        let open = move || Registry::open(&place, credentials, &proxies, end);
        Arc::new(patiently(means.check, open)?)
    };
    let what = place.name.to_string();
    let top = {
        let registry = Arc::clone(&registry);
        patiently(means.check, move || registry.manifest(None, end))?
    };
    // A registry that is asked for a digest may still answer with something else.
    let digest = match place.name.digest() {
        Some(said) => {
            let said = digest::parse(said)?;
            digest::check(&what, &top, &said)?;
            said
        }
        None => digest::parse(&digest::of(&top))?,
    };
    let keep = |bytes: &[u8], digest: &Digest| {
        let _held = means.store.in_use(means.check)?;
        let size = Some(bytes.len() as u64);
        means.store.keep(&what, bytes, digest, size).map(drop)
    };
    keep(&top, &digest)?;
    let get = |descriptor: &Descriptor, manifest: bool| -> Result<Vec<u8>> {
        let digest = documents::known(descriptor.digest())?;
        if let Some(bytes) = means.store.read(&digest, LARGEST) {
            return Ok(bytes);
        }
        let registry = Arc::clone(&registry);
        let text = digest.to_string();
        let bytes = patiently(means.check, move || match manifest {
            true => registry.manifest(Some(&text), end),
            false => digest::read_all(&text, registry.blob(&text, end)?, LARGEST),
        })?;
        digest::check(&what, &bytes, &digest)?;
        keep(&bytes, &digest)?;
        Ok(bytes)
    };
    let (index, digest, manifest) = match documents::top(&what, &top)? {
        Top::Manifest(_) => (None, digest, top),
        Top::Index(index) => {
            let entry = choose(&index, &wanted.platform).map_err(|fault| fault.about(&what))?;
            let manifest = get(entry, true)?;
            (Some(digest.to_string()), entry.digest().clone(), manifest)
        }
    };
    let digest = digest.to_string();
    let found = found(&what, index.clone(), &digest, &manifest, |config| {
        get(config, false)
    })?;
    means.store.remember(&Record {
        name: key(place, wanted),
        index,
        manifest: digest,
    })?;
    Ok(found.from(Source::Registry(registry)))
}

/// Without asking anybody.
fn in_store(place: &Place, wanted: &Wanted, means: &Means<'_>) -> Result<Found> {
    let what = place.name.to_string();
    let missing = || {
        Fault::new(format!(
            "{what} is not in the cache, and is not to be pulled"
        ))
        .hinted("let it be pulled once: skip_pull = false, and not --offline")
    };
    let _held = means.store.in_use(means.check)?;
    let record = means.store.recall(&key(place, wanted)).or_else(|| {
        // The digest may be of an image that was pulled by another name.
        place.name.digest().map(|digest| Record {
            name: what.clone(),
            index: None,
            manifest: digest.to_owned(),
        })
    });
    let record = record.ok_or_else(missing)?;
    let get = |digest: &Digest| {
        let bytes = means.store.read(&documents::known(digest)?, LARGEST);
        bytes.ok_or_else(missing)
    };
    let manifest = get(&digest::parse(&record.manifest)?)?;
    let found = found(&what, record.index, &record.manifest, &manifest, |config| {
        get(config.digest())
    })?;
    Ok(found.from(Source::Store))
}
