//! What a lockfile records of a configuration, and what a hermetic build makes of that.
//!
//! `--hermetic-build` takes the recorded options, and sets on top of them what leads every package
//! to one directory. It comes before everything else of the command line, which may override it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::options::Options;
use super::reader::Reader;
use super::value::{Origin, Value};
use super::{Hermetic, Rpmbuild};
use crate::error::{Error, Result};
use crate::lockfile::{Image, Lockfile};

/// The options that a lockfile records.
const LOCKED: [&str; 7] = [
    "target_arch",
    "legal_host_arches",
    "dist",
    "package_manager",
    "bootstrap_image",
    "bootstrap_image_ready",
    "macros",
];

/// Where the bootstrap root and the build root see the directory of packages.
const MOUNTED: &str = "/hermetic_repo";

/// The recorded options, as JSON; those that are not set are left out.
pub(super) fn locked(
    reader: &Reader<'_>,
    rpmbuild: &Rpmbuild,
) -> Result<BTreeMap<String, serde_json::Value>> {
    let mut locked = BTreeMap::new();
    for key in LOCKED {
        let value = match key {
            // With those that follow from others.
            "macros" => {
                let macros = rpmbuild.macros.iter();
                let table = macros.map(|(name, value)| (name.clone(), value.clone().into()));
                Some(serde_json::Value::Object(table.collect()))
            }
            _ => reader.value(&[key])?.map(|value| to_json(&value)),
        };
        if let Some(value) = value {
            locked.insert(key.to_owned(), value);
        }
    }
    Ok(locked)
}

fn to_json(value: &Value) -> serde_json::Value {
    match value {
        Value::None => serde_json::Value::Null,
        Value::Bool(flag) => (*flag).into(),
        Value::Int(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::Str(text) => text.as_str().into(),
        Value::List(items) | Value::Tuple(items) => items.iter().map(to_json).collect(),
        Value::Dict(entries) => serde_json::Value::Object(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), to_json(value)))
                .collect(),
        ),
    }
}

fn from_json(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::None,
        serde_json::Value::Bool(flag) => Value::Bool(*flag),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(number) => Value::Int(number),
            None => Value::Float(number.as_f64().unwrap_or_default()),
        },
        serde_json::Value::String(text) => Value::Str(text.clone()),
        serde_json::Value::Array(items) => Value::List(items.iter().map(from_json).collect()),
        serde_json::Value::Object(entries) => Value::Dict(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), from_json(value)))
                .collect(),
        ),
    }
}

/// Sets what a hermetic build needs.
pub(super) fn apply(options: &mut Options, hermetic: &Hermetic, cwd: &Path) -> Result<()> {
    let path = cwd.join(&hermetic.lockfile);
    let lockfile = Lockfile::read(&path)?;
    let repo = repository(&hermetic.repo, cwd)?;
    let text = fs_err::read_to_string(&path).unwrap_or_default();
    let path = Arc::new(path);
    let from_lockfile = |key: &str| Origin::File {
        path: Arc::clone(&path),
        line: Lockfile::line_of(&text, key),
    };
    for (key, value) in &lockfile.config {
        if !LOCKED.contains(&key.as_str()) {
            return Err(Error::usage(format!(
                "{}: config: '{key}' is no option that a lockfile has",
                from_lockfile(key)
            )));
        }
        match from_json(value) {
            // Those that every configuration has stay.
            Value::Dict(macros) if key == "macros" => {
                for (name, value) in macros {
                    options.set(&["macros", &name], value, from_lockfile("macros"));
                }
            }
            value => options.set(&[key], value, from_lockfile(key)),
        }
    }
    let mut set = |key: &str, value: Value| options.set(&[key], value, Origin::Computed);
    set("hermetic_build", true.into());
    set("offline_local_repository", url_path(&repo).into());
    set("chroot_setup_cmd", "install *".into());
    set("bootstrap_image_fallback", false.into());
    if let Some(image) = &lockfile.bootstrap {
        set(
            "bootstrap_image_assert_digest",
            image.image_digest.as_str().into(),
        );
        let name = lockfile.config.get("bootstrap_image");
        let copy = name.and_then(|name| image_in(&repo, name.as_str()?, image));
        if let Some(copy) = copy {
            set("bootstrap_image", copy.into());
        }
    }
    let mount = Value::List(vec![
        repo.display().to_string().into(),
        MOUNTED.to_owned().into(),
    ]);
    let dirs = ["plugin_conf", "bind_mount_opts", "dirs"];
    let mut mounts = match options.get(&dirs) {
        Some(Value::List(mounts) | Value::Tuple(mounts)) => mounts.clone(),
        _ => Vec::new(),
    };
    mounts.push(mount);
    options.set(&dirs, Value::List(mounts), Origin::Computed);
    Ok(())
}

/// The directory of packages, which must have been made a repository.
fn repository(text: &str, cwd: &Path) -> Result<PathBuf> {
    let path = cwd.join(text.strip_prefix("file://").unwrap_or(text));
    if path.join("repodata").is_dir() {
        return Ok(path);
    }
    Err(Error::Usage {
        message: format!(
            "The {text} doesn't seem to be a valid offline RPM repository (RPM metadata not found)"
        ),
        hint: Some(
            "fetch the packages of the lockfile into it with `mock-hermetic-repo`, which also runs createrepo_c"
                .to_owned(),
        ),
    })
}

/// As a part of a URL: `dnf.conf` ends a URL at a blank.
fn url_path(path: &Path) -> String {
    let mut url = String::new();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b'/'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b'+'
            | b'@'
            | b':' => {
                url.push(char::from(*byte));
            }
            _ => url.push_str(&format!("%{byte:02X}")),
        }
    }
    url
}

/// Where `skopeo sync --scoped` puts an image: below its name, without the tag, with the digest.
/// One that is in files is not copied.
fn image_in(repo: &Path, name: &str, image: &Image) -> Option<String> {
    if is_in_files(name) {
        return None;
    }
    let name = name.strip_prefix("docker://").unwrap_or(name);
    let name = name.split('@').next().unwrap_or(name);
    let name = match name.rsplit_once(':') {
        Some((before, tag)) if !tag.contains('/') => before,
        _ => name,
    };
    Some(format!(
        "dir:{}/{name}@{}",
        repo.display(),
        image.pull_digest
    ))
}

/// Nothing is pulled for it.
fn is_in_files(name: &str) -> bool {
    const TRANSPORTS: [&str; 4] = ["oci", "oci-archive", "docker-archive", "dir"];
    let transport = name.split_once(':').map(|(transport, _)| transport);
    transport.is_some_and(|transport| TRANSPORTS.contains(&transport))
}

/// A hermetic build whose bootstrap root would have to be made of packages is none that can be
/// repeated.
pub(super) fn check(options: &Options) -> Result<()> {
    let reader = Reader::new(options, None);
    if !reader.bool(&["use_bootstrap"])? {
        return Ok(());
    }
    if reader.bool(&["bootstrap_image_ready"])? {
        let image = reader.text(&["bootstrap_image"])?.unwrap_or_default();
        if !reader.bool(&["use_bootstrap_image"])? || is_in_files(&image) {
            return Ok(());
        }
        return Err(Error::Usage {
            message: format!(
                "--hermetic-build needs a bootstrap image in files, and the lockfile does not say which {image} is: \
                 its part 'bootstrap' is empty"
            ),
            hint: Some(
                "make the lockfile with --use-bootstrap-image --bootstrap-image-ready, or build with the host's \
                 package manager: --no-bootstrap-chroot"
                    .to_owned(),
            ),
        });
    }
    Err(Error::Usage {
        message: "--hermetic-build needs a bootstrap image that is ready: bootstrap_image_ready is not true in the \
                  lockfile"
            .to_owned(),
        hint: Some(
            "make the lockfile with --config-opts=bootstrap_image_ready=True, or build with the host's package \
             manager: --no-bootstrap-chroot"
                .to_owned(),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_images() {
        assert_eq!(
            url_path(Path::new("/a b/c%/x-1.0_~")),
            "/a%20b/c%25/x-1.0_~"
        );
        let image = Image {
            architecture: "amd64".to_owned(),
            id: "i".to_owned(),
            image_digest: "sha256:a".to_owned(),
            pull_digest: "sha256:b".to_owned(),
        };
        for (name, expected) in [
            ("fedora:latest", "dir:/r/fedora@sha256:b"),
            ("reg.org:5000/fedora", "dir:/r/reg.org:5000/fedora@sha256:b"),
            ("reg.org/f/fedora:43", "dir:/r/reg.org/f/fedora@sha256:b"),
            ("fedora@sha256:c", "dir:/r/fedora@sha256:b"),
        ] {
            let found = image_in(Path::new("/r"), name, &image);
            assert_eq!(found.as_deref(), Some(expected));
        }
        assert_eq!(image_in(Path::new("/r"), "oci:/x:1", &image), None);
    }
}
