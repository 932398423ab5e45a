//! Statements.

use std::rc::Rc;

use super::ast::{BinaryOp, Expr, ExprKind, Function, Span, Stmt, StmtKind};
use super::eval::Evaluator;
use super::fail::{Fail, Res};
use super::host;
use super::object::{Closure, Heap, Val};

/// How a block ended.
pub(super) enum Flow {
    Next,
    Leave(Leave, Span),
    Return(Val, Span),
}

/// `break` and `continue`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leave {
    Break,
    Continue,
}

impl Evaluator<'_> {
    pub(super) fn block(&mut self, block: &[Stmt]) -> Res<Flow> {
        for statement in block {
            self.heap.budget.work(1)?;
            self.line = self.source.line(statement.span.start);
            let flow = self.deeper(|this| this.statement(statement));
            match flow.map_err(|fail| fail.at(&self.source, statement.span))? {
                Flow::Next => {}
                left => return Ok(left),
            }
        }
        Ok(Flow::Next)
    }

    fn statement(&mut self, statement: &Stmt) -> Res<Flow> {
        match &statement.kind {
            StmtKind::Expr(value) => {
                self.expr(value)?;
            }
            StmtKind::Assign(targets, value) => {
                let value = self.expr(value)?;
                for target in targets {
                    self.assign(target, value.clone())?;
                }
            }
            StmtKind::AugmentedAssign(target, op, value) => {
                self.augmented_assign(target, *op, value, statement.span)?;
            }
            StmtKind::Delete(targets) => {
                for target in targets {
                    self.delete(target)?;
                }
            }
            StmtKind::If(branches) => {
                for (test, body) in branches {
                    if self.holds(test.as_ref())? {
                        return self.block(body);
                    }
                }
            }
            StmtKind::For {
                target,
                iter,
                body,
                otherwise,
            } => {
                return self.for_loop(target, iter, body, otherwise);
            }
            StmtKind::While {
                test,
                body,
                otherwise,
            } => {
                while self.holds(Some(test))? {
                    self.heap.budget.work(1)?;
                    match self.block(body)? {
                        Flow::Next | Flow::Leave(Leave::Continue, _) => {}
                        Flow::Leave(Leave::Break, _) => return Ok(Flow::Next),
                        left => return Ok(left),
                    }
                }
                return self.block(otherwise);
            }
            StmtKind::Def(function) => {
                let value = self.closure(function)?;
                self.bind(&function.name, value)?;
            }
            StmtKind::Return(value) => {
                let value = match value {
                    Some(value) => self.expr(value)?,
                    None => Val::None,
                };
                return Ok(Flow::Return(value, statement.span));
            }
            StmtKind::Raise(value) => return Err(self.raised(value.as_ref())?),
            StmtKind::Assert(test, message) => {
                if !self.holds(Some(test))? {
                    let text = match message {
                        Some(message) => {
                            let message = self.expr(message)?;
                            self.str(&message)?
                        }
                        None => "this assertion does not hold".into(),
                    };
                    return Err(Fail::new(&*text));
                }
            }
            StmtKind::Try {
                body,
                handled,
                otherwise,
                finally,
            } => {
                return self.try_block(body, *handled, otherwise, finally);
            }
            StmtKind::Import(names) => self.import(names)?,
            StmtKind::ImportFrom(module, names) => self.import_from(module, names)?,
            StmtKind::Outer { global, names } => self.outer(*global, names),
            StmtKind::Pass => {}
            StmtKind::Break => return Ok(Flow::Leave(Leave::Break, statement.span)),
            StmtKind::Continue => return Ok(Flow::Leave(Leave::Continue, statement.span)),
            StmtKind::Unsupported(refused) => return Err(Fail::unsupported(*refused)),
        }
        Ok(Flow::Next)
    }

    fn holds(&mut self, test: Option<&Expr>) -> Res<bool> {
        match test {
            Some(test) => {
                let value = self.expr(test)?;
                Ok(self.truth(&value))
            }
            None => Ok(true),
        }
    }

    pub(super) fn outside_loop(&self, span: Span) -> Fail {
        Fail::new("`break` or `continue` outside a loop").at(&self.source, span)
    }

    fn for_loop(
        &mut self,
        target: &Expr,
        iter: &Expr,
        body: &[Stmt],
        otherwise: &[Stmt],
    ) -> Res<Flow> {
        let over = self.expr(iter)?;
        let over = match over {
            // Seen live: the body may append to the list that it goes through.
            Val::List(_) | Val::Range(_) => over,
            other => {
                let items = self.items(&other);
                let items = items.map_err(|fail| fail.at(&self.source, iter.span))?;
                self.heap.list(items)?
            }
        };
        let mut index = 0;
        while let Some(item) = self.nth(&over, index) {
            index += 1;
            self.heap.budget.work(1)?;
            self.assign(target, item)?;
            match self.block(body)? {
                Flow::Next | Flow::Leave(Leave::Continue, _) => {}
                Flow::Leave(Leave::Break, _) => return Ok(Flow::Next),
                left => return Ok(left),
            }
        }
        self.block(otherwise)
    }

    fn nth(&self, over: &Val, index: usize) -> Option<Val> {
        match over {
            Val::List(id) => self.heap.seqs[*id].items.get(index).cloned(),
            Val::Range(range) => {
                let index = index as u64;
                (index < range.len()).then(|| Val::Int(range.get(index)))
            }
            _ => None,
        }
    }

    pub(super) fn assign(&mut self, target: &Expr, value: Val) -> Res<()> {
        let assigned = match &target.kind {
            ExprKind::Name(name) => self.bind(name, value),
            ExprKind::Subscript(object, index) => {
                let object = self.expr(object)?;
                self.set_subscript(&object, index, value)
            }
            ExprKind::Tuple(targets) | ExprKind::List(targets) => self.unpack(targets, &value),
            ExprKind::Attribute(..) => Err(Fail::new("attributes cannot be assigned here")
                .hint("only names, and members of lists and dictionaries, can be")),
            ExprKind::Unsupported(refused) => Err(Fail::unsupported(*refused)),
            _ => Err(Fail::new("this cannot be assigned to")),
        };
        assigned.map_err(|fail| fail.at(&self.source, target.span))
    }

    /// `a, *b = value`
    fn unpack(&mut self, targets: &[Expr], value: &Val) -> Res<()> {
        let items = self.items(value)?;
        let starred = targets
            .iter()
            .position(|target| matches!(target.kind, ExprKind::Starred(_)));
        let fits = match starred {
            Some(_) => items.len() + 1 >= targets.len(),
            None => items.len() == targets.len(),
        };
        if !fits {
            return Err(Fail::new(format!(
                "cannot unpack {} values into {}",
                items.len(),
                targets.len()
            )));
        }
        let rest = items.len() + 1 - targets.len();
        let mut items = items.into_iter();
        for target in targets {
            if let ExprKind::Starred(target) = &target.kind {
                let rest = self.heap.list(items.by_ref().take(rest).collect())?;
                self.assign(target, rest)?;
            } else if let Some(item) = items.next() {
                self.assign(target, item)?;
            }
        }
        Ok(())
    }

    fn augmented_assign(
        &mut self,
        target: &Expr,
        op: BinaryOp,
        value: &Expr,
        span: Span,
    ) -> Res<()> {
        let combine = |this: &mut Self, old: Val| {
            let value = this.expr(value)?;
            this.combine_in_place(old, op, value)
                .map_err(|fail| fail.at(&this.source, span))
        };
        match &target.kind {
            ExprKind::Name(name) => {
                let old = self.expr(target)?;
                let new = combine(self, old)?;
                self.bind(name, new)
            }
            ExprKind::Subscript(object, index) => {
                let object = self.expr(object)?;
                let index = self.index(index)?;
                let old = self
                    .get_item(&object, &index)
                    .map_err(|fail| fail.at(&self.source, target.span))?;
                let new = combine(self, old)?;
                self.set_item(&object, &index, new)
            }
            _ => Err(Fail::new("this cannot be assigned to").at(&self.source, target.span)),
        }
    }

    fn delete(&mut self, target: &Expr) -> Res<()> {
        let deleted = match &target.kind {
            ExprKind::Name(name) => match self.scopes[self.scope].names.remove(name) {
                Some(_) => Ok(()),
                None => Err(Fail::new(format!("name `{name}` is not defined"))),
            },
            ExprKind::Subscript(object, index) => {
                let object = self.expr(object)?;
                let index = self.index(index)?;
                self.delete_item(&object, &index)
            }
            ExprKind::Tuple(targets) | ExprKind::List(targets) => {
                targets.iter().try_for_each(|target| self.delete(target))
            }
            _ => Err(Fail::new("this cannot be deleted")),
        };
        deleted.map_err(|fail| fail.at(&self.source, target.span))
    }

    /// `raise ValueError("text")` is how a configuration refuses to be used: the text is the error.
    fn raised(&mut self, value: Option<&Expr>) -> Res<Fail> {
        let Some(value) = value else {
            return Ok(Fail::new("raised again, outside of any `except`"));
        };
        Ok(match self.expr(value)? {
            Val::Exception(name, text) if text.is_empty() => Fail::new(name),
            Val::Exception(_, text) => Fail::new(&*text),
            Val::Native(name) => Fail::new(name),
            other => Fail::new(format!("{} cannot be raised", other.described())),
        })
    }

    /// Errors end the evaluation. A handler is accepted as long as there is nothing to handle.
    fn try_block(
        &mut self,
        body: &[Stmt],
        handled: bool,
        otherwise: &[Stmt],
        finally: &[Stmt],
    ) -> Res<Flow> {
        let mut flow = self.block(body).map_err(|fail| match handled {
            true => fail.hint(
                "`except` is not supported in configuration files: test first, \
                 as in `if key in config_opts` or `os.path.exists(file)`",
            ),
            false => fail,
        })?;
        if matches!(flow, Flow::Next) {
            flow = self.block(otherwise)?;
        }
        match self.block(finally)? {
            Flow::Next => Ok(flow),
            left => Ok(left),
        }
    }

    fn import(&mut self, names: &[(Rc<str>, Option<Rc<str>>)]) -> Res<()> {
        for (name, bound) in names {
            let module = host::import(name)?;
            // `import os.path` binds `os`.
            let (bound, module) = match (bound, name.split_once('.')) {
                (Some(bound), _) => (Rc::clone(bound), module),
                (None, Some((first, _))) => (first.into(), host::import(first)?),
                (None, None) => (Rc::clone(name), module),
            };
            self.bind(&bound, module)?;
        }
        Ok(())
    }

    fn import_from(&mut self, module: &str, names: &[(Rc<str>, Option<Rc<str>>)]) -> Res<()> {
        if module == "__future__" {
            return Ok(());
        }
        let module = host::import(module)?;
        for (name, bound) in names {
            let value = self.attribute(&module, name)?;
            self.bind(bound.as_ref().unwrap_or(name), value)?;
        }
        Ok(())
    }

    fn outer(&mut self, global: bool, names: &[Rc<str>]) {
        for name in names {
            let mut scope = self.scopes[self.scope].parent.filter(|_| !global);
            while let Some(id) = scope
                && !self.scopes[id].names.contains_key(name)
            {
                scope = self.scopes[id].parent;
            }
            let scope = scope.unwrap_or(0);
            if scope != self.scope {
                self.scopes[self.scope].outer.insert(Rc::clone(name), scope);
            }
        }
    }

    pub(super) fn closure(&mut self, function: &Rc<Function>) -> Res<Val> {
        let mut defaults = Vec::new();
        for parameter in &function.parameters {
            defaults.push(match &parameter.default {
                Some(default) => Some(self.expr(default)?),
                None => None,
            });
        }
        self.heap
            .budget
            .produce(size_of::<Closure>() + defaults.len() * Heap::ITEM)?;
        self.heap.closures.push(Closure {
            function: Rc::clone(function),
            source: Rc::clone(&self.source),
            scope: self.scope,
            defaults: defaults.into(),
        });
        Ok(Val::Function(self.heap.closures.len() - 1))
    }
}
