//! Real LVM thin provisioning, in User Mode Linux: the volumes themselves, and `mock` beside them.

use crate::support::Uml;

/// What the other tests in User Mode Linux stand on: lvm has thin snapshots, disks survive a power
/// cut, and `mock` makes a root and builds in it.
#[test]
fn volumes_and_mock_work_in_user_mode_linux() {
    let Some(uml) = Uml::new() else { return };
    let done = uml.run(
        "quiet lvcreate -L 64M -n foreign mockvg
         quiet lvcreate -T mockvg/pool -L 1G
         quiet lvcreate -T mockvg/pool -V 2G -n +mock.mini.head
         mkfs.ext4 -q /dev/mockvg/+mock.mini.head
         mkdir /run/head
         mount /dev/mockvg/+mock.mini.head /run/head
         echo before >/run/head/file
         umount /run/head
         quiet lvcreate -s mockvg/+mock.mini.head -n mock.mini.postinit
         quiet lvcreate -s mockvg/mock.mini.postinit -n +mock.mini.other --setactivationskip n
         mount /dev/mockvg/+mock.mini.other /run/head
         same 'the snapshot has the file' before \"$(cat /run/head/file)\"
         echo lost >/run/head/lost
         echo kept >/run/head/kept
         sync /run/head/kept
         timed mock --init
         timed mock --shell true
         sync
         echo the power goes
         cut_power",
    );
    let done = done.lost_power();
    assert!(done.text.contains("the power goes"), "{}", done.text);

    uml.run(
        "same 'the volumes' '+mock.mini.head +mock.mini.other foreign mock.mini.postinit pool' \\
             \"$(volumes)\"
         mkdir /run/head
         mount /dev/mockvg/+mock.mini.other /run/head
         same 'what was written to the disk' kept \"$(cat /run/head/kept)\"
         umount /run/head
         quiet lvremove -f mockvg/+mock.mini.other
         quiet lvremove -f mockvg/mock.mini.postinit
         same 'the volumes' '+mock.mini.head foreign pool' \"$(volumes)\"
         timed mock --no-clean --rebuild $minidistro/SRPMS/needsnothing-1.0-1.mini1.src.rpm
         check 'there is a package' ls /mnt/state/lib/mini-$arch/result/needsnothing-1.0-1.mini.noarch.rpm",
    )
    .ok();
}

/// A test that fails in there must fail here, with what was printed.
#[test]
fn a_script_that_fails_says_so() {
    let Some(uml) = Uml::new() else { return };
    let done = uml.run("check 'it is there' test -e /nowhere").exits(1);
    assert!(
        done.text.contains("it is there: test -e /nowhere"),
        "{}",
        done.text
    );
}
