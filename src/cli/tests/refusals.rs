//! How wrong lines are refused: text and exit status.

use super::*;

const PLUGIN_LIST: &str = "['tmpfs', 'root_cache', 'yum_cache', 'mount', 'bind_mount', 'ccache', \
    'selinux', 'package_state', 'chroot_scan', 'lvm_root', 'compress_logs', 'sign', 'pm_request', \
    'hw_info', 'procenv', 'showrc', 'rpkg_preprocessor', 'rpmautospec', 'buildroot_lock', \
    'export_buildroot_image', 'unbreq', 'expand_spec', 'system_monitor', 'overlayfs', 'nofsync', \
    'noverify', 'package_cache']";

#[test]
fn refusals() {
    let enable = format!("Bad option for '--enable-plugin=x'. Expecting one of: {PLUGIN_LIST}");
    let disable = format!("Bad option for '--disable-plugin=x'. Expecting one of: {PLUGIN_LIST}");
    let cases: &[(Words, u8, &str)] = &[
        // What the parser does not understand
        (
            &["--resultdri=x"],
            2,
            "unknown option '--resultdri'; did you mean '--resultdir'?",
        ),
        (
            &["--inti"],
            2,
            "unknown option '--inti'; did you mean '--init'?",
        ),
        (&["--bogus", "a.src.rpm"], 2, "unknown option '--bogus'"),
        (&["--init", "-x"], 2, "unknown option '-x'"),
        (&["-V"], 2, "unknown option '-V'"),
        (
            &["--no-clea"],
            2,
            "option '--no-clea' is ambiguous: '--no-clean', '--no-cleanup-after'",
        ),
        (
            &["--init", "--resultdir"],
            2,
            "option '--resultdir' needs a value",
        ),
        (
            &["--resultdir", "--init"],
            2,
            "option '--resultdir' needs a value",
        ),
        (
            &["--resultdir=", "--init"],
            2,
            "option '--resultdir' needs a value",
        ),
        (
            &["--init", "-r", "--", "x"],
            2,
            "option '--root' needs a value",
        ),
        (&["--init=x"], 2, "option '--init' takes no value"),
        (
            &["--init", "--scm-option", "a"],
            5,
            "Bad option for '--scm-option' (a).  Use --scm-option 'key=value'",
        ),
        (
            &["--scm-enable", "a.src.rpm"],
            5,
            "--scm-enable takes everything out of the checkout: 'a.src.rpm' does not go with it",
        ),
        (
            &["--buildsrpm", "--scm-enable", "--spec=x"],
            5,
            "--scm-enable takes everything out of the checkout: --spec does not go with it",
        ),
        (
            &["--chain"],
            50,
            "You must specify an SRPM file with --chain",
        ),
        (
            &["--chain", "a.src.rpm", "--resultdir", "d"],
            5,
            "The --chain mode doesn't support --resultdir, use --localrepo instead",
        ),
        (
            &["a.src.rpm", "-c", "--recurse", "--localrepo=d"],
            5,
            "The --localrepo option works only with --chain",
        ),
        (
            &["--init", "-c", "--recurse"],
            5,
            "Only --chain mode supports --recurse build algorithm",
        ),
        (
            &["--init", "-c"],
            5,
            "Only --chain mode supports --continue build algorithm",
        ),
        (
            &["--init", "--tmp_prefix=x"],
            5,
            "The --tmp_prefix option works only with --chain",
        ),
        (
            &["--chain", "--tmp_prefix=../x", "a.src.rpm"],
            5,
            "--tmp_prefix is part of a directory's name, which '../x' cannot be",
        ),
        (
            &["--chain", "--additional-package=x", "a.src.rpm"],
            5,
            "The --additional-package option requires the --rebuild mode",
        ),
        (&["--snapshot"], 50, "Requires a snapshot name"),
        (&["--rollback-to"], 50, "Requires a snapshot name"),
        (
            &["--remove-snapshot", "a", "b"],
            5,
            "--remove-snapshot takes one name, got 'b' as well",
        ),
        (
            &["--umount", "x"],
            5,
            "--umount takes no arguments, got 'x'",
        ),
        (
            &["--chroot", "ls", "-l"],
            5,
            "-l lists snapshots and does not go with --chroot",
        ),
        (
            &["--scrub=everything"],
            2,
            "invalid value 'everything' for '--scrub': expecting one of all, chroot, cache, \
             root-cache, c-cache, yum-cache, dnf-cache, lvm, overlayfs, bootstrap",
        ),
        (
            &["--short-circuit", "x"],
            2,
            "invalid value 'x' for '--short-circuit': expecting one of prep, install, build, binary",
        ),
        (
            &["--rpmbuild_timeout=x"],
            2,
            "invalid value 'x' for '--rpmbuild_timeout': invalid digit found in string",
        ),
        // What does not go together
        (
            &["--buildsrpm"],
            5,
            "Must specify both --spec and --sources with --buildsrpm",
        ),
        (
            &["--buildsrpm", "--sources", "d"],
            5,
            "Must specify both --spec and --sources with --buildsrpm",
        ),
        (
            &["--init", "--additional-package=a"],
            5,
            "The --additional-package option requires the --rebuild mode",
        ),
        (
            &["--scrub=all", "--additional-package=a"],
            5,
            "The --additional-package option requires the --rebuild mode",
        ),
        (
            &["a.rpm", "b.rpm"],
            5,
            "Must specify --resultdir when building multiple RPMS.",
        ),
        (
            &["--target=a,b", "--init"],
            5,
            "--target option accepts only one arch. Invalid: a,b",
        ),
        (
            &["-Dx", "--init"],
            5,
            "Bad option for '--define' (x).  Use --define 'macro expr'",
        ),
        (
            &["--isolation=docker", "--init"],
            5,
            "Bad option for '--isolation'. Unknown value: docker",
        ),
        (
            &["--config-opts=x", "--init"],
            5,
            "Bad option for '--config-opts' (x).  Use --config-opts 'key=value'",
        ),
        (
            &["--config-opts==x", "--init"],
            5,
            "Bad option for '--config-opts' (=x).  Use --config-opts 'key=value'",
        ),
        (&["--enable-plugin=x", "--init"], 5, &enable),
        (&["--disable-plugin=x", "--init"], 5, &disable),
        (
            &["--plugin-option=tmpfs", "--init"],
            5,
            "Bad option for '--plugin-option' (tmpfs).  Use --plugin-option 'plugin:key=value'",
        ),
        (
            &["--plugin-option=tmpfs=a:b", "--init"],
            5,
            "Bad option for '--plugin-option' (tmpfs=a:b).  Use --plugin-option 'plugin:key=value'",
        ),
        (
            &["--plugin-option=x:y=z", "--init"],
            5,
            "Bad option for '--plugin-option' (x:y=z).  No such plugin: x",
        ),
        (
            &["--clean", "f43"],
            5,
            "--clean takes no arguments, got 'f43'",
        ),
        (
            &["clean", "f43"],
            5,
            "--clean takes no arguments, got 'f43'",
        ),
        (
            &["--scrub=all", "f43"],
            5,
            "--scrub takes no arguments, got 'f43'",
        ),
        (
            &["-r", "x", "--hermetic-build", "lock", "repo", "a.rpm"],
            5,
            "The --hermetic-build mode uses a special chroot configuration, you can not select the chroot \
             configuration with the -r/--root option.",
        ),
        (
            &["--hermetic-build", "lock", "repo", "--init"],
            5,
            "--rebuild mode needed with --hermetic-build",
        ),
        (
            &[
                "--hermetic-build",
                "lock",
                "repo",
                "--calculate-build-dependencies",
                "a.rpm",
            ],
            5,
            "--rebuild mode needed with --hermetic-build",
        ),
        (
            &["--hermetic-build", "lock"],
            2,
            "2 values required for '--hermetic-build <LOCKFILE> <REPO_DIR>' but 1 was provided",
        ),
        // What a mode misses
        (
            &["--calculate-build-dependencies"],
            50,
            "No package specified to rebuild command.",
        ),
        (
            &["--spec=a.spec"],
            50,
            "No package specified to rebuild command.",
        ),
        (
            &["--sources=d"],
            50,
            "No package specified to rebuild command.",
        ),
        (
            &["--spec=a.spec", "--resultdir=r", "a.rpm", "b.rpm"],
            50,
            "--spec argument only supported with single srpm.",
        ),
        (
            &["--chroot"],
            50,
            "You must specify a command to run with --chroot",
        ),
        (
            &["chroot", "--"],
            50,
            "You must specify a command to run with --chroot",
        ),
        (
            &["--installdeps"],
            50,
            "You must specify an SRPM file with --installdeps",
        ),
        (&["-i"], 50, "You must specify a package list to install."),
        (
            &["--remove"],
            50,
            "You must specify a package list to remove.",
        ),
        (
            &["--copyin", "a"],
            50,
            "Must have source and destinations for copyin",
        ),
        (
            &["--copyout"],
            50,
            "Must have source and destinations for copyout",
        ),
    ];
    for (words, code, message) in cases {
        let error = parse_words(words).expect_err(&format!("{words:?}"));
        assert_eq!(
            (error.to_string().as_str(), error.exit_code()),
            (*message, *code),
            "{words:?}"
        );
    }
}

/// The configuration may say that there is a checkout.
#[test]
fn nothing_to_rebuild() {
    for words in [
        &[][..],
        &["--rebuild", "--"],
        &["--scm-enable"],
        &["--hermetic-build", "lock", "repo"],
    ] {
        assert!(command(words).names_nothing(), "{words:?}");
    }
    for words in [&["a.rpm"][..], &["--spec=a", "--sources=b"], &["--init"]] {
        assert!(!command(words).names_nothing(), "{words:?}");
    }
    let error = crate::cli::nothing_to_rebuild();
    assert_eq!(
        (error.to_string().as_str(), error.exit_code()),
        ("No package specified to rebuild command.", 50)
    );
    let hint = "usage: mock [OPTIONS] --rebuild SRPM...";
    assert_eq!(error.hint().as_deref(), Some(hint));
}

#[test]
fn hints() {
    let cases: &[(Words, Option<&str>)] = &[
        (&["--bogus"], Some("mock --help lists the options")),
        (&["--clean", "f43"], Some("-r NAME chooses the chroot")),
        (
            &["--copyin", "a"],
            Some("usage: mock [OPTIONS] --copyin SOURCE... DESTINATION"),
        ),
        // The message must be the only line.
        (&["--chain", "--resultdir=d", "a.src.rpm"], None),
    ];
    for (words, hint) in cases {
        let error = parse_words(words).expect_err(&format!("{words:?}"));
        assert_eq!(error.hint().as_deref(), *hint, "{words:?}");
    }
}
