//! Expressions.

use super::ast::{Clause, CompareOp, Comprehension, Element, Expr, ExprKind, Piece, Span, UnaryOp};
use super::eval::Evaluator;
use super::fail::{Fail, Res};
use super::object::{DictKind, Heap, Key, Val};
use super::{format, host};

impl Evaluator<'_> {
    pub(super) fn expr(&mut self, expr: &Expr) -> Res<Val> {
        self.heap
            .budget
            .work(1)
            .and_then(|()| self.deeper(|this| this.expr_kind(expr)))
            .map_err(|fail| fail.at(&self.source, expr.span))
    }

    fn expr_kind(&mut self, expr: &Expr) -> Res<Val> {
        match &expr.kind {
            ExprKind::None => Ok(Val::None),
            ExprKind::Bool(value) => Ok(Val::Bool(*value)),
            ExprKind::Int(value) => Ok(Val::Int(*value)),
            ExprKind::Float(value) => Ok(Val::Float(*value)),
            ExprKind::Str(value) => Ok(Val::Str(value.clone())),
            ExprKind::Interpolated(pieces) => {
                let mut text = String::new();
                self.interpolate(pieces, &mut text)?;
                self.heap.string(text)
            }
            ExprKind::Name(name) => self.lookup(name),
            ExprKind::List(items) => {
                let items = self.exprs(items)?;
                self.heap.list(items)
            }
            ExprKind::Tuple(items) => {
                let items = self.exprs(items)?;
                self.heap.tuple(items)
            }
            ExprKind::Dict(items) => self.dict_literal(items),
            ExprKind::Starred(_) => Err(Fail::new("`*` cannot be used here")),
            ExprKind::Comprehension(node) => self.comprehension(node),
            ExprKind::Binary(first, rest) => {
                let mut left = self.expr(first)?;
                for (op, right) in rest {
                    let span = Span {
                        start: first.span.start,
                        end: right.span.end,
                    };
                    let right = self.expr(right)?;
                    left = self
                        .binary(left, *op, right)
                        .map_err(|fail| fail.at(&self.source, span))?;
                }
                Ok(left)
            }
            ExprKind::Unary(op, operand) => {
                let operand = self.expr(operand)?;
                self.unary(*op, &operand)
            }
            ExprKind::And(values) => self.first(values, false),
            ExprKind::Or(values) => self.first(values, true),
            ExprKind::Compare(first, rest) => self.compare_chain(first, rest),
            ExprKind::IfElse(node) => {
                let test = self.expr(&node.test)?;
                match self.truth(&test) {
                    true => self.expr(&node.then),
                    false => self.expr(&node.otherwise),
                }
            }
            ExprKind::Attribute(object, name) => {
                let object = self.expr(object)?;
                self.attribute(&object, name)
            }
            ExprKind::Subscript(object, index) => {
                let object = self.expr(object)?;
                let index = self.index(index)?;
                self.get_item(&object, &index)
            }
            ExprKind::Slice(_) => Err(Fail::new("a slice cannot be used here")),
            ExprKind::Call(call) => self.call(call),
            ExprKind::Lambda(function) => self.closure(function),
            ExprKind::Unsupported(refused) => Err(Fail::unsupported(*refused)),
        }
    }

    /// Values of a list or of arguments, `*rest` unpacked.
    pub(super) fn exprs(&mut self, exprs: &[Expr]) -> Res<Vec<Val>> {
        let mut values = Vec::new();
        for expr in exprs {
            if let ExprKind::Starred(rest) = &expr.kind {
                let rest = self.expr(rest)?;
                let rest = self.items(&rest)?;
                self.heap.budget.produce(rest.len() * Heap::ITEM)?;
                values.extend(rest);
            } else {
                values.push(self.expr(expr)?);
            }
        }
        Ok(values)
    }

    /// The first value whose truth is `wanted`, or else the last one.
    fn first(&mut self, values: &[Expr], wanted: bool) -> Res<Val> {
        let mut last = Val::None;
        for value in values {
            last = self.expr(value)?;
            if self.truth(&last) == wanted {
                break;
            }
        }
        Ok(last)
    }

    fn compare_chain(&mut self, first: &Expr, rest: &[(CompareOp, Expr)]) -> Res<Val> {
        let mut left = self.expr(first)?;
        for (op, right) in rest {
            let right = self.expr(right)?;
            if !self.compare(&left, *op, &right)? {
                return Ok(Val::Bool(false));
            }
            left = right;
        }
        Ok(Val::Bool(true))
    }

    fn unary(&mut self, op: UnaryOp, operand: &Val) -> Res<Val> {
        let number = match operand {
            Val::Bool(value) => Val::Int(i64::from(*value)),
            other => other.clone(),
        };
        let too_large = super::number::too_large;
        match (op, number) {
            (UnaryOp::Not, _) => Ok(Val::Bool(!self.truth(operand))),
            (UnaryOp::Plus, number @ (Val::Int(_) | Val::Float(_))) => Ok(number),
            (UnaryOp::Minus, Val::Int(value)) => {
                value.checked_neg().map(Val::Int).ok_or_else(too_large)
            }
            (UnaryOp::Minus, Val::Float(value)) => Ok(Val::Float(-value)),
            (UnaryOp::Invert, Val::Int(value)) => Ok(Val::Int(!value)),
            (_, other) => Err(Fail::new(format!("{} is no number", other.described()))),
        }
    }

    fn dict_literal(&mut self, items: &[(Option<Expr>, Expr)]) -> Res<Val> {
        let dict = self.heap.dict(DictKind::Plain)?;
        for (key, value) in items {
            match key {
                Some(key) => {
                    let line = self.source.line(key.span.start);
                    let span = key.span;
                    let key = self.expr(key)?;
                    let key = self
                        .heap
                        .key(&key)
                        .map_err(|fail| fail.at(&self.source, span))?;
                    let value = self.expr(value)?;
                    let place = self.place_in_line(line);
                    self.heap.insert(dict, key, value, Some(place))?;
                }
                None => {
                    let other = self.expr(value)?;
                    self.merge(dict, &other)?;
                }
            }
        }
        Ok(Val::Dict(dict))
    }

    fn comprehension(&mut self, node: &Comprehension) -> Res<Val> {
        let mut items = Vec::new();
        let dict = match node.element {
            Element::Item(_) => None,
            Element::Pair(..) => Some(self.heap.dict(DictKind::Plain)?),
        };
        self.in_scope(self.scope, |this| {
            this.clauses(&node.clauses, &mut |this| {
                match (&node.element, dict) {
                    (Element::Item(item), _) => {
                        this.heap.budget.produce(Heap::ITEM)?;
                        let item = this.expr(item)?;
                        items.push(item);
                    }
                    (Element::Pair(key, value), Some(dict)) => {
                        let key = this.expr(key)?;
                        let key = this.heap.key(&key)?;
                        let value = this.expr(value)?;
                        let place = this.place();
                        this.heap.insert(dict, key, value, Some(place))?;
                    }
                    (Element::Pair(..), None) => {}
                }
                Ok(())
            })
        })?;
        match dict {
            Some(dict) => Ok(Val::Dict(dict)),
            None => self.heap.list(items),
        }
    }

    fn clauses(
        &mut self,
        clauses: &[Clause],
        inner: &mut dyn FnMut(&mut Self) -> Res<()>,
    ) -> Res<()> {
        let Some((clause, rest)) = clauses.split_first() else {
            return inner(self);
        };
        let over = self.expr(&clause.iter)?;
        let items = self.items(&over)?;
        for item in items {
            self.heap.budget.work(1)?;
            self.assign(&clause.target, item)?;
            let mut holds = true;
            for test in &clause.tests {
                let test = self.expr(test)?;
                holds = self.truth(&test);
                if !holds {
                    break;
                }
            }
            if holds {
                self.deeper(|this| this.clauses(rest, inner))?;
            }
        }
        Ok(())
    }

    fn interpolate(&mut self, pieces: &[Piece], into: &mut String) -> Res<()> {
        for piece in pieces {
            match piece {
                Piece::Text(text) => {
                    self.heap.budget.produce(text.len())?;
                    into.push_str(text);
                }
                Piece::Value {
                    value,
                    conversion,
                    spec,
                } => {
                    let value = self.expr(value)?;
                    let value = self.converted(value, *conversion)?;
                    let mut text = String::new();
                    self.deeper(|this| this.interpolate(spec, &mut text))?;
                    into.push_str(&format::formatted(self, &value, &text)?);
                }
            }
        }
        Ok(())
    }

    /// `!r`, `!s` and `!a` of a replacement field.
    pub(super) fn converted(&mut self, value: Val, conversion: Option<char>) -> Res<Val> {
        match conversion {
            None => Ok(value),
            Some('s') => self.str(&value).map(Val::Str),
            Some('r') => self.repr(&value).map(Val::Str),
            Some('a') => self.ascii(&value).map(Val::Str),
            Some(other) => Err(Fail::new(format!("unknown conversion `!{other}`"))),
        }
    }

    /// A member of a module or of a value.
    pub(super) fn attribute(&mut self, object: &Val, name: &str) -> Res<Val> {
        match object {
            Val::Module(module) => self.module_member(module, name),
            Val::Record(names, id) => match names.iter().position(|known| *known == name) {
                Some(index) => Ok(self.heap.seqs[*id].items[index].clone()),
                None => Err(host::no_member(
                    object.type_name(),
                    name,
                    names.iter().copied(),
                )),
            },
            Val::Uuid(value) if name == "hex" => self.heap.string(format!("{value:032x}")),
            Val::Str(_) | Val::List(_) | Val::Dict(_) | Val::Tuple(_) => {
                self.check_method(object, name)?;
                Ok(Val::Method((object.clone(), name.into()).into()))
            }
            other => Err(Fail::new(format!("{} has no `{name}`", other.described()))),
        }
    }

    /// The members of anything that can be gone through.
    pub(super) fn items(&mut self, value: &Val) -> Res<Vec<Val>> {
        let items = match value {
            Val::List(id) | Val::Tuple(id) | Val::Record(_, id) => {
                let items = &self.heap.seqs[*id].items;
                self.heap.budget.work(items.len())?;
                items.clone()
            }
            Val::Dict(id) => self.heap.keys(*id)?,
            Val::Str(text) => {
                self.heap.budget.work(text.len())?;
                text.chars()
                    .map(|c| Val::str(c.encode_utf8(&mut [0; 4])))
                    .collect()
            }
            Val::Range(range) => {
                let len = usize::try_from(range.len()).unwrap_or(usize::MAX);
                self.heap.budget.work(len)?;
                (0..range.len())
                    .map(|index| Val::Int(range.get(index)))
                    .collect()
            }
            other => {
                return Err(Fail::new(format!(
                    "{} has no members to go through",
                    other.described()
                )));
            }
        };
        Ok(items)
    }

    pub(super) fn truth(&self, value: &Val) -> bool {
        match value {
            Val::None => false,
            Val::Bool(value) => *value,
            Val::Int(value) => *value != 0,
            Val::Float(value) => *value != 0.0,
            Val::Str(value) => !value.is_empty(),
            Val::List(id) | Val::Tuple(id) | Val::Record(_, id) => {
                !self.heap.seqs[*id].items.is_empty()
            }
            Val::Dict(id) => !self.heap.dicts[*id].entries.is_empty(),
            Val::Range(range) => range.len() != 0,
            Val::Module(_) | Val::Native(_) | Val::Function(_) | Val::Method(_) => true,
            Val::Exception(..) | Val::Uuid(_) => true,
        }
    }

    /// Adds the entries of a dictionary, or of a sequence of pairs.
    pub(super) fn merge(&mut self, into: usize, from: &Val) -> Res<()> {
        let place = Some(self.place());
        if let Val::Dict(from) = from {
            let entries = &self.heap.dicts[*from].entries;
            self.heap.budget.work(entries.len())?;
            self.heap.budget.produce(entries.len() * Heap::ENTRY)?;
            let entries: Vec<(Key, Val)> = entries
                .iter()
                .map(|(key, entry)| (key.clone(), entry.value.clone()))
                .collect();
            for (key, value) in entries {
                self.heap.insert(into, key, value, place)?;
            }
            return Ok(());
        }
        for pair in self.items(from)? {
            let [key, value] = <[Val; 2]>::try_from(self.items(&pair)?)
                .map_err(|_| Fail::new("a dictionary is made of pairs"))?;
            let key = self.heap.key(&key)?;
            self.heap.insert(into, key, value, place)?;
        }
        Ok(())
    }
}
