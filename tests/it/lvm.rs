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

/// A script about the plugin lvm_root.
fn script(body: &str) -> String {
    let functions = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/uml/lvm_root.sh");
    format!("source '{functions}'\n{body}")
}

/// The days of a maintainer with snapshots, and everything that is not theirs left alone.
#[test]
fn snapshots_on_volumes() {
    let Some(uml) = Uml::new() else { return };
    uml.run(&script(
        r#"quiet lvcreate -L 64M -n foreign mockvg
        says 'created LVM cache thinpool of size 2G' lmock --mount
        same 'an empty head, no snapshot' '+head mockbuild' "$(ours)"
        # In the pool, but of others: by its name, by its tag, by a root whose name begins like ours.
        for name in data "mock.mini-$arch.theirs" "mock.mini-$arch.x.postinit" "mock.mini-$arch.x.v1"; do
            quiet lvcreate -T mockvg/mockbuild -V 64M -n "$name"
        done
        quiet lvchange --addtag mock.root=other "mockvg/mock.mini-$arch.theirs"

        says 'INFO: created postinit snapshot' lmock --init
        mountpoint -q $root || fail 'the head is not mounted'
        same 'snapshots' "Snapshots for mini-$arch:
* postinit" "$(lmock --list-snapshots)"
        # What the original made is taken over.
        quiet lvcreate -s "mockvg/mock.mini-$arch.postinit" -n "mock.mini-$arch.v1.2"
        quiet lmock --install hostname
        check 'it is installed' test -e $root/usr/bin/hostname
        says 'INFO: created mvn snapshot' lmock --snapshot mvn
        refuses 25 'ERROR: Snapshot mvn already exists' lmock --snapshot mvn
        same 'snapshots' "Snapshots for mini-$arch:
  postinit
* mvn
  v1.2" "$(lmock --list-snapshots)"
        touch $root/dirt
        says 'INFO: rolled back to mvn snapshot' \
            lmock --rebuild $minidistro/SRPMS/needsnothing-1.0-1.mini1.src.rpm
        check 'the snapshot was returned to' test -e $root/usr/bin/hostname
        [ ! -e $root/dirt ] || fail 'the head is the old one'
        check 'there is a package' ls /mnt/state/lib/mini-$arch/result/needsnothing-1.0-1.mini.noarch.rpm

        # Another head beside the first.
        says '' lmock --uniqueext two --shell 'test ! -e /usr/bin/hostname'
        same 'two heads' '+head +two' "$(ours | tr ' ' '\n' | grep '^+[ht]' | xargs)"
        quiet lmock --shell 'test -e /usr/bin/hostname'

        # Somebody works in the root, past mock.
        (cd $root && exec sleep 1000) &
        until [ "$(readlink /proc/$!/cwd)" = $root ]; do sleep 0.05; done
        refuses 60 'the root is in use' lmock --umount
        says 'rolled back to postinit' lmock --rollback-to postinit
        check 'the old head went aside' test "$(ours | tr ' ' '\n' | grep -c tmp-)" = 1
        kill %1
        wait %1 || true
        [ ! -e $root/usr/bin/hostname ] || fail 'the head is the old one'
        quiet lmock --umount
        ! mountpoint -q $root || fail 'the head is still mounted'
        quiet lmock --mount
        same 'nothing is left aside' '+head +key +two mockbuild mvn postinit theirs v1.2 x.postinit x.v1' "$(ours)"

        refuses 25 "Won't remove postinit snapshot" lmock --remove-snapshot postinit
        says 'INFO: deleted mvn snapshot' lmock --remove-snapshot mvn
        quiet lmock --remove-snapshot v1.2
        same 'snapshots' "Snapshots for mini-$arch:
* postinit" "$(lmock --list-snapshots)"

        lmock --uniqueext two --shell 'touch /busy; while [ -e /busy ]; do sleep 0.2; done' >/dev/null 2>&1 &
        while [ ! -e /mnt/state/lib/mini-$arch-two/root/busy ]; do sleep 0.2; done
        refuses 65 'ERROR: LVM is locked' lmock --scrub=lvm
        rm /mnt/state/lib/mini-$arch-two/root/busy
        wait
        says "INFO: removing mock.mini-$arch.postinit volume" lmock --scrub=lvm
        same 'what others have' "data foreign mock.mini-$arch.theirs mock.mini-$arch.x.postinit mock.mini-$arch.x.v1 mockbuild" \
            "$(volumes)"
        same 'no record is left' '' "$(ls /mnt/state/lib/.snapinfo* 2>/dev/null)"
        for name in data "mock.mini-$arch.theirs" "mock.mini-$arch.x.postinit" "mock.mini-$arch.x.v1"; do
            quiet lvremove -f "mockvg/$name"
        done
        says 'INFO: deleted LVM cache thinpool' lmock --scrub=all
        same 'the volume of somebody else' foreign "$(volumes)"
        quiet lmock --scrub=lvm"#,
    ))
    .ok();
}

#[test]
fn a_pool_that_fills_up_is_told_of() {
    let Some(uml) = Uml::new() else { return };
    uml.run(&script(
        r#"small() {
            lmock --plugin-option=lvm_root:size=256M "$@"
        }
        refuses 5 'Volume group "none" not found' \
            mock --enable-plugin=lvm_root --plugin-option=lvm_root:volume_group=none --mount
        refuses 25 'Volume group must be specified' mock --enable-plugin=lvm_root --mount
        refuses 3 'lvm_root: check_size must be' small --plugin-option=lvm_root:check_size=1 --mount
        says 'Allocated pool data: ' small --plugin-option=lvm_root:mount_options=noatime,data=writeback --mount
        grep -q " $root ext4 rw,noatime" /proc/mounts || fail "no option: $(grep $root /proc/mounts)"
        quiet lvcreate -T mockvg/mockbuild -V 256M -n data
        fill() {
            dd if=/dev/zero of=/dev/mockvg/data bs=1M seek="$1" count="$2" conv=fsync status=none
        }
        fill 0 195
        says 'WARNING: LVM Thin pool is nearly filled up (' small --mount
        fill 195 40
        refuses 25 'ERROR: Thin pool mockvg/mockbuild is over 90%. Please enlarge it.' small --mount
        says 'nearly filled up' small --plugin-option=lvm_root:check_size=False --mount
        # Two heads of one origin have the same file system id, which xfs mounts only when told.
        xfs() {
            lmock --plugin-option=lvm_root:size=512M --plugin-option=lvm_root:filesystem=xfs \
                --plugin-option=lvm_root:pool_name=pool2 "$@"
        }
        refuses 25 "mockvg/+mock.mini-$arch.head is in the way" xfs --mount
        quiet small --clean
        quiet xfs --mount
        quiet lvcreate -s "mockvg/+mock.mini-$arch.head" -n "mock.mini-$arch.postinit"
        quiet xfs --uniqueext two --mount
        same 'two of xfs' 2 "$(grep -c '/mnt/state/lib/mini-[^ ]*/root xfs' /proc/mounts)"
        quiet xfs --scrub=lvm
        same 'the other pool alone is left' 'data mockbuild' "$(volumes | sed 's/+[^ ]* //')"
        quiet small --plugin-option=lvm_root:check_size=False --mount
        # Making space needs none.
        quiet small --list-snapshots
        quiet small --clean
        same 'the head is gone' 'mockbuild' "$(ours)"
        mkdir -p $root
        mount -t tmpfs none $root
        refuses 20 'something else is mounted on' small --plugin-option=lvm_root:check_size=False --mount
        umount $root
        touch /mnt/state/lib/mini-$arch/foreign
        quiet lvremove -f mockvg/data
        quiet small --scrub=lvm
        quiet lvcreate -L 16M -n mockbuild mockvg
        refuses 25 'mockvg/mockbuild is no thin pool' small --mount
        refuses 25 'mockvg/mockbuild is no thin pool' small --scrub=lvm
        same 'the volume that has its name' mockbuild "$(volumes)""#,
    ))
    .ok();
}

#[test]
fn how_a_volume_is_made_and_unmounted() {
    let Some(uml) = Uml::new() else { return };
    uml.run(&script(
        r#"cat >/run/make <<END
#!/bin/bash
echo "\$@" >>/run/made
exec mkfs.ext4 "\$@"
END
        chmod 755 /run/make
        small_root='install bash coreutils rpm shadow-utils mini-release'
        ours() {
            lmock --plugin-option=lvm_root:umount_root=True \
                --plugin-option='lvm_root:mkfs_command=/run/make -q' \
                --plugin-option='lvm_root:mkfs_args=["-L", "ours"]' "$@"
        }
        says 'INFO: root_cache is turned off: storage lvm_root keeps initialised roots itself' ours --init
        ! mountpoint -q $root || fail 'the root is still mounted'
        check 'one file system was made' [ "$(wc -l </run/made)" = 1 ]
        check 'the arguments are where they belong' grep -q '^-q /dev/mockvg/.* -L ours$' /run/made
        same 'its label' ours "$(blkid -p -s LABEL -o value /dev/mockvg/+mock.mini-$arch.head)"
        quiet ours --shell 'test -e /usr/bin/rpm'
        ! mountpoint -q $root || fail 'the root is still mounted'"#,
    ))
    .ok();
}

/// At each command that changes a volume, before and after it.
#[test]
fn mock_can_be_killed_at_any_moment() {
    let Some(uml) = Uml::new() else { return };
    uml.run(&script(
        r#"watch_commands
        small_root='install bash coreutils rpm shadow-utils mini-release'
        # The pool, the volume, its file system, its name. After one command is before the next.
        for n in 1 2 3; do
            killed $n before lmock --mount || fail "there is no command $n"
        done
        killed 3 after lmock --mount || fail 'there is no command 3'
        # With packages in it: the head is made in four steps, told what it becomes, kept.
        killed 5 after lmock --init || fail 'there is no command 5'
        killed 6 after lmock --init || fail 'there is no command 6'
        # From what was kept in two steps, and named.
        killed 3 before lmock --init || fail 'there is no command 3'
        killed 3 after lmock --init || fail 'there is no command 3'
        quiet lmock --init
        same 'a root' '+head +key mockbuild postinit' "$(ours)"

        each() {
            local n=1 wanted=$1
            shift
            while killed $n before "$@"; do
                again
                quiet lmock --shell 'test -e /usr/bin/rpm'
                again
                n=$((n + 1))
            done
            [ $n -gt 1 ] || fail "$*: no command was killed"
            same "after $*" "$wanted" "$(ours)"
        }
        again() { ! lmock --list-snapshots | grep -q one || quiet lmock --remove-snapshot one; }
        each '+head +key mockbuild one postinit' lmock --snapshot one
        again() { :; }
        each '+head +key mockbuild one postinit' lmock --rollback-to one
        each '+key mockbuild one postinit' lmock --clean

        for n in 1 2 3 4; do
            killed 1 after lmock --scrub=lvm || fail "there is no command 1 the time $n"
        done
        killed 1 before lmock --scrub=lvm || true
        quiet lmock --scrub=lvm
        same 'nothing is left' '' "$(volumes)"
        quiet lmock --mount
        same 'a root' '+head mockbuild' "$(ours)""#,
    ))
    .ok();
}

#[test]
fn a_power_cut_costs_nothing_but_the_work() {
    let Some(uml) = Uml::new() else { return };
    let small = "small_root='install bash coreutils rpm shadow-utils mini-release'\n";
    uml.run(&script(&format!(
        "{small}
        lmock --init >/dev/null 2>&1 &
        while [ ! -e $root/usr/bin/bash ]; do sleep 0.1; done
        cut_power"
    )))
    .lost_power();
    uml.run(&script(&format!(
        "{small}
        lmock --init >/dev/null 2>&1 &
        until volumes | grep -q postinit; do sleep 0.1; done
        cut_power"
    )))
    .lost_power();
    uml.run(&script(&format!(
        "{small}
        quiet lmock --shell 'rpm -q bash'
        same 'a root' '+head +key mockbuild postinit' \"$(ours)\"
        quiet lmock --rollback-to postinit
        quiet lmock --shell 'rpm -V bash'
        quiet lmock --scrub=all
        same 'nothing is left' '' \"$(volumes)\""
    )))
    .ok();
}
