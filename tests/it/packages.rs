//! Commands that change which packages and files a root has.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use insta::assert_snapshot;

use crate::support::{Place, Who, both, has_package, minidistro, srpm};

fn has(place: &Place, package: &str) -> bool {
    has_package(place.mock(["-q"]), package)
}

#[test]
fn packages_come_and_go() {
    for place in both() {
        place.mock(["--install", "ncurses-devel"]).ok();
        assert!(has(&place, "ncurses-devel"));
        place.mock(["--update"]).ok();
        place.mock(["--update", "ncurses-devel"]).ok();
        place.mock(["--remove", "ncurses-devel"]).ok();
        assert!(!has(&place, "ncurses-devel"));
        // A file of the host, and a path that a package has.
        let file = minidistro().join(format!(
            "repo/ncurses-devel-6.4-4.mini1.{}.rpm",
            crate::support::ARCH
        ));
        place.mock(["-i", &file.to_string_lossy()]).ok();
        assert!(has(&place, "ncurses-devel"));
        place.mock(["remove", "ncurses-devel"]).ok();
        place.mock(["install", "/usr/bin/cmake"]).ok();
        assert!(has(&place, "cmake"));
    }
}

#[test]
fn a_relative_file_is_found_from_where_mock_was_started() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place.mock(["--resultdir=.", &srpm("noarchdata")]).ok();
    place
        .mock(["--install", "./noarchdata-1.0-1.mini.noarch.rpm"])
        .ok();
    assert!(has(&place, "noarchdata"));
}

#[test]
fn build_requirements_alone() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place.mock(["--installdeps", &srpm("cmakehello")]).ok();
    assert!(has(&place, "cmake"));
    let done = place.mock(["--installdeps", &srpm("missingbr")]).run();
    assert_snapshot!(done.error(), @"
    exit 30
    ERROR: dnf4 builddep failed with exit status 1
      No matching package to install: 'no-such-package-devel'
      Error: Some packages could not be found.
      log: [STATE]/mini-[ARCH]/result/root.log
    hint: look for packages with `mock -r mini-[ARCH] --pm-cmd search NAME`
    ");
}

#[test]
fn the_package_managers_own_words() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let done = place
        .mock(["--pm-cmd", "--", "list", "--available", "cmake"])
        .ok();
    assert!(
        done.out().contains("\nAvailable Packages\ncmake."),
        "{}",
        done.shot()
    );
    place
        .mock(["--dnf-cmd", "--", "install", "-y", "cmake"])
        .ok();
    assert!(has(&place, "cmake"));
    let done = place.mock(["--pm-cmd", "no-such-command"]).run();
    assert_snapshot!(done.error(), @"
    exit 30
    ERROR: dnf4 no-such-command failed with exit status 1
      No such command: no-such-command. Please use /usr/bin/dnf-3 --help
      log: [STATE]/mini-[ARCH]/result/root.log
    ");
}

#[test]
fn copying_in() {
    for place in both() {
        place.write("files/file", "content");
        place.write("files/other", "");
        place.make_dir("files/tree");
        place.write("files/tree/leaf", "leaf");
        std::os::unix::fs::symlink("leaf", place.path("files/tree/link")).expect("it is our own");
        fs::set_permissions(place.path("files/file"), fs::Permissions::from_mode(0o755))
            .expect("it is our own");
        let says = |line: &str| place.says(line).expect("there is a root");
        // A file: under a new name, into a directory; several; a home's file.
        place.mock(["--copyin", "file", "/tmp/name"]).ok();
        place.mock(["--copyin", "file", "other", "/tmp"]).ok();
        place.mock(["--copyin", "file", "/builddir/mine"]).ok();
        for path in ["tmp/name", "tmp/file", "builddir/mine"] {
            assert_eq!(
                place.inside(path).as_deref(),
                Some(&b"content"[..]),
                "{path}"
            );
            assert_eq!(says(&format!("stat -c %a {path}")), "755\n", "{path}");
        }
        let owner = |path: &str| says(&format!("stat -c %u {path}"));
        assert_eq!(owner("builddir/mine"), owner("builddir"));
        assert_eq!(owner("tmp/name"), owner("usr"));
        // A directory: as a new name, into one that is there.
        place.mock(["--copyin", "tree", "/tmp/new"]).ok();
        place.mock(["--copyin", "tree", "/tmp"]).ok();
        for path in ["tmp/new", "tmp/tree"] {
            assert_eq!(says(&format!("readlink {path}/link")), "leaf\n", "{path}");
        }
        place.mock(["--copyin", "tree", "/tmp"]).run().exits(50);
        place.mock(["--copyin", "none", "/tmp"]).run().exits(50);
        place
            .mock(["--copyin", "file", "other", "/tmp/new-too"])
            .run()
            .exits(50);
        place.mock(["--copyin", "file"]).run().exits(50);
    }
}

#[test]
fn copying_out() {
    for place in both() {
        let made = "cd /builddir && mkdir -p d/e && echo 1 > d/a.txt && echo 2 > d/b.txt && ln -s a.txt d/link \
                    && chmod 750 d/a.txt";
        place.mock(["--chroot", made]).ok();
        let out = |path: &str| place.path("files").join(path);
        place.mock(["--copyout", "~/d/a.txt", "name"]).ok();
        place.mock(["--copyout", "/builddir/d", "tree"]).ok();
        place.make_dir("files/into");
        place.mock(["--copyout", "/builddir/d/*.txt", "into"]).ok();
        for path in ["name", "tree/a.txt", "into/a.txt"] {
            let text = fs::read_to_string(out(path));
            assert_eq!(text.ok().as_deref(), Some("1\n"), "{path}");
            let metadata = fs::metadata(out(path)).expect("it was read");
            assert_eq!(metadata.mode() & 0o7777, 0o750, "{path}");
            assert_eq!(metadata.uid(), place.uid(), "{path}");
        }
        assert!(out("into/b.txt").exists() && out("tree/e").is_dir());
        assert_eq!(fs::read_link(out("tree/link")).ok(), Some("a.txt".into()));
        place.mock(["--copyout", "/none*", "into"]).run().exits(50);
        place
            .mock(["--copyout", "/builddir/d/*.txt", "nowhere"])
            .run()
            .exits(50);
    }
}

/// A link inside must not lead outside.
#[test]
fn copying_out_stays_inside() {
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    let secret = place.write("files/secret", "of the host");
    let line = format!("ln -s {} /tmp/link; ln -s / /tmp/slash", secret.display());
    place.mock(["--chroot", &line]).ok();
    // A link is copied as a link.
    place.mock(["--copyout", "/tmp/link", "out"]).ok();
    assert_eq!(
        fs::read_link(place.path("files/out")).ok(),
        Some(secret.clone())
    );
    let through = format!("/tmp/slash{}", secret.display());
    place
        .mock(["--copyout", &through, "out-too"])
        .run()
        .exits(50);
    assert!(!place.path("files/out-too").exists());
}
