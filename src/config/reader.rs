//! Typed reading of options: expand, convert leniently, and say where a wrong type stands.
//!
//! Real configurations write `'True'` for a boolean, numbers as strings, one word for a list of one.
//! All that is read; what cannot be meant is an error with the line that assigned it.

use std::time::Duration;

use indexmap::IndexMap;

use super::debug::literal;
use super::kind::{FALSE, TRUE};
use super::options::Options;
use super::template::Expander;
use super::value::{Origin, Value};
use crate::error::{Error, Result};

pub(super) struct Reader<'a> {
    options: &'a Options,
    expander: Expander,
}

impl<'a> Reader<'a> {
    /// `root` replaces the option of that name in templates (it carries the unique extension).
    pub(super) fn new(options: &'a Options, root: Option<String>) -> Self {
        let expander = match root {
            Some(root) => {
                let mut values = options.values.clone();
                values.insert("root".to_owned(), Value::Str(root));
                Expander::new(&values)
            }
            None => Expander::new(&options.values),
        };
        Self { options, expander }
    }

    /// The expanded value; nothing when it is not set or is none.
    pub(super) fn value(&self, path: &[&str]) -> Result<Option<Value>> {
        let Some(value) = self.options.get(path) else {
            return Ok(None);
        };
        let origin = self.options.origin(path);
        let value = self.expander.value(&path.join("."), value, origin)?;
        Ok(Some(value).filter(|value| *value != Value::None))
    }

    pub(super) fn wrong(&self, path: &[&str], expected: &str, found: &Value) -> Error {
        let message = format!(
            "{}: expected {expected}, found {}",
            path.join("."),
            literal(found)
        );
        self.error(path, message)
    }

    pub(super) fn error(&self, path: &[&str], message: String) -> Error {
        self.advised(path, message, None)
    }

    /// The same with what to do.
    pub(super) fn advise(&self, path: &[&str], message: String, hint: String) -> Error {
        self.advised(path, message, Some(hint))
    }

    fn advised(&self, path: &[&str], message: String, hint: Option<String>) -> Error {
        Error::Config {
            place: self
                .options
                .origin(path)
                .map(Origin::to_string)
                .unwrap_or_default(),
            message,
            excerpt: None,
            hint,
        }
    }

    /// A text, nothing when it is empty, for an empty text means "not given" in the original.
    pub(super) fn text(&self, path: &[&str]) -> Result<Option<String>> {
        let Some(value) = self.value(path)? else {
            return Ok(None);
        };
        let text = scalar(&value).ok_or_else(|| self.wrong(path, "string", &value))?;
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    pub(super) fn string(&self, path: &[&str]) -> Result<String> {
        Ok(self.text(path)?.unwrap_or_default())
    }

    pub(super) fn optional_bool(&self, path: &[&str]) -> Result<Option<bool>> {
        let Some(value) = self.value(path)? else {
            return Ok(None);
        };
        Ok(Some(match &value {
            Value::Bool(flag) => *flag,
            Value::Int(number) => *number != 0,
            Value::Str(text) => match text.trim().to_ascii_lowercase().as_str() {
                word if TRUE.contains(&word) => true,
                word if FALSE.contains(&word) => false,
                _ => return Err(self.wrong(path, "boolean", &value)),
            },
            _ => return Err(self.wrong(path, "boolean", &value)),
        }))
    }

    pub(super) fn bool(&self, path: &[&str]) -> Result<bool> {
        Ok(self.optional_bool(path)?.unwrap_or(false))
    }

    pub(super) fn number(&self, path: &[&str]) -> Result<Option<u32>> {
        let Some(value) = self.value(path)? else {
            return Ok(None);
        };
        let number = match &value {
            Value::Int(number) => u32::try_from(*number).ok(),
            Value::Bool(flag) => Some(u32::from(*flag)),
            Value::Str(text) if text.trim().is_empty() => return Ok(None),
            Value::Str(text) => text.trim().parse().ok(),
            _ => None,
        };
        let wrong = || self.wrong(path, "integer of zero or more", &value);
        number.map(Some).ok_or_else(wrong)
    }

    /// Seconds; zero and none are "no limit".
    pub(super) fn limit(&self, path: &[&str]) -> Result<Option<Duration>> {
        let seconds = self.number(path)?.filter(|seconds| *seconds > 0);
        Ok(seconds.map(|seconds| Duration::from_secs(seconds.into())))
    }

    /// A list of texts; one text is a list of one.
    pub(super) fn list(&self, path: &[&str]) -> Result<Vec<String>> {
        let Some(value) = self.value(path)? else {
            return Ok(Vec::new());
        };
        strings(&value).ok_or_else(|| self.wrong(path, "list of strings", &value))
    }

    /// A list of words; a text is split at blanks.
    pub(super) fn words(&self, path: &[&str]) -> Result<Vec<String>> {
        match self.value(path)? {
            Some(Value::Str(text)) => Ok(text.split_whitespace().map(str::to_owned).collect()),
            _ => self.list(path),
        }
    }

    pub(super) fn table(&self, path: &[&str]) -> Result<IndexMap<String, Value>> {
        match self.value(path)? {
            None => Ok(IndexMap::new()),
            Some(Value::Dict(entries)) => Ok(entries),
            Some(other) => Err(self.wrong(path, "table", &other)),
        }
    }

    pub(super) fn table_of_strings(&self, path: &[&str]) -> Result<IndexMap<String, String>> {
        let convert = |(key, value): (String, Value)| {
            let text = match &value {
                Value::None => Some(String::new()),
                other => scalar(other),
            };
            let below = [path, &[&key]].concat();
            let text = text.ok_or_else(|| self.wrong(&below, "string", &value))?;
            Ok((key, text))
        };
        self.table(path)?.into_iter().map(convert).collect()
    }

    pub(super) fn table_of_lists(&self, path: &[&str]) -> Result<IndexMap<String, Vec<String>>> {
        let convert = |(key, value): (String, Value)| {
            let below = [path, &[&key]].concat();
            let list =
                strings(&value).ok_or_else(|| self.wrong(&below, "list of strings", &value))?;
            Ok((key, list))
        };
        self.table(path)?.into_iter().map(convert).collect()
    }

    pub(super) fn pairs(&self, path: &[&str]) -> Result<Vec<(String, String)>> {
        let Some(value) = self.value(path)? else {
            return Ok(Vec::new());
        };
        let wrong = || self.wrong(path, "list of pairs of strings", &value);
        let (Value::List(items) | Value::Tuple(items)) = &value else {
            return Err(wrong());
        };
        items
            .iter()
            .map(|item| {
                let mut parts = strings(item)?.into_iter();
                let pair = (parts.next()?, parts.next()?);
                parts.next().is_none().then_some(pair)
            })
            .collect::<Option<_>>()
            .ok_or_else(wrong)
    }
}

fn strings(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Str(text) if text.is_empty() => Some(Vec::new()),
        Value::List(items) | Value::Tuple(items) => items.iter().map(scalar).collect(),
        Value::None => Some(Vec::new()),
        other => scalar(other).map(|text| vec![text]),
    }
}

/// The text of a value that has one line of it in Python, too.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Str(text) => Some(text.clone()),
        Value::Int(_) | Value::Float(_) | Value::Bool(_) => Some(literal(value)),
        Value::None | Value::List(_) | Value::Tuple(_) | Value::Dict(_) => None,
    }
}
