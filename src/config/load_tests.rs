//! Loading, from files on disk to what a person reads.

use std::path::Path;

use super::value::{Origin, Value};
use super::{Loaded, Overrides, RepoSwitch, Request, Search, cfg, load};
use crate::error::{Error, Result};

/// A directory of configurations, and a home.
struct Site {
    dir: tempfile::TempDir,
    overrides: Overrides,
}

impl Site {
    fn new(files: &[(&str, &str)]) -> Self {
        let site = Self {
            dir: tempfile::tempdir().unwrap(),
            overrides: Overrides {
                root: "a".to_owned(),
                ..Overrides::default()
            },
        };
        for (name, text) in files {
            let path = site.dir.path().join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
        }
        site
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    fn search(&self) -> Search {
        Search {
            config_dirs: vec![self.dir.path().join("etc")],
            home: Some(self.dir.path().join("home")),
            cwd: self.dir.path().to_owned(),
        }
    }

    fn load(&self) -> Result<Loaded> {
        load(&Request {
            overrides: &self.overrides,
            search: self.search(),
            defaults: Default::default(),
            host: cfg::Host {
                uid: 1000,
                home: self.dir.path().join("home"),
                cwd: self.dir.path().to_owned(),
                hostname: "builder.example.org".to_owned(),
                environment: [("http_proxy".to_owned(), "http://proxy".to_owned())].into(),
                ..cfg::Host::default()
            },
            host_arch: "x86_64".to_owned(),
        })
    }

    /// Everything a person would see of an error, with the directory's name taken out.
    fn shown(&self, error: &Error) -> String {
        let mut text = format!("{} {error}", error.exit_code());
        if let Error::Config {
            excerpt: Some(excerpt),
            ..
        } = error
        {
            text.push_str(&format!("\n{excerpt}"));
        }
        if let Some(hint) = error.hint() {
            text.push_str(&format!("\nhint: {hint}"));
        }
        let lines = text.lines().map(str::trim_end).collect::<Vec<_>>();
        self.clean(&lines.join("\n"))
    }

    fn clean(&self, text: &str) -> String {
        text.replace(&self.dir.path().display().to_string(), "")
    }

    fn error(&self) -> String {
        match self.load() {
            Ok(loaded) => format!("no error {:?}", loaded.warnings),
            Err(error) => self.shown(&error),
        }
    }

    fn warnings(&self) -> String {
        self.clean(&self.load().unwrap().warnings.join("\n"))
    }
}

const MINIMAL: &str = "[chroot]\nname = \"a\"\n";

#[test]
fn files_override_each_other_in_the_originals_order() {
    let set =
        |value: &str| format!("[chroot]\ndescription = \"{value}\"\n[vars]\nseen_{value} = 1\n");
    let site = Site::new(&[
        ("etc/site-defaults.toml", &set("site")),
        (
            "etc/a.toml",
            &format!(
                "{MINIMAL}{}",
                set("chroot").trim_start_matches("[chroot]\n")
            ),
        ),
        ("home/.mock/user.toml", &set("user")),
        ("home/.config/mock.toml", &set("mock")),
    ]);
    let loaded = site.load().unwrap();
    assert_eq!(loaded.config.description.as_deref(), Some("mock"));
    let seen = loaded
        .options
        .values
        .keys()
        .filter(|key| key.starts_with("seen_"));
    let seen = seen.map(String::as_str).collect::<Vec<_>>();
    assert_eq!(seen, ["seen_site", "seen_chroot", "seen_user", "seen_mock"]);
    let names = loaded
        .config
        .config_paths
        .iter()
        .map(|path| site.clean(&path.display().to_string()));
    assert_eq!(
        names.collect::<Vec<_>>(),
        [
            "/etc/site-defaults.toml",
            "/etc/a.toml",
            "/home/.mock/user.toml",
            "/home/.config/mock.toml"
        ]
    );
    assert_eq!(
        loaded.options.origin(&["description"]),
        Some(&Origin::File {
            path: std::sync::Arc::new(site.dir.path().join("home/.config/mock.toml")),
            line: 2
        })
    );
}

#[test]
fn a_name_is_looked_for_at_home_first_and_a_path_where_one_stands() {
    let mut site = Site::new(&[
        ("etc/a.toml", MINIMAL),
        ("home/.config/mock/a.toml", "[chroot]\nname = \"of-home\"\n"),
        ("b.toml", "[chroot]\nname = \"of-cwd\"\n"),
    ]);
    assert_eq!(site.load().unwrap().config.chroot.name, "of-home");
    site.overrides.root = "b.toml".to_owned();
    let config = site.load().unwrap().config;
    assert_eq!(
        (config.chroot.name.as_str(), config.config_name.as_str()),
        ("of-cwd", "b")
    );
}

#[test]
fn includes_merge_tables_and_edit_lists() {
    let site = Site::new(&[
        (
            "etc/templates/base.toml",
            r#"
[chroot]
name = "{{ word }}-{{ target_arch }}"
setup = "install one two"
[vars]
word = "base"
[packages.dnf4]
disable_plugins = ["x", "y"]
[packages.more_buildreqs]
pkg = ["p"]
[macros]
plain = "1"
[dnf.repo.r]
baseurl = ["http://a/", "http://b/"]
excludepkgs = ["k*", "l"]
[dnf.repo.only-x86]
when = 'target_arch == "x86_64"'
baseurl = "http://x/"
"#,
        ),
        (
            "etc/a.toml",
            r#"
include = ["templates/base.toml"]
[vars]
word = "mine"
[chroot]
target_arch = "s390x"
setup = { append = ["three"], remove = ["one"] }
[packages.dnf4]
disable_plugins = { prepend = ["w"], remove = ["y"] }
[packages.more_buildreqs]
pkg = { append = ["q"] }
other = "single"
[macros]
"%number" = 5
[dnf.main]
best = false
proxy = "http://p"
[dnf.repo.r]
enabled = false
baseurl = { remove = ["http://a/"] }
[dnf]
extra = "[last]\nbaseurl=file:///x\n"
"#,
        ),
    ]);
    let loaded = site.load().unwrap();
    assert_eq!(loaded.warnings, Vec::<String>::new());
    let config = loaded.config;
    assert_eq!(config.chroot.name, "mine-s390x");
    assert_eq!(config.packages.setup_cmd, ["install", "two", "three"]);
    assert_eq!(config.packages.dnf4.disable_plugins, ["w", "x"]);
    assert_eq!(config.packages.more_buildreqs["pkg"], ["p", "q"]);
    assert_eq!(config.packages.more_buildreqs["other"], ["single"]);
    assert_eq!(config.rpmbuild.macros["%plain"].as_deref(), Some("1"));
    assert_eq!(config.rpmbuild.macros["%number"].as_deref(), Some("5"));
    assert_eq!(
        config.rpmbuild.macros["%_buildhost"].as_deref(),
        Some("builder.example.org")
    );
    let (_, tail) = config.packages.dnf_conf.split_once("best").unwrap();
    insta::assert_snapshot!(tail, @r"
    =0
    install_weak_deps=0
    protected_packages=
    user_agent=Mock (mine-s390x; s390x)
    proxy=http://p

    [r]
    name=r
    baseurl=http://b/
    excludepkgs=k* l
    enabled=0


    [last]
    baseurl=file:///x
    ");
}

#[test]
fn the_command_line_overrides() {
    let mut site = Site::new(&[(
        "etc/a.toml",
        "[chroot]\nname = \"a\"\ncleanup_on_failure = true\n[vars]\nwhere = \"{{ basedir }}\"\n",
    )]);
    site.overrides = Overrides {
        root: "a".to_owned(),
        set: vec![
            ("unique-ext".to_owned(), "x".into()),
            ("resultdir".to_owned(), "~/r/{{ root }}".into()),
            ("rpmbuild_timeout".to_owned(), Value::Int(60)),
            ("dnf_command".to_owned(), "/opt/dnf".into()),
            ("check".to_owned(), "False".into()),
        ],
        macros: vec![("with_x".to_owned(), "1".to_owned())],
        disable_plugins: vec!["hw_info".to_owned()],
        plugin_options: vec![(
            "bind_mount".to_owned(),
            "dirs".to_owned(),
            Value::List(vec![]),
        )],
        repo_switches: vec![RepoSwitch::Disable("r".to_owned())],
        addrepos: vec!["https://h/a/b".to_owned(), "http://h/a/b".to_owned()],
        ..Overrides::default()
    };
    let loaded = site.load().unwrap();
    let config = loaded.config;
    let home = site.path("home/r/a-x");
    assert_eq!(config.chroot.name, "a-x");
    assert_eq!(config.chroot.shared_name, "a");
    assert_eq!(config.chroot.rootdir, Path::new("/var/lib/mock/a-x/root"));
    assert_eq!(config.chroot.resultdir, Path::new(&home));
    assert!(config.chroot.cleanup_on_failure);
    assert_eq!(
        config.rpmbuild.timeout,
        Some(std::time::Duration::from_secs(60))
    );
    assert!(!config.rpmbuild.check);
    assert_eq!(config.rpmbuild.macros["%with_x"].as_deref(), Some("1"));
    assert_eq!(config.packages.dnf4.command, "/opt/dnf");
    assert_eq!(
        config.packages.repo_switches,
        [RepoSwitch::Disable("r".to_owned())]
    );
    assert!(!config.plugins["hw_info"].enable);
    assert_eq!(
        config.plugins["root_cache"].options["dir"],
        "/var/cache/mock/a/root_cache/".into()
    );
    assert_eq!(config.network.proxies["http_proxy"], "http://proxy");
    assert_eq!(config.users.chrootuid, None);
    insta::assert_snapshot!(config.packages.dnf_conf, @r"
    [main]
    keepcache=1
    system_cachedir=/var/cache/dnf
    debuglevel=2
    reposdir=/dev/null
    logfile=/var/log/yum.log
    retries=20
    obsoletes=1
    gpgcheck=0
    assumeyes=1
    syslog_ident=mock
    syslog_device=
    metadata_expire=0
    mdpolicy=group:primary
    best=1
    install_weak_deps=0
    protected_packages=
    user_agent=Mock (a-x; i386)

    [h_a_b]
    name=https://h/a/b
    baseurl=https://h/a/b
    enabled=1
    skip_if_unavailable=0
    metadata_expire=0
    gpgcheck=0
    cost=1
    best=1
    module_hotfixes=true

    [h_a_b_1]
    name=http://h/a/b
    baseurl=http://h/a/b
    enabled=1
    skip_if_unavailable=0
    metadata_expire=0
    gpgcheck=0
    cost=1
    best=1
    module_hotfixes=true
    ");
}

#[test]
fn results_inside_the_root_are_kept() {
    let site = Site::new(&[("etc/a.toml", MINIMAL)]);
    let chroot = site.load().unwrap().config.chroot;
    assert_eq!(chroot.resultdir, Path::new("/var/lib/mock/a/result"));
    assert!(!chroot.cleanup_on_success && !chroot.cleanup_on_failure);
}

#[test]
fn directories_of_a_caller_without_privileges_yield_to_a_configuration() {
    let load_with = |text: &str| {
        let site = Site::new(&[("etc/a.toml", text)]);
        let config = load(&Request {
            overrides: &site.overrides,
            search: site.search(),
            defaults: super::Defaults {
                basedir: Some("/home/me/roots".into()),
                cache_topdir: Some("/home/me/cache".into()),
            },
            host: cfg::Host::default(),
            host_arch: "x86_64".to_owned(),
        });
        let chroot = config.unwrap().config.chroot;
        format!(
            "{} {}",
            chroot.basedir.display(),
            chroot.cache_topdir.display()
        )
    };
    assert_eq!(load_with(MINIMAL), "/home/me/roots /home/me/cache");
    let chosen = format!("{MINIMAL}basedir = \"/srv\"\n");
    assert_eq!(load_with(&chosen), "/srv /home/me/cache");
}

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
nosync = true
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
    /etc/a.toml:29: unknown key strange
    /etc/a.toml:24: nosync is not supported yet: data is synchronised
    /etc/a.toml:19: use_bootstrap is not supported yet: the host's package manager installs the packages
    /etc/a.toml:14: plugin ccache is not supported yet: compilers run uncached
    /etc/a.toml:25: isolation with nspawn is not supported yet: mock's own sandbox is used
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
    5 Bad option for '--enable-plugin=nothing'. Expecting one of: ['tmpfs', 'root_cache', 'yum_cache', 'mount', 'bind_mount', 'ccache', 'selinux', 'package_state', 'chroot_scan', 'lvm_root', 'compress_logs', 'sign', 'pm_request', 'hw_info', 'procenv', 'showrc', 'rpkg_preprocessor', 'rpmautospec', 'buildroot_lock', 'export_buildroot_image', 'unbreq', 'expand_spec', 'system_monitor', 'overlayfs']
    5 Bad option for '--plugin-option' (p:k).  No such plugin: p
    5 Bad macros 'config_opts['macros']['%x'] = ['']'
    ");
}

#[test]
fn the_hosts_architecture() {
    let site = Site::new(&[(
        "etc/a.toml",
        "[chroot]\nname = \"a\"\ntarget_arch = \"ppc64le\"\nlegal_host_arches = [\"ppc64le\"]\n",
    )]);
    let mut config = site.load().unwrap().config;
    let mut shown = String::new();
    for arch in ["ppc64le", "x86_64", "pdp11"] {
        let checked = super::check_host_arch(&config, arch);
        let text = checked.map_or_else(|error| site.shown(&error), |()| "good".to_owned());
        shown.push_str(&format!("{arch}: {text}\n"));
    }
    config.chroot.forcearch = Some("ppc64le".to_owned());
    assert!(super::check_host_arch(&config, "x86_64").is_ok());
    insta::assert_snapshot!(shown, @r"
    ppc64le: good
    x86_64: 6 cannot build for ppc64le on this host: its architecture is x86_64, and a needs one of ppc64le
    hint: --forcearch ppc64le builds by emulation, with qemu-user-static on the host
    pdp11: 6 unknown host architecture 'pdp11': a needs one of ppc64le
    hint: --forcearch ppc64le builds by emulation, with qemu-user-static on the host
    ");
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
    let listing = super::list::list_chroots(&site.search(), &cfg::Host::default());
    insta::assert_snapshot!(listing, @r"
    config name                        description
    Global configs:
    a                                  error during parsing the config file
    b                                  B i386
    Custom configs:
    own
    ");
}
