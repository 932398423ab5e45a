//! The configuration of a bootstrap root: a small root that holds the package manager which fills
//! the build root.
//!
//! It is the build root's own configuration with another name, and with every `bootstrap_KEY` in the
//! place of `KEY`. What makes it a root for programs and not for builds is set here.

use super::options::Options;
use super::reader::Reader;
use super::resolve;
use super::value::{Origin, Value};
use super::{Bootstrap, Config, PackageManagerKind, Request, Search};
use crate::error::Result;

/// The bootstrap root of `config`.
pub(super) fn of(
    config: &Config,
    options: &Options,
    request: &Request<'_>,
    search: &Search,
) -> Result<Bootstrap> {
    let reader = Reader::new(options, None);
    let enable = reader.bool(&["use_bootstrap"])?;
    let use_image = enable && reader.bool(&["use_bootstrap_image"])?;
    let derived = derive(config, options, &request.host_arch, use_image);
    let files = config.config_paths.clone();
    let mut own = resolve::config(
        &derived,
        request.overrides,
        &config.config_name,
        files,
        &request.host,
        search,
    )?;
    own.chroot.is_bootstrap = true;
    own.chroot.resultdir.clone_from(&config.chroot.resultdir);
    Ok(Bootstrap {
        enable,
        config: own,
    })
}

/// What follows `bootstrap_image` and `buildroot_image` in the names of options.
const IMAGE_KEYS: [&str; 8] = [
    "",
    "_skip_pull",
    "_ready",
    "_fallback",
    "_max_age",
    "_keep_getting",
    "_pull_timeout",
    "_assert_digest",
];

fn derive(config: &Config, options: &Options, host_arch: &str, use_image: bool) -> Options {
    let mut derived = options.clone();
    for (key, value) in &options.values {
        if let Some(own) = key.strip_prefix("bootstrap_") {
            let origin = options.origin(&[key]).cloned().unwrap_or(Origin::Computed);
            derived.set(&[own], value.clone(), origin);
        }
    }
    let root = match options.get(&["root"]) {
        Some(Value::Str(root)) => format!("{root}-bootstrap"),
        _ => format!("{}-bootstrap", config.chroot.shared_name),
    };
    let manager = match config.packages.package_manager {
        PackageManagerKind::Dnf4 => "dnf4",
        PackageManagerKind::Dnf5 => "dnf5",
        PackageManagerKind::Yum => "yum",
        PackageManagerKind::Microdnf => "microdnf",
    };
    let tooling = match options.get(&[&format!("{manager}_install_command")]) {
        // microdnf's own word for what only dnf can do from outside.
        Some(Value::Str(text)) => Value::Str(match text.strip_prefix("dnf-install ") {
            Some(packages) => format!("install {packages}"),
            None => text.clone(),
        }),
        Some(other) => other.clone(),
        None => Value::None,
    };
    let target = config.chroot.target_arch.as_str();
    let native = config.chroot.forcearch.is_some()
        || use_image && options.get(&["oci_platform_map", target]).is_none()
        || config
            .chroot
            .legal_host_arches
            .as_ref()
            .is_some_and(|legal| !legal.iter().any(|arch| arch == host_arch));
    let forcearch = options.get(&["bootstrap_forcearch"]).cloned();
    let emulated = !matches!(
        forcearch,
        None | Some(Value::None) | Some(Value::Bool(false))
    );
    let image = |suffix: &str| match options.get(&[&format!("bootstrap_image{suffix}")]) {
        Some(value) if use_image => value.clone(),
        _ => Value::None,
    };
    let images = IMAGE_KEYS.map(|suffix| (format!("buildroot_image{suffix}"), image(suffix)));
    let mut put = |key: &str, value: Value| {
        derived.set(&[key], value, Origin::Computed);
    };
    for (key, value) in images {
        put(&key, value);
    }
    put("use_buildroot_image", use_image.into());
    put("root", root.into());
    put("rootdir", "{{basedir}}/{{root}}/root".into());
    put("chroot_setup_cmd", tooling);
    put("rpmbuild_networking", true.into());
    put("use_host_resolv", true.into());
    put("update_before_build", false.into());
    if native && !emulated {
        put("forcearch", Value::None);
        put("target_arch", host_arch.into());
        put("repo_arch", host_arch.into());
        put("legal_host_arches", Value::List(vec![host_arch.into()]));
    }
    derived
}
