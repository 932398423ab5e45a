//! `--debug-config`: every value, as the original prints it and as a `.cfg` reads it back.
//!
//! Long values are broken over lines in the manner of Python's `pprint`. With origins, each value
//! is followed by a comment with the place that assigned it; tables then show it for each entry.

use super::options::Options;
use super::value::Value;

const WIDTH: usize = 80;

/// All options, sorted, one assignment each; with `origins`, where each came from.
pub(crate) fn render(options: &Options, origins: bool) -> String {
    let mut keys = options.values.keys().collect::<Vec<_>>();
    keys.sort();
    let mut printer = Printer {
        out: String::new(),
        origins: origins.then_some(options),
    };
    for key in keys {
        let assignment = format!("config_opts[{}] = ", string(key));
        printer.out.push_str(&assignment);
        let Some(value) = options.values.get(key) else {
            continue;
        };
        printer.value(value, 0, &mut vec![key.clone()], "");
        printer.out.push('\n');
    }
    printer.out
}

struct Printer<'a> {
    out: String,
    origins: Option<&'a Options>,
}

impl Printer<'_> {
    /// `closing` is what must follow on the same line, before any comment.
    fn value(&mut self, value: &Value, column: usize, path: &mut Vec<String>, closing: &str) {
        let flat = literal(value);
        let by_entry = self.has_origins_below(value, path);
        if !by_entry && column + flat.chars().count() + closing.len() <= WIDTH {
            self.out.push_str(&flat);
            self.out.push_str(closing);
            return self.comment(path);
        }
        match value {
            Value::List(items) if !items.is_empty() => {
                self.items(items, ("[", "]"), column, closing);
            }
            Value::Tuple(items) if items.len() == 1 => {
                self.items(items, ("(", ",)"), column, closing);
            }
            Value::Tuple(items) if !items.is_empty() => {
                self.items(items, ("(", ")"), column, closing);
            }
            Value::Dict(entries) if !entries.is_empty() => {
                let mut keys = entries.keys().collect::<Vec<_>>();
                keys.sort();
                for (index, key) in keys.iter().enumerate() {
                    self.next(index, "{", column);
                    let label = format!("{}: ", string(key));
                    let inner = column + 1 + label.chars().count();
                    self.out.push_str(&label);
                    let last = index + 1 == keys.len();
                    let closing = after(last, "}", closing);
                    path.push((*key).clone());
                    self.value(&entries[*key], inner, path, &closing);
                    path.pop();
                }
                if by_entry {
                    return;
                }
            }
            Value::Str(text) if text.trim_end().contains('\n') => {
                let lines = text.split_inclusive('\n').collect::<Vec<_>>();
                for (index, line) in lines.iter().enumerate() {
                    self.next(index, "(", column);
                    self.out.push_str(&string(line));
                }
                self.out.push(')');
                self.out.push_str(closing);
            }
            _ => {
                self.out.push_str(&flat);
                self.out.push_str(closing);
            }
        }
        self.comment(path);
    }

    fn items(
        &mut self,
        items: &[Value],
        (open, close): (&str, &str),
        column: usize,
        closing: &str,
    ) {
        for (index, item) in items.iter().enumerate() {
            self.next(index, open, column);
            let last = index + 1 == items.len();
            self.value(
                item,
                column + 1,
                &mut Vec::new(),
                &after(last, close, closing),
            );
        }
    }

    fn next(&mut self, index: usize, open: &str, column: usize) {
        if index == 0 {
            self.out.push_str(open);
        } else {
            self.out.push('\n');
            self.out.push_str(&" ".repeat(column + 1));
        }
    }

    fn has_origins_below(&self, value: &Value, path: &[String]) -> bool {
        let Some(options) = self.origins else {
            return false;
        };
        let below = |known: &Vec<String>| known.len() > path.len() && known.starts_with(path);
        matches!(value, Value::Dict(_)) && !path.is_empty() && options.origins.keys().any(below)
    }

    /// Entries without a place of their own came with the table around them.
    fn comment(&mut self, path: &[String]) {
        let Some(options) = self.origins else { return };
        let known = (1..=path.len())
            .rev()
            .find_map(|n| options.origins.get(&path[..n]));
        if let Some(origin) = known {
            self.out.push_str(&format!("  # {origin}"));
        }
    }
}

fn after(last: bool, close: &str, closing: &str) -> String {
    if last {
        format!("{close}{closing}")
    } else {
        ",".to_owned()
    }
}

/// The value as a Python literal on one line.
pub(crate) fn literal(value: &Value) -> String {
    match value {
        Value::None => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => float(*number),
        Value::Str(text) => string(text),
        Value::List(items) => format!("[{}]", joined(items)),
        Value::Tuple(items) if items.len() == 1 => format!("({},)", joined(items)),
        Value::Tuple(items) => format!("({})", joined(items)),
        Value::Dict(entries) => {
            let mut entries = entries.iter().collect::<Vec<_>>();
            entries.sort_by_key(|(key, _)| *key);
            let texts = entries
                .iter()
                .map(|(key, value)| format!("{}: {}", string(key), literal(value)));
            format!("{{{}}}", texts.collect::<Vec<_>>().join(", "))
        }
    }
}

fn joined(items: &[Value]) -> String {
    items.iter().map(literal).collect::<Vec<_>>().join(", ")
}

/// Infinity and "not a number" have no literal in Python.
fn float(number: f64) -> String {
    if number.is_finite() {
        format!("{number:?}")
    } else {
        format!("float('{number}')").to_lowercase()
    }
}

/// As Python's `repr`: double quotes only where that saves escaping.
fn string(text: &str) -> String {
    let double = text.contains('\'') && !text.contains('"');
    let quote = if double { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            // Line separators would break the line of a reader that knows them.
            '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use super::super::value::Origin;
    use super::*;

    fn at(line: u32) -> Origin {
        Origin::File {
            path: Arc::new(PathBuf::from("/etc/mock/a.cfg")),
            line,
        }
    }

    fn sample() -> Options {
        let mut options = Options::default();
        options.set(&["root"], "it's".into(), at(1));
        options.set(
            &["legal_host_arches"],
            Value::Tuple(vec!["x86_64".into()]),
            at(2),
        );
        options.set(
            &["dnf.conf"],
            "[main]\nkeepcache=1\n[a]\nname=\"a\" 'b'\n"
                .repeat(2)
                .into(),
            at(3),
        );
        options.set(&["macros"], Value::Dict(Default::default()), at(4));
        options.set(&["macros", "%_topdir"], "/builddir\\build".into(), at(5));
        options.set(&["macros", "%_a"], Value::None, Origin::Computed);
        options.set(
            &["environment"],
            Value::Dict([("LANG".to_owned(), "C.UTF-8".into())].into()),
            at(6),
        );
        let words = (0..9)
            .map(|n| Value::Str(format!("package-{n}")))
            .collect::<Vec<_>>();
        options.set(&["chroot_additional_packages"], Value::List(words), at(7));
        options.set(
            &["dnf_vars"],
            Value::Dict(Default::default()),
            Origin::Default { line: 8 },
        );
        options.set(&["check"], true.into(), Origin::CommandLine);
        options
    }

    #[test]
    fn values_are_python_literals() {
        insta::assert_snapshot!(render(&sample(), false), @r#"
        config_opts['check'] = True
        config_opts['chroot_additional_packages'] = ['package-0',
         'package-1',
         'package-2',
         'package-3',
         'package-4',
         'package-5',
         'package-6',
         'package-7',
         'package-8']
        config_opts['dnf.conf'] = ('[main]\n'
         'keepcache=1\n'
         '[a]\n'
         'name="a" \'b\'\n'
         '[main]\n'
         'keepcache=1\n'
         '[a]\n'
         'name="a" \'b\'\n')
        config_opts['dnf_vars'] = {}
        config_opts['environment'] = {'LANG': 'C.UTF-8'}
        config_opts['legal_host_arches'] = ('x86_64',)
        config_opts['macros'] = {'%_a': None, '%_topdir': '/builddir\\build'}
        config_opts['root'] = "it's"
        "#);
    }

    #[test]
    fn with_origins_each_entry_says_where_it_came_from() {
        insta::assert_snapshot!(render(&sample(), true), @r#"
        config_opts['check'] = True  # command line
        config_opts['chroot_additional_packages'] = ['package-0',
         'package-1',
         'package-2',
         'package-3',
         'package-4',
         'package-5',
         'package-6',
         'package-7',
         'package-8']  # /etc/mock/a.cfg:7
        config_opts['dnf.conf'] = ('[main]\n'
         'keepcache=1\n'
         '[a]\n'
         'name="a" \'b\'\n'
         '[main]\n'
         'keepcache=1\n'
         '[a]\n'
         'name="a" \'b\'\n')  # /etc/mock/a.cfg:3
        config_opts['dnf_vars'] = {}  # built-in defaults:8
        config_opts['environment'] = {'LANG': 'C.UTF-8'}  # /etc/mock/a.cfg:6
        config_opts['legal_host_arches'] = ('x86_64',)  # /etc/mock/a.cfg:2
        config_opts['macros'] = {'%_a': None,  # computed
         '%_topdir': '/builddir\\build'}  # /etc/mock/a.cfg:5
        config_opts['root'] = "it's"  # /etc/mock/a.cfg:1
        "#);
    }
}
