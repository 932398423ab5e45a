//! `[dnf.main]`, `[dnf.key.NAME]` and `[dnf.repo.ID]` become the text of `dnf.conf`.
//!
//! The text is an option like any other (`dnf.conf`), written after each TOML file, so that a
//! `.cfg` read later may append to it, as the original's files do. A `when` becomes a template's
//! condition in that text: what it depends on may still change until everything is read.

use indexmap::IndexMap;

use super::keys::{DEFAULTS, DNF_TABLES};
use super::options::Options;
use super::template;
use super::value::{Origin, Value};
use crate::error::{Error, Result};

type Section = IndexMap<String, (Value, Origin)>;

#[derive(Debug, Default)]
pub(super) struct Dnf {
    /// `main`, `key`, `repo` -> name (empty for `main`) -> option.
    groups: IndexMap<String, IndexMap<String, Section>>,
    extra: Option<(String, Origin)>,
    /// Something was set since the text was last written.
    dirty: bool,
    /// What was last written, to tell it from what others wrote.
    written: Option<String>,
    first: Option<Origin>,
}

impl Dnf {
    pub(super) fn get(&self, group: &str, name: &str, option: &str) -> Option<&Value> {
        self.section(group, name)?
            .get(option)
            .map(|(value, _)| value)
    }

    pub(super) fn set(
        &mut self,
        group: &str,
        name: &str,
        option: &str,
        value: Value,
        origin: Origin,
    ) {
        self.touched(&origin);
        let sections = self.groups.entry(group.to_owned()).or_default();
        let section = sections.entry(name.to_owned()).or_default();
        section.insert(option.to_owned(), (value, origin));
    }

    pub(super) fn set_extra(&mut self, text: &str, origin: Origin) {
        self.touched(&origin);
        self.extra = Some((text.to_owned(), origin));
    }

    /// Has the text written even if nothing but the built-in `[main]` is there.
    pub(super) fn require(&mut self) {
        self.dirty = true;
    }

    fn touched(&mut self, origin: &Origin) {
        self.dirty = true;
        self.first.get_or_insert_with(|| origin.clone());
    }

    fn section(&self, group: &str, name: &str) -> Option<&Section> {
        self.groups.get(group)?.get(name)
    }

    /// Brings the option `dnf.conf` up to date with the tables.
    pub(super) fn write(&mut self, options: &mut Options) -> Result<()> {
        if !std::mem::take(&mut self.dirty) {
            return Ok(());
        }
        let current = match options.get(&["dnf.conf"]) {
            Some(Value::Str(text)) => Some(text.as_str()),
            _ => None,
        };
        // Text of others: all of it, or what a `.cfg` put below ours.
        let foreign = match (current, &self.written) {
            (Some(text), Some(ours)) => Some(text.strip_prefix(ours.as_str()).ok_or(text)),
            (Some(text), None) => Some(Err(text)),
            (None, _) => None,
        };
        let mut text = match foreign {
            Some(Err(base)) => self.with_main(base),
            Some(Ok(_)) | None => self.main(),
        };
        for (id, repo) in self.groups.get(DNF_TABLES[2]).into_iter().flatten() {
            self.repo(id, repo, &mut text)?;
        }
        if let Some((extra, _)) = &self.extra {
            text.push('\n');
            text.push_str(extra);
        }
        // A foreign base stays foreign: it must be found again next time.
        if !matches!(foreign, Some(Err(_))) {
            self.written = Some(text.clone());
        }
        if let Some(Ok(tail)) = foreign {
            text.push_str(tail);
        }
        let origin = self.first.clone().unwrap_or(Origin::Computed);
        options.set(&["dnf.conf"], Value::Str(text), origin);
        Ok(())
    }

    /// `[main]` with the built-in entries below the configured ones.
    fn main(&self) -> String {
        let mut entries = default_main();
        for (option, (value, _)) in self.section("main", "").into_iter().flatten() {
            entries.insert(option.clone(), value.clone());
        }
        let mut text = "[main]\n".to_owned();
        for (option, value) in &entries {
            line(option, value, &mut text);
        }
        text
    }

    /// Configured entries of `[main]` put at the end of that section of a given text.
    fn with_main(&self, base: &str) -> String {
        let mut added = String::new();
        for (option, (value, _)) in self.section("main", "").into_iter().flatten() {
            line(option, value, &mut added);
        }
        let main = base
            .find("[main]")
            .map_or(0, |start| start + "[main]".len());
        let end = base[main..]
            .find("\n[")
            .map_or(base.len(), |next| main + next + 1);
        let (head, tail) = base.split_at(end);
        let newline = if head.ends_with('\n') || head.is_empty() {
            ""
        } else {
            "\n"
        };
        format!("{head}{newline}{added}{tail}")
    }

    fn repo(&self, id: &str, repo: &Section, text: &mut String) -> Result<()> {
        let when = match repo.get("when") {
            None => None,
            Some((Value::Str(expression), origin)) => {
                template::check_expression(expression).map_err(|message| Error::Config {
                    place: origin.to_string(),
                    message: format!("dnf.repo.{id}.when: {message}"),
                    excerpt: None,
                    hint: None,
                })?;
                Some(expression.clone())
            }
            Some((value, _)) => Some(
                if *value == Value::Bool(true) {
                    "true"
                } else {
                    "false"
                }
                .to_owned(),
            ),
        };
        text.push('\n');
        if let Some(when) = &when {
            text.push_str(&format!("{{% if {when} %}}"));
        }
        text.push_str(&format!("[{id}]\n"));
        if !repo.contains_key("name") {
            line("name", &Value::from(id), text);
        }
        for (option, (value, origin)) in repo {
            match option.as_str() {
                "when" => {}
                "key" => {
                    let names = match value {
                        Value::List(items) => items.clone(),
                        other => vec![other.clone()],
                    };
                    let urls = names.iter().map(|name| self.key_url(id, name, origin));
                    let urls = urls.collect::<Result<Vec<_>>>()?;
                    line("gpgkey", &Value::List(urls), text);
                    if !repo.contains_key("gpgcheck") {
                        line("gpgcheck", &Value::Bool(true), text);
                    }
                }
                _ => line(option, value, text),
            }
        }
        if when.is_some() {
            text.push_str("{% endif %}");
        }
        Ok(())
    }

    fn key_url(&self, repo: &str, name: &Value, origin: &Origin) -> Result<Value> {
        let error = |message| Error::Config {
            place: origin.to_string(),
            message,
            excerpt: None,
            hint: Some("a key is [dnf.key.NAME] with file = \"PATH\" or url = \"URL\"".to_owned()),
        };
        let Value::Str(name) = name else {
            return Err(error(format!(
                "dnf.repo.{repo}.key: expected the name of a key"
            )));
        };
        let found = self.section("key", name);
        let entry = |option| {
            found
                .and_then(|key| key.get(option))
                .map(|(value, _)| value)
        };
        match (entry("file"), entry("url")) {
            (Some(Value::Str(path)), _) => Ok(Value::Str(format!("file://{path}"))),
            (_, Some(Value::Str(url))) => Ok(Value::Str(url.clone())),
            _ => Err(error(format!(
                "dnf.repo.{repo}.key: there is no key {name}"
            ))),
        }
    }
}

fn line(option: &str, value: &Value, text: &mut String) {
    let value = match value {
        Value::Bool(flag) => u8::from(*flag).to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Str(text) => text.trim_end().replace('\n', "\n    "),
        Value::List(items) | Value::Tuple(items) => {
            let words = items.iter().map(|item| match item {
                Value::Str(word) => word.as_str(),
                _ => "",
            });
            // Lists of addresses get a line each; the others are short words.
            let separator = if option.ends_with("url") || option == "gpgkey" {
                "\n    "
            } else {
                " "
            };
            words.collect::<Vec<_>>().join(separator)
        }
        Value::None | Value::Dict(_) => String::new(),
    };
    text.push_str(&format!("{option}={value}\n"));
}

/// The built-in `[dnf.main]`.
pub(super) fn default_main() -> IndexMap<String, Value> {
    let document = toml::de::DeTable::parse(DEFAULTS).expect("the embedded defaults are TOML");
    let Value::Dict(mut root) =
        super::toml::plain(&toml::de::DeValue::Table(document.into_inner()))
    else {
        return IndexMap::new();
    };
    match root.swap_remove("dnf") {
        Some(Value::Dict(mut dnf)) => match dnf.swap_remove("main") {
            Some(Value::Dict(main)) => main,
            _ => IndexMap::new(),
        },
        _ => IndexMap::new(),
    }
}
