//! The schema: every key there is, read from the embedded `configs/defaults.toml`.
//!
//! That file is the only table of keys. Values come from the TOML parser; names, types, states and
//! documentation from the comments above each key, by the few rules its own header and this module
//! give: `# original: NAME`, `# type: TYPE`, `# status: TEXT`, and `#key =` for a key without a
//! default. Everything else in a comment is documentation.

use std::sync::LazyLock;

use toml::de::{DeTable, DeValue};

use super::kind::Kind;
use super::options::Options;
use super::toml::plain;
use super::value::{Origin, Value};

pub(crate) const DEFAULTS: &str = include_str!("../../configs/defaults.toml");

/// How much of a key this version carries out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Status {
    Works,
    /// Setting it away from its default is worth a warning; `instead` is what happens.
    NotYet {
        instead: String,
    },
    /// Read, and on purpose without effect.
    NoEffect {
        because: String,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct Key {
    /// Path in a TOML file; the last component is the key itself.
    pub(crate) toml: Vec<String>,
    /// Path in the original's `config_opts`.
    pub(crate) original: Vec<String>,
    pub(crate) kind: Kind,
    pub(crate) default: Option<Value>,
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "the reference page is made by a test")
    )]
    pub(crate) doc: String,
    pub(crate) status: Status,
    pub(crate) line: u32,
}

/// A table of the schema: either a plain section, or (`entries`) a key whose value is a table.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    pub(crate) path: Vec<String>,
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "the reference page is made by a test")
    )]
    pub(crate) doc: String,
    pub(crate) status: Status,
    pub(crate) is_value: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Schema {
    /// What stands above the first section.
    pub(crate) header: String,
    pub(crate) sections: Vec<Section>,
    pub(crate) keys: Vec<Key>,
}

/// Tables that are not options but parts of `dnf.conf`; their entries are free.
pub(crate) const DNF_TABLES: [&str; 3] = ["main", "key", "repo"];

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::parse(DEFAULTS));

pub(crate) fn schema() -> &'static Schema {
    &SCHEMA
}

/// The built-in values as options.
pub(crate) fn defaults() -> Options {
    static DEFAULTS: LazyLock<Options> = LazyLock::new(|| schema().make_defaults());
    DEFAULTS.clone()
}

impl Schema {
    pub(crate) fn by_toml(&self, path: &[impl AsRef<str>]) -> Option<&Key> {
        self.keys.iter().find(|key| same(&key.toml, path))
    }

    pub(crate) fn by_original(&self, path: &[impl AsRef<str>]) -> Option<&Key> {
        self.keys.iter().find(|key| same(&key.original, path))
    }

    pub(crate) fn section(&self, path: &[impl AsRef<str>]) -> Option<&Section> {
        self.sections.iter().find(|s| same(&s.path, path))
    }

    /// The names a table of the schema may hold: its keys and its sub-tables.
    pub(crate) fn names_in(&self, path: &[impl AsRef<str>]) -> Vec<&str> {
        let keys = self.keys.iter().map(|key| &key.toml);
        let sections = self.sections.iter().map(|section| &section.path);
        let mut names = keys
            .chain(sections)
            .filter(|full| full.len() > path.len() && same(&full[..path.len()], path))
            .map(|full| full[path.len()].as_str())
            .collect::<Vec<_>>();
        names.dedup();
        names
    }

    fn make_defaults(&self) -> Options {
        let mut options = Options::default();
        for key in &self.keys {
            if let Some(value) = &key.default {
                let path = key.original.iter().map(String::as_str).collect::<Vec<_>>();
                options.set(&path, value.clone(), Origin::Default { line: key.line });
            }
        }
        options
    }

    fn parse(text: &str) -> Self {
        // Comments are most of it, and are read below.
        let bare: String = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .flat_map(|line| [line, "\n"])
            .collect();
        let document = DeTable::parse(&bare).expect("the embedded defaults are TOML");
        let mut schema = Self::default();
        let mut section = Vec::new();
        let mut comment = Comment::default();
        for (index, line) in text.lines().enumerate() {
            let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
            if let Some(name) = line.strip_prefix('[') {
                if name == "]" || name.is_empty() {
                    continue;
                }
                section = name
                    .trim_end_matches(']')
                    .split('.')
                    .map(str::to_owned)
                    .collect();
                schema.add_section(&section, std::mem::take(&mut comment), &document, number);
            } else if let Some(text) = line.strip_prefix("# ") {
                comment.line(text);
            } else if line == "#" {
                comment.line("");
            } else if line.is_empty() {
                if section.is_empty() && !comment.doc.is_empty() {
                    schema.header = std::mem::take(&mut comment).doc;
                }
            } else if let Some((name, commented)) = key_of(line) {
                let value = lookup(document.get_ref(), &section, &name);
                let value = if commented { None } else { value };
                schema.add_key(&section, name, value, std::mem::take(&mut comment), number);
            }
        }
        schema
    }

    fn add_section(
        &mut self,
        path: &[String],
        comment: Comment,
        document: &toml::Spanned<DeTable<'_>>,
        line: u32,
    ) {
        let is_value = comment.kind.is_some();
        if is_value && !(path[0] == "dnf" && path.len() == 2 && DNF_TABLES.contains(&&*path[1])) {
            let (parent, name) = (&path[..path.len() - 1], path[path.len() - 1].clone());
            let value = lookup(document.get_ref(), parent, &name);
            let comment = Comment {
                status: comment.status.clone(),
                ..comment.clone()
            };
            self.add_key(parent, name, value, comment, line);
        }
        self.sections.push(Section {
            path: path.to_owned(),
            doc: comment.doc,
            status: status(comment.status.as_deref()),
            is_value,
        });
    }

    fn add_key(
        &mut self,
        section: &[String],
        name: String,
        value: Option<&DeValue<'_>>,
        comment: Comment,
        line: u32,
    ) {
        // The entries of a table that is a value are part of that value.
        if self
            .sections
            .iter()
            .any(|s| s.is_value && s.path == section)
        {
            return;
        }
        let value = value.map(plain);
        let kind = match (&comment.kind, &value) {
            (Some(text), _) => Kind::parse(text),
            (None, Some(value)) => Kind::of(value),
            (None, None) => Kind::parse("any"),
        };
        let original = match &comment.original {
            Some(text) => original_path(text),
            None => match section {
                [plugins, plugin] if plugins == "plugins" => plugin_path(plugin, &name),
                _ => vec![name.clone()],
            },
        };
        let status = match (&comment.status, section, &*name) {
            (None, [plugins, _], "enable") if plugins == "plugins" => self
                .section(section)
                .map_or(Status::Works, |section| section.status.clone()),
            (text, ..) => status(text.as_deref()),
        };
        let mut toml = section.to_owned();
        toml.push(name);
        self.keys.push(Key {
            toml,
            original,
            default: value.map(|value| kind.default_value(value)),
            kind,
            doc: comment.doc,
            status,
            line,
        });
    }
}

/// Where a plugin's TOML key lives in the original's options.
pub(crate) fn plugin_path(plugin: &str, key: &str) -> Vec<String> {
    let mut path = vec!["plugin_conf".to_owned()];
    if key == "enable" {
        path.push(format!("{plugin}_enable"));
    } else {
        path.push(format!("{plugin}_opts"));
        path.push(key.to_owned());
    }
    path
}

#[derive(Debug, Default, Clone)]
struct Comment {
    doc: String,
    original: Option<String>,
    kind: Option<String>,
    status: Option<String>,
}

impl Comment {
    fn line(&mut self, text: &str) {
        if let Some(name) = text.strip_prefix("original: ") {
            self.original = Some(name.to_owned());
        } else if let Some(kind) = text.strip_prefix("type: ") {
            self.kind = Some(kind.to_owned());
        } else if let Some(status) = text.strip_prefix("status: ") {
            self.status = Some(status.to_owned());
        } else {
            if !self.doc.is_empty() {
                self.doc.push('\n');
            }
            self.doc.push_str(text);
        }
    }
}

fn status(text: Option<&str>) -> Status {
    let Some(text) = text else {
        return Status::Works;
    };
    if let Some(because) = text.strip_prefix("no effect: ") {
        let because = because.to_owned();
        return Status::NoEffect { because };
    }
    let instead = text
        .trim_start_matches("not yet")
        .trim_start_matches(": ")
        .to_owned();
    Status::NotYet { instead }
}

/// `a['b']['c']` -> a, b, c.
fn original_path(text: &str) -> Vec<String> {
    text.split("['")
        .map(|part| part.trim_end_matches("']").to_owned())
        .collect()
}

/// `name =` at the start of a line, and whether it is commented out (`#name =`).
fn key_of(line: &str) -> Option<(String, bool)> {
    let (rest, commented) = match line.strip_prefix('#') {
        Some(rest) => (rest, true),
        None => (line, false),
    };
    if rest.starts_with([' ', '\t']) {
        return None;
    }
    let (name, _) = rest.split_once('=')?;
    let name = name.trim().trim_matches('"');
    Some((name.to_owned(), commented))
}

fn lookup<'a>(table: &'a DeTable<'_>, section: &[String], name: &str) -> Option<&'a DeValue<'a>> {
    let mut table = table;
    for part in section {
        match table.get(part.as_str())?.get_ref() {
            DeValue::Table(inner) => table = inner,
            _ => return None,
        }
    }
    table.get(name).map(|value| value.get_ref())
}

fn same(left: &[impl AsRef<str>], right: &[impl AsRef<str>]) -> bool {
    left.len() == right.len()
        && left
            .iter()
            .zip(right)
            .all(|(a, b)| a.as_ref() == b.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_documented_once_and_has_a_default_of_its_type() {
        let schema = schema();
        let mut seen = std::collections::BTreeSet::new();
        for key in &schema.keys {
            let name = key.toml.join(".");
            assert!(
                seen.insert(&key.original),
                "{name}: second key for {:?}",
                key.original
            );
            let in_plugin = key.toml[0] == "plugins" && key.toml[2] == "enable";
            assert!(in_plugin || !key.doc.is_empty(), "{name}: no documentation");
            let fits = |value: &Value| key.kind.fit(value.clone()).is_some();
            assert!(
                key.default.as_ref().is_none_or(fits),
                "{name}: {:?}",
                key.default
            );
            assert_ne!(key.kind.text, "any", "{name}: no type");
        }
        for section in &schema.sections {
            assert!(
                !section.doc.is_empty(),
                "{:?}: no documentation",
                section.path
            );
        }
    }

    #[test]
    fn a_key_is_read_with_its_comments() {
        let schema = Schema::parse(
            "# Head.\n\n# A part.\n[part]\n\n# Words.\n# original: a['b']\n# type: string or none\n\
             # status: not yet: x happens\nkey = \"none\"\n\n# Seconds.\n# type: integer\n\
             # status: no effect: y\n#bare =\n\n\
             # Free.\n# type: table of scalars\n[part.free]\n\"%a\" = \"1\"\n",
        );
        let shown = schema.keys.iter().map(|key| {
            format!(
                "{:?} {:?} {:?} {:?} {:?} {}",
                key.toml, key.original, key.kind.text, key.default, key.status, key.line
            )
        });
        insta::assert_snapshot!(shown.collect::<Vec<_>>().join("\n"), @r#"
        ["part", "key"] ["a", "b"] "string or none" Some(None) NotYet { instead: "x happens" } 10
        ["part", "bare"] ["bare"] "integer" None NoEffect { because: "y" } 15
        ["part", "free"] ["free"] "table of scalars" Some(Dict({"%a": Str("1")})) Works 19
        "#);
        assert_eq!(schema.header, "Head.");
        assert_eq!(schema.names_in(&["part"]), ["key", "bare", "free"]);
    }
}
