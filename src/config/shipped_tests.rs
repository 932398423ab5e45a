//! Every configuration in `configs/` loads, without a warning.

use std::path::{Path, PathBuf};

use super::{Loaded, Overrides, Request, Search, cfg, layers, load};

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
            config_dirs: vec![configs()],
            home: None,
            cwd: "/".into(),
        },
        defaults: Default::default(),
        host: cfg::Host {
            home: "/home/me".into(),
            cwd: "/".into(),
            ..cfg::Host::default()
        },
        host_arch: "x86_64".to_owned(),
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
fn all_load_without_warnings() {
    for (name, _) in layers::configs_in(&configs()) {
        let loaded = load_shipped(&name);
        assert_eq!(loaded.warnings, Vec::<String>::new(), "{name}");
        assert_eq!(loaded.config.chroot.name, name);
    }
}
