//! Lines that other programs are known to run, by what they become in whole.

use super::*;

#[test]
fn command_lines_of_callers() {
    let of = |root: &str| Overrides {
        root: root.to_owned(),
        ..Overrides::default()
    };
    let invocation = |command, overrides| Invocation {
        command,
        overrides,
        verbosity: Verbosity::Normal,
        trace: false,
        warnings: vec![],
    };
    let kept = || set(&[("clean", FALSE)]);
    let no_cleanup = [("cleanup_on_success", FALSE), ("cleanup_on_failure", FALSE)];
    let macro_ = |name: &str, value: &str| (name.to_owned(), value.to_owned());

    let cases: Vec<(Words, Invocation)> = vec![
        // koji
        (
            &[
                "-r",
                "koji/f43-1-2",
                "--no-clean",
                "--target",
                "x86_64",
                "--rebuild",
                "/w/a.src.rpm",
            ],
            invocation(
                rebuild(&["/w/a.src.rpm"]),
                Overrides {
                    set: set(&[("rpmbuild_arch", s("x86_64")), ("clean", FALSE)]),
                    ..of("koji/f43-1-2")
                },
            ),
        ),
        (
            &[
                "-r",
                "koji/n",
                "--no-clean",
                "--target",
                "noarch",
                "--chroot",
                "--",
                "rpm",
                "--define",
                "_topdir /t",
                "-iv",
                "/t/a.src.rpm",
            ],
            invocation(
                Command::Chroot(inside(&[
                    "rpm",
                    "--define",
                    "_topdir /t",
                    "-iv",
                    "/t/a.src.rpm",
                ])),
                Overrides {
                    set: set(&[("rpmbuild_arch", s("noarch")), ("clean", FALSE)]),
                    ..of("koji/n")
                },
            ),
        ),
        (
            &[
                "-r",
                "koji/n",
                "--no-clean",
                "--unpriv",
                "--cwd",
                "/w/p",
                "--chroot",
                "make",
                "sources",
            ],
            invocation(
                Command::Chroot(Inside {
                    words: strings(&["make", "sources"]),
                    unpriv: true,
                    cwd: Some("/w/p".to_owned()),
                }),
                Overrides {
                    set: kept(),
                    ..of("koji/n")
                },
            ),
        ),
        (
            &[
                "-r",
                "koji/n",
                "--no-clean",
                "--chroot",
                "--unpriv",
                "--cwd",
                "/w",
                "--",
                "/usr/bin/mvn",
                "-B",
                "--",
                "-q",
            ],
            invocation(
                Command::Chroot(Inside {
                    words: strings(&["/usr/bin/mvn", "-B", "--", "-q"]),
                    unpriv: true,
                    cwd: Some("/w".to_owned()),
                }),
                Overrides {
                    set: kept(),
                    ..of("koji/n")
                },
            ),
        ),
        // copr
        (
            &[
                "--spec",
                "S",
                "--sources",
                "D",
                "--resultdir",
                "R",
                "--uniqueext",
                "1.5",
                "-r",
                "R/configs/child.cfg",
                "--with",
                "o",
                "--without",
                "p",
                "--no-cleanup-after",
            ],
            invocation(
                Command::Rebuild {
                    srpms: vec![],
                    from: from("S", Some("D")),
                },
                Overrides {
                    set: [
                        set(&[("resultdir", s("R")), ("unique-ext", s("1.5"))]),
                        set(&no_cleanup),
                    ]
                    .concat(),
                    macros: vec![
                        macro_("%_with_o", "--with-o"),
                        macro_("%_without_p", "--without-p"),
                    ],
                    ..of("R/configs/child.cfg")
                },
            ),
        ),
        (
            &[
                "-r",
                "c.cfg",
                "--uniqueext",
                "U",
                "--scrub",
                "bootstrap",
                "--scrub",
                "chroot",
                "--scrub",
                "root-cache",
                "--quiet",
            ],
            Invocation {
                verbosity: Verbosity::Quiet,
                ..invocation(
                    Command::Scrub(vec![
                        Scrubbed::Bootstrap,
                        Scrubbed::Chroot,
                        Scrubbed::RootCache,
                    ]),
                    Overrides {
                        set: set(&[("unique-ext", s("U"))]),
                        ..of("c.cfg")
                    },
                )
            },
        ),
        (
            &[
                "-r",
                "c.cfg",
                r#"--plugin-option=bind_mount:dirs=(("/host/wd", "/mnt/wd"), ("/host/res", "/mnt/res"))"#,
                "--chroot",
                "set -x && cd /w",
            ],
            invocation(
                Command::Chroot(inside(&["set -x && cd /w"])),
                Overrides {
                    plugin_options: vec![(
                        "bind_mount".to_owned(),
                        "dirs".to_owned(),
                        Value::Tuple(vec![
                            Value::Tuple(vec![s("/host/wd"), s("/mnt/wd")]),
                            Value::Tuple(vec![s("/host/res"), s("/mnt/res")]),
                        ]),
                    )],
                    ..of("c.cfg")
                },
            ),
        ),
        // rpkg: two modes on one line
        (
            &[
                "-r",
                "R",
                "--chroot",
                "--resultdir",
                "T",
                "--copyin",
                "SPEC",
                "/var/tmp",
            ],
            invocation(
                Command::Copyin {
                    sources: vec!["SPEC".into()],
                    destination: "/var/tmp".to_owned(),
                },
                Overrides {
                    set: set(&[("resultdir", s("T"))]),
                    ..of("R")
                },
            ),
        ),
        (
            &[
                "-r",
                "R",
                "--chroot",
                "--resultdir",
                "T",
                "--shell",
                "--",
                "rpm",
                "'--define'",
                "> /o",
            ],
            invocation(
                Command::Shell(inside(&["rpm", "'--define'", "> /o"])),
                Overrides {
                    set: set(&[("resultdir", s("T"))]),
                    ..of("R")
                },
            ),
        ),
        // packit
        (
            &["--root", "/x.cfg", "--resultdir", ".", "a.src.rpm"],
            invocation(
                rebuild(&["a.src.rpm"]),
                Overrides {
                    set: set(&[("resultdir", s("."))]),
                    ..of("/x.cfg")
                },
            ),
        ),
        // FedoraReview
        (
            &["-r", "C", "-q", "--chroot", "--", "rpm --eval %_topdir"],
            Invocation {
                verbosity: Verbosity::Quiet,
                ..invocation(Command::Chroot(inside(&["rpm --eval %_topdir"])), of("C"))
            },
        ),
        // csmock
        (
            &[
                "--plugin-option=tmpfs:keep_mounted=True",
                "-r",
                "P",
                "--quiet",
                "--no-clean",
                "--calculate-build-dependencies",
                "a.src.rpm",
                "--addrepo",
                "file:///r",
            ],
            Invocation {
                verbosity: Verbosity::Quiet,
                ..invocation(
                    rebuild(&["a.src.rpm"]),
                    Overrides {
                        set: set(&[("clean", FALSE), ("calculatedeps", TRUE)]),
                        enable_plugins: strings(&["buildroot_lock"]),
                        plugin_options: vec![("tmpfs".to_owned(), "keep_mounted".to_owned(), TRUE)],
                        addrepos: strings(&["file:///r"]),
                        ..of("P")
                    },
                )
            },
        ),
        (
            &[
                "--hermetic-build",
                "lock.json",
                "repo",
                "--short-circuit=prep",
                "--rpmbuild-opts=--noprep",
                "-N",
                "a.src.rpm",
            ],
            invocation(
                rebuild(&["a.src.rpm"]),
                Overrides {
                    set: set(&[
                        ("rpmbuild_opts", s("--noprep")),
                        ("short_circuit", s("prep")),
                        ("clean", FALSE),
                        no_cleanup[0].clone(),
                        no_cleanup[1].clone(),
                    ]),
                    hermetic: Some(Hermetic {
                        lockfile: "lock.json".into(),
                        repo: "repo".to_owned(),
                    }),
                    ..of("hermetic-build")
                },
            ),
        ),
        (
            &[
                "--plugin-option=tmpfs:keep_mounted=True",
                "--config-opts=print_main_output=True",
                "--disable-plugin=root_cache",
                "-r",
                "P",
                "--disable-plugin=selinux",
                "--copyout",
                "/abs/file",
                "out",
            ],
            invocation(
                Command::Copyout {
                    sources: strings(&["/abs/file"]),
                    destination: "out".into(),
                },
                Overrides {
                    set: set(&[("print_main_output", TRUE)]),
                    disable_plugins: strings(&["root_cache", "selinux"]),
                    plugin_options: vec![("tmpfs".to_owned(), "keep_mounted".to_owned(), TRUE)],
                    ..of("P")
                },
            ),
        ),
        // DLRN: a glued macro with a blank, a flag after the words
        (
            &[
                "-v",
                "-r",
                "C",
                "--resultdir",
                "O",
                "-D repo_bootstrap 1",
                "--rebuild",
                "a.src.rpm",
                "--postinstall",
            ],
            Invocation {
                verbosity: Verbosity::Verbose,
                ..invocation(
                    rebuild(&["a.src.rpm"]),
                    Overrides {
                        set: set(&[("resultdir", s("O")), ("post_install", TRUE)]),
                        macros: vec![macro_("%repo_bootstrap", "1")],
                        ..of("C")
                    },
                )
            },
        ),
        // albs
        (
            &[
                "--configdir",
                "D",
                "--root",
                "h.1",
                "--buildsrpm",
                "--spec",
                "S",
                "--sources",
                "D",
                "--resultdir",
                "R",
                "--define",
                "n v",
                "--rpmbuild_timeout",
                "60",
                "--no-cleanup-after",
            ],
            invocation(
                Command::Buildsrpm(from("S", Some("D"))),
                Overrides {
                    configdir: Some("D".into()),
                    set: [
                        set(&[("resultdir", s("R"))]),
                        set(&no_cleanup),
                        set(&[("rpmbuild_timeout", Value::Int(60))]),
                    ]
                    .concat(),
                    macros: vec![macro_("%n", "v")],
                    ..of("h.1")
                },
            ),
        ),
        // ros_buildfarm
        (
            &[
                "--resultdir",
                "D",
                "--no-cleanup-after",
                "--verbose",
                "--root",
                "ros",
                "--dnf-cmd",
                "--",
                "download",
                "--source",
                "--disablerepo",
                "*",
                "n-v.*",
            ],
            Invocation {
                verbosity: Verbosity::Verbose,
                ..invocation(
                    Command::PackageManagerCommand {
                        force: Some(PackageManagerKind::Dnf4),
                        args: strings(&["download", "--source", "--disablerepo", "*", "n-v.*"]),
                    },
                    Overrides {
                        set: [set(&[("resultdir", s("D"))]), set(&no_cleanup)].concat(),
                        ..of("ros")
                    },
                )
            },
        ),
    ];
    for (words, expected) in cases {
        assert_eq!(run(words), expected, "{words:?}");
    }
}
