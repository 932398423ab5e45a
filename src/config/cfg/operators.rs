//! Binary operators, and their in-place forms.

use super::ast::BinaryOp;
use super::eval::Evaluator;
use super::fail::{Fail, Res};
use super::number::{Number, arithmetic};
use super::object::{DictKind, Heap, Val};
use super::percent;

impl Evaluator<'_> {
    pub(super) fn binary(&mut self, left: Val, op: BinaryOp, right: Val) -> Res<Val> {
        if let (Some(a), Some(b)) = (Number::of(&left), Number::of(&right))
            && let Some(value) = arithmetic(a, op, b)?
        {
            return match (&left, &right, &value) {
                // `&`, `|` and `^` of truth values are truth values.
                (Val::Bool(_), Val::Bool(_), Val::Int(value))
                    if matches!(op, BinaryOp::BitAnd | BinaryOp::BitOr | BinaryOp::BitXor) =>
                {
                    Ok(Val::Bool(*value != 0))
                }
                _ => Ok(value),
            };
        }
        match (&left, op, &right) {
            (Val::Str(a), BinaryOp::Add, Val::Str(b)) => {
                self.heap.budget.produce(a.len() + b.len())?;
                Ok(Val::Str([&**a, &**b].concat().into()))
            }
            (Val::List(a), BinaryOp::Add, Val::List(b)) => {
                let items = self.joined(*a, *b)?;
                self.heap.list(items)
            }
            (Val::Tuple(a), BinaryOp::Add, Val::Tuple(b)) => {
                let items = self.joined(*a, *b)?;
                self.heap.tuple(items)
            }
            (Val::Str(text), BinaryOp::Mod, values) => percent::formatted(self, text, values),
            (_, BinaryOp::Mul, Val::Str(_) | Val::List(_) | Val::Tuple(_)) => {
                self.repeated(&right, &left)
            }
            (Val::Str(_) | Val::List(_) | Val::Tuple(_), BinaryOp::Mul, _) => {
                self.repeated(&left, &right)
            }
            (Val::Dict(_), BinaryOp::BitOr, Val::Dict(_)) => {
                let dict = self.heap.dict(DictKind::Plain)?;
                self.merge(dict, &left)?;
                self.merge(dict, &right)?;
                Ok(Val::Dict(dict))
            }
            _ => Err(cannot_combine(&left, op, &right)),
        }
    }

    fn joined(&mut self, a: usize, b: usize) -> Res<Vec<Val>> {
        let [a, b] = [&self.heap.seqs[a].items, &self.heap.seqs[b].items];
        self.heap.budget.work(a.len() + b.len())?;
        self.heap.budget.produce((a.len() + b.len()) * Heap::ITEM)?;
        Ok(a.iter().chain(b).cloned().collect())
    }

    fn repeated(&mut self, value: &Val, count: &Val) -> Res<Val> {
        let Some(Number::Int(count)) = Number::of(count) else {
            return Err(cannot_combine(value, BinaryOp::Mul, count));
        };
        let count = usize::try_from(count).unwrap_or(0);
        match value {
            Val::Str(text) => {
                self.heap.budget.produce(text.len().saturating_mul(count))?;
                Ok(Val::Str(text.repeat(count).into()))
            }
            Val::List(id) | Val::Tuple(id) => {
                let items = &self.heap.seqs[*id].items;
                let len = items.len().saturating_mul(count);
                self.heap.budget.work(len)?;
                self.heap.budget.produce(len.saturating_mul(Heap::ITEM))?;
                // Repeating nothing is free, however often: `cycle` would not end by itself.
                let items = items.iter().cycle().take(len).cloned().collect();
                match value {
                    Val::List(_) => self.heap.list(items),
                    _ => self.heap.tuple(items),
                }
            }
            other => Err(cannot_combine(other, BinaryOp::Mul, &Val::Int(0))),
        }
    }

    /// `left op= right`: lists and dictionaries change in place, for everyone who has them.
    pub(super) fn combine_in_place(&mut self, left: Val, op: BinaryOp, right: Val) -> Res<Val> {
        match (&left, op) {
            (Val::List(id), BinaryOp::Add) => {
                let added = self
                    .items(&right)
                    .map_err(|_| cannot_combine(&left, op, &right))?;
                self.extend(*id, added)?;
                Ok(left)
            }
            (Val::Dict(id), BinaryOp::BitOr) => {
                self.merge(*id, &right)?;
                Ok(left)
            }
            _ => self.binary(left, op, right),
        }
    }

    pub(super) fn extend(&mut self, list: usize, added: Vec<Val>) -> Res<()> {
        self.heap.budget.produce(added.len() * Heap::ITEM)?;
        let place = self.place();
        let list = &mut self.heap.seqs[list];
        list.items.extend(added);
        list.touched = Some(place);
        Ok(())
    }
}

fn cannot_combine(left: &Val, op: BinaryOp, right: &Val) -> Fail {
    let fail = Fail::new(format!(
        "`{}` between {} and {} is not possible",
        op.symbol(),
        left.type_name(),
        right.type_name()
    ));
    match (left, op, right) {
        (Val::Str(_), BinaryOp::Add, Val::Int(_) | Val::Float(_) | Val::Bool(_))
        | (Val::Int(_) | Val::Float(_) | Val::Bool(_), BinaryOp::Add, Val::Str(_)) => {
            fail.hint("str(...) makes a string of a number")
        }
        _ => fail,
    }
}
