//! What options set on top of the configuration.

use super::*;

type Pairs = &'static [(&'static str, &'static str)];

#[test]
fn options_become_assignments() {
    let cases: &[(Words, Assignments)] = &[
        (&[], vec![]),
        (&["--rootdir", "/r"], set(&[("rootdir", s("/r"))])),
        (
            &["--resultdir=~/r/{{root}}"],
            set(&[("resultdir", s("~/r/{{root}}"))]),
        ),
        (
            &["--resultdir=a", "--resultdir=b"],
            set(&[("resultdir", s("b"))]),
        ),
        (&["--res", "a"], set(&[("resultdir", s("a"))])),
        (&["--uniqueext", "x"], set(&[("unique-ext", s("x"))])),
        (&["--arch=i686"], set(&[("target_arch", s("i686"))])),
        (&["--forcearch=s390x"], set(&[("forcearch", s("s390x"))])),
        (
            &["--target", "noarch"],
            set(&[("rpmbuild_arch", s("noarch"))]),
        ),
        (&["--no-clean"], set(&[("clean", FALSE)])),
        (&["-n"], set(&[("clean", FALSE)])),
        (
            &["--cleanup-after"],
            set(&[("cleanup_on_success", TRUE), ("cleanup_on_failure", TRUE)]),
        ),
        (
            &["--cleanup-after", "-N"],
            set(&[("cleanup_on_success", FALSE), ("cleanup_on_failure", FALSE)]),
        ),
        (
            &["--no-cleanup-after", "--cleanup-after"],
            set(&[("cleanup_on_success", TRUE), ("cleanup_on_failure", TRUE)]),
        ),
        (&["--nocheck"], set(&[("check", FALSE)])),
        (
            &["--rpmbuild-opts=--noprep"],
            set(&[("rpmbuild_opts", s("--noprep"))]),
        ),
        (
            &["--rpmbuild-opts", "--noprep -v"],
            set(&[("rpmbuild_opts", s("--noprep -v"))]),
        ),
        (
            &["--short-circuit", "install"],
            set(&[("short_circuit", s("install")), ("clean", FALSE)]),
        ),
        (
            &["--rpmbuild_timeout", "9"],
            set(&[("rpmbuild_timeout", Value::Int(9))]),
        ),
        (&["--macro-file", "~/m"], set(&[("macrofile", s("~/m"))])),
        (&["--dnf"], set(&[("package_manager", s("dnf"))])),
        (&["--dnf", "--yum"], set(&[("package_manager", s("yum"))])),
        (
            &["--yum", "--dnf5", "--dnf5"],
            set(&[("package_manager", s("dnf5"))]),
        ),
        (
            &["--enable-network"],
            set(&[("rpmbuild_networking", TRUE), ("use_host_resolv", TRUE)]),
        ),
        (
            &["--cache-alterations"],
            set(&[("cache_alterations", TRUE)]),
        ),
        (&["--offline"], set(&[("online", FALSE)])),
        (&["--isolation=auto"], set(&[("isolation", s("auto"))])),
        (&["--isolation=nspawn"], set(&[("isolation", s("nspawn"))])),
        (
            &["--isolation", "simple"],
            set(&[("isolation", s("simple"))]),
        ),
        (&["--postinstall"], set(&[("post_install", TRUE)])),
        (&["--no-bootstrap-chroot"], set(&[("use_bootstrap", FALSE)])),
        (
            &["--no-bootstrap-image"],
            set(&[("use_bootstrap_image", FALSE)]),
        ),
        (&["--bootstrap-chroot"], set(&[("use_bootstrap", TRUE)])),
        (
            &["--use-bootstrap-image", "--bootstrap-image-ready"],
            set(&[
                ("use_bootstrap_image", TRUE),
                ("use_bootstrap", TRUE),
                ("bootstrap_image_ready", TRUE),
            ]),
        ),
        (
            &["--nocheck", "--config-opts=check=True"],
            set(&[("check", TRUE), ("check", FALSE)]),
        ),
    ];
    for (words, expected) in cases {
        assert_eq!(overrides(words).set, *expected, "{words:?}");
    }
    assert_eq!(
        run(&[
            "--additional-package=a",
            "x.rpm",
            "--additional-package",
            "b"
        ])
        .overrides
        .set,
        set(&[("additional_packages", Value::List(vec![s("a"), s("b")]))])
    );
}

#[test]
fn config_opts_are_typed() {
    let list = |values: &[Value]| Value::List(values.to_vec());
    let cases: &[(Words, Assignments)] = &[
        (&["a=b"], set(&[("a", s("b"))])),
        (&["a=b=c"], set(&[("a", s("b=c"))])),
        (&["a="], set(&[("a", s(""))])),
        (&["a=true", "b=True"], set(&[("a", TRUE), ("b", TRUE)])),
        (&["a=false", "b=False"], set(&[("a", FALSE), ("b", FALSE)])),
        (
            &["a=none", "b=None"],
            set(&[("a", Value::None), ("b", Value::None)]),
        ),
        (
            &["a=7", "b=-7", "c=007"],
            set(&[
                ("a", Value::Int(7)),
                ("b", Value::Int(-7)),
                ("c", Value::Int(7)),
            ]),
        ),
        (
            &["a=+7", "b=7.5", "c=TRUE", "d=-"],
            set(&[
                ("a", s("+7")),
                ("b", s("7.5")),
                ("c", s("TRUE")),
                ("d", s("-")),
            ]),
        ),
        (
            &["a=99999999999999999999"],
            set(&[("a", s("99999999999999999999"))]),
        ),
        (
            &["a=1", "b=x", "a=y"],
            set(&[("a", list(&[Value::Int(1), s("y")])), ("b", s("x"))]),
        ),
        (&["a=x", "a="], set(&[("a", list(&[s("x")]))])),
    ];
    for (options, expected) in cases {
        let words: Vec<String> = options
            .iter()
            .map(|o| format!("--config-opts={o}"))
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        assert_eq!(overrides(&words).set, *expected, "{options:?}");
    }
}

#[test]
fn macros() {
    let cases: &[(Words, Pairs)] = &[
        (&["-D", "a b c"], &[("%a", "b c")]),
        (&["-Da b"], &[("%a", "b")]),
        (&["-D a b"], &[("%a", "b")]),
        (&["--define=%a %nil"], &[("%a", "%nil")]),
        (
            &["--define", "a ", "--define", "a  b"],
            &[("%a", ""), ("%a", "b")],
        ),
        (
            &["--without", "x-y", "--with=z", "-Da b"],
            &[
                ("%a", "b"),
                ("%_with_z", "--with-z"),
                ("%_without_x_y", "--without-x-y"),
            ],
        ),
    ];
    for (words, expected) in cases {
        let expected: Vec<(String, String)> = expected
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        assert_eq!(overrides(words).macros, expected, "{words:?}");
    }
}

#[test]
fn everything_else_in_overrides() {
    let words = [
        "-rf43",
        "--configdir=/c",
        "--enablerepo=a",
        "--disablerepo",
        "*",
        "--enablerepo",
        "b",
        "-a",
        "http://x/",
        "--scm-option",
        "package=x",
        "--scm-option=git_get=git clone a=b",
        "--addrepo=file:///y",
        "--buildroot-image=fedora:43",
        "--disable-plugin",
        "root_cache",
        "--enable-plugin=ccache",
        "--plugin-option=ccache:dir=/a:b=c",
        "--plugin-option=tmpfs:keep_mounted=True",
        "--plugin-option=tmpfs:max_fs_size=4g",
    ];
    let option = |plugin: &str, key: &str, value| (plugin.to_owned(), key.to_owned(), value);
    let expected = Overrides {
        root: "f43".to_owned(),
        configdir: Some("/c".into()),
        set: vec![],
        macros: vec![],
        disable_plugins: strings(&["root_cache"]),
        enable_plugins: strings(&["ccache"]),
        plugin_options: vec![
            option("ccache", "dir", s("/a:b=c")),
            option("tmpfs", "keep_mounted", TRUE),
            option("tmpfs", "max_fs_size", s("4g")),
        ],
        repo_switches: vec![
            RepoSwitch::Enable("a".to_owned()),
            RepoSwitch::Disable("*".to_owned()),
            RepoSwitch::Enable("b".to_owned()),
        ],
        scm_options: vec![
            ("package".to_owned(), "x".to_owned()),
            ("git_get".to_owned(), "git clone a=b".to_owned()),
        ],
        buildroot_image: Some("fedora:43".to_owned()),
        addrepos: strings(&["http://x/", "file:///y"]),
        hermetic: None,
    };
    assert_eq!(overrides(&words), expected);
    assert_eq!(overrides(&[]).root, "default");
}

#[test]
fn verbosity_trace_and_warnings() {
    let verbosity = |words: &[&str]| run(words).verbosity;
    assert_eq!(verbosity(&["--init"]), Verbosity::Normal);
    assert_eq!(verbosity(&["--init", "-v"]), Verbosity::Verbose);
    assert_eq!(verbosity(&["-v", "--init", "-q"]), Verbosity::Quiet);
    assert_eq!(
        verbosity(&["--quiet", "--init", "--verbose"]),
        Verbosity::Verbose
    );
    assert_eq!(verbosity(&["-qvqN", "--init"]), Verbosity::Quiet);
    assert_eq!(verbosity(&["-v", "-p"]), Verbosity::Quiet);
    assert!(run(&["--init", "--trace"]).trace);
    assert!(!run(&["--init"]).trace);

    let old = "Option --old-chroot has been deprecated. Use --isolation=simple instead.";
    let new = "Option --new-chroot has been deprecated. Use --isolation=nspawn instead.";
    for (words, method, warning) in [
        (&["--old-chroot", "--init"][..], "simple", old),
        (&["--new-chroot", "--init"], "nspawn", new),
        (&["--old-chroot", "--new-chroot", "--init"], "nspawn", new),
        // The newer spelling wins, wherever it stands.
        (&["--isolation=auto", "--new-chroot", "--init"], "auto", new),
        (
            &["--old-chroot", "--isolation=nspawn", "--init"],
            "nspawn",
            old,
        ),
    ] {
        let run = run(words);
        let chosen = run.overrides.set.last();
        assert_eq!(chosen, set(&[("isolation", s(method))]).last(), "{words:?}");
        assert_eq!(run.warnings, [warning], "{words:?}");
    }
}
