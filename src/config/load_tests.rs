//! Loading, from files on disk to a typed configuration.

use std::path::Path;

use super::test_site::{MINIMAL, Site};
use super::value::{Origin, Value};
use super::{Overrides, RepoSwitch, Request, cfg, load};

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
                basedir: "/home/me/roots".into(),
                cache_topdir: "/home/me/cache".into(),
            },
            host: cfg::Host::default(),
            host_arch: "x86_64".to_owned(),
            bootstrap: true,
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
fn a_command_with_a_template_is_edited_as_one_text() {
    let site = Site::new(&[
        (
            "etc/base.toml",
            "[vars]\nx = true\n[chroot]\nname = \"a\"\nsetup = \"install @{% if x %}b-{% endif %}c\"\n",
        ),
        (
            "etc/a.toml",
            "include = [\"base.toml\"]\n[chroot]\nsetup = { append = [\"ccache\"] }\n",
        ),
    ]);
    let packages = site.load().unwrap().config.packages;
    assert_eq!(packages.setup_cmd, ["install", "@b-c", "ccache"]);
}

#[test]
fn the_sites_defaults_hold_for_a_chroot_of_another_directory() {
    let site = Site::new(&[
        ("etc/site-defaults.toml", "[vars]\nword = \"site\"\n"),
        (
            "share/a.toml",
            "[chroot]\nname = \"a\"\ndescription = \"{{ word }}\"\n",
        ),
        ("share/site-defaults.toml", "[vars]\nword = \"shared\"\n"),
    ]);
    let mut search = site.search();
    search.config_dirs.push(site.dir.path().join("share"));
    let request = Request {
        overrides: &site.overrides,
        search,
        defaults: super::Defaults::of_root(),
        host: cfg::Host::default(),
        host_arch: "x86_64".to_owned(),
        bootstrap: true,
    };
    let config = load(&request).unwrap().config;
    assert_eq!(config.description.as_deref(), Some("site"));
}

#[test]
fn directories_in_the_older_style() {
    let site = Site::new(&[(
        "etc/a.toml",
        "[chroot]\nname = \"a\"\nresultdir = \"/r/%(root)s/%(target_arch)s\"\n",
    )]);
    let loaded = site.load().unwrap();
    assert_eq!(loaded.config.chroot.resultdir, Path::new("/r/a/i386"));
    insta::assert_snapshot!(site.warnings(), @"/etc/a.toml:3: resultdir uses '%(...)s', which is deprecated: write it as '/r/{{ root }}/{{ target_arch }}'");
}

#[test]
fn tables_and_text_of_dnf_conf_go_together() {
    let site = Site::new(&[
        (
            "etc/site-defaults.toml",
            "[dnf.main]\nproxy = \"http://p\"\n[dnf.repo.site]\nbaseurl = \"http://site/\"\n",
        ),
        (
            "etc/a.toml",
            "[chroot]\nname = \"a\"\n[dnf]\nconf = '''\n[main]\nx=1\nproxy=\n http://old\ny=2\n[own]\nbaseurl=http://own/\nenabled=1\n'''\n",
        ),
        (
            "home/.config/mock.toml",
            "[dnf.repo.mine]\nbaseurl = \"http://mine/\"\n[dnf.repo.own]\nenabled = false\n",
        ),
    ]);
    insta::assert_snapshot!(site.load().unwrap().config.packages.dnf_conf, @r"
    [main]
    proxy=http://p
    x=1
    y=2
    [own]
    enabled=0
    baseurl=http://own/

    [site]
    name=site
    baseurl=http://site/

    [mine]
    name=mine
    baseurl=http://mine/
    ");
}

#[test]
fn a_run_has_a_name_of_its_own() {
    let text = "config_opts['root'] = 'a'\nconfig_opts['dnf.conf'] = '{{ mock_run_uuid }}'\n";
    let site = Site::new(&[("etc/a.cfg", text)]);
    let id = site.load().unwrap().config.packages.dnf_conf;
    let parts: Vec<usize> = id.split('-').map(str::len).collect();
    assert_eq!(parts, [8, 4, 4, 4, 12], "{id}");
    let text = format!("{text}config_opts['mock_run_uuid'] = 'mine'\n");
    let site = Site::new(&[("etc/a.cfg", &text)]);
    assert_eq!(site.load().unwrap().config.packages.dnf_conf, "mine");
}
