//! Which mode a line means, and which of its words are whose.

use super::*;

#[test]
fn every_mode() {
    let pm = |force, args: &[&str]| Command::PackageManagerCommand {
        force,
        args: strings(args),
    };
    let cases: &[(Words, Command)] = &[
        (&["a.src.rpm"], rebuild(&["a.src.rpm"])),
        (&["--rebuild", "a.src.rpm"], rebuild(&["a.src.rpm"])),
        (
            &["--buildsrpm", "--spec", "a.spec"],
            Command::Buildsrpm(from("a.spec", None)),
        ),
        (&["--init"], Command::Init),
        (&["--clean"], Command::Clean),
        (&["--scrub=all"], Command::Scrub(vec![Scrubbed::All])),
        (&["--scrub-all-chroots"], Command::ScrubAllChroots),
        (&["--shell"], Command::Shell(inside(&[]))),
        (&["--shell", "id"], Command::Shell(inside(&["id"]))),
        (&["--chroot", "id"], Command::Chroot(inside(&["id"]))),
        (
            &["--install", "a", "b"],
            Command::Install(strings(&["a", "b"])),
        ),
        (&["-i", "a"], Command::Install(strings(&["a"]))),
        (
            &["--installdeps", "a.spec"],
            Command::Installdeps(strings(&["a.spec"])),
        ),
        (&["--update"], Command::Update(vec![])),
        (&["--update", "a"], Command::Update(strings(&["a"]))),
        (&["--remove", "a"], Command::Remove(strings(&["a"]))),
        (
            &["--copyin", "a", "b", "/tmp"],
            Command::Copyin {
                sources: vec!["a".into(), "b".into()],
                destination: "/tmp".to_owned(),
            },
        ),
        (
            &["--copyout", "/a", "/b", "here"],
            Command::Copyout {
                sources: strings(&["/a", "/b"]),
                destination: "here".into(),
            },
        ),
        (&["--orphanskill"], Command::Orphanskill),
        (&["--pm-cmd", "makecache"], pm(None, &["makecache"])),
        (&["--pm-cmd"], pm(None, &[])),
        // As tmt calls it: the package manager's options without a `--` before them.
        (
            &[
                "--pm-cmd",
                "install",
                "--exclude",
                "x*",
                "--skip-broken",
                "--setopt=best=0",
                "-y",
                "foo",
            ],
            pm(
                None,
                &[
                    "install",
                    "--exclude",
                    "x*",
                    "--skip-broken",
                    "--setopt=best=0",
                    "-y",
                    "foo",
                ],
            ),
        ),
        (
            &["--dnf-cmd", "search", "a"],
            pm(Some(PackageManagerKind::Dnf4), &["search", "a"]),
        ),
        (
            &["--yum-cmd", "search", "a"],
            pm(Some(PackageManagerKind::Yum), &["search", "a"]),
        ),
        (&["--list-chroots"], Command::ListChroots),
        (&["--print-root-path"], Command::PrintRootPath),
        (&["-p"], Command::PrintRootPath),
        (
            &["--debug-config"],
            Command::DebugConfig { expanded: false },
        ),
        (
            &["--debug-config-expanded"],
            Command::DebugConfig { expanded: true },
        ),
    ];
    for (words, expected) in cases {
        assert_eq!(command(words), *expected, "{words:?}");
    }
}

#[test]
fn which_mode_and_whose_words() {
    let cases: &[(Words, Command)] = &[
        // The last mode wins, wherever the words stand.
        (&["--init", "--clean"], Command::Clean),
        (&["--clean", "--init"], Command::Init),
        (&["--init", "--clean", "--init"], Command::Init),
        (
            &["--chain", "a.src.rpm", "--rebuild"],
            rebuild(&["a.src.rpm"]),
        ),
        (
            &["a", "--chroot", "b", "--copyin"],
            Command::Copyin {
                sources: vec!["a".into()],
                destination: "b".to_owned(),
            },
        ),
        (
            &["--rebuild", "a.src.rpm", "--chain", "--recurse"],
            Command::Chain(Chain {
                packages: strings(&["a.src.rpm"]),
                recurse: true,
                go_on: true,
                ..Chain::default()
            }),
        ),
        (
            &[
                "--chain",
                "-c",
                "--localrepo",
                "~/r",
                "a.rpm",
                "http://h/b",
                "--tmp_prefix=x",
            ],
            Command::Chain(Chain {
                packages: strings(&["a.rpm", "http://h/b"]),
                localrepo: Some("~/r".into()),
                recurse: false,
                go_on: true,
                tmp_prefix: Some("x".to_owned()),
            }),
        ),
        // What another mode needs does not matter to it.
        (&["-p", "--recurse"], Command::PrintRootPath),
        // --scrub and -p win over the last.
        (
            &["--scrub=all", "--init"],
            Command::Scrub(vec![Scrubbed::All]),
        ),
        (
            &["--rebuild", "a.src.rpm", "--scrub", "c-cache"],
            Command::Scrub(vec![Scrubbed::CCache]),
        ),
        (
            &["--snapshot", "--scrub=lvm"],
            Command::Scrub(vec![Scrubbed::Lvm]),
        ),
        (&["-p", "--rebuild", "a.src.rpm"], Command::PrintRootPath),
        (&["a.src.rpm", "-p"], Command::PrintRootPath),
        (&["-p", "--scrub=all"], Command::PrintRootPath),
        (&["--buildsrpm", "-p"], Command::PrintRootPath),
        // Snapshots and mounts.
        (&["--snapshot", "mvn"], Command::Snapshot("mvn".to_owned())),
        (
            &["--rollback-to", "postinit"],
            Command::RollbackTo("postinit".to_owned()),
        ),
        (
            &["--remove-snapshot", "mvn"],
            Command::RemoveSnapshot("mvn".to_owned()),
        ),
        (&["-l"], Command::ListSnapshots { details: false }),
        (
            &["--list-snapshots", "-v", "--init"],
            Command::ListSnapshots { details: true },
        ),
        (&["--mount"], Command::Mount(Vec::new())),
        (
            &["--mount", "--", "ls", "-l"],
            Command::Mount(strings(&["ls", "-l"])),
        ),
        (&["--umount"], Command::Umount),
        // Old-style words: only first, only without a flag.
        (&["rebuild", "a.src.rpm"], rebuild(&["a.src.rpm"])),
        (&["shell"], Command::Shell(inside(&[]))),
        (
            &["shell", "--", "ls", "-l"],
            Command::Shell(inside(&["ls", "-l"])),
        ),
        (&["chroot", "shell"], Command::Chroot(inside(&["shell"]))),
        (&["install", "a"], Command::Install(strings(&["a"]))),
        (&["installdeps", "a"], Command::Installdeps(strings(&["a"]))),
        (&["remove", "a"], Command::Remove(strings(&["a"]))),
        (&["-q", "init"], Command::Init),
        (&["clean"], Command::Clean),
        (&["--chroot", "init"], Command::Chroot(inside(&["init"]))),
        (&["--", "init"], rebuild(&["init"])),
        (&["update"], rebuild(&["update"])),
        // A leading -- goes, a later one stays, options end at the first.
        (
            &["--chroot", "--", "--", "a"],
            Command::Chroot(inside(&["--", "a"])),
        ),
        (
            &["--chroot", "env", "--", "-q"],
            Command::Chroot(inside(&["env", "--", "-q"])),
        ),
        (
            &["shell", "a", "--", "b"],
            Command::Shell(inside(&["a", "--", "b"])),
        ),
        (&["--chroot", "-"], Command::Chroot(inside(&["-"]))),
        (
            &["--shell", "--", "--clean"],
            Command::Shell(inside(&["--clean"])),
        ),
        // Abbreviations.
        (&["--ini"], Command::Init),
        (
            &["--scrub", "dnf-cache"],
            Command::Scrub(vec![Scrubbed::DnfCache]),
        ),
        (&["--scrub-all"], Command::ScrubAllChroots),
        (
            &["--debug-config-e"],
            Command::DebugConfig { expanded: true },
        ),
    ];
    for (words, expected) in cases {
        assert_eq!(command(words), *expected, "{words:?}");
    }
}

#[test]
fn several_source_packages_with_a_result_directory() {
    assert_eq!(
        command(&["--resultdir=r", "a.rpm", "b.rpm"]),
        rebuild(&["a.rpm", "b.rpm"])
    );
}

#[test]
fn arguments_need_not_be_utf8_where_they_are_paths() {
    use std::os::unix::ffi::OsStringExt;

    let raw = || OsString::from_vec(b"\xff".to_vec());
    let line = |words: &[&str], raw| {
        let mut args: Vec<OsString> = ["mock"].iter().chain(words).map(OsString::from).collect();
        args.push(raw);
        parse("mock", args)
    };
    let Ok(Parsed::Run(invocation)) = line(&["--copyout", "/a"], raw()) else {
        panic!("a path on the host may be any bytes");
    };
    assert_eq!(
        invocation.command,
        Command::Copyout {
            sources: strings(&["/a"]),
            destination: raw().into()
        }
    );
    for (words, message) in [
        (&["--chroot"][..], "argument '\u{fffd}' is not valid UTF-8"),
        (&["--init", "--arch"], "an argument is not valid UTF-8"),
    ] {
        let error = line(words, raw()).expect_err("not UTF-8");
        assert_eq!(
            (error.to_string().as_str(), error.exit_code()),
            (message, 2)
        );
    }
}
