//! What is probably not meant the way it is written: options without effect, mistyped names.
//!
//! Nothing that was set is ignored in silence. Each warning is one line with the place and with
//! what happens instead.

use std::collections::HashSet;

use super::keys::{Status, schema};
use super::options::Options;
use super::value::{Origin, Value};

pub(super) fn of_options(options: &Options) -> Vec<String> {
    let mut warnings = not_carried_out(options);
    warnings.extend(unknown_plugins(options));
    warnings.extend(mistyped(options));
    warnings
}

/// Options that were set and are not carried out.
fn not_carried_out(options: &Options) -> Vec<String> {
    let mut warnings = Vec::new();
    for key in &schema().keys {
        let (what, why) = match &key.status {
            Status::Works => continue,
            Status::NotYet { instead } => ("is not supported yet", instead),
            Status::NoEffect { because } => ("has no effect", because),
        };
        let path = key.original.iter().map(String::as_str).collect::<Vec<_>>();
        let (Some(value), Some(origin)) = (options.get(&path), chosen(options, &path)) else {
            continue;
        };
        let off = match &key.default {
            Some(default) => same(value, default),
            None => matches!(value, Value::None | Value::Bool(false)),
        };
        if !off {
            let name = key.original.last().map_or("", String::as_str);
            let name = match (key.toml.as_slice(), name.strip_suffix("_enable")) {
                ([plugins, ..], Some(plugin)) if plugins == "plugins" => {
                    format!("plugin {plugin}")
                }
                _ => name.to_owned(),
            };
            warnings.push(format!("{origin}: {name} {what}: {why}"));
        }
    }
    warnings
}

/// Equal but for the kind of list: a TOML file cannot write a tuple.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::List(a) | Value::Tuple(a), Value::List(b) | Value::Tuple(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        _ => left == right,
    }
}

/// Enabled plugins that nobody knows.
fn unknown_plugins(options: &Options) -> Vec<String> {
    let Some(Value::Dict(entries)) = options.get(&["plugin_conf"]) else {
        return Vec::new();
    };
    let enabled = entries.iter().filter_map(|(key, value)| {
        let name = key.strip_suffix("_enable")?;
        let known = schema().section(&["plugins", name]).is_some();
        (!known && !matches!(value, Value::Bool(false) | Value::None)).then_some((key, name))
    });
    enabled
        .filter_map(|(key, name)| {
            let origin = chosen(options, &["plugin_conf", key])?;
            Some(format!(
                "{origin}: {name} plugin is enabled in configuration but is not installed"
            ))
        })
        .collect()
}

/// Free variables whose names are one slip away from an option's.
///
/// A name that is no option is ordinary: templates use such variables. Only what looks like a slip
/// is worth a word.
fn mistyped(options: &Options) -> Vec<String> {
    const SHORTEST: usize = 6;
    let names: HashSet<&str> = schema()
        .keys
        .iter()
        .filter(|key| key.original.len() == 1)
        .map(|key| key.original[0].as_str())
        .collect();
    let known = |name: &str| names.contains(name);
    let top = ["plugin_conf", "scm_opts", "macros", "environment", "files"];
    let mut warnings = Vec::new();
    for name in options.values.keys() {
        let inner = name.strip_prefix("bootstrap_").unwrap_or(name);
        if name.len() < SHORTEST || known(name) || known(inner) || top.contains(&name.as_str()) {
            continue;
        }
        let near = schema()
            .keys
            .iter()
            .filter(|key| key.original.len() == 1)
            .find(|key| {
                let other = &key.original[0];
                other.len() >= SHORTEST && strsim::osa_distance(name, other) == 1
            });
        if let (Some(near), Some(origin)) = (near, chosen(options, &[name])) {
            warnings.push(format!(
                "{origin}: unknown key {name} (did you mean {}?)",
                near.original[0]
            ));
        }
    }
    warnings
}

/// The place of a value that a person chose.
fn chosen<'a>(options: &'a Options, path: &[&str]) -> Option<&'a Origin> {
    match options.origin(path)? {
        origin @ (Origin::File { .. } | Origin::CommandLine) => Some(origin),
        Origin::Default { .. } | Origin::Computed => None,
    }
}
