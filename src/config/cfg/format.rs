//! Format specifications, as in f-strings, `format()` and `str.format()`.

use super::call::Args;
use super::eval::Evaluator;
use super::fail::{Fail, Res};
use super::number::Number;
use super::object::Val;
use super::repr;
use super::subscript::Index;

/// More digits than any number has.
pub(super) const MAX_PRECISION: usize = 1000;

/// `[[fill]align][sign][#][0][width][,][.precision][type]`
#[derive(Debug, Default, Clone)]
pub(super) struct Spec {
    pub(super) fill: Option<char>,
    pub(super) align: Option<char>,
    pub(super) sign: Option<char>,
    pub(super) alternate: bool,
    pub(super) width: usize,
    pub(super) grouping: Option<char>,
    pub(super) precision: Option<usize>,
    pub(super) kind: Option<char>,
}

impl Spec {
    fn parse(text: &str) -> Res<Self> {
        let mut spec = Self::default();
        let mut rest = text;
        let mut chars = rest.chars();
        let (first, second) = (chars.next(), chars.next());
        let is_align = |char: Option<char>| matches!(char, Some('<' | '>' | '^' | '='));
        if is_align(second) {
            (spec.fill, spec.align) = (first, second);
            rest = chars.as_str();
        } else if is_align(first) {
            spec.align = first;
            rest = &rest[1..];
        }
        if let Some(after) = rest.strip_prefix(['+', '-', ' ']) {
            spec.sign = rest.chars().next();
            rest = after;
        }
        if let Some(after) = rest.strip_prefix('#') {
            spec.alternate = true;
            rest = after;
        }
        if let Some(after) = rest.strip_prefix('0') {
            spec.fill = spec.fill.or(Some('0'));
            spec.align = spec.align.or(Some('='));
            rest = after;
        }
        if rest.starts_with(|c: char| c.is_ascii_digit()) {
            (spec.width, rest) = digits(rest)?;
        }
        if let Some(after) = rest.strip_prefix([',', '_']) {
            spec.grouping = rest.chars().next();
            rest = after;
        }
        if let Some(after) = rest.strip_prefix('.') {
            let (precision, after) = digits(after)?;
            spec.precision = Some(precision);
            rest = after;
        }
        let mut chars = rest.chars();
        spec.kind = chars.next();
        match chars.next() {
            None => Ok(spec),
            Some(_) => Err(Fail::new(format!("{text:.60?} is not a valid format"))),
        }
    }
}

fn digits(text: &str) -> Res<(usize, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    match digits.parse() {
        Ok(number) => Ok((number, rest)),
        Err(_) => Err(Fail::new(format!("{digits:.60?} is not a valid width"))),
    }
}

/// `format(value, spec)`
pub(super) fn formatted(cx: &mut Evaluator<'_>, value: &Val, spec: &str) -> Res<String> {
    if spec.is_empty() {
        let text = cx.str(value)?;
        cx.heap.budget.produce(text.len())?;
        return Ok(text.to_string());
    }
    let spec = Spec::parse(spec)?;
    if let Val::Str(text) = value {
        if !matches!(spec.kind, None | Some('s')) || spec.align == Some('=') || spec.sign.is_some()
        {
            return Err(Fail::new("this is not a valid format for a string"));
        }
        let text: String = text
            .chars()
            .take(spec.precision.unwrap_or(usize::MAX))
            .collect();
        return pad(
            cx,
            &text,
            spec.fill.unwrap_or(' '),
            spec.align.unwrap_or('<'),
            spec.width,
        );
    }
    match Number::of(value) {
        Some(number) => format_number(cx, number, &spec),
        None => Err(Fail::new(format!("{} takes no format", value.described()))),
    }
}

pub(super) fn format_number(cx: &mut Evaluator<'_>, number: Number, spec: &Spec) -> Res<String> {
    let precision = spec.precision.unwrap_or(6);
    if precision > MAX_PRECISION {
        return Err(Fail::new("the precision of this format is too large"));
    }
    let (negative, body) = match (number, spec.kind) {
        (Number::Int(value), None | Some('d' | 'n' | 'x' | 'X' | 'o' | 'b' | 'c')) => {
            if spec.precision.is_some() {
                return Err(Fail::new("an int takes no precision"));
            }
            (value < 0, integer_body(value, spec)?)
        }
        (number, None | Some('e' | 'E' | 'f' | 'F' | 'g' | 'G' | 'n' | '%')) => {
            let value = number.float();
            let body = float_body(value.abs(), spec, precision);
            (value.is_sign_negative() && !value.is_nan(), body)
        }
        (_, Some(kind)) => {
            return Err(Fail::new(format!(
                "`{kind}` is not a valid format for this number"
            )));
        }
    };
    let sign = match (negative, spec.sign) {
        (true, _) => "-",
        (false, Some('+')) => "+",
        (false, Some(' ')) => " ",
        (false, _) => "",
    };
    let fill = spec.fill.unwrap_or(' ');
    match spec.align {
        // Between the sign, or the prefix, and the digits.
        Some('=') => {
            let prefix = if spec.alternate && body.starts_with('0') {
                body.get(..2)
            } else {
                None
            };
            let prefix = prefix.filter(|prefix| prefix.ends_with(['x', 'X', 'o', 'b']));
            let prefix = prefix.unwrap_or("");
            let width = spec.width.saturating_sub(sign.len() + prefix.len());
            let digits = pad(cx, &body[prefix.len()..], fill, '>', width)?;
            Ok(format!("{sign}{prefix}{digits}"))
        }
        align => pad(
            cx,
            &format!("{sign}{body}"),
            fill,
            align.unwrap_or('>'),
            spec.width,
        ),
    }
}

fn integer_body(value: i64, spec: &Spec) -> Res<String> {
    let size = value.unsigned_abs();
    let (prefix, digits, group) = match spec.kind {
        Some('x') => ("0x", format!("{size:x}"), 4),
        Some('X') => ("0X", format!("{size:X}"), 4),
        Some('o') => ("0o", format!("{size:o}"), 4),
        Some('b') => ("0b", format!("{size:b}"), 4),
        Some('c') => {
            let char = u32::try_from(value).ok().and_then(char::from_u32);
            return char
                .map(String::from)
                .ok_or_else(|| Fail::new("there is no such character"));
        }
        _ => ("", size.to_string(), 3),
    };
    let digits = grouped(&digits, spec.grouping, group);
    Ok(if spec.alternate {
        format!("{prefix}{digits}")
    } else {
        digits
    })
}

fn grouped(digits: &str, separator: Option<char>, size: usize) -> String {
    let Some(separator) = separator else {
        return digits.to_owned();
    };
    let mut result = String::new();
    for (at, char) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(size) {
            result.push(separator);
        }
        result.push(char);
    }
    result
}

/// Of a value that is not negative.
fn float_body(value: f64, spec: &Spec, precision: usize) -> String {
    if !value.is_finite() {
        let text = repr::float(value);
        let upper = spec.kind.is_some_and(|kind| kind.is_ascii_uppercase());
        return if upper { text.to_uppercase() } else { text };
    }
    let text = match spec.kind {
        Some('f' | 'F') => format!("{value:.precision$}"),
        Some('%') => format!("{:.precision$}%", value * 100.0),
        Some(kind @ ('e' | 'E')) => exponential(value, precision, kind),
        Some('G') => general(value, precision, spec.alternate).to_uppercase(),
        Some(_) => general(value, precision, spec.alternate),
        None if spec.precision.is_some() => general(value, precision, spec.alternate),
        None => repr::float(value),
    };
    match text.split_once('.') {
        Some((whole, rest)) => format!("{}.{rest}", grouped(whole, spec.grouping, 3)),
        None if text.bytes().all(|byte| byte.is_ascii_digit()) => grouped(&text, spec.grouping, 3),
        None => text,
    }
}

/// `1.5e+03`: at least two digits in the exponent, and its sign.
fn exponential(value: f64, precision: usize, e: char) -> String {
    let text = format!("{value:.precision$e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    format!("{digits}{e}{sign}{exponent:0>2}")
}

/// `%g`: so many significant digits, with an exponent only where it is shorter.
fn general(value: f64, precision: usize, keep_zeros: bool) -> String {
    let precision = precision.max(1);
    let scientific = exponential(value, precision - 1, 'e');
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i64 = exponent.parse().unwrap_or(0);
    let trimmed = |digits: &str| match digits.contains('.') && !keep_zeros {
        true => digits
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned(),
        false => digits.to_owned(),
    };
    let significant = i64::try_from(precision).unwrap_or(i64::MAX);
    if exponent < -4 || exponent >= significant {
        let tail = &scientific[digits.len()..];
        return format!("{}{tail}", trimmed(digits));
    }
    let decimals = usize::try_from(significant - 1 - exponent).unwrap_or(0);
    trimmed(&format!("{value:.decimals$}"))
}

pub(super) fn pad(
    cx: &mut Evaluator<'_>,
    text: &str,
    fill: char,
    align: char,
    width: usize,
) -> Res<String> {
    let missing = width.saturating_sub(text.chars().count());
    cx.heap.budget.produce(
        missing
            .saturating_mul(fill.len_utf8())
            .saturating_add(text.len()),
    )?;
    let left = match align {
        '>' | '=' => missing,
        '^' => missing / 2,
        _ => 0,
    };
    let mut padded = String::with_capacity(text.len() + missing * fill.len_utf8());
    padded.extend(std::iter::repeat_n(fill, left));
    padded.push_str(text);
    padded.extend(std::iter::repeat_n(fill, missing - left));
    Ok(padded)
}

/// `text.format(...)`
pub(super) fn str_format(cx: &mut Evaluator<'_>, text: &str, args: Args) -> Res<Val> {
    let mut next = Some(0);
    let result = fields(cx, text, &args, &mut next, 0)?;
    Ok(Val::Str(result.into()))
}

/// `next`: the number of the next `{}`, unless fields are numbered.
fn fields(
    cx: &mut Evaluator<'_>,
    text: &str,
    args: &Args,
    next: &mut Option<usize>,
    depth: usize,
) -> Res<String> {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        cx.heap.budget.produce(before.len() + 1)?;
        cx.heap.budget.work(1)?;
        result.push_str(before);
        if let Some(after) = from.strip_prefix("{{").or_else(|| from.strip_prefix("}}")) {
            result.push_str(&from[..1]);
            rest = after;
            continue;
        }
        let end = field_end(from).filter(|_| from.starts_with('{') && depth < 2);
        let Some(end) = end else {
            return Err(Fail::new("a single brace in a format string")
                .hint("write {{ and }} for braces that are meant as such"));
        };
        let field = &from[1..end];
        rest = &from[end + 1..];
        let (field, spec) = field.split_once(':').unwrap_or((field, ""));
        let (field, conversion) = match field.split_once('!') {
            Some((field, conversion)) => (field, conversion.chars().next()),
            None => (field, None),
        };
        let value = field_value(cx, field, args, next)?;
        let value = cx.converted(value, conversion)?;
        let spec = fields(cx, spec, args, next, depth + 1)?;
        result.push_str(&formatted(cx, &value, &spec)?);
    }
    cx.heap.budget.produce(rest.len())?;
    result.push_str(rest);
    Ok(result)
}

/// The offset of the brace that closes the one at the start.
fn field_end(text: &str) -> Option<usize> {
    let mut open = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => open += 1,
            b'}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some(at);
        }
    }
    None
}

/// `name`, `0`, `` or any of them followed by `.attribute` and `[key]`.
fn field_value(
    cx: &mut Evaluator<'_>,
    field: &str,
    args: &Args,
    next: &mut Option<usize>,
) -> Res<Val> {
    let end = field.find(['.', '[']).unwrap_or(field.len());
    let (name, mut rest) = field.split_at(end);
    let number = match (name, *next) {
        ("", Some(number)) => {
            *next = Some(number + 1);
            Some(number)
        }
        ("", None) => return Err(Fail::new("numbered and plain fields are mixed")),
        (name, _) => name.parse().ok().inspect(|_| *next = None),
    };
    let found = match number {
        Some(number) => args.positional.get(number).cloned(),
        None => {
            let named = args.named.iter().find(|(known, _)| **known == *name);
            named.map(|(_, value)| value.clone())
        }
    };
    let mut value =
        found.ok_or_else(|| Fail::new(format!("format() is given nothing for {{{field:.60}}}")))?;
    while !rest.is_empty() {
        cx.heap.budget.work(1)?;
        if let Some(after) = rest.strip_prefix('[') {
            let (key, after) = after
                .split_once(']')
                .ok_or_else(|| Fail::new("a bracket is not closed"))?;
            let key = match key.parse() {
                Ok(number) => Val::Int(number),
                Err(_) => Val::str(key),
            };
            value = cx.get_item(&value, &Index::One(key))?;
            rest = after;
        } else {
            let after = rest.strip_prefix('.').unwrap_or(rest);
            let end = after.find(['.', '[']).unwrap_or(after.len());
            value = cx.attribute(&value, &after[..end])?;
            rest = &after[end..];
        }
    }
    Ok(value)
}
