//! Loading, from files on disk to what a person reads.

use super::cfg;
use super::test_site::{MINIMAL, Site};
use super::value::Value;

#[test]
fn unknown_keys_and_options_without_effect_are_warnings() {
    let site = Site::new(&[(
        "etc/a.toml",
        r#"
[chroot]
name = "a"
target_arc = "x"
rpmbuild_timeout = 5
root = "b"
[rpmbuild]
timeuot = 5
[packages.dnf4]
comand = "x"
[plugins.ccahe]
enable = true
[plugins.ccache]
enable = true
max_cache_siz = "1G"
[plugins.root_cache]
max_age_days = 3
[bootstrap]
enable = true
image = "x"
chroot_setup_cmd = "install x"
nonsense = 1
[isolation]
dev_loop_count = 1
kind = "nspawn"
[vars]
relasever = "43"
dist_tag = "x"
[strange]
key = 1
"#,
    )]);
    insta::assert_snapshot!(site.warnings(), @r"
    /etc/a.toml:4: unknown key chroot.target_arc (did you mean chroot.target_arch?)
    /etc/a.toml:5: unknown key chroot.rpmbuild_timeout (did you mean rpmbuild.timeout?)
    /etc/a.toml:6: unknown key chroot.root (did you mean chroot.name?)
    /etc/a.toml:8: unknown key rpmbuild.timeuot (did you mean rpmbuild.timeout?)
    /etc/a.toml:10: unknown key packages.dnf4.comand (did you mean packages.dnf4.command?)
    /etc/a.toml:11: unknown key plugins.ccahe (did you mean plugins.ccache?)
    /etc/a.toml:15: unknown key plugins.ccache.max_cache_siz (did you mean plugins.ccache.max_cache_size?)
    /etc/a.toml:22: unknown key bootstrap.nonsense
    /etc/a.toml:29: unknown key strange (did you mean chroot.storage?)
    /etc/a.toml:14: plugin ccache is not supported yet: compilers run uncached
    /etc/a.toml:27: unknown key relasever (did you mean releasever?)
    ");
}

#[test]
fn errors_name_the_place() {
    let table = [
        ("syntax", "[chroot]\nname = \"a\nx = 1\n"),
        (
            "unclosed",
            "[chroot]\nname = \"a\"\nsetup = \"\"\"\ninstall x\n",
        ),
        ("duplicate", "[chroot]\nname = \"a\"\nname = \"b\"\n"),
        (
            "wrong type",
            "[chroot]\nname = \"a\"\n[rpmbuild]\ntimeout = \"soon\"\n",
        ),
        (
            "wrong item",
            "[chroot]\nname = \"a\"\nextra_dirs = [1, 2]\n",
        ),
        ("wrong entry", "[environment]\nX = [1]\n"),
        (
            "wrong choice",
            "[chroot]\nname = \"a\"\n[packages]\nmanager = \"apt\"\n",
        ),
        ("section as value", "chroot = 1\n"),
        ("include", "include = [\"nowhere.toml\"]\n"),
        ("include type", "include = \"a\"\n"),
        ("loop", "include = [\"b.toml\"]\n"),
        ("no root", "[vars]\nx = 1\n"),
        ("slash", "[chroot]\nname = \"a/../b\"\n"),
        (
            "template syntax",
            "[chroot]\nname = \"a\"\ndescription = \"x {{ y\"\n",
        ),
        (
            "python",
            "[chroot]\nname = \"a\"\ndescription = \"\"\"\n{{ ''.__class__ }}\"\"\"\n",
        ),
        (
            "deep",
            "[chroot]\nname = \"a\"\ndescription = \"{{ a }}\"\n[vars]\na = \"{{ b }}\"\nb = \"{{ c }}\"\nc = \"{{ d }}\"\nd = \"{{ e }}\"\ne = \"x\"\n",
        ),
        (
            "expanded type",
            "[chroot]\nname = \"a\"\n[rpmbuild]\ncheck = \"{{ target_arch }}\"\n",
        ),
        (
            "when",
            "[chroot]\nname = \"a\"\n[dnf.repo.r]\nwhen = \"a ==\"\n",
        ),
        ("key", "[chroot]\nname = \"a\"\n[dnf.repo.r]\nkey = \"k\"\n"),
        (
            "macro",
            "[chroot]\nname = \"a\"\n[macros]\n\"%a b\" = \"1\"\n",
        ),
    ];
    let mut shown = String::new();
    for (name, text) in table {
        let loop_file = ("etc/b.toml", "include = [\"a.toml\"]\n");
        let site = Site::new(&[("etc/a.toml", text), loop_file]);
        shown.push_str(&format!("--- {name}\n{}\n", site.error()));
    }
    insta::assert_snapshot!(shown, @r#"
    --- syntax
    3 /etc/a.toml:2:10: invalid basic string, expected `"`
     --> /etc/a.toml:2:10
      |
    2 | name = "a
      |          ^
    --- unclosed
    3 /etc/a.toml:4:10: invalid multi-line basic string, expected `"`
     --> /etc/a.toml:4:10
      |
    4 | install x
      |          ^
    hint: a string opened with """ is not closed
    --- duplicate
    3 /etc/a.toml:3:1: duplicate key
     --> /etc/a.toml:3:1
      |
    3 | name = "b"
      | ^^^^
    --- wrong type
    3 /etc/a.toml:4:11: timeout: expected integer, found the string "soon"
     --> /etc/a.toml:4:11
      |
    4 | timeout = "soon"
      |           ^^^^^^
    --- wrong item
    3 /etc/a.toml:3:15: extra_dirs: expected list of strings, found the integer 1
     --> /etc/a.toml:3:15
      |
    3 | extra_dirs = [1, 2]
      |               ^
    --- wrong entry
    3 /etc/a.toml:2:6: X: expected string or integer, found the integer 1
     --> /etc/a.toml:2:6
      |
    2 | X = [1]
      |      ^
    --- wrong choice
    3 /etc/a.toml:4:11: manager: expected one of dnf, dnf4, dnf5, yum, microdnf, found the string "apt"
     --> /etc/a.toml:4:11
      |
    4 | manager = "apt"
      |           ^^^^^
    --- section as value
    3 /etc/a.toml:1:10: chroot: expected table, found the integer 1
     --> /etc/a.toml:1:10
      |
    1 | chroot = 1
      |          ^
    --- include
    3 /etc/a.toml:1:12: Could not find included config file: nowhere.toml
     --> /etc/a.toml:1:12
      |
    1 | include = ["nowhere.toml"]
      |            ^^^^^^^^^^^^^^
    hint: paths are looked up beside the including file, then in the configuration directory
    --- include type
    3 /etc/a.toml:1:11: include: expected a list of file names
     --> /etc/a.toml:1:11
      |
    1 | include = "a"
      |           ^^^
    --- loop
    3 /etc/b.toml:1:12: include loop: /etc/a.toml -> /etc/b.toml -> /etc/a.toml
     --> /etc/b.toml:1:12
      |
    1 | include = ["a.toml"]
      |            ^^^^^^^^
    --- no root
    3 Error in configuration - option config_opts['root'] must be present in your config.
    hint: in a TOML file it is `name` in [chroot]
    --- slash
    3 /etc/a.toml:2: root: 'a/../b' cannot be the name of a directory
    --- template syntax
    3 /etc/a.toml:3: description: template: unexpected end of input, expected end of variable block
     --> value of description:1:6
      |
    1 | x {{ y
      |      ^
    --- python
    3 /etc/a.toml:3: description: templates cannot reach Python internals
     --> value of description:1:7
      |
    1 | {{ ''.__class__ }}
      |       ^^^^^^^^^
    --- deep
    3 /etc/a.toml:3: description: too deep jinja re-evaluation on '{{ a }}'
    hint: a value may refer to others over at most four steps
    --- expanded type
    3 /etc/a.toml:4: check: expected boolean, found 'i386'
    --- when
    3 /etc/a.toml:4: dnf.repo.r.when: template: unexpected end of input, expected expression
    --- key
    3 /etc/a.toml:4: dnf.repo.r.key: there is no key k
    hint: a key is [dnf.key.NAME] with file = "PATH" or url = "URL"
    --- macro
    5 Bad macros 'config_opts['macros']['%a b'] = ['1']'
    "#);
}

#[test]
fn a_name_that_is_not_there() {
    let mut site = Site::new(&[
        ("etc/fedora-43-x86_64.toml", MINIMAL),
        ("etc/fedora-44-x86_64.cfg", ""),
        ("etc/site-defaults.cfg", ""),
        ("home/.config/mock/mine.toml", MINIMAL),
    ]);
    let mut shown = String::new();
    for root in [
        "fedora-43-x86-64",
        "default",
        "./fedora",
        "mine.toml",
        "zzz",
    ] {
        site.overrides.root = root.to_owned();
        site.overrides.configdir = None;
        fs_err::write(site.dir.path().join("etc/site-defaults.cfg"), "").unwrap();
        shown.push_str(&format!("--- {root}\n{}\n", site.error()));
    }
    insta::assert_snapshot!(shown, @r"
    --- fedora-43-x86-64
    3 Could not find required config file: /etc/fedora-43-x86-64.cfg
    Non-existing Mock config 'fedora-43-x86-64'
    hint: there is fedora-43-x86_64, fedora-44-x86_64
    mock --list-chroots lists all configurations
    --- default
    3 Could not find required config file: /etc/default.cfg
    Non-existing Mock config 'default'
    hint: Did you forget to specify the chroot to use with '-r'?
    mock --list-chroots lists all configurations
    --- ./fedora
    3 Could not find required config file: /etc/./fedora.cfg
    Non-existing Mock config './fedora'
    hint: there is fedora-43-x86_64, fedora-44-x86_64
    If you're trying to specify a path, include the extension, e.g. -r ./target.cfg or ./target.toml
    mock --list-chroots lists all configurations
    --- mine.toml
    3 Could not find required config file: /mine.toml
    Non-existing Mock config 'mine.toml'
    hint: there is mine
    mock --list-chroots lists all configurations
    --- zzz
    3 Could not find required config file: /etc/zzz.cfg
    Non-existing Mock config 'zzz'
    hint: mock --list-chroots lists all configurations
    ");
}

#[test]
fn plugins_and_macros_of_the_command_line_are_checked() {
    let mut site = Site::new(&[("etc/a.toml", MINIMAL)]);
    let mut shown = String::new();
    site.overrides.enable_plugins = vec!["nothing".to_owned()];
    shown.push_str(&format!("{}\n", site.error()));
    site.overrides.enable_plugins = Vec::new();
    site.overrides.plugin_options = vec![("p".to_owned(), "k".to_owned(), Value::None)];
    shown.push_str(&format!("{}\n", site.error()));
    site.overrides.plugin_options = Vec::new();
    site.overrides.macros = vec![("%x".to_owned(), String::new())];
    shown.push_str(&format!("{}\n", site.error()));
    insta::assert_snapshot!(shown, @r"
    5 Bad option for '--enable-plugin=nothing'. Expecting one of: ['tmpfs', 'root_cache', 'yum_cache', 'mount', 'bind_mount', 'ccache', 'selinux', 'nofsync', 'noverify', 'package_cache', 'package_state', 'chroot_scan', 'lvm_root', 'compress_logs', 'sign', 'pm_request', 'hw_info', 'procenv', 'showrc', 'rpkg_preprocessor', 'rpmautospec', 'buildroot_lock', 'export_buildroot_image', 'unbreq', 'expand_spec', 'system_monitor', 'overlayfs']
    5 Bad option for '--plugin-option' (p:k).  No such plugin: p
    5 Bad macros 'config_opts['macros']['%x'] = ['']'
    ");
}

#[test]
fn what_the_host_must_emulate() {
    let legal = "legal_host_arches = [\"ppc64le\"]\n";
    let table = [
        ("target_arch = \"ppc64le\"\n", None),
        ("legal_host_arches = [\"i686\", \"x86_64\"]\n", None),
        // Asked for: also where it could be built natively.
        (
            "forcearch = \"i686\"\n",
            Some("i686 false /usr/bin/qemu-i386-static 1"),
        ),
        (
            "target_arch = \"ppc64le\"\nLEGAL",
            Some("ppc64le true /usr/bin/qemu-ppc64le-static 10"),
        ),
        (
            "target_arch = \"armv7hl\"\nLEGAL[rpmbuild]\narch = \"noarch\"\n",
            Some("armv7hl true /usr/bin/qemu-arm-static 10"),
        ),
        (
            "target_arch = \"i386\"\nLEGAL[rpmbuild]\narch = \"s390x\"\n",
            Some("s390x true /usr/bin/qemu-s390x-static 10"),
        ),
        (
            "target_arch = \"i386\"\nforcearch = \"s390x\"\nLEGAL",
            Some("s390x false /usr/bin/qemu-s390x-static 10"),
        ),
    ];
    for (lines, expected) in table {
        let text = format!("[chroot]\nname = \"a\"\n{}", lines.replace("LEGAL", legal));
        let config = Site::new(&[("etc/a.toml", &text)]).load().unwrap().config;
        let factor = config.rpmbuild.macros.get("%_platform_multiplier");
        let chroot = &config.chroot;
        let found = chroot.forcearch.as_ref().map(|arch| {
            let emulator = chroot.emulator.as_deref().unwrap().display();
            let factor = factor.cloned().flatten().unwrap_or("1".to_owned());
            format!("{arch} {} {emulator} {factor}", chroot.forced_by_host)
        });
        assert_eq!(found.as_deref(), expected, "{lines}");
    }
}

/// How commands are isolated, in both words for it.
#[test]
fn isolation() {
    use super::IsolationKind::{Auto, Nspawn, Simple};
    let table = [
        ("", Auto, false, None),
        ("use_nspawn = true\n", Nspawn, true, None),
        ("use_nspawn = false\n", Simple, true, None),
        (
            "use_nspawn = true\nkind = \"simple\"\n",
            Simple,
            false,
            None,
        ),
        ("use_nspawn = true\nkind = \"auto\"\n", Auto, false, None),
        (
            "kind = \"nspawn\"\ndev_loop_count = 2\n",
            Nspawn,
            false,
            Some(2),
        ),
        // The default, but somebody said it.
        ("dev_loop_count = 12\n", Auto, false, Some(12)),
    ];
    for (lines, kind, obsolete, loops) in table {
        let text = format!("[chroot]\nname = \"a\"\n[isolation]\n{lines}");
        let loaded = Site::new(&[("etc/a.toml", &text)]).load().unwrap();
        assert_eq!(loaded.warnings, [""; 0], "{lines}");
        let found = loaded.config.isolation;
        assert_eq!(
            (found.kind, found.by_use_nspawn, found.loop_devices),
            (kind, obsolete, loops),
            "{lines}"
        );
        assert_eq!(found.nspawn_args.foreign, [""; 0]);
        assert_eq!(found.nspawn_args.given, ["--capability=cap_ipc_lock"]);
    }
}

#[test]
fn wrong_values_about_isolation_and_emulation() {
    let table = [
        "kind = \"docker\"",
        "kind = 3",
        "use_nspawn = \"perhaps\"",
        "nspawn_args = [\"--bind=x\"]",
        "nspawn_args = [\"/bin/sh\"]",
        "nspawn_args = [[\"--bind=/x\"]]",
        "nspawn_args = [\"--boot\"]",
        "dev_loop_count = -1",
        "dev_loop_count = 1000000",
        "seccomp = \"some\"",
        "internal_dev_setup = []",
        "[chroot]\nforcearch = []",
        "[chroot]\nlegal_host_arches = 5",
        "[chroot]\nqemu_user_static_mapping = \"arm\"",
    ];
    let mut shown = String::new();
    for line in table {
        let text = match line.strip_prefix("[chroot]\n") {
            Some(line) => format!("[chroot]\nname = \"a\"\n{line}\n"),
            None => format!("[chroot]\nname = \"a\"\n[isolation]\n{line}\n"),
        };
        let site = Site::new(&[("etc/a.toml", &text)]);
        let text = match site.load() {
            Ok(_) => "good".to_owned(),
            Err(error) => site.shown(&error),
        };
        shown.push_str(&format!("{text}\n"));
    }
    insta::assert_snapshot!(shown, @r#"
    3 /etc/a.toml:4:8: kind: expected one of auto, simple, nspawn or none, found the string "docker"
     --> /etc/a.toml:4:8
      |
    4 | kind = "docker"
      |        ^^^^^^^^
    3 /etc/a.toml:4:8: kind: expected one of auto, simple, nspawn or none, found the integer 3
     --> /etc/a.toml:4:8
      |
    4 | kind = 3
      |        ^
    3 /etc/a.toml:4:14: use_nspawn: expected boolean or none, found the string "perhaps"
     --> /etc/a.toml:4:14
      |
    4 | use_nspawn = "perhaps"
      |              ^^^^^^^^^
    3 /etc/a.toml:4: nspawn_args: --bind=x: expected absolute paths, /HOST[:/INSIDE]
    3 /etc/a.toml:4: nspawn_args: '/bin/sh' is no option of systemd-nspawn
    3 /etc/a.toml:4:15: nspawn_args: expected list of strings, found a list
     --> /etc/a.toml:4:15
      |
    4 | nspawn_args = [["--bind=/x"]]
      |               ^^^^^^^^^^^^^^^
    3 /etc/a.toml:4: nspawn_args: --boot cannot be given: mock itself says which program runs where, and as whom
    3 /etc/a.toml:4: dev_loop_count: expected integer of zero or more, found -1
    3 /etc/a.toml:4: dev_loop_count: there can be 4096 at most
    3 /etc/a.toml:4:11: seccomp: expected boolean, found the string "some"
     --> /etc/a.toml:4:11
      |
    4 | seccomp = "some"
      |           ^^^^^^
    3 /etc/a.toml:4:22: internal_dev_setup: expected boolean, found a list
     --> /etc/a.toml:4:22
      |
    4 | internal_dev_setup = []
      |                      ^^
    3 /etc/a.toml:3:13: forcearch: expected string or none, found a list
     --> /etc/a.toml:3:13
      |
    3 | forcearch = []
      |             ^^
    3 /etc/a.toml:3:21: legal_host_arches: expected list of strings or string, found the integer 5
     --> /etc/a.toml:3:21
      |
    3 | legal_host_arches = 5
      |                     ^
    3 /etc/a.toml:3:28: qemu_user_static_mapping: expected table of strings, found the string "arm"
     --> /etc/a.toml:3:28
      |
    3 | qemu_user_static_mapping = "arm"
      |                            ^^^^^
    "#);
}

#[test]
fn the_listing() {
    let site = Site::new(&[
        (
            "etc/b.toml",
            "[chroot]\nname = \"b\"\ndescription = \"B {{ target_arch }}\"\n",
        ),
        ("etc/a.toml", "[chroot\n"),
        ("etc/templates/t.toml", ""),
        ("home/.config/mock/own.toml", "[chroot]\nname = \"own\"\n"),
    ]);
    let listing = super::list::list_chroots(&site.search(), &cfg::Host::default()).unwrap();
    insta::assert_snapshot!(listing, @r"
    config name                        description
    Global configs:
    a                                  error during parsing the config file
    b                                  B i386
    Custom configs:
    own
    ");
}

#[test]
fn a_table_cannot_be_replaced_by_something_else() {
    for key in ["plugin_conf", "macros", "environment"] {
        let mut site = Site::new(&[("etc/a.toml", MINIMAL)]);
        site.overrides.set = vec![(key.to_owned(), Value::Int(1))];
        let error = site.load().map(|_| ()).map_err(|error| error.to_string());
        assert_eq!(
            error,
            Err(format!("command line: {key}: expected table, found 1"))
        );
    }
}
