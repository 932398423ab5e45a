//! A disk that is full, while a root is made, a package is built and a snapshot is made.

use insta::{allow_duplicates, assert_snapshot};

use crate::support::{Done, Place, Who, both, mounts_below, own_mounts, processes_of, srpm};

/// Runs a shell script in which `"$@"` is mock, without a mode, and `$disk` is a small file
/// system, where the roots are kept. It goes away with the script.
pub(crate) fn on_small_disk<'a>(place: &'a Place, megabytes: u32, script: &str) -> Done<'a> {
    place.make_dir("home/.local/share");
    let script = format!(
        "disk='{}'; mkdir -p \"$disk\"\n\
         mount -t tmpfs -o size={megabytes}m,mode=700,uid={} none \"$disk\" || exit 98\n{script}",
        place.basedir().display(),
        place.uid()
    );
    let done = place.mock([""; 0]).through(own_mounts(&script)).run();
    assert_eq!(processes_of(&place.dir), Vec::<String>::new());
    assert_eq!(mounts_below(&place.dir), Vec::<String>::new());
    done
}

/// A script that lists what a clean has left, and layers that are not whole: there are none.
pub(crate) const LEFT: &str = "ls -A \"$disk\"; for layer in \"$disk\"/.mock/layers/*/; do \
                    test ! -d \"$layer\" -o -s \"$layer/layer.json\" -a -d \"$layer/fs\" || echo \"half: $layer\"; \
                    done";

/// Both kinds of user; only root can make the disk.
fn both_if_root() -> impl Iterator<Item = Place> {
    Place::new(Who::Root).into_iter().flat_map(|_| both())
}

#[test]
fn while_a_root_is_made() {
    // What is left does not count as a root, nor as a layer, and can be cleaned away. With more
    // room the same place is good again.
    let script = format!(
        "\"$@\" --init; status=$?\n\
         find \"$disk\" -name .initialized\n\
         \"$@\" --quiet --clean && {LEFT}\n\
         ls -A \"$disk/.mock/layers\"\n\
         mount -o remount,size=3000m \"$disk\"\n\
         \"$@\" --quiet --init >/dev/null 2>&1 && \"$@\" --quiet --chroot 'gcc --version' >/dev/null 2>&1 || echo broken\n\
         exit $status"
    );
    for place in both_if_root() {
        let done = on_small_disk(&place, 120, &script).exits(30);
        assert_eq!(done.out(), ".mock\n");
        let error = done.error();
        let named = ["No space left on device", "At least "];
        assert!(named.iter().any(|words| error.contains(words)), "{error}");
    }
}

/// dnf looks at the free space before it begins; packages whose scripts write more come later.
#[test]
fn while_files_are_written_into_a_root() {
    let script = format!(
        "\"$@\" --init >/dev/null 2>&1 || exit 99\n\
         mount -o remount,size=$(($(df --output=used -k \"$disk\" | tail -n1) + 1024))k \"$disk\"\n\
         head -c 20000000 /dev/zero > /dev/shm/big.$$\n\
         \"$@\" --copyin /dev/shm/big.$$ /tmp/big; status=$?\n\
         rm /dev/shm/big.$$\n\
         \"$@\" -q --clean; {LEFT}\n\
         \"$@\" -q --chroot 'gcc --version' >/dev/null 2>&1 || echo broken\n\
         exit $status"
    );
    for place in both_if_root() {
        let done = on_small_disk(&place, 3000, &script);
        assert_eq!(done.out(), ".mock\n");
        assert!(
            done.error().contains("No space left on device"),
            "{}",
            done.shot()
        );
        assert_ne!(done.status_code(), Some(0));
    }
}

/// The disk has room for the root, and 100 MB for a build that wants 300.
#[test]
fn while_a_package_is_built() {
    let script = format!(
        "\"$@\" --init >/dev/null 2>&1 || exit 99\n\
         mount -o remount,size=$(($(df --output=used -k \"$disk\" | tail -n1) + 100 * 1024))k \"$disk\"\n\
         \"$@\" --no-clean --rebuild {}; status=$?\n\
         ls \"$disk\"/mini-*/result | grep rpm\n\
         \"$@\" -q --clean; {LEFT}\n\
         \"$@\" -q --rebuild {} >/dev/null 2>&1 || echo broken\n\
         exit $status",
        srpm("bigbuild"),
        srpm("needsnothing")
    );
    for place in both_if_root() {
        let done = on_small_disk(&place, 3000, &script);
        assert_eq!(done.out(), ".mock\n");
        allow_duplicates! { assert_snapshot!(done.error(), @"
        exit 1
        ERROR: Exception([MINI]/SRPMS/bigbuild-1.0-1.mini1.src.rpm) Config(mini-[ARCH]) [N] minutes [N] seconds
        INFO: Results and/or logs in: [STATE]/mini-[ARCH]/result
        Failed bigbuild-1.0-1.mini1.src.rpm ([N] minutes [N] seconds): [STATE]/mini-[ARCH]/result
        Finish: run
        ERROR: rpmbuild (%build) failed with exit status 1
          head: error writing 'standard output': No space left on device
          log: [STATE]/mini-[ARCH]/result/build.log
        hint: look into the root with `mock -r mini-[ARCH] --shell`
        "); }
    }
}

#[test]
fn while_a_snapshot_is_made() {
    let script = "\"$@\" -q --init || exit 97\n\
        \"$@\" -q --shell 'echo precious > /etc/precious' || exit 96\n\
        head -c 2G /dev/zero > \"$disk/fill\" 2>/dev/null\n\
        \"$@\" -q --snapshot full && exit 95\n\
        \"$@\" -l | grep full && exit 94\n\
        rm \"$disk/fill\"\n\
        \"$@\" -q --shell 'cat /etc/precious' | grep precious || exit 93\n\
        \"$@\" -q --snapshot full || exit 92\n\
        \"$@\" -q --rollback-to postinit && \"$@\" -q --rollback-to full\n\
        \"$@\" -q --shell 'cat /etc/precious' | grep precious || exit 91\n\
        \"$@\" -q --scrub=all; ls -A \"$disk\"";
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    let done = on_small_disk(&place, 900, script).exits(0);
    assert!(
        done.stderr.contains("No space left on device"),
        "{}",
        done.shot()
    );
    assert_eq!(done.out(), "precious\nprecious\n");
}
