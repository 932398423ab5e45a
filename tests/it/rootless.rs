//! Without root: packages that are hard to install, users without subordinate ids, machines
//! without the helpers.

use std::fs;

use insta::assert_snapshot;
use nix::sys::statvfs::{FsFlags, statvfs};

use crate::support::{ARCH, Place, Who, srpm};

const TORTURE: [&str; 4] = ["torture-users", "torture-caps", "torture-dev", "torture-fs"];

fn lines(place: &Place, line: &str) -> Vec<String> {
    let done = place.mock(["-q", "--shell", line]).ok();
    done.out().lines().map(str::to_owned).collect()
}

fn install_torture(place: &Place) {
    let done = place.mock(["--install"]).args(TORTURE).ok();
    assert!(
        !done.stderr.contains("WARNING") || place.who == Who::SingleId,
        "{}",
        done.stderr
    );
    for package in TORTURE {
        place
            .mock(["-q", "--shell", &format!("rpm -q {package}")])
            .ok();
    }
    let log = fs::read_to_string(place.result().join("root.log")).expect("there is a log");
    for word in ["scriptlet failed", "error: ", "unpacking of archive failed"] {
        assert!(!log.contains(word), "{word}: {log}");
    }
    assert_eq!(
        lines(
            place,
            "cd /usr/share/torture/fs && stat -c '%h %n' hardlink-* && cat *ä && readlink dangling"
        ),
        [
            "3 hardlink-1",
            "3 hardlink-2",
            "3 hardlink-3",
            "umlaut and blank",
            "/nowhere/at/all"
        ]
    );
    // The root works on.
    place.mock(["--no-clean", &srpm("needsnothing")]).ok();
}

fn every_owner_is_kept(who: Who) {
    let Some(place) = Place::new(who) else { return };
    install_torture(&place);
    assert_eq!(
        lines(
            &place,
            "cd /usr/share/torture/users && stat -c '%U:%G %a %n' *"
        ),
        [
            "root:torture1 640 group-only",
            "torture2:root 400 secret",
            "torture1:torture2 3770 spool",
            "torture1:torture1 644 user1",
            "torture2:torture2 640 user2",
        ]
    );
    assert_eq!(
        lines(
            &place,
            "cd /usr/share/torture/caps && stat -c '%U:%G %a %n' * && rpm -V torture-users torture-caps torture-fs"
        ),
        [
            "root:root 755 cat-caps",
            "root:root 4755 id-setuid",
            "root:mail 2755 setgid"
        ]
    );
    // Where the scratch file system allows it, such files work.
    let flags = statvfs(&place.basedir())
        .expect("the root is there")
        .flags();
    if !flags.contains(FsFlags::ST_NOSUID) {
        let as_builder = |line: &str| {
            let done = place.mock(["-q", "--unpriv", "--shell", line]).ok();
            done.out()
        };
        assert_eq!(as_builder("/usr/share/torture/caps/id-setuid -u"), "0\n");
        let line = "/usr/share/torture/caps/cat-caps /usr/share/torture/users/secret";
        assert_eq!(as_builder(line), "secret\n");
    }
}

#[test]
fn every_owner_is_kept_rootless() {
    every_owner_is_kept(Who::User);
}

#[test]
fn every_owner_is_kept_as_root() {
    every_owner_is_kept(Who::Root);
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    place.mock(["--install", "torture-dev"]).ok();
    assert_eq!(
        lines(
            &place,
            "cd /usr/share/torture && stat -c '%F %t %T %a %U:%G' null loop"
        ),
        [
            "character special file 1 3 666 root:root",
            "block special file 7 0 640 root:disk"
        ]
    );
}

#[test]
fn a_user_without_subordinate_ids() {
    let Some(place) = Place::new(Who::SingleId) else {
        return;
    };
    let done = place.mock(["--init"]).ok();
    assert_snapshot!(done.shot(), @"
    exit 0
    --- stderr
    WARNING: [USER] has no subordinate ids: every file in the root gets one owner, and programs that change users only pretend to. To get them: `sudo usermod --add-subuids [RANGE] --add-subgids [RANGE] [USER]`
    Start: run
    Start: clean chroot
    Finish: clean chroot
    INFO: Mock Version: 0.1.0
    Start: chroot init
    Start: installing minimal buildroot with dnf4
    Finish: installing minimal buildroot with dnf4
    INFO: created postinit snapshot
    Finish: chroot init
    Finish: run
    ");
    install_torture(&place);
    for name in ["autohello", "genbr"] {
        place.mock([srpm(name)]).ok();
        let file = format!("{name}-1.0-1.mini.{ARCH}.rpm");
        assert!(place.result().join(&file).is_file(), "{file}");
    }
    // Everything in the root can be removed by the user who made it.
    place.mock(["--scrub=all"]).ok();
    assert!(!place.chroot().exists());
}

#[test]
fn a_machine_without_the_helpers() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place.make_dir("files/bin");
    let before = place.listing();
    let done = place
        .mock(["--init"])
        .env("PATH", place.path("files/bin"))
        .run();
    assert_snapshot!(done.shot(), @"
    exit 2
    --- stderr
    ERROR: cannot map the subordinate ids of [USER]: newuidmap not found
    hint: install the helpers: `dnf install shadow-utils` (Fedora, EL), `apt-get install uidmap` (Debian, Ubuntu), `zypper install shadow` (openSUSE)
    ");
    assert_eq!(place.listing(), before);
}

/// Without the variables the state is where the specification puts it.
#[test]
fn state_is_in_the_users_home() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let done = place
        .mock(["-p"])
        .env("XDG_DATA_HOME", "")
        .env("XDG_CACHE_HOME", "relative/is/invalid")
        .ok();
    let home = place
        .account
        .dir
        .join(format!(".local/share/mock/mini-{ARCH}/root/"));
    assert_eq!(done.out(), format!("{}\n", home.display()));
}

/// All that a build leaves belongs to the user, as the machine sees it, or to their subordinates.
#[test]
fn nothing_outside_the_root_is_a_subordinates() {
    use std::os::unix::fs::MetadataExt;
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place.mock([srpm("needsnothing")]).ok();
    for name in place.listing() {
        let metadata = fs::symlink_metadata(place.path(&name)).expect("it was listed");
        assert_eq!(metadata.uid(), place.uid(), "{name}");
    }
}
