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
    /// The text that others assigned, below which ours is written.
    base: Option<String>,
    /// What others put below ours.
    tail: String,
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

    /// Brings the option `dnf.conf` up to date with the tables and with what others assigned.
    pub(super) fn write(&mut self, options: &mut Options) -> Result<()> {
        let current = options.get(&["dnf.conf"]).and_then(Value::as_str);
        let added = match (current, &self.written) {
            (Some(text), Some(written)) => text.strip_prefix(written.as_str()),
            _ => None,
        };
        match added {
            Some(added) => self.tail.push_str(added),
            // Assigned anew: what there is of the tables goes below it once more.
            None => {
                self.dirty |= self.first.is_some();
                self.base = current.map(str::to_owned);
                self.tail.clear();
            }
        }
        if !std::mem::take(&mut self.dirty) {
            // Kept in step, or the next look would take the tail for new.
            self.written = self.written.take().and(current.map(str::to_owned));
            return Ok(());
        }
        let mut text = match &self.base {
            Some(base) => self.with_main(base),
            None => self.main(),
        };
        for (id, repo) in self.groups.get(DNF_TABLES[2]).into_iter().flatten() {
            self.repo(id, repo, &mut text)?;
        }
        if let Some((extra, _)) = &self.extra {
            text.push('\n');
            text.push_str(extra);
        }
        text.push_str(&self.tail);
        self.written = Some(text.clone());
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
        text.extend(entries.iter().map(|(option, value)| entry(option, value)));
        text
    }

    /// A given text with the configured entries of `[main]` in it.
    fn with_main(&self, base: &str) -> String {
        let main = self.section("main", "").into_iter().flatten();
        let lines = main.map(|(option, (value, _))| (option.as_str(), entry(option, value)));
        let lines = lines.collect::<Vec<_>>();
        merged(base, "main", &lines).unwrap_or_else(|| match lines.is_empty() {
            true => base.to_owned(),
            false => {
                let lines = lines.into_iter().map(|(_, line)| line);
                format!("[main]\n{}\n{base}", lines.collect::<String>())
            }
        })
    }

    fn repo(&self, id: &str, repo: &Section, text: &mut String) -> Result<()> {
        let mut lines = Vec::new();
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
                    lines.push(("gpgkey", entry("gpgkey", &Value::List(urls))));
                    if !repo.contains_key("gpgcheck") {
                        lines.push(("gpgcheck", entry("gpgcheck", &Value::Bool(true))));
                    }
                }
                _ => lines.push((option, entry(option, value))),
            }
        }
        let when = when(id, repo)?;
        if when.is_none()
            && let Some(merged) = merged(text, id, &lines)
        {
            *text = merged;
            return Ok(());
        }
        if !repo.contains_key("name") {
            lines.insert(0, ("name", entry("name", &id.into())));
        }
        let lines = lines.into_iter().map(|(_, line)| line).collect::<String>();
        text.push_str(&match when {
            Some(when) => format!("\n{{% if {when} %}}[{id}]\n{lines}{{% endif %}}"),
            None => format!("\n[{id}]\n{lines}"),
        });
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

/// The condition of a repository.
fn when(id: &str, repo: &Section) -> Result<Option<String>> {
    let Some((value, origin)) = repo.get("when") else {
        return Ok(None);
    };
    let expression = match value {
        Value::Str(expression) => expression.clone(),
        Value::Bool(flag) => flag.to_string(),
        other => return Err(when_error(id, origin, format!("no expression: {other:?}"))),
    };
    match template::check_expression(&expression) {
        Ok(()) => Ok(Some(expression)),
        Err(message) => Err(when_error(id, origin, message)),
    }
}

fn when_error(id: &str, origin: &Origin, message: String) -> Error {
    Error::Config {
        place: origin.to_string(),
        message: format!("dnf.repo.{id}.when: {message}"),
        excerpt: None,
        hint: None,
    }
}

/// `text` with `lines` in the section `[id]`, in place of those it has for the same options; or
/// nothing when there is no such section.
///
/// They go to the section's top: at its end may stand what a template's condition encloses.
fn merged(text: &str, id: &str, lines: &[(&str, String)]) -> Option<String> {
    let header = format!("[{id}]");
    let mut out = String::with_capacity(text.len());
    let (mut inside, mut found, mut dropping) = (false, false, false);
    for line in text.split_inclusive('\n') {
        let bare = line.rfind("%}").map_or(line, |end| &line[end + 2..]);
        if bare.starts_with('[') {
            inside = !found && bare.trim_end() == header;
            dropping = false;
            out.push_str(line);
            if inside {
                found = true;
                if !line.ends_with('\n') {
                    out.push('\n');
                }
                out.extend(lines.iter().map(|(_, line)| line.as_str()));
            }
            continue;
        }
        // A line that begins with a blank continues the one before.
        let continued = line.starts_with([' ', '\t']) && !line.trim().is_empty();
        if !continued {
            let option = line.split('=').next().unwrap_or("").trim();
            dropping = inside && lines.iter().any(|(known, _)| *known == option);
        }
        if !dropping {
            out.push_str(line);
        }
    }
    found.then_some(out)
}

/// One line of a section, or several where the value goes on.
fn entry(option: &str, value: &Value) -> String {
    let value = match value {
        Value::Bool(flag) => u8::from(*flag).to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Str(text) => text.trim_end().replace('\n', "\n    "),
        Value::List(items) | Value::Tuple(items) => {
            let words = items.iter().filter_map(Value::as_str);
            // Lists of addresses get a line each; the others are short words.
            let addresses = option.ends_with("url") || option == "gpgkey";
            let separator = if addresses { "\n    " } else { " " };
            words.collect::<Vec<_>>().join(separator)
        }
        Value::None | Value::Dict(_) => String::new(),
    };
    format!("{option}={value}\n")
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
