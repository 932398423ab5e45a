//! `--installdeps` for everything that requires something.

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
    place.write("files/wants.spec", SPEC);
    let config = crate::support::configs().join(format!("mini-{ARCH}.toml"));
    // A source package may have more requirements by configuration.
    place.write(
        "files/mine.toml",
        format!(
            "include = [\"{}\"]\n[packages]\nmore_buildreqs = {{ needsnothing = [\"ninja-build\"] }}\n",
            config.display()
        ),
    );
    let binary = minidistro().join("repo/autoconf-2.71-3.mini1.noarch.rpm");
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
    assert_snapshot!(done.error(), @"
    exit 40
    ERROR: cannot read the build requirements of [DIR]/files/broken.spec:
    error: line 1: Unknown tag: %if
    error: query of specfile /builddir/build/SPECS/broken.spec failed, can't parse
    ");
    let done = place.mock(["--installdeps", "none.spec"]).run();
    assert_snapshot!(done.error(), @"
    exit 5
    ERROR: Input specfile does not exist: none.spec
    ");
    place.write("files/no.rpm", "no package");
    let done = place.mock(["--installdeps", "wants.spec", "no.rpm"]).run();
    assert_snapshot!(done.error(), @"
    exit 1
    ERROR: Cannot find/open srpm: [DIR]/files/no.rpm. Error: not an RPM package
    ");
    // A root that has no rpmspec.
    let done = place
        .mock(["--uniqueext", "small", "--installdeps", "wants.spec"])
        .args(SMALL_ROOT)
        .run();
    assert_snapshot!(done.error(), @"
    exit 40
    ERROR: cannot read the build requirements of [DIR]/files/wants.spec:
    bash: line 1: rpmspec: command not found
    hint: rpmspec is not in the root; its package is rpm-build: give --config-opts=chroot_additional_packages=rpm-build
    ");
}
