//! `buildroot_lock.json`: the exact packages of a build root, and what else makes it again.
//!
//! The format is the original's, schema 1.1.0: programs that fetch the packages read it. The plugin
//! buildroot_lock writes it, `--hermetic-build` reads it.

mod packages;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Result};

pub(crate) use packages::{QUERY, Rpm, parse};

/// The file's name in a result directory.
pub(crate) const NAME: &str = "buildroot_lock.json";

const VERSION: &str = "1.1.0";

/// What is read of a file at most, in bytes: ten thousand packages take four million.
const SIZE_LIMIT: u64 = 64 << 20;

// Fields are in alphabetical order, which is the file's.

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(expecting = "a table with version, buildroot, bootstrap and config")]
pub(crate) struct Lockfile {
    /// The image that the bootstrap root was made of; none is an empty table.
    #[serde(
        default,
        serialize_with = "or_empty",
        deserialize_with = "unless_empty"
    )]
    pub(crate) bootstrap: Option<Image>,
    pub(crate) buildroot: Packages,
    /// Options by the original's names.
    pub(crate) config: BTreeMap<String, serde_json::Value>,
    version: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Packages {
    pub(crate) rpms: Vec<Rpm>,
}

/// A container image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Image {
    /// As images name it: `amd64`.
    pub(crate) architecture: String,
    pub(crate) id: String,
    /// Of what is in it: `sha256:...`, over its configuration and layers.
    pub(crate) image_digest: String,
    /// Of what is pulled: `sha256:...`, of its manifest.
    pub(crate) pull_digest: String,
}

fn or_empty<S: Serializer>(image: &Option<Image>, to: S) -> Result<S::Ok, S::Error> {
    match image {
        Some(image) => image.serialize(to),
        None => to.collect_map(std::iter::empty::<((), ())>()),
    }
}

fn unless_empty<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Image>, D::Error> {
    #[derive(Deserialize, Default)]
    struct Fields {
        architecture: Option<String>,
        id: Option<String>,
        image_digest: Option<String>,
        pull_digest: Option<String>,
    }
    let Fields {
        architecture,
        id,
        image_digest,
        pull_digest,
    } = Option::deserialize(from)?.unwrap_or_default();
    let fields = [&architecture, &id, &image_digest, &pull_digest];
    if fields.iter().all(|field| field.is_none()) {
        return Ok(None);
    }
    let missing = serde::de::Error::missing_field;
    Ok(Some(Image {
        architecture: architecture.ok_or_else(|| missing("architecture"))?,
        id: id.ok_or_else(|| missing("id"))?,
        image_digest: image_digest.ok_or_else(|| missing("image_digest"))?,
        pull_digest: pull_digest.ok_or_else(|| missing("pull_digest"))?,
    }))
}

impl Lockfile {
    pub(crate) fn new(
        rpms: Vec<Rpm>,
        config: BTreeMap<String, serde_json::Value>,
        bootstrap: Option<Image>,
    ) -> Self {
        Self {
            bootstrap,
            buildroot: Packages { rpms },
            config,
            version: VERSION.to_owned(),
        }
    }

    /// The file's content.
    pub(crate) fn text(&self) -> Result<Vec<u8>> {
        let mut text = Vec::new();
        let format = serde_json::ser::PrettyFormatter::with_indent(b"    ");
        let mut serializer = serde_json::Serializer::with_formatter(&mut text, format);
        self.serialize(&mut serializer)
            .map_err(|error| Error::io("write", NAME)(error.into()))?;
        text.push(b'\n');
        Ok(text)
    }

    /// Reads and checks the file at `path`.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let failed = |why: String| {
            refused(format!(
                "cannot read the lockfile {}: {why}",
                path.display()
            ))
        };
        let metadata = path.metadata().map_err(|error| failed(error.to_string()))?;
        if !metadata.is_file() || metadata.len() > SIZE_LIMIT {
            return Err(failed("not a regular file, or too large".to_owned()));
        }
        let text = fs_err::read(path).map_err(|error| failed(error.kind().to_string()))?;
        Self::parse(&text, path)
    }

    fn parse(text: &[u8], path: &Path) -> Result<Self> {
        /// What is looked at before anything else is understood.
        #[derive(Deserialize)]
        #[serde(expecting = "a table with version, buildroot, bootstrap and config")]
        struct Head {
            version: String,
        }
        let failed = |error: serde_json::Error| {
            let (line, column) = (error.line(), error.column());
            let why = error.to_string();
            let why = why.split(" at line ").next().unwrap_or_default();
            refused(format!("{}:{line}:{column}: {why}", path.display()))
        };
        let Head { version } = serde_json::from_slice(text).map_err(failed)?;
        if version.split('.').next() != VERSION.split('.').next() {
            return Err(refused(format!(
                "{}: version {version} of the format is not known, only {VERSION} and others that begin with 1",
                path.display()
            )));
        }
        serde_json::from_slice(text).map_err(failed)
    }

    /// The line of the file's text at which an option stands, counted from one.
    pub(crate) fn line_of(text: &str, key: &str) -> u32 {
        let quoted = format!("\"{key}\"");
        let config = text.lines().position(|line| line.contains("\"config\""));
        let mut lines = text.lines().enumerate().skip(config.unwrap_or(0));
        let found = lines.find(|(_, line)| line.contains(&quoted));
        found.map_or(1, |(index, _)| u32::try_from(index + 1).unwrap_or(u32::MAX))
    }
}

fn refused(message: String) -> Error {
    Error::Usage {
        message,
        hint: Some(
            "`mock -r NAME --calculate-build-dependencies SRPM` writes such a file, buildroot_lock.json"
                .to_owned(),
        ),
    }
}
