//! `'...' % values`

use std::iter::Peekable;
use std::str::Chars;

use super::eval::Evaluator;
use super::fail::{Fail, Res};
use super::format::{Spec, format_number, pad};
use super::number::{Number, integer};
use super::object::{Key, Val};

/// One `%` conversion.
#[derive(Debug, Default)]
struct Conversion {
    left: bool,
    zero: bool,
    sign: Option<char>,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
}

/// Hands out the values on the right.
struct Values {
    /// `None`: there is a dictionary, and everything is asked for by name.
    in_order: Option<std::vec::IntoIter<Val>>,
    dict: Option<usize>,
}

pub(super) fn formatted(cx: &mut Evaluator<'_>, text: &str, values: &Val) -> Res<Val> {
    let mut values = match values {
        Val::Tuple(_) | Val::Record(..) => Values {
            in_order: Some(cx.items(values)?.into_iter()),
            dict: None,
        },
        other => Values {
            in_order: Some(vec![other.clone()].into_iter()),
            dict: match other {
                Val::Dict(id) => Some(*id),
                _ => None,
            },
        },
    };
    cx.heap.budget.scan(text.len())?;
    let mut result = String::new();
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        if char != '%' {
            result.push(char);
            continue;
        }
        cx.heap.budget.work(1)?;
        result.push_str(&conversion(cx, &mut chars, &mut values)?);
    }
    let left_over = values
        .in_order
        .is_some_and(|mut rest| rest.next().is_some());
    if left_over && values.dict.is_none() {
        return Err(Fail::new("there are more values than `%` in this string"));
    }
    cx.heap.string(result)
}

impl Values {
    fn next(&mut self) -> Res<Val> {
        self.in_order
            .as_mut()
            .and_then(Iterator::next)
            .ok_or_else(|| Fail::new("there are fewer values than `%` in this string"))
    }

    fn width(&mut self) -> Res<i64> {
        let width = self.next()?;
        integer(&width)
    }
}

fn conversion(
    cx: &mut Evaluator<'_>,
    chars: &mut Peekable<Chars<'_>>,
    values: &mut Values,
) -> Res<String> {
    let mut named = None;
    if chars.next_if_eq(&'(').is_some() {
        let mut name = String::new();
        loop {
            match chars.next() {
                Some(')') => break,
                Some(char) => name.push(char),
                None => return Err(Fail::new("`%(` without a closing parenthesis")),
            }
        }
        let Some(dict) = values.dict else {
            return Err(Fail::new(format!("`%({name:.60})` needs a dictionary")));
        };
        let key = Key::Str(name.into());
        named = match cx.heap.get(dict, &key) {
            Some(value) => Some(value.clone()),
            None => return Err(cx.missing(dict, &key)),
        };
        values.in_order = None;
    }
    let mut conversion = Conversion::default();
    while let Some(flag) = chars.next_if(|c| "-+ #0".contains(*c)) {
        match flag {
            '-' => conversion.left = true,
            '0' => conversion.zero = true,
            '#' => conversion.alternate = true,
            '+' => conversion.sign = Some('+'),
            _ => conversion.sign = conversion.sign.or(Some(' ')),
        }
    }
    if chars.next_if_eq(&'*').is_some() {
        let width = values.width()?;
        conversion.left |= width < 0;
        conversion.width = usize::try_from(width.unsigned_abs()).unwrap_or(usize::MAX);
    } else {
        conversion.width = digits(chars);
    }
    if chars.next_if_eq(&'.').is_some() {
        conversion.precision = Some(match chars.next_if_eq(&'*') {
            Some(_) => usize::try_from(values.width()?).unwrap_or(0),
            None => digits(chars),
        });
    }
    while chars.next_if(|c| matches!(c, 'h' | 'l' | 'L')).is_some() {}
    let Some(kind) = chars.next() else {
        return Err(Fail::new("a `%` at the end of the string").hint("write %% for a plain %"));
    };
    if kind == '%' {
        return Ok("%".to_owned());
    }
    if !"sradiuoxXeEfFgGc".contains(kind) {
        return Err(
            Fail::new(format!("`%{kind}` is not a conversion")).hint("write %% for a plain %")
        );
    }
    let value = match named {
        Some(value) => value,
        None => values.next()?,
    };
    conversion.apply(cx, kind, value)
}

/// Saturates: the budget refuses what is too wide.
fn digits(chars: &mut Peekable<Chars<'_>>) -> usize {
    let mut number = 0usize;
    while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
        chars.next();
        number = number.saturating_mul(10).saturating_add(digit as usize);
    }
    number
}

impl Conversion {
    fn apply(&self, cx: &mut Evaluator<'_>, kind: char, value: Val) -> Res<String> {
        let align = if self.left { '<' } else { '>' };
        let text = match kind {
            's' => cx.str(&value)?,
            'r' => cx.repr(&value)?,
            'a' => cx.ascii(&value)?,
            'c' => match &value {
                Val::Str(text) if text.chars().count() == 1 => text.clone(),
                other => {
                    let code = u32::try_from(integer(other)?).ok();
                    let char = code.and_then(char::from_u32);
                    let char = char.ok_or_else(|| Fail::new("there is no such character"))?;
                    char.to_string().into()
                }
            },
            _ => return self.number(cx, kind, &value),
        };
        let text = match self.precision {
            Some(most) => text.chars().take(most).collect(),
            None => text.to_string(),
        };
        pad(cx, &text, ' ', align, self.width)
    }

    fn number(&self, cx: &mut Evaluator<'_>, kind: char, value: &Val) -> Res<String> {
        let Some(mut number) = Number::of(value) else {
            return Err(Fail::new(format!(
                "`%{kind}` needs a number, not {}",
                value.described()
            )));
        };
        let whole = "diuoxX".contains(kind);
        if let (Number::Float(value), 'd' | 'i' | 'u') = (number, kind) {
            #[expect(clippy::cast_possible_truncation, reason = "saturates")]
            let value = value.trunc() as i64;
            number = Number::Int(value);
        }
        let mut spec = Spec {
            sign: self.sign,
            alternate: self.alternate,
            kind: Some(if whole && !"oxX".contains(kind) {
                'd'
            } else {
                kind
            }),
            // For whole numbers, it is the least number of digits.
            precision: self.precision.filter(|_| !whole),
            width: self.width,
            ..Spec::default()
        };
        if let (Some(digits), true) = (self.precision, whole) {
            spec.width = 0;
            let text = format_number(cx, number, &spec)?;
            let unsigned = text.trim_start_matches(['-', '+', ' ']);
            let sign = &text[..text.len() - unsigned.len()];
            let text = format!("{sign}{}", pad(cx, unsigned, '0', '>', digits)?);
            return pad(
                cx,
                &text,
                ' ',
                if self.left { '<' } else { '>' },
                self.width,
            );
        }
        if self.left {
            spec.align = Some('<');
        } else if self.zero {
            (spec.align, spec.fill) = (Some('='), Some('0'));
        }
        format_number(cx, number, &spec)
    }
}
