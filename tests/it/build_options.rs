//! Options that shape a build.

use std::fs;
use std::path::Path;
use std::time::Duration;

use insta::assert_snapshot;

use crate::support::{
    ARCH, Place, Who, both, processes_of, run, srpm, stray_mounts_below, wait_until,
};

fn exists(directory: &Path, name: &str) -> bool {
    directory.join(name).is_file()
}

fn build_log(place: &Place) -> String {
    let text = fs::read(place.result().join("build.log")).expect("there is a build log");
    String::from_utf8_lossy(&text).into_owned()
}

/// Says in its build log which conditionals and macros it got.
const SPEC: &str = "\
%bcond_with extra
%bcond_without docs
Name: talk
Version: 1
Release: 1%{?dist}
Summary: Says what it is built with
License: MIT
BuildArch: noarch
Source0: words

%description
Talks.

%build
echo 'SAYS: extra=%{with extra} docs=%{with docs} from_file=%{?from_file} defined=%{?defined_here}'
echo \"SAYS: $(cat %{SOURCE0})\"

%files
";

fn said(place: &Place) -> Vec<String> {
    let log = build_log(place);
    let lines = log.lines().filter_map(|line| line.strip_prefix("SAYS: "));
    lines.map(str::to_owned).collect()
}

#[test]
fn several_packages_on_one_line() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let out = place.path("files/out/deep");
    let done = place
        .mock([
            "--resultdir",
            "out/deep",
            &srpm("needsnothing"),
            &srpm("noarchdata"),
        ])
        .ok();
    assert!(exists(&out, "needsnothing-1.0-1.mini.noarch.rpm"));
    assert!(exists(&out, "noarchdata-1.0-1.mini.noarch.rpm"));
    // Results are outside: the root is not needed any more.
    assert!(!place.root().exists());
    assert_snapshot!(done.shot(), @"
    exit 0
    --- stderr
    Start: run
    INFO: Start([MINI]/SRPMS/needsnothing-1.0-1.mini1.src.rpm)  Config(mini-[ARCH])
    Start: clean chroot
    Finish: clean chroot
    INFO: Mock Version: 0.1.0
    Start: chroot init
    Start: installing minimal buildroot with dnf4
    Finish: installing minimal buildroot with dnf4
    INFO: created postinit snapshot
    Finish: chroot init
    Start: build phase for needsnothing-1.0-1.mini1.src.rpm
    Start: build setup for needsnothing-1.0-1.mini1.src.rpm
    Finish: build setup for needsnothing-1.0-1.mini1.src.rpm
    Start: rpmbuild needsnothing-1.0-1.mini1.src.rpm
    Finish: rpmbuild needsnothing-1.0-1.mini1.src.rpm
    Finish: build phase for needsnothing-1.0-1.mini1.src.rpm
    INFO: Done([MINI]/SRPMS/needsnothing-1.0-1.mini1.src.rpm) Config(mini-[ARCH]) [N] minutes [N] seconds
    INFO: Results and/or logs in: [DIR]/files/out/deep
    Built needsnothing-1.0-1.mini1.src.rpm ([N] minutes [N] seconds): [DIR]/files/out/deep
    INFO: Cleaning up build root ('cleanup_on_success=True')
    Start: clean chroot
    Finish: clean chroot
    INFO: Start([MINI]/SRPMS/noarchdata-1.0-1.mini1.src.rpm)  Config(mini-[ARCH])
    Start: clean chroot
    Finish: clean chroot
    INFO: Mock Version: 0.1.0
    Start: chroot init
    Finish: chroot init
    Start: build phase for noarchdata-1.0-1.mini1.src.rpm
    Start: build setup for noarchdata-1.0-1.mini1.src.rpm
    Finish: build setup for noarchdata-1.0-1.mini1.src.rpm
    Start: rpmbuild noarchdata-1.0-1.mini1.src.rpm
    Finish: rpmbuild noarchdata-1.0-1.mini1.src.rpm
    Finish: build phase for noarchdata-1.0-1.mini1.src.rpm
    INFO: Done([MINI]/SRPMS/noarchdata-1.0-1.mini1.src.rpm) Config(mini-[ARCH]) [N] minutes [N] seconds
    INFO: Results and/or logs in: [DIR]/files/out/deep
    Built noarchdata-1.0-1.mini1.src.rpm ([N] minutes [N] seconds): [DIR]/files/out/deep
    INFO: Cleaning up build root ('cleanup_on_success=True')
    Start: clean chroot
    Finish: clean chroot
    Finish: run
    ");
}

#[test]
fn a_kept_root_is_kept_and_a_clean_one_is_clean() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place.mock(["--init"]).ok();
    place.put("marker");
    place.mock(["--no-clean", &srpm("needsnothing")]).ok();
    assert!(place.has("marker"));
    place.mock([srpm("needsnothing")]).ok();
    assert!(!place.has("marker"));
}

#[test]
fn nocheck_skips_a_test_that_fails() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place.mock(["--nocheck", &srpm("failcheck")]).ok();
    let name = format!("failcheck-1.0-1.mini.{ARCH}.rpm");
    assert!(exists(&place.result(), &name));
    // The same by way of rpmbuild's own option.
    fs::remove_file(place.result().join(&name)).expect("it is there");
    place
        .mock([
            "--no-clean",
            "--rpmbuild-opts=--nocheck",
            &srpm("failcheck"),
        ])
        .ok();
    assert!(exists(&place.result(), &name));
}

#[test]
fn macros_reach_the_packages() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place
        .mock([
            "-D",
            "dist .other",
            "--define=%vendor The Vendor",
            &srpm("needsnothing"),
        ])
        .ok();
    for name in [
        "needsnothing-1.0-1.other.noarch.rpm",
        "needsnothing-1.0-1.other.src.rpm",
    ] {
        let file = place.result().join(name);
        let file = file.to_string_lossy();
        let vendor = run("rpm", ["-qp", "--nosignature", "--qf", "%{vendor}", &file]);
        assert_eq!(vendor, "The Vendor", "{name}");
    }
}

#[test]
fn a_spec_file_and_its_sources_in_one_go() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let spec = place.write("files/talk.spec", SPEC);
    place.make_dir("files/sources");
    place.write("files/sources/words", "from the directory");
    place.write("files/macros", "%from_file yes\n");
    let from = ["--spec", "talk.spec", "--sources", "sources"];
    place.mock(from).ok();
    assert!(exists(&place.result(), "talk-1-1.mini.noarch.rpm"));
    assert_eq!(
        said(&place),
        ["extra=0 docs=1 from_file= defined=", "from the directory"]
    );
    fs::remove_file(place.result().join("build.log")).expect("it is there");
    place
        .mock(from)
        .args(["--no-clean", "--with", "extra", "--without=docs"])
        .args([
            "--macro-file",
            &place.path("files/macros").to_string_lossy(),
        ])
        .args(["--define", "defined_here yes", "--rebuild"])
        .ok();
    assert_eq!(
        said(&place),
        [
            "extra=1 docs=0 from_file=yes defined=yes",
            "from the directory"
        ]
    );
    // A spec file alone replaces the one in the source package.
    fs::remove_file(place.result().join("build.log")).expect("it is there");
    let text = SPEC.replace("SAYS: extra", "SAYS: replaced extra");
    fs::write(&spec, text).expect("it is our own");
    let made = place.path("files/talk.src.rpm");
    fs::copy(place.result().join("talk-1-1.mini.src.rpm"), &made).expect("it was made");
    place
        .mock(["--no-clean", "--spec", "talk.spec", "talk.src.rpm"])
        .ok();
    assert_eq!(
        said(&place),
        [
            "replaced extra=0 docs=1 from_file= defined=",
            "from the directory"
        ]
    );
}

#[test]
fn buildsrpm_makes_a_source_package() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place.write("files/talk.spec", SPEC);
    place.write("files/elsewhere", "behind a link");
    place.make_dir("files/sources");
    std::os::unix::fs::symlink("../elsewhere", place.path("files/sources/words"))
        .expect("the directory is our own");
    let done = place
        .mock(["--buildsrpm", "--spec", "talk.spec", "--sources", "sources"])
        .args(["--symlink-dereference", "--resultdir", "out"])
        .ok();
    assert_snapshot!(done.shot(), @"
    exit 0
    --- stderr
    Start: run
    INFO: Start([DIR]/files/talk.spec)  Config(mini-[ARCH])
    Start: clean chroot
    Finish: clean chroot
    INFO: Mock Version: 0.1.0
    Start: chroot init
    Start: installing minimal buildroot with dnf4
    Finish: installing minimal buildroot with dnf4
    INFO: created postinit snapshot
    Finish: chroot init
    Start: buildsrpm
    Start: rpmbuild -bs
    Finish: rpmbuild -bs
    Finish: buildsrpm
    INFO: Done([DIR]/files/talk.spec) Config(mini-[ARCH]) [N] minutes [N] seconds
    INFO: Results and/or logs in: [DIR]/files/out
    Built talk.spec ([N] minutes [N] seconds): [DIR]/files/out
    INFO: Cleaning up build root ('cleanup_on_success=True')
    Start: clean chroot
    Finish: clean chroot
    Finish: run
    ");
    let made = place.path("files/out/talk-1-1.mini.src.rpm");
    let files = run("rpm", ["-qlp", "--nosignature", &made.to_string_lossy()]);
    assert_eq!(files, "talk.spec\nwords\n");
    // One file instead of a directory; without an own result directory.
    place
        .mock([
            "--buildsrpm",
            "--spec",
            "talk.spec",
            "--sources",
            "sources/words",
        ])
        .ok();
    assert!(exists(&place.result(), "talk-1-1.mini.src.rpm"));
    assert!(!exists(&place.result(), "talk-1-1.mini.noarch.rpm"));
}

#[test]
fn short_circuit_goes_on_in_the_kept_root() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    // Each stage needs what the one before has left.
    for (stage, sections) in [
        ("prep", ["%prep"]),
        ("build", ["%build"]),
        ("install", ["%install"]),
    ] {
        place
            .mock([&format!("--short-circuit={stage}"), &srpm("autohello")])
            .ok();
        assert_eq!(sections_of(&build_log(&place)), sections, "{stage}");
        let name = format!("autohello-1.0-1.mini.{ARCH}.rpm");
        assert!(!exists(&place.result(), &name), "{stage}");
        fs::remove_file(place.result().join("build.log")).expect("it is there");
    }
}

/// The sections of the spec file that rpmbuild ran, but for what it always does at the end.
fn sections_of(log: &str) -> Vec<&str> {
    log.lines()
        .filter_map(|line| line.strip_prefix("Executing(")?.split_once(')'))
        .map(|(section, _)| section)
        .filter(|section| !["%clean", "rmbuild", "%check"].contains(section))
        .collect()
}

#[test]
fn a_repository_of_results_serves_the_next_build() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let repo = place.make_dir("files/repo");
    place
        .mock([
            "--resultdir",
            "repo",
            "--no-cleanup-after",
            &srpm("libgreet"),
        ])
        .ok();
    run("createrepo_c", ["--quiet", &repo.to_string_lossy()]);
    place
        .mock(["--addrepo", &format!("file://{}", repo.display())])
        .args([srpm("greet-app")])
        .ok();
    assert!(exists(
        &place.result(),
        &format!("greet-app-1.0-1.mini.{ARCH}.rpm")
    ));
}

#[test]
fn postinstall_installs_what_was_built() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place
        .mock(["--rebuild", &srpm("noarchdata"), "--postinstall"])
        .ok();
    let done = place
        .mock(["-q", "--shell", "rpm -q noarchdata noarchdata-doc"])
        .ok();
    assert_eq!(
        done.out(),
        "noarchdata-1.0-1.mini.noarch\nnoarchdata-doc-1.0-1.mini.noarch\n"
    );
}

#[test]
fn additional_packages_are_there_for_the_build() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place
        .mock([
            "--additional-package",
            "ncurses-devel",
            &srpm("needsnothing"),
        ])
        .ok();
    place.mock(["--chroot", "rpm -q ncurses-devel"]).ok();
}

#[test]
fn target_is_given_to_rpmbuild() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place.mock(["--target", "noarch", &srpm("noarchdata")]).ok();
    assert!(exists(&place.result(), "noarchdata-1.0-1.mini.noarch.rpm"));
    let log = build_log(&place);
    assert!(
        log.contains("/usr/bin/rpmbuild -bs --target noarch "),
        "{log}"
    );
    assert!(
        log.contains("/usr/bin/rpmbuild -bb --target noarch ")
            || log.contains("-bb --noclean --target noarch "),
        "{log}"
    );
    let two = place
        .mock(["--target", "noarch,x86_64", &srpm("noarchdata")])
        .run();
    assert_snapshot!(two.shot(), @"
    exit 5
    --- stderr
    ERROR: --target option accepts only one arch. Invalid: noarch,[ARCH]
    ");
}

#[test]
fn a_build_that_takes_too_long_is_stopped() {
    for place in both() {
        let done = place
            .mock(["--rpmbuild_timeout", "2", &srpm("endless")])
            .run()
            .exits(11);
        insta::allow_duplicates! { assert_snapshot!(done.error(), @"
        exit 11
        ERROR: Exception([MINI]/SRPMS/endless-1.0-1.mini1.src.rpm) Config(mini-[ARCH]) [N] minutes [N] seconds
        INFO: Results and/or logs in: [STATE]/mini-[ARCH]/result
        Failed endless-1.0-1.mini1.src.rpm ([N] minutes [N] seconds): [STATE]/mini-[ARCH]/result
        Finish: run
        ERROR: Timeout(2) expired for command:
         # bash --login -c '/usr/bin/rpmbuild -bb --noclean --target [ARCH] --nodeps /builddir/build/SPECS/endless.spec'
        hint: --rpmbuild_timeout sets the limit, in seconds
        "); }
        let log = build_log(&place);
        assert!(log.contains("\nendless: the build sleeps now\n"), "{log}");
        assert!(
            log.contains(
                "\ncommandTimeoutExpired: Timeout(2) expired for command:\n # bash --login -c "
            ),
            "{log}"
        );
        assert_eq!(processes_of(&place.dir), Vec::<String>::new());
        assert_eq!(stray_mounts_below(&place.dir), Vec::<String>::new());
    }
}

/// A gigabyte goes through in constant memory.
#[test]
fn an_enormous_log_needs_little_memory() {
    const LIMIT_KB: u64 = 60 * 1024;
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let mut running = place.mock([srpm("biglog")]).spawn();
    let mut peak = 0;
    let over = wait_until(Duration::from_secs(200), || {
        peak = peak.max(peak_memory_kb(running.pid()));
        running.is_over().then_some(())
    });
    assert_eq!(over, Some(()), "the build takes too long");
    running.wait().exits(0);
    assert!(peak > 0 && peak < LIMIT_KB, "{peak} kB");
    let log = place.result().join("build.log");
    let size = fs::metadata(&log).expect("there is a build log").len();
    assert!(size > 1 << 30, "{size}");
    let tail = run("tail", ["-n", "40", &log.to_string_lossy()]);
    assert!(tail.contains("\nbiglog: end\n"), "{tail}");
}

/// The most that the process has had resident; 0 when it is gone.
fn peak_memory_kb(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}
