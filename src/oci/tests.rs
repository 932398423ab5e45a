//! Images in files: made here, found, fetched.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indexmap::IndexMap;

use super::export::{About, Written, documents};
use super::registries::Registries;
use super::{Fault, Image, Means, Platform, Result, Store, Wanted, digest, find};
use crate::host::Host;
use crate::identity::Identity;

/// A directory with a store, and somebody who asks.
pub(super) struct Bench {
    pub(super) scratch: tempfile::TempDir,
    pub(super) store: Store,
    identity: Identity,
    proxies: IndexMap<String, String>,
}

impl Bench {
    pub(super) fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        Self {
            store: Store::at(scratch.path().join("store")),
            scratch,
            identity: Identity::detect(&Host::detect()).unwrap(),
            proxies: IndexMap::new(),
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    pub(super) fn means(&self) -> Means<'_> {
        Means {
            store: &self.store,
            cwd: self.scratch.path(),
            proxies: &self.proxies,
            registries: Registries::default(),
            credentials: Vec::new(),
            identity: &self.identity,
            check: &|| Ok(()),
        }
    }

    pub(super) fn obtain(&self, wanted: &Wanted) -> Result<Image> {
        find(wanted, &self.means())?.fetch(wanted, &self.means())
    }
}

pub(super) fn wanted(reference: &str) -> Wanted {
    Wanted {
        reference: reference.to_owned(),
        platform: Platform::of_arch("x86_64"),
        skip_pull: false,
        max_age: Duration::ZERO,
        assert_digest: None,
        keep_getting: Duration::ZERO,
        pull_timeout: Duration::from_secs(20),
    }
}

/// An image of one layer that is a text, for some platform: names of files and their content, the
/// layer first.
pub(super) fn image(layer: &[u8], arch: &str) -> Vec<(String, Vec<u8>)> {
    let digest = digest::of(layer);
    let written = Written {
        digest: digest.clone(),
        diff_id: digest.clone(),
        size: layer.len() as u64,
    };
    let about = About {
        platform: Platform::of_arch(arch),
        user: "mockbuild:mock".to_owned(),
        env: Vec::new(),
        created: "2026-01-01T00:00:00Z".to_owned(),
        name: "one".to_owned(),
    };
    let mut files = vec![(super::export::path_of(&digest), layer.to_vec())];
    files.extend(documents(&written, &about).unwrap());
    files
}

/// The manifest of [`image`], and its digest.
pub(super) fn manifest(files: &[(String, Vec<u8>)]) -> (String, Vec<u8>) {
    let bytes = files[2].1.clone();
    (digest::of(&bytes), bytes)
}

fn lay_out(directory: &Path, files: &[(String, Vec<u8>)]) {
    for (name, content) in files {
        let path = directory.join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, content).unwrap();
    }
}

fn archive(path: &Path, files: &[(String, Vec<u8>)]) {
    let mut builder = tar::Builder::new(fs_err::File::create(path).unwrap());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder
            .append_data(&mut header, name, content.as_slice())
            .unwrap();
    }
    builder.into_inner().unwrap().flush().unwrap();
}

pub(super) fn message<T>(done: Result<T>) -> String {
    match done {
        Err(Fault::Final(problem) | Fault::Passing(problem)) => problem.message,
        Err(Fault::Other(error)) => error.to_string(),
        Ok(_) => panic!("it must not work"),
    }
}

pub(super) fn text(image: &Image) -> String {
    let mut text = String::new();
    for layer in &image.layers {
        std::io::Read::read_to_string(&mut layer.content.reader(), &mut text).unwrap();
    }
    text
}

#[test]
fn layouts_and_archives_of_them() {
    let bench = Bench::new();
    let files = image(b"the layer", "x86_64");
    let (manifest, _) = manifest(&files);
    lay_out(&bench.path("layout"), &files);
    archive(&bench.path("a.tar"), &files);
    for reference in [
        "oci:layout",
        "oci:layout:one",
        "oci-archive:a.tar",
        "oci-archive:a.tar:one",
    ] {
        let wanted = Wanted {
            assert_digest: Some(manifest.clone()),
            ..wanted(reference)
        };
        let found = find(&wanted, &bench.means()).unwrap();
        assert_eq!(found.digest, manifest, "{reference}");
        assert_eq!(found.platform.to_string(), "linux/amd64");
        let image = found.fetch(&wanted, &bench.means()).unwrap();
        assert_eq!(text(&image), "the layer", "{reference}");
    }
    let other = Wanted {
        assert_digest: Some(digest::of(b"other")),
        ..wanted("oci:layout")
    };
    let said = message(bench.obtain(&other));
    assert!(
        said.contains(&manifest) && said.contains(&digest::of(b"other")),
        "{said}"
    );
    for (reference, words) in [
        ("oci:layout:two", "there is no image 'two', only: one"),
        ("oci:nowhere", "cannot open"),
        ("dir:layout", "cannot open"),
        ("docker-archive:a.tar", "no 'manifest.json'"),
    ] {
        let said = message(bench.obtain(&wanted(reference)));
        assert!(said.contains(words), "{reference}: {said}");
    }
}

#[test]
fn what_is_not_what_its_digest_says_is_not_taken() {
    let files = image(b"the layer", "x86_64");
    for (changed, name) in ["layer", "configuration", "manifest"].iter().enumerate() {
        let bench = Bench::new();
        let mut files = files.clone();
        files[changed].1[0] ^= 1;
        archive(&bench.path("a.tar"), &files);
        let said = message(bench.obtain(&wanted("oci-archive:a.tar")));
        let now = digest::of(&files[changed].1);
        assert!(said.contains(&now), "{name}: {said}");
    }
    let bench = Bench::new();
    let mut longer = files;
    longer[0].1.push(0);
    archive(&bench.path("a.tar"), &longer);
    let said = message(bench.obtain(&wanted("oci-archive:a.tar")));
    assert!(said.contains("has 10 bytes, and must have 9"), "{said}");
}

#[test]
fn directories_of_skopeo() {
    let bench = Bench::new();
    let files = image(b"the layer", "x86_64");
    let (digest, manifest) = manifest(&files);
    let mut flat: Vec<(String, Vec<u8>)> = files[..2]
        .iter()
        .map(|(name, content)| (name.rsplit('/').next().unwrap().to_owned(), content.clone()))
        .collect();
    flat.push(("manifest.json".to_owned(), manifest));
    lay_out(&bench.path("d@sha256:12"), &flat);
    let wanted = wanted("dir:d@sha256:12");
    let found = find(&wanted, &bench.means()).unwrap();
    assert_eq!(found.digest, digest);
    assert_eq!(
        text(&found.fetch(&wanted, &bench.means()).unwrap()),
        "the layer"
    );
}

#[test]
fn archives_of_docker() {
    let bench = Bench::new();
    let files = image(b"the layer", "x86_64");
    let config = files[1].1.clone();
    let saved = |layer: &[u8], tags: &str| {
        let list = format!(
            r#"[{{"Config":"c.json","RepoTags":[{tags}],"Layers":["l/layer.tar"]}},
                {{"Config":"other.json","RepoTags":["two:1"],"Layers":[]}}]"#
        );
        vec![
            ("l/layer.tar".to_owned(), layer.to_vec()),
            ("c.json".to_owned(), config.clone()),
            ("manifest.json".to_owned(), list.into_bytes()),
        ]
    };
    let whole = r#""docker.io/library/one:1""#;
    archive(&bench.path("a.tar"), &saved(b"the layer", whole));
    let image = bench.obtain(&wanted("docker-archive:a.tar:one:1")).unwrap();
    assert_eq!(text(&image), "the layer");
    let said = message(bench.obtain(&wanted("docker-archive:a.tar")));
    assert!(
        said.contains("2 images") && said.contains("two:1"),
        "{said}"
    );
    archive(&bench.path("b.tar"), &saved(b"the Layer", whole));
    let said = message(bench.obtain(&wanted("docker-archive:b.tar:one:1")));
    assert!(said.contains(&digest::of(b"the Layer")), "{said}");
}
