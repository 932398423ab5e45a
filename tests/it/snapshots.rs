//! Snapshots of roots in layers: made, listed, returned to, removed; and roots mounted by hand.

use std::fs;

use insta::{allow_duplicates, assert_snapshot};

use crate::support::{ARCH, Done, Place, Storage, Who, mounts_below, srpm};

/// The list of snapshots, without the line above it.
fn list(place: &Place, options: &[&str]) -> String {
    let done = place.mock(options).args(["-l"]).ok();
    assert_eq!(done.stderr, "");
    let text = done.out();
    let first = format!("Snapshots for mini-{ARCH}:\n");
    assert!(text.starts_with(&first), "{text}");
    text[first.len()..].to_owned()
}

/// What `mock` tells, without the steps.
fn told(done: &Done<'_>) -> Vec<String> {
    let lines = done
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("INFO: "));
    lines
        .filter(|line| !line.to_lowercase().starts_with("mock version"))
        .map(str::to_owned)
        .collect()
}

fn has_package(place: &Place, options: &[&str], name: &str) -> bool {
    crate::support::has_package(place.mock(["-q"]).args(options), name)
}

/// A root with cmake, which is the snapshot `mvn`.
fn with_cmake(who: Who) -> Option<Place> {
    let place = Place::new(who)?;
    place.mock(["--init"]).ok();
    place.mock(["--install", "cmake", "gcc-c++"]).ok();
    let done = place.mock(["--snapshot", "mvn"]).ok();
    assert_eq!(told(&done), ["created mvn snapshot"]);
    Some(place)
}

fn a_build_returns_to_its_snapshot(who: Who) {
    let Some(place) = with_cmake(who) else { return };
    let done = place.mock(["-l"]).ok();
    assert_eq!(
        done.out(),
        format!("Snapshots for mini-{ARCH}:\n  postinit\n* mvn\n")
    );
    assert_eq!(done.stderr, "");
    place.put("/marker");
    let done = place.mock(["--rebuild", &srpm("cmakehello")]).ok();
    assert!(
        told(&done).contains(&"rolled back to mvn snapshot".to_owned()),
        "{}",
        done.stderr
    );
    let built = place
        .result()
        .join(format!("cmakehello-1.0-1.mini.{ARCH}.rpm"));
    assert!(built.is_file());
    // What the package needs is there: the package manager has nothing to do and is not asked.
    let log = fs::read_to_string(place.result().join("root.log")).expect("a build has logs");
    for word in ["Running transaction", "builddep", "Install "] {
        assert!(!log.contains(word), "{word}: {log}");
    }
    assert!(!place.has("/marker") && place.has("/usr/bin/cmake"));
    // The other way round the package manager is needed.
    let done = place.mock(["--rollback-to", "postinit"]).ok();
    assert_eq!(told(&done), ["rolled back to postinit snapshot"]);
    assert!(!has_package(&place, &[], "cmake"));
    assert_eq!(list(&place, &[]), "* postinit\n  mvn\n");
    place.mock([srpm("cmakehello")]).ok();
    let log = fs::read_to_string(place.result().join("root.log")).expect("a build has logs");
    assert!(log.contains("Running transaction"), "{log}");
    // The snapshot is as it was.
    place.mock(["--rollback-to", "mvn"]).ok();
    assert!(has_package(&place, &[], "cmake"));
    assert_eq!(list(&place, &[]), "  postinit\n* mvn\n");
}

fn snapshots_stand_on_each_other(who: Who) {
    let Some(place) = with_cmake(who) else { return };
    place.mock(["--install", "ncurses-devel"]).ok();
    place.mock(["--snapshot", "child"]).ok();
    assert_eq!(list(&place, &[]), "  postinit\n* child\n  mvn\n");
    refuses(&place);
    described(&place);
    // A tree: what stands on mvn, and beside it on postinit.
    place.mock(["--rollback-to", "postinit"]).ok();
    place.mock(["--shell", "touch /of-sister"]).ok();
    place.mock(["--snapshot", "sister"]).ok();
    place.mock(["--rollback-to", "child"]).ok();
    assert!(!place.has("/of-sister"));
    for name in ["cmake", "ncurses-devel"] {
        assert!(has_package(&place, &[], name), "{name}");
    }
    // Without the one in between the upper one is whole.
    let done = place.mock(["--remove-snapshot", "mvn"]).ok();
    assert_eq!(told(&done), ["deleted mvn snapshot"]);
    assert_eq!(list(&place, &[]), "  postinit\n* child\n  sister\n");
    assert_eq!(parent(&place, "child").as_deref(), Some("postinit"));
    place.mock(["--clean"]).ok();
    assert!(!place.root().join("usr").exists());
    let done = place.mock(["--chroot", "touch /changed"]).ok();
    assert!(
        told(&done).contains(&"rolled back to child snapshot".to_owned()),
        "{}",
        done.stderr
    );
    assert!(has_package(&place, &[], "cmake"));
    // Removing the default makes postinit the default, and leaves the root as it is.
    let done = place.mock(["--remove-snapshot", "child"]).ok();
    assert_eq!(
        told(&done),
        [
            "deleted child snapshot",
            "postinit is the default snapshot now"
        ]
    );
    assert_eq!(list(&place, &[]), "* postinit\n  sister\n");
    assert!(place.has("/changed") && has_package(&place, &[], "cmake"));
    place.mock(["--init"]).ok();
    assert!(!place.has("/changed") && !has_package(&place, &[], "cmake"));
    // A scrub takes the snapshots along.
    place.mock(["--scrub=all"]).ok();
    let done = place.mock(["-l"]).ok();
    assert_eq!(done.out(), format!("Snapshots for mini-{ARCH}:\n"));
}

/// One clear error each, and nothing changes.
fn refuses(place: &Place) {
    let before = list(place, &[]);
    let refused = |arguments: [&str; 2]| {
        let done = place.mock(arguments).run().exits(25);
        assert_eq!(done.stderr.matches("ERROR: ").count(), 1, "{}", done.stderr);
        done.error()
    };
    let all = [
        ["--remove-snapshot", "postinit"],
        ["--snapshot", "mvn"],
        ["--snapshot", "postinit"],
        ["--rollback-to", "none"],
        ["--remove-snapshot", "none"],
        ["--snapshot", "../mvn"],
        ["--rollback-to", "../mvn"],
        ["--remove-snapshot", "../mvn"],
    ];
    allow_duplicates! { assert_snapshot!(all.map(refused).join("\n"), @r#"
    exit 25
    ERROR: Won't remove postinit snapshot. To remove all logical
    volumes associated with this buildroot, use --scrub lvm
    hint: --scrub=overlayfs removes those of storage "layers"
    exit 25
    ERROR: Snapshot mvn already exists
    exit 25
    ERROR: Snapshot postinit already exists
    exit 25
    ERROR: Snapshot none doesn't exist
    hint: there are: child, mvn, postinit
    exit 25
    ERROR: Snapshot none doesn't exist
    hint: there are: child, mvn, postinit
    exit 25
    ERROR: Invalid snapshot name: '../mvn'
    hint: letters, digits, '_', '.' and '-', beginning with a letter, a digit or '_', 64 at most
    exit 25
    ERROR: Invalid snapshot name: '../mvn'
    hint: letters, digits, '_', '.' and '-', beginning with a letter, a digit or '_', 64 at most
    exit 25
    ERROR: Invalid snapshot name: '../mvn'
    hint: letters, digits, '_', '.' and '-', beginning with a letter, a digit or '_', 64 at most
    "#); }
    for name in ["", ".hidden", "a b", "a/b", "ä", &"x".repeat(65)] {
        let text = refused(["--snapshot", name]);
        assert!(text.contains("Invalid snapshot name: "), "{text}");
    }
    assert_eq!(list(place, &[]), before);
    assert!(has_package(place, &[], "ncurses-devel"));
}

/// `-l -v`, without what differs from run to run.
fn details(place: &Place) -> String {
    let text = place.mock(["-l", "-v"]).ok().out();
    let filtered = text.lines().map(|line| {
        for start in ["    made: ", "    size of its own: ", "    packages: "] {
            if let Some(value) = line.strip_prefix(start) {
                assert!(value.starts_with(|c: char| c.is_ascii_digit()), "{line}");
                return format!("{start}[...]\n");
            }
        }
        format!("{line}\n")
    });
    filtered.collect()
}

/// What `-l -v` says of a snapshot, after these words.
fn detail(place: &Place, name: &str, words: &str) -> Option<String> {
    let text = place.mock(["-l", "-v"]).ok().out();
    let lines = text.lines().skip_while(|line| {
        let listed = line.get(2..).filter(|_| !line.starts_with("    "));
        listed != Some(name)
    });
    let own = lines.skip(1).take_while(|line| line.starts_with("    "));
    own.map(str::trim)
        .find_map(|line| line.strip_prefix(words))
        .map(str::to_owned)
}

fn parent(place: &Place, name: &str) -> Option<String> {
    detail(place, name, "parent: ")
}

/// The megabytes that only this snapshot has.
fn own_size(place: &Place, name: &str) -> f64 {
    let text = detail(place, name, "size of its own: ").expect("layers have sizes");
    let (number, unit) = text.split_once(' ').expect("a size has a unit");
    let factor = match unit {
        "B" => 1.0 / f64::from(1 << 20),
        "KiB" => 1.0 / 1024.0,
        "MiB" => 1.0,
        "GiB" => 1024.0,
        _ => panic!("{text}"),
    };
    number.parse::<f64>().expect("it is a number") * factor
}

fn is_version_of(package: &str, name: &str) -> bool {
    let version = package
        .strip_prefix(name)
        .and_then(|rest| rest.strip_prefix('-'));
    version.is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()))
}

fn described(place: &Place) {
    assert_eq!(parent(place, "postinit"), None);
    assert_eq!(parent(place, "mvn").as_deref(), Some("postinit"));
    assert_eq!(parent(place, "child").as_deref(), Some("mvn"));
    // All that the group brings, cmake with its libraries, some headers.
    let sizes = ["postinit", "mvn", "child"].map(|name| own_size(place, name));
    assert!(
        sizes.is_sorted_by(|a, b| a > b) && sizes[2] > 1.0,
        "{sizes:?}"
    );
    // Versions, and what else comes along, are the machine's distribution's.
    let text: String = details(place)
        .lines()
        .filter_map(|line| match line.strip_prefix("      ") {
            Some(package) => ["cmake", "ncurses-devel"]
                .into_iter()
                .find(|name| is_version_of(package, name))
                .map(|name| format!("      {name}\n")),
            None => Some(match line.split_once(" since its parent (") {
                Some((start, _)) => format!("{start} since its parent:\n"),
                None => format!("{line}\n"),
            }),
        })
        .collect();
    allow_duplicates! { assert_snapshot!(text.replace(ARCH, "[ARCH]"), @"
    Snapshots for mini-[ARCH]:
      postinit
        made: [...]
        size of its own: [...]
        packages: [...]
    * child
        parent: mvn
        made: [...]
        size of its own: [...]
        installed since its parent:
          ncurses-devel
      mvn
        parent: postinit
        made: [...]
        size of its own: [...]
        installed since its parent:
          cmake
    "); }
}

/// Instances of a root, and a root of another name.
fn roots_beside_each_other(who: Who) {
    let Some(place) = with_cmake(who) else { return };
    let two = ["--uniqueext", "two"];
    let other = ["--config-opts", "root=mini-other"];
    place.put("/of-one");
    // The other instance has the same snapshots, and a head and a default of its own.
    place.mock(two).args(["--init"]).ok();
    assert_eq!(list(&place, &two), "* postinit\n  mvn\n");
    assert_eq!(list(&place, &[]), "  postinit\n* mvn\n");
    assert!(!has_package(&place, &two, "cmake"));
    place.mock(two).args(["--rollback-to", "mvn"]).ok();
    assert!(has_package(&place, &two, "cmake"));
    place.mock(two).args(["--snapshot", "of-two"]).ok();
    assert_eq!(list(&place, &two), "  postinit\n  mvn\n* of-two\n");
    assert_eq!(list(&place, &[]), "  postinit\n* mvn\n  of-two\n");
    assert!(place.has("/of-one"));
    // A root of another name knows nothing of them; what has the same name there is another one.
    let done = place.mock(other).args(["-l"]).ok();
    assert_eq!(done.out(), "Snapshots for mini-other:\n");
    place
        .mock(other)
        .args(["--rollback-to", "mvn"])
        .run()
        .exits(25);
    place.mock(other).args(["--init"]).ok();
    place.mock(other).args(["--snapshot", "mvn"]).ok();
    assert!(!has_package(&place, &other, "cmake"));
    // What the one instance removes is gone for the other, whose default it was.
    place.mock(["--remove-snapshot", "of-two"]).ok();
    assert_eq!(list(&place, &two), "* postinit\n  mvn\n");
    // With one root goes nothing that another stands on.
    place.mock(other).args(["--remove-snapshot", "mvn"]).ok();
    place.mock(other).args(["--scrub=all"]).ok();
    assert_eq!(list(&place, &[]), "  postinit\n* mvn\n");
    assert!(place.has("/of-one") && place.has("/usr/bin/cmake"));
    assert!(has_package(&place, &two, "cmake"));
    place.mock(["--init"]).ok();
    assert!(!place.has("/of-one") && place.has("/usr/bin/cmake"));
}

/// A snapshot of a root that is not initialised, or was cleaned.
fn a_clean_root(who: Who) {
    let Some(place) = Place::new(who) else { return };
    let done = place.mock(["--snapshot", "early"]).run();
    allow_duplicates! { assert_snapshot!(done.error(), @"
    exit 25
    ERROR: mini-[ARCH] is not initialised: there is nothing to make a snapshot of
    hint: make it: `mock -r mini-[ARCH] --init`
    "); }
    let done = place.mock(["--rollback-to", "early"]).run();
    allow_duplicates! { assert_snapshot!(done.error(), @"
    exit 25
    ERROR: Snapshot early doesn't exist
    hint: there are none yet; `mock --init` makes the first
    "); }
    assert_eq!(list(&place, &[]), "");
    place.mock(["--init"]).ok();
    place.mock(["--clean"]).ok();
    // It is what it returns to.
    place.mock(["--snapshot", "late"]).ok();
    assert_eq!(list(&place, &[]), "  postinit\n* late\n");
    assert!(place.has("/usr/bin/gcc"));
}

macro_rules! for_both {
    ($($name:ident,)*) => {
        mod rootless {
            use super::Who;
            $(#[test] fn $name() { super::$name(Who::User); })*
        }
        mod as_root {
            use super::Who;
            $(#[test] fn $name() { super::$name(Who::Root); })*
        }
    };
}

for_both! {
    a_build_returns_to_its_snapshot,
    snapshots_stand_on_each_other,
    roots_beside_each_other,
    a_clean_root,
}

#[test]
fn a_plain_directory_has_none() {
    let Some(place) = Place::on(Storage::Directory, Who::User) else {
        return;
    };
    let done = place.mock(["-l"]).run();
    assert_snapshot!(done.shot(), @r#"
    exit 1
    --- stderr
    ERROR: Feature list_snapshots is not provided by any of enabled plugins: storage 'directory' has no snapshots
    hint: storage "layers" has them (`--config-opts storage=layers`), and so have the plugin lvm_root and "btrfs"; the last line of `mock --debug-config` says why this one was taken
    "#);
    let done = place.mock(["--snapshot", "x"]).run();
    assert_snapshot!(done.error(), @r#"
    exit 1
    ERROR: Feature make_snapshot is not provided by any of enabled plugins: storage 'directory' has no snapshots
    hint: storage "layers" has them (`--config-opts storage=layers`), and so have the plugin lvm_root and "btrfs"; the last line of `mock --debug-config` says why this one was taken
    "#);
    for option in ["--rollback-to", "--remove-snapshot"] {
        let done = place.mock([option, "x"]).run().exits(1);
        assert!(done.stderr.contains("layers"), "{}", done.stderr);
    }
    assert!(!place.chroot().exists());
}

#[test]
fn mounted_by_hand() {
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    let none = Vec::<String>::new();
    place.mock(["--umount"]).ok();
    place.mock(["--init"]).ok();
    place.put("/marker");
    for _ in 0..2 {
        place.mock(["--umount"]).ok();
        assert_eq!(mounts_below(&place.dir), none);
        assert!(!place.root().join("marker").exists());
    }
    for _ in 0..2 {
        place.mock(["--mount"]).ok();
        assert_eq!(mounts_below(&place.dir).len(), 1);
        assert!(place.root().join("marker").is_file());
    }
    place.mock(["--umount"]).ok();
    // Whatever needs the root mounts it.
    let done = place.mock(["-q", "--shell", "ls /marker"]).ok();
    assert_eq!(done.out(), "/marker\n");
    let marker = place.root().join("marker");
    let done = place
        .mock(["-q", "--mount", "--", "ls", &marker.to_string_lossy()])
        .ok();
    assert_eq!(done.out(), format!("{}\n", marker.display()));
    place.mock(["--clean"]).ok();
    assert_eq!(mounts_below(&place.dir), none);
}

/// Nobody else would see it.
#[test]
fn mounted_by_a_user_with_a_command_alone() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place.mock(["--init"]).ok();
    place.put("/marker");
    let done = place.mock(["--mount"]).run();
    assert_snapshot!(done.error(), @"
    exit 50
    ERROR: storage 'layers' is mounted only while mock runs when mock has no privileges
    hint: give a command to run meanwhile: `mock -r mini-[ARCH] --mount -- ls [STATE]/mini-[ARCH]/root`
    ");
    let marker = place.root().join("marker");
    let marker = marker.to_string_lossy();
    let mount = |line: &str| place.mock(["-q", "--mount", "--", "sh", "-c", line]).run();
    assert_eq!(mount(&format!("ls {marker}")).out(), format!("{marker}\n"));
    mount("exit 5").exits(5);
    mount(&format!("echo text > {marker}")).exits(0);
    assert_eq!(place.inside("/marker").as_deref(), Some(&b"text\n"[..]));
    // From outside there is a directory and nothing in it.
    let seen = fs::read_dir(place.root()).expect("the directory is there");
    assert_eq!(seen.count(), 0);
    place.mock(["--umount"]).ok();
    assert!(place.has("/marker"));
}
