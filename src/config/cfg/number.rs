//! Numbers: arithmetic with Python's rounding and without its big integers, and conversions.

use std::cmp::Ordering;

use super::ast::BinaryOp;
use super::call::Args;
use super::eval::Evaluator;
use super::fail::{Fail, Res};
use super::object::Val;

#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    Int(i64),
    Float(f64),
}

impl Number {
    pub(super) fn of(value: &Val) -> Option<Self> {
        match value {
            Val::Bool(value) => Some(Self::Int(i64::from(*value))),
            Val::Int(value) => Some(Self::Int(*value)),
            Val::Float(value) => Some(Self::Float(*value)),
            _ => None,
        }
    }

    pub(super) fn float(self) -> f64 {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "as in Python")]
            Self::Int(value) => value as f64,
            Self::Float(value) => value,
        }
    }

    /// `None`: one of them is not a number.
    pub(super) fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(&b)),
            (a, b) => a.float().partial_cmp(&b.float()),
        }
    }
}

/// `None`: the operator has no meaning for these numbers.
pub(super) fn arithmetic(left: Number, op: BinaryOp, right: Number) -> Res<Option<Val>> {
    match (left, right) {
        (Number::Int(a), Number::Int(b)) => ints(a, op, b),
        (a, b) => floats(a.float(), op, b.float()),
    }
}

fn ints(a: i64, op: BinaryOp, b: i64) -> Res<Option<Val>> {
    if b == 0 && matches!(op, BinaryOp::Div | BinaryOp::FloorDiv | BinaryOp::Mod) {
        return Err(Fail::new("division by zero"));
    }
    let result = match op {
        BinaryOp::Add => a.checked_add(b),
        BinaryOp::Sub => a.checked_sub(b),
        BinaryOp::Mul => a.checked_mul(b),
        BinaryOp::Div => {
            let (a, b) = (Number::Int(a).float(), Number::Int(b).float());
            return Ok(Some(Val::Float(a / b)));
        }
        // Rounded down, the remainder has the sign of the divisor.
        BinaryOp::FloorDiv => a.checked_div(b).map(|quotient| {
            if a % b != 0 && (a < 0) != (b < 0) {
                quotient - 1
            } else {
                quotient
            }
        }),
        BinaryOp::Mod => Some(match a.wrapping_rem(b) {
            rest if rest != 0 && (rest < 0) != (b < 0) => rest + b,
            rest => rest,
        }),
        BinaryOp::Pow => match u32::try_from(b) {
            Ok(b) => a.checked_pow(b),
            Err(_) if b < 0 => {
                return floats(Number::Int(a).float(), op, Number::Int(b).float());
            }
            Err(_) => None,
        },
        BinaryOp::ShiftLeft => {
            let places = u32::try_from(b).ok().filter(|places| *places < 63);
            places.and_then(|places| a.checked_mul(1 << places))
        }
        BinaryOp::ShiftRight => u32::try_from(b).ok().map(|places| a >> places.min(63)),
        BinaryOp::BitOr => Some(a | b),
        BinaryOp::BitXor => Some(a ^ b),
        BinaryOp::BitAnd => Some(a & b),
        BinaryOp::MatMul => return Ok(None),
    };
    match result {
        Some(value) => Ok(Some(Val::Int(value))),
        None => Err(too_large()),
    }
}

/// Python's integers have no end.
pub(super) fn too_large() -> Fail {
    Fail::new("this number does not fit into 64 bits").hint("write it as a string")
}

fn floats(a: f64, op: BinaryOp, b: f64) -> Res<Option<Val>> {
    let divides = matches!(op, BinaryOp::Div | BinaryOp::FloorDiv | BinaryOp::Mod);
    if (divides && b == 0.0) || (op == BinaryOp::Pow && a == 0.0 && b < 0.0) {
        return Err(Fail::new("division by zero"));
    }
    let value = match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div => a / b,
        BinaryOp::FloorDiv => (a / b).floor(),
        BinaryOp::Mod => match a % b {
            rest if rest != 0.0 && (rest < 0.0) != (b < 0.0) => rest + b,
            rest => rest,
        },
        BinaryOp::Pow => a.powf(b),
        _ => return Ok(None),
    };
    Ok(Some(Val::Float(value)))
}

pub(super) fn number(value: &Val) -> Res<Number> {
    Number::of(value).ok_or_else(|| Fail::new(format!("{} is no number", value.described())))
}

pub(super) fn integer(value: &Val) -> Res<i64> {
    match value {
        Val::Int(value) => Ok(*value),
        Val::Bool(value) => Ok(i64::from(*value)),
        other => Err(Fail::new(format!("{} is no int", other.described()))),
    }
}

pub(super) fn int(cx: &mut Evaluator<'_>, args: Args) -> Res<Val> {
    let [value, base] = args.take("int", ["x", "base"], 0)?;
    match (value, base) {
        (None, None) => Ok(Val::Int(0)),
        (Some(Val::Str(text)), base) => {
            let base = match base {
                Some(base) => integer(&base)?,
                None => 10,
            };
            cx.heap.budget.scan(text.len())?;
            parse_int(&text, base)
                .map(Val::Int)
                .ok_or_else(|| Fail::new(format!("int(): {:.60?} is no number", &*text)))
        }
        (Some(Val::Float(value)), None) => {
            let value = value.trunc();
            #[expect(clippy::cast_precision_loss, reason = "the bound only has to be near")]
            if value.is_nan() || value.abs() >= i64::MAX as f64 {
                return Err(too_large());
            }
            #[expect(clippy::cast_possible_truncation, reason = "checked above")]
            Ok(Val::Int(value as i64))
        }
        (Some(value), None) => integer(&value).map(Val::Int),
        _ => Err(Fail::new("int() takes a base for strings only")),
    }
}

/// As Python reads it: with blanks around, a sign, single underscores, and a prefix if it fits.
fn parse_int(text: &str, base: i64) -> Option<i64> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let prefix = digits.get(..2).map(str::to_ascii_lowercase);
    let (base, digits) = match (prefix.as_deref(), base) {
        (Some("0x"), 0 | 16) => (16, &digits[2..]),
        (Some("0o"), 0 | 8) => (8, &digits[2..]),
        (Some("0b"), 0 | 2) => (2, &digits[2..]),
        (_, 0) => (10, digits),
        (_, base) => (base, digits),
    };
    let base = u32::try_from(base)
        .ok()
        .filter(|base| (2..=36).contains(base))?;
    let bare = digits.replace('_', "");
    let plain = !digits.starts_with('_') && !digits.ends_with('_') && !digits.contains("__");
    if !plain || !bare.chars().all(|c| c.is_digit(base)) {
        return None;
    }
    let sign = if negative { "-" } else { "" };
    i64::from_str_radix(&format!("{sign}{bare}"), base).ok()
}

pub(super) fn parse_float(text: &str) -> Res<f64> {
    text.trim()
        .replace('_', "")
        .parse()
        .map_err(|_| Fail::new(format!("float(): {text:.60?} is no number")))
}

pub(super) fn round(args: Args) -> Res<Val> {
    let [value, digits] = args.take("round", ["number", "ndigits"], 1)?;
    let value = number(&value.unwrap_or(Val::None))?;
    let digits = digits.filter(|digits| !matches!(digits, Val::None));
    match (value, digits) {
        (Number::Int(value), _) => Ok(Val::Int(value)),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "saturates, which is near enough"
        )]
        (Number::Float(value), None) => Ok(Val::Int(value.round_ties_even() as i64)),
        (Number::Float(value), Some(digits)) => {
            let digits = usize::try_from(integer(&digits)?.clamp(0, 300)).unwrap_or(0);
            Ok(Val::Float(
                format!("{value:.digits$}").parse().unwrap_or(value),
            ))
        }
    }
}
