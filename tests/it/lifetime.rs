//! When `mock` ends, however it ends, nothing it started lives on and nothing it mounted stays.

use std::fs;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::support::{
    ARCH, Place, Running, Storage, Who, both, mounts_below, processes_of, srpm, stray_mounts_below,
    wait_until,
};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long the kernel may take to end a killed process tree.
const SOON: Duration = Duration::from_secs(2);

/// Waits until a program with these words in its command line works on the place.
fn wait_for_program(place: &Place, running: &mut Running<'_>, words: &str) {
    let found = wait_until(PATIENCE, || {
        assert!(!running.is_over(), "mock ended too early");
        let all = processes_of(&place.dir);
        let is_it = |line: &String| {
            line.split_once(' ')
                .is_some_and(|(_, line)| line.starts_with(words))
        };
        all.iter().any(is_it).then_some(())
    });
    assert_eq!(found, Some(()), "{words} does not run");
}

pub(crate) fn nothing_is_left(place: &Place) {
    let left = wait_until(SOON, || {
        let mounts = stray_mounts_below(&place.dir);
        (processes_of(&place.dir).is_empty() && mounts.is_empty()).then_some(())
    });
    let (processes, mounts) = (processes_of(&place.dir), stray_mounts_below(&place.dir));
    assert_eq!(left, Some(()), "{processes:#?}\n{mounts:#?}");
}

/// Starts a build that never ends, and gives it when it sleeps.
fn endless(place: &Place) -> Running<'_> {
    let mut running = place.mock(["--rebuild", &srpm("endless")]).spawn();
    wait_for_program(place, &mut running, "sleep 100000");
    running
}

fn killed_while_building(storage: Storage, who: Who) {
    let Some(place) = Place::on(storage, who) else {
        return;
    };
    let running = endless(&place);
    running.signal(Signal::SIGKILL);
    running.wait().killed_by(Signal::SIGKILL);
    nothing_is_left(&place);
    // The next one finds nothing in its way.
    place.mock([srpm("needsnothing")]).ok();
    place.mock(["--clean"]).ok();
    assert_eq!(mounts_below(&place.dir), Vec::<String>::new());
}

fn killed_while_installing(storage: Storage, who: Who) {
    let Some(place) = Place::on(storage, who) else {
        return;
    };
    let mut running = place.mock(["--init"]).spawn();
    let started = wait_until(PATIENCE, || {
        assert!(!running.is_over(), "mock ended too early");
        // In the midst of the transaction: some packages are there.
        place.is_made_as_far_as("usr/bin/tar").then_some(())
    });
    assert_eq!(started, Some(()));
    running.signal(Signal::SIGKILL);
    running.wait().killed_by(Signal::SIGKILL);
    nothing_is_left(&place);
    // What is half there is not taken for a root, also not by those who want to keep it.
    let done = place.mock(["--no-clean", &srpm("needsnothing")]).ok();
    let warning = format!(
        "WARNING: an earlier transaction was cut short: {} is made anew\n",
        place.root().display()
    );
    assert!(done.stderr.contains(&warning), "{}", done.stderr);
    place.mock(["--chroot", "gcc --version"]).ok();
}

/// What a transaction on top of a root has half installed is in no layer.
fn killed_while_installing_requirements(storage: Storage, who: Who) {
    let Some(place) = Place::on(storage, who) else {
        return;
    };
    place.mock(["--init"]).ok();
    let before = place.layers();
    let srpm = srpm("cmakehello");
    let mut running = place.mock(["--rebuild", &srpm]).spawn();
    let log = place.result().join("root.log");
    let started = wait_until(PATIENCE, || {
        assert!(!running.is_over(), "mock ended too early");
        let text = fs::read(&log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let (_, builddep) = text.split_once("'builddep'")?;
        builddep.contains("Running transaction\n").then_some(())
    });
    assert_eq!(started, Some(()));
    running.signal(Signal::SIGKILL);
    running.wait().killed_by(Signal::SIGKILL);
    nothing_is_left(&place);
    assert_eq!(place.layers(), before);
    place.mock(["--rebuild", &srpm]).ok();
    let built = format!("cmakehello-1.0-1.mini.{ARCH}.rpm");
    assert!(place.result().join(built).is_file());
    place.mock(["--chroot", "cmake --version"]).ok();
}

macro_rules! killed {
    ($($module:ident: $storage:ident, $who:ident;)*) => {
        $(mod $module {
            use super::{Storage, Who};

            #[test]
            fn killed_while_building() {
                super::killed_while_building(Storage::$storage, Who::$who);
            }

            #[test]
            fn killed_while_installing() {
                super::killed_while_installing(Storage::$storage, Who::$who);
            }

            #[test]
            fn killed_while_installing_requirements() {
                super::killed_while_installing_requirements(Storage::$storage, Who::$who);
            }
        })*
    };
}

killed! {
    rootless: Default, User;
    as_root: Default, Root;
    directory_rootless: Directory, User;
    directory_as_root: Directory, Root;
}

#[test]
fn interrupted_while_building() {
    for who in [Who::User, Who::Root] {
        for (signal, status) in [
            (Signal::SIGINT, 7),
            (Signal::SIGTERM, 143),
            (Signal::SIGHUP, 129),
        ] {
            let Some(place) = Place::new(who) else {
                continue;
            };
            let running = endless(&place);
            running.signal(signal);
            let done = running.wait().exits(status);
            nothing_is_left(&place);
            let state = fs::read_to_string(place.result().join("state.log"));
            let state = state.expect("there is a log");
            assert_eq!(
                state.matches(" - Start: ").count(),
                state.matches(" - Finish: ").count(),
                "{state}"
            );
            let last = done.stderr.lines().last().unwrap_or_default();
            let expected = match signal {
                Signal::SIGINT => "ERROR: Exiting on user interrupt, <CTRL>-C".to_owned(),
                _ => format!("ERROR: ended by signal {}", signal.as_str()),
            };
            assert_eq!(last, expected);
            place
                .mock(["--no-clean", "--nocheck", &srpm("needsnothing")])
                .ok();
        }
    }
}

#[test]
fn interrupted_while_installing() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let mut running = place.mock(["--init"]).spawn();
    let started = wait_until(PATIENCE, || {
        assert!(!running.is_over(), "mock ended too early");
        place.is_made_as_far_as("usr/bin/tar").then_some(())
    });
    assert_eq!(started, Some(()));
    running.signal(Signal::SIGINT);
    running.wait().exits(7);
    nothing_is_left(&place);
    place.mock(["--no-clean", "--chroot", "gcc --version"]).ok();
}

/// What a scriptlet leaves running does not outlive the transaction.
#[test]
fn a_daemon_of_a_scriptlet_ends_with_its_transaction() {
    for place in both() {
        place.mock(["--install", "torture-daemon"]).ok();
        nothing_is_left(&place);
    }
}

#[test]
fn a_daemon_of_a_command_ends_with_it() {
    for place in both() {
        let daemon =
            "setsid sh -c 'sleep 1000 & sleep 1000' </dev/null >/dev/null 2>&1 & echo started";
        for mode in ["--chroot", "--shell"] {
            let done = place.mock(["-q", mode, daemon]).ok();
            assert_eq!(done.out(), "started\n", "{mode}");
            nothing_is_left(&place);
        }
    }
}

/// A process that keeps the output open does not keep `mock`.
#[test]
fn a_daemon_with_the_output_open_does_not_hold_things_up() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place.mock(["--init"]).ok();
    let start = std::time::Instant::now();
    place
        .mock(["-q", "--chroot", "sleep 30 & echo started"])
        .ok();
    assert!(start.elapsed() < Duration::from_secs(10));
    nothing_is_left(&place);
}

/// A terminal that is closed takes what ran in it along.
#[test]
fn the_shells_mock_is_killed() {
    for place in both() {
        let mut running = place.mock(["--shell", "sleep 1000"]).spawn();
        wait_for_program(&place, &mut running, "sleep 1000");
        running.signal(Signal::SIGKILL);
        running.wait().killed_by(Signal::SIGKILL);
        nothing_is_left(&place);
    }
}
