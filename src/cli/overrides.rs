//! What the options set on top of the configuration files.
//!
//! Options become assignments by the original's configuration key, so that the loader knows
//! nothing of option names. Values stay as typed: `~` and templates are the loader's to expand,
//! and whether a file exists is the commands' to check.

use indexmap::IndexMap;

use crate::cli::args::{Args, BuildArgs, IsolationArgs};
use crate::cli::literal::python_literal;
use crate::config::{Hermetic, Overrides, Value};
use crate::error::{Error, Result};

/// The configuration of hermetic builds.
const HERMETIC_ROOT: &str = "hermetic-build";

/// The original's plugins, in its order, and those that it has not; `--enable-plugin` and its like take
/// no other name.
const PLUGINS: &[&str] = &[
    "tmpfs",
    "root_cache",
    "yum_cache",
    "mount",
    "bind_mount",
    "ccache",
    "selinux",
    "package_state",
    "chroot_scan",
    "lvm_root",
    "compress_logs",
    "sign",
    "pm_request",
    "hw_info",
    "procenv",
    "showrc",
    "rpkg_preprocessor",
    "rpmautospec",
    "buildroot_lock",
    "export_buildroot_image",
    "unbreq",
    "expand_spec",
    "system_monitor",
    "overlayfs",
    // mock's own
    "nofsync",
    "noverify",
    "package_cache",
];

pub(super) fn from_args(args: &Args, warnings: &mut Vec<String>) -> Result<Overrides> {
    let plugins = &args.plugins;
    known_plugins("--disable-plugin", &plugins.disable_plugin)?;
    known_plugins("--enable-plugin", &plugins.enable_plugin)?;
    Ok(Overrides {
        root: match args.build.hermetic_build.is_empty() {
            true => args.chroot.root.clone(),
            false => HERMETIC_ROOT.to_owned(),
        },
        configdir: args.chroot.configdir.clone(),
        set: set(args, warnings)?,
        macros: macros(&args.build)?,
        disable_plugins: plugins.disable_plugin.clone(),
        enable_plugins: plugins.enable_plugin.clone(),
        plugin_options: plugins
            .plugin_option
            .iter()
            .map(|option| plugin_option(option))
            .collect::<Result<_>>()?,
        scm_options: args
            .scm
            .scm_option
            .iter()
            .map(|option| scm_option(option))
            .collect::<Result<_>>()?,
        repo_switches: args.packages.repositories.switches.clone(),
        buildroot_image: args.begin.buildroot_image.clone(),
        addrepos: args.packages.addrepo.clone(),
        hermetic: match args.build.hermetic_build.as_slice() {
            // Of options given twice the last one counts.
            [.., lockfile, repo] => Some(Hermetic {
                lockfile: lockfile.into(),
                repo: repo.clone(),
            }),
            _ => None,
        },
    })
}

impl Overrides {
    /// What `--calculate-build-dependencies` is besides a rebuild.
    pub(super) fn calculate_dependencies(&mut self) {
        self.set.push(("calculatedeps".to_owned(), true.into()));
        self.enable_plugins.push("buildroot_lock".to_owned());
    }
}

fn set(args: &Args, warnings: &mut Vec<String>) -> Result<Vec<(String, Value)>> {
    let (chroot, build) = (&args.chroot, &args.build);
    let (packages, begin) = (&args.packages, &args.begin);
    let mut set = config_opts(&chroot.config_opts)?;
    let mut put = |key: &str, value: Value| set.push((key.to_owned(), value));

    for (key, value) in [
        ("rootdir", &chroot.rootdir),
        ("resultdir", &chroot.resultdir),
        ("unique-ext", &chroot.uniqueext),
        ("target_arch", &chroot.arch),
        ("forcearch", &chroot.forcearch),
        ("rpmbuild_arch", &build.target),
        ("macrofile", &build.macro_file),
        ("rpmbuild_opts", &build.rpmbuild_opts),
        ("short_circuit", &build.short_circuit),
    ] {
        if let Some(value) = value {
            put(key, Value::from(value.as_str()));
        }
    }
    if let Some(target) = &build.target
        && target.contains(',')
    {
        return Err(Error::usage(format!(
            "--target option accepts only one arch. Invalid: {target}"
        )));
    }

    if build.no_clean || build.short_circuit.is_some() {
        put("clean", Value::Bool(false));
    }
    if build.cleanup_after || build.no_cleanup_after {
        put("cleanup_on_success", Value::Bool(build.cleanup_after));
        put("cleanup_on_failure", Value::Bool(build.cleanup_after));
    }
    if build.nocheck {
        put("check", Value::Bool(false));
    }
    if let Some(seconds) = build.rpmbuild_timeout {
        put("rpmbuild_timeout", Value::Int(seconds.into()));
    }
    if build.postinstall {
        put("post_install", Value::Bool(true));
    }

    if args.scm.scm_enable {
        put("scm", Value::Bool(true));
    }
    if !packages.additional_package.is_empty() {
        let list = packages.additional_package.iter().cloned();
        put(
            "additional_packages",
            Value::List(list.map(Value::from).collect()),
        );
    }
    for (given, name) in [
        (packages.dnf, "dnf"),
        (packages.dnf5, "dnf5"),
        (packages.yum, "yum"),
    ] {
        if given {
            put("package_manager", Value::from(name));
        }
    }
    if packages.cache_alterations {
        put("cache_alterations", Value::Bool(true));
    }
    if packages.offline {
        put("online", Value::Bool(false));
    }
    if packages.no_layer_cache {
        put("layer_cache", Value::Bool(false));
    }
    if begin.use_bootstrap_image || begin.no_bootstrap_image {
        put(
            "use_bootstrap_image",
            Value::Bool(begin.use_bootstrap_image),
        );
    }
    // An image is for a bootstrap root.
    if begin.bootstrap_chroot || begin.use_bootstrap_image {
        put("use_bootstrap", Value::Bool(true));
    }
    if begin.no_bootstrap_chroot {
        put("use_bootstrap", Value::Bool(false));
    }
    if begin.bootstrap_image_ready {
        put("bootstrap_image_ready", Value::Bool(true));
    }

    isolation(&args.isolation, &mut set, warnings)?;
    Ok(set)
}

fn isolation(
    args: &IsolationArgs,
    set: &mut Vec<(String, Value)>,
    warnings: &mut Vec<String>,
) -> Result<()> {
    let mut put = |key: &str, value: Value| set.push((key.to_owned(), value));
    if args.enable_network {
        put("rpmbuild_networking", Value::Bool(true));
        put("use_host_resolv", Value::Bool(true));
    }
    for (given, option, method) in [
        (args.old_chroot, "--old-chroot", "simple"),
        (args.new_chroot, "--new-chroot", "nspawn"),
    ] {
        if given {
            warnings.push(format!(
                "Option {option} has been deprecated. Use --isolation={method} instead."
            ));
            put("isolation", Value::from(method));
        }
    }
    match args.isolation.as_deref() {
        None => {}
        Some(method @ ("simple" | "nspawn" | "auto")) => put("isolation", Value::from(method)),
        Some(other) => {
            return Err(Error::usage(format!(
                "Bad option for '--isolation'. Unknown value: {other}"
            )));
        }
    }
    Ok(())
}

/// `--config-opts`: one assignment per key, at the place where the key came first.
fn config_opts(options: &[String]) -> Result<Vec<(String, Value)>> {
    let mut by_key: IndexMap<&str, Vec<&str>> = IndexMap::new();
    for option in options {
        let (key, value) = option
            .split_once('=')
            .filter(|(key, _)| !key.is_empty())
            .ok_or_else(|| {
                Error::usage(format!(
                    "Bad option for '--config-opts' ({option}).  Use --config-opts 'key=value'"
                ))
            })?;
        by_key.entry(key).or_default().push(value);
    }
    let assignment = |(key, texts): (&str, Vec<&str>)| {
        let value = match texts.as_slice() {
            [only] => typed(only),
            // An empty repetition only says that the value is a list.
            [first, more @ ..] => Value::List(
                [first]
                    .into_iter()
                    .chain(more.iter().filter(|text| !text.is_empty()))
                    .map(|text| typed(text))
                    .collect(),
            ),
            [] => Value::None,
        };
        (key.to_owned(), value)
    };
    Ok(by_key.into_iter().map(assignment).collect())
}

fn typed(text: &str) -> Value {
    match text {
        "true" | "True" => Value::Bool(true),
        "false" | "False" => Value::Bool(false),
        "none" | "None" => Value::None,
        _ => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            match text.parse() {
                Ok(int) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Value::Int(int),
                _ => Value::from(text),
            }
        }
    }
}

fn macros(build: &BuildArgs) -> Result<Vec<(String, String)>> {
    let mut macros = Vec::new();
    for define in &build.define {
        // `-D` and its value given as one word leaves a blank in front.
        let (name, expression) = define.trim_start().split_once(' ').ok_or_else(|| {
            Error::usage(format!(
                "Bad option for '--define' ({define}).  Use --define 'macro expr'"
            ))
        })?;
        let name = if name.starts_with('%') {
            name.to_owned()
        } else {
            format!("%{name}")
        };
        macros.push((name, expression.trim_start().to_owned()));
    }
    for (word, options) in [("with", &build.with), ("without", &build.without)] {
        for option in options {
            let name = option.replace('-', "_");
            macros.push((format!("%_{word}_{name}"), format!("--{word}-{option}")));
        }
    }
    Ok(macros)
}

fn known_plugins(option: &str, names: &[String]) -> Result<()> {
    match names.iter().find(|name| !PLUGINS.contains(&name.as_str())) {
        None => Ok(()),
        Some(unknown) => {
            let quoted: Vec<String> = PLUGINS.iter().map(|name| format!("'{name}'")).collect();
            Err(Error::usage(format!(
                "Bad option for '{option}={unknown}'. Expecting one of: [{}]",
                quoted.join(", ")
            )))
        }
    }
}

fn scm_option(option: &str) -> Result<(String, String)> {
    let parts = option.split_once('=').filter(|(key, _)| !key.is_empty());
    let (key, value) = parts.ok_or_else(|| {
        Error::usage(format!(
            "Bad option for '--scm-option' ({option}).  Use --scm-option 'key=value'"
        ))
    })?;
    Ok((key.to_owned(), value.to_owned()))
}

fn plugin_option(option: &str) -> Result<(String, String, Value)> {
    let parts = option
        .split_once(':')
        .and_then(|(plugin, rest)| Some((plugin, rest.split_once('=')?)))
        .filter(|(_, (key, _))| !key.is_empty());
    let Some((plugin, (key, text))) = parts else {
        return Err(Error::usage(format!(
            "Bad option for '--plugin-option' ({option}).  Use --plugin-option 'plugin:key=value'"
        )));
    };
    if !PLUGINS.contains(&plugin) {
        return Err(Error::usage(format!(
            "Bad option for '--plugin-option' ({option}).  No such plugin: {plugin}"
        )));
    }
    let value = python_literal(text).unwrap_or_else(|| Value::from(text));
    Ok((plugin.to_owned(), key.to_owned(), value))
}
