//! The plugin tmpfs: a root in memory.

use std::fs;
use std::time::Duration;

use insta::assert_snapshot;
use nix::sys::signal::Signal;

use crate::support::{Place, Who, both, mounts_below, processes_of, srpm, wait_until};

const TMPFS: &str = "--enable-plugin=tmpfs";
const KEEP: &str = "--plugin-option=tmpfs:keep_mounted=True";

fn no_mounts(place: &Place) {
    assert_eq!(mounts_below(&place.dir), Vec::<String>::new());
}

#[test]
fn a_build_in_memory_leaves_nothing() {
    for place in both() {
        let done = place.mock([TMPFS, "-q", "--shell", "stat -f -c %T /"]).ok();
        assert_eq!(done.out(), "tmpfs\n");
        let done = place.mock([TMPFS, &srpm("needsnothing")]).ok();
        assert!(
            done.stderr.contains("installing minimal buildroot"),
            "{}",
            done.stderr
        );
        no_mounts(&place);
        let packages = fs::read_dir(place.result()).into_iter().flatten().flatten();
        let packages =
            packages.filter(|entry| entry.path().extension().is_some_and(|end| end == "rpm"));
        assert_eq!(packages.count(), 2);
        let left = fs::read_dir(place.root()).map_or(0, |entries| entries.count());
        assert_eq!(left, 0);
        assert!(!place.basedir().join(".mock/layers").exists());
        let done = place.mock([TMPFS, "--snapshot", "a"]).run();
        assert!(
            done.error().contains("storage 'tmpfs' has no snapshots"),
            "{}",
            done.error()
        );
        place.mock([TMPFS, "--scrub=all"]).ok();
        no_mounts(&place);
        assert!(!place.chroot().exists());
    }
}

#[test]
fn kept_mounted_until_it_is_cleaned() {
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    place
        .mock([TMPFS, KEEP, "-q", "--shell", "touch /here"])
        .ok();
    assert_eq!(mounts_below(&place.dir).len(), 1);
    let done = place.mock([TMPFS, KEEP, "--shell", "test -e /here"]).ok();
    assert!(
        done.stderr.contains("INFO: reusing tmpfs at "),
        "{}",
        done.stderr
    );
    place.mock([TMPFS, KEEP, "--clean"]).ok();
    no_mounts(&place);
    assert!(!place.chroot().exists());
    // By hand, and for as long as somebody is in it.
    place.mock([TMPFS, "--mount"]).ok();
    assert_eq!(mounts_below(&place.dir).len(), 1);
    place.mock([TMPFS, "--umount"]).ok();
    no_mounts(&place);
    place.mock([TMPFS, "--mount"]).ok();
    let mut sleeper = std::process::Command::new("sleep")
        .arg("1000")
        .current_dir(place.root())
        .spawn()
        .expect("sleep can be started");
    place.mock([TMPFS, "--umount"]).run().exits(60);
    let done = place.mock([TMPFS, "--shell", "true"]).ok();
    assert!(
        done.stderr
            .contains("it goes when nothing uses it any more"),
        "{}",
        done.stderr
    );
    no_mounts(&place);
    sleeper.kill().expect("it is our own");
    sleeper.wait().expect("it is our own");
}

#[test]
fn private_without_root() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place
        .mock([TMPFS, KEEP, "-q", "--shell", "touch /here"])
        .ok();
    place
        .mock([TMPFS, KEEP, "-q", "--shell", "test ! -e /here"])
        .ok();
    place.mock([TMPFS, "--mount"]).run().exits(50);
    no_mounts(&place);
    // Whoever comes second works in the same one.
    let first = place
        .mock([TMPFS, "--shell", "touch /first; sleep 1000"])
        .spawn();
    let started = wait_until(Duration::from_secs(60), || {
        let all = processes_of(&place.dir);
        let sleeps = |line: &String| line.ends_with(" sleep 1000 ") && !line.contains("--shell");
        all.iter().any(sleeps).then_some(())
    });
    assert_eq!(started, Some(()));
    let second = ["-q", "--shell", "test -e /first && echo there"];
    let done = place.mock([TMPFS]).args(second).ok();
    assert_eq!(done.out(), "there\n");
    first.signal(Signal::SIGTERM);
    first.wait().exits(143);
}

#[test]
fn too_small() {
    for place in both() {
        let option = |value: &str| format!("--plugin-option=tmpfs:max_fs_size={value}");
        let done = place
            .mock([TMPFS, &option("'50m'"), "--init"])
            .run()
            .exits(30);
        let error = done.error();
        let named = ["No space left on device", "At least "];
        assert!(named.iter().any(|words| error.contains(words)), "{error}");
        let done = place.mock([TMPFS, &option("'50x'"), "--init"]).run();
        insta::allow_duplicates! { assert_snapshot!(done.error(), @"
        exit 20
        ERROR: cannot mount a tmpfs (mode=0755,nr_inodes=0,size=50x) on [STATE]/mini-[ARCH]/root: EINVAL: Invalid argument
        hint: max_fs_size is a number of bytes, may end in k, m, g or %; mode is octal
        "); }
        no_mounts(&place);
        place.mock([TMPFS, "--clean"]).ok();
        assert!(!place.chroot().exists());
    }
}

#[test]
fn killed_while_it_is_mounted() {
    for place in both() {
        let running = place.mock([TMPFS, "--init"]).spawn();
        let log = place.result().join("root.log");
        let installing = wait_until(Duration::from_secs(60), || {
            let text = fs::read_to_string(&log).unwrap_or_default();
            text.contains("Running transaction").then_some(())
        });
        assert_eq!(installing, Some(()));
        running.signal(Signal::SIGKILL);
        running.wait().killed_by(Signal::SIGKILL);
        assert_eq!(
            mounts_below(&place.dir).len(),
            usize::from(place.who == Who::Root)
        );
        place
            .mock([TMPFS, "-q", "--shell", "test -x /usr/bin/gcc"])
            .ok();
        no_mounts(&place);
        place.mock([TMPFS, "--clean"]).ok();
        assert!(!place.chroot().exists());
    }
}

#[test]
fn on_a_machine_with_little_memory() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let option = "--plugin-option=tmpfs:required_ram_mb=99999999";
    let done = place.mock([TMPFS, option, "--init"]).ok();
    let warnings = done
        .stderr
        .matches("WARNING: plugin tmpfs does nothing: this machine has ");
    assert_eq!(warnings.count(), 1, "{}", done.stderr);
    let kept = place.mock([TMPFS, option, "-q", "--shell", "true"]).ok();
    assert!(
        !kept.stderr.contains("installing minimal"),
        "{}",
        kept.stderr
    );
}

/// A root that begins empty each time is filled from an archive.
#[test]
fn with_the_plugin_root_cache() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let mock = || {
        place.mock([
            TMPFS,
            "--enable-plugin=root_cache",
            "--shell",
            "test -x /usr/bin/gcc",
        ])
    };
    let first = mock().ok();
    assert!(
        first.stderr.contains("installing minimal buildroot"),
        "{}",
        first.stderr
    );
    let second = mock().ok();
    assert!(
        !second.stderr.contains("installing minimal buildroot"),
        "{}",
        second.stderr
    );
    assert!(
        second.stderr.contains("unpacking root cache"),
        "{}",
        second.stderr
    );
}
