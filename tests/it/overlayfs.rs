//! The plugin overlayfs: layers in a directory of their own.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;

use crate::support::{ARCH, Place, SMALL_ROOT, Who, both, own_mounts};

fn entries(directory: &Path) -> usize {
    fs::read_dir(directory).map_or(0, |entries| entries.count())
}

fn options(base_dir: &Path) -> [String; 2] {
    let option = format!("overlayfs:base_dir={}", base_dir.display());
    [
        "--enable-plugin=overlayfs".to_owned(),
        format!("--plugin-option={option}"),
    ]
}

#[test]
fn layers_are_where_base_dir_says() {
    for place in both() {
        let base_dir = place.path("home/overlays");
        let mock = |arguments: &[&str]| place.mock(options(&base_dir)).args(arguments);
        mock(&["--init"]).ok();
        assert!(entries(&base_dir.join("layers")) > 0);
        mock(&["--snapshot", "a"]).ok();
        mock(&["-q", "--shell", "touch /junk"]).ok();
        mock(&["--rollback-to", "a"]).ok();
        mock(&["-q", "--shell", "test ! -e /junk"]).ok();
        let listed = mock(&["-q", "--list-snapshots"]).ok().out();
        assert!(listed.ends_with(":\n  postinit\n* a\n"), "{listed}");
        mock(&["--clean"]).ok();
        mock(&["--scrub=overlayfs"]).ok();
        assert_eq!(entries(&base_dir.join("layers")), 0);
        let listed = mock(&["-q", "--list-snapshots"]).ok().out();
        assert!(listed.ends_with(":\n"), "{listed}");
        assert_eq!(entries(&place.basedir().join(".mock")), 0);
    }
}

#[test]
fn what_it_cannot_work_with() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let done = place.mock(["--enable-plugin=overlayfs", "--init"]).run();
    assert_snapshot!(done.error(), @"
    exit 3
    ERROR: plugin overlayfs: base_dir must be given, the directory for its layers
    ");
    let both = ["--enable-plugin=tmpfs", "--init"];
    let done = place.mock(options(&place.path("home/x"))).args(both).run();
    assert_snapshot!(done.error(), @"
    exit 3
    ERROR: plugins tmpfs and overlayfs cannot be combined: both provide the root's storage
    hint: --disable-plugin tmpfs
    ");
}

/// Such a place is not what `auto` takes.
#[test]
fn a_directory_where_overlayfs_cannot_work() {
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    let on_overlay = |words: &[&str]| {
        for name in ["lower", "upper", "work", "lib"] {
            place.make_dir(name);
        }
        let script = format!(
            "cd {} && mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay lib && exec \"$@\"",
            place.dir.display()
        );
        let mock = place.mock(SMALL_ROOT).args(words);
        mock.through(own_mounts(&script)).ok()
    };
    let why = "directory (overlayfs does not work here: ";
    let done = on_overlay(&["--debug-config"]);
    let text = done.out();
    let line = text.lines().last().unwrap_or_default();
    assert!(
        line.starts_with(&format!("# storage here: {why}")),
        "{line}"
    );
    assert!(line.ends_with("/lib is not on btrfs)"), "{line}");
    let done = on_overlay(&["-v", "--init"]);
    assert!(
        done.stderr.contains(&format!("storage: {why}")),
        "{}",
        done.stderr
    );
    let root = place.path("upper").join(format!("mini-{ARCH}/root"));
    assert!(root.join("usr/bin/bash").exists());
}

/// Overlayfs cannot write to an overlay.
#[test]
fn where_overlayfs_cannot_work() {
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    for name in ["lower", "upper", "work", "overlay"] {
        place.make_dir(name);
    }
    let script = format!(
        "cd {} && mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay overlay && exec \"$@\"",
        place.dir.display()
    );
    let base_dir = place.path("overlay/base");
    let done = place
        .mock(options(&base_dir))
        .args(["--init"])
        .through(own_mounts(&script))
        .run();
    let error = done.exits(20).error();
    let start =
        "exit 20\nERROR: plugin overlayfs: base_dir [DIR]/overlay/base cannot be used here: ";
    assert!(error.starts_with(start), "{error}");
    let hint = "hint: give a base_dir on ext4, xfs, btrfs or tmpfs, or --disable-plugin=overlayfs";
    assert!(error.ends_with(hint), "{error}");
    assert_eq!(entries(&place.path("upper")), 0);
}
