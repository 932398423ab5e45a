//! What people and programs do with mock, several commands in a row.

use std::fs;
use std::io::{Read, Write};
use std::process::Stdio;

use crate::support::{ARCH, Place, SMALL_ROOT, Who, both, has_package, minidistro, shared, srpm};

/// ros_buildfarm fetches packages this way.
#[test]
fn downloads_land_where_mock_was_called() {
    for place in both() {
        place
            .mock(SMALL_ROOT)
            .args(["--no-cleanup-after", "--dnf-cmd", "--", "download"])
            .args(["--disablerepo", "*", "--enablerepo", "mini", "m4-1.*"])
            .ok();
        let file = place.path(&format!("files/m4-1.4.19-3.mini1.{ARCH}.rpm"));
        assert!(file.is_file(), "{:?}", place.listing());
        // The same without the two dashes, and with the program that is configured.
        fs::remove_file(&file).expect("it is there");
        place
            .mock(["--pm-cmd", "download", "m4"])
            .args(SMALL_ROOT)
            .ok();
        assert!(file.is_file());
    }
}

/// tmt keeps one shell on three pipes, installs beside it, and looks at the first byte of its output.
#[test]
fn a_long_shell_and_packages_beside_it() {
    for place in both() {
        place.mock(["--init"]).ok();
        let mut shell = place.mock(["-q", "--enable-network", "--shell"]).piped(
            Stdio::piped(),
            Stdio::piped(),
            Stdio::piped(),
        );
        let mut input = shell.stdin.take().expect("it was asked for");
        let mut output = shell.stdout.take().expect("it was asked for");
        let mut first = [0; 16];
        output.read_exact(&mut first).expect("it prompts at once");
        assert_eq!(&first, b"\x1b]0;<mock-chroot");
        place
            .mock([
                "--pm-cmd",
                "install",
                "--exclude",
                "cmake-data",
                "--skip-broken",
                "m4",
                "cmake",
            ])
            .ok();
        assert!(has_package(place.mock(["-q"]), "m4"));
        assert!(!has_package(place.mock(["-q"]), "cmake"));
        writeln!(input, "rpm -q m4; echo err >&2; exit 3").expect("it reads");
        drop(input);
        let mut rest = String::new();
        output.read_to_string(&mut rest).expect("it is text");
        assert!(rest.contains("m4-1.4.19-3.mini1."), "{rest}");
        let mut errors = String::new();
        let mut pipe = shell.stderr.take().expect("it was asked for");
        pipe.read_to_string(&mut errors).expect("it is text");
        assert!(
            errors.contains("err\n") && !rest.contains("err\n"),
            "{errors}"
        );
        assert_eq!(shell.wait().expect("it is our own").code(), Some(3));
    }
}

#[test]
fn statuses_and_expansion_as_in_the_originals_tests() {
    let Some(place) = shared(Who::User) else {
        return;
    };
    let done = place
        .mock(["--old-chroot", "--offline", "--shell"])
        .input("exit 5\n")
        .run()
        .exits(5);
    let told = "ERROR: Option --old-chroot has been deprecated. Use --isolation=simple instead.\n";
    assert!(done.stderr.contains(told), "{}", done.stderr);
    // The root's /bin/sh need not know braces.
    let line = "bash -c 'echo /tmp/{foo,bar}'";
    assert_eq!(
        place.mock(["-q", "--chroot", line]).ok().out(),
        "/tmp/foo /tmp/bar\n"
    );
    let done = place
        .mock(["-q", "--chroot", "--", "echo", "/tmp/{quux,wibble}"])
        .ok();
    assert_eq!(done.out(), "/tmp/{quux,wibble}\n");
}

/// What configurations put into roots and keep of them.
#[test]
fn a_configuration_with_local_lists_files_and_backups() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place.make_dir("files/lists");
    place.make_dir(&format!("files/lists/{ARCH}"));
    let repo = format!("file://{}/repo\n", minidistro().display());
    place.write(&format!("files/lists/{ARCH}/mirrorlist"), &repo);
    let text = format!(
        "config_opts['root'] = 'mini-{ARCH}'\nconfig_opts['target_arch'] = '{ARCH}'\n\
         config_opts['use_bootstrap'] = False\nconfig_opts['releasever'] = '1'\nconfig_opts['macros']['%dist'] = '.mini'\n\
         config_opts['chroot_setup_cmd'] = 'install @buildsys-build'\n\
         config_opts['dnf.conf'] = '''\n[main]\nreposdir=/dev/null\nassumeyes=1\n[local]\nname=local\n\
         mirrorlist={}/$lists/$basearch/mirrorlist\n'''\n\
         config_opts['dnf_vars'] = {{'lists': 'lists'}}\n\
         config_opts['files']['etc/some/file'] = 'some text'\n\
         config_opts['files']['/etc/slash'] = 'more'\n\
         config_opts['extra_chroot_dirs'] = ['/srv/extra/deep']\n\
         config_opts['backup_on_clean'] = True\n",
        place.path("files").display()
    );
    place.write("files/mine.cfg", text);
    let mock = || place.mock(["-r", "./mine.cfg"]);
    mock().args([srpm("needsnothing")]).ok();
    let done = mock()
        .args([
            "-q",
            "--chroot",
            "cat /etc/some/file /etc/slash /etc/dnf/vars/lists; ls -d /srv/extra/*",
        ])
        .ok();
    assert_eq!(done.out(), "some textmorelists/srv/extra/deep\n");
    mock().args(["--clean"]).ok();
    assert!(!place.chroot().exists());
    let kept = place.basedir().join(format!("backup/mini-{ARCH}"));
    for name in [
        "needsnothing-1.0-1.mini.noarch.rpm",
        "needsnothing-1.0-1.mini.src.rpm",
    ] {
        assert!(kept.join(name).is_file(), "{name}");
    }
}

/// A root below the caller's home, with both kinds of storage that can be looked into.
#[test]
fn a_root_somewhere_else() {
    for place in both() {
        let elsewhere = place.path("home/my root");
        let rootdir = format!("--rootdir={}", elsewhere.display());
        let mock = |words: &[&str]| {
            place
                .mock([&rootdir])
                .args(["--config-opts", "storage=directory"])
                .args(words)
                .ok()
        };
        mock(&["--scrub=chroot"]);
        mock(&[&srpm("needsnothing")]);
        assert!(elsewhere.join("usr/bin/rpm").exists());
        assert_eq!(mock(&["-p"]).out(), format!("{}/\n", elsewhere.display()));
        mock(&["--scrub=chroot"]);
        assert!(!elsewhere.exists());
    }
}

/// A directory of packages, as a URL and as a path.
#[test]
fn a_directory_as_a_repository() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let repository = crate::support::Repository::new(&place, "repo");
    repository.add_small("one", "");
    let path = repository.directory.to_string_lossy().into_owned();
    for addrepo in [&repository.url(), &path] {
        place
            .mock(["-a", addrepo, "--install", "one"])
            .args(SMALL_ROOT)
            .ok();
        if *addrepo != path {
            place.mock(["--remove", "one"]).args(SMALL_ROOT).ok();
        }
    }
    // A newer one: not for an update of another package.
    repository.add("one", "Epoch: 1\n%description\n%files\n");
    for (words, epoch) in [(&["bash"][..], "(none)"), (&["one"], "1")] {
        place
            .mock(["-a", &path, "--update"])
            .args(words)
            .args(SMALL_ROOT)
            .ok();
        let query = "rpm -q --qf '%{epoch}' one";
        assert_eq!(place.mock(["-q", "--shell", query]).ok().out(), epoch);
    }
}
