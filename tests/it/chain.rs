//! `--chain`: packages that need each other, in every order and with every end.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::support::{
    ARCH, Done, Http, Place, Repository, Who, minidistro, run, srpm, stray_mounts_below, wait_until,
};

/// The directory of a chain's results.
fn results(place: &Place, localrepo: &str) -> PathBuf {
    place.path(&format!("files/{localrepo}/results/mini-{ARCH}"))
}

/// How the build of a package went, by what is written down.
fn marks(results: &Path, package: &str) -> [bool; 2] {
    ["success", "fail"].map(|name| results.join(package).join(name).exists())
}

/// What the repository lists.
fn listed(results: &Path) -> Vec<String> {
    let repo = format!("local,file://{}", results.display());
    let cache = results.with_file_name("listed");
    let cache = format!("--setopt=cachedir={}", cache.display());
    let words = [
        "-q",
        "repoquery",
        "--setopt=reposdir=/dev/null",
        &cache,
        "--repofrompath",
        &repo,
        "--repo=local",
        "--qf=%{name}",
        "--refresh",
    ];
    let mut names: Vec<String> = run("dnf", words).lines().map(str::to_owned).collect();
    names.sort();
    names
}

fn tail<'a>(done: &'a Done<'_>, start: &str) -> &'a str {
    let at = done.stderr.find(start).expect("it is said");
    &done.stderr[at..]
}

/// Two packages of a test's own: `lib`, and `app`, which needs it. `bad` fails.
struct Sources {
    repository: Repository,
}

impl Sources {
    fn new(place: &Place) -> Self {
        Self {
            repository: Repository::new(place, "sources"),
        }
    }

    fn source(&self, name: &str, requires: &str, build: &str) -> String {
        let text = format!(
            "{requires}\n%description\n%build\n{build}\n%install\nmkdir -p %{{buildroot}}/etc\n\
             echo {name} > %{{buildroot}}/etc/{name}\n%files\n/etc/{name}\n"
        );
        let path = self.repository.source(name, &text);
        run(
            "chmod",
            ["-R", "a+rX", &self.repository.directory.to_string_lossy()],
        );
        path.to_string_lossy().into_owned()
    }

    fn lib(&self) -> String {
        self.source("lib", "", "true")
    }

    fn app(&self) -> String {
        self.source("app", "BuildRequires: lib", "grep -qx lib /etc/lib")
    }

    fn bad(&self) -> String {
        self.source("bad", "", "exit 3")
    }
}

/// A library and what is built with it, both out of C, one of them by URL.
#[test]
fn a_library_then_its_user() {
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    let server = Http::breaking(&minidistro(), "nothing", 0);
    let app = srpm("greet-app");
    let app = format!(
        "{}/SRPMS/{}",
        server.url(),
        app.rsplit('/').next().unwrap_or_default()
    );
    // As root for a user, who owns all that comes of it.
    let Some(user) = Place::new(Who::User) else {
        return;
    };
    let repo = place.make_dir("files/repo");
    std::os::unix::fs::chown(&repo, Some(user.uid()), None).expect("root may change owners");
    let done = place
        .mock(["--chain", "--localrepo=repo", "--postinstall"])
        .args(["--config-opts=createrepo_on_rpms=True"])
        .args([&srpm("libgreet"), &app])
        .env("SUDO_UID", user.uid().to_string())
        .ok();
    let results = results(&place, "repo");
    for name in [
        "repodata/repomd.xml",
        "libgreet-1.2-1.mini1/success",
        "libgreet-1.2-1.mini1/repodata/repomd.xml",
        "greet-app-1.0-1.mini1/build.log",
    ] {
        let owner = fs::metadata(results.join(name)).map(|metadata| metadata.uid());
        assert_eq!(owner.ok(), Some(user.uid()), "{name}");
    }
    assert_eq!(
        listed(&results),
        ["greet-app", "libgreet", "libgreet-devel"]
    );
    for package in ["libgreet-1.2-1.mini1", "greet-app-1.0-1.mini1"] {
        assert_eq!(marks(&results, package), [true, false], "{package}");
        for log in ["build.log", "root.log", "state.log"] {
            assert!(results.join(package).join(log).exists(), "{package} {log}");
        }
    }
    assert!(
        results
            .join(format!(
                "libgreet-1.2-1.mini1/libgreet-1.2-1.mini.{ARCH}.rpm"
            ))
            .exists()
    );
    assert!(
        !done.stderr.contains("ERROR") && !done.stderr.contains("WARNING"),
        "{}",
        done.stderr
    );
    let said = tail(&done, "INFO: Results out to").replace(server.url().as_str(), "[URL]");
    insta::assert_snapshot!(done.filtered(&said), @r"
    INFO: Results out to: [DIR]/files/repo/results/mini-[ARCH]
    INFO: Packages built: 2
    INFO: Packages successfully built in this order:
    INFO: [MINI]/SRPMS/libgreet-1.2-1.mini1.src.rpm
    INFO: [URL]/SRPMS/greet-app-1.0-1.mini1.src.rpm
    Finish: run
    ");
    // What --postinstall did to the root of the last one.
    assert!(place.has("/usr/bin/greet-app"));
    // The package manager of the root knows the repository, as a bootstrap's would.
    let conf = String::from_utf8(place.inside("/etc/dnf/dnf.conf").expect("it is there"));
    let conf = conf.expect("it is text");
    let repo = format!(
        "[local_build_repo]\nname=file://{0}\nbaseurl=file://{0}\n",
        results.display()
    );
    assert!(conf.contains(&repo), "{conf}");
    assert_eq!(stray_mounts_below(&place.dir), Vec::<String>::new());
}

/// In the wrong order, with one that fails whatever comes before it.
#[test]
fn until_nothing_more_succeeds() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let sources = Sources::new(&place);
    let (app, lib, bad) = (sources.app(), sources.lib(), sources.bad());
    // One failure ends it.
    let done = place
        .mock(["--chain", "--localrepo=stop", &app, &lib])
        .run()
        .exits(4);
    insta::assert_snapshot!(done.filtered(tail(&done, "ERROR: Error building")), @r"
    ERROR: Error building [DIR]/files/sources/.sources/app-1-1.src.rpm.
    INFO: See logs/results in [DIR]/files/stop/results/mini-[ARCH]/app-1-1
    ERROR: Stopping the --chain build because --continue isn't specified and the package '[DIR]/files/sources/.sources/app-1-1.src.rpm' failed to build
    INFO: Results out to: [DIR]/files/stop/results/mini-[ARCH]
    INFO: Packages built: 0
    Finish: run
    ERROR: 1 of 2 packages could not be built: [DIR]/files/sources/.sources/app-1-1.src.rpm
    ");
    assert_eq!(marks(&results(&place, "stop"), "app-1-1"), [false, true]);
    // The others are built all the same.
    let text = place
        .write("files/text", "no package")
        .display()
        .to_string();
    let done = place
        .mock([
            "--chain",
            "-c",
            "--localrepo=go-on",
            &text,
            &app,
            &lib,
            "missing.src.rpm",
        ])
        .run()
        .exits(4);
    assert!(
        done.stderr.contains(&format!(
            "ERROR: {text} doesn't appear to be an rpm - skipping\n"
        )),
        "{}",
        done.stderr
    );
    assert!(
        done.stderr.contains("Cannot find/open srpm: "),
        "{}",
        done.stderr
    );
    let repo = results(&place, "go-on");
    assert_eq!(marks(&repo, "app-1-1"), [false, true]);
    assert_eq!(marks(&repo, "lib-1-1"), [true, false]);
    assert_eq!(listed(&repo), ["lib"]);
    // What is there is not built again, and what failed is.
    let done = place
        .mock([
            "--chain",
            "--recurse",
            "--localrepo=go-on",
            &bad,
            &app,
            &lib,
        ])
        .run()
        .exits(4);
    let skipped = format!("INFO: Skipping already built pkg {lib}\n");
    assert!(done.stderr.contains(&skipped), "{}", done.stderr);
    assert_eq!(marks(&repo, "app-1-1"), [true, false]);
    // Tried again, so nothing is written down.
    assert_eq!(marks(&repo, "bad-1-1"), [false, false]);
    assert_eq!(listed(&repo), ["app", "lib"]);
    let again = "INFO: Some package succeeded, some failed.\n\
                 INFO: Trying to rebuild 1 failed pkgs, because --recurse is set.\n";
    assert!(done.stderr.contains(again), "{}", done.stderr);
    insta::assert_snapshot!(done.filtered(tail(&done, "INFO: Tried")), @r"
    INFO: Tried 2 times - following pkgs could not be successfully built:
    INFO: [DIR]/files/sources/.sources/bad-1-1.src.rpm
    INFO: Results out to: [DIR]/files/go-on/results/mini-[ARCH]
    INFO: Packages skipped: 1
    INFO: [DIR]/files/sources/.sources/lib-1-1.src.rpm
    INFO: Packages built: 1
    INFO: Some packages successfully built in this order:
    INFO: [DIR]/files/sources/.sources/app-1-1.src.rpm
    Finish: run
    ERROR: 1 of 3 packages could not be built: [DIR]/files/sources/.sources/bad-1-1.src.rpm
    ");
    // A newer lib with the same version in another repository is another lib.
    let done = place
        .mock(["--chain", "--recurse", "--localrepo=anew", &app, &lib])
        .ok();
    let order = tail(&done, "INFO: Packages built");
    assert_eq!(
        order,
        format!(
            "INFO: Packages built: 2\nINFO: Packages successfully built in this order:\nINFO: {lib}\nINFO: {app}\nFinish: run\n"
        )
    );
}

/// Nothing is taken for built that is not, and the next run goes on from there.
#[test]
fn interrupted() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let sources = Sources::new(&place);
    let lib = sources.lib();
    let wait = place.path("files/wait");
    fs::write(&wait, "").expect("a test's file can be written");
    let slow = sources.source("slow", "BuildRequires: lib", "echo waiting\nsleep 1000");
    let line = ["--chain", "--localrepo=repo", &lib, &slow];
    let running = place.mock(line).spawn();
    let repo = results(&place, "repo");
    let log = repo.join("slow-1-1/build.log");
    wait_until(Duration::from_secs(120), || {
        let text = fs::read_to_string(&log).unwrap_or_default();
        text.contains("\nwaiting\n").then_some(())
    })
    .expect("the second one is being built");
    // What a createrepo leaves that was killed.
    place.make_dir(&format!("files/repo/results/mini-{ARCH}/.repodata"));
    running.signal(Signal::SIGINT);
    let done = running.wait().exits(7);
    assert!(
        done.stderr
            .ends_with("ERROR: Exiting on user interrupt, <CTRL>-C\n"),
        "{}",
        done.stderr
    );
    assert_eq!(marks(&repo, "lib-1-1"), [true, false]);
    assert_eq!(marks(&repo, "slow-1-1"), [false, false]);
    assert_eq!(listed(&repo), ["lib"]);
    // Half a result of the run that was cut short.
    let stale = place.write(
        &format!("files/repo/results/mini-{ARCH}/slow-1-1/slow-1-1.{ARCH}.rpm"),
        fs::read(repo.join(format!("lib-1-1/lib-1-1.{ARCH}.rpm"))).expect("it was built"),
    );
    sources.source("slow", "BuildRequires: lib", "exit 3");
    let done = place.mock(line).run().exits(4);
    assert!(done.stderr.contains("Skipping already built pkg"));
    assert_eq!(marks(&repo, "slow-1-1"), [false, true]);
    assert!(!stale.exists());
}

#[test]
fn lines_that_cannot_be() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let before = place.listing();
    let done = place
        .mock(["--resultdir", "x", "--chain", "a.src.rpm"])
        .run()
        .exits(5);
    assert_eq!(
        done.stderr,
        "ERROR: The --chain mode doesn't support --resultdir, use --localrepo instead\n"
    );
    assert_eq!(place.listing(), before);
    let inside = place.chroot().join("repo");
    let done = place
        .mock(["--chain", "a.src.rpm", "--localrepo"])
        .args([&inside])
        .run();
    insta::assert_snapshot!(done.error(), @r"
    exit 5
    ERROR: the local repository [STATE]/mini-[ARCH]/repo is in the directory of the root, which each build cleans
    hint: give --localrepo a directory outside it
    ");
    let done = place
        .mock(["--chain", "a.src.rpm", "--localrepo", "/proc/x"])
        .run();
    insta::assert_snapshot!(done.error(), @r"
    exit 70
    ERROR: cannot create result directory /proc/x/results/mini-[ARCH]: failed to create directory `/proc/x/results/mini-[ARCH]`: No such file or directory (os error 2)
    hint: give --localrepo a directory you can write, such as --localrepo=~/mock/
    ");
    // By its own name, readable for all, and it stays.
    let done = place
        .mock(["--chain", "--tmp_prefix=mocktest", "a.src.rpm"])
        .run()
        .exits(4);
    let said = tail(&done, "INFO: results dir: ");
    let said = said.lines().next().unwrap_or_default();
    let directory = PathBuf::from(said.trim_start_matches("INFO: results dir: "));
    assert!(directory.starts_with("/var/tmp"), "{said}");
    let top = directory.ancestors().nth(2).expect("it has parents");
    let name = top.file_name().expect("it has a name").to_string_lossy();
    assert!(name.starts_with("mock-chain-mocktest-"), "{name}");
    assert!(directory.join("repodata/repomd.xml").is_file());
    fs::remove_dir_all(top).expect("root may, and others are the owner");
}
