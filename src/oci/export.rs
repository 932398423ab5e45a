//! The documents of an image of one layer, as an OCI archive has them.

use std::collections::HashMap;

use oci_spec::image::{
    Arch, ConfigBuilder, Descriptor, Digest, HistoryBuilder, ImageConfigurationBuilder,
    ImageIndexBuilder, ImageManifestBuilder, MediaType, OciLayoutBuilder, Os, RootFsBuilder,
};

use super::digest;
use super::platform::Platform;
use crate::error::{Error, Result};

/// The layer, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) digest: String,
    pub(crate) diff_id: String,
    pub(crate) size: u64,
}

/// What else is said of the image.
#[derive(Debug, Clone)]
pub(crate) struct About {
    pub(crate) platform: Platform,
    /// `USER:GROUP`
    pub(crate) user: String,
    pub(crate) env: Vec<String>,
    /// RFC 3339
    pub(crate) created: String,
    /// What it is called within the archive.
    pub(crate) name: String,
}

/// Where a part is in an archive.
pub(crate) fn path_of(digest: &str) -> String {
    format!("blobs/{}", digest.replacen(':', "/", 1))
}

/// Names and content of all files but the layer.
pub(crate) fn documents(layer: &Written, about: &About) -> Result<Vec<(String, Vec<u8>)>> {
    build(layer, about)
        .map_err(|error| Error::command(format!("cannot describe the image: {error}")))
}

fn build(layer: &Written, about: &About) -> oci_spec::Result<Vec<(String, Vec<u8>)>> {
    let history = HistoryBuilder::default()
        .created(about.created.as_str())
        .created_by("mock")
        .build()?;
    let config = ConfigBuilder::default()
        .user(about.user.as_str())
        .env(about.env.clone())
        .cmd(vec!["/bin/bash".to_owned()])
        .build()?;
    let mut configuration = ImageConfigurationBuilder::default()
        .created(about.created.as_str())
        .architecture(Arch::from(about.platform.architecture.as_str()))
        .os(Os::from(about.platform.os.as_str()))
        .config(config)
        .rootfs(
            RootFsBuilder::default()
                .diff_ids(vec![layer.diff_id.clone()])
                .build()?,
        )
        .history(vec![history]);
    if let Some(variant) = &about.platform.variant {
        configuration = configuration.variant(variant.as_str());
    }
    let configuration = configuration.build()?.to_string()?.into_bytes();
    let configuration_at = descriptor(MediaType::ImageConfig, &configuration)?;

    let manifest = ImageManifestBuilder::default()
        .schema_version(2u32)
        .media_type(MediaType::ImageManifest)
        .config(configuration_at.clone())
        .layers(vec![Descriptor::new(
            MediaType::ImageLayerGzip,
            layer.size,
            Digest::try_from(layer.digest.as_str())?,
        )])
        .build()?
        .to_string()?
        .into_bytes();
    let mut manifest_at = descriptor(MediaType::ImageManifest, &manifest)?;
    manifest_at.set_annotations(Some(HashMap::from([(
        "org.opencontainers.image.ref.name".to_owned(),
        about.name.clone(),
    )])));

    let index = ImageIndexBuilder::default()
        .schema_version(2u32)
        .manifests(vec![manifest_at.clone()])
        .build()?
        .to_string()?
        .into_bytes();
    let marker = OciLayoutBuilder::default()
        .image_layout_version("1.0.0")
        .build()?
        .to_string()?
        .into_bytes();
    Ok(vec![
        (path_of(configuration_at.digest().as_ref()), configuration),
        (path_of(manifest_at.digest().as_ref()), manifest),
        ("index.json".to_owned(), index),
        ("oci-layout".to_owned(), marker),
    ])
}

fn descriptor(kind: MediaType, bytes: &[u8]) -> oci_spec::Result<Descriptor> {
    let digest = Digest::try_from(digest::of(bytes).as_str())?;
    Ok(Descriptor::new(kind, bytes.len() as u64, digest))
}
