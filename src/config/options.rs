//! The option map: values by the original's names, and where each came from.
//!
//! Both file formats end here. Aliases of the original hold on reading and on writing, for the
//! first component of a path; a path below it leads into tables.

use indexmap::IndexMap;

use super::value::{Origin, Value};

#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) values: IndexMap<String, Value>,
    pub(crate) origins: IndexMap<Vec<String>, Origin>,
}

impl Options {
    pub(crate) fn set(&mut self, path: &[&str], value: Value, origin: Origin) {
        let [first, rest @ ..] = path else { return };
        let first = canonical(first);
        let place = std::iter::once(first.clone())
            .chain(rest.iter().map(|part| (*part).to_owned()))
            .collect::<Vec<_>>();
        self.origins
            .retain(|known, _| !(known.len() > place.len() && known.starts_with(&place)));
        self.origins.insert(place, origin);
        let mut slot = self.values.entry(first).or_insert(Value::None);
        for part in rest {
            if !matches!(slot, Value::Dict(_)) {
                *slot = Value::Dict(IndexMap::new());
            }
            let Value::Dict(table) = slot else { return };
            slot = table.entry((*part).to_owned()).or_insert(Value::None);
        }
        *slot = value;
    }

    pub(crate) fn get(&self, path: &[&str]) -> Option<&Value> {
        let [first, rest @ ..] = path else {
            return None;
        };
        let mut value = self.values.get(&canonical(first))?;
        for part in rest {
            let Value::Dict(table) = value else {
                return None;
            };
            value = table.get(*part)?;
        }
        Some(value)
    }

    pub(crate) fn origin(&self, path: &[&str]) -> Option<&Origin> {
        let [first, rest @ ..] = path else {
            return None;
        };
        let place = std::iter::once(canonical(first))
            .chain(rest.iter().map(|part| (*part).to_owned()))
            .collect::<Vec<_>>();
        self.origins.get(&place)
    }
}

fn canonical(key: &str) -> String {
    match key {
        "yum.conf" | "dnf5.conf" | "dnf4.conf" => "dnf.conf".to_owned(),
        "dnf_command"
        | "dnf_common_opts"
        | "dnf_install_command"
        | "dnf_disable_plugins"
        | "dnf_avoid_opts"
        | "dnf_builddep_opts" => key.replacen("dnf_", "dnf4_", 1),
        "system_dnf_command" => "dnf4_system_command".to_owned(),
        "system_yum_command"
        | "system_dnf4_command"
        | "system_dnf5_command"
        | "system_microdnf_command" => {
            let manager = key
                .trim_start_matches("system_")
                .trim_end_matches("_command");
            format!("{manager}_system_command")
        }
        _ => key.to_owned(),
    }
}
