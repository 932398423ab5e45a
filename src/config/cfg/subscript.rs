//! `object[index]`: reading, assigning and deleting members and slices.

use super::ast::{Expr, ExprKind};
use super::eval::Evaluator;
use super::fail::{Fail, Res, did_you_mean};
use super::object::{DictKind, Heap, Key, Val};

/// What stands between the brackets.
pub(super) enum Index {
    One(Val),
    Slice {
        lower: Option<i64>,
        upper: Option<i64>,
        step: Option<i64>,
    },
}

impl Evaluator<'_> {
    pub(super) fn index(&mut self, expr: &Expr) -> Res<Index> {
        let ExprKind::Slice(slice) = &expr.kind else {
            return self.expr(expr).map(Index::One);
        };
        let mut bound = |bound: &Option<Expr>| {
            let Some(bound) = bound else { return Ok(None) };
            match self.expr(bound)? {
                Val::None => Ok(None),
                Val::Int(value) => Ok(Some(value)),
                other => Err(Fail::new(format!(
                    "a slice goes from one int to another, not to {}",
                    other.described()
                ))),
            }
        };
        Ok(Index::Slice {
            lower: bound(&slice.lower)?,
            upper: bound(&slice.upper)?,
            step: bound(&slice.step)?,
        })
    }

    pub(super) fn get_item(&mut self, object: &Val, index: &Index) -> Res<Val> {
        match (object, index) {
            (Val::Dict(id), Index::One(key)) => {
                let key = self.heap.key(key)?;
                match self.heap.get(*id, &key) {
                    Some(value) => Ok(value.clone()),
                    None => Err(self.missing(*id, &key)),
                }
            }
            (Val::List(id) | Val::Tuple(id) | Val::Record(_, id), Index::One(index)) => {
                let items = &self.heap.seqs[*id].items;
                Ok(items[position(index, items.len())?].clone())
            }
            (Val::List(id), Index::Slice { .. }) => {
                let items = self.sliced(*id, index)?;
                self.heap.list(items)
            }
            (Val::Tuple(id) | Val::Record(_, id), Index::Slice { .. }) => {
                let items = self.sliced(*id, index)?;
                self.heap.tuple(items)
            }
            (Val::Str(text), _) => {
                self.heap.budget.scan(text.len())?;
                // Texts are indexed by characters.
                let chars: Vec<char> = text.chars().collect();
                let text = match index {
                    Index::One(index) => chars[position(index, chars.len())?].to_string(),
                    Index::Slice { .. } => {
                        positions(index, chars.len())?.map(|at| chars[at]).collect()
                    }
                };
                self.heap.string(text)
            }
            (Val::Range(range), Index::One(index)) => {
                let len = usize::try_from(range.len()).unwrap_or(usize::MAX);
                Ok(Val::Int(range.get(position(index, len)? as u64)))
            }
            (other, _) => Err(no_members(other)),
        }
    }

    fn sliced(&mut self, id: usize, index: &Index) -> Res<Vec<Val>> {
        let items = &self.heap.seqs[id].items;
        self.heap.budget.work(items.len())?;
        Ok(positions(index, items.len())?
            .map(|at| items[at].clone())
            .collect())
    }

    pub(super) fn missing(&self, dict: usize, key: &Key) -> Fail {
        let dict = &self.heap.dicts[dict];
        let Key::Str(name) = key else {
            return Fail::new("the dictionary has no such key");
        };
        let known = dict.entries.keys().filter_map(|key| match key {
            Key::Str(name) => Some(&**name),
            _ => None,
        });
        let hint = did_you_mean(name, known);
        let text = match dict.kind {
            DictKind::Plain => format!("the dictionary has no key {name:?}"),
            DictKind::Options => format!("the option {name:?} is not set"),
            DictKind::Environment => format!("the environment variable {name} is not set"),
        };
        Fail::new(text).maybe_hint(hint)
    }

    pub(super) fn set_subscript(&mut self, object: &Val, index: &Expr, value: Val) -> Res<()> {
        let index = self.index(index)?;
        self.set_item(object, &index, value)
    }

    pub(super) fn set_item(&mut self, object: &Val, index: &Index, value: Val) -> Res<()> {
        match (object, index) {
            (Val::Dict(id), Index::One(key)) => {
                let key = self.heap.key(key)?;
                self.set_key(*id, key, value)
            }
            (Val::List(id), Index::One(index)) => {
                let place = self.place();
                let list = &mut self.heap.seqs[*id];
                let at = position(index, list.items.len())?;
                list.items[at] = value;
                list.touched = Some(place);
                Ok(())
            }
            (
                Val::List(id),
                Index::Slice {
                    lower,
                    upper,
                    step: None | Some(1),
                },
            ) => {
                let place = self.place();
                let new = self.items(&value)?;
                let list = &mut self.heap.seqs[*id];
                self.heap.budget.work(list.items.len())?;
                self.heap.budget.produce(new.len() * Heap::ITEM)?;
                let len = list.items.len();
                let from = bound(*lower, len).unwrap_or(0);
                let to = bound(*upper, len).unwrap_or(len).max(from);
                list.items.splice(from..to, new);
                list.touched = Some(place);
                Ok(())
            }
            (Val::List(_), _) => Err(Fail::new("a slice with a step cannot be assigned")),
            (Val::Str(_) | Val::Tuple(_) | Val::Record(..), _) => Err(Fail::new(format!(
                "{} cannot be changed",
                object.described()
            ))),
            (other, _) => Err(no_members(other)),
        }
    }

    pub(super) fn set_key(&mut self, dict: usize, key: Key, value: Val) -> Res<()> {
        if self.heap.dicts[dict].kind == DictKind::Environment {
            self.warn(
                None,
                "changes of os.environ are seen by this configuration file only",
            );
        }
        let place = self.place();
        self.heap.insert(dict, key, value, Some(place))
    }

    pub(super) fn delete_item(&mut self, object: &Val, index: &Index) -> Res<()> {
        match (object, index) {
            (Val::Dict(id), Index::One(key)) => {
                let key = self.heap.key(key)?;
                self.heap.budget.work(self.heap.dicts[*id].entries.len())?;
                match self.heap.remove(*id, &key) {
                    Some(_) => Ok(()),
                    None => Err(self.missing(*id, &key)),
                }
            }
            (Val::List(id), index) => {
                let place = self.place();
                let list = &mut self.heap.seqs[*id];
                self.heap.budget.work(list.items.len())?;
                let len = list.items.len();
                match index {
                    Index::One(index) => {
                        list.items.remove(position(index, len)?);
                    }
                    Index::Slice { .. } => {
                        let mut keep = vec![true; len];
                        positions(index, len)?.for_each(|at| keep[at] = false);
                        let mut keep = keep.into_iter();
                        list.items.retain(|_| keep.next().unwrap_or(true));
                    }
                }
                list.touched = Some(place);
                Ok(())
            }
            (other, _) => Err(no_members(other)),
        }
    }
}

fn no_members(value: &Val) -> Fail {
    Fail::new(format!("{} has no members", value.described()))
}

pub(super) fn position(index: &Val, len: usize) -> Res<usize> {
    let index = match index {
        Val::Int(index) => *index,
        Val::Bool(index) => i64::from(*index),
        other => {
            return Err(Fail::new(format!(
                "the index is {} and not an int",
                other.described()
            )));
        }
    };
    let from_end = if index < 0 {
        i64::try_from(len).unwrap_or(i64::MAX)
    } else {
        0
    };
    usize::try_from(index.saturating_add(from_end))
        .ok()
        .filter(|at| *at < len)
        .ok_or_else(|| {
            Fail::new(format!(
                "index {index} is out of range: the length is {len}"
            ))
        })
}

/// A slice's bound, within 0..=len.
fn bound(bound: Option<i64>, len: usize) -> Option<usize> {
    let bound = bound?;
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    let bound = if bound < 0 {
        bound.saturating_add(len)
    } else {
        bound
    };
    usize::try_from(bound.clamp(0, len)).ok()
}

fn positions(index: &Index, len: usize) -> Res<Box<dyn Iterator<Item = usize>>> {
    let Index::Slice { lower, upper, step } = index else {
        return Ok(Box::new(std::iter::empty()));
    };
    let step = step.unwrap_or(1);
    let stride = usize::try_from(step.unsigned_abs()).unwrap_or(usize::MAX);
    if step == 0 {
        return Err(Fail::new("the step of a slice cannot be 0"));
    }
    if step > 0 {
        let from = bound(*lower, len).unwrap_or(0);
        let to = bound(*upper, len).unwrap_or(len);
        return Ok(Box::new((from..to).step_by(stride)));
    }
    // Downwards, from `lower` on to just above `upper`.
    let below = |at: Option<i64>| -> Option<i64> {
        let len = i64::try_from(len).unwrap_or(i64::MAX);
        let at = at?;
        Some(if at < 0 {
            at.saturating_add(len).max(-1)
        } else {
            at.min(len - 1)
        })
    };
    let last = i64::try_from(len).unwrap_or(i64::MAX) - 1;
    let first_above = |at: i64| usize::try_from(at + 1).unwrap_or(0);
    let from = first_above(below(*lower).unwrap_or(last));
    let to = first_above(below(*upper).unwrap_or(-1));
    Ok(Box::new((to..from).rev().step_by(stride)))
}
