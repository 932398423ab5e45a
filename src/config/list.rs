//! `--list-chroots`: the names of all configurations, with their descriptions.

use std::collections::BTreeSet;
use std::path::Path;

use super::cfg;
use super::layers::{self, Found, Search, configs_in, user_dir};
use super::reader::Reader;
use crate::error::Result;

/// Names are padded to this width.
const NAME_WIDTH: usize = 34;

/// The whole listing, with a line end after each line.
pub(crate) fn list_chroots(search: &Search, host: &cfg::Host) -> Result<String> {
    cfg::with_stack(|| listing(search, host))
}

fn listing(search: &Search, host: &cfg::Host) -> String {
    let mut text = line("config name", "description");
    text.push_str("Global configs:\n");
    // As for `-r`: the first directory that holds a name hides it in the others.
    let mut listed = BTreeSet::new();
    for dir in &search.config_dirs {
        list(dir, search, host, &mut listed, &mut text);
    }
    text.push_str("Custom configs:\n");
    if let Some(dir) = user_dir(search) {
        list(&dir, search, host, &mut BTreeSet::new(), &mut text);
    }
    text
}

/// The names of all configurations.
pub(crate) fn names(search: &Search) -> BTreeSet<String> {
    let directories = search.config_dirs.iter().cloned().chain(user_dir(search));
    directories
        .flat_map(|dir| configs_in(&dir))
        .map(|(name, _)| name)
        .collect()
}

fn list(
    dir: &Path,
    search: &Search,
    host: &cfg::Host,
    listed: &mut BTreeSet<String>,
    text: &mut String,
) {
    for (name, path) in configs_in(dir) {
        if !listed.insert(name.clone()) {
            continue;
        }
        let config_dir = search.config_dirs.iter().find(|known| *known == dir);
        let config_dir = config_dir.or(search.config_dirs.first());
        let found = Found {
            path,
            name: name.clone(),
            config_dir: config_dir.cloned().unwrap_or_default(),
        };
        let description = description(&found, search, host);
        let description =
            description.unwrap_or_else(|_| "error during parsing the config file".to_owned());
        text.push_str(&line(&name, &description));
    }
}

fn description(found: &Found, search: &Search, host: &cfg::Host) -> Result<String> {
    let state = layers::read_all(found, search, host)?;
    Reader::new(&state.options, None).string(&["description"])
}

fn line(name: &str, description: &str) -> String {
    let line = format!("{name:NAME_WIDTH$} {description}");
    format!("{}\n", line.trim_end())
}
