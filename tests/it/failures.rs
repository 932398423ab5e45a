//! Builds that fail: the cause on the console, the exit status, what stays.

use insta::assert_snapshot;

use crate::support::{Place, Who, srpm};

/// The end of what a failed rebuild says, and its exit status.
fn failure(name: &str) -> Option<String> {
    let place = Place::new(Who::User)?;
    let done = place.mock([srpm(name)]).run();
    // The root stays, to be looked into.
    assert!(place.has(&format!("builddir/build/SPECS/{name}.spec")));
    let state = std::fs::read_to_string(place.result().join("state.log"));
    let state = state.expect("a failed build has logs");
    let count = |word: &str| state.matches(word).count();
    assert_eq!(count(" - Start: "), count(" - Finish: "), "{state}");
    Some(done.error())
}

#[test]
fn a_test_that_fails() {
    let Some(text) = failure("failcheck") else {
        return;
    };
    assert_snapshot!(text, @"
    exit 1
    ERROR: Exception([MINI]/SRPMS/failcheck-1.0-1.mini1.src.rpm) Config(mini-[ARCH]) [N] minutes [N] seconds
    INFO: Results and/or logs in: [STATE]/mini-[ARCH]/result
    Failed failcheck-1.0-1.mini1.src.rpm ([N] minutes [N] seconds): [STATE]/mini-[ARCH]/result
    Finish: run
    ERROR: rpmbuild (%check) failed with exit status 1
      FAIL: test-addition: expected 4, got 5
      log: [STATE]/mini-[ARCH]/result/build.log
    hint: look into the root with `mock -r mini-[ARCH] --shell`
    ");
}

#[test]
fn a_file_that_does_not_compile() {
    let Some(text) = failure("failcompile") else {
        return;
    };
    assert_snapshot!(text, @r#"
    exit 1
    ERROR: Exception([MINI]/SRPMS/failcompile-1.0-1.mini1.src.rpm) Config(mini-[ARCH]) [N] minutes [N] seconds
    INFO: Results and/or logs in: [STATE]/mini-[ARCH]/result
    Failed failcompile-1.0-1.mini1.src.rpm ([N] minutes [N] seconds): [STATE]/mini-[ARCH]/result
    Finish: run
    ERROR: rpmbuild (%build) failed with exit status 1
      broken.c: In function 'main':
      broken.c:7:20: error: 'undeclared_variable' undeclared (first use in this function)
          7 |     printf("%d\n", undeclared_variable);
            |                    ^~~~~~~~~~~~~~~~~~~
      log: [STATE]/mini-[ARCH]/result/build.log
    hint: look into the root with `mock -r mini-[ARCH] --shell`
    "#);
}

#[test]
fn a_requirement_that_is_nowhere() {
    let Some(text) = failure("missingbr") else {
        return;
    };
    assert_snapshot!(text, @"
    exit 30
    ERROR: Exception([MINI]/SRPMS/missingbr-1.0-1.mini1.src.rpm) Config(mini-[ARCH]) [N] minutes [N] seconds
    INFO: Results and/or logs in: [STATE]/mini-[ARCH]/result
    Failed missingbr-1.0-1.mini1.src.rpm ([N] minutes [N] seconds): [STATE]/mini-[ARCH]/result
    Finish: run
    ERROR: dnf4 builddep failed with exit status 1
      No matching package to install: 'no-such-package-devel' (BuildRequires: no-such-package-devel of missingbr)
      Error: Some packages could not be found.
      log: [STATE]/mini-[ARCH]/result/root.log
    hint: look for packages with `mock -r mini-[ARCH] --pm-cmd search NAME`
    ");
}

#[test]
fn another_architecture() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let before = place.listing();
    let done = place.mock([srpm("onlyarm")]).run();
    assert_snapshot!(done.shot(), @"
    exit 40
    --- stderr
    Start: run
    Finish: run
    ERROR: onlyarm-1.0-1.mini1.src.rpm cannot be built for [ARCH]: its ExclusiveArch is [OTHER ARCH]
    hint: choose a configuration for another architecture with -r, or give --target
    ");
    assert_eq!(place.listing(), before);
}

/// The first failure ends a line of several.
#[test]
fn the_packages_after_a_failed_one_are_not_built() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let done = place
        .mock(["--resultdir", "out", "--nocheck"])
        .args([
            srpm("needsnothing"),
            srpm("failcompile"),
            srpm("noarchdata"),
        ])
        .run()
        .exits(1);
    let started = |name: &str| {
        done.stderr
            .contains(&format!("INFO: Start({})", srpm(name)))
    };
    assert_eq!(
        ["needsnothing", "failcompile", "noarchdata"].map(started),
        [true, true, false]
    );
}
