//! Package managers.

use super::transaction;

#[test]
fn builddep_of_dnf_4() {
    transaction(
        "
Last metadata expiration check: 0:00:01 ago on Mon Jan  5 10:00:00 2026.
No matching package to install: 'nosuch-devel >= 2'
No matching package to install: 'pkgconfig(gone)'
Not all dependencies satisfied
Error: Some packages could not be found.
",
        "
No matching package to install: 'nosuch-devel >= 2'
No matching package to install: 'pkgconfig(gone)'
Error: Some packages could not be found.
",
    );
}

#[test]
fn install_of_dnf_4() {
    transaction(
        "
No match for argument: foo
Error: Unable to find a match: foo
",
        "
No match for argument: foo
Error: Unable to find a match: foo
",
    );
    transaction(
        "
Module or Group 'buildsys-build' is not available.
Error: Nothing to do.
",
        "
Module or Group 'buildsys-build' is not available.
Error: Nothing to do.
",
    );
}

#[test]
fn problems_of_dnf_4() {
    transaction(
        "
Error: 
 Problem 1: conflicting requests
  - nothing provides libfoo.so.2()(64bit) needed by bar-1-1.x86_64 from fedora
 Problem 2: package baz-1-1.x86_64 from fedora requires bar, but none of the providers can be installed
  - conflicting requests
(try to add '--skip-broken' to skip uninstallable packages or '--nobest' to use not only best candidate packages)
",
        "
Problem 1: conflicting requests
  - nothing provides libfoo.so.2()(64bit) needed by bar-1-1.x86_64 from fedora
Problem 2: package baz-1-1.x86_64 from fedora requires bar, but none of the providers can be installed
  - conflicting requests
",
    );
}

#[test]
fn problems_of_dnf_5() {
    transaction(
        "
Updating and loading repositories:
 fedora                                 100% |  20.0 MiB/s |  30.0 MiB |  00m01s
Repositories loaded.
Failed to resolve the transaction:
No match for argument: foo
You can try to add to command line:
  --skip-unavailable to skip unavailable packages
",
        "No match for argument: foo",
    );
    transaction(
        "
Failed to resolve the transaction:
Problem: conflicting requests
  - nothing provides libfoo needed by bar-1-1.x86_64 from fedora
You can try to add to command line:
  --skip-broken to skip uninstallable packages
",
        "
Problem: conflicting requests
  - nothing provides libfoo needed by bar-1-1.x86_64 from fedora
",
    );
}

#[test]
fn repositories_out_of_reach() {
    transaction(
        "
Errors during downloading metadata for repository 'build':
  - Curl error (6): Couldn't resolve host name for https://example.test/repodata/repomd.xml [Could not resolve host: example.test]
Error: Failed to download metadata for repo 'build': Cannot download repomd.xml: Cannot download repodata/repomd.xml: All mirrors were tried
",
        "
Errors during downloading metadata for repository 'build':
  - Curl error (6): Couldn't resolve host name for https://example.test/repodata/repomd.xml [Could not resolve host: example.test]
Error: Failed to download metadata for repo 'build': Cannot download repomd.xml: Cannot download repodata/repomd.xml: All mirrors were tried
",
    );
    transaction(
        r#"
Updating and loading repositories:
 x                                      ???% |   0.0   B/s |   0.0   B |  00m00s
>>> Curl error (37): Could not read a file:// file for file:///nonexistent/repodata/repomd.xml [Couldn't open file]
>>> Usable URL not found
Failed to download metadata (baseurl: "file:///nonexistent") for repository "x"
 Librepo error: Cannot download repomd.xml: Cannot download repodata/repomd.xml: All mirrors were tried
"#,
        r#"
Curl error (37): Could not read a file:// file for file:///nonexistent/repodata/repomd.xml [Couldn't open file]
>>> Usable URL not found
Failed to download metadata (baseurl: "file:///nonexistent") for repository "x"
Librepo error: Cannot download repomd.xml: Cannot download repodata/repomd.xml: All mirrors were tried
"#,
    );
}

#[test]
fn retries_are_shown_once() {
    let once = "Error: Failed to download metadata for repo 'x': Cannot download repomd.xml\n";
    transaction(&once.repeat(3), once);
}

#[test]
fn words_of_yum() {
    transaction(
        "
No Package found for nosuch-devel
Error: Package: bar-1-1.el7.x86_64 (build)
           Requires: libfoo.so.2()(64bit)
 You could try using --skip-broken to work around the problem
 You could try running: rpm -Va --nofiles --nodigest
",
        "
No Package found for nosuch-devel
Error: Package: bar-1-1.el7.x86_64 (build)
           Requires: libfoo.so.2()(64bit)
",
    );
    transaction(
        "
http://example.test/repodata/repomd.xml: [Errno 14] HTTP Error 404 - Not Found
Trying other mirror.
Error: Cannot retrieve repository metadata (repomd.xml) for repository: build. Please verify its path and try again
",
        "
http://example.test/repodata/repomd.xml: [Errno 14] HTTP Error 404 - Not Found
Error: Cannot retrieve repository metadata (repomd.xml) for repository: build. Please verify its path and try again
",
    );
}

#[test]
fn full_disks() {
    transaction(
        "
Total download size: 300 M
Error: Insufficient space in download directory /var/cache/dnf
    * free   20 M
    * needed 300 M
",
        "
Error: Insufficient space in download directory /var/cache/dnf
    * free   20 M
    * needed 300 M
",
    );
    transaction(
        "
Error: Transaction test error:
  installing package glibc-2.40-1.x86_64 needs 12MB more space on the / filesystem
Error Summary
-------------
Disk Requirements:
   At least 12MB more space needed on the / filesystem.
",
        "
Error: Transaction test error:
  installing package glibc-2.40-1.x86_64 needs 12MB more space on the / filesystem
Disk Requirements:
   At least 12MB more space needed on the / filesystem.
",
    );
}

#[test]
fn signatures() {
    transaction(
        "
Public key for hello-2.12-1.x86_64.rpm is not installed. Failing package is: hello-2.12-1.x86_64
 GPG Keys are configured as: file:///usr/share/distribution-gpg-keys/x
The downloaded packages were saved in cache until the next successful transaction.
You can remove cached packages by executing 'dnf clean packages'.
Error: GPG check FAILED
",
        "
Public key for hello-2.12-1.x86_64.rpm is not installed. Failing package is: hello-2.12-1.x86_64
GPG Keys are configured as: file:///usr/share/distribution-gpg-keys/x
Error: GPG check FAILED
",
    );
}

#[test]
fn scriptlets() {
    transaction(
        "
  Running scriptlet: hello-2.12-1.x86_64                                   1/1
error: %prein(hello-2.12-1.x86_64) scriptlet failed, exit status 1

Error in PREIN scriptlet in rpm package hello
  Verifying        : hello-2.12-1.x86_64                                   1/1

Failed:
  hello-2.12-1.x86_64

Error: Transaction failed
",
        "
error: %prein(hello-2.12-1.x86_64) scriptlet failed, exit status 1
Error in PREIN scriptlet in rpm package hello
Failed:
  hello-2.12-1.x86_64
Error: Transaction failed
",
    );
    transaction(
        "
Running transaction
[1/3] Verify package files             100% |  10.0   B/s |   1.0   B |  00m00s
>>> Running %prein scriptlet: hello-0:2.12-1.x86_64
>>> Error in %prein scriptlet: hello-0:2.12-1.x86_64
>>> Scriptlet output:
>>> useradd: cannot lock /etc/passwd; try again later.
>>>
>>> [RPM] %prein(hello-2.12-1.x86_64) scriptlet failed, exit status 1
>>> [RPM] hello-2.12-1.x86_64: install failed
Transaction failed: Rpm transaction failed.
",
        "
Error in %prein scriptlet: hello-0:2.12-1.x86_64
>>> Scriptlet output:
>>> useradd: cannot lock /etc/passwd; try again later.
[RPM] %prein(hello-2.12-1.x86_64) scriptlet failed, exit status 1
[RPM] hello-2.12-1.x86_64: install failed
Transaction failed: Rpm transaction failed.
",
    );
}

#[test]
fn conflicting_files() {
    transaction(
        "
Running transaction test
Error: Transaction test error:
  file /usr/bin/x from install of b-1-1.noarch conflicts with file from package a-1-1.noarch
",
        "
Error: Transaction test error:
  file /usr/bin/x from install of b-1-1.noarch conflicts with file from package a-1-1.noarch
",
    );
}

#[test]
fn commands_and_modules_that_are_not_there() {
    transaction(
        "
No such command: builddep. Please use /usr/bin/dnf --help
It could be a DNF plugin command, try: \"dnf install 'dnf-command(builddep)'\"
",
        "No such command: builddep. Please use /usr/bin/dnf --help",
    );
    transaction(
        "
Error: Problems in request:
missing groups or modules: nope
",
        "
Error: Problems in request:
missing groups or modules: nope
",
    );
}

#[test]
fn nothing_known() {
    transaction(
        "
Last metadata expiration check: 0:00:01 ago on Mon Jan  5 10:00:00 2026.
it went wrong
somehow
",
        "it went wrong\nsomehow",
    );
    transaction("", "");
}

#[test]
fn retries_that_took_longer_are_the_same() {
    let one = |ms: u32| {
        format!(
            "Errors during downloading metadata for repository 'x':\n  - Curl error (7): Couldn't connect to server for \
             http://h/repomd.xml [Failed to connect to h port 9 after {ms} ms: Couldn't connect to server]\n"
        )
    };
    transaction(&(one(0) + &one(2)), &one(0));
}

#[test]
fn missing_space_is_summed_up() {
    transaction(
        "
Error: Transaction test error:
  installing package a-1-1.x86_64 needs 3MB more space on the / filesystem
  installing package b-1-1.x86_64 needs 82MB more space on the / filesystem

Error Summary
-------------
Disk Requirements:
   At least 82MB more space needed on the / filesystem.
",
        "
Error: Transaction test error:
  installing package a-1-1.x86_64 needs 3MB more space on the / filesystem
Disk Requirements:
   At least 82MB more space needed on the / filesystem.
",
    );
}

#[test]
fn what_rpm_finds_before_it_begins() {
    transaction(
        "
Running transaction
Transaction couldn't start:
installing package a-1-1.x86_64 needs 3MB more space on the / filesystem
installing package b-1-1.x86_64 needs 82MB more space on the / filesystem
package c-1-1.x86_64 is intended for a different operating system
Error: Could not run transaction.
  Preparing        :                                                        1/1
",
        "
installing package b-1-1.x86_64 needs 82MB more space on the / filesystem
package c-1-1.x86_64 is intended for a different operating system
Error: Could not run transaction.
",
    );
}

#[test]
fn what_a_scriptlet_says() {
    transaction(
        "
  Running scriptlet: good-1-1.x86_64                                      1/2
something else
  Running scriptlet: bad-1-1.x86_64                                       2/2
some words
/var/tmp/rpm-tmp.1: line 3: what: command not found
error: %prein(bad-1-1.x86_64) scriptlet failed, exit status 1
Error in PREIN scriptlet in rpm package bad
Error: Transaction failed
",
        "
some words
/var/tmp/rpm-tmp.1: line 3: what: command not found
error: %prein(bad-1-1.x86_64) scriptlet failed, exit status 1
Error in PREIN scriptlet in rpm package bad
Error: Transaction failed
",
    );
}
