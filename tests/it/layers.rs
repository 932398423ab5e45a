//! The layers themselves: killed at any moment, many at once, deep, damaged, without power.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

use crate::support::{
    ARCH, Mock, Place, SMALL_ROOT, Uml, Who, both, configs, kill_through, run, srpm, wait_until,
};

const PATIENCE: Duration = Duration::from_secs(60);

fn store(place: &Place) -> PathBuf {
    place.basedir().join(".mock")
}

fn names(directory: PathBuf) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// What the store has of the root.
fn of_root(place: &Place, path: &str) -> PathBuf {
    let root = format!("roots/mini-{ARCH}");
    store(place).join(root).join(path)
}

fn shell(place: &Place, line: &str) -> String {
    place
        .mock(["-q", "--chroot", "--", line])
        .ok()
        .out()
        .trim()
        .to_owned()
}

/// Everything that is thrown away is deleted in the end, whoever does it.
fn no_trash(place: &Place) {
    let left = || {
        let mut all = names(place.basedir());
        all.extend(names(store(place)));
        all.retain(|name| name.starts_with(".mock-trash"));
        all
    };
    let gone = wait_until(PATIENCE, || left().is_empty().then_some(()));
    assert_eq!(gone, Some(()), "{:?}", left());
}

#[test]
fn killed_while_a_snapshot_is_made() {
    for place in both() {
        place.mock(["--init"]).ok();
        shell(&place, "echo precious > /etc/precious");
        let hits = kill_through(
            12,
            |number| place.mock(["--snapshot", &format!("s{number}")]),
            |number| of_root(&place, &format!("snapshots/s{number}")).exists(),
            |number| {
                // What was in the root is in it still, and a snapshot that is listed has it.
                assert_eq!(shell(&place, "cat /etc/precious"), "precious", "{number}");
                let name = format!("s{number}");
                let list = place.mock(["-l"]).ok().out();
                let listed = list.contains(&format!(" {name}\n"));
                if listed {
                    place.mock(["--rollback-to", &name]).ok();
                    assert_eq!(shell(&place, "cat /etc/precious"), "precious", "{number}");
                }
                listed
            },
        );
        hits.on_both_sides();
        place.mock(["--snapshot", "last"]).ok();
        place.mock(["--rollback-to", "postinit"]).ok();
        assert_eq!(shell(&place, "test -e /etc/precious || echo gone"), "gone");
        no_trash(&place);
        place.mock(["--scrub=all"]).ok();
        assert!(!store(&place).exists());
    }
}

#[test]
fn killed_while_rolling_back_and_cleaning() {
    for place in both() {
        place.mock(["--init"]).ok();
        shell(&place, "echo precious > /etc/precious");
        place.mock(["--snapshot", "kept"]).ok();
        for mode in [&["--rollback-to", "kept"][..], &["--clean"]] {
            let tree = of_root(&place, &format!("heads/mini-{ARCH}/tree"));
            let tree = || fs::metadata(&tree).map_or(0, |metadata| metadata.ino());
            let before = Cell::new(0);
            let hits = kill_through(
                10,
                |_| {
                    shell(&place, "touch /etc/junk");
                    before.set(tree());
                    place.mock(mode)
                },
                |_| tree() != before.get(),
                |number| {
                    let said = shell(&place, "cat /etc/precious; ls /etc | grep junk || true");
                    let is_done = said == "precious";
                    assert!(is_done || said == "precious\njunk", "{number}: {said}");
                    is_done
                },
            );
            hits.on_both_sides();
        }
        no_trash(&place);
    }
}

#[test]
fn killed_while_scrubbing() {
    for place in both() {
        let mock = |words: &[&str]| place.mock(SMALL_ROOT).args(words);
        let hits = kill_through(
            6,
            |_| {
                // Whatever was got done: a root can be made, and all of it can be removed.
                mock(&["--init"]).ok();
                mock(&["-q", "--shell", "rpm -V bash coreutils"]).ok();
                mock(&["--scrub=all"])
            },
            |_| !of_root(&place, "").exists(),
            |_| !of_root(&place, "").exists(),
        );
        hits.on_both_sides();
        mock(&["--scrub=all"]).ok();
        assert_eq!(names(place.basedir()), BTreeSet::new());
    }
}

#[test]
fn killed_while_a_root_is_made() {
    for place in both() {
        let hits = kill_through(
            4,
            |_| place.mock(["--init"]),
            |_| !place.layers().is_empty(),
            |_| {
                let listed = place.mock(["-l"]).ok().out().contains(" postinit\n");
                if listed {
                    place.mock(["--scrub=all"]).ok();
                }
                listed
            },
        );
        assert!(hits.before > 0, "{hits:?}");
        place.mock(["--init"]).ok();
        assert_eq!(
            shell(&place, "rpm -V gcc make rpm-build && echo whole"),
            "whole"
        );
        // No half layer is left, and nothing of the attempts.
        assert_eq!(place.layers().len(), 1);
        no_trash(&place);
    }
}

#[test]
fn twenty_at_once_make_one_base() {
    for place in both() {
        let running: Vec<_> = (0..20)
            .map(|number| {
                let unique = format!("n{number}");
                place
                    .mock(["--uniqueext", &unique, "--shell", "true"])
                    .spawn()
            })
            .collect();
        let made = running
            .into_iter()
            .map(|running| running.wait().exits(0))
            .filter(|done| done.stderr.contains("created postinit snapshot"))
            .count();
        assert_eq!(made, 1);
        assert_eq!(place.layers().len(), 1);
        // Each has a head of its own: what one writes the others do not see.
        let write = ["--uniqueext", "n1", "--shell", "echo 1 > /etc/one"];
        place.mock(write).ok();
        let look = ["--uniqueext", "n2", "--shell", "test ! -e /etc/one"];
        place.mock(look).ok();
        // A tenth costs what it writes itself: a few small files of its home and accounts.
        let heads = store(&place).join(format!("roots/mini-{ARCH}/heads"));
        let bytes = run(
            "du",
            [
                "-sk",
                &heads.join(format!("mini-{ARCH}-n3")).to_string_lossy(),
            ],
        );
        let kilobytes: u64 = bytes
            .split_whitespace()
            .next()
            .and_then(|number| number.parse().ok())
            .expect("du says a number");
        assert!(kilobytes < 500, "{kilobytes} kB");
    }
}

#[test]
fn a_stack_that_gets_deep() {
    for place in both() {
        place.mock(["--init"]).ok();
        shell(
            &place,
            "mkdir -p /srv/a/b && echo 0 > /srv/a/file && touch /srv/a/b/inner && ln /srv/a/file /srv/a/other",
        );
        for round in 0..70 {
            // Files come, change and go; a directory is replaced by another of its name.
            let line = format!(
                "echo {round} > /srv/a/file; touch /srv/r{round}; rm -f /srv/r$(({round} - 1)); \
                 rm -rf /srv/a/b; mkdir /srv/a/b; touch /srv/a/b/only{round}; chmod 1777 /srv/a/b"
            );
            place.mock(["-q", "--mount", "--", "true"]).ok();
            shell(&place, &line);
            place.mock(["-q", "--snapshot", &format!("s{round}")]).ok();
        }
        let expected = "69 r69 only69 1777 0:0";
        let look = "echo $(cat /srv/a/file) $(cd /srv; echo r*) $(ls /srv/a/b) $(stat -c '%a %u:%g' /srv/a/b)";
        assert_eq!(shell(&place, look), expected);
        assert_eq!(
            shell(&place, "rpm -V gcc make rpm-build && echo whole"),
            "whole"
        );
        let deepest = place
            .layers()
            .iter()
            .map(|layer| depth(&place, layer))
            .max();
        assert!(deepest.is_some_and(|depth| depth <= 65), "{deepest:?}");
        place.mock(["--rollback-to", "s3"]).ok();
        assert_eq!(
            shell(&place, "cat /srv/a/file; ls /srv/a/b").replace('\n', " "),
            "3 only3"
        );
    }
}

fn depth(place: &Place, layer: &str) -> usize {
    let path = store(place).join("layers").join(layer).join("layer.json");
    let text = fs::read_to_string(path).expect("a layer says what it stands on");
    let parent = text
        .split("\"parent\":\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    1 + parent.map_or(0, |parent| depth(place, parent))
}

#[test]
fn a_layer_that_was_removed_by_hand() {
    for place in both() {
        place.mock(["--rebuild", &srpm("cmakehello")]).ok();
        let remove = |layer: &str| {
            let path = store(&place).join("layers").join(layer);
            crate::support::remove_tree(&path);
        };
        // The base: the root that stands on it says so, and a clean mends it.
        for layer in place.layers() {
            remove(&layer);
        }
        if place.who == Who::User {
            let done = place.mock(["--shell", "true"]).run().exits(20);
            assert!(done.stderr.contains("is not there"), "{}", done.stderr);
            assert!(done.stderr.contains("mock --clean"), "{}", done.stderr);
        }
        let done = place.mock(["--rebuild", &srpm("cmakehello")]).ok();
        let said = "was removed from the store and is made anew";
        assert!(done.stderr.contains(said), "{}", done.stderr);
        // A snapshot: only somebody who knows what was in it can make it again.
        place.mock(["--snapshot", "mine"]).ok();
        place.mock(["--clean"]).ok();
        for layer in place.layers() {
            remove(&layer);
        }
        let done = place.mock(["--shell", "true"]).run().exits(20);
        let said = "snapshot mine of mini-";
        assert!(done.stderr.contains(said), "{}", done.stderr);
        place.mock(["--remove-snapshot", "mine"]).ok();
        place.mock(["--shell", "test -x /usr/bin/gcc"]).ok();
    }
}

/// `mock` with its roots in a directory of the test's choice.
fn based<'p>(place: &'p Place, basedir: &std::path::Path) -> Mock<'p> {
    let configs = configs();
    place
        .bare()
        .args(["-r", &format!("mini-{ARCH}")])
        .args(["--configdir", &configs.to_string_lossy()])
        .args(["--config-opts", &format!("basedir={}", basedir.display())])
        .args([
            "--config-opts",
            &format!("cache_topdir={}", place.cache().display()),
        ])
}

/// `/var/lib/mock` is a link to a larger disk.
#[test]
fn a_base_directory_behind_a_link() {
    for place in both() {
        let real = place.make_dir("files/real");
        let link = place.path("files/link");
        std::os::unix::fs::symlink(&real, &link).expect("a test's link can be made");
        let mock = |path: &std::path::Path, words: &[&str]| based(&place, path).args(words);
        mock(&link, &["--init"]).ok();
        mock(&link, &["--install", "ncurses-devel"]).ok();
        // It is the same root by its other name.
        mock(&real, &["--snapshot", "mine"]).ok();
        mock(&link, &["--shell", "rpm -q ncurses-devel"]).ok();
        mock(&link, &["--scrub=all"]).ok();
        assert_eq!(names(real), BTreeSet::new());
    }
}

/// `/var/lib/mock` is a part of a file system, and its path there is another: a subvolume, as on
/// Fedora, or a directory shown elsewhere.
#[test]
fn a_base_directory_with_another_path_on_its_file_system() {
    // Only root can mount it.
    let Some(_root) = Place::new(Who::Root) else {
        return;
    };
    for place in both() {
        let real = place.make_dir("files/real/deep");
        let shown = place.make_dir("files/shown");
        run(
            "mount",
            [OsStr::new("--bind"), real.as_ref(), shown.as_ref()],
        );
        let mock = |words: &[&str]| based(&place, &shown).args(words);
        mock(&["--no-layer-cache", "--init"]).ok();
        mock(&["--rebuild", &srpm("cmakehello")]).ok();
        mock(&["--snapshot", "mine"]).ok();
        mock(&["--shell", "test -x /usr/bin/cmake"]).ok();
        mock(&["--scrub=all"]).ok();
        assert_eq!(names(real), BTreeSet::new());
    }
}

/// One path, several roots for it: each command works on its own.
#[test]
fn roots_of_several_stores_at_one_path() {
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    let other = format!("overlayfs:base_dir={}", place.path("files/other").display());
    let other = ["--enable-plugin=overlayfs", "--plugin-option", &other];
    let none: &[&str] = &[];
    for (words, text) in [(none, "A"), (&other, "B")] {
        place.mock(words).args(["--init"]).ok();
        let line = format!("echo {text} > /etc/which");
        place.mock(words).args(["--shell", &line]).ok();
    }
    for (words, text) in [(none, "A\n"), (&other, "B\n"), (none, "A\n")] {
        let done = place
            .mock(words)
            .args(["-q", "--shell", "cat /etc/which"])
            .ok();
        assert_eq!(done.out(), text);
    }
    place.mock(["--scrub=all"]).ok();
    place.mock(other).args(["--scrub=all"]).ok();
    assert_eq!(
        crate::support::mounts_below(&place.dir),
        Vec::<String>::new()
    );
}

/// One root, several paths for it: it is mounted at one of them.
#[test]
fn a_root_that_is_shown_elsewhere() {
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    let elsewhere = place.path("files/elsewhere");
    let elsewhere = ["--rootdir", &elsewhere.to_string_lossy()];
    place.mock(["--init"]).ok();
    place
        .mock(elsewhere)
        .args(["--shell", "echo R > /etc/which; touch /usr/r"])
        .ok();
    assert_eq!(
        shell(&place, "cat /etc/which; touch /usr/here && echo written"),
        "R\nwritten"
    );
    place
        .mock(elsewhere)
        .args(["--shell", "test -e /usr/here"])
        .ok();
    place.mock(["--scrub=all"]).ok();
    assert_eq!(
        crate::support::mounts_below(&place.dir),
        Vec::<String>::new()
    );
}

/// With the plain name's go the roots of its unique extensions, mounts and all.
#[test]
fn scrubbing_takes_unique_extensions_along() {
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    let broken = ["--config-opts", "chroot_setup_cmd=install nosuchpackage"];
    place.mock(["--uniqueext", "good", "--init"]).ok();
    place
        .mock(broken)
        .args(["--uniqueext", "bad", "--init"])
        .run()
        .exits(30);
    let done = place.mock(["--scrub=all"]).ok();
    assert!(
        done.stderr.contains("-good with its writable part"),
        "{}",
        done.stderr
    );
    assert_eq!(
        crate::support::mounts_below(&place.dir),
        Vec::<String>::new()
    );
    for name in ["good", "bad"] {
        place.mock(["--uniqueext", name, "--init"]).ok();
        place.mock(["--uniqueext", name, "--scrub=all"]).ok();
    }
}

/// A root whose file says nothing stands on nothing known: it is made anew, not kept hollow.
#[test]
fn a_heads_file_that_was_emptied() {
    for place in both() {
        place.mock(["--init"]).ok();
        let file = store(&place).join(format!("roots/mini-{ARCH}/heads/mini-{ARCH}/head.json"));
        fs::write(&file, "").expect("as root any file can be written");
        place.mock(["--snapshot", "whole"]).ok();
        place.mock(["--rollback-to", "whole"]).ok();
        assert_eq!(shell(&place, "rpm -V gcc make && echo whole"), "whole");
    }
}

#[test]
fn what_a_user_made_is_not_roots() {
    let (Some(user), Some(root)) = (Place::new(Who::User), Place::new(Who::Root)) else {
        return;
    };
    user.mock(["--init"]).ok();
    let done = based(&root, &user.basedir())
        .args(["--shell", "true"])
        .run()
        .exits(20);
    assert!(
        done.stderr.contains("was made without root"),
        "{}",
        done.stderr
    );
}

#[test]
fn a_mount_after_a_clean_shows_what_the_clean_returns_to() {
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    for mode in [&["--init"][..], &["--clean"], &["--mount"]] {
        place.mock(mode).ok();
    }
    assert!(place.root().join("usr/bin/gcc").exists());
    place.mock(["--snapshot", "mine"]).ok();
}

/// A file that cannot be understood may refer to anything.
#[test]
fn what_is_not_understood_is_not_collected() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place.mock(["--init"]).ok();
    shell(&place, "echo precious > /etc/precious");
    place.mock(["--snapshot", "mine"]).ok();
    place.mock(["--rollback-to", "postinit"]).ok();
    let file = store(&place).join(format!("roots/mini-{ARCH}/snapshots/mine"));
    let understood = fs::read(&file).expect("a snapshot is a file");
    let before = place.layers();
    for garbage in [&b"garbage"[..], b"", b"{\"format\":99}"] {
        fs::write(&file, garbage).expect("as root any file can be written");
        let done = place.mock(["--scrub=root-cache"]).ok();
        let said = "snapshots/mine cannot be understood";
        assert!(done.stderr.contains(said), "{}", done.stderr);
        assert_eq!(place.layers(), before);
    }
    fs::write(&file, understood).expect("as root any file can be written");
    place.mock(["--rollback-to", "mine"]).ok();
    assert_eq!(shell(&place, "cat /etc/precious"), "precious");
}

#[test]
fn two_of_one_user_are_in_the_same_root() {
    for place in both() {
        place.mock(["--init"]).ok();
        let first = place
            .mock([
                "--shell",
                "touch /tmp/first; while ! test -e /tmp/second; do sleep 0.05; done",
            ])
            .spawn();
        let seen = wait_until(PATIENCE, || {
            let done = place.mock(["-q", "--shell", "test -e /tmp/first"]).run();
            (done.status_code() == Some(0)).then_some(())
        });
        assert_eq!(seen, Some(()));
        place.mock(["--shell", "touch /tmp/second"]).ok();
        first.wait().exits(0);
        // The one that is last leaves it usable for the next.
        place.mock(["--shell", "test -e /tmp/second"]).ok();
    }
}

/// Whoever begins when, all of them are in the same root at the same time.
#[test]
fn many_begin_at_once_in_one_root() {
    for place in both() {
        place.mock(["--init"]).ok();
        let running: Vec<_> = (0..8)
            .map(|number| {
                let line = format!(
                    "touch /tmp/n{number}; until [ $(ls /tmp | grep -c ^n) = 8 ]; do sleep 0.05; done"
                );
                place.mock(["--shell", &line]).spawn()
            })
            .collect();
        for one in running {
            one.wait().exits(0);
        }
    }
}

#[test]
fn a_root_of_many_files_and_owners_goes_and_no_mount_is_crossed() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place.mock(["--init"]).ok();
    let line = "mkdir /srv/many && cd /srv/many && \
        for d in $(seq 20); do mkdir $d && (cd $d && seq 2500 | xargs touch); done && \
        chown -R 12345:54321 /srv/many && mkdir -m 0 /srv/closed && \
        d=/srv/deep; for i in $(seq 300); do d=$d/a; done && mkdir -p $d";
    shell(&place, line);
    place.mock(["--clean"]).ok();
    no_trash(&place);
    let heads = store(&place).join(format!("roots/mini-{ARCH}/heads/mini-{ARCH}"));
    assert_eq!(names(heads), ["head.json".to_owned()].into());
    // As root, a mount in what goes is somebody else's files.
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    place
        .mock(["--config-opts", "storage=directory", "--init"])
        .ok();
    let precious = place.make_dir("files/precious");
    fs::write(precious.join("file"), "x").expect("a test's file can be written");
    let point = place.root().join("srv");
    run(
        "mount",
        ["--bind".as_ref(), precious.as_os_str(), point.as_os_str()],
    );
    let done = place
        .mock(["--config-opts", "storage=directory", "--clean"])
        .run();
    run("umount", [&point]);
    assert_eq!(done.status_code(), Some(50), "{}", done.stderr);
    assert!(done.stderr.contains("is a mount point"), "{}", done.stderr);
    assert!(precious.join("file").exists());
}

/// A layer that has its name is whole, whatever came after. Also on a kernel without the mount calls
/// that take one layer at a time.
#[test]
fn the_power_goes() {
    let Some(uml) = Uml::new() else { return };
    let script = |body: &str| {
        format!(
            "insmod /usr/lib/uml/modules/$(uname -r)/kernel/fs/overlayfs/overlay.ko\n\
             lmock() {{ mock --config-opts storage=layers -q \"$@\"; }}\n{body}"
        )
    };
    uml.run(&script(
        "lmock --init
         lmock --shell 'echo precious >/etc/precious'
         lmock --snapshot kept
         lmock --shell 'echo later >/etc/later'
         cut_power",
    ))
    .lost_power();
    uml.run(&script(
        "same 'the snapshot is listed' '* kept' \"$(lmock -l | tail -n1)\"
         lmock --rollback-to kept
         same 'it is whole' precious \"$(lmock --shell 'rpm -V bash rpm-build && cat /etc/precious')\"
         lmock --shell 'for i in $(seq 500); do echo $i >/srv/$i; done; echo again >/etc/precious'
         layers() { set -- /mnt/state/lib/.mock/layers/*; echo $#; }
         before=$(layers)
         lmock --snapshot half &
         until [ $(layers) -gt $before ]; do :; done
         echo cut >/dev/ttyS1
         sleep 60",
    ))
    .lost_power();
    uml.run(&script(
        "if lmock -l | grep -q ' half$'; then
             lmock --rollback-to half
             same 'all of it is there' '500 again' \"$(lmock --shell 'ls /srv | wc -l; cat /etc/precious' | xargs)\"
         fi
         lmock --rollback-to kept
         same 'what was kept' precious \"$(lmock --shell 'rpm -V bash rpm-build && cat /etc/precious')\"
         lmock --scrub=all
         same 'nothing is left' '' \"$(ls -A /mnt/state/lib)\"",
    ))
    .ok();
}
