//! Two at once on one root, and beside each other.

use std::time::Duration;

use insta::assert_snapshot;
use nix::sys::signal::Signal;

use crate::support::{ARCH, Place, Running, Who, everywhere, processes_of, srpm, wait_until};

const PATIENCE: Duration = Duration::from_secs(60);

/// A shell that stays, once it is there.
fn shell(place: &Place) -> Running<'_> {
    let running = place.mock(["--shell", "sleep 1000"]).spawn();
    let found = wait_until(PATIENCE, || {
        let all = processes_of(&place.dir);
        all.iter()
            .any(|line| line.contains(" sleep 1000 ") && !line.contains("--shell"))
            .then_some(())
    });
    assert_eq!(found, Some(()));
    running
}

#[test]
fn a_root_in_use_is_not_removed() {
    for place in everywhere() {
        let running = shell(&place);
        for arguments in [&["--clean"][..], &["--scrub=all"], &["--init"]] {
            let done = place.mock(arguments).run();
            insta::allow_duplicates! { assert_snapshot!(done.error(), @"
            exit 60
            ERROR: cannot lock [STATE]/mini-[ARCH]/buildroot.lock: held by process [PID]
            hint: another mock uses this root; give --uniqueext to build beside it
            "); }
        }
        assert!(place.has("usr/bin/gcc"));
        // But it may be used by more than one.
        place.mock(["--chroot", "true"]).ok();
        place.mock(["--install", "ncurses-devel"]).ok();
        running.signal(Signal::SIGTERM);
        running.wait().exits(143);
        place.mock(["--clean"]).ok();
    }
}

#[test]
fn who_comes_second_waits_and_says_so() {
    for place in everywhere() {
        waits_and_says_so(&place);
    }
}

fn waits_and_says_so(place: &Place) {
    let first = place.mock(["--init"]).spawn();
    let making = wait_until(PATIENCE, || place.is_made_as_far_as("usr").then_some(()));
    assert_eq!(making, Some(()));
    let second = place.mock(["--chroot", "echo second"]).ok();
    first.wait().exits(0);
    // The first one may be over when the second one looks again, and then that attaches the root.
    let shot = second
        .shot()
        .replace("Start: chroot init\nFinish: chroot init\n", "");
    insta::allow_duplicates! { assert_snapshot!(shot, @"
    exit 0
    --- stdout
    second
    --- stderr
    Start: run
    INFO: waiting for [STATE]/mini-[ARCH]/buildroot.lock: another mock (process [PID]) is making this root; give --uniqueext to build beside it
    INFO: Mock Version: 0.1.0
    INFO: Running in chroot: ['echo second']
    Start: chroot ['echo second']
    Finish: chroot ['echo second']
    Finish: run
    "); }
}

#[test]
fn unique_extensions_work_beside() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let running = shell(&place);
    let beside = place.basedir().join(format!("mini-{ARCH}-two"));
    place
        .mock(["--uniqueext", "two", "--no-clean", &srpm("needsnothing")])
        .ok();
    assert!(
        beside
            .join("result/needsnothing-1.0-1.mini.noarch.rpm")
            .exists()
    );
    assert!(
        !place
            .result()
            .join("needsnothing-1.0-1.mini.noarch.rpm")
            .exists()
    );
    place.mock(["--uniqueext=two", "--clean"]).ok();
    assert!(!beside.exists() && place.has("usr/bin/gcc"));
    drop(running);
}
