//! Errors of rpm itself.

use super::build;

#[test]
fn unpackaged_files() {
    build(
        "
Executing(%install): /bin/sh -e /var/tmp/rpm-tmp.Ab
+ /usr/lib/rpm/brp-remove-la-files
Executing(%check): /bin/sh -e /var/tmp/rpm-tmp.Cd
+ exit 0
Processing files: hello-1-1.noarch
Checking for unpackaged file(s): /usr/lib/rpm/check-files /builddir/build/BUILDROOT
error: Installed (but unpackaged) file(s) found:
   /usr/share/bar
   /usr/share/foo

RPM build errors:
    Installed (but unpackaged) file(s) found:
   /usr/share/bar
   /usr/share/foo
",
        Some("%files"),
        "
Installed (but unpackaged) file(s) found:
   /usr/share/bar
   /usr/share/foo
",
    );
}

#[test]
fn many_unpackaged_files_are_counted() {
    let files: String = (0..40).map(|n| format!("   /usr/share/f{n}\n")).collect();
    let log = format!("error: Installed (but unpackaged) file(s) found:\n{files}");
    let shown: String = (0..10).map(|n| format!("\n   /usr/share/f{n}")).collect();
    build(
        &log,
        Some("%files"),
        &format!("Installed (but unpackaged) file(s) found:{shown}\n... and 30 more lines"),
    );
}

#[test]
fn files_that_are_not_there() {
    build(
        "
Executing(%check): /bin/sh -e /var/tmp/rpm-tmp.Q6YBBZ
+ umask 022
+ exit 0
Processing files: hello-1-1.noarch
error: File not found: /builddir/build/BUILDROOT/hello-1-1.x86_64/usr/share/nope
error: File not found: /builddir/build/BUILDROOT/hello-1-1.x86_64/usr/share/nope2

RPM build errors:
    File not found: /builddir/build/BUILDROOT/hello-1-1.x86_64/usr/share/nope
    File not found: /builddir/build/BUILDROOT/hello-1-1.x86_64/usr/share/nope2
",
        Some("%files"),
        "
File not found: /builddir/build/BUILDROOT/hello-1-1.x86_64/usr/share/nope
File not found: /builddir/build/BUILDROOT/hello-1-1.x86_64/usr/share/nope2
",
    );
}

#[test]
fn missing_build_requirements() {
    build(
        "
Building target platforms: x86_64
Building for target x86_64
error: Failed build dependencies:
\tnosuch-devel >= 2 is needed by hello-1-1.noarch
\tpkgconfig(gone) is needed by hello-1-1.noarch
",
        None,
        "
Failed build dependencies:
 nosuch-devel >= 2 is needed by hello-1-1.noarch
 pkgconfig(gone) is needed by hello-1-1.noarch
",
    );
}

#[test]
fn specs_that_cannot_be_read() {
    build(
        "error: line 7: Unknown tag: Fooo: bar\n",
        None,
        "line 7: Unknown tag: Fooo: bar",
    );
    build(
        "
warning: bogus date in %changelog: Mon Jan 02 2024 X <x@y> - 1-1
error: Bad file: /builddir/build/SOURCES/hello-1.tar.gz: No such file or directory

RPM build warnings:
    bogus date in %changelog: Mon Jan 02 2024 X <x@y> - 1-1

RPM build errors:
    Bad file: /builddir/build/SOURCES/hello-1.tar.gz: No such file or directory
",
        None,
        "Bad file: /builddir/build/SOURCES/hello-1.tar.gz: No such file or directory",
    );
    build(
        "error: Architecture is not included: x86_64\n",
        None,
        "Architecture is not included: x86_64",
    );
}

#[test]
fn only_the_repeated_errors_are_left() {
    build(
        "
Wrote: /builddir/build/SRPMS/hello-1-1.src.rpm

RPM build errors:
    user builder does not exist - using root
    Arch dependent binaries in noarch package
",
        None,
        "    Arch dependent binaries in noarch package",
    );
}

#[test]
fn archive_that_did_not_fit() {
    build(
        "
Processing files: hello-1-1.x86_64
error: create archive failed on file /builddir/build/BUILDROOT/usr/bin/hello: cpio: write failed - No space left on device

RPM build errors:
    create archive failed on file /builddir/build/BUILDROOT/usr/bin/hello: cpio: write failed - No space left on device
",
        Some("%files"),
        "create archive failed on file /builddir/build/BUILDROOT/usr/bin/hello: cpio: write failed - No space left on device",
    );
}

#[test]
fn output_that_ends_in_the_middle() {
    build(
        "
Executing(%build): /bin/sh -e /var/tmp/rpm-tmp.Ab
+ make
gcc -c a.c
gcc -c b.c
",
        Some("%build"),
        "+ make\ngcc -c a.c\ngcc -c b.c",
    );
    build("", None, "");
}

#[test]
fn words_that_arrive_after_rpm_s() {
    build(
        "
Executing(%check): /bin/sh -e /var/tmp/rpm-tmp.WeWwGq
error: Bad exit status from /var/tmp/rpm-tmp.inner (%build)
make: *** [uncommon.mk:813: spec] Error 1
error: Bad exit status from /var/tmp/rpm-tmp.WeWwGq (%check)
FAIL: process clock
RPM build warnings:
    Macro expanded in comment on line 6: %{?dist}
RPM build errors:
    Bad exit status from /var/tmp/rpm-tmp.WeWwGq (%check)
Child return code was: 1
",
        Some("%check"),
        "FAIL: process clock",
    );
}

#[test]
fn the_section_is_known_without_its_beginning() {
    build(
        "
foo.c:1:2: error: expected ';'
error: Bad exit status from /var/tmp/rpm-tmp.x (%generate_buildrequires)
",
        Some("%generate_buildrequires"),
        "foo.c:1:2: error: expected ';'",
    );
}
