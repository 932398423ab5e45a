//! Every configuration in `configs/` loads, without a warning.

use std::path::{Path, PathBuf};

use super::{Defaults, Loaded, Overrides, Request, Search, cfg, layers, load};

fn configs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("configs")
}

fn load_shipped(name: &str) -> Loaded {
    let overrides = Overrides {
        root: name.to_owned(),
        ..Overrides::default()
    };
    let request = Request {
        overrides: &overrides,
        search: Search {
            program: "mock".to_owned(),
            config_dirs: vec![configs()],
            home: None,
            cwd: "/".into(),
        },
        defaults: Defaults::of_root(),
        host: cfg::Host {
            home: "/home/me".into(),
            cwd: "/".into(),
            ..cfg::Host::default()
        },
        host_arch: "x86_64".to_owned(),
        bootstrap: true,
    };
    load(&request).unwrap_or_else(|error| panic!("{name}: {error} {:?}", error.hint()))
}

#[test]
fn mini() {
    let config = load_shipped("mini-x86_64").config;
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
    user_agent=Mock (mini-x86_64; x86_64)

    [mini]
    name=mini
    baseurl=file:///var/tmp/mock-minidistro/repo
    gpgcheck=0
    ");
}

#[test]
fn fedora() {
    let config = load_shipped("fedora-43-aarch64").config;
    let (_, repos) = config
        .packages
        .dnf_conf
        .split_once("\n\n")
        .unwrap_or_default();
    let first = repos.split("[updates-testing]").next().unwrap_or_default();
    insta::assert_snapshot!(first, @r"
    [local]
    name=local
    baseurl=https://kojipkgs.fedoraproject.org/repos/f43-build/latest/$basearch/
    cost=2000
    enabled=0
    skip_if_unavailable=0

    [fedora]
    name=fedora
    metalink=https://mirrors.fedoraproject.org/metalink?repo=fedora-$releasever&arch=$basearch
    gpgkey=file:///usr/share/distribution-gpg-keys/fedora/RPM-GPG-KEY-fedora-43-primary
    gpgcheck=1
    skip_if_unavailable=0

    [updates]
    name=updates
    metalink=https://mirrors.fedoraproject.org/metalink?repo=updates-released-f$releasever&arch=$basearch
    gpgkey=file:///usr/share/distribution-gpg-keys/fedora/RPM-GPG-KEY-fedora-43-primary
    gpgcheck=1
    skip_if_unavailable=0
    ");
}

/// Identifiers of the repositories of a `dnf.conf` that are enabled.
fn enabled_repos(conf: &str) -> Vec<&str> {
    let sections = conf.split("\n[").skip(1);
    let enabled = sections.filter(|section| !section.contains("\nenabled=0"));
    enabled
        .filter_map(|section| section.split(']').next())
        .collect()
}

#[test]
fn all_load_without_warnings() {
    let mut table = String::new();
    for (name, _) in layers::configs_in(&configs()) {
        let loaded = load_shipped(&name);
        let config = loaded.config;
        assert_eq!(loaded.warnings, Vec::<String>::new(), "{name}");
        assert_eq!(config.chroot.name, name);
        // A lockfile says what it is for.
        if name == "hermetic-build" {
            assert_eq!(config.chroot.target_arch, "x86_64");
            assert_eq!(enabled_repos(&config.packages.dnf_conf), ["offline"]);
            continue;
        }
        let arch = name.rsplit('-').next().unwrap_or_default();
        assert_eq!(config.chroot.target_arch, arch, "{name}");
        assert_eq!(
            config.chroot.legal_host_arches.as_deref(),
            Some(&[arch.to_owned()][..])
        );
        assert!(!config.packages.dnf_conf.contains(['{', '}']), "{name}");
        assert!(config.description.is_some(), "{name}");
        if arch == "x86_64" {
            table.push_str(&format!(
                "{name}: {:?} {} {}\n",
                config.packages.package_manager,
                config.chroot.releasever.unwrap_or_default(),
                enabled_repos(&config.packages.dnf_conf).join(" ")
            ));
        }
    }
    insta::assert_snapshot!(table, @r"
    almalinux+epel-10-x86_64: Dnf4 10 baseos appstream crb extras epel
    almalinux+epel-9-x86_64: Dnf4 9 baseos appstream crb extras epel
    almalinux-10-x86_64: Dnf4 10 baseos appstream crb extras
    almalinux-9-x86_64: Dnf4 9 baseos appstream crb extras
    centos-stream+epel-10-x86_64: Dnf4 10 baseos appstream crb extras-common epel
    centos-stream+epel-9-x86_64: Dnf4 9 baseos appstream crb extras-common epel
    centos-stream-10-x86_64: Dnf4 10 baseos appstream crb extras-common
    centos-stream-9-x86_64: Dnf4 9 baseos appstream crb extras-common
    fedora-42-x86_64: Dnf5 42 fedora updates
    fedora-43-x86_64: Dnf5 43 fedora updates
    fedora-44-x86_64: Dnf5 44 fedora updates
    fedora-rawhide-x86_64: Dnf5 rawhide fedora
    mini-x86_64: Dnf4 1 mini
    opensuse-tumbleweed-x86_64: Dnf5 0 opensuse-tumbleweed-oss
    rocky+epel-10-x86_64: Dnf4 10 baseos appstream crb extras epel
    rocky+epel-9-x86_64: Dnf4 9 baseos appstream crb extras epel
    rocky-10-x86_64: Dnf4 10 baseos appstream crb extras
    rocky-9-x86_64: Dnf4 9 baseos appstream crb extras
    ");
}

#[test]
fn an_alias_gives_advice() {
    let search = Search {
        program: "mock".to_owned(),
        config_dirs: vec![configs()],
        home: Some("/nonexistent".into()),
        cwd: "/".into(),
    };
    let error = layers::find("epel-9-aarch64", &search).unwrap_err();
    let hint = error.hint().unwrap_or_default();
    let hint = hint.replace(&configs().display().to_string(), "CONFIGS");
    insta::assert_snapshot!(format!("{error}\n{hint}"), @r"
    Mock config 'epel-9-aarch64' not found
    There are those alternatives:

    [1] centos-stream+epel-9-aarch64
        Use instead: mock -r centos-stream+epel-9-aarch64
        CentOS Stream 9: what goes into the next minor release of RHEL.
        Enable permanently by:
        $ mkdir -p ~/.config/mock
        $ ln -s CONFIGS/centos-stream+epel-9-aarch64.toml /nonexistent/.config/mock/epel-9-aarch64.toml

    [2] almalinux+epel-9-aarch64
        Use instead: mock -r almalinux+epel-9-aarch64
        AlmaLinux 9: compatible with the released RHEL.
        Enable permanently by:
        $ mkdir -p ~/.config/mock
        $ ln -s CONFIGS/almalinux+epel-9-aarch64.toml /nonexistent/.config/mock/epel-9-aarch64.toml

    [3] rocky+epel-9-aarch64
        Use instead: mock -r rocky+epel-9-aarch64
        Rocky Linux 9: compatible with the released RHEL.
        Enable permanently by:
        $ mkdir -p ~/.config/mock
        $ ln -s CONFIGS/rocky+epel-9-aarch64.toml /nonexistent/.config/mock/epel-9-aarch64.toml
    ");
}
