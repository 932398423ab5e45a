//! From a request to a configuration: find, read, override, resolve.
//!
//! Nothing here looks at the machine beyond the files it is told of; the caller gives the host's
//! facts with the request.

use std::path::PathBuf;

use super::bootstrap;
use super::cfg;
use super::hermetic;
use super::image;
use super::keys::schema;
use super::layers::{self, Search};
use super::options::Options;
use super::reader::Reader;
use super::resolve;
use super::shapes;
use super::subscription;
use super::template::Expander;
use super::value::{Origin, Value};
use super::warnings;
use super::{Config, Overrides};
use crate::error::{Error, Result};

/// Directories that depend on the caller's privileges and the program's name.
#[derive(Debug, Clone)]
pub(crate) struct Defaults {
    pub(crate) basedir: PathBuf,
    pub(crate) cache_topdir: PathBuf,
}

/// What is to be loaded, and the facts that go into it.
#[derive(Debug, Clone)]
pub(crate) struct Request<'a> {
    pub(crate) overrides: &'a Overrides,
    pub(crate) search: Search,
    pub(crate) defaults: Defaults,
    pub(crate) host: cfg::Host,
    /// `uname -m`.
    pub(crate) host_arch: String,
    /// The configuration of the bootstrap root is wanted, too.
    pub(crate) bootstrap: bool,
}

#[cfg(test)]
impl Defaults {
    pub(super) fn of_root() -> Self {
        Self {
            basedir: "/var/lib/mock".into(),
            cache_topdir: "/var/cache/mock".into(),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) config: Config,
    /// Every option as it was assigned, templates unexpanded.
    pub(crate) options: Options,
    /// One line each, with the place.
    pub(crate) warnings: Vec<String>,
}

impl Loaded {
    /// Every option with its templates expanded.
    pub(crate) fn expanded(&self) -> Result<Options> {
        let expander = Expander::new(&self.options.values);
        let mut expanded = self.options.clone();
        for (key, value) in &mut expanded.values {
            *value = expander.value(key, value, self.options.origin(&[key]))?;
        }
        Ok(expanded)
    }
}

/// Loads the configuration that the request's overrides name.
pub(crate) fn load(request: &Request<'_>) -> Result<Loaded> {
    cfg::with_stack(|| read(request))?
}

fn read(request: &Request<'_>) -> Result<Loaded> {
    let overrides = request.overrides;
    let mut search = request.search.clone();
    if let Some(dir) = &overrides.configdir {
        search.config_dirs = vec![search.cwd.join(dir)];
    }
    let root = match overrides.root.as_str() {
        "" => "default",
        root => root,
    };
    let found = layers::find(root, &search)?;
    let mut state = layers::read_all(&found, &search, &request.host)?;
    override_with(&mut state.options, request)?;
    if let Some(warning) = former_name(&mut state.options) {
        state.warn(warning);
    }
    compute(&mut state.options, request, &state.files_read);
    subscription::find(&mut state.options, &request.host)?;
    if overrides.hermetic.is_some() {
        hermetic::check(&state.options)?;
    }
    for warning in unused_scm(&state.options, overrides) {
        state.warn(warning);
    }
    for warning in old_style(&mut state.options) {
        state.warn(warning);
    }
    for warning in warnings::of_options(&state.options) {
        state.warn(warning);
    }
    let warnings = state.warnings;
    let (options, files) = (state.options, state.files_read);
    let host = &request.host;
    let mut config = resolve::config(&options, overrides, &found.name, files, host, &search)?;
    shapes::check(&options)?;
    if request.bootstrap {
        let bootstrap = bootstrap::of(&config, &options, request, &search)?;
        config.bootstrap = Some(Box::new(bootstrap));
    }
    Ok(Loaded {
        config,
        options,
        warnings,
    })
}

/// Tables whose members are read one by one: something else in their place would hide all of them.
fn check_tables(options: &Options) -> Result<()> {
    let reader = Reader::new(options, None);
    for key in ["plugin_conf", "macros", "environment", "scm_opts"] {
        match options.get(&[key]) {
            Some(Value::Dict(_)) | None => {}
            Some(other) => return Err(reader.wrong(&[key], "table", other)),
        }
    }
    Ok(())
}

/// Options of the command line that do nothing.
fn unused_scm(options: &Options, overrides: &Overrides) -> Vec<String> {
    let Some((first, _)) = overrides.scm_options.first() else {
        return Vec::new();
    };
    let on = Reader::new(options, None).bool(&["scm"]);
    let mut warnings = Vec::new();
    if on.is_ok_and(|on| !on) {
        warnings.push(format!(
            "--scm-option {first}=... does nothing without --scm-enable"
        ));
    }
    let unknown = overrides
        .scm_options
        .iter()
        .filter(|(key, _)| schema().by_original(&["scm_opts", key]).is_none());
    warnings.extend(unknown.map(|(key, _)| format!("--scm-option {key}: there is no such option")));
    warnings
}

fn override_with(options: &mut Options, request: &Request<'_>) -> Result<()> {
    let overrides = request.overrides;
    if let Some(hermetic) = &overrides.hermetic {
        hermetic::apply(options, hermetic, &request.search.cwd)?;
    }
    for (key, value) in &overrides.set {
        options.set(&[key], value.clone(), Origin::CommandLine);
    }
    if let Some(text) = &overrides.buildroot_image {
        let reference = image::of_command_line(text, &request.search.cwd);
        options.set(&["buildroot_image"], reference.into(), Origin::CommandLine);
        options.set(&["use_buildroot_image"], true.into(), Origin::CommandLine);
    }
    // Before anything is put into them: that would make tables of them again.
    check_tables(options)?;
    for (name, value) in &overrides.macros {
        let value = value.as_str().into();
        options.set(&["macros", name], value, Origin::CommandLine);
    }
    for (key, value) in &overrides.scm_options {
        let value = value.as_str().into();
        options.set(&["scm_opts", key], value, Origin::CommandLine);
    }
    for (flag, names, enable) in [
        ("--disable-plugin", &overrides.disable_plugins, false),
        ("--enable-plugin", &overrides.enable_plugins, true),
    ] {
        for name in names {
            if !known_plugin(options, name) {
                let known = plugin_names(options);
                let known = Value::List(known.iter().map(|name| name.as_str().into()).collect());
                let known = super::debug::literal(&known);
                return Err(Error::usage(format!(
                    "Bad option for '{flag}={name}'. Expecting one of: {known}"
                )));
            }
            let key = format!("{name}_enable");
            options.set(&["plugin_conf", &key], enable.into(), Origin::CommandLine);
        }
    }
    for (plugin, option, value) in &overrides.plugin_options {
        if !known_plugin(options, plugin) {
            return Err(Error::usage(format!(
                "Bad option for '--plugin-option' ({plugin}:{option}).  No such plugin: {plugin}"
            )));
        }
        let key = format!("{plugin}_opts");
        options.set(
            &["plugin_conf", &key, option],
            value.clone(),
            Origin::CommandLine,
        );
    }
    layers::check_macros(options)
}

/// Plugins this mock knows by name, in the original's order, then those a configuration names.
pub(super) fn plugin_names(options: &Options) -> Vec<String> {
    let mut names = schema()
        .sections
        .iter()
        .filter_map(|section| match section.path.as_slice() {
            [plugins, name] if plugins == "plugins" => Some(name.clone()),
            _ => None,
        })
        .collect::<Vec<_>>();
    if let Some(Value::Dict(entries)) = options.get(&["plugin_conf"]) {
        for key in entries.keys() {
            if let Some(name) = key.strip_suffix("_enable")
                && !names.iter().any(|known| known == name)
            {
                names.push(name.to_owned());
            }
        }
    }
    names
}

fn known_plugin(options: &Options, name: &str) -> bool {
    plugin_names(options).iter().any(|known| known == name)
}

/// Values that follow from others, or from the host, unless a configuration says otherwise.
fn compute(options: &mut Options, request: &Request<'_>, files: &[PathBuf]) {
    let is_default = |options: &Options, key: &str| {
        matches!(options.origin(&[key]), None | Some(Origin::Default { .. }))
    };
    let host = &request.host;
    let files = files
        .iter()
        .map(|path| Value::Str(path.display().to_string()));
    options.set(
        &["config_paths"],
        Value::List(files.collect()),
        Origin::Computed,
    );
    let version = env!("CARGO_PKG_VERSION");
    options.set(&["version"], version.into(), Origin::Computed);
    for (key, dir) in [
        ("basedir", &request.defaults.basedir),
        ("cache_topdir", &request.defaults.cache_topdir),
    ] {
        let dir = Value::Str(dir.display().to_string());
        // What the defaults say already keeps its place there.
        if is_default(options, key) && options.get(&[key]) != Some(&dir) {
            options.set(&[key], dir, Origin::Computed);
        }
    }
    if is_default(options, "mock_run_uuid") {
        let id = host.run_uuid();
        options.set(&["mock_run_uuid"], id.into(), Origin::Computed);
    }
    if is_default(options, "host_arch") {
        options.set(
            &["host_arch"],
            request.host_arch.as_str().into(),
            Origin::Computed,
        );
    }
    if is_default(options, "chrootuid") {
        options.set(&["chrootuid"], i64::from(host.uid).into(), Origin::Computed);
    }
    if let (Some(gid), true) = (
        host.groups.get(&request.search.program),
        is_default(options, "chrootgid"),
    ) {
        options.set(&["chrootgid"], i64::from(*gid).into(), Origin::Computed);
    }
    if matches!(options.get(&["repo_arch"]), None | Some(Value::None))
        && let Some(Value::Str(target)) = options.get(&["target_arch"]).cloned()
    {
        let mapped = options.get(&["repo_arch_map", &target]).cloned();
        let arch = mapped.unwrap_or(Value::Str(target));
        options.set(&["repo_arch"], arch, Origin::Computed);
    }
    let wants_name = options.get(&["use_container_host_hostname"]) == Some(&Value::Bool(true));
    if wants_name && options.get(&["macros", "%_buildhost"]).is_none() && !host.hostname.is_empty()
    {
        let name = host.hostname.as_str().into();
        options.set(&["macros", "%_buildhost"], name, Origin::Computed);
    }
}

/// `use_bootstrap_container` is what `use_bootstrap` was called; an option of the command line, which
/// knows the new name only, still decides.
fn former_name(options: &mut Options) -> Option<String> {
    let container = options.get(&["use_bootstrap_container"]).cloned();
    let Some(flag @ Value::Bool(_)) = container else {
        return None;
    };
    let origin = options.origin(&["use_bootstrap_container"]).cloned();
    let origin = origin.unwrap_or(Origin::Computed);
    let warning = format!("{origin}: use_bootstrap_container is deprecated: write use_bootstrap");
    if options.origin(&["use_bootstrap"]) != Some(&Origin::CommandLine) {
        options.set(&["use_bootstrap"], flag, origin);
    }
    Some(warning)
}

/// `%(root)s` in directories, older than templates, becomes `{{ root }}`.
fn old_style(options: &mut Options) -> Vec<String> {
    let mut warnings = Vec::new();
    for path in [
        &["resultdir"][..],
        &["plugin_conf", "root_cache_opts", "dir"],
        &["plugin_conf", "ccache_opts", "dir"],
    ] {
        let Some(Value::Str(text)) = options.get(path) else {
            continue;
        };
        let Some(template) = template_of_old_style(text) else {
            continue;
        };
        let origin = options.origin(path).cloned().unwrap_or(Origin::Computed);
        warnings.push(format!(
            "{origin}: {} uses '%(...)s', which is deprecated: write it as '{template}'",
            path.join(".")
        ));
        options.set(path, Value::Str(template), origin);
    }
    warnings
}

fn template_of_old_style(text: &str) -> Option<String> {
    let mut parts = text.split("%(");
    let mut template = parts.next()?.to_owned();
    let mut changed = false;
    for part in parts {
        match part.split_once(")s") {
            Some((name, rest)) if name.chars().all(|c| c.is_alphanumeric() || c == '_') => {
                template.push_str(&format!("{{{{ {name} }}}}{rest}"));
                changed = true;
            }
            _ => template.push_str(&format!("%({part}")),
        }
    }
    changed.then_some(template)
}
