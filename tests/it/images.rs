//! Images of containers: a root becomes one, roots begin with one, from files and from a registry.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::support::{Done, Http, Mock, Place, Who, run, srpm};

/// Enough to build a package that needs nothing.
const SETUP: &str =
    "chroot_setup_cmd=install bash coreutils mini-release rpm rpm-build shadow-utils";

const READY: [&str; 2] = ["--config-opts", "buildroot_image_ready=True"];

/// The package manager was at work.
const INSTALLS: &str = "Start: installing minimal buildroot";

fn mock<'a>(place: &'a Place, words: &[&str]) -> Mock<'a> {
    place.mock(["--config-opts", SETUP]).args(words)
}

/// Builds a package and has the root as an image; gives the image.
fn export(place: &Place, words: &[&str]) -> PathBuf {
    let package = srpm("needsnothing");
    mock(place, words)
        .args([
            "--enable-plugin",
            "export_buildroot_image",
            "--rebuild",
            &package,
        ])
        .ok();
    let image = place.result().join("buildroot-oci.tar");
    let owner = fs::metadata(&image).expect("it was written").uid();
    assert_eq!(owner, place.uid());
    let kept = place.path("files/image.tar");
    fs::rename(&image, &kept).expect("both are in the place");
    kept
}

fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).expect("it is there")
}

/// What is between `before` and the next quotation mark.
fn after<'t>(text: &'t str, before: &str) -> &'t str {
    let start = text.find(before).expect("it is in there") + before.len();
    text[start..].split('"').next().unwrap_or_default()
}

/// A registry of files: the image, and on top of its layer one that was made by hand.
struct Files {
    directory: PathBuf,
    /// Digest and diff id of the image's layer.
    base: (String, String),
    size: u64,
    config: String,
}

impl Files {
    fn of(place: &Place, image: &Path) -> Self {
        let layout = place.make_dir("layout");
        let tar = |words: &[&str]| run("tar", words.iter().copied());
        tar(&[
            "-C",
            &layout.to_string_lossy(),
            "-xf",
            &image.to_string_lossy(),
        ]);
        let blobs = layout.join("blobs/sha256");
        let blob = |digest: &str| blobs.join(digest.trim_start_matches("sha256:"));
        let index = text(&layout.join("index.json"));
        let manifest = text(&blob(after(&index, "\"digest\":\"")));
        let config = text(&blob(after(&manifest, "\"digest\":\"")));
        let layers = &manifest[manifest.find("layers").expect("it has some")..];
        let base = after(layers, "\"digest\":\"").to_owned();
        let diff_id = after(&config, "\"diff_ids\":[\"").to_owned();
        let directory = place.make_dir("registry");
        for part in ["v2/team/mini/blobs", "v2/team/mini/manifests"] {
            place.make_dir(&format!("registry/{part}"));
        }
        let size = fs::metadata(blob(&base)).expect("it is there").len();
        let to = directory.join("v2/team/mini/blobs").join(&base);
        fs::hard_link(blob(&base), to).expect("both are in the place");
        Self {
            directory,
            base: (base, diff_id),
            size,
            config,
        }
    }

    fn blob(&self, content: &[u8]) -> String {
        let digest = format!("sha256:{}", digest(content));
        let path = self.directory.join("v2/team/mini/blobs").join(&digest);
        fs::write(path, content).expect("it can be written");
        digest
    }

    /// Publishes `tag` with a second layer of these files; gives the manifest's digest.
    fn publish(&self, place: &Place, tag: &str, files: &[(&str, &str)]) -> String {
        let tree = place.path(&format!("tree-{tag}"));
        for (name, content) in files {
            let path = tree.join(name);
            fs::create_dir_all(path.parent().expect("it has one")).expect("it can be made");
            fs::write(path, content).expect("it can be written");
        }
        let packed = place.path("layer.tar");
        let owner = ["--owner=0", "--group=0", "-C"];
        let words = [
            tree.to_string_lossy(),
            "-cf".into(),
            packed.to_string_lossy(),
        ];
        let words = owner.into_iter().chain(words.iter().map(|word| &**word));
        run("tar", words.chain(["."]));
        let layer = fs::read(&packed).expect("it was written");
        let second = self.blob(&layer);
        let (base, diff_id) = &self.base;
        let both = format!("{diff_id}\",\"{second}");
        let config = self.config.replace(diff_id.as_str(), &both);
        let config_at = self.blob(config.as_bytes());
        let manifest = format!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
               "config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{config_at}","size":{}}},
               "layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"{base}","size":{}}},
                         {{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{second}","size":{}}}]}}"#,
            config.len(),
            self.size,
            layer.len()
        );
        let manifests = self.directory.join("v2/team/mini/manifests");
        fs::write(manifests.join(tag), &manifest).expect("it can be written");
        format!("sha256:{}", digest(manifest.as_bytes()))
    }
}

fn state_log(place: &Place) -> String {
    text(&place.result().join("state.log"))
}

fn image_was_unpacked(done: &Done<'_>) -> bool {
    done.stderr.contains("Start: unpacking image")
}

#[test]
fn a_root_is_an_image_and_an_image_is_a_root() {
    let (Some(first), Some(user)) = (Place::new(Who::Root), Place::new(Who::User)) else {
        return;
    };
    let image = export(&first, &[]);
    assert!(state_log(&first).contains("Start: producing buildroot as OCI image"));
    let files = Files::of(&first, &image);
    assert_eq!(after(&files.config, "\"User\":\""), "mockbuild:mock");
    let layer = files
        .directory
        .join("v2/team/mini/blobs")
        .join(&files.base.0);
    let listing = run(
        "tar",
        ["-tzvf", &*layer.to_string_lossy(), "--numeric-owner"],
    );
    let has = |end: &str| listing.lines().any(|line| line.ends_with(end));
    assert!(has(" ./usr/bin/rpmbuild") && has(" ./builddir/"));
    assert!(!has(" ./proc/") && !has(" ./sys/") && !has(" ./builddir/build/"));
    assert!(!has(".initialized"));

    // A user's root of root's image, ready, is the same root; and becomes an image as well.
    let from = image.to_string_lossy();
    let query = "rpm -qa | sort; stat -c '%U %G' /builddir /usr/bin/rpm";
    let said = mock(&first, &["-q", "--chroot", query]).ok().out();
    let begin = [&["--buildroot-image", &*from][..], &READY].concat();
    let second = export(&user, &begin);
    let begun = state_log(&user);
    assert!(
        begun.contains("Start: unpacking image") && !begun.contains(INSTALLS),
        "{begun}"
    );
    mock(&user, &["--scrub=all"]).ok();
    let from = second.to_string_lossy();
    let begin = [&["--buildroot-image", &*from][..], &READY].concat();
    assert!(image_was_unpacked(
        &mock(&user, &[&begin[..], &["--init"]].concat()).ok()
    ));
    assert_eq!(mock(&user, &["-q", "--chroot", query]).ok().out(), said);

    in_a_registry(&first, &files);
}

fn in_a_registry(place: &Place, files: &Files) {
    let first = files.publish(
        place,
        "1",
        &[
            ("marker", "one"),
            ("etc/rpm/macros.image-language-conf", "%_install_langs C"),
            ("usr/bin/.wh.sha1sum", ""),
        ],
    );
    // The first transfer of the layer breaks off and is tried again.
    let http = Http::breaking(&files.directory, &files.base.0, 1);
    let registry = http.url().trim_start_matches("http://").to_owned();
    let reference = format!("{registry}/team/mini:1");
    let init = |words: &[&str]| {
        let begin = [&["--buildroot-image", &reference][..], &READY, words].concat();
        mock(place, &begin).args(["--init"])
    };
    mock(place, &["--clean"]).ok();
    let done = init(&[]).ok();
    assert!(
        done.stderr.contains("trying again in 1s"),
        "{}",
        done.stderr
    );
    assert!(image_was_unpacked(&done), "{}", done.stderr);
    assert_eq!(place.inside("marker").as_deref(), Some(&b"one"[..]));
    assert!(!place.has("etc/rpm/macros.image-language-conf"));
    assert!(place.has("usr/bin/sha256sum") && !place.has("usr/bin/sha1sum"));

    // The same image: nothing is transferred, nothing unpacked. Another of this name: made anew.
    let asked = http.asked(&files.base.0);
    mock(place, &["--clean"]).ok();
    assert!(!image_was_unpacked(&init(&[]).ok()));
    assert_eq!(http.asked(&files.base.0), asked);
    let second = files.publish(place, "1", &[("marker", "two")]);
    mock(place, &["--clean"]).ok();
    assert!(image_was_unpacked(&init(&[]).ok()));
    assert_eq!(place.inside("marker").as_deref(), Some(&b"two"[..]));
    assert_eq!(http.asked(&files.base.0), asked);

    // What must not be used is not; then packages are installed if that was asked for.
    mock(place, &["--clean"]).ok();
    let assert = format!("buildroot_image_assert_digest={first}");
    let done = init(&["--config-opts", &assert]).run().exits(20);
    assert!(
        done.error()
            .contains(&format!("has digest {second}, and must have {first}"))
    );
    assert!(!place.has("marker") && !place.has("usr/bin/rpm"));
    let fallback = [
        "--config-opts",
        &assert,
        "--config-opts",
        "buildroot_image_fallback=True",
    ];
    let done = init(&fallback).ok();
    assert!(
        done.stderr.contains("falling back to chroot installation"),
        "{}",
        done.stderr
    );
    assert!(!place.has("marker") && place.has("usr/bin/rpm"));
    // Offline there is what was pulled before.
    mock(place, &["--clean"]).ok();
    let asked = http.asked("/manifests/1");
    init(&["--offline"]).ok();
    assert_eq!(http.asked("/manifests/1"), asked);
    assert!(place.has("marker"));
}
