//! `str()` and `repr()`, as Python writes them.

use std::fmt::Write as _;
use std::rc::Rc;

use super::eval::Evaluator;
use super::fail::Res;
use super::object::{Key, MAX_DATA_DEPTH, Val, too_deep};

impl Evaluator<'_> {
    pub(super) fn str(&mut self, value: &Val) -> Res<Rc<str>> {
        match value {
            Val::Str(text) | Val::Exception(_, text) => Ok(Rc::clone(text)),
            Val::Uuid(id) => self.made(uuid(*id)),
            other => self.repr(other),
        }
    }

    pub(super) fn repr(&mut self, value: &Val) -> Res<Rc<str>> {
        let mut text = String::new();
        self.write_repr(value, &mut text, 0)?;
        Ok(text.into())
    }

    pub(super) fn ascii(&mut self, value: &Val) -> Res<Rc<str>> {
        let text = self.repr(value)?;
        let mut ascii = String::new();
        for char in text.chars() {
            if char.is_ascii() {
                ascii.push(char);
            } else {
                push_escape(&mut ascii, char);
            }
        }
        self.made(ascii)
    }

    fn made(&mut self, text: String) -> Res<Rc<str>> {
        self.heap.budget.produce(text.len())?;
        Ok(text.into())
    }

    fn write_repr(&mut self, value: &Val, into: &mut String, depth: usize) -> Res<()> {
        if depth > MAX_DATA_DEPTH {
            return Err(too_deep());
        }
        self.heap.budget.work(1)?;
        let before = into.len();
        match value {
            Val::None => into.push_str("None"),
            Val::Bool(true) => into.push_str("True"),
            Val::Bool(false) => into.push_str("False"),
            Val::Int(value) => into.push_str(&value.to_string()),
            Val::Float(value) => into.push_str(&float(*value)),
            Val::Str(text) => {
                self.heap.budget.produce(text.len())?;
                push_str_repr(into, text);
            }
            Val::List(id) => self.write_items(*id, into, depth, ["[", "]"])?,
            Val::Tuple(id) | Val::Record(_, id) => {
                let single = self.heap.seqs[*id].items.len() == 1;
                let close = if single { ",)" } else { ")" };
                self.write_items(*id, into, depth, ["(", close])?;
            }
            Val::Dict(id) => {
                into.push('{');
                let mut index = 0;
                while let Some((key, entry)) = self.heap.dicts[*id].entries.get_index(index) {
                    let (key, value): (Key, Val) = (key.clone(), entry.value.clone());
                    if index > 0 {
                        into.push_str(", ");
                    }
                    let key = self.heap.key_value(&key)?;
                    self.write_repr(&key, into, depth + 1)?;
                    into.push_str(": ");
                    self.write_repr(&value, into, depth + 1)?;
                    index += 1;
                }
                into.push('}');
            }
            Val::Range(range) => {
                let _ = write!(into, "range({}, {}", range.start, range.stop);
                if range.step != 1 {
                    let _ = write!(into, ", {}", range.step);
                }
                into.push(')');
            }
            Val::Module(name) => {
                let _ = write!(into, "<module '{name}'>");
            }
            Val::Native(name) => {
                let _ = write!(into, "<built-in function {name}>");
            }
            Val::Function(id) => {
                let _ = write!(into, "<function {}>", self.heap.closures[*id].function.name);
            }
            Val::Method(bound) => {
                let _ = write!(into, "<built-in method {}>", bound.1);
            }
            Val::Exception(name, text) => {
                let _ = write!(into, "{name}(");
                push_str_repr(into, text);
                into.push(')');
            }
            Val::Uuid(id) => {
                let _ = write!(into, "UUID('{}')", uuid(*id));
            }
        }
        // Members have been paid for already, but once more is cheap and cannot be forgotten.
        self.heap.budget.produce(into.len() - before)
    }

    fn write_items(
        &mut self,
        id: usize,
        into: &mut String,
        depth: usize,
        [open, close]: [&str; 2],
    ) -> Res<()> {
        into.push_str(open);
        let mut index = 0;
        while let Some(item) = self.heap.seqs[id].items.get(index).cloned() {
            if index > 0 {
                into.push_str(", ");
            }
            self.write_repr(&item, into, depth + 1)?;
            index += 1;
        }
        into.push_str(close);
        Ok(())
    }
}

pub(super) fn uuid(id: u128) -> String {
    let hex = format!("{id:032x}");
    [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ]
    .join("-")
}

fn push_str_repr(into: &mut String, text: &str) {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    into.push(quote);
    for char in text.chars() {
        match char {
            '\\' => into.push_str("\\\\"),
            '\n' => into.push_str("\\n"),
            '\r' => into.push_str("\\r"),
            '\t' => into.push_str("\\t"),
            char if char == quote => into.extend(['\\', quote]),
            char if char.is_control() => push_escape(into, char),
            char => into.push(char),
        }
    }
    into.push(quote);
}

fn push_escape(into: &mut String, char: char) {
    let code = u32::from(char);
    let _ = match code {
        0..=0xff => write!(into, "\\x{code:02x}"),
        0x100..=0xffff => write!(into, "\\u{code:04x}"),
        _ => write!(into, "\\U{code:08x}"),
    };
}

/// The shortest digits that give the number back, with an exponent where Python has one.
pub(super) fn float(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value < 0.0 { "-inf" } else { "inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = format!("{value}");
        let whole = !plain.contains('.');
        return if whole { format!("{plain}.0") } else { plain };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_as_python_writes_them() {
        let table = [
            (1.0, "1.0"),
            (0.1, "0.1"),
            (-0.0, "-0.0"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e300, "1.5e+300"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (f64::INFINITY, "inf"),
        ];
        for (value, expected) in table {
            assert_eq!(float(value), expected);
        }
    }
}
