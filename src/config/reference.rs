//! `docs/config.md`, made from the schema.
//!
//! The page cannot go stale: a test compares it with what this module makes.

use super::debug::literal;
use super::dnf::default_main;
use super::keys::{Key, Section, Status, schema};
use super::value::Value;

/// The original's name of each key, and what happens instead of it if it is not carried out.
pub(crate) fn keys() -> Vec<(String, Option<String>)> {
    let state = |key: &Key| match &key.status {
        Status::Works => None,
        Status::NotYet { instead } if instead.is_empty() => Some("not yet".to_owned()),
        Status::NotYet { instead } => Some(format!("not yet: {instead}")),
        Status::NoEffect { because } => Some(format!("no effect: {because}")),
    };
    let keys = schema().keys.iter();
    keys.map(|key| (original(key).trim_matches('`').to_owned(), state(key)))
        .collect()
}

/// The whole page.
pub(crate) fn page() -> String {
    let schema = schema();
    let (title, rest) = schema.header.split_once("\n\n").unwrap_or_default();
    let mut page = format!(
        "<!-- Made from configs/defaults.toml; MOCK_UPDATE_DOCS=1 cargo test config::reference -->\n\
         # Configuration\n\n{title}\n\n{rest}\n"
    );
    for section in &schema.sections {
        page.push_str(&self::section(section));
        let keys = schema
            .keys
            .iter()
            .filter(|key| key.toml[..key.toml.len() - 1] == section.path);
        for key in keys.filter(|key| schema.section(&key.toml).is_none()) {
            page.push_str(&entry(key));
        }
    }
    page
}

fn section(section: &Section) -> String {
    let name = section.path.join(".");
    let mut text = format!("\n## `[{name}]`\n\n{}\n", section.doc);
    text.push_str(&state(&section.status));
    if let Some(key) = schema().by_toml(&section.path) {
        text.push_str(&format!("\nOriginal: {}.", original(key)));
        text.push_str(&default(key));
        text.push('\n');
    }
    if section.path == ["dnf", "main"] {
        let lines = default_main()
            .into_iter()
            .map(|(name, value)| format!("  - `{name}`: {}\n", code(&toml(&value))));
        text.push_str(&format!("\nDefault:\n{}", lines.collect::<String>()));
    }
    if schema()
        .keys
        .iter()
        .any(|key| key.toml[..key.toml.len() - 1] == section.path)
    {
        text.push('\n');
    }
    text
}

fn entry(key: &Key) -> String {
    let name = key.toml.last().map_or("", String::as_str);
    let mut facts = vec![key.kind.text.clone()];
    if key.original.len() > 1 || key.original[0] != name {
        facts.push(format!("original: {}", original(key)));
    }
    let doc = key.doc.replace('\n', "\n  ");
    let mut text = format!("- **`{name}`** ({})", facts.join("; "));
    if !doc.is_empty() {
        text.push_str(&format!("  \n  {doc}"));
    }
    text.push_str(&default(key));
    // A plugin's state stands at its section.
    if !matches!((key.toml.as_slice(), name), ([plugins, ..], "enable") if plugins == "plugins") {
        text.push_str(
            &state(&key.status)
                .replace('\n', " ")
                .trim_end()
                .replace("  ", " "),
        );
    }
    text.push('\n');
    text
}

fn default(key: &Key) -> String {
    match &key.default {
        None | Some(Value::None) => String::new(),
        Some(Value::Dict(entries)) if entries.is_empty() => String::new(),
        Some(Value::Dict(entries)) if entries.len() > 1 => {
            let lines = entries
                .iter()
                .map(|(name, value)| format!("\n  - `{name}`: {}", code(&toml(value))));
            format!(" Default:{}", lines.collect::<String>())
        }
        Some(value) => format!(" Default: {}.", code(&toml(value))),
    }
}

fn state(status: &Status) -> String {
    match status {
        Status::Works => String::new(),
        Status::NotYet { instead } => format!("\n*Not supported yet: {instead}.*\n"),
        Status::NoEffect { because } => format!("\n*No effect: {because}.*\n"),
    }
}

/// `a['b']`, as a `.cfg` writes it.
fn original(key: &Key) -> String {
    let (first, rest) = (&key.original[0], &key.original[1..]);
    let rest = rest
        .iter()
        .map(|part| format!("['{part}']"))
        .collect::<String>();
    format!("`{first}{rest}`")
}

/// The value as TOML writes it, on one line.
fn toml(value: &Value) -> String {
    match value {
        Value::None => "\"none\"".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(_) | Value::Float(_) => literal(value),
        Value::Str(text) if text.contains(['"', '\\']) && !text.contains(['\'', '\n']) => {
            format!("'{text}'")
        }
        Value::Str(text) => {
            let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
            format!("\"{}\"", escaped.replace('\n', "\\n"))
        }
        Value::List(items) | Value::Tuple(items) => {
            format!(
                "[{}]",
                items.iter().map(toml).collect::<Vec<_>>().join(", ")
            )
        }
        Value::Dict(entries) => {
            let entries = entries
                .iter()
                .map(|(name, value)| format!("{name} = {}", toml(value)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Markdown code that may itself hold a backtick.
fn code(text: &str) -> String {
    if text.contains('`') {
        format!("`` {text} ``")
    } else {
        format!("`{text}`")
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn the_page_is_current() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/config.md");
        let page = super::page();
        #[expect(clippy::disallowed_methods, reason = "a switch of the test itself")]
        let update = std::env::var_os("MOCK_UPDATE_DOCS").is_some();
        if update {
            fs_err::write(&path, &page).unwrap();
        }
        let written = fs_err::read_to_string(&path).unwrap_or_default();
        assert!(
            written == page,
            "docs/config.md is not current: run MOCK_UPDATE_DOCS=1 cargo test config::reference"
        );
    }
}
