//! `sorted()`, `.sort()`, `min()` and `max()`.

use std::cmp::Ordering;

use super::call::Args;
use super::eval::Evaluator;
use super::fail::{Fail, Res};
use super::object::Val;

/// Sorts by `key=` and `reverse=`, as `sorted()` and `.sort()` do.
pub(super) fn sort(cx: &mut Evaluator<'_>, items: &mut Vec<Val>, args: Args) -> Res<()> {
    let [key, reverse] = args.take("sort", ["key", "reverse"], 0)?;
    let key = key.filter(|key| !matches!(key, Val::None));
    let reverse = reverse.is_some_and(|reverse| cx.truth(&reverse));
    let mut keyed = Vec::with_capacity(items.len());
    for item in items.drain(..) {
        let by = match &key {
            Some(key) => cx.deeper(|cx| cx.apply(key, Args::of(vec![item.clone()])))?,
            None => item.clone(),
        };
        keyed.push((by, item));
    }
    let before = if reverse {
        Ordering::Greater
    } else {
        Ordering::Less
    };
    let sorted = merge_sort(cx, keyed, before)?;
    items.extend(sorted.into_iter().map(|(_, item)| item));
    Ok(())
}

/// Stable. Unlike the standard library's, it can fail, and it can live without a total order:
/// a configuration may compare what is not a number.
fn merge_sort(
    cx: &mut Evaluator<'_>,
    mut items: Vec<(Val, Val)>,
    before: Ordering,
) -> Res<Vec<(Val, Val)>> {
    if items.len() < 2 {
        return Ok(items);
    }
    let right = items.split_off(items.len() / 2);
    let left = merge_sort(cx, items, before)?;
    let right = merge_sort(cx, right, before)?;
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let mut left = left.into_iter().peekable();
    for item in right {
        while let Some((key, _)) = left.peek()
            && cx.order(&item.0, key, 0)? != Some(before)
        {
            merged.extend(left.next());
        }
        merged.push(item);
    }
    merged.extend(left);
    Ok(merged)
}

pub(super) fn extreme(cx: &mut Evaluator<'_>, name: &str, args: Args) -> Res<Val> {
    let Args { positional, named } = args;
    let [key, default] = Args {
        positional: Vec::new(),
        named,
    }
    .take(name, ["key", "default"], 0)?;
    let items = match positional.as_slice() {
        [over] => cx.items(over)?,
        _ => positional,
    };
    let mut best: Option<(Val, Val)> = None;
    for item in items {
        let by = match &key {
            Some(key) => cx.deeper(|cx| cx.apply(key, Args::of(vec![item.clone()])))?,
            None => item.clone(),
        };
        let better = match &best {
            None => true,
            Some((old, _)) => {
                let wanted = if name == "min" {
                    Ordering::Less
                } else {
                    Ordering::Greater
                };
                cx.order(&by, old, 0)? == Some(wanted)
            }
        };
        if better {
            best = Some((by, item));
        }
    }
    best.map(|(_, item)| item)
        .or(default)
        .ok_or_else(|| Fail::new(format!("{name}() of nothing")))
}
