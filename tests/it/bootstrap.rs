//! A root that holds the package manager of the build root.

use std::fs;
use std::path::PathBuf;

use crate::support::{
    Mock, Place, Repository, SMALL_ROOT, Storage, Who, has_package, image_of, newer_dnf, srpm,
};

/// A program that shows that it is the one that ran, in a repository of the test's own.
struct Tools {
    repository: Repository,
}

const PROGRAM: &str = "/usr/bin/own-dnf";

impl Tools {
    fn new(place: &Place) -> Self {
        let tools = Self {
            repository: Repository::new(place, "tools"),
        };
        tools.says("I am in the bootstrap");
        tools
    }

    fn says(&self, words: &str) {
        let script = format!("#!/bin/sh\\necho {words}\\nexec /usr/bin/dnf \"$@\"\\n");
        self.repository.add(
            "own-dnf",
            &format!(
                "Requires: dnf\n%description\n%install\nmkdir -p %{{buildroot}}/usr/bin\n\
                 printf '{script}' > %{{buildroot}}{PROGRAM}\n%files\n%attr(755,root,root) {PROGRAM}\n"
            ),
        );
    }

    fn mock<'p>(&self, place: &'p Place, arguments: &[&str]) -> Mock<'p> {
        place
            .mock(["--bootstrap-chroot", "-a", &self.repository.url()])
            .args(["--config-opts", &format!("dnf4_command={PROGRAM}")])
            .args([
                "--config-opts",
                "bootstrap_chroot_additional_packages=own-dnf",
            ])
            .args(arguments)
    }
}

fn bootstrap(place: &Place) -> PathBuf {
    let name = format!("mini-{}-bootstrap", crate::support::ARCH);
    place.basedir().join(name)
}

fn log(place: &Place, name: &str) -> String {
    fs::read_to_string(place.result().join(name)).expect("it is written")
}

#[test]
fn its_package_manager_fills_the_root() {
    let layers = Place::on(Storage::Default, Who::User);
    let directory = Place::on(Storage::Directory, Who::Root);
    for place in [layers, directory].into_iter().flatten() {
        let tools = Tools::new(&place);
        tools.mock(&place, &["--rebuild", &srpm("genbr")]).ok();
        let state = log(&place, "state.log");
        let phases: Vec<&str> = state
            .lines()
            .filter_map(|line| line.split_once(" - "))
            .map(|(_, phase)| phase)
            .filter(|phase| phase.contains("(bootstrap)"))
            .collect();
        assert_eq!(
            phases,
            [
                "Start(bootstrap): chroot init",
                "Start(bootstrap): installing dnf4 tooling",
                "Finish(bootstrap): installing dnf4 tooling",
                "Finish(bootstrap): chroot init",
            ]
        );
        // The base root, and requirements.
        let runs = log(&place, "root.log")
            .matches(":  I am in the bootstrap")
            .count();
        assert!(runs >= 2, "{runs}");
        assert!(has_package(tools.mock(&place, &["-q"]), "ncurses-devel"));
        assert!(!has_package(tools.mock(&place, &["-q"]), "dnf"));
        // Nobody looks for it there.
        let left = fs::read_dir(bootstrap(&place).join("root")).map(Iterator::count);
        let plain = place.storage == Storage::Directory;
        assert_eq!(left.unwrap() > 0, plain);
    }
}

#[test]
fn it_sees_files_of_the_host() {
    if let Some(place) = Place::new(Who::User) {
        let tools = Tools::new(&place);
        let more = Repository::new(&place, "more");
        let file = more.add_small("as-file", "");
        let mock = |arguments: &[&str]| tools.mock(&place, arguments);
        mock(&[
            "-a",
            &more.url(),
            "--install",
            "as-file",
            &file.to_string_lossy(),
        ])
        .ok();
        assert!(place.has("/etc/as-file"));
        mock(&["--remove", "as-file"]).ok();
        assert!(!place.has("/etc/as-file"));
        mock(&["--install", &file.to_string_lossy()]).ok();
        assert!(place.has("/etc/as-file"));
        // It writes where it was called.
        mock(&["--dnf-cmd", "--", "download", "own-dnf"]).ok();
        assert!(place.path("files/own-dnf.rpm").is_file());
    }
}

#[test]
fn it_is_made_once_and_anew_when_something_else_is_in_it() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let tools = Tools::new(&place);
    let mock = |arguments: &[&str]| tools.mock(&place, arguments);
    let made = |done: crate::support::Done<'_>| {
        let bootstrap = done.stderr.contains("Start(bootstrap): installing");
        let root = done.stderr.contains("Start: installing");
        (bootstrap, root)
    };
    assert_eq!(made(mock(&["--init"]).ok()), (true, true));
    assert_eq!(made(mock(&["--init"]).ok()), (false, false));
    assert_eq!(
        made(mock(&["--uniqueext=a", "--init"]).ok()),
        (false, false)
    );
    // What does not install needs none.
    let done = mock(&["--chroot", "true"]).ok();
    assert!(!done.stderr.contains("(bootstrap)"), "{}", done.stderr);
    // Other configuration; what was installed before is not installed again.
    let option = "bootstrap_chroot_additional_packages=zstd";
    assert_eq!(
        made(mock(&["--config-opts", option, "--init"]).ok()),
        (true, true)
    );
    assert_eq!(made(mock(&["--init"]).ok()), (false, false));
    // Other content.
    tools.says("I am another");
    assert_eq!(made(mock(&["--init"]).ok()), (true, true));
    assert!(log(&place, "root.log").contains(":  I am another"));
    mock(&["--scrub=bootstrap"]).ok();
    assert!(!bootstrap(&place).exists());
    mock(&["--init"]).ok();
    mock(&["--scrub=all"]).ok();
    assert!(!bootstrap(&place).exists());
}

#[test]
fn what_cannot_be_made_says_why() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let dnf5 = ["--bootstrap-chroot", "--dnf5", "--init"];
    insta::assert_snapshot!(place.mock(dnf5).run().error(), @r"
    exit 30
    ERROR: dnf4 install dnf5 dnf5-plugins failed with exit status 1
      No match for argument: dnf5
      No match for argument: dnf5-plugins
      Error: Unable to find a match: dnf5 dnf5-plugins
      log: [STATE]/mini-[ARCH]/result/root.log
    hint: look for packages with `mock -r mini-[ARCH] --pm-cmd search NAME`
    ");
    // Installed, but elsewhere.
    let option = ["--config-opts", "dnf4_command=/usr/bin/no-dnf"];
    let done = place
        .mock(option)
        .args(["--bootstrap-chroot", "--init"])
        .run();
    insta::assert_snapshot!(done.error(), @r"
    exit 1
    ERROR: Command /usr/bin/no-dnf is not available in the bootstrap root
    hint: let bootstrap_chroot_additional_packages name the package that contains it, or use the host's with --no-bootstrap-chroot; or use another package manager with --dnf, --dnf5 or --yum
    ");
}

fn with_image<'p>(place: &'p Place, image: &str, arguments: &[&str]) -> Mock<'p> {
    place
        .mock([
            "--use-bootstrap-image",
            "--config-opts",
            &format!("bootstrap_image={image}"),
        ])
        .args(SMALL_ROOT)
        .args(arguments)
}

/// dnf5 and a dnf 4 that the host does not have, each with an rpm that it does not have either.
#[test]
fn newer_package_managers_in_an_image() {
    let Some(tree) = newer_dnf() else {
        return;
    };
    if let Some(place) = Place::new(Who::User) {
        let image = image_of(&place, &tree);
        let mock = |arguments: &[&str]| {
            with_image(&place, &image, &["--bootstrap-image-ready"]).args(arguments)
        };
        for manager in ["--dnf5", "--dnf"] {
            let done = mock(&[manager, "--init"]).ok();
            let fresh = manager == "--dnf5";
            let unpacked = done.stderr.contains("Start(bootstrap): unpacking image");
            assert_eq!(unpacked, fresh, "{}", done.stderr);
            mock(&[manager, "--installdeps", &srpm("genbr")]).ok();
            assert!(has_package(mock(&[manager, "-q"]), "gcc"));
            mock(&[manager, "--remove", "gcc"]).ok();
            let log = log(&place, "root.log");
            let version = if fresh {
                "/usr/bin/dnf5"
            } else {
                "/usr/bin/dnf-3"
            };
            assert!(log.contains(&format!("Executing command: ['{version}'")));
        }
        let says = mock(&["-q", "--dnf", "--pm-cmd", "--", "--version"]).ok();
        assert!(
            says.out().lines().any(|line| line.starts_with("4.2")),
            "{}",
            says.out()
        );
    }
}

/// The package manager of an image installs what is still wanted, or what is wanted is installed
/// from outside when there is no image.
#[test]
fn an_image_that_is_not_ready_and_one_that_is_not_there() {
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    let tools = Tools::new(&place);
    // A root with a package manager.
    let names = "chroot_additional_packages=python3-dnf python3-dnf-plugins-core";
    place
        .mock(["--config-opts", names, "--init"])
        .args(SMALL_ROOT)
        .ok();
    let image = image_of(&place, &place.root());
    let url = tools.repository.url();
    let own = format!("dnf4_command={PROGRAM}");
    let more = [
        "-a",
        &url,
        "--config-opts",
        "bootstrap_chroot_additional_packages=own-dnf",
    ];
    // It is there only when the image's own package manager, which has another name, has installed it.
    let mock = || {
        with_image(&place, &image, &more)
            .args(["--config-opts", "bootstrap_dnf4_command=/usr/bin/dnf-3"])
            .args(["--config-opts", &own, "--init"])
    };
    mock().ok();
    assert!(log(&place, "root.log").contains(":  I am in the bootstrap"));
    let again = mock().ok();
    assert!(
        !again.stderr.contains("(bootstrap): unpacking"),
        "{}",
        again.stderr
    );
    assert!(!again.stderr.contains("installing"), "{}", again.stderr);

    let nowhere = "oci:/nowhere";
    let done = with_image(&place, nowhere, &["--init"]).ok();
    let words = "WARNING: Using image oci:/nowhere failed, falling back to chroot installation: ";
    assert!(done.stderr.contains(words), "{}", done.stderr);
    let strict = ["--config-opts", "bootstrap_image_fallback=False", "--init"];
    insta::assert_snapshot!(with_image(&place, nowhere, &strict).run().error(), @r"
    exit 90
    ERROR: oci:/nowhere: cannot open /nowhere/index.json: No such file or directory (os error 2)
    hint: an OCI layout has a file index.json; of `docker save` is docker-archive:FILE
    ");
    let digest = format!("bootstrap_image_assert_digest=sha256:{}", "0".repeat(64));
    let done = with_image(&place, &image, &["--config-opts", &digest])
        .args(strict)
        .run();
    let shot = done.error();
    assert!(
        shot.starts_with("exit 90\n") && shot.contains(", and must have sha256:000"),
        "{shot}"
    );
}
