//! `--installdeps` for everything that requires something.

use std::fs;

use insta::assert_snapshot;

use crate::support::{ARCH, Place, SMALL_ROOT, Who, has_package, minidistro, srpm};

const SPEC: &str = "\
Name: wants
Version: 1
Release: 1
Summary: Wants things
License: MIT
# Only the root's macros know this.
%if \"%{?dist}\" == \".mini\" && 0%{?with_extra}
BuildRequires: (cmake >= 3 or no-such-package)
%endif
BuildRequires: bash, pkgconfig(ncurses) >= 6

%description
Wants.
";

#[test]
fn spec_files_and_packages_of_both_kinds_in_one_go() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let has = |name: &str| has_package(place.mock(["-q"]), name);
    // A source package may have requirements of its own by configuration.
    let words = ["--config-opts=more_buildreqs={}", "--installdeps"];
    let _ = words;
    place.write("files/wants.spec", SPEC);
    let config = crate::support::configs().join(format!("mini-{ARCH}.toml"));
    place.write(
        "files/mine.toml",
        format!(
            "include = [\"{}\"]\n[packages]\nmore_buildreqs = {{ needsnothing = [\"ninja-build\"] }}\n",
            config.display()
        ),
    );
    let binary = format!("repo/autoconf-2.71-3.mini1.noarch.rpm");
    let binary = minidistro().join(binary);
    assert!(binary.is_file(), "{}", binary.display());
    place
        .mock([
            "-r",
            "./mine.toml",
            "--define",
            "with_extra 1",
            "--installdeps",
        ])
        .args([
            &srpm("needsnothing"),
            "wants.spec",
            &binary.to_string_lossy(),
        ])
        .ok();
    assert!(has("cmake") && has("ncurses-devel"));
    assert!(has("ninja-build"));
    // What it requires, not itself.
    assert!(has("m4") && !has("autoconf"));

    // Everything is there now: the package manager is not asked again.
    place.mock(["--installdeps", "wants.spec"]).ok();

    place.write("files/broken.spec", "%if\n");
    let done = place.mock(["--installdeps", "broken.spec"]).run();
    assert_snapshot!(done.error(), @"");
    let done = place.mock(["--installdeps", "none.spec"]).run();
    assert_snapshot!(done.error(), @"");
    place.write("files/no.rpm", "no package");
    let done = place.mock(["--installdeps", "wants.spec", "no.rpm"]).run();
    assert_snapshot!(done.error(), @"");
    // A root that has no rpmspec.
    let done = place
        .mock(["--uniqueext", "small", "--installdeps", "wants.spec"])
        .args(SMALL_ROOT)
        .run();
    assert_snapshot!(done.error(), @"");
    let _ = fs::remove_file(place.path("files/no.rpm"));
}
