//! The configuration of a bootstrap root: a small root that holds the package manager which fills
//! the build root.
//!
//! It is the build root's own configuration with another name, and with every `bootstrap_KEY` in the
//! place of `KEY`. What makes it a root for programs and not for builds is set here.

use super::cfg;
use super::options::Options;
use super::reader::Reader;
use super::resolve;
use super::value::{Origin, Value};
use super::{Bootstrap, Config, Overrides, PackageManagerKind};
use crate::error::Result;

/// The bootstrap root of `config`.
pub(super) fn of(
    config: &Config,
    options: &Options,
    overrides: &Overrides,
    host_arch: &str,
    host: &cfg::Host,
) -> Result<Bootstrap> {
    let enable = Reader::new(options, None).bool(&["use_bootstrap"])?;
    let derived = derive(config, options, host_arch);
    let files = config.config_paths.clone();
    let mut own = resolve::config(&derived, overrides, &config.config_name, files, host)?;
    own.chroot.is_bootstrap = true;
    own.chroot.resultdir.clone_from(&config.chroot.resultdir);
    Ok(Bootstrap {
        enable,
        config: own,
    })
}

fn derive(config: &Config, options: &Options, host_arch: &str) -> Options {
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
    let native = config.chroot.forcearch.is_some()
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
    let mut put = |key: &str, value: Value| {
        derived.set(&[key], value, Origin::Computed);
    };
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
