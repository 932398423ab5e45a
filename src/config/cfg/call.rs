//! Calls: arguments, and functions that a configuration defines itself.

use std::rc::Rc;

use super::ast::{Body, Call, ExprKind};
use super::eval::Evaluator;
use super::fail::{Fail, Res};
use super::object::{DictKind, Heap, Key, Val};
use super::stmt::Flow;
use super::{builtins, host};

/// The arguments of one call.
#[derive(Debug, Default)]
pub(super) struct Args {
    pub(super) positional: Vec<Val>,
    pub(super) named: Vec<(Rc<str>, Val)>,
}

impl Args {
    pub(super) fn of(positional: Vec<Val>) -> Self {
        Self {
            positional,
            named: Vec::new(),
        }
    }

    /// Sorts the arguments by the parameters' names; the first `required` must be there.
    pub(super) fn take<const N: usize>(
        self,
        function: &str,
        names: [&str; N],
        required: usize,
    ) -> Res<[Option<Val>; N]> {
        let mut taken = [const { None }; N];
        if self.positional.len() > N {
            return Err(Fail::new(format!(
                "{function}() takes at most {N} arguments, not {}",
                self.positional.len()
            )));
        }
        for (slot, value) in taken.iter_mut().zip(self.positional) {
            *slot = Some(value);
        }
        for (name, value) in self.named {
            match names.iter().position(|known| **known == *name) {
                Some(at) if taken[at].is_none() => taken[at] = Some(value),
                Some(_) => {
                    return Err(Fail::new(format!("{function}() is given `{name}` twice")));
                }
                None => return Err(Fail::new(format!("{function}() has no argument `{name}`"))),
            }
        }
        match names
            .iter()
            .zip(&taken)
            .take(required)
            .find(|(_, slot)| slot.is_none())
        {
            Some((name, _)) => Err(Fail::new(format!("{function}() needs `{name}`"))),
            None => Ok(taken),
        }
    }

    /// A function of one argument.
    pub(super) fn one(self, function: &str) -> Res<Val> {
        let [value] = self.take(function, [""], 0)?;
        value.ok_or_else(|| Fail::new(format!("{function}() needs an argument")))
    }
}

impl Evaluator<'_> {
    pub(super) fn call(&mut self, call: &Call) -> Res<Val> {
        // A method is called without making a value of it first.
        if let ExprKind::Attribute(object, name) = &call.function.kind {
            let object = self.expr(object)?;
            if matches!(
                object,
                Val::Str(_) | Val::List(_) | Val::Tuple(_) | Val::Dict(_)
            ) {
                self.check_method(&object, name)
                    .map_err(|fail| fail.at(&self.source, call.function.span))?;
                let args = self.args(call)?;
                return self.method(&object, name, args);
            }
            let function = self
                .attribute(&object, name)
                .map_err(|fail| fail.at(&self.source, call.function.span))?;
            let args = self.args(call)?;
            return self.apply(&function, args);
        }
        let function = self.expr(&call.function)?;
        let args = self.args(call)?;
        self.apply(&function, args)
    }

    fn args(&mut self, call: &Call) -> Res<Args> {
        let positional = self.exprs(&call.positional)?;
        let mut named = Vec::new();
        for (name, value) in &call.named {
            let value = self.expr(value)?;
            let Some(name) = name else {
                let Val::Dict(id) = value else {
                    return Err(Fail::new("`**` needs a dictionary"));
                };
                let entries = &self.heap.dicts[id].entries;
                self.heap.budget.work(entries.len())?;
                for (key, entry) in entries {
                    let Key::Str(name) = key else {
                        return Err(Fail::new("the names of arguments are strings"));
                    };
                    named.push((Rc::clone(name), entry.value.clone()));
                }
                continue;
            };
            named.push((Rc::clone(name), value));
        }
        Ok(Args { positional, named })
    }

    pub(super) fn apply(&mut self, function: &Val, args: Args) -> Res<Val> {
        match function {
            Val::Native(name) if name.contains('.') => host::call(self, name, args),
            Val::Native(name) => builtins::call(self, name, args),
            Val::Function(id) => self.call_function(*id, args),
            Val::Method(bound) => self.method(&bound.0, &bound.1, args),
            other => {
                let fail = Fail::new(format!("{} cannot be called", other.described()));
                Err(match other {
                    Val::Module(name) => fail.maybe_hint(super::instead::of(name)),
                    _ => fail,
                })
            }
        }
    }

    pub(super) fn method(&mut self, object: &Val, name: &str, args: Args) -> Res<Val> {
        match object {
            Val::Str(text) => self.str_method(text, name, args),
            Val::List(id) => self.list_method(*id, name, args),
            Val::Tuple(id) => self.tuple_method(*id, name, args),
            Val::Dict(id) => self.dict_method(*id, name, args),
            other => Err(Fail::new(format!("{} has no `{name}`", other.described()))),
        }
    }

    fn call_function(&mut self, id: usize, args: Args) -> Res<Val> {
        let closure = self.heap.closures[id].clone();
        let function = Rc::clone(&closure.function);
        let caller = (
            std::mem::replace(&mut self.source, closure.source),
            self.line,
        );
        let result = self.in_scope(closure.scope, |this| {
            this.bind_arguments(id, args)?;
            match &function.body {
                Body::Value(value) => this.expr(value),
                Body::Block(body) => match this.block(body)? {
                    Flow::Next => Ok(Val::None),
                    Flow::Return(value, _) => Ok(value),
                    Flow::Leave(_, span) => Err(this.outside_loop(span)),
                },
            }
        });
        (self.source, self.line) = caller;
        result
    }

    fn bind_arguments(&mut self, id: usize, args: Args) -> Res<()> {
        let closure = self.heap.closures[id].clone();
        let function = &closure.function;
        let wrong = |problem: String| Fail::new(format!("{}() {problem}", function.name));
        let mut positional = args.positional.into_iter();
        let mut named = args.named;
        for (parameter, default) in function.parameters.iter().zip(closure.defaults.iter()) {
            let by_name = named.iter().position(|(name, _)| *name == parameter.name);
            let by_name = by_name.map(|at| named.remove(at).1);
            let by_place = match parameter.by_name_only {
                true => None,
                false => positional.next(),
            };
            let value = match (by_place, by_name) {
                (Some(_), Some(_)) => {
                    return Err(wrong(format!("is given `{}` twice", parameter.name)));
                }
                (Some(value), None) | (None, Some(value)) => value,
                (None, None) => default
                    .clone()
                    .ok_or_else(|| wrong(format!("needs `{}`", parameter.name)))?,
            };
            self.bind(&parameter.name, value)?;
        }
        let rest: Vec<Val> = positional.collect();
        match &function.rest {
            Some(name) => {
                let rest = self.heap.tuple(rest)?;
                self.bind(name, rest)?;
            }
            None if !rest.is_empty() => {
                let most = function
                    .parameters
                    .iter()
                    .filter(|p| !p.by_name_only)
                    .count();
                return Err(wrong(format!(
                    "takes at most {most} arguments, not {}",
                    most + rest.len()
                )));
            }
            None => {}
        }
        match (&function.named_rest, named.first()) {
            (Some(name), _) => {
                let dict = self.heap.dict(DictKind::Plain)?;
                self.heap.budget.produce(named.len() * Heap::ENTRY)?;
                let place = self.place();
                for (name, value) in named {
                    self.heap.insert(dict, Key::Str(name), value, Some(place))?;
                }
                self.bind(name, Val::Dict(dict))?;
            }
            (None, Some((name, _))) => return Err(wrong(format!("has no argument `{name}`"))),
            (None, None) => {}
        }
        Ok(())
    }
}
