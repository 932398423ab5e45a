//! TOML files become options.
//!
//! A file's includes are applied first, then the file itself, straight onto the options: tables
//! merge because each leaf is set by itself, scalars and lists replace, `{ append, prepend, remove }`
//! edits what is there. Every leaf keeps its file and line. An unknown key is a warning, so that a
//! configuration for a newer mock still loads; a wrong type is an error.

use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{DNF_TABLES, schema};
use super::kind::Kind;
use super::layers::State;
use super::near::did_you_mean;
use super::source::Source;
use super::value::Value;
use crate::error::{Error, Result};

type Table<'a> = DeTable<'a>;
type Entry<'a> = (
    &'a Spanned<std::borrow::Cow<'a, str>>,
    &'a Spanned<DeValue<'a>>,
);

/// Applies the file at `path`, with all it includes.
pub(super) fn load(path: &Path, state: &mut State<'_>) -> Result<()> {
    let mut files = Files::default();
    files.load(path, state)
}

/// The files of one top-level load: those in the making, and those done.
#[derive(Default)]
struct Files {
    chain: Vec<PathBuf>,
    done: Vec<PathBuf>,
}

impl Files {
    fn load(&mut self, path: &Path, state: &mut State<'_>) -> Result<()> {
        let source = Source::read(path)?;
        let real = fs_err::canonicalize(path).map_err(Error::io("read", path))?;
        state.note_file(&real);
        let document = DeTable::parse(&source.text).map_err(|e| syntax_error(&source, &e))?;
        let table = document.get_ref();
        self.chain.push(real.clone());
        if let Some(list) = table.get("include") {
            self.includes(&source, list, state)?;
        }
        self.chain.pop();
        self.done.push(real);
        Apply {
            source: &source,
            state,
        }
        .top(table)
    }

    fn includes(
        &mut self,
        source: &Source,
        list: &Spanned<DeValue<'_>>,
        state: &mut State<'_>,
    ) -> Result<()> {
        let wrong = |span| {
            let message = "include: expected a list of file names".to_owned();
            source.error(span, message, None)
        };
        let DeValue::Array(items) = list.get_ref() else {
            return Err(wrong(list.span()));
        };
        for item in items {
            let DeValue::String(name) = item.get_ref() else {
                return Err(wrong(item.span()));
            };
            let Some(path) = find_include(source, name, state) else {
                let message = format!("Could not find included config file: {name}");
                let hint = "paths are looked up beside the including file, then in the \
                            configuration directory";
                return Err(source.error(item.span(), message, Some(hint.to_owned())));
            };
            if path.extension().is_some_and(|extension| extension == "cfg") {
                state.evaluate_cfg(&path)?;
                continue;
            }
            let real = fs_err::canonicalize(&path).map_err(Error::io("read", &path))?;
            if let Some(start) = self.chain.iter().position(|known| *known == real) {
                let chain = self.chain[start..].iter().chain([&real]);
                let chain = chain.map(|p| p.display().to_string()).collect::<Vec<_>>();
                let message = format!("include loop: {}", chain.join(" -> "));
                return Err(source.error(item.span(), message, None));
            }
            if !self.done.contains(&real) {
                self.load(&path, state)?;
            }
        }
        Ok(())
    }
}

fn find_include(source: &Source, name: &str, state: &State<'_>) -> Option<PathBuf> {
    let beside = source.path.parent().map(Path::to_owned);
    beside
        .into_iter()
        .chain(state.config_dirs())
        .map(|directory| directory.join(name))
        .find(|path| path.is_file())
}

fn syntax_error(source: &Source, error: &toml::de::Error) -> Error {
    let span = error.span().unwrap_or(0..0);
    let at_end = span.start >= source.text.trim_end().len();
    let hint = (at_end && source.text.matches("\"\"\"").count() % 2 == 1)
        .then(|| "a string opened with \"\"\" is not closed".to_owned());
    source.error(span, error.message().replace('\n', ", "), hint)
}

struct Apply<'a, 's, 'h> {
    source: &'a Source,
    state: &'s mut State<'h>,
}

impl Apply<'_, '_, '_> {
    fn top(&mut self, table: &Table<'_>) -> Result<()> {
        for (key, value) in table {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("include", _) => {}
                ("vars", DeValue::Table(vars)) => self.free(&[], vars),
                ("config_opts", DeValue::Table(entries)) => self.free(&[], entries),
                ("vars" | "config_opts", _) => return Err(self.wrong((key, value), "table")),
                _ => self.entry(&[], (key, value))?,
            }
        }
        Ok(())
    }

    /// Entries by the original's names, of any type; tables merge.
    fn free(&mut self, path: &[&str], table: &Table<'_>) {
        for (key, value) in table {
            let path = [path, &[key.get_ref()]].concat();
            match value.get_ref() {
                DeValue::Table(inner) => self.free(&path, inner),
                other => {
                    let origin = self.source.origin(key.span().start);
                    self.state.options.set(&path, plain(other), origin);
                }
            }
        }
    }

    fn table(&mut self, path: &[&str], table: &Table<'_>) -> Result<()> {
        table.iter().try_for_each(|entry| self.entry(path, entry))
    }

    fn entry(&mut self, path: &[&str], (key, value): Entry<'_>) -> Result<()> {
        let name = key.get_ref().as_ref();
        let full = [path, &[name]].concat();
        match (path, name, value.get_ref()) {
            (["dnf"], "extra", DeValue::String(text)) => {
                let origin = self.source.origin(key.span().start);
                self.state.dnf.set_extra(text, origin);
                return Ok(());
            }
            (["dnf"], _, _) if DNF_TABLES.contains(&name) => return self.dnf((key, value)),
            _ => {}
        }
        if let Some(known) = schema().by_toml(&full) {
            let original = known
                .original
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>();
            return self.assign(&original, &known.kind, (key, value));
        }
        if schema().section(&full).is_some() || !schema().names_in(&full).is_empty() {
            return match value.get_ref() {
                DeValue::Table(inner) => self.table(&full, inner),
                _ => Err(self.wrong((key, value), "table")),
            };
        }
        if let (["bootstrap"], Some(known)) = (path, schema().by_original(&[name])) {
            return self.assign(&[&format!("bootstrap_{name}")], &known.kind, (key, value));
        }
        self.unknown(&full, key);
        Ok(())
    }

    fn assign(&mut self, path: &[&str], kind: &Kind, (key, value): Entry<'_>) -> Result<()> {
        let origin = self.source.origin(key.span().start);
        if let DeValue::Table(table) = value.get_ref() {
            if kind.is_list() && is_edit(table) {
                let edited = self.edit(self.state.options.get(path), table);
                let fitting = edited.and_then(|value| kind.fit(value));
                let value = fitting.ok_or_else(|| self.wrong((key, value), &kind.text))?;
                self.state.options.set(path, value, origin);
                return Ok(());
            }
            if kind.is_table() {
                return self.entries(path, kind, (key, value), table);
            }
        }
        let fitting = kind.fit(plain(value.get_ref()));
        let value = fitting.ok_or_else(|| self.wrong((key, value), &kind.text))?;
        self.state.options.set(path, value, origin);
        Ok(())
    }

    /// A table that is a value: entry by entry, so that it merges with the inherited one.
    fn entries(
        &mut self,
        path: &[&str],
        kind: &Kind,
        whole: Entry<'_>,
        table: &Table<'_>,
    ) -> Result<()> {
        if table.is_empty() && self.state.options.get(path).is_none() {
            let origin = self.source.origin(whole.0.span().start);
            self.state
                .options
                .set(path, Value::Dict(Default::default()), origin);
        }
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let path = [path, &[name]].concat();
            let new = match value.get_ref() {
                DeValue::Table(edit) if is_edit(edit) => {
                    self.edit(self.state.options.get(&path), edit)
                }
                other => Some(plain(other)),
            };
            let single = new.map(|new| Value::Dict([(name.to_owned(), new)].into()));
            let Some(Value::Dict(mut single)) = single.and_then(|single| kind.fit(single)) else {
                return Err(self.wrong((key, value), kind.entry_text()));
            };
            if let Some(new) = single.swap_remove(name) {
                let origin = self.source.origin(key.span().start);
                self.state.options.set(&path, new, origin);
            }
        }
        Ok(())
    }

    fn edit(&self, current: Option<&Value>, edit: &Table<'_>) -> Option<Value> {
        let mut items = match current {
            Some(Value::List(items) | Value::Tuple(items)) => items.clone(),
            Some(Value::Str(words)) => words.split_whitespace().map(Value::from).collect(),
            _ => Vec::new(),
        };
        let list = |name: &str| match edit.get(name).map(|value| plain(value.get_ref())) {
            None => Some(Vec::new()),
            Some(Value::List(items)) => Some(items),
            Some(_) => None,
        };
        let (prepend, append, remove) = (list("prepend")?, list("append")?, list("remove")?);
        items.retain(|item| !remove.contains(item));
        items.splice(0..0, prepend);
        items.extend(append);
        match current {
            // A template has blanks of its own: only the whole text can be expanded.
            Some(Value::Str(text)) if text.contains("{{") || text.contains("{%") => {
                let words = items
                    .iter()
                    .map(Value::as_str)
                    .collect::<Option<Vec<_>>>()?;
                Some(Value::Str(words.join(" ")))
            }
            _ => Some(Value::List(items)),
        }
    }

    fn dnf(&mut self, (key, value): Entry<'_>) -> Result<()> {
        let DeValue::Table(table) = value.get_ref() else {
            return Err(self.wrong((key, value), "table"));
        };
        if key.get_ref() == "main" {
            return self.dnf_section("main", "", table);
        }
        for (name, value) in table {
            match value.get_ref() {
                DeValue::Table(section) => {
                    self.dnf_section(key.get_ref(), name.get_ref(), section)?;
                }
                _ => return Err(self.wrong((name, value), "table")),
            }
        }
        Ok(())
    }

    fn dnf_section(&mut self, group: &str, name: &str, table: &Table<'_>) -> Result<()> {
        for (key, value) in table {
            let option = key.get_ref().as_ref();
            let new = match value.get_ref() {
                DeValue::Table(edit) if is_edit(edit) => {
                    self.edit(self.state.dnf.get(group, name, option), edit)
                }
                other => Some(plain(other)),
            };
            let new = new.filter(|new| match new {
                Value::List(items) => items.iter().all(|item| matches!(item, Value::Str(_))),
                Value::Dict(_) | Value::None | Value::Tuple(_) => false,
                Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_) => true,
            });
            let Some(new) = new else {
                let expected = "string, number, boolean or list of strings";
                return Err(self.wrong((key, value), expected));
            };
            let origin = self.source.origin(key.span().start);
            self.state.dnf.set(group, name, option, new, origin);
        }
        Ok(())
    }

    fn unknown(&mut self, path: &[&str], key: &Spanned<std::borrow::Cow<'_, str>>) {
        let line = self.source.line(key.span().start);
        let place = format!("{}:{line}", self.source.path.display());
        let hint =
            did_you_mean(path).map_or_else(String::new, |name| format!(" (did you mean {name}?)"));
        self.state
            .warn(format!("{place}: unknown key {}{hint}", path.join(".")));
    }

    fn wrong(&self, (key, value): Entry<'_>, expected: &str) -> Error {
        // Of a list, the member that is to blame: the others are strings, or lists of them.
        let member = match value.get_ref() {
            DeValue::Array(items) => items
                .iter()
                .find(|item| !matches!(item.get_ref(), DeValue::String(_) | DeValue::Array(_))),
            _ => None,
        };
        let found = describe(member.unwrap_or(value).get_ref());
        let message = format!("{}: expected {expected}, found {found}", key.get_ref());
        self.source
            .error(member.unwrap_or(value).span(), message, None)
    }
}

fn is_edit(table: &Table<'_>) -> bool {
    let edits = ["append", "prepend", "remove"];
    !table.is_empty()
        && table
            .keys()
            .all(|key| edits.contains(&key.get_ref().as_ref()))
}

/// What stands in the file, for "found ..." in an error.
fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the string \"{text}\""),
        DeValue::Integer(number) => format!("the integer {number}"),
        DeValue::Float(number) => format!("the number {}", number.as_str()),
        DeValue::Boolean(flag) => format!("the boolean {flag}"),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// The value without its positions. An integer beyond 64 bits stays the text that was written.
pub(super) fn plain(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::Str(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Value::Str(number.to_string()), Value::Int),
        DeValue::Float(number) => number
            .as_str()
            .parse()
            .map_or_else(|_| Value::Str(number.to_string()), Value::Float),
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Datetime(date) => Value::Str(date.to_string()),
        DeValue::Array(items) => {
            Value::List(items.iter().map(|item| plain(item.get_ref())).collect())
        }
        DeValue::Table(table) => Value::Dict(
            table
                .iter()
                .map(|(key, value)| (key.get_ref().to_string(), plain(value.get_ref())))
                .collect(),
        ),
    }
}
