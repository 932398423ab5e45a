//! Roots made, shown and removed.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use insta::assert_snapshot;

use crate::support::{
    ARCH, Place, Storage, Who, both, everywhere, mounts_below, shared, srpm, stray_mounts_below,
    wait_until,
};

#[test]
fn init_and_clean() {
    for place in everywhere() {
        let done = place.mock(["--init"]).ok();
        let snapshot = "INFO: created postinit snapshot\n";
        let layers = place.storage == Storage::Default;
        assert_eq!(done.stderr.contains(snapshot), layers, "{}", done.stderr);
        insta::allow_duplicates! { assert_snapshot!(done.shot().replace(snapshot, ""), @"
        exit 0
        --- stderr
        Start: run
        Start: clean chroot
        Finish: clean chroot
        INFO: Mock Version: 0.1.0
        Start: chroot init
        Start: installing minimal buildroot with dnf4
        Finish: installing minimal buildroot with dnf4
        Finish: chroot init
        Finish: run
        "); }
        assert!(place.has("usr/bin/gcc"));
        // Nothing of a new root reaches out of it.
        place.put("marker");
        place.mock(["--init", "--no-clean"]).ok();
        assert!(place.has("marker"));
        place.mock(["--init"]).ok();
        assert!(place.has("usr/bin/gcc") && !place.has("marker"));
        assert_eq!(stray_mounts_below(&place.dir), Vec::<String>::new());
        let done = place.mock(["--clean"]).ok();
        insta::allow_duplicates! { assert_snapshot!(done.shot(), @"
        exit 0
        --- stderr
        Start: run
        Start: clean chroot
        Finish: clean chroot
        Finish: run
        "); }
        assert!(!place.chroot().exists());
        assert_eq!(mounts_below(&place.dir), Vec::<String>::new());
        // What is clean stays so.
        place.mock(["--clean"]).ok();
    }
}

#[test]
fn old_style_words() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place.mock(["init"]).ok();
    assert!(place.has("usr/bin/gcc"));
    assert_eq!(
        place.mock(["-q", "shell", "echo", "hello"]).ok().out(),
        "hello\n"
    );
    assert_eq!(
        place.mock(["-q", "chroot", "echo hello"]).ok().out(),
        "hello\n"
    );
    place.mock(["rebuild", &srpm("needsnothing")]).ok();
    place.mock(["clean"]).ok();
    assert!(!place.chroot().exists());
}

/// Nothing of any root, not even empty directories.
fn nothing_is_left(place: &Place) {
    assert_eq!(mounts_below(&place.dir), Vec::<String>::new());
    for directory in [place.basedir(), place.cache()] {
        let names: Vec<_> = fs::read_dir(&directory)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        assert_eq!(names, Vec::<PathBuf>::new());
    }
}

fn scrubbing(place: &Place) {
    let cache = place.cache().join(format!("mini-{ARCH}"));
    place.mock(["--init"]).ok();
    assert!(cache.is_dir());
    place.mock(["--scrub=cache"]).ok();
    assert!(place.root().is_dir() && !cache.exists());
    assert!(place.has("usr/bin/gcc"));
    place.mock(["--scrub", "chroot"]).ok();
    assert!(!place.chroot().exists());
    place.mock(["--init"]).ok();
    let done = place.mock(["--scrub=all", "--scrub=bootstrap"]).ok();
    insta::allow_duplicates! { assert_snapshot!(done.shot(), @"
    exit 0
    --- stderr
    Start: run
    Start: scrub ['all', 'bootstrap']
    INFO: scrubbing everything for mini-[ARCH]
    Start: clean chroot
    Finish: clean chroot
    INFO: scrubbing bootstrap for mini-[ARCH]
    Finish: scrub ['all', 'bootstrap']
    Finish: run
    "); }
    nothing_is_left(place);
    // What is gone can be scrubbed too, and that leaves nothing either.
    place.mock(["--scrub=all"]).ok();
    nothing_is_left(place);
    place.mock(["--scrub=nothing"]).run().exits(2);
}

#[test]
fn scrubbing_rootless() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    scrubbing(&place);
}

#[test]
fn scrubbing_as_root() {
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    scrubbing(&place);
}

/// What an earlier configuration left is not in the way of another one, and goes with a scrub.
#[test]
fn the_storage_is_changed() {
    let directory = ["--config-opts", "storage=directory"];
    for place in both() {
        place.mock(["--init"]).ok();
        place.mock(directory).args(["--init"]).ok();
        assert!(place.root().join("usr/bin/gcc").is_file());
        assert_eq!(mounts_below(&place.dir), Vec::<String>::new());
        place.mock(["--init"]).ok();
        assert!(place.has("usr/bin/gcc"));
        place.mock(directory).args(["--scrub=all"]).ok();
        nothing_is_left(&place);
    }
}

#[test]
fn scrubbing_directories() {
    let Some(place) = Place::on(Storage::Directory, Who::User) else {
        return;
    };
    scrubbing(&place);
}

#[test]
fn scrubbing_all_chroots() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place.mock(["--shell", "true"]).ok();
    place.mock(["--uniqueext", "two", "--shell", "true"]).ok();
    place.mock(["--scrub-all-chroots"]).ok();
    nothing_is_left(&place);
}

#[test]
fn the_path_of_a_root() {
    for place in both() {
        let done = place.mock(["-p"]).ok();
        assert_eq!(
            done.shot(),
            format!(
                "exit 0\n--- stdout\n{}\n",
                done.filtered(&format!("{}/", place.root().display()))
            )
        );
        let done = place.mock(["--print-root-path", "--uniqueext=x"]).ok();
        let path = place.basedir().join(format!("mini-{ARCH}-x/root/"));
        assert_eq!(done.out(), format!("{}\n", path.display()));
        // It only says so.
        assert!(!place.basedir().exists());
    }
}

#[test]
fn a_root_elsewhere() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let elsewhere = place.path("home/elsewhere");
    let option = format!("--rootdir={}", elsewhere.display());
    place.mock([&option, "--shell", "touch /here"]).ok();
    let shell = |line: &str| place.mock(["-q", &option, "--shell", line]).run().out();
    assert_eq!(shell("ls /here"), "/here\n");
    assert!(elsewhere.is_dir() && !place.root().exists());
    place.mock([&option, "--clean"]).ok();
    assert!(!elsewhere.exists());
    // Also where it is seen.
    let option = [&option, "--config-opts=storage=directory"];
    place.mock(option).args(["--init"]).ok();
    place.mock(option).args(["--shell", "touch /here"]).ok();
    assert!(elsewhere.join("here").exists() && !place.root().exists());
    place.mock(option).args(["--clean"]).ok();
    assert!(!elsewhere.exists());
}

#[test]
fn a_root_elsewhere_as_root() {
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    let elsewhere = place.path("home/elsewhere");
    let option = format!("--rootdir={}", elsewhere.display());
    place.mock([&option, "--shell", "touch /here"]).ok();
    assert!(elsewhere.join("here").exists() && !place.root().exists());
    place.mock([&option, "--clean"]).ok();
    assert!(!elsewhere.exists());
    assert_eq!(mounts_below(&place.dir), Vec::<String>::new());
}

#[test]
fn the_list_of_configurations() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let done = place.mock(["--list-chroots"]).ok();
    let text = done.out();
    for line in ["mini-x86_64", "fedora-rawhide-aarch64"] {
        let found = text.lines().find(|found| found.starts_with(line));
        assert!(
            found.is_some_and(|found| found.len() > line.len()),
            "{text}"
        );
    }
    assert_eq!(done.stderr, "");
    assert!(!place.basedir().exists());
}

#[test]
fn the_effective_configuration() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let done = place
        .mock(["--debug-config", "--config-opts=dist=other"])
        .ok();
    let text = done.out();
    let line = |start: &str| {
        text.lines()
            .find(|line| line.starts_with(start))
            .unwrap_or_default()
    };
    assert_eq!(line("config_opts['dist']"), "config_opts['dist'] = 'other'");
    assert_eq!(
        line("config_opts['root']"),
        "config_opts['root'] = 'mini-{{ target_arch }}'"
    );
    let done = place.mock(["--debug-config-expanded"]).ok();
    let text = done.out();
    let expected = format!("config_opts['root'] = 'mini-{ARCH}'\n");
    assert!(text.contains(&expected), "{text}");
    let done = place.mock(["--debug-config", "-v"]).ok();
    let text = done.out();
    assert!(text.contains("configs/templates/mini.toml:"), "{text}");
    assert!(!place.basedir().exists());
}

#[test]
fn version_and_help_touch_nothing() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let before = place.listing();
    let done = place.bare().args(["--version"]).ok();
    assert_eq!(done.out(), concat!(env!("CARGO_PKG_VERSION"), "\n"));
    let done = place.bare().args(["--help"]).env("HOME", "/nowhere").ok();
    assert!(done.out().contains("\nModes:\n"), "{}", done.out());
    assert_eq!(place.listing(), before);
}

/// What a process that got away from its `mock` leaves: here, one whose `mock` is still there.
#[test]
fn orphanskill_ends_what_runs_in_a_root() {
    for place in everywhere() {
        place.mock(["--init"]).ok();
        let mut running = place.mock(["--chroot", "sleep 1000"]).spawn();
        let started = wait_until(std::time::Duration::from_secs(20), || {
            let all = crate::support::processes_of(&place.dir);
            all.iter()
                .any(|line| {
                    line.split_once(' ')
                        .is_some_and(|(_, line)| line == "sleep 1000 ")
                })
                .then_some(())
        });
        assert_eq!(started, Some(()));
        assert!(!running.is_over());
        let done = place.mock(["--orphanskill"]).ok();
        assert!(
            done.stderr.contains("WARNING: Leftover process "),
            "{}",
            done.stderr
        );
        let ended = running.wait();
        assert!(ended.status_code() != Some(0), "{}", ended.shot());
        assert_eq!(
            crate::support::processes_of(&place.dir),
            Vec::<String>::new()
        );
    }
}

#[test]
fn state_is_private_without_root() {
    let Some(place) = shared(Who::User) else {
        return;
    };
    for directory in [place.basedir(), place.cache()] {
        let metadata = fs::metadata(&directory).expect("the root is there");
        assert_eq!(metadata.mode() & 0o7777, 0o700, "{}", directory.display());
        assert_eq!(metadata.uid(), place.uid());
    }
}
