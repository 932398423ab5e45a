//! Comparison: `==`, `<`, `in` and `is`.

use std::cmp::Ordering;
use std::rc::Rc;

use super::ast::CompareOp;
use super::eval::Evaluator;
use super::fail::{Fail, Res};
use super::number::Number;
use super::object::{MAX_DATA_DEPTH, Val, too_deep};

impl Evaluator<'_> {
    pub(super) fn compare(&mut self, left: &Val, op: CompareOp, right: &Val) -> Res<bool> {
        match op {
            CompareOp::Equal => self.equal(left, right),
            CompareOp::NotEqual => self.equal(left, right).map(|equal| !equal),
            CompareOp::Is => Ok(same(left, right)),
            CompareOp::IsNot => Ok(!same(left, right)),
            CompareOp::In => self.contains(right, left),
            CompareOp::NotIn => self.contains(right, left).map(|contains| !contains),
            CompareOp::Less => self.ordered(left, right, Ordering::is_lt),
            CompareOp::LessEqual => self.ordered(left, right, Ordering::is_le),
            CompareOp::Greater => self.ordered(left, right, Ordering::is_gt),
            CompareOp::GreaterEqual => self.ordered(left, right, Ordering::is_ge),
        }
    }

    fn ordered(&mut self, left: &Val, right: &Val, holds: fn(Ordering) -> bool) -> Res<bool> {
        // Not a number compares to nothing.
        Ok(self.order(left, right, 0)?.is_some_and(holds))
    }

    pub(super) fn order(&mut self, left: &Val, right: &Val, depth: usize) -> Res<Option<Ordering>> {
        if depth > MAX_DATA_DEPTH {
            return Err(too_deep());
        }
        self.heap.budget.work(1)?;
        if let (Some(a), Some(b)) = (Number::of(left), Number::of(right)) {
            return Ok(a.compare(b));
        }
        match (left, right) {
            (Val::Str(a), Val::Str(b)) => {
                self.heap.budget.scan(a.len().min(b.len()))?;
                Ok(Some(a.cmp(b)))
            }
            (Val::List(a), Val::List(b)) | (Val::Tuple(a), Val::Tuple(b)) => {
                let mut index = 0;
                loop {
                    let [a, b] = [a, b].map(|id| self.heap.seqs[*id].items.get(index).cloned());
                    let (a, b) = match (a, b) {
                        (Some(a), Some(b)) => (a, b),
                        (a, b) => return Ok(Some(a.is_some().cmp(&b.is_some()))),
                    };
                    if !self.equal_at(&a, &b, depth + 1)? {
                        return self.order(&a, &b, depth + 1);
                    }
                    index += 1;
                }
            }
            _ => Err(Fail::new(format!(
                "{} and {} have no order",
                left.type_name(),
                right.type_name()
            ))),
        }
    }

    pub(super) fn equal(&mut self, left: &Val, right: &Val) -> Res<bool> {
        self.equal_at(left, right, 0)
    }

    fn equal_at(&mut self, left: &Val, right: &Val, depth: usize) -> Res<bool> {
        if depth > MAX_DATA_DEPTH {
            return Err(too_deep());
        }
        self.heap.budget.work(1)?;
        if let (Some(a), Some(b)) = (Number::of(left), Number::of(right)) {
            return Ok(a.compare(b) == Some(Ordering::Equal));
        }
        match (left, right) {
            (Val::Str(a), Val::Str(b)) => {
                self.heap.budget.scan(a.len().min(b.len()))?;
                Ok(a == b)
            }
            (Val::List(a), Val::List(b))
            | (Val::Tuple(a) | Val::Record(_, a), Val::Tuple(b) | Val::Record(_, b)) => {
                let len = self.heap.seqs[*a].items.len();
                if len != self.heap.seqs[*b].items.len() {
                    return Ok(false);
                }
                for index in 0..len {
                    let [a, b] = [a, b].map(|id| self.heap.seqs[*id].items[index].clone());
                    if !self.equal_at(&a, &b, depth + 1)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (Val::Dict(a), Val::Dict(b)) => {
                let len = self.heap.dicts[*a].entries.len();
                if len != self.heap.dicts[*b].entries.len() {
                    return Ok(false);
                }
                for index in 0..len {
                    let Some((key, entry)) = self.heap.dicts[*a].entries.get_index(index) else {
                        return Ok(false);
                    };
                    let value = entry.value.clone();
                    let Some(other) = self.heap.dicts[*b].entries.get(key) else {
                        return Ok(false);
                    };
                    let other = other.value.clone();
                    if !self.equal_at(&value, &other, depth + 1)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            _ => Ok(same(left, right)),
        }
    }

    pub(super) fn contains(&mut self, container: &Val, member: &Val) -> Res<bool> {
        match container {
            Val::Str(text) => match member {
                Val::Str(part) => {
                    self.heap.budget.scan(text.len())?;
                    Ok(text.contains(&**part))
                }
                other => Err(Fail::new(format!(
                    "`in` looks for a str in a str, not for {}",
                    other.described()
                ))),
            },
            Val::Dict(id) => {
                let key = self.heap.key(member)?;
                Ok(self.heap.get(*id, &key).is_some())
            }
            Val::List(_) | Val::Tuple(_) | Val::Record(..) | Val::Range(_) => {
                for item in self.items(container)? {
                    if self.equal(&item, member)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            other => Err(Fail::new(format!(
                "`in` cannot look into {}",
                other.described()
            ))),
        }
    }
}

/// `is`: the same object. Equal numbers and strings count as one.
fn same(left: &Val, right: &Val) -> bool {
    match (left, right) {
        (Val::None, Val::None) => true,
        (Val::Bool(a), Val::Bool(b)) => a == b,
        (Val::Int(a), Val::Int(b)) => a == b,
        (Val::Float(a), Val::Float(b)) => a == b,
        (Val::Str(a), Val::Str(b)) => Rc::ptr_eq(a, b) || a == b,
        (Val::List(a), Val::List(b))
        | (Val::Tuple(a), Val::Tuple(b))
        | (Val::Dict(a), Val::Dict(b))
        | (Val::Function(a), Val::Function(b)) => a == b,
        (Val::Range(a), Val::Range(b)) => a == b,
        (Val::Module(a), Val::Module(b)) | (Val::Native(a), Val::Native(b)) => a == b,
        (Val::Uuid(a), Val::Uuid(b)) => a == b,
        _ => false,
    }
}
