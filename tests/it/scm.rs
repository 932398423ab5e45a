//! `--scm-enable`: real checkouts, of repositories that are made here.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::support::{Mock, Place, Who, processes_of, run, wait_until};

const SPEC: &str = "\
Name: foo
Version: 1.0
Release: 1
Summary: x
License: MIT
BuildArch: noarch
Source0: https://example.org/foo-%{version}.tar.xz
Source1: extra.txt
%description
%prep
%setup -q
%install
mkdir -p %{buildroot}/etc
cat greeting sub/word %{SOURCE1} > %{buildroot}/etc/foo
%files
/etc/foo
";

/// Without sources.
const SMALL: &str = "\
Name: small
Version: 1.0
Release: 1
Summary: x
License: MIT
BuildArch: noarch
%description
%files
";

fn git(place: &Place, directory: &str, words: &[&str]) {
    let directory = place.path(directory).display().to_string();
    let options = [
        "GIT_COMMITTER_DATE=2001-02-03T04:05:06Z",
        "git",
        "-C",
        directory.as_str(),
        "-c",
        "protocol.file.allow=always",
        "-c",
        "user.name=x",
        "-c",
        "user.email=x@example.org",
        "-c",
        "init.defaultBranch=main",
        "-c",
        "safe.directory=*",
    ];
    run("env", options.iter().chain(words));
}

/// A mock whose scratch directories are the place's.
fn mock<'a>(place: &'a Place, options: &[&str]) -> Mock<'a> {
    let options = options.iter().flat_map(|option| ["--scm-option", option]);
    place
        .mock(["--scm-enable"])
        .args(options)
        .env("TMPDIR", place.path("tmp"))
}

fn scratch(place: &Place) -> Vec<PathBuf> {
    let entries = fs::read_dir(place.path("tmp")).expect("it can be listed");
    entries.flatten().map(|entry| entry.path()).collect()
}

/// A program that is the caller's own.
fn script(place: &Place, name: &str, text: &str) -> String {
    let path = place.write(&format!("files/{name}"), format!("#!/bin/sh\n{text}"));
    fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("it is our own");
    path.display().to_string()
}

fn own_all(place: &Place, relative: &str) {
    let owner = format!("{}:{}", place.uid(), place.account.gid);
    let path = place.path(relative).display().to_string();
    run("chown", ["-R", owner.as_str(), path.as_str()]);
}

/// A branch, a submodule, the spec file below, an archive of it all, a source that is elsewhere, and
/// a name that a shell would take apart.
#[test]
fn git_checkout_to_packages() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place.make_dir("tmp");
    for directory in ["files/word", "files/a b;$(touch x)", "files/lookaside"] {
        place.make_dir(directory);
    }
    // The tools see the caller's own settings: without these, no local repository is a submodule.
    place.write("home/.gitconfig", "[protocol \"file\"]\nallow = always\n");
    place.write("files/word/word", "world\n");
    let top = "files/a b;$(touch x)";
    git(&place, "files/word", &["init", "-q"]);
    git(&place, "files/word", &["add", "word"]);
    git(&place, "files/word", &["commit", "-qm", "x"]);
    place.write(&format!("{top}/greeting"), "not this\n");
    git(&place, top, &["init", "-q"]);
    git(&place, top, &["add", "greeting"]);
    git(&place, top, &["commit", "-qm", "x"]);
    git(&place, top, &["checkout", "-qb", "f43"]);
    place.make_dir(&format!("{top}/rpm"));
    place.write(&format!("{top}/rpm/foo.spec"), SPEC);
    place.write(&format!("{top}/greeting"), "hello\n");
    place.write(&format!("{top}/.gitignore"), "x\n");
    let word = place.path("files/word").display().to_string();
    git(&place, top, &["submodule", "add", "-q", &word, "sub"]);
    git(&place, top, &["add", "."]);
    git(&place, top, &["commit", "-qm", "x"]);
    git(&place, top, &["checkout", "-q", "main"]);
    own_all(&place, "files");
    place.write("files/lookaside/extra.txt", "and more\n");
    place.write("files/lookaside/greeting", "never\n");
    let line = format!(
        "git_get=git clone -q --recurse-submodules SCM_BRN '{}/SCM_PKG' SCM_PKG",
        place.path("files").display()
    );
    let lookaside = format!("ext_src_dir={}", place.path("files/lookaside").display());
    let options = [
        "package=a b;$(touch x)",
        "branch=f43",
        "spec=rpm/Foo.spec",
        "write_tar=True",
        "git_timestamps=True",
        &lookaside,
        &line,
    ];
    let done = mock(&place, &options)
        .args(["--rebuild", "--postinstall"])
        .ok();
    assert!(!done.stderr.contains("ERROR"), "{}", done.stderr);
    assert_eq!(scratch(&place), Vec::<PathBuf>::new());
    assert!(!place.path("files/x").exists());
    let built = place.inside("/etc/foo").expect("it was installed");
    assert_eq!(String::from_utf8_lossy(&built), "hello\nworld\nand more\n");
    let archive = place.inside("/builddir/build/SOURCES/foo-1.0.tar.xz");
    let archive = place.write("files/foo.tar.xz", archive.expect("it is a source"));
    let content = format!("tar -tvJ --utc --full-time -f '{}'", archive.display());
    let listing = run("sh", ["-c", &content]);
    let shown: Vec<String> = listing
        .lines()
        .map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let kind = fields[0].chars().next().unwrap_or('?');
            // A submodule has a history of its own.
            let time = if fields[5].contains("sub/w") {
                ""
            } else {
                fields[3]
            };
            format!("{kind} {} {} {time}", fields[1], fields[5])
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    d root/root foo-1.0/ 2001-02-03
    - root/root foo-1.0/greeting 2001-02-03
    d root/root foo-1.0/rpm 2001-02-03
    - root/root foo-1.0/rpm/foo.spec 2001-02-03
    d root/root foo-1.0/sub 2001-02-03
    - root/root foo-1.0/sub/word
    ");
}

/// As root, the tools are the caller's: ids, groups, home. Theirs is also what is checked out.
#[test]
fn tools_run_as_the_caller() {
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    let Some(user) = Place::new(Who::User) else {
        return;
    };
    place.make_dir("tmp");
    fs::set_permissions(place.path("tmp"), PermissionsExt::from_mode(0o1777))
        .expect("it is our own");
    let said = place.path("tmp/said");
    let get = script(
        &place,
        "get",
        &format!(
            "{{ id -un; id -Gn; echo \"$HOME\"; echo \"$SSH_AUTH_SOCK\"; stat -c '%U %a' .; echo \"$@\"; }} > {}\n\
             mkdir \"$1\"\ncat > \"$1/small.spec\" <<'END'\n{SMALL}END\n",
            said.display()
        ),
    );
    let sources = script(&place, "sources", "echo got > from-lookaside\n");
    let (get, sources) = (
        format!("distgit_get={get} SCM_PKG --branch SCM_BRN"),
        format!("distgit_src_get={sources}"),
    );
    let result = place.make_dir("result");
    own_by(&result, user.uid());
    let done = mock(
        &place,
        &[
            "method=distgit",
            "package=small",
            "branch=f43",
            &get,
            &sources,
        ],
    )
    .args(["--buildsrpm", "--resultdir", &result.to_string_lossy()])
    .env("SUDO_UID", user.uid().to_string())
    .env("SSH_AUTH_SOCK", "/run/agent")
    .ok();
    assert!(
        result.join("small-1.0-1.src.rpm").exists(),
        "{}",
        done.stderr
    );
    let text = fs::read_to_string(&said).expect("it was run");
    let account = &user.account;
    let groups = run("id", ["-Gn", &account.name]);
    assert_eq!(
        text,
        format!(
            "{name}\n{groups}{home}\n/run/agent\n{name} 700\nsmall --branch f43\n",
            name = account.name,
            home = account.dir.display()
        )
    );
    fs::remove_file(&said).expect("root may");
    assert_eq!(scratch(&place), Vec::<PathBuf>::new());
}

fn own_by(path: &Path, uid: u32) {
    std::os::unix::fs::chown(path, Some(uid), None).expect("root may change owners");
}

#[test]
fn svn_and_cvs() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place.make_dir("tmp");
    let dir = place.path("files").display().to_string();
    run("svnadmin", ["create", &format!("{dir}/svn")]);
    place.make_dir("files/import");
    place.make_dir("files/import/trunk");
    place.write("files/import/trunk/small.spec", SMALL);
    let url = format!("file://{dir}/svn");
    run(
        "svn",
        [
            "import",
            "-q",
            "-m",
            "x",
            &format!("{dir}/import"),
            &format!("{url}/small"),
        ],
    );
    own_all(&place, "files");
    let get = format!("svn_get=svn co -q {url}/SCM_PKG/SCM_BRN SCM_PKG");
    mock(&place, &["method=svn", "package=small", &get])
        .args(["--buildsrpm"])
        .ok();
    let srpm = place.result().join("small-1.0-1.src.rpm");
    assert!(srpm.exists());
    // One that records how it was called.
    let cvs = script(
        &place,
        "cvs",
        &format!(
            "printf '%s|' \"$@\" > {dir}/called\nmkdir small\ncat > small/small.spec <<'END'\n{SMALL}END\n"
        ),
    );
    let get = format!("cvs_get={cvs} -d '/srv/c v s' co SCM_BRN SCM_PKG");
    fs::remove_file(&srpm).expect("it was just made");
    mock(
        &place,
        &["method=cvs", "package=small", "branch=b;id", &get],
    )
    .args(["--buildsrpm", "--no-clean"])
    .ok();
    assert!(srpm.exists());
    let called = fs::read_to_string(format!("{dir}/called")).expect("it was called");
    assert_eq!(called, "-d|/srv/c v s|co|-r|b;id|small|");
    assert_eq!(scratch(&place), Vec::<PathBuf>::new());
}

/// A tool that hangs ends with mock, however that ends, and so does what it has made.
#[test]
fn a_tool_ends_with_mock() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place.make_dir("tmp");
    // It has children, and does not mind signals.
    let get = script(
        &place,
        "get",
        "trap '' TERM INT HUP\nmkdir small\nsh -c 'trap \"\" TERM INT HUP; touch small/begun; sleep 1000' small/begun\n",
    );
    let get = format!("git_get={get}");
    let start = || {
        let running = mock(&place, &["package=small", &get])
            .args(["--buildsrpm"])
            .spawn();
        let begun = wait_until(Duration::from_secs(60), || {
            let found = scratch(&place);
            found
                .iter()
                .any(|path| path.join("small/begun").exists())
                .then_some(())
        });
        assert!(begun.is_some(), "the tool is run");
        running
    };
    let over = || {
        let over = wait_until(Duration::from_secs(10), || {
            processes_of(&place.dir).is_empty().then_some(())
        });
        assert!(over.is_some(), "{:?}", processes_of(&place.dir));
    };
    let running = start();
    running.signal(Signal::SIGINT);
    running.wait().exits(7);
    over();
    assert_eq!(scratch(&place), Vec::<PathBuf>::new());
    let running = start();
    running.signal(Signal::SIGKILL);
    running.wait().killed_by(Signal::SIGKILL);
    over();
    assert_eq!(scratch(&place).len(), 1);
    // The next one clears up.
    mock(&place, &["package=small", "git_get=git no-such-command"])
        .args(["--buildsrpm"])
        .run()
        .exits(1);
    assert_eq!(scratch(&place), Vec::<PathBuf>::new());
}

#[test]
fn what_cannot_be_checked_out() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place.make_dir("tmp");
    let empty = script(
        &place,
        "empty",
        "mkdir x\ntouch x/other.spec\nln -s /etc/hostname x/out.spec\n",
    );
    let nothing = script(&place, "nothing", "exit 0\n");
    let fails = script(&place, "fails", "echo no such repository >&2\nexit 9\n");
    let [empty, nothing, fails] = [empty, nothing, fails].map(|path| format!("git_get={path}"));
    let mut said = Vec::new();
    for options in [
        &["method=hg", "package=x"][..],
        &["branch=x"],
        &["package=x", "branch=--upload-pack=id"],
        &["package=../x"],
        &["package=x", "git_get=no-such-tool SCM_PKG"],
        &["package=x", &empty],
        &["package=x", &empty, "spec=out.spec"],
        &["package=x", &nothing],
        &["package=x", &fails],
    ] {
        let done = mock(&place, options).args(["--buildsrpm"]).run();
        said.push(done.error());
        assert_eq!(scratch(&place), Vec::<PathBuf>::new());
        assert!(!place.chroot().exists());
    }
    insta::assert_snapshot!(said.join("\n\n"), @r"
    exit 5
    ERROR: SCM method 'hg' is not supported
    hint: --scm-option method= takes git, svn, cvs or distgit

    exit 5
    ERROR: --scm-enable needs the name of a package
    hint: give it: --scm-option package=NAME

    exit 5
    ERROR: --scm-option branch: '--upload-pack=id' cannot be one

    exit 5
    ERROR: --scm-option package: '../x' is no path below the checkout

    exit 5
    ERROR: cannot run no-such-tool: No such file or directory (os error 2)

    exit 5
    ERROR: there is no spec file x.spec in the checkout
    hint: there is other.spec; --scm-option spec=PATH chooses one

    exit 5
    ERROR: --scm-option spec: out.spec leads out of the checkout

    exit 5
    ERROR: git_get made no directory x
    hint: the command must check out into SCM_PKG

    exit 9
    ERROR: [DIR]/files/fails failed with exit status 9
      no such repository
    ");
    // Without --scm-enable it would do nothing.
    let done = place
        .mock(["--scm-option=package=x", "--scm-option=pakage=x", "-p"])
        .ok();
    insta::assert_snapshot!(done.filtered(done.stderr.trim_end()), @r"
    WARNING: --scm-option package=... does nothing without --scm-enable
    WARNING: --scm-option pakage: there is no such option
    ");
}
