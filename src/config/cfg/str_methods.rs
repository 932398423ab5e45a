//! Methods of strings. Positions count characters, as in Python.

use std::rc::Rc;

use super::call::Args;
use super::eval::Evaluator;
use super::fail::{Fail, Res};
use super::format;
use super::number::integer;
use super::object::Val;

pub(super) const NAMES: &[&str] = &[
    "capitalize",
    "casefold",
    "center",
    "count",
    "endswith",
    "find",
    "format",
    "format_map",
    "index",
    "isalnum",
    "isalpha",
    "isdecimal",
    "isdigit",
    "islower",
    "isnumeric",
    "isspace",
    "isupper",
    "join",
    "ljust",
    "lower",
    "lstrip",
    "partition",
    "removeprefix",
    "removesuffix",
    "replace",
    "rfind",
    "rindex",
    "rjust",
    "rpartition",
    "rsplit",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "swapcase",
    "title",
    "upper",
    "zfill",
];

impl Evaluator<'_> {
    pub(super) fn str_method(&mut self, text: &Rc<str>, name: &str, args: Args) -> Res<Val> {
        self.heap.budget.scan(text.len())?;
        match name {
            "format" => return format::str_format(self, text, args),
            "format_map" => {
                let Val::Dict(id) = args.one(name)? else {
                    return Err(Fail::new("format_map() needs a dictionary"));
                };
                let mut args = Args::default();
                for (key, entry) in &self.heap.dicts[id].entries {
                    if let super::object::Key::Str(name) = key {
                        args.named.push((Rc::clone(name), entry.value.clone()));
                    }
                }
                self.heap.budget.work(args.named.len())?;
                return format::str_format(self, text, args);
            }
            "join" => return self.join(text, &args.one(name)?),
            "split" | "rsplit" | "splitlines" | "partition" | "rpartition" => {
                return self.split_method(text, name, args);
            }
            "find" | "rfind" | "index" | "rindex" | "count" | "startswith" | "endswith" => {
                return self.search_method(text, name, args);
            }
            "isalnum" | "isalpha" | "isdecimal" | "isdigit" | "islower" | "isnumeric"
            | "isspace" | "isupper" => {
                args.take(name, [], 0)?;
                return Ok(Val::Bool(is(text, name)));
            }
            _ => {}
        }
        let result = match name {
            "strip" | "lstrip" | "rstrip" => {
                let [chars] = args.take(name, ["chars"], 0)?;
                let chars = optional_str(chars)?;
                let strips = |c: char| match &chars {
                    Some(chars) => chars.contains(c),
                    None => c.is_whitespace(),
                };
                match name {
                    "strip" => text.trim_matches(strips),
                    "lstrip" => text.trim_start_matches(strips),
                    _ => text.trim_end_matches(strips),
                }
                .to_owned()
            }
            "removeprefix" | "removesuffix" => {
                let part = str_of(args.one(name)?)?;
                let rest = match name {
                    "removeprefix" => text.strip_prefix(&*part),
                    _ => text.strip_suffix(&*part),
                };
                rest.unwrap_or(text).to_owned()
            }
            "replace" => {
                let [old, new, count] = args.take(name, ["old", "new", "count"], 2)?;
                let [old, new] = [
                    str_of(old.unwrap_or(Val::None))?,
                    str_of(new.unwrap_or(Val::None))?,
                ];
                let most = match count {
                    Some(count) => usize::try_from(integer(&count)?).unwrap_or(usize::MAX),
                    None => usize::MAX,
                };
                let count = text.matches(&*old).count().min(most);
                self.heap.budget.produce(count.saturating_mul(new.len()))?;
                text.replacen(&*old, &new, most)
            }
            "ljust" | "rjust" | "center" => {
                let [width, fill] = args.take(name, ["width", "fillchar"], 1)?;
                let width = usize::try_from(integer(&width.unwrap_or(Val::None))?).unwrap_or(0);
                let fill = optional_str(fill)?
                    .and_then(|fill| fill.chars().next())
                    .unwrap_or(' ');
                match name {
                    "ljust" => format::pad(self, text, fill, '<', width)?,
                    "rjust" => format::pad(self, text, fill, '>', width)?,
                    _ => {
                        // The odd one goes to the left of an odd width, unlike with `:^`.
                        let len = text.chars().count();
                        let missing = width.saturating_sub(len);
                        let left = missing / 2 + (missing & width & 1);
                        let text = format::pad(self, text, fill, '>', len + left)?;
                        format::pad(self, &text, fill, '<', width)?
                    }
                }
            }
            "zfill" => {
                let width = integer(&args.one(name)?)?;
                let width = usize::try_from(width).unwrap_or(0);
                let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
                let sign = &text[..text.len() - unsigned.len()];
                let width = width.saturating_sub(sign.len());
                format!("{sign}{}", format::pad(self, unsigned, '0', '>', width)?)
            }
            _ => {
                args.take(name, [], 0)?;
                cased(text, name)
            }
        };
        self.heap.string(result)
    }

    fn join(&mut self, separator: &str, parts: &Val) -> Res<Val> {
        let parts = self.items(parts)?;
        let mut texts = Vec::with_capacity(parts.len());
        for part in &parts {
            let Val::Str(text) = part else {
                return Err(Fail::new(format!(
                    "join() needs strings, and there is {} among them",
                    part.described()
                )));
            };
            self.heap.budget.produce(text.len() + separator.len())?;
            texts.push(&**text);
        }
        Ok(Val::Str(texts.join(separator).into()))
    }

    fn texts<'t>(&mut self, parts: impl Iterator<Item = &'t str>) -> Res<Vec<Val>> {
        let mut texts = Vec::new();
        for part in parts {
            self.heap.budget.produce(part.len() + size_of::<Val>())?;
            texts.push(Val::str(part));
        }
        Ok(texts)
    }

    fn split_method(&mut self, text: &str, name: &str, args: Args) -> Res<Val> {
        if name == "splitlines" {
            args.take(name, [], 0)?;
            // `\r\n` is one line end, a line end at the end of the text starts no line.
            let text = text.replace("\r\n", "\n");
            let lines = self.texts(text.split_terminator(['\n', '\r']))?;
            return self.heap.list(lines);
        }
        if let "partition" | "rpartition" = name {
            let separator = separator(&args.one(name)?)?;
            let parts = match name {
                "partition" => text.split_once(&*separator),
                _ => text.rsplit_once(&*separator),
            };
            let parts = match (parts, name) {
                (Some((before, after)), _) => [before, &*separator, after],
                (None, "partition") => [text, "", ""],
                (None, _) => ["", "", text],
            };
            let parts = self.texts(parts.into_iter())?;
            return self.heap.tuple(parts);
        }
        let [by, most] = args.take(name, ["sep", "maxsplit"], 0)?;
        let most = match most {
            Some(most) => usize::try_from(integer(&most)?).unwrap_or(usize::MAX),
            None => usize::MAX,
        };
        let pieces = most.saturating_add(1);
        let by = by.filter(|by| !matches!(by, Val::None));
        let parts = match (by, name) {
            (Some(by), "split") => self.texts(text.splitn(pieces, &*separator(&by)?))?,
            (Some(by), _) => {
                let mut parts = self.texts(text.rsplitn(pieces, &*separator(&by)?))?;
                parts.reverse();
                parts
            }
            (None, "split") => self.texts(words(text, most).into_iter())?,
            (None, _) => self.texts(words_from_end(text, most).into_iter())?,
        };
        self.heap.list(parts)
    }

    fn search_method(&mut self, text: &str, name: &str, args: Args) -> Res<Val> {
        let [part, start, end] = args.take(name, ["sub", "start", "end"], 1)?;
        let part = part.unwrap_or(Val::None);
        let (from, within) = within(text, start, end)?;
        if let "startswith" | "endswith" = name {
            let parts = match part {
                tuple @ Val::Tuple(_) => self.items(&tuple)?,
                one => vec![one],
            };
            for part in parts {
                let part = str_of(part)?;
                let found = match name {
                    "startswith" => within.starts_with(&*part),
                    _ => within.ends_with(&*part),
                };
                if found {
                    return Ok(Val::Bool(true));
                }
            }
            return Ok(Val::Bool(false));
        }
        let part = str_of(part)?;
        let count = |count: usize| Val::Int(i64::try_from(count).unwrap_or(i64::MAX));
        if name == "count" {
            return Ok(count(within.matches(&*part).count()));
        }
        let found = match name {
            "find" | "index" => within.find(&*part),
            _ => within.rfind(&*part),
        };
        match (found, name) {
            (Some(at), _) => Ok(count(from + within[..at].chars().count())),
            (None, "find" | "rfind") => Ok(Val::Int(-1)),
            (None, _) => Err(Fail::new(format!("{part:.60?} is not in the string"))),
        }
    }
}

/// The part of a text between two positions, and the position at which it starts.
fn within(text: &str, start: Option<Val>, end: Option<Val>) -> Res<(usize, &str)> {
    if start.is_none() && end.is_none() {
        return Ok((0, text));
    }
    let len = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let bound = |bound: Option<Val>, default: i64| match bound {
        None | Some(Val::None) => Ok(default),
        Some(bound) => {
            integer(&bound).map(|at| if at < 0 { at.saturating_add(len) } else { at }.clamp(0, len))
        }
    };
    let start = usize::try_from(bound(start, 0)?).unwrap_or(0);
    let end = usize::try_from(bound(end, len)?).unwrap_or(0).max(start);
    let offset = |at: usize| {
        text.char_indices()
            .nth(at)
            .map_or(text.len(), |(offset, _)| offset)
    };
    Ok((start, &text[offset(start)..offset(end)]))
}

fn str_of(value: Val) -> Res<Rc<str>> {
    match value {
        Val::Str(text) => Ok(text),
        other => Err(Fail::new(format!(
            "this needs a str, not {}",
            other.described()
        ))),
    }
}

fn optional_str(value: Option<Val>) -> Res<Option<Rc<str>>> {
    match value {
        None | Some(Val::None) => Ok(None),
        Some(value) => str_of(value).map(Some),
    }
}

fn separator(value: &Val) -> Res<Rc<str>> {
    let separator = str_of(value.clone())?;
    match separator.is_empty() {
        true => Err(Fail::new("the separator is empty")),
        false => Ok(separator),
    }
}

/// Parts between runs of blanks; after `most` splits the rest stays in one piece.
fn words(text: &str, most: usize) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = rest
            .find(char::is_whitespace)
            .filter(|_| words.len() < most);
        let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
        words.push(word);
        rest = after.trim_start();
    }
    words
}

fn words_from_end(text: &str, most: usize) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text.trim_end();
    while !rest.is_empty() {
        let blank = rest.char_indices().rfind(|(_, c)| c.is_whitespace());
        let start = blank
            .filter(|_| words.len() < most)
            .map_or(0, |(at, c)| at + c.len_utf8());
        words.push(&rest[start..]);
        rest = rest[..start].trim_end();
    }
    words.reverse();
    words
}

fn is(text: &str, name: &str) -> bool {
    let all = |test: fn(char) -> bool| !text.is_empty() && text.chars().all(test);
    let letters = |wrong: fn(char) -> bool, right: fn(char) -> bool| {
        text.chars().any(right) && !text.chars().any(wrong)
    };
    match name {
        "isalnum" => all(char::is_alphanumeric),
        "isalpha" => all(char::is_alphabetic),
        "isspace" => all(char::is_whitespace),
        "islower" => letters(char::is_uppercase, char::is_lowercase),
        "isupper" => letters(char::is_lowercase, char::is_uppercase),
        _ => all(char::is_numeric),
    }
}

fn cased(text: &str, name: &str) -> String {
    match name {
        "upper" => text.to_uppercase(),
        "lower" | "casefold" => text.to_lowercase(),
        "swapcase" => text
            .chars()
            .flat_map(|c| match c.is_uppercase() {
                true => c.to_lowercase().collect::<Vec<_>>(),
                false => c.to_uppercase().collect(),
            })
            .collect(),
        _ => {
            let mut in_word = false;
            let mut result = String::with_capacity(text.len());
            for char in text.chars() {
                match in_word {
                    true => result.extend(char.to_lowercase()),
                    false => result.extend(char.to_uppercase()),
                }
                in_word = name == "capitalize" || char.is_alphabetic();
            }
            result
        }
    }
}
