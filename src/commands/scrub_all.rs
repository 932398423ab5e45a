//! `--scrub-all-chroots`: everything of every root found in the state directories.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::config::BESIDE;
use crate::error::Result;
use crate::program;
use crate::report;

/// What a directory's name says: the configuration, and the unique extension if there is one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Known {
    pub(crate) config: String,
    pub(crate) unique: Option<String>,
}

/// Calls `scrub` for each root whose name belongs to one of `configs`; names the others.
pub(crate) fn run(
    directories: &[PathBuf],
    configs: &BTreeSet<String>,
    mut scrub: impl FnMut(&Known) -> Result<()>,
) -> Result<()> {
    let mut known = BTreeSet::new();
    for name in directories.iter().flat_map(|directory| names(directory)) {
        match recognize(&name, configs) {
            Some(root) => {
                known.insert(root);
            }
            None => report::print(&format!("Unknown directory: {name}\n")),
        }
    }
    for root in &known {
        let unique = root
            .unique
            .as_ref()
            .map(|unique| format!(" --uniqueext {unique}"))
            .unwrap_or_default();
        report::print(&format!(
            "## Calling: {} --scrub=all -r {}{unique} ##\n",
            program::name(),
            root.config
        ));
        scrub(root)?;
    }
    Ok(())
}

fn names(directory: &Path) -> BTreeSet<String> {
    let Ok(entries) = fs_err::read_dir(directory) else {
        return BTreeSet::new();
    };
    entries
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.'))
        .collect()
}

/// The longest configuration name that `name` begins with; a bootstrap root is its root's.
fn recognize(name: &str, configs: &BTreeSet<String>) -> Option<Known> {
    let config = configs
        .iter()
        .filter(|config| {
            name == *config
                || name
                    .strip_prefix(config.as_str())
                    .is_some_and(|rest| rest.starts_with('-'))
        })
        .max_by_key(|config| config.len())?;
    let rest = name
        .strip_prefix(config.as_str())
        .unwrap_or_default()
        .trim_start_matches('-');
    let unique = rest.strip_prefix("bootstrap").map_or(rest, |rest| {
        let rest = rest.rsplit_once(BESIDE).map_or(rest, |(rest, _)| rest);
        rest.trim_start_matches('-')
    });
    Some(Known {
        config: config.clone(),
        unique: (!unique.is_empty()).then(|| unique.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_belong_to_the_longest_name() {
        let configs = ["fedora-43-x86_64", "mini", "mini-x86_64"]
            .map(str::to_owned)
            .into();
        for (name, expected) in [
            ("fedora-43-x86_64", Some(("fedora-43-x86_64", None))),
            ("mini-x86_64-bootstrap", Some(("mini-x86_64", None))),
            ("mini-x86_64-a-b", Some(("mini-x86_64", Some("a-b")))),
            ("mini-x86_64-bootstrap-a", Some(("mini-x86_64", Some("a")))),
            ("mini-x86_64-bootstrap+pypi", Some(("mini-x86_64", None))),
            (
                "mini-x86_64-bootstrap-a+pypi",
                Some(("mini-x86_64", Some("a"))),
            ),
            ("mini-other", Some(("mini", Some("other")))),
            ("minimal", None),
        ] {
            let expected = expected.map(|(config, unique): (&str, Option<&str>)| Known {
                config: config.to_owned(),
                unique: unique.map(str::to_owned),
            });
            assert_eq!(recognize(name, &configs), expected, "{name}");
        }
    }
}
