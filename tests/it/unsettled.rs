//! Roots that are written to disk by a process that outlives mock, and what is made of those that a
//! power cut left half written.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::{ARCH, Place, Storage, Who, run, wait_until};

const PATIENCE: Duration = Duration::from_secs(30);

/// A run of the machine that is over.
const EARLIER: &str = "00000000-0000";

fn store(place: &Place) -> PathBuf {
    place.basedir().join(".mock")
}

fn names(directory: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

fn both(storage: Storage) -> impl Iterator<Item = Place> {
    [Who::User, Who::Root]
        .into_iter()
        .filter_map(move |who| Place::on(storage, who))
}

/// Without anybody doing anything, everything is on disk soon.
fn settles(marks: &Path) {
    let settled = wait_until(PATIENCE, || names(marks).is_empty().then_some(()));
    assert_eq!(settled, Some(()), "{:?}", names(marks));
}

/// As the machine finds it that went down before these were on disk.
fn lose(place: &Place, marks: &Path, lost: impl IntoIterator<Item = String>) {
    for name in lost {
        let mark = marks.strip_prefix(&place.dir).expect("it is in the place");
        place.write(&format!("{}/{EARLIER}.{name}", mark.display()), "");
    }
}

#[test]
fn layers_that_were_not_on_disk() {
    for place in both(Storage::Default) {
        let marks = store(&place).join("unsettled");
        let root = format!("roots/mini-{ARCH}");
        place.mock(["--init"]).ok();
        settles(&marks);
        place.mock(["--chroot", "echo mine > /etc/mine"]).ok();
        place.mock(["--snapshot", "mine"]).ok();
        // What somebody asked for is there for good.
        assert_eq!(names(&marks), BTreeSet::new());
        let lost = place.layers();
        assert_eq!(lost.len(), 2);

        lose(&place, &marks, lost.clone());
        let head = store(&place)
            .join(root)
            .join(format!("heads/mini-{ARCH}/head.json"));
        let text = fs::read_to_string(&head).expect("the root has a head");
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("Linux has it");
        let text = text.replace(boot.trim(), "00000000-0000");
        assert!(text.contains("00000000-0000"), "{text}");
        fs::write(&head, text).expect("it is written as the test's user or root");
        if place.who == Who::Root {
            run("umount", [&*place.root().to_string_lossy()]);
        }

        let done = place.mock(["-v", "--chroot", "test ! -e /etc/mine"]).ok();
        for id in &lost {
            let line = format!(
                "DEBUG: removing layer {id}: it was not on disk when the machine went down\n"
            );
            assert!(done.stderr.contains(&line), "{}", done.stderr);
        }
        let warning = format!(
            "WARNING: mini-{ARCH} is made anew: the layers below it were not on disk when the machine went down\n"
        );
        assert_eq!(done.stderr.matches(&warning).count(), 1, "{}", done.stderr);
        assert_eq!(done.stderr.matches("WARNING").count(), 1, "{}", done.stderr);
        let list = place.mock(["-l"]).ok().out();
        assert!(
            list.contains("postinit") && !list.contains(" mine\n"),
            "{list}"
        );
        let says = place.says("rpm -V gcc make && echo whole");
        assert_eq!(says.as_deref(), Some("whole\n"));
        settles(&marks);
    }
}

/// A root that nobody is in: the next `--init` finds nothing kept, and keeps what it makes.
#[test]
fn a_base_that_was_not_on_disk() {
    for place in both(Storage::Default) {
        let marks = store(&place).join("unsettled");
        place.mock(["--init"]).ok();
        settles(&marks);
        place.mock(["--clean"]).ok();
        lose(&place, &marks, place.layers());
        let done = place.mock(["-v", "--init"]).ok();
        assert!(
            done.stderr.contains("Running transaction"),
            "{}",
            done.stderr
        );
        assert!(!done.stderr.contains("WARNING"), "{}", done.stderr);
        assert_eq!(place.layers().len(), 1);
        let again = place.mock(["-v", "--init"]).ok();
        assert!(
            !again.stderr.contains("Running transaction"),
            "{}",
            again.stderr
        );
    }
}

#[test]
fn a_directory_that_was_not_on_disk() {
    for place in both(Storage::Directory) {
        let marks = place.chroot().join("unsettled");
        place.mock(["--init"]).ok();
        settles(&marks);
        place.mock(["--chroot", "touch /etc/mine"]).ok();
        lose(&place, &marks, ["root".to_owned()]);
        let done = place.mock(["--chroot", "rpm -V gcc && ls /etc/mine"]).run();
        let warning = format!(
            "WARNING: {} is made anew: it was not on disk when the machine went down\n",
            place.root().display()
        );
        assert_eq!(done.stderr.matches(&warning).count(), 1, "{}", done.shot());
        assert!(
            done.out().contains("cannot access '/etc/mine'"),
            "{}",
            done.shot()
        );
        settles(&marks);
    }
}
