//! What cannot work gets one clear error, the right exit status, and leaves nothing behind.

use std::fs;

use insta::{allow_duplicates, assert_snapshot};

use crate::support::{Done, Place, Who, both, srpm};

/// Runs `mock` by both kinds of user; nothing may be there afterwards that was not before.
fn refused(prepare: impl Fn(&Place), arguments: &[&str], check: impl Fn(String)) {
    for place in both() {
        prepare(&place);
        let before = place.listing();
        let done = place.mock(arguments).run();
        assert_eq!(place.listing(), before);
        one_error(&done);
        check(done.shot());
    }
}

fn one_error(done: &Done<'_>) {
    let errors = |line: &&str| line.starts_with("ERROR: ") || line.starts_with("error: ");
    assert_eq!(
        done.stderr.lines().filter(errors).count(),
        1,
        "{}",
        done.stderr
    );
}

fn nothing(_: &Place) {}

#[test]
fn a_path_that_is_not_there() {
    refused(nothing, &["--rebuild", "none.src.rpm"], |shot| {
        allow_duplicates! { assert_snapshot!(shot, @"
        exit 1
        --- stderr
        Start: run
        Finish: run
        ERROR: Cannot find/open srpm: [DIR]/files/none.src.rpm. Error: No such file or directory
        "); }
    });
}

#[test]
fn a_file_that_is_no_package() {
    let prepare = |place: &Place| {
        place.write("files/x.src.rpm", "just text\n");
    };
    refused(prepare, &["--rebuild", "x.src.rpm"], |shot| {
        allow_duplicates! { assert_snapshot!(shot, @"
        exit 1
        --- stderr
        Start: run
        Finish: run
        ERROR: Cannot find/open srpm: [DIR]/files/x.src.rpm. Error: not an RPM package
        "); }
    });
}

#[test]
fn a_directory() {
    refused(nothing, &["--rebuild", "/var/tmp"], |shot| {
        allow_duplicates! { assert_snapshot!(shot, @"
        exit 1
        --- stderr
        Start: run
        Finish: run
        ERROR: Cannot find/open srpm: /var/tmp. Error: not a regular file
        "); }
    });
}

#[test]
fn a_file_that_cannot_be_read() {
    // One's own file can always be read in one's own namespace: it has to be somebody else's.
    let (Some(place), Some(_)) = (Place::new(Who::User), Place::new(Who::Root)) else {
        return;
    };
    let path = place.path("files/x.src.rpm");
    fs::copy(srpm("needsnothing"), &path).expect("it can be copied");
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o000))
        .expect("it is our own");
    let done = place.mock(["x.src.rpm"]).run();
    assert_snapshot!(done.shot(), @"
    exit 1
    --- stderr
    Start: run
    Finish: run
    ERROR: Cannot find/open srpm: [DIR]/files/x.src.rpm. Error: permission denied
    ");
}

#[test]
fn a_binary_package() {
    let prepare = |place: &Place| {
        let repo = crate::support::minidistro().join("repo");
        let from = repo.join("mini-release-1-1.mini1.noarch.rpm");
        let to = place.path("files/x.rpm");
        fs::copy(from, to).expect("it can be copied");
    };
    refused(prepare, &["--rebuild", "x.rpm"], |shot| {
        allow_duplicates! { assert_snapshot!(shot, @"
        exit 1
        --- stderr
        Start: run
        Finish: run
        ERROR: File is not an srpm: [DIR]/files/x.rpm.
        "); }
    });
}

#[test]
fn a_truncated_package() {
    let prepare = |place: &Place| {
        let whole = fs::read(srpm("autohello")).expect("it is there");
        // In the lead, in the header, in the payload.
        for (name, length) in [("a", 50), ("b", 2000), ("c", whole.len() - 100)] {
            place.write(&format!("files/{name}.src.rpm"), &whole[..length]);
        }
    };
    for name in ["a", "b", "c"] {
        refused(
            prepare,
            &["--rebuild", &format!("{name}.src.rpm")],
            |shot| {
                let shot = shot.replace(&format!("{name}.src.rpm"), "x.src.rpm");
                allow_duplicates! { assert_snapshot!(shot, @"
                exit 1
                --- stderr
                Start: run
                Finish: run
                ERROR: Cannot find/open srpm: [DIR]/files/x.src.rpm. Error: the file is truncated; fetch or copy it again
                "); }
            },
        );
    }
}

/// All are looked at before the first is built.
#[test]
fn a_bad_package_after_a_good_one() {
    let good = srpm("needsnothing");
    let arguments = ["--resultdir", "out", &good, "none.src.rpm"];
    refused(nothing, &arguments, |shot| {
        allow_duplicates! { assert_snapshot!(shot, @"
        exit 1
        --- stderr
        Start: run
        Finish: run
        ERROR: Cannot find/open srpm: [DIR]/files/none.src.rpm. Error: No such file or directory
        "); }
    });
}

#[test]
fn no_package_at_all() {
    refused(nothing, &["--rebuild"], |shot| {
        allow_duplicates! { assert_snapshot!(shot, @"
        exit 50
        --- stderr
        ERROR: No package specified to rebuild command.
        hint: usage: mock [OPTIONS] --rebuild SRPM...
        "); }
    });
}

#[test]
fn several_packages_without_a_place_for_the_results() {
    refused(nothing, &["a.src.rpm", "b.src.rpm"], |shot| {
        allow_duplicates! { assert_snapshot!(shot, @"
        exit 5
        --- stderr
        ERROR: Must specify --resultdir when building multiple RPMS.
        "); }
    });
}

#[test]
fn an_unknown_option() {
    refused(nothing, &["--initt"], |shot| {
        allow_duplicates! { assert_snapshot!(shot, @"
        exit 2
        --- stderr
        ERROR: unknown option '--initt'; did you mean '--init'?
        hint: mock --help lists the options
        "); }
    });
}

#[test]
fn a_configuration_that_is_not_there() {
    let near = format!("mimi-{}", crate::support::ARCH);
    refused(nothing, &["-r", &near, "--init"], |shot| {
        allow_duplicates! { assert_snapshot!(shot, @"
        exit 3
        --- stderr
        ERROR: Could not find required config file: [BASE]/configs/mimi-[ARCH].cfg
        Non-existing Mock config 'mimi-[ARCH]'
        hint: there is mini-[ARCH]
        mock --list-chroots lists all configurations
        "); }
    });
    refused(nothing, &["-r", "none.toml", "--init"], |shot| {
        allow_duplicates! { assert_snapshot!(shot, @"
        exit 3
        --- stderr
        ERROR: Could not find required config file: [DIR]/files/none.toml
        Non-existing Mock config 'none.toml'
        hint: mock --list-chroots lists all configurations
        "); }
    });
}

/// `text` as a configuration file, used to make a root.
fn configuration(text: &str, check: impl Fn(String)) {
    let prepare = |place: &Place| {
        place.write("files/x.toml", text);
    };
    refused(prepare, &["-r", "x.toml", "--init"], check);
}

#[test]
fn a_syntax_error() {
    configuration("[chroot]\nname = \"x\nreleasever = 1\n", |shot| {
        allow_duplicates! { assert_snapshot!(shot, @r#"
        exit 3
        --- stderr
        ERROR: [DIR]/files/x.toml:2:10: invalid basic string, expected `"`
         --> [DIR]/files/x.toml:2:10
          |
        2 | name = "x
          |          ^
        "#); }
    });
}

#[test]
fn a_wrong_type() {
    configuration("[chroot]\nname = [1]\n", |shot| {
        allow_duplicates! { assert_snapshot!(shot, @"
        exit 3
        --- stderr
        ERROR: [DIR]/files/x.toml:2:9: name: expected string, found the integer 1
         --> [DIR]/files/x.toml:2:9
          |
        2 | name = [1]
          |         ^
        "); }
    });
}

#[test]
fn an_include_of_itself() {
    configuration("include = [\"x.toml\"]\n", |shot| {
        allow_duplicates! { assert_snapshot!(shot, @r#"
        exit 3
        --- stderr
        ERROR: [DIR]/files/x.toml:1:12: include loop: [DIR]/files/x.toml -> [DIR]/files/x.toml
         --> [DIR]/files/x.toml:1:12
          |
        1 | include = ["x.toml"]
          |            ^^^^^^^^
        "#); }
    });
}

#[test]
fn an_include_loop() {
    let prepare = |place: &Place| {
        place.write("files/x.toml", "include = [\"y.toml\"]\n");
        place.write("files/y.toml", "\ninclude = [\"x.toml\"]\n");
    };
    refused(prepare, &["-r", "x.toml", "--init"], |shot| {
        allow_duplicates! { assert_snapshot!(shot, @r#"
        exit 3
        --- stderr
        ERROR: [DIR]/files/y.toml:2:12: include loop: [DIR]/files/x.toml -> [DIR]/files/y.toml -> [DIR]/files/x.toml
         --> [DIR]/files/y.toml:2:12
          |
        2 | include = ["x.toml"]
          |            ^^^^^^^^
        "#); }
    });
}

#[test]
fn a_syntax_error_in_the_old_format() {
    let prepare = |place: &Place| {
        place.write(
            "files/x.cfg",
            "config_opts['root'] = 'x'\nconfig_opts['dist' = 1\n",
        );
    };
    refused(prepare, &["-r", "x.cfg", "--init"], |shot| {
        let start = "exit 3\n--- stderr\nERROR: [DIR]/files/x.cfg:2:";
        assert!(shot.starts_with(start), "{shot}");
    });
}

/// A template must not reach what Python's would.
#[test]
fn a_template_that_looks_around() {
    let text = "[chroot]\nname = \"x\"\ndescription = \"{{ ''.__class__.__mro__ }}\"\n";
    configuration(text, |shot| {
        allow_duplicates! { assert_snapshot!(shot, @"
        exit 3
        --- stderr
        ERROR: [DIR]/files/x.toml:3: description: templates cannot reach Python internals
         --> value of description:1:7
          |
        1 | {{ ''.__class__.__mro__ }}
          |       ^^^^^^^^^
        "); }
    });
}

/// The configuration of the mini distribution, changed.
fn mini(change: &str) -> String {
    format!(
        "include = [\"{}/templates/mini.toml\"]\n{change}",
        crate::support::configs().display()
    )
}

#[test]
fn an_architecture_of_another_machine() {
    let change = "[chroot]\ntarget_arch = \"vax\"\nlegal_host_arches = [\"vax\"]\n";
    configuration(&mini(change), |shot| {
        allow_duplicates! { assert_snapshot!(shot, @"
        exit 6
        --- stderr
        INFO: Unable to build arch vax natively on arch [ARCH]. Setting forcearch to use software emulation.
        ERROR: The --forcearch=vax feature requires the /usr/bin/qemu-vax-static file to be installed (typically qemu-user-static* package)
        hint: install it: `dnf install qemu-user-static`, `apt-get install qemu-user-static binfmt-support`
        "); }
    });
}

/// Failures of the package manager while a root is made: nothing half-made may be left in use.
fn failed_init(change: &str, arguments: &[&str]) -> Option<String> {
    let place = Place::new(Who::User)?;
    let arch = crate::support::ARCH;
    let legal = format!("[chroot]\ntarget_arch = \"{arch}\"\nlegal_host_arches = [\"{arch}\"]\n");
    place.write("files/x.toml", mini(&format!("{legal}{change}")));
    let done = place.mock(["-r", "x.toml", "--init"]).args(arguments).run();
    one_error(&done);
    assert!(!place.is_made_as_far_as(".initialized"));
    let text = done.error();
    // The next run, with nothing wrong, makes it.
    place.mock(["--chroot", "true"]).ok();
    Some(text)
}

#[test]
fn a_repository_that_cannot_be_reached() {
    let change =
        "[dnf.repo.mini]\nbaseurl = \"http://127.0.0.1:9/repo\"\n[dnf.main]\nretries = 1\n";
    let Some(text) = failed_init(change, &[]) else {
        return;
    };
    assert_snapshot!(text, @"
    exit 30
    ERROR: dnf4 install @buildsys-build failed with exit status 1
      Errors during downloading metadata for repository 'mini':
        - Curl error (7): Couldn't connect to server for http://127.0.0.1:9/repo/repodata/repomd.xml [Failed to connect to 127.0.0.1 port 9 after [N] ms: Couldn't connect to server]
      Error: Failed to download metadata for repo 'mini': Cannot download repomd.xml: Cannot download repodata/repomd.xml: All mirrors were tried
      log: [STATE]/mini-[ARCH]/result/root.log
    ");
}

#[test]
fn a_repository_that_is_not_there() {
    let change = "[dnf.repo.mini]\nbaseurl = \"file:///nowhere/repo\"\n";
    let Some(text) = failed_init(change, &[]) else {
        return;
    };
    assert_snapshot!(text, @"
    exit 30
    ERROR: dnf4 install @buildsys-build failed with exit status 1
      Errors during downloading metadata for repository 'mini':
        - Curl error (37): Couldn't read a file:// file for file:///nowhere/repo/repodata/repomd.xml [Couldn't open file /nowhere/repo/repodata/repomd.xml]
      Error: Failed to download metadata for repo 'mini': Cannot download repomd.xml: Cannot download repodata/repomd.xml: All mirrors were tried
      log: [STATE]/mini-[ARCH]/result/root.log
    ");
}

#[test]
fn a_group_that_does_not_exist() {
    let change = "setup = \"install @no-such-group\"\n";
    let Some(text) = failed_init(change, &[]) else {
        return;
    };
    assert_snapshot!(text, @"
    exit 30
    ERROR: dnf4 install @no-such-group failed with exit status 1
      Module or Group 'no-such-group' is not available.
      Error: Nothing to do.
      log: [STATE]/mini-[ARCH]/result/root.log
    hint: look for packages with `mock -r x.toml --pm-cmd search NAME`
    ");
}

#[test]
fn a_package_that_does_not_exist() {
    let change = "setup = \"install bash no-such-package\"\n";
    let Some(text) = failed_init(change, &[]) else {
        return;
    };
    assert_snapshot!(text, @"
    exit 30
    ERROR: dnf4 install bash no-such-package failed with exit status 1
      No match for argument: no-such-package
      Error: Unable to find a match: no-such-package
      log: [STATE]/mini-[ARCH]/result/root.log
    hint: look for packages with `mock -r x.toml --pm-cmd search NAME`
    ");
}

#[test]
fn a_switched_off_repository() {
    let Some(text) = failed_init("", &["--disablerepo", "mini"]) else {
        return;
    };
    assert_snapshot!(text, @r#"
    exit 30
    ERROR: dnf4 install @buildsys-build failed with exit status 1
      Error: There are no enabled repositories in "[STATE]/mini-[ARCH]/root/dev/null".
      log: [STATE]/mini-[ARCH]/result/root.log
    "#);
}

#[test]
fn a_package_that_cannot_be_installed_into_a_root() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let done = place.mock(["--install", "no-such-package"]).run();
    one_error(&done);
    assert_snapshot!(done.error(), @"
    exit 30
    ERROR: dnf4 install no-such-package failed with exit status 1
      No match for argument: no-such-package
      Error: Unable to find a match: no-such-package
      log: [STATE]/mini-[ARCH]/result/root.log
    hint: look for packages with `mock -r mini-[ARCH] --pm-cmd search NAME`
    ");
}

#[test]
fn a_result_directory_that_cannot_be_written() {
    refused(
        nothing,
        &["--resultdir", "/proc/none", &srpm("needsnothing")],
        |shot| {
            allow_duplicates! { assert_snapshot!(shot, @"
            exit 70
            --- stderr
            Start: run
            Finish: run
            ERROR: cannot create result directory /proc/none: failed to create directory `/proc/none`: No such file or directory (os error 2)
            hint: give --resultdir a directory you can write, such as --resultdir=~/mock/
            "); }
        },
    );
    // There, but somebody else's.
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let before = place.listing();
    let done = place
        .mock(["--resultdir", "/usr", &srpm("needsnothing")])
        .run();
    assert_eq!(place.listing(), before);
    assert_snapshot!(done.shot(), @"
    exit 70
    --- stderr
    Start: run
    Finish: run
    ERROR: cannot create result directory /usr: Permission denied (os error 13)
    hint: give --resultdir a directory you can write, such as --resultdir=~/mock/
    ");
}

/// root acts for the caller, who may write less.
#[test]
fn a_result_directory_that_the_caller_of_sudo_cannot_write() {
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    let user = nix::unistd::User::from_name("mock-test")
        .expect("accounts can be read")
        .expect("tests/run.sh makes the user");
    fs::create_dir(place.path("files/out")).expect("the place is our own");
    let done = place
        .mock(["--resultdir", "out", &srpm("needsnothing")])
        .env("SUDO_UID", user.uid.to_string())
        .run();
    assert_snapshot!(done.error(), @"
    exit 70
    ERROR: cannot create result directory [DIR]/files/out: Permission denied (os error 13)
    hint: give --resultdir a directory you can write, such as --resultdir=~/mock/
    ");
    let left = fs::read_dir(place.path("files/out")).expect("it is there");
    assert_eq!(left.count(), 0);
    assert!(!place.chroot().exists());
}

#[test]
fn a_source_package_whose_spec_file_has_errors() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place.write("files/x.spec", "Name: x\nVersion: 1\n%if\n");
    let done = place.mock(["--buildsrpm", "--spec", "x.spec"]).run();
    assert_snapshot!(done.error(), @"
    exit 1
    ERROR: Exception([DIR]/files/x.spec) Config(mini-[ARCH]) [N] minutes [N] seconds
    INFO: Results and/or logs in: [STATE]/mini-[ARCH]/result
    Failed x.spec ([N] minutes [N] seconds): [STATE]/mini-[ARCH]/result
    Finish: run
    ERROR: rpmbuild -bs failed with exit status 1
      line 3: Unknown tag: %if
      log: [STATE]/mini-[ARCH]/result/build.log
    hint: look into the root with `mock -r mini-[ARCH] --shell`
    ");
}

#[test]
fn inputs_that_options_name_must_be_there() {
    for arguments in [
        ["--buildsrpm", "--spec=none.spec"],
        ["--macro-file=none", "--init"],
        ["--enable-plugin=none", "--init"],
        ["--isolation=none", "--init"],
        ["--define=nospace", "--init"],
        ["--plugin-option=none", "--init"],
    ] {
        refused(nothing, &arguments, |shot| {
            assert!(shot.starts_with("exit 5\n"), "{shot}");
        });
    }
}
