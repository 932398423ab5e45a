//! Files of the original's format, from disk to a typed configuration, alone and beside TOML.

use super::test_site::{MINIMAL, Site};
use super::value::Value;

/// In the manner of the configurations that Koji writes for its builders.
const KOJI: &str = r#"
config_opts['basedir'] = '/var/lib/mock'
config_opts['chroot_setup_cmd'] = 'groupinstall build'
config_opts['chroothome'] = '/builddir'
config_opts['dnf_warning'] = False
config_opts['package_manager'] = 'dnf5'
config_opts['root'] = 'f43-build-1-2'
config_opts['rpmbuild_networking'] = False
config_opts['rpmbuild_timeout'] = 86400
config_opts['target_arch'] = 'x86_64'
config_opts['use_bootstrap'] = False
config_opts['use_host_resolv'] = False
config_opts['dnf.conf'] = '[main]\ncachedir=/var/cache/yum\nreposdir=/dev/null\n\n[build]\nname=build\nbaseurl=http://koji/repos/f43/1/x86_64\n'
config_opts['plugin_conf']['ccache_enable'] = False
config_opts['plugin_conf']['root_cache_enable'] = False
config_opts['plugin_conf']['yum_cache_enable'] = False
config_opts['plugin_conf']['bind_mount_opts']['dirs'].append(('/a', '/b'))
config_opts['macros']['%_host'] = 'x86_64-koji-linux-gnu'
config_opts['macros']['vendor'] = 'Koji'
config_opts['environment']['LANG'] = 'C'
"#;

#[test]
fn a_koji_configuration() {
    let site = Site::new(&[("etc/a.cfg", KOJI)]);
    let loaded = site.load().unwrap();
    assert_eq!(loaded.warnings, Vec::<String>::new());
    let config = loaded.config;
    assert_eq!(config.chroot.name, "f43-build-1-2");
    assert_eq!(config.packages.setup_cmd, ["groupinstall", "build"]);
    assert_eq!(
        config.packages.package_manager,
        super::PackageManagerKind::Dnf5
    );
    assert_eq!(config.rpmbuild.timeout.unwrap().as_secs(), 86400);
    assert_eq!(config.rpmbuild.macros["%vendor"].as_deref(), Some("Koji"));
    assert_eq!(config.rpmbuild.environment["LANG"], "C");
    let pair = Value::Tuple(vec!["/a".into(), "/b".into()]);
    assert_eq!(
        config.plugins["bind_mount"].options["dirs"],
        Value::List(vec![pair])
    );
    let place = loaded
        .options
        .origin(&["macros", "%_host"])
        .unwrap()
        .to_string();
    assert_eq!(site.clean(&place), "/etc/a.cfg:18");
}

#[test]
fn the_users_toml_adds_to_a_cfg_and_a_cfg_to_toml() {
    let site = Site::new(&[
        ("etc/a.cfg", KOJI),
        (
            "home/.config/mock.toml",
            "[chroot]\nsetup = { append = [\"ccache\"] }\n[dnf.repo.build]\nenabled = false\n\
             [dnf.repo.mine]\nbaseurl = \"http://mine/\"\n",
        ),
    ]);
    let packages = site.load().unwrap().config.packages;
    assert_eq!(packages.setup_cmd, ["groupinstall", "build", "ccache"]);
    insta::assert_snapshot!(packages.dnf_conf, @r"
    [main]
    cachedir=/var/cache/yum
    reposdir=/dev/null

    [build]
    enabled=0
    name=build
    baseurl=http://koji/repos/f43/1/x86_64

    [mine]
    name=mine
    baseurl=http://mine/
    ");

    let site = Site::new(&[
        (
            "etc/site-defaults.cfg",
            "config_opts['macros']['%packager'] = 'me'\n",
        ),
        (
            "etc/a.toml",
            &format!("{MINIMAL}[dnf.repo.r]\nbaseurl = \"http://r/\"\n"),
        ),
        (
            "home/.config/mock.cfg",
            "config_opts['dnf.conf'] += \"\"\"\n[tail]\nbaseurl=http://tail/\n\"\"\"\n\
             config_opts['chroot_setup_cmd'] += ('ccache',)\n",
        ),
        (
            "home/.config/mock.toml",
            "[dnf.repo.last]\nbaseurl = \"http://last/\"\n",
        ),
    ]);
    let config = site.load().unwrap().config;
    assert_eq!(config.rpmbuild.macros["%packager"].as_deref(), Some("me"));
    assert_eq!(
        config.packages.setup_cmd,
        ["groupinstall", "buildsys-build", "ccache"]
    );
    let (_, repos) = config.packages.dnf_conf.split_once("\n\n").unwrap();
    insta::assert_snapshot!(repos, @r"
    [r]
    name=r
    baseurl=http://r/

    [last]
    name=last
    baseurl=http://last/

    [tail]
    baseurl=http://tail/
    ");
}

#[test]
fn a_toml_file_includes_a_cfg() {
    let site = Site::new(&[
        ("etc/base.cfg", KOJI),
        (
            "etc/a.toml",
            "include = [\"base.cfg\"]\n[rpmbuild]\ntimeout = 5\n",
        ),
    ]);
    let config = site.load().unwrap().config;
    assert_eq!(config.chroot.name, "f43-build-1-2");
    assert_eq!(config.rpmbuild.timeout.unwrap().as_secs(), 5);
    assert_eq!(config.config_paths.len(), 2);
}

#[test]
fn what_has_no_effect_or_is_wrong_is_said_with_its_line() {
    let site = Site::new(&[(
        "etc/a.cfg",
        "config_opts['root'] = 'a'\nconfig_opts['use_bootstrap'] = True\n\
         config_opts['plugin_conf']['ccache_enable'] = True\n\
         config_opts['plugin_conf']['nothing_enable'] = True\n\
         config_opts['chroot_setup_cdm'] = 'x'\nconfig_opts['dist'] = 'x'\n",
    )]);
    insta::assert_snapshot!(site.warnings(), @r"
    /etc/a.cfg:3: plugin ccache is not supported yet: compilers run uncached
    /etc/a.cfg:4: nothing plugin is enabled in configuration but is not installed
    /etc/a.cfg:5: unknown key chroot_setup_cdm (did you mean chroot_setup_cmd?)
    ");
    let site = Site::new(&[(
        "etc/a.cfg",
        "config_opts['root'] = 'a'\n\nconfig_opts['rpmbuild_timeout'] = 'soon'\n",
    )]);
    insta::assert_snapshot!(site.error(), @"3 /etc/a.cfg:3: rpmbuild_timeout: expected integer of zero or more, found 'soon'");
}

#[test]
fn the_printed_configuration_reads_back() {
    let text = format!("{KOJI}config_opts['files']['etc/x'] = \"a\\n'b'\\\\\\t\\\"\"\n");
    let site = Site::new(&[("etc/a.cfg", &text)]);
    let first = site.load().unwrap();
    let printed = super::debug::render(&first.options, true);
    fs_err::write(site.path("etc/a.cfg"), &printed).unwrap();
    let second = site.load().unwrap();
    assert_eq!(
        super::debug::render(&first.options, false),
        super::debug::render(&second.options, false)
    );
}
