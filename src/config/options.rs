//! The option map: values by the original's names, and where each came from.
//!
//! Both file formats end here. The original's aliases hold on reading and on writing for the
//! first component of a path; the rest of a path leads into tables and is taken as it is.

use indexmap::IndexMap;

use super::cfg::aliases::canonical;
use super::value::{Origin, Value};

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Options {
    pub(crate) values: IndexMap<String, Value>,
    /// Key path -> last assignment. A path without an entry has that of the nearest one above it.
    pub(crate) origins: IndexMap<Vec<String>, Origin>,
}

impl Options {
    /// Sets one value, making tables on the way there.
    pub(crate) fn set(&mut self, path: &[&str], value: Value, origin: Origin) {
        let full = full_path(path);
        let [first, rest @ ..] = full.as_slice() else {
            return;
        };
        let mut slot = self.values.entry(first.clone()).or_insert(Value::None);
        for key in rest {
            if !matches!(slot, Value::Dict(_)) {
                *slot = Value::Dict(IndexMap::new());
            }
            let Value::Dict(table) = slot else { return };
            slot = table.entry(key.clone()).or_insert(Value::None);
        }
        let before = std::mem::replace(slot, value);
        // What was known of the members of the old value says nothing about the new one.
        if matches!(before, Value::Dict(_)) {
            self.origins
                .retain(|known, _| !(known.len() > full.len() && known.starts_with(&full)));
        }
        self.origins.insert(full, origin);
    }

    pub(crate) fn get(&self, path: &[&str]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        let mut value = self.values.get(canonical(first).as_ref())?;
        for key in rest {
            let Value::Dict(table) = value else {
                return None;
            };
            value = table.get(*key)?;
        }
        Some(value)
    }

    /// The last assignment of the path, or else of the nearest one above it.
    pub(crate) fn origin(&self, path: &[&str]) -> Option<&Origin> {
        let mut full = full_path(path);
        while !full.is_empty() {
            if let Some(origin) = self.origins.get(&full) {
                return Some(origin);
            }
            full.pop();
        }
        None
    }
}

fn full_path(path: &[&str]) -> Vec<String> {
    let mut full: Vec<String> = path.iter().map(|key| (*key).to_owned()).collect();
    if let Some(first) = full.first_mut() {
        *first = canonical(first).into_owned();
    }
    full
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_makes_tables_and_forgets_what_was_below() {
        let mut options = Options::default();
        options.set(&["a", "b", "c"], Value::Int(1), Origin::CommandLine);
        assert_eq!(options.get(&["a", "b", "c"]), Some(&Value::Int(1)));
        assert_eq!(options.origin(&["a", "b", "c"]), Some(&Origin::CommandLine));
        assert_eq!(options.origin(&["a", "b"]), None);

        options.set(&["a", "b"], Value::Bool(true), Origin::Computed);
        assert_eq!(options.get(&["a", "b", "c"]), None);
        assert_eq!(options.origin(&["a", "b", "c"]), Some(&Origin::Computed));
        assert_eq!(options.origins.len(), 1);
    }

    #[test]
    fn aliases_hold_for_the_first_component() {
        let mut options = Options::default();
        options.set(&["yum.conf"], "[main]".into(), Origin::CommandLine);
        options.set(&["files", "yum.conf"], "text".into(), Origin::Computed);
        assert_eq!(options.get(&["dnf.conf"]), Some(&"[main]".into()));
        assert_eq!(options.get(&["dnf5.conf"]), Some(&"[main]".into()));
        assert_eq!(options.origin(&["yum.conf"]), Some(&Origin::CommandLine));
        assert_eq!(options.get(&["files", "yum.conf"]), Some(&"text".into()));
        assert_eq!(options.get(&["files", "dnf.conf"]), None);
        assert_eq!(
            options.values.keys().collect::<Vec<_>>(),
            ["dnf.conf", "files"]
        );
    }
}
