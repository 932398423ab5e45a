//! What a bootstrap root is made of, and which images roots begin with.

use std::time::Duration;

use super::test_site::Site;
use super::{Config, Image, PackageManagerKind};
use crate::package_manager::settings;

const BASE: &str = "config_opts.update(root='a', target_arch='aarch64', legal_host_arches=('aarch64',))\n\
    config_opts['package_manager'] = 'dnf5'\n\
    config_opts['chroot_setup_cmd'] = 'install @build'\n\
    config_opts['chroot_additional_packages'] = 'of-the-build-root'\n\
    config_opts['module_enable'] = ['perl:5']\n\
    config_opts['update_before_build'] = True\n";

/// The configuration with these lines, and with the bootstrap root's own.
fn load(lines: &str) -> (Config, Config) {
    let site = Site::new(&[("etc/a.cfg", &format!("{BASE}{lines}"))]);
    let loaded = site
        .load()
        .unwrap_or_else(|error| panic!("{lines}: {error}"));
    assert_eq!(loaded.warnings, [""; 0], "{lines}");
    let own = loaded.config.any_bootstrap().unwrap().config.clone();
    (loaded.config, own)
}

fn bootstrap(lines: &str) -> Config {
    load(lines).1
}

#[test]
fn it_is_a_root_for_the_package_manager() {
    let without_image = "config_opts['use_bootstrap_image'] = False\n";
    let own = bootstrap(without_image);
    assert_eq!(own.chroot.name, "a-bootstrap");
    assert!(own.chroot.is_bootstrap && own.any_bootstrap().is_none());
    assert_eq!(own.buildroot_image, None);
    // Nothing of what belongs to the build root.
    assert_eq!(own.packages.setup_cmd, ["install", "dnf5", "dnf5-plugins"]);
    assert_eq!(own.packages.chroot_additional_packages, [""; 0]);
    assert_eq!(own.packages.module_enable, [""; 0]);
    assert!(!own.packages.update_before_build);
    // Its programs run on this machine.
    assert_eq!(own.chroot.target_arch, "x86_64");
    assert_eq!(own.chroot.forcearch, None);
    // What each package manager is installed with.
    for (manager, words) in [
        ("dnf4", "install python3-dnf python3-dnf-plugins-core"),
        ("dnf5", "install dnf5 dnf5-plugins"),
        ("yum", "install yum yum-utils"),
        ("microdnf", "install microdnf dnf dnf-plugins-core"),
    ] {
        let line = format!("config_opts['package_manager'] = '{manager}'\n{without_image}");
        assert_eq!(bootstrap(&line).packages.setup_cmd.join(" "), words);
        let other = format!("config_opts['{manager}_install_command'] = 'install other'\n{line}");
        assert_eq!(bootstrap(&other).packages.setup_cmd, ["install", "other"]);
    }
}

#[test]
fn it_has_options_of_its_own() {
    let (config, own) = load(
        "config_opts['bootstrap_chroot_additional_packages'] = 'more'\n\
         config_opts['bootstrap_module_enable'] = ['a:1']\n\
         config_opts['bootstrap_module_install'] = ['b:2']\n\
         config_opts['bootstrap_module_setup_commands'] = [('disable', 'c:3')]\n\
         config_opts['bootstrap_package_manager'] = 'dnf4'\n\
         config_opts['bootstrap_dnf4_system_command'] = '/opt/dnf'\n",
    );
    let packages = &own.packages;
    assert_eq!(packages.chroot_additional_packages, ["more"]);
    assert_eq!(packages.module_enable, ["a:1"]);
    assert_eq!(packages.module_install, ["b:2"]);
    let commands = [("disable".to_owned(), vec!["c:3".to_owned()])];
    assert_eq!(packages.module_setup_commands, commands);
    assert_eq!(packages.package_manager, PackageManagerKind::Dnf4);
    let dnf4 = settings(packages, PackageManagerKind::Dnf4);
    assert_eq!(dnf4.system_command.as_deref(), Some("/opt/dnf"));
    // The build root has its own.
    let packages = &config.packages;
    assert_eq!(packages.chroot_additional_packages, ["of-the-build-root"]);
    assert_eq!(packages.module_enable, ["perl:5"]);
    assert_eq!(packages.package_manager, PackageManagerKind::Dnf5);
}

#[test]
fn whether_there_is_one() {
    for (line, enabled) in [
        ("", true),
        ("config_opts['use_bootstrap'] = False\n", false),
    ] {
        assert_eq!(load(line).0.bootstrap().is_some(), enabled, "{line}");
    }
}

#[test]
fn the_former_name_of_the_switch() {
    for (value, option, enabled) in [
        ("False", None, false),
        ("False", Some(true), true),
        ("True", Some(false), false),
    ] {
        let line = format!("config_opts['use_bootstrap_container'] = {value}\n");
        let mut site = Site::new(&[("etc/a.cfg", &format!("{BASE}{line}"))]);
        let option = option.map(|flag: bool| ("use_bootstrap".to_owned(), flag.into()));
        site.overrides.set.extend(option);
        let loaded = site.load().unwrap();
        assert_eq!(loaded.config.bootstrap().is_some(), enabled, "{value}");
        assert!(loaded.warnings[0].ends_with("is deprecated: write use_bootstrap"));
    }
}

#[test]
fn which_architecture_it_has() {
    let emulated = "config_opts['forcearch'] = 'aarch64'\n";
    for (lines, target) in [
        (emulated.to_owned(), "x86_64"),
        (format!("{emulated}config_opts['bootstrap_forcearch'] = 'aarch64'\n"), "aarch64"),
        // An image of a platform that has a name of its own.
        (
            "config_opts.update(target_arch='x86_64_v2', legal_host_arches=('x86_64',))\n".to_owned(),
            "x86_64_v2",
        ),
        (
            "config_opts.update(target_arch='x86_64_v2', legal_host_arches=('x86_64',), oci_platform_map={})\n"
                .to_owned(),
            "x86_64",
        ),
    ] {
        assert_eq!(bootstrap(&lines).chroot.target_arch, target, "{lines}");
    }
}

#[test]
fn images_of_both_roots() {
    let usual = |reference: &str, fallback, max_age| Image {
        reference: reference.to_owned(),
        platform: None,
        skip_pull: false,
        max_age: Duration::from_secs(max_age),
        ready: false,
        fallback,
        assert_digest: None,
        keep_getting: Duration::from_secs(120),
        pull_timeout: Duration::from_secs(120),
    };
    let (config, own) = load("config_opts['buildroot_image'] = 'b'\n");
    assert_eq!(config.buildroot_image, Some(usual("b", false, 0)));
    assert_eq!(
        own.buildroot_image,
        Some(usual("fedora:latest", true, 86400))
    );

    let lines = |name: &str| {
        format!(
            "config_opts.update({name}='i', {name}_skip_pull=True, {name}_ready=True, {name}_max_age=1,\n\
             {name}_fallback=True, {name}_keep_getting=2, {name}_pull_timeout=3,\n\
             {name}_assert_digest='sha256:0', oci_platform_map=dict(x86_64='linux/amd64/v9'))\n\
             config_opts.update(target_arch='x86_64', legal_host_arches=('x86_64',))\n"
        )
    };
    let image = Some(Image {
        reference: "i".to_owned(),
        platform: Some("linux/amd64/v9".to_owned()),
        skip_pull: true,
        max_age: Duration::from_secs(1),
        ready: true,
        fallback: true,
        assert_digest: Some("sha256:0".to_owned()),
        keep_getting: Duration::from_secs(2),
        pull_timeout: Duration::from_secs(3),
    });
    assert_eq!(bootstrap(&lines("bootstrap_image")).buildroot_image, image);
    assert_eq!(load(&lines("buildroot_image")).0.buildroot_image, image);
    // One of the two has none.
    assert_eq!(load(&lines("bootstrap_image")).0.buildroot_image, None);
    // Somebody must say which.
    let site = Site::new(&[(
        "etc/a.cfg",
        "config_opts.update(root='a', use_buildroot_image=True)\n",
    )]);
    assert_eq!(
        site.error(),
        "3 /etc/a.cfg:1: use_buildroot_image: buildroot_image must say which one"
    );
}
