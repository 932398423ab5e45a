//! What `podman image inspect` says of an image's content, as a digest: lockfiles have it.
//!
//! It is the SHA-256 of `{"Config": .., "RootFS": ..}` as JSON, written the way Python does it with
//! sorted keys: `, ` and `: ` between, and no character beyond ASCII. `Config` has what the OCI
//! specification knows and is not empty.

use std::io::{self, Write};

use oci_spec::image::ImageConfiguration;
use serde::Serialize;
use serde_json::ser::Formatter;
use serde_json::{Value, json};

use super::digest;
use super::fault::{Fault, Result};

/// In the form `sha256:...`.
pub(super) fn content_digest(what: &str, configuration: &ImageConfiguration) -> Result<String> {
    let wrong = |error: serde_json::Error| Fault::new(format!("{what}: {error}"));
    let mut config = match configuration.config() {
        Some(config) => serde_json::to_value(config).map_err(wrong)?,
        None => json!({}),
    };
    if let Some(members) = config.as_object_mut() {
        members.retain(|_, member| !is_empty(member));
    }
    let rootfs = configuration.rootfs();
    let shown = json!({
        "Config": config,
        "RootFS": {"Layers": rootfs.diff_ids(), "Type": rootfs.typ()},
    });
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, AsPython);
    shown.serialize(&mut serializer).map_err(wrong)?;
    Ok(digest::of(&text))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

/// `json.dumps`, as it is unless told otherwise.
#[derive(Debug)]
struct AsPython;

impl Formatter for AsPython {
    fn begin_array_value<W: Write + ?Sized>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        to.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        to.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, to: &mut W) -> io::Result<()> {
        to.write_all(b": ")
    }

    fn write_string_fragment<W: Write + ?Sized>(
        &mut self,
        to: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for character in fragment.chars() {
            if character.is_ascii() {
                write!(to, "{character}")?;
                continue;
            }
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(to, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::documents;

    /// The expected one is what Python makes of what podman 4.3.1 prints for this image.
    #[test]
    fn it_is_the_digest_of_what_podman_shows() {
        let text = r#"{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/usr/bin"],
            "Cmd":["/bin/bash"],"Labels":{"b":"é<x>😀","a":"1"},"ExposedPorts":{"80/tcp":{}},"Volumes":{},
            "User":"","WorkingDir":"/","OnBuild":null,"Hostname":"h"},"rootfs":{"type":"layers","diff_ids":
            ["sha256:8cc01224a5c024d006d843ecfae04d0dbc547bb87f95a40b1b90a8d9f5e92fd7"]},
            "history":[{"created":"2026-01-01T00:00:00Z"}]}"#;
        let configuration = documents::configuration("it", text.as_bytes()).unwrap();
        let digest = content_digest("it", &configuration).unwrap();
        assert_eq!(
            digest,
            "sha256:bed4b064f454d88fc7fdac5afabe189030ad4f75acf9bd4331350f8330ba73c6"
        );
    }
}
