//! The documents of an image: index, manifest, configuration.

use oci_spec::image::{Descriptor, Digest, ImageConfiguration, ImageIndex, ImageManifest};
use serde::Deserialize;

use super::digest;
use super::fault::{Fault, Result};
use super::platform::Platform;

/// No document is larger; registries have the same limit.
pub(super) const LARGEST: u64 = 4 << 20;

/// What registries are asked for.
pub(super) const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
                                 application/vnd.oci.image.manifest.v1+json, \
                                 application/vnd.docker.distribution.manifest.list.v2+json, \
                                 application/vnd.docker.distribution.manifest.v2+json";

/// What a name can lead to.
#[derive(Debug)]
pub(super) enum Top {
    Index(Box<ImageIndex>),
    Manifest(Box<ImageManifest>),
}

/// Enough to tell which it is: the media type may be missing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kind {
    schema_version: u32,
    manifests: Option<serde::de::IgnoredAny>,
}

pub(super) fn top(what: &str, bytes: &[u8]) -> Result<Top> {
    let wrong =
        |error: &dyn std::fmt::Display| Fault::new(format!("{what} is no manifest: {error}"));
    let kind: Kind = serde_json::from_slice(bytes).map_err(|error| wrong(&error))?;
    if kind.schema_version != 2 {
        return Err(Fault::new(format!(
            "{what} has a manifest of version {}, and mock reads version 2",
            kind.schema_version
        )));
    }
    Ok(match kind.manifests {
        Some(_) => {
            let index = ImageIndex::from_reader(bytes).map_err(|error| wrong(&error))?;
            Top::Index(Box::new(index))
        }
        None => {
            let manifest = ImageManifest::from_reader(bytes).map_err(|error| wrong(&error))?;
            Top::Manifest(Box::new(manifest))
        }
    })
}

pub(super) fn configuration(what: &str, bytes: &[u8]) -> Result<ImageConfiguration> {
    ImageConfiguration::from_reader(bytes)
        .map_err(|error| Fault::new(format!("{what} has no configuration of an image: {error}")))
}

/// A layer to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Of the bytes as they are fetched; none where nobody says it.
    pub(super) digest: Option<Digest>,
    pub(super) size: Option<u64>,
    /// Of the archive in it.
    pub(super) diff_id: Digest,
}

/// The layers, lowest first, with what the configuration says of them.
pub(super) fn parts(
    what: &str,
    layers: &[Descriptor],
    configuration: &ImageConfiguration,
) -> Result<Vec<Part>> {
    let diff_ids = diff_ids(configuration)?;
    if diff_ids.len() != layers.len() {
        return Err(Fault::new(format!(
            "{what} has {} layers, and its configuration names {}",
            layers.len(),
            diff_ids.len()
        )));
    }
    let part = |(layer, diff_id): (&Descriptor, Digest)| {
        let kind = layer.media_type().to_string();
        if !kind.contains("tar") || kind.contains("encrypted") {
            return Err(Fault::new(format!(
                "{what} has a layer of type '{kind}', which mock does not read"
            )));
        }
        Ok(Part {
            digest: Some(known(layer.digest())?),
            size: Some(layer.size()),
            diff_id,
        })
    };
    layers.iter().zip(diff_ids).map(part).collect()
}

pub(super) fn diff_ids(configuration: &ImageConfiguration) -> Result<Vec<Digest>> {
    let texts = configuration.rootfs().diff_ids().iter();
    texts.map(|text| digest::parse(text)).collect()
}

/// A digest of a kind that can be compared: only these become names of files.
pub(super) fn known(digest: &Digest) -> Result<Digest> {
    digest::Hasher::like(digest).map(|_| digest.clone())
}

/// For which platform it says it is.
pub(super) fn platform(configuration: &ImageConfiguration) -> Platform {
    Platform {
        os: configuration.os().to_string(),
        architecture: configuration.architecture().to_string(),
        variant: configuration.variant().clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = r#"{"architecture":"amd64","os":"linux","config":{"Cmd":null,"Volumes":{"/x":{}}},
        "rootfs":{"type":"layers","diff_ids":["sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]},
        "history":[{"created":"2026-01-01T00:00:00Z","empty_layer":true}],"docker_version":"1"}"#;

    fn manifest(layers: &str) -> String {
        let digest = digest::of(b"");
        format!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",
               "config":{{"mediaType":"application/vnd.docker.container.image.v1+json","size":2,"digest":"{digest}"}},
               "layers":[{layers}]}}"#
        )
    }

    fn layer(kind: &str) -> String {
        let digest = digest::of(b"");
        format!(r#"{{"mediaType":"{kind}","size":3,"digest":"{digest}"}}"#)
    }

    #[test]
    fn manifests_of_docker_are_manifests() {
        let config = configuration("it", CONFIG.as_bytes()).unwrap();
        assert_eq!(platform(&config).to_string(), "linux/amd64");
        let parts_of = |layers: &str| {
            let Ok(Top::Manifest(manifest)) = top("it", manifest(layers).as_bytes()) else {
                panic!("it is one");
            };
            parts("it", manifest.layers(), &config)
        };
        let gzip = layer("application/vnd.docker.image.rootfs.diff.tar.gzip");
        let found = parts_of(&gzip).unwrap();
        assert_eq!(found[0].size, Some(3));
        assert!(parts_of("").is_err());
        assert!(parts_of(&format!("{gzip},{gzip}")).is_err());
        assert!(
            parts_of(&layer(
                "application/vnd.oci.image.layer.v1.tar+gzip+encrypted"
            ))
            .is_err()
        );
        assert!(parts_of(&layer("text/plain")).is_err());
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in [
            "",
            "{}",
            "[]",
            r#"{"schemaVersion":1,"fsLayers":[]}"#,
            r#"{"schemaVersion":2}"#,
            r#"{"schemaVersion":2,"manifests":[{}]}"#,
            r#"{"schemaVersion":2,"config":{"mediaType":"x","size":1,"digest":"../../etc/passwd"},"layers":[]}"#,
        ] {
            assert!(top("it", text.as_bytes()).is_err(), "{text}");
        }
        assert!(matches!(
            top("it", br#"{"schemaVersion":2,"manifests":[]}"#),
            Ok(Top::Index(_))
        ));
    }
}
