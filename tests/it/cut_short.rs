//! Bootstrap roots, images and chains that a kill, a key or a full disk cuts short: nothing is left, and
//! the next run works.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::full_disk::{LEFT, on_small_disk};
use crate::lifetime::nothing_is_left;
use crate::support::{
    ARCH, Mock, Place, Repository, SMALL_ROOT, Who, both, image_of, mounts_below, wait_until,
};

const PATIENCE: Duration = Duration::from_secs(60);

/// Ends a run when something can be seen.
fn cut(place: &Place, mock: Mock<'_>, signal: Signal, mut seen: impl FnMut() -> bool) {
    let mut running = mock.spawn();
    let found = wait_until(PATIENCE, || {
        assert!(!running.is_over(), "mock ended too early");
        seen().then_some(())
    });
    assert_eq!(found, Some(()), "it is never seen");
    running.signal(signal);
    match signal {
        Signal::SIGINT => drop(running.wait().exits(7)),
        _ => drop(running.wait().killed_by(signal)),
    }
    nothing_is_left(place);
}

#[test]
fn a_bootstrap_root_that_is_being_made() {
    for place in both() {
        let name = format!("mini-{ARCH}-bootstrap");
        let head = place.basedir().join(".mock/roots").join(&name);
        let tree = head.join("heads").join(&name).join("tree/fs");
        let init = || {
            place
                .mock(["--bootstrap-chroot", "--init"])
                .args(SMALL_ROOT)
        };
        for signal in [Signal::SIGINT, Signal::SIGKILL] {
            place.mock(["--scrub=all"]).ok();
            cut(&place, init(), signal, || {
                tree.join("usr/bin/bash").exists()
            });
        }
        init().ok();
        place.mock(["--scrub=all"]).ok();
        assert_eq!(mounts_below(&place.dir), Vec::<String>::new());
        assert!(!head.exists());
    }
}

/// The image of a root, unpacked by a user and by root.
#[test]
fn an_image_that_is_being_unpacked() {
    let (Some(maker), Some(user)) = (Place::new(Who::Root), Place::new(Who::User)) else {
        return;
    };
    maker.mock(["--init"]).args(SMALL_ROOT).ok();
    let image = image_of(&maker, &maker.root());
    let [ready, skip] = ["--config-opts", "buildroot_image_ready=True"];
    let options = ["--buildroot-image", &image, ready, skip];
    maker.mock(["--scrub=all"]).ok();
    for place in [&maker, &user] {
        let init = || place.mock(options).args(["--init"]);
        let began = Instant::now();
        init().ok();
        let whole = began.elapsed();
        for (part, signal) in [
            (1, Signal::SIGKILL),
            (2, Signal::SIGINT),
            (3, Signal::SIGKILL),
        ] {
            place.mock(["--scrub=all"]).ok();
            let mut running = init().spawn();
            std::thread::sleep(whole * part / 4);
            if !running.is_over() {
                running.signal(signal);
            }
            running.wait();
            nothing_is_left(place);
            let done = place
                .mock(options)
                .args(["-q", "--shell", "rpm -q bash"])
                .ok();
            assert!(done.out().starts_with("bash-"), "{}", done.out());
        }
    }
    maker.mock(["--scrub=all"]).ok();
    // On a disk that has no room for it, and then has.
    let words = options.map(|word| format!("'{word}'")).join(" ");
    let script = format!(
        "\"$@\" {words} --init; status=$?\n\
         mount -o remount,size=3000m \"$disk\"\n\
         \"$@\" {words} -q --shell 'rpm -V --nodeps bash coreutils' || echo broken\n\
         exit $status"
    );
    let done = on_small_disk(&maker, 40, &script);
    assert_eq!(done.out(), "", "{}", done.stderr);
    assert!(
        done.error().contains("No space left on device"),
        "{}",
        done.error()
    );
    assert_ne!(done.status_code(), Some(0));
}

#[test]
fn a_bootstrap_root_on_a_full_disk() {
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    let words = SMALL_ROOT.map(|word| format!("'{word}'")).join(" ");
    let script = format!(
        "\"$@\" --bootstrap-chroot {words} --init; status=$?\n\
         find \"$disk\" -name .initialized\n\
         \"$@\" -q --scrub=all; {LEFT}\n\
         mount -o remount,size=3000m \"$disk\"\n\
         \"$@\" --bootstrap-chroot {words} -q --init >/dev/null 2>&1 || echo broken\n\
         exit $status"
    );
    let done = on_small_disk(&place, 60, &script).exits(30);
    assert_eq!(done.out(), "", "{}", done.stderr);
    let error = done.error();
    let named = ["No space left on device", "At least "];
    assert!(named.iter().any(|words| error.contains(words)), "{error}");
}

/// Killed in its second build, as root: what was built is not built again.
#[test]
fn a_chain_that_is_killed() {
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    let sources = Repository::new(&place, "sources");
    let rest = |build: &str| format!("%description\n%build\n{build}\n%files\n");
    let first = sources.source("first", &rest("true"));
    let second = sources.source("second", &rest("echo waiting\nsleep 100000"));
    let [first, second] = [first, second].map(|path| path.to_string_lossy().into_owned());
    let line = ["--chain", "--localrepo=repo", &first, &second];
    let results = place.path(&format!("files/repo/results/mini-{ARCH}"));
    cut(&place, place.mock(line), Signal::SIGKILL, || {
        let log = std::fs::read_to_string(results.join("second-1-1/build.log"));
        log.is_ok_and(|log| log.contains("\nwaiting\n"))
    });
    sources.source("second", &rest("true"));
    let done = place.mock(line).ok();
    assert!(
        done.stderr
            .contains(&format!("Skipping already built pkg {first}"))
    );
    assert!(results.join("second-1-1/success").exists());
}
