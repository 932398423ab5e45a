//! Images of containers made by hand: from a tree, and as a registry and `skopeo sync` have them.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use super::place::{Place, run};

/// The image of a tree, as a directory of layout OCI.
pub(crate) fn image_of(place: &Place, tree: &Path) -> String {
    let layout = place.make_dir("image");
    let blobs = place.make_dir("image/blobs/sha256");
    let keep = |file: &Path| {
        let digest = run("sha256sum", [file]);
        let digest = digest.split(' ').next().expect("it prints one").to_owned();
        fs::rename(file, blobs.join(&digest)).expect("both are in the place");
        let size = fs::metadata(blobs.join(&digest))
            .expect("it is there")
            .len();
        (format!("sha256:{digest}"), size)
    };
    let packed = layout.join("layer.tar");
    let words = ["--exclude=./dev/*", "--exclude=./key", "-cf"].map(OsStr::new);
    let places = [
        packed.as_os_str(),
        OsStr::new("-C"),
        tree.as_os_str(),
        OsStr::new("."),
    ];
    run("tar", words.into_iter().chain(places));
    let (layer, layer_size) = keep(&packed);
    let text = |text: String| {
        fs::write(&packed, text).expect("it can be written");
        keep(&packed)
    };
    let arch = if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "amd64"
    };
    let (config, config_size) = text(format!(
        r#"{{"architecture":"{arch}","os":"linux","config":{{}},
            "rootfs":{{"type":"layers","diff_ids":["{layer}"]}}}}"#
    ));
    let kind = "application/vnd.oci.image";
    let (manifest, manifest_size) = text(format!(
        r#"{{"schemaVersion":2,"mediaType":"{kind}.manifest.v1+json",
            "config":{{"mediaType":"{kind}.config.v1+json","digest":"{config}","size":{config_size}}},
            "layers":[{{"mediaType":"{kind}.layer.v1.tar","digest":"{layer}","size":{layer_size}}}]}}"#
    ));
    let index = format!(
        r#"{{"schemaVersion":2,"manifests":[
            {{"mediaType":"{kind}.manifest.v1+json","digest":"{manifest}","size":{manifest_size}}}]}}"#
    );
    fs::write(layout.join("index.json"), index).expect("it can be written");
    fs::write(
        layout.join("oci-layout"),
        r#"{"imageLayoutVersion":"1.0.0"}"#,
    )
    .expect("it can be written");
    format!("oci:{}", layout.display())
}

/// What is between `before` and the next quotation mark.
fn after<'t>(text: &'t str, before: &str) -> &'t str {
    let start = text.find(before).expect("it is in there") + before.len();
    text[start..].split('"').next().unwrap_or_default()
}

/// An image that [`image_of`] made, in a registry of files and as `skopeo sync` copies it from there.
#[derive(Debug)]
pub(crate) struct Published {
    /// Of its manifest and of its configuration.
    pub(crate) manifest: String,
    pub(crate) config: String,
    text: String,
    layout: String,
}

impl Published {
    pub(crate) fn of(image: &str) -> Self {
        let layout = image.trim_start_matches("oci:").to_owned();
        let read = |name: &str| fs::read_to_string(format!("{layout}/{name}")).expect("it is text");
        let manifest = after(&read("index.json"), "\"digest\":\"").to_owned();
        let text = read(&format!("blobs/{}", manifest.replace(':', "/")));
        Self {
            config: after(&text, "\"digest\":\"").to_owned(),
            manifest,
            text,
            layout,
        }
    }

    /// Makes what a registry of files serves as `name`:1.
    pub(crate) fn register(&self, directory: &Path, name: &str) {
        let top = directory.join("v2").join(name);
        for part in ["blobs", "manifests"] {
            fs::create_dir_all(top.join(part)).expect("it is a test's own");
        }
        fs::write(top.join("manifests/1"), &self.text).expect("it is a test's own");
        self.put_blobs(|hex| top.join("blobs").join(format!("sha256:{hex}")));
    }

    /// Makes what `skopeo sync --dest dir --scoped --preserve-digests` makes of it in `repo`.
    pub(crate) fn sync(&self, repo: &Path, name: &str) {
        let to = repo.join(format!("{name}@{}", self.manifest));
        fs::create_dir_all(&to).expect("it is a test's own");
        fs::write(to.join("manifest.json"), &self.text).expect("it is a test's own");
        fs::write(to.join("version"), "Directory Transport Version: 1.1\n").expect("likewise");
        self.put_blobs(|hex| to.join(hex));
    }

    fn put_blobs(&self, name: impl Fn(&str) -> std::path::PathBuf) {
        let blobs = fs::read_dir(format!("{}/blobs/sha256", self.layout)).expect("it has some");
        for blob in blobs.flatten() {
            let hex = blob.file_name().to_string_lossy().into_owned();
            fs::hard_link(blob.path(), name(&hex)).expect("both are in the place");
        }
    }
}
