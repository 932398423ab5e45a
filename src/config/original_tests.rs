//! A directory of the original's configurations, as it is installed: templates, aliases, releases
//! that ended, links, and what users add.

use super::test_site::Site;
use super::{Value, debug};

const TEMPLATE: &str = r#"config_opts['root'] = 'fedora-{{ releasever }}-{{ target_arch }}'

config_opts['description'] = 'Fedora {{ releasever }}'
# fedora 31+ isn't mirrored, we need to run from koji
config_opts['mirrored'] = config_opts['target_arch'] != 'i686'

config_opts['chroot_setup_cmd'] = 'install @{% if mirrored %}buildsys-{% endif %}build'

config_opts['dist'] = 'fc{{ releasever }}'  # only useful for --resultdir variable subst
config_opts['extra_chroot_dirs'] = [ '/run/lock', ]
config_opts['package_manager'] = 'dnf4'
if int(config_opts['releasever']) >= 41: config_opts['package_manager'] = 'dnf5'
config_opts['bootstrap_image'] = 'registry.fedoraproject.org/fedora:{{ releasever }}'

config_opts['dnf.conf'] = """
[main]
keepcache=1
debuglevel=2
reposdir=/dev/null
logfile=/var/log/yum.log
user_agent={{ user_agent }}

{%- macro rawhide_gpg_keys() -%}
file:///usr/share/distribution-gpg-keys/fedora/RPM-GPG-KEY-fedora-$releasever-primary
{%- for version in [releasever|int, releasever|int - 1] %} file:///keys/{{ version }}{% endfor %}
{%- endmacro %}

# repos
{% if mirrored %}
[fedora]
name=fedora
metalink=https://mirrors.fedoraproject.org/metalink?repo=fedora-$releasever&arch=$basearch
gpgkey={{ rawhide_gpg_keys() }}
{% else %}
[local]
name=local
baseurl=https://kojipkgs.fedoraproject.org/repos/f{{ releasever }}-build/latest/$basearch/
{% endif %}
"""
"#;

const ALIASES: &str = r#"config_opts["no-config"]["epel-9"] = {}
config_opts["no-config"]["epel-9"]["alternatives"] = {
    "alma+epel-9": {
        "description": [
            "Builds against AlmaLinux 9 repositories, together with "
            "the official EPEL repositories.",
            "Project page: https://almalinux.org/"
        ],
    },
    "gone+epel-9": {"description": ["Not installed."]},
}
"#;

fn installed() -> Site {
    let fedora = |release: &str, arch: &str| {
        format!(
            "config_opts['releasever'] = '{release}'\nconfig_opts['target_arch'] = '{arch}'\n\
             config_opts['legal_host_arches'] = ('{arch}',)\n\n\
             include('templates/fedora-branched.tpl')\n"
        )
    };
    let site = Site::new(&[
        (
            "etc/site-defaults.cfg",
            "# mock defaults\n# config_opts['x'] = 'y'\n",
        ),
        ("etc/chroot-aliases.cfg", ALIASES),
        ("etc/templates/fedora-branched.tpl", TEMPLATE),
        ("etc/fedora-43-x86_64.cfg", &fedora("43", "x86_64")),
        ("etc/fedora-40-i686.cfg", &fedora("40", "i686")),
        (
            "etc/alma+epel-9-x86_64.cfg",
            "include('templates/fedora-branched.tpl')\nconfig_opts['root'] = 'alma'\n",
        ),
        (
            "etc/eol/fedora-30-x86_64.cfg",
            "config_opts['macros'] = {}\nif 'macros' not in config_opts: config_opts['macros'] = {}\n\
             config_opts['macros']['%__arch_install_post'] = '%{nil}'\n\
             config_opts['target_arch'] = 'x86_64'\nconfig_opts['releasever'] = '30'\n\
             include('templates/fedora-branched.tpl')\nconfig_opts['yum.conf'] += \"\"\"\n[more]\nbaseurl=http://more/\n\"\"\"\n",
        ),
        (
            "etc/koji/f43-build.cfg",
            "config_opts['root'] = 'f43-build-1'\nconfig_opts['target_arch'] = 'noarch'\n",
        ),
    ]);
    let link = |target: &str, name: &str| {
        std::os::unix::fs::symlink(target, site.path(name)).unwrap();
    };
    link("fedora-43-x86_64.cfg", "etc/default.cfg");
    link("fedora-43-x86_64.cfg", "etc/fedora-rawhide-x86_64.cfg");
    site
}

#[test]
fn every_way_to_name_one() {
    let mut site = installed();
    for (root, name, manager) in [
        ("fedora-43-x86_64", "fedora-43-x86_64", "dnf5"),
        ("fedora-rawhide-x86_64", "fedora-43-x86_64", "dnf5"),
        ("fedora-40-i686", "fedora-40-i686", "dnf4"),
        ("default", "fedora-43-x86_64", "dnf5"),
        ("", "fedora-43-x86_64", "dnf5"),
        ("eol/fedora-30-x86_64", "fedora-30-x86_64", "dnf4"),
        ("etc/eol/fedora-30-x86_64.cfg", "fedora-30-x86_64", "dnf4"),
        ("./etc/fedora-40-i686.cfg", "fedora-40-i686", "dnf4"),
        ("koji/f43-build", "f43-build-1", "dnf"),
    ] {
        site.overrides.root = root.to_owned();
        let loaded = site.load().unwrap();
        assert_eq!(loaded.config.chroot.name, name, "{root}");
        let value = loaded.options.get(&["package_manager"]).unwrap();
        assert_eq!(*value, Value::from(manager), "{root}");
        let own = |warning: &String| !warning.contains("is not supported yet");
        assert!(!loaded.warnings.iter().any(own), "{:?}", loaded.warnings);
    }
}

#[test]
fn templates_expand_as_installed() {
    let mut site = installed();
    site.overrides.root = "fedora-43-x86_64".to_owned();
    let config = site.load().unwrap().config;
    assert_eq!(config.packages.setup_cmd, ["install", "@buildsys-build"]);
    assert_eq!(config.description.as_deref(), Some("Fedora 43"));
    insta::assert_snapshot!(config.packages.dnf_conf.trim(), @"
    [main]
    keepcache=1
    debuglevel=2
    reposdir=/dev/null
    logfile=/var/log/yum.log
    user_agent=Mock (fedora-43-x86_64; x86_64)

    # repos

    [fedora]
    name=fedora
    metalink=https://mirrors.fedoraproject.org/metalink?repo=fedora-$releasever&arch=$basearch
    gpgkey=file:///usr/share/distribution-gpg-keys/fedora/RPM-GPG-KEY-fedora-$releasever-primary file:///keys/43 file:///keys/42
    ");
    site.overrides.root = "eol/fedora-30-x86_64".to_owned();
    let config = site.load().unwrap().config;
    assert!(
        config
            .packages
            .dnf_conf
            .ends_with("[more]\nbaseurl=http://more/\n")
    );
    site.overrides.root = "fedora-40-i686".to_owned();
    let config = site.load().unwrap().config;
    assert_eq!(config.packages.setup_cmd, ["install", "@build"]);
    assert!(config.packages.dnf_conf.contains("/repos/f40-build/"));
}

#[test]
fn users_have_files_and_configurations_of_their_own() {
    let mut site = installed();
    for (name, text) in [
        (
            "home/.mock/user.cfg",
            "config_opts['a'] = 'user.cfg'\nconfig_opts['b'] = 'user.cfg'\n",
        ),
        ("home/.config/mock.cfg", "config_opts['b'] = 'mock.cfg'\n"),
        (
            "home/.config/mock/mine.cfg",
            "include('fedora-43-x86_64.cfg')\nconfig_opts['root'] = 'mine-' + config_opts['chroot_name']\n",
        ),
        (
            "home/.config/mock/default.cfg",
            "include('/etc/../../etc/nope.cfg') if False else include('fedora-40-i686.cfg')\n",
        ),
    ] {
        site.put(name, text);
    }
    site.overrides.root = "mine".to_owned();
    let loaded = site.load().unwrap();
    assert_eq!(loaded.config.chroot.name, "mine-mine");
    assert_eq!(loaded.options.get(&["a"]), Some(&"user.cfg".into()));
    assert_eq!(loaded.options.get(&["b"]), Some(&"mock.cfg".into()));
    let paths: Vec<String> = loaded
        .config
        .config_paths
        .iter()
        .map(|path| site.clean(&path.display().to_string()))
        .collect();
    assert_eq!(
        paths,
        [
            "/etc/site-defaults.cfg",
            "/etc/chroot-aliases.cfg",
            "/home/.config/mock/mine.cfg",
            "/etc/fedora-43-x86_64.cfg",
            "/etc/templates/fedora-branched.tpl",
            "/home/.mock/user.cfg",
            "/home/.config/mock.cfg",
        ]
    );
    site.overrides.root = "default".to_owned();
    assert_eq!(site.load().unwrap().config.chroot.name, "fedora-40-i686");
}

/// What cannot be looked into is not there, as for Koji's builder, whose home is root's.
#[test]
fn a_home_that_cannot_be_read() {
    let site = installed();
    // A file where the directory would be: the same for root, who may read everything.
    fs_err::write(site.path("home"), "").unwrap();
    let mut named = site;
    named.overrides.root = "koji/f43-build".to_owned();
    assert_eq!(named.load().unwrap().config.chroot.name, "f43-build-1");
}

#[test]
fn an_alias_advises() {
    let mut site = installed();
    site.overrides.root = "epel-9-x86_64".to_owned();
    insta::assert_snapshot!(site.error(), @"
    3 Mock config 'epel-9-x86_64' not found
    hint: There are those alternatives:

    [1] alma+epel-9-x86_64
        Use instead: mock -r alma+epel-9-x86_64
        Builds against AlmaLinux 9 repositories, together with the official EPEL repositories.
        Project page: https://almalinux.org/
        Enable permanently by:
        $ mkdir -p ~/.config/mock
        $ ln -s /etc/alma+epel-9-x86_64.cfg /home/.config/mock/epel-9-x86_64.cfg
    ");
    site.overrides.root = "epel-9-s390x".to_owned();
    insta::assert_snapshot!(site.error(), @"
    3 Could not find required config file: /etc/epel-9-s390x.cfg
    Non-existing Mock config 'epel-9-s390x'
    hint: mock --list-chroots lists all configurations
    ");
    site.overrides.root = "default2".to_owned();
    insta::assert_snapshot!(site.error(), @"
    3 Could not find required config file: /etc/default2.cfg
    Non-existing Mock config 'default2'
    hint: there is default
    mock --list-chroots lists all configurations
    ");
}

#[test]
fn the_listing_has_what_the_originals_has() {
    let site = installed();
    let listed = super::list::list_chroots(&site.search(), &Default::default()).unwrap();
    insta::assert_snapshot!(listed, @"
    config name                        description
    Global configs:
    alma+epel-9-x86_64                 error during parsing the config file
    default                            Fedora 43
    fedora-40-i686                     Fedora 40
    fedora-43-x86_64                   Fedora 43
    fedora-rawhide-x86_64              Fedora 43
    Custom configs:
    ");
}

/// Every one is printed as it reads back.
#[test]
fn all_of_them_print_and_read_back() {
    let mut site = installed();
    for root in ["fedora-43-x86_64", "eol/fedora-30-x86_64", "koji/f43-build"] {
        site.overrides.root = root.to_owned();
        let first = site.load().unwrap();
        let printed = debug::render(&first.options, true);
        fs_err::write(site.path("etc/printed.cfg"), &printed).unwrap();
        site.overrides.root = "printed".to_owned();
        let mut second = site.load().unwrap().options;
        for key in ["chroot_name", "config_file", "config_paths"] {
            second.values.shift_remove(key);
        }
        let mut options = first.options;
        for key in ["chroot_name", "config_file", "config_paths"] {
            options.values.shift_remove(key);
        }
        let printed = [options, second].map(|options| debug::render(&options, false));
        assert_eq!(printed[0], printed[1], "{root}");
    }
}
