//! Roots as subvolumes of a small btrfs, as root and as an ordinary user who may not delete any.

use std::cell::Cell;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use insta::assert_snapshot;
use nix::sys::signal::Signal;

use crate::support::{
    ARCH, Btrfs, Place, SMALL_ROOT, Who, has_package, is_subvolume, kill_through, run, srpm,
    wait_until,
};

const INSTALLING: &str = "Start: installing minimal buildroot";

fn both() -> impl Iterator<Item = Btrfs> {
    [Who::User, Who::Root].into_iter().filter_map(Btrfs::new)
}

#[test]
fn snapshots_from_the_first_to_none() {
    for disk in both() {
        let list = || disk.mock(["-q", "--list-snapshots"]).ok().out();
        let has = |package: &str| has_package(disk.mock(["-q"]), package);
        let name = format!("Snapshots for mini-{}:\n", ARCH);
        disk.mock(["--init"]).ok();
        assert!(is_subvolume(&disk.place.root()));
        assert_eq!(list(), format!("{name}* postinit\n"));
        disk.mock(["--install", "torture-fs"]).ok();
        disk.mock(["--snapshot", "a"]).ok();
        assert_eq!(list(), format!("{name}  postinit\n* a\n"));
        let details = disk.mock(["-q", "--list-snapshots", "-v"]).ok().out();
        assert!(details.contains("    parent: postinit\n"), "{details}");
        assert!(details.contains("  torture-fs-"), "{details}");
        // A build begins with it.
        disk.mock(["-q", "--shell", "touch /junk; rm -r /usr/share/torture"])
            .ok();
        disk.mock([&srpm("needsnothing")]).ok();
        assert!(has("torture-fs"));
        let root = disk.place.root();
        assert!(root.join("usr/share/torture/fs").exists() && !root.join("junk").exists());
        disk.mock(["--rollback-to", "postinit"]).ok();
        assert!(!has("torture-fs"));
        disk.mock(["--snapshot", "b"]).ok();
        disk.mock(["--rollback-to", "a"]).ok();
        assert!(has("torture-fs"));
        disk.mock(["--remove-snapshot", "a"]).ok();
        assert_eq!(list(), format!("{name}* postinit\n  b\n"));
        disk.mock(["--snapshot", "b"]).run().exits(25);
        disk.mock(["--scrub=all"]).ok();
        assert!(disk.is_empty());
        assert!(!disk.place.chroot().exists());
    }
}

#[test]
fn what_was_installed_is_found_again() {
    for disk in both() {
        let done = disk.mock([&srpm("cmakehello")]).ok();
        assert!(done.stderr.contains(INSTALLING), "{}", done.stderr);
        for extension in ["", "two"] {
            let option = format!("--uniqueext={extension}");
            let done = disk.mock([&option, &srpm("cmakehello")]).ok();
            assert!(!done.stderr.contains(INSTALLING), "{}", done.stderr);
            let result = match extension {
                "" => disk.place.result(),
                _ => disk
                    .place
                    .chroot()
                    .with_file_name(format!("mini-{ARCH}-two"))
                    .join("result"),
            };
            let log = fs::read_to_string(result.join("root.log")).expect("there is a log");
            assert!(!log.contains("--installroot"), "{log}");
        }
        disk.mock(["--scrub=cache"]).ok();
        disk.mock(["--clean"]).ok();
        disk.mock(["--scrub=all"]).ok();
        assert!(disk.is_empty());
    }
}

/// The states that the cache keeps.
fn cached(disk: &Btrfs) -> usize {
    let entries = fs::read_dir(disk.place.basedir().join(".mock/btrfs/cached"));
    let names = entries.into_iter().flatten().flatten();
    names
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .count()
}

#[test]
fn what_nothing_uses_goes_by_age() {
    for disk in both() {
        disk.mock([&srpm("cmakehello")]).ok();
        disk.mock(["--clean"]).ok();
        disk.place.budget_is_due("btrfs");
        disk.mock(["--shell", "true"]).ok();
        assert_eq!(cached(&disk), 2);
        disk.place.budget_is_due("btrfs");
        disk.place.nothing_was_used();
        // The base root is used by this very command, the requirements are not.
        disk.mock(["--shell", "true"]).ok();
        assert_eq!(cached(&disk), 1);
    }
}

#[test]
fn without_the_cache_requirements_are_installed_each_time() {
    for disk in both() {
        for _ in 0..2 {
            disk.mock(["--no-layer-cache", &srpm("cmakehello")]).ok();
            let log = fs::read_to_string(disk.place.result().join("root.log"));
            let log = log.expect("there is a log");
            assert!(log.contains("Running transaction"), "{log}");
            assert_eq!(cached(&disk), 0);
        }
    }
}

#[test]
fn subvolumes_in_a_root_become_directories() {
    for disk in both() {
        disk.mock(["--init"]).ok();
        let inner = disk.place.root().join("var/lib/machines");
        let inner = inner.to_str().expect("a test's path is UTF-8");
        run("btrfs", ["subvolume", "create", inner]);
        // In a user's root all is of ids that are the user's.
        let owner = fs::metadata(disk.place.root()).expect("the root is there");
        std::os::unix::fs::chown(inner, Some(owner.uid()), Some(owner.gid())).expect("root may");
        fs::write(format!("{inner}/kept"), "x").expect("root may write");
        let frozen = format!("{inner}/frozen");
        run("btrfs", ["subvolume", "snapshot", "-r", inner, &frozen]);
        disk.mock(["--snapshot", "a"]).ok();
        disk.mock(["--rollback-to", "a"]).ok();
        disk.mock([
            "-q",
            "--shell",
            "cd /var/lib/machines; ls kept frozen/kept && touch new frozen/new",
        ])
        .ok();
        // And they do not stand in the way.
        run(
            "btrfs",
            [
                "subvolume",
                "snapshot",
                "-r",
                &disk.place.root().to_string_lossy(),
                &format!("{inner}/all"),
            ],
        );
        disk.mock(["--clean"]).ok();
        assert!(!disk.place.chroot().exists());
        disk.mock(["--scrub=all"]).ok();
        assert!(disk.is_empty());
    }
}

#[test]
fn killed_at_any_time() {
    for disk in both() {
        // While the root is installed, and around the moment when it is kept.
        let running = disk.mock(["--init"]).spawn();
        let making = wait_until(Duration::from_secs(60), || {
            disk.place.root().join("usr/bin").exists().then_some(())
        });
        assert_eq!(making, Some(()));
        running.signal(Signal::SIGKILL);
        running.wait().killed_by(Signal::SIGKILL);
        let done = disk.mock(["-q", "--shell", "test -x /usr/bin/gcc"]).ok();
        assert!(done.stderr.contains("was cut short"), "{}", done.stderr);
        let of_root = format!(".mock/btrfs/roots/mini-{ARCH}");
        let of_root = disk.place.basedir().join(of_root);
        let name = |number: u32| format!("s{number}");
        let hits = kill_through(
            10,
            |number| disk.mock(["--snapshot", &name(number)]),
            |number| of_root.join("snapshots").join(name(number)).exists(),
            |number| {
                let list = disk.mock(["-q", "--list-snapshots"]).ok().out();
                let there = list.contains(&format!(" {}\n", name(number)));
                disk.mock(["--snapshot", &name(number)])
                    .run()
                    .exits(if there { 25 } else { 0 });
                disk.mock(["--rollback-to", &name(number)]).ok();
                there
            },
        );
        hits.on_both_sides();
        let head = of_root.join(format!("heads/mini-{ARCH}.json"));
        let head = || fs::metadata(&head).map_or(0, |metadata| metadata.ino());
        let before = Cell::new(0);
        let hits = kill_through(
            10,
            |_| {
                disk.mock(["-q", "--shell", "touch /etc/junk"]).ok();
                before.set(head());
                disk.mock(["--init"])
            },
            |_| head() != before.get(),
            |_| {
                let line = "ls /usr/bin/gcc; ls /etc | grep junk || true";
                let said = disk.mock(["-q", "--shell", line]).ok().out();
                assert!(said.starts_with("/usr/bin/gcc\n"), "{said}");
                !said.ends_with("junk\n")
            },
        );
        hits.on_both_sides();
        let hits = kill_through(
            6,
            |_| {
                disk.mock(SMALL_ROOT).args(["--init"]).ok();
                disk.mock(["--scrub=all"])
            },
            |_| !of_root.exists(),
            |_| !of_root.exists(),
        );
        hits.on_both_sides();
        disk.mock(["--scrub=all"]).ok();
        assert!(disk.is_empty());
    }
}

#[test]
fn who_chooses_it() {
    for disk in both() {
        let here = |arguments: &[&str]| {
            let done = disk.place.mock(arguments).args(["--debug-config"]).ok();
            let text = done.out() + &done.stderr;
            let line = text.lines().find(|line| line.contains("storage here: "));
            line.unwrap_or_default().to_owned()
        };
        assert!(
            here(&[]).contains("layers (overlayfs works here)"),
            "{}",
            here(&[])
        );
        let chosen = here(&["--config-opts", "storage=btrfs"]);
        assert!(chosen.contains("btrfs (it is configured)"), "{chosen}");
        assert!(disk.is_empty());
    }
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let done = place
        .mock(["--config-opts", "storage=btrfs", "--init"])
        .run();
    assert_snapshot!(done.error(), @"
    exit 20
    ERROR: storage=btrfs cannot be used here: [DIR]/home is not on btrfs
    hint: storage=auto takes what can
    ");
}

/// Changing the storage of a root that is there.
#[test]
fn after_and_before_other_storages() {
    for disk in both() {
        let with = |storage: &str, line: &str| {
            let option = format!("storage={storage}");
            disk.place
                .mock(["--config-opts", &option, "-q", "--shell", line])
                .ok()
        };
        with("directory", "touch /here");
        let done = with("btrfs", "test ! -e /here && touch /there");
        assert!(
            done.stderr.contains("is of another storage"),
            "{}",
            done.stderr
        );
        with("directory", "test -e /there");
        disk.place
            .mock(["--config-opts", "storage=directory", "--clean"])
            .ok();
        with("layers", "true");
        // As root those are still mounted where the other root is to be.
        disk.mock(["--init"]).ok();
        with("btrfs", "true");
        disk.mock(["--scrub=all"]).ok();
        assert!(disk.is_empty());
    }
}
