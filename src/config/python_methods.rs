//! Methods of Python's values that templates call and minijinja does not know by itself.
//!
//! Most come from minijinja-contrib; the few here are the rest that a configuration may use.

use minijinja::value::{Tuple, Value};
use minijinja::{Error, ErrorKind, State};

/// The widest text that padding may make: no column of a configuration is wider.
const WIDTH_LIMIT: usize = 10_000;

pub(super) fn call(
    state: &mut State<'_, '_>,
    value: &Value,
    method: &str,
    args: &[Value],
) -> Result<Value, Error> {
    let Some(text) = value.as_str() else {
        return minijinja_contrib::pycompat::unknown_method_callback(state, value, method, args);
    };
    let word = |index: usize| args.get(index).and_then(Value::as_str);
    let known = match (method, word(0)) {
        ("removeprefix", Some(prefix)) => text.strip_prefix(prefix).unwrap_or(text).into(),
        ("removesuffix", Some(suffix)) => text.strip_suffix(suffix).unwrap_or(text).into(),
        ("partition", Some(separator)) if !separator.is_empty() => {
            triple(text.split_once(separator), (text, "", ""), separator)
        }
        ("rpartition", Some(separator)) if !separator.is_empty() => {
            triple(text.rsplit_once(separator), ("", "", text), separator)
        }
        ("rsplit", separator) => rsplit(text, separator, args.get(1))?,
        ("swapcase", _) => swapcase(text).into(),
        ("format", _) if too_wide(text) => return Err(wide()),
        ("zfill", _) => zfill(text, width(args)?).into(),
        ("ljust" | "rjust" | "center", _) => justify(text, method, width(args)?, word(1)).into(),
        _ => {
            return minijinja_contrib::pycompat::unknown_method_callback(
                state, value, method, args,
            );
        }
    };
    Ok(known)
}

fn triple(split: Option<(&str, &str)>, whole: (&str, &str, &str), separator: &str) -> Value {
    let (left, middle, right) = split.map_or(whole, |(left, right)| (left, separator, right));
    Value::from(Tuple::from(vec![
        Value::from(left),
        Value::from(middle),
        Value::from(right),
    ]))
}

fn rsplit(text: &str, separator: Option<&str>, limit: Option<&Value>) -> Result<Value, Error> {
    let limit = match limit {
        Some(limit) => i64::try_from(limit.clone())?,
        None => -1,
    };
    let count = usize::try_from(limit).map_or(usize::MAX, |n| n.saturating_add(1));
    let mut parts: Vec<&str> = match separator {
        Some("") => return Err(Error::new(ErrorKind::InvalidOperation, "empty separator")),
        Some(separator) => text.rsplitn(count, separator).collect(),
        None if count == usize::MAX => text.split_whitespace().rev().collect(),
        None => text
            .trim()
            .rsplitn(count, char::is_whitespace)
            .map(str::trim)
            .collect(),
    };
    parts.reverse();
    Ok(Value::from(
        parts.into_iter().map(Value::from).collect::<Vec<_>>(),
    ))
}

fn swapcase(text: &str) -> String {
    text.chars()
        .map(|c| match c.is_uppercase() {
            true => c.to_lowercase().to_string(),
            false => c.to_uppercase().to_string(),
        })
        .collect()
}

fn width(args: &[Value]) -> Result<usize, Error> {
    let width = args.first().cloned().unwrap_or_else(|| Value::from(0));
    let width = usize::try_from(i64::try_from(width)?).unwrap_or(0);
    if width > WIDTH_LIMIT {
        return Err(wide());
    }
    Ok(width)
}

fn wide() -> Error {
    Error::new(ErrorKind::InvalidOperation, "the width is too large")
}

/// Whether a format asks for more than four digits of width, or takes it from an argument.
fn too_wide(format: &str) -> bool {
    let long = |digits: &str| digits.len() > 4;
    let mut runs = format.split(|c: char| !c.is_ascii_digit());
    runs.any(long) || format.split(':').skip(1).any(|spec| spec.starts_with('{'))
}

fn zfill(text: &str, width: usize) -> String {
    let (sign, digits) = match text.strip_prefix(['-', '+']) {
        Some(rest) => text.split_at(text.len() - rest.len()),
        None => ("", text),
    };
    let missing = width.saturating_sub(text.chars().count());
    format!("{sign}{}{digits}", "0".repeat(missing))
}

fn justify(text: &str, method: &str, width: usize, fill: Option<&str>) -> String {
    let fill = fill.and_then(|fill| fill.chars().next()).unwrap_or(' ');
    let missing = width.saturating_sub(text.chars().count());
    // Python puts the odd one to the left only when the width is odd, too.
    let left = match method {
        "ljust" => 0,
        "rjust" => missing,
        _ => missing / 2 + (missing & width & 1),
    };
    let pad = |count: usize| fill.to_string().repeat(count);
    format!("{}{text}{}", pad(left), pad(missing - left))
}
