//! Built-in functions, types and exceptions.

use super::call::Args;
use super::eval::Evaluator;
use super::fail::{Fail, Res};
use super::number::{Number, arithmetic, int, integer, number, parse_float, round};
use super::object::{DictKind, Heap, Range, Val};
use super::sorting::{extreme, sort};
use super::{ast, format};

/// What is there without an import.
pub(super) const NAMES: &[&str] = &[
    "abs",
    "all",
    "any",
    "ascii",
    "bin",
    "bool",
    "callable",
    "chr",
    "dict",
    "divmod",
    "enumerate",
    "filter",
    "float",
    "format",
    "hex",
    "include",
    "int",
    "isinstance",
    "len",
    "list",
    "map",
    "max",
    "min",
    "oct",
    "ord",
    "print",
    "range",
    "repr",
    "reversed",
    "round",
    "sorted",
    "str",
    "sum",
    "tuple",
    "zip",
];

const EXCEPTIONS: &[&str] = &[
    "AssertionError",
    "AttributeError",
    "EnvironmentError",
    "Exception",
    "FileNotFoundError",
    "IOError",
    "ImportError",
    "IndexError",
    "KeyError",
    "LookupError",
    "NameError",
    "NotImplementedError",
    "OSError",
    "RuntimeError",
    "SystemExit",
    "TypeError",
    "ValueError",
];

/// What Python has and a configuration cannot have.
pub(super) const REFUSED: &[&str] = &[
    "__import__",
    "breakpoint",
    "bytearray",
    "bytes",
    "classmethod",
    "compile",
    "complex",
    "delattr",
    "dir",
    "eval",
    "exec",
    "frozenset",
    "getattr",
    "globals",
    "hasattr",
    "hash",
    "help",
    "id",
    "input",
    "iter",
    "locals",
    "memoryview",
    "next",
    "object",
    "open",
    "pow",
    "property",
    "set",
    "setattr",
    "slice",
    "staticmethod",
    "super",
    "type",
    "vars",
    "__file__",
    "subprocess",
];

pub(super) fn named(name: &str) -> Option<Val> {
    let known = NAMES
        .iter()
        .chain(EXCEPTIONS)
        .find(|known| **known == name)?;
    Some(Val::Native(known))
}

pub(super) fn call(cx: &mut Evaluator<'_>, name: &'static str, args: Args) -> Res<Val> {
    if EXCEPTIONS.contains(&name) {
        let texts = args.positional.iter().map(|value| cx.str(value));
        let text = texts.collect::<Res<Vec<_>>>()?.join(" ");
        return Ok(Val::Exception(name, text.into()));
    }
    match name {
        "include" => {
            let Val::Str(file) = args.one(name)? else {
                return Err(Fail::new("include() needs the name of a file"));
            };
            cx.include(&file)?;
            Ok(Val::None)
        }
        // Whoever debugs a configuration this way debugs it with the original.
        "print" => Ok(Val::None),
        "len" => {
            let value = args.one(name)?;
            let len = match &value {
                Val::Str(text) => {
                    cx.heap.budget.scan(text.len())?;
                    text.chars().count() as u64
                }
                Val::List(id) | Val::Tuple(id) | Val::Record(_, id) => {
                    cx.heap.seqs[*id].items.len() as u64
                }
                Val::Dict(id) => cx.heap.dicts[*id].entries.len() as u64,
                Val::Range(range) => range.len(),
                other => {
                    return Err(Fail::new(format!("{} has no length", other.described())));
                }
            };
            Ok(Val::Int(i64::try_from(len).unwrap_or(i64::MAX)))
        }
        "str" => match args.take(name, ["object"], 0)? {
            [Some(value)] => cx.str(&value).map(Val::Str),
            [None] => Ok(Val::str("")),
        },
        "repr" => cx.repr(&args.one(name)?).map(Val::Str),
        "ascii" => cx.ascii(&args.one(name)?).map(Val::Str),
        "bool" => match args.take(name, ["x"], 0)? {
            [value] => Ok(Val::Bool(value.is_some_and(|value| cx.truth(&value)))),
        },
        "int" => int(cx, args),
        "float" => match args.take(name, ["x"], 0)? {
            [None] => Ok(Val::Float(0.0)),
            [Some(Val::Str(text))] => parse_float(&text).map(Val::Float),
            [Some(value)] => number(&value).map(|number| Val::Float(number.float())),
        },
        "list" | "tuple" => {
            let items = match args.take(name, ["iterable"], 0)? {
                [Some(value)] => cx.items(&value)?,
                [None] => Vec::new(),
            };
            if name == "list" {
                cx.heap.list(items)
            } else {
                cx.heap.tuple(items)
            }
        }
        "dict" => {
            let dict = cx.heap.dict(DictKind::Plain)?;
            cx.update(dict, args)?;
            Ok(Val::Dict(dict))
        }
        "range" => range(args),
        "sorted" => {
            let Args {
                mut positional,
                named,
            } = args;
            if positional.len() != 1 {
                return Err(Fail::new("sorted() needs one argument"));
            }
            let mut items = cx.items(&positional.remove(0))?;
            sort(cx, &mut items, Args { positional, named })?;
            cx.heap.list(items)
        }
        "reversed" => {
            let mut items = cx.items(&args.one(name)?)?;
            items.reverse();
            cx.heap.list(items)
        }
        "enumerate" => {
            let [over, start] = args.take(name, ["iterable", "start"], 1)?;
            let mut number = match start {
                None => 0,
                Some(start) => integer(&start)?,
            };
            let mut pairs = Vec::new();
            for item in cx.items(&over.unwrap_or(Val::None))? {
                pairs.push(cx.heap.tuple(vec![Val::Int(number), item])?);
                number = number.saturating_add(1);
            }
            cx.heap.list(pairs)
        }
        "zip" => {
            let columns: Vec<Vec<Val>> = args
                .positional
                .iter()
                .map(|over| cx.items(over))
                .collect::<Res<_>>()?;
            let rows = columns.iter().map(Vec::len).min().unwrap_or(0);
            let mut result = Vec::new();
            for row in 0..rows {
                let row = columns.iter().map(|column| column[row].clone()).collect();
                result.push(cx.heap.tuple(row)?);
            }
            cx.heap.list(result)
        }
        "map" | "filter" => {
            let [function, over] = args.take(name, ["function", "iterable"], 2)?;
            let function = function.unwrap_or(Val::None);
            let mut result = Vec::new();
            for item in cx.items(&over.unwrap_or(Val::None))? {
                cx.heap.budget.produce(Heap::ITEM)?;
                let value = match (&function, name) {
                    (Val::None, "filter") => item.clone(),
                    (function, _) => {
                        cx.deeper(|cx| cx.apply(function, Args::of(vec![item.clone()])))?
                    }
                };
                if name == "map" {
                    result.push(value);
                } else if cx.truth(&value) {
                    result.push(item);
                }
            }
            cx.heap.list(result)
        }
        "any" | "all" => {
            let items = cx.items(&args.one(name)?)?;
            let wanted = name == "any";
            let found = items.iter().any(|item| cx.truth(item) == wanted);
            Ok(Val::Bool(found == wanted))
        }
        "min" | "max" => extreme(cx, name, args),
        "sum" => {
            let [over, start] = args.take(name, ["iterable", "start"], 1)?;
            let mut total = start.unwrap_or(Val::Int(0));
            for item in cx.items(&over.unwrap_or(Val::None))? {
                total = cx.binary(total, ast::BinaryOp::Add, item)?;
            }
            Ok(total)
        }
        "abs" => match number(&args.one(name)?)? {
            Number::Int(value) => match value.checked_abs() {
                Some(value) => Ok(Val::Int(value)),
                None => Err(Fail::new("this number does not fit into 64 bits")),
            },
            Number::Float(value) => Ok(Val::Float(value.abs())),
        },
        "round" => round(args),
        "divmod" => {
            let [a, b] = args.take(name, ["a", "b"], 2)?;
            let [a, b] = [
                number(&a.unwrap_or(Val::None))?,
                number(&b.unwrap_or(Val::None))?,
            ];
            let quotient = arithmetic(a, ast::BinaryOp::FloorDiv, b)?;
            let rest = arithmetic(a, ast::BinaryOp::Mod, b)?;
            let items = [quotient, rest].into_iter().flatten().collect();
            cx.heap.tuple(items)
        }
        "isinstance" => {
            let [value, kinds] = args.take(name, ["object", "class"], 2)?;
            let kinds = match kinds.unwrap_or(Val::None) {
                tuple @ Val::Tuple(_) => cx.items(&tuple)?,
                other => vec![other],
            };
            let actual = value.unwrap_or(Val::None).type_name();
            let matches = kinds.iter().any(|kind| match kind {
                // A truth value is a number, too.
                Val::Native("int") => matches!(actual, "int" | "bool"),
                Val::Native(kind) => *kind == actual,
                _ => false,
            });
            Ok(Val::Bool(matches))
        }
        "callable" => {
            let value = args.one(name)?;
            Ok(Val::Bool(matches!(
                value,
                Val::Native(_) | Val::Function(_) | Val::Method(_)
            )))
        }
        "format" => {
            let [value, spec] = args.take(name, ["value", "spec"], 1)?;
            let spec = match spec {
                Some(Val::Str(spec)) => spec,
                _ => "".into(),
            };
            let text = format::formatted(cx, &value.unwrap_or(Val::None), &spec)?;
            Ok(Val::Str(text.into()))
        }
        "ord" => {
            let Val::Str(text) = args.one(name)? else {
                return Err(Fail::new("ord() needs a string of one character"));
            };
            let mut chars = text.chars();
            match (chars.next(), chars.next()) {
                (Some(char), None) => Ok(Val::Int(i64::from(u32::from(char)))),
                _ => Err(Fail::new("ord() needs a string of one character")),
            }
        }
        "chr" => {
            let code = u32::try_from(integer(&args.one(name)?)?).ok();
            match code.and_then(char::from_u32) {
                Some(char) => cx.heap.string(char.to_string()),
                None => Err(Fail::new("chr(): there is no such character")),
            }
        }
        "hex" | "oct" | "bin" => {
            let value = integer(&args.one(name)?)?;
            let sign = if value < 0 { "-" } else { "" };
            let value = value.unsigned_abs();
            cx.heap.string(match name {
                "hex" => format!("{sign}{value:#x}"),
                "oct" => format!("{sign}{value:#o}"),
                _ => format!("{sign}{value:#b}"),
            })
        }
        _ => Err(Fail::new(format!("`{name}` cannot be called here"))),
    }
}

fn range(args: Args) -> Res<Val> {
    let [first, second, step] = args.take("range", ["start", "stop", "step"], 1)?;
    let first = integer(&first.unwrap_or(Val::None))?;
    let (start, stop) = match second {
        Some(stop) => (first, integer(&stop)?),
        None => (0, first),
    };
    let step = match step {
        Some(step) => integer(&step)?,
        None => 1,
    };
    match step {
        0 => Err(Fail::new("range(): the step cannot be 0")),
        step => Ok(Val::Range(Range { start, stop, step })),
    }
}
