//! Loading for a hermetic build, from a lockfile on disk.

use super::test_site::Site;
use super::value::{Origin, Value};
use super::{Config, Hermetic};
use crate::package_manager::settings;

const CONFIG: &str = "config_opts['root'] = 'hermetic-build'\n\
    config_opts['dnf.conf'] = '[offline]\\nbaseurl=file://{{ offline_local_repository }}\\n'\n\
    config_opts['plugin_conf']['bind_mount_opts']['dirs'].append(('/a', '/b'))\n";

const LOCK: &str = r#"{
    "bootstrap": {"architecture": "amd64", "id": "i", "image_digest": "sha256:a", "pull_digest": "sha256:b"},
    "buildroot": {"rpms": []},
    "config": {
        "bootstrap_image": "reg.org/fedora:43",
        "bootstrap_image_ready": true,
        "dist": "fc43",
        "legal_host_arches": ["x86_64"],
        "macros": {"%dist": ".fc43", "%_platform_multiplier": 1},
        "package_manager": "dnf5",
        "target_arch": "x86_64"
    },
    "version": "1.1.0"
}
"#;

fn site(lock: &str) -> Site {
    let mut site = Site::new(&[
        ("etc/hermetic-build.cfg", CONFIG),
        ("lock.json", lock),
        ("my repo/repodata/repomd.xml", ""),
    ]);
    site.overrides.root = "hermetic-build".to_owned();
    site.overrides.hermetic = Some(Hermetic {
        lockfile: "lock.json".into(),
        repo: "my repo".to_owned(),
    });
    site
}

fn mounts(config: &Config) -> String {
    format!("{:?}", config.plugins["bind_mount"].options["dirs"])
}

#[test]
fn a_lockfile_and_a_directory_make_a_configuration() {
    let mut site = site(LOCK);
    for repo in [
        "my repo".to_owned(),
        format!("file://{}", site.path("my repo")),
    ] {
        if let Some(hermetic) = &mut site.overrides.hermetic {
            hermetic.repo = repo;
        }
        let loaded = site.load().unwrap();
        let config = &loaded.config;
        assert!(config.hermetic_build);
        assert_eq!(config.chroot.target_arch, "x86_64");
        assert_eq!(config.packages.setup_cmd, ["install", "*"]);
        assert_eq!(
            settings(&config.packages, config.packages.package_manager).command,
            "/usr/bin/dnf5"
        );
        assert_eq!(config.rpmbuild.macros["%dist"].as_deref(), Some(".fc43"));
        assert!(config.rpmbuild.macros.contains_key("%_topdir"));
        assert_eq!(
            site.clean(&config.packages.dnf_conf),
            "[offline]\nbaseurl=file:///my%20repo\n"
        );
        let mounts = site.clean(&mounts(config));
        assert!(
            mounts.contains("\"/a\"") && mounts.contains("\"/hermetic_repo\""),
            "{mounts}"
        );
        let image = loaded
            .options
            .get(&["bootstrap_image"])
            .and_then(Value::as_str);
        assert_eq!(
            site.clean(image.unwrap()),
            "dir:/my repo/reg.org/fedora@sha256:b"
        );
        for (key, value) in [
            ("bootstrap_image_assert_digest", Value::from("sha256:a")),
            ("bootstrap_image_fallback", false.into()),
            ("bootstrap_image_ready", true.into()),
        ] {
            assert_eq!(loaded.options.get(&[key]), Some(&value), "{key}");
        }
        assert_eq!(
            loaded.options.origin(&["dist"]).map(Origin::to_string),
            Some(format!("{}:7", site.path("lock.json")))
        );
    }
}

#[test]
fn the_command_line_overrides_a_lockfile() {
    let mut site = site(LOCK);
    site.overrides.set = vec![("target_arch".to_owned(), "i686".into())];
    site.overrides.macros = vec![("%dist".to_owned(), ".mine".to_owned())];
    let config = site.load().unwrap().config;
    assert_eq!(config.chroot.target_arch, "i686");
    assert_eq!(config.rpmbuild.macros["%dist"].as_deref(), Some(".mine"));
}

#[test]
fn what_a_hermetic_build_cannot_use() {
    let shown = |lock: &str, change: &dyn Fn(&mut Site)| {
        let mut site = site(lock);
        change(&mut site);
        site.error()
    };
    insta::assert_snapshot!(shown("{\n  1", &|_| ()), @r"
    5 /lock.json:2:3: key must be a string
    hint: `mock -r NAME --calculate-build-dependencies SRPM` writes such a file, buildroot_lock.json
    ");
    let other = LOCK.replace("\"dist\"", "\"basedir\"");
    insta::assert_snapshot!(shown(&other, &|_| ()), @"5 /lock.json:7: config: 'basedir' is no option that a lockfile has");
    let wrong = LOCK.replace("\"dnf5\"", "[\"apt\"]");
    insta::assert_snapshot!(shown(&wrong, &|_| ()), @"3 /lock.json:10: package_manager: expected string, found ['apt']");
    insta::assert_snapshot!(shown(LOCK, &|site| {
        fs_err::remove_dir_all(site.path("my repo/repodata")).unwrap();
    }), @r"
    5 The my repo doesn't seem to be a valid offline RPM repository (RPM metadata not found)
    hint: fetch the packages of the lockfile into it with `mock-hermetic-repo`, which also runs createrepo_c
    ");
    // Only where a bootstrap root is made at all.
    let not_ready = LOCK.replace(
        "\"bootstrap_image_ready\": true",
        "\"bootstrap_image_ready\": false",
    );
    let bootstrap = |flag: bool| {
        move |site: &mut Site| {
            site.overrides
                .set
                .push(("use_bootstrap".to_owned(), flag.into()))
        }
    };
    assert_eq!(shown(LOCK, &bootstrap(true)).lines().count(), 1);
    assert_eq!(shown(&not_ready, &bootstrap(false)).lines().count(), 1);
    insta::assert_snapshot!(shown(&not_ready, &bootstrap(true)), @r"
    5 --hermetic-build needs a bootstrap image that is ready: bootstrap_image_ready is not true in the lockfile
    hint: make the lockfile with --config-opts=bootstrap_image_ready=True, or build with the host's package manager: --no-bootstrap-chroot
    ");
    let start = LOCK.find("\"bootstrap\"").unwrap();
    let end = LOCK.find(",\n    \"buildroot\"").unwrap();
    let without = LOCK.replace(&LOCK[start..end], "\"bootstrap\": {}");
    assert_eq!(shown(&without, &bootstrap(false)).lines().count(), 1);
    insta::assert_snapshot!(shown(&without, &bootstrap(true)), @r"
    5 --hermetic-build needs a bootstrap image in files, and the lockfile does not say which reg.org/fedora:43 is: its part 'bootstrap' is empty
    hint: make the lockfile with --use-bootstrap-image --bootstrap-image-ready, or build with the host's package manager: --no-bootstrap-chroot
    ");
}
