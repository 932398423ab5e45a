//! Layers of images: what they hide, and those that are made to do harm.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use oci_spec::image::Digest;

use super::member::{Kind, Member};
use super::tests::Scratch;
use super::{Fault, unpack_layer};
use crate::oci::digest;

/// A member of a layer, with its content.
type Entry<'a> = (&'a str, Kind, &'a [u8]);

fn file(path: &str) -> Entry<'_> {
    (path, Kind::File { size: 4 }, b"new\n")
}

fn directory(path: &str) -> Entry<'_> {
    (path, Kind::Directory, b"")
}

fn link<'a>(path: &'a str, target: &str) -> Entry<'a> {
    (path, Kind::Symlink(target.into()), b"")
}

fn gone(path: &str) -> Entry<'_> {
    (path, Kind::File { size: 0 }, b"")
}

fn layer(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (path, kind, content) in entries {
        let member = Member {
            path: (*path).into(),
            kind: kind.clone(),
            mode: 0o755,
            uid: nix::unistd::getuid().as_raw(),
            gid: nix::unistd::getgid().as_raw(),
            mtime: (7, 0),
            xattrs: Vec::new(),
        };
        bytes.extend(member.encode().expect("a header"));
        bytes.extend(*content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.extend([0; 1024]);
    bytes
}

fn digest_of(bytes: &[u8]) -> Digest {
    digest::of(bytes).as_str().try_into().expect("a digest")
}

fn lay_over(scratch: &Scratch, entries: &[Entry<'_>]) -> Result<(), Fault> {
    let bytes = layer(entries);
    let digest = digest_of(&bytes);
    let source = std::io::Cursor::new(bytes);
    unpack_layer(&scratch.inside("to"), source, &digest, &|| Ok(()))
}

/// Paths in the root; directories end with a slash, links say where they lead.
fn tree(scratch: &Scratch) -> Vec<String> {
    let root = scratch.path("to");
    let walk = walkdir::WalkDir::new(&root)
        .min_depth(1)
        .sort_by_file_name();
    walk.into_iter()
        .flatten()
        .map(|entry| {
            let path = entry.path();
            let name = path.strip_prefix(&root).expect("it is below").display();
            match fs_err::read_link(path) {
                Ok(target) => format!("{name}->{}", target.display()),
                Err(_) if path.is_dir() => format!("{name}/"),
                Err(_) => name.to_string(),
            }
        })
        .collect()
}

#[test]
fn what_a_layer_hides_goes() {
    let lower = [
        directory("a"),
        file("a/one"),
        file("a/two"),
        directory("a/below"),
        file("a/below/three"),
        file("b"),
        link("c", "a"),
    ];
    let cases: &[(&[Entry<'_>], &[&str])] = &[
        (
            &[
                gone(".wh.b"),
                gone("a/.wh.one"),
                gone("a/.wh.below"),
                gone(".wh.never"),
            ],
            &["a/", "a/two", "c->a"],
        ),
        // The whole of a directory, but not what the layer itself has there, before or after.
        (
            &[
                directory("a"),
                file("a/early"),
                gone("a/.wh..wh..opq"),
                directory("a/below"),
                file("a/below/late"),
            ],
            &["a/", "a/below/", "a/below/late", "a/early", "b", "c->a"],
        ),
        (
            &[file("a/below/early"), gone("a/.wh..wh..opq")],
            &["a/", "a/below/", "a/below/early", "b", "c->a"],
        ),
        (&[gone(".wh..wh..opq"), file("d")], &["d"]),
        // A name that goes and comes again, in both orders.
        (
            &[gone(".wh.a"), directory("a"), file("a/new")],
            &["a/", "a/new", "b", "c->a"],
        ),
        (
            &[directory("a"), file("a/new"), gone(".wh.a")],
            &["a/", "a/new", "b", "c->a"],
        ),
        // Kinds change; a link of a lower layer is followed, and is what goes itself.
        (
            &[file("a"), directory("b"), file("b/x"), gone(".wh.c")],
            &["a", "b/", "b/x"],
        ),
        (
            &[file("c/through"), gone("c/.wh.one")],
            &[
                "a/",
                "a/below/",
                "a/below/three",
                "a/through",
                "a/two",
                "b",
                "c->a",
            ],
        ),
        (&[directory("c"), gone(".wh.a")], &["b", "c/"]),
        // Other programs' own files are none.
        (
            &[
                gone(".wh..wh.aufs"),
                gone(".wh..wh.plnk"),
                gone("none/.wh.x"),
                gone("none/.wh..wh..opq"),
            ],
            &[
                "a/",
                "a/below/",
                "a/below/three",
                "a/one",
                "a/two",
                "b",
                "c->a",
            ],
        ),
    ];
    for (upper, expected) in cases {
        let scratch = Scratch::new();
        lay_over(&scratch, &lower).expect("the lower layer");
        lay_over(&scratch, upper).unwrap_or_else(|fault| panic!("{upper:?}: {fault:?}"));
        assert_eq!(tree(&scratch), *expected, "{upper:?}");
    }
}

#[test]
fn names_of_one_file_may_cross_layers() {
    let scratch = Scratch::new();
    lay_over(&scratch, &[file("one")]).expect("the lower layer");
    let second = ("two", Kind::Hardlink("one".into()), &b""[..]);
    lay_over(&scratch, &[second]).expect("the upper layer");
    let stat = |name: &str| fs_err::metadata(scratch.path("to").join(name)).expect("it is there");
    assert_eq!(stat("one").ino(), stat("two").ino());
    // One of them is replaced; the other stays as it is.
    lay_over(&scratch, &[gone("two")]).expect("another layer");
    assert_eq!((stat("one").len(), stat("two").len()), (4, 0));
}

#[test]
fn modes_of_directories_are_the_last_layers() {
    let scratch = Scratch::new();
    lay_over(&scratch, &[directory("a"), directory("a/b")]).expect("the lower layer");
    let path = scratch.path("to/a");
    fs_err::set_permissions(&path, PermissionsExt::from_mode(0o700)).expect("it is our own");
    lay_over(&scratch, &[file("a/b/x"), directory("a"), file("a/y")]).expect("the upper layer");
    let stat = fs_err::metadata(&path).expect("it is there");
    assert_eq!((stat.mode() & 0o7777, stat.mtime()), (0o755, 7));
}

#[test]
fn nothing_leaves_the_root() {
    let scratch = Scratch::new();
    let outside = scratch.path("from");
    let outside = outside.to_string_lossy();
    fs_err::write(scratch.path("secret"), "secret").expect("it can be written");
    // Through a link of a lower layer, or of the same: it leads to what the root has there.
    let links = [
        link("out", &outside),
        link("up", "../../../.."),
        link("etc", "/"),
    ];
    let cases: &[&[Entry<'_>]] = &[
        &[file("out/x")],
        &[file("up/secret")],
        &[file("up/from/x")],
        &[gone("up/.wh.secret")],
        &[gone("up/.wh..wh..opq"), file("up/x")],
        &[gone("out/.wh..wh..opq")],
        &[directory("out"), file("out/x")],
        &[("a", Kind::Hardlink("up/secret".into()), b"")],
        &[("a", Kind::Hardlink("out/../../secret".into()), b"")],
        &[file("../secret")],
        &[gone("../.wh.secret")],
        &[gone(".wh...")],
        &[gone(".wh..")],
        &[gone(".wh.")],
        &[file("etc/etc/etc/x")],
    ];
    for same in [false, true] {
        for entries in cases {
            let _ = match same {
                true => lay_over(&scratch, &[&links[..], entries].concat()),
                false => lay_over(&scratch, &links).and_then(|()| lay_over(&scratch, entries)),
            };
            let kept = fs_err::read_to_string(scratch.path("secret")).expect("it is there");
            assert_eq!(kept, "secret", "{entries:?}");
            let from = fs_err::read_dir(scratch.path("from")).expect("it is there");
            assert_eq!(from.count(), 0, "{entries:?}");
            scratch.inside("to").empty().expect("it is our own");
        }
    }
    for entries in [&cases[9], &cases[10], &cases[11], &cases[12], &cases[13]] {
        let done = lay_over(&scratch, entries);
        assert!(matches!(done, Err(Fault::Archive(_))), "{entries:?}");
    }
}

#[test]
fn no_device_nodes_are_made() {
    let scratch = Scratch::new();
    let disk = Kind::Device {
        block: true,
        major: 8,
        minor: 0,
    };
    lay_over(&scratch, &[("disk", disk, b""), file("x")]).expect("the rest is fine");
    assert_eq!(tree(&scratch), ["x"]);
}

#[test]
fn another_archive_is_told_by_its_digest() {
    let scratch = Scratch::new();
    let bytes = layer(&[file("x")]);
    let mut packed = zstd::encode_all(bytes.as_slice(), 1).expect("it can be compressed");
    // As zstd:chunked has it: more frames, and one that is no data.
    packed.extend(b"\x50\x2a\x4d\x18\x04\0\0\0skip");
    let unpack = |packed: &[u8], digest: &Digest| {
        let source = std::io::Cursor::new(packed.to_vec());
        unpack_layer(&scratch.inside("to"), source, digest, &|| Ok(()))
    };
    assert!(unpack(&packed, &digest_of(&bytes)).is_ok());
    let Err(Fault::Archive(reason)) = unpack(&packed, &digest_of(b"")) else {
        panic!("it is another one");
    };
    assert!(reason.contains(&digest::of(&bytes)), "{reason}");
    let xz = b"\xfd7zXZ\0 and more";
    let Err(Fault::Archive(reason)) = unpack(xz, &digest_of(xz)) else {
        panic!("it cannot be read");
    };
    assert!(
        reason.contains("xz") && !reason.contains("root_cache"),
        "{reason}"
    );
    assert!(Path::new(&scratch.path("to/x")).exists());
}
