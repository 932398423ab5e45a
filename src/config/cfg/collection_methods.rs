//! Methods of lists, tuples and dictionaries, and which methods there are.

use super::call::Args;
use super::eval::Evaluator;
use super::fail::{Fail, Res};
use super::host::no_member;
use super::number::integer;
use super::object::{DictKind, Heap, Key, Val};
use super::sorting::sort;
use super::str_methods;
use super::subscript::position;

const LIST: &[&str] = &[
    "append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse",
    "sort",
];
const TUPLE: &[&str] = &["count", "index"];
const DICT: &[&str] = &[
    "clear",
    "copy",
    "get",
    "items",
    "keys",
    "pop",
    "setdefault",
    "update",
    "values",
];

impl Evaluator<'_> {
    /// Says what is wrong with a method's name before its arguments are evaluated.
    pub(super) fn check_method(&self, object: &Val, name: &str) -> Res<()> {
        let methods = match object {
            Val::Str(_) => str_methods::NAMES,
            Val::List(_) => LIST,
            Val::Tuple(_) => TUPLE,
            _ => DICT,
        };
        if methods.contains(&name) {
            return Ok(());
        }
        Err(no_member(object.type_name(), name, methods.iter().copied()))
    }

    pub(super) fn list_method(&mut self, id: usize, name: &str, args: Args) -> Res<Val> {
        let place = self.place();
        match name {
            "append" => {
                let item = args.one(name)?;
                self.extend(id, vec![item])?;
            }
            "extend" => {
                let items = self.items(&args.one(name)?)?;
                self.extend(id, items)?;
            }
            "insert" => {
                let [at, item] = args.take(name, ["index", "object"], 2)?;
                let at = integer(&at.unwrap_or(Val::None))?;
                self.heap.budget.produce(Heap::ITEM)?;
                let list = &mut self.heap.seqs[id];
                self.heap.budget.work(list.items.len())?;
                let len = i64::try_from(list.items.len()).unwrap_or(i64::MAX);
                let at = if at < 0 { at.saturating_add(len) } else { at };
                let at = usize::try_from(at.clamp(0, len)).unwrap_or(0);
                list.items.insert(at, item.unwrap_or(Val::None));
                list.touched = Some(place);
            }
            "remove" => {
                let item = args.one(name)?;
                let at = self.find(id, &item)?;
                let list = &mut self.heap.seqs[id];
                list.items.remove(at);
                list.touched = Some(place);
            }
            "pop" => {
                let [at] = args.take(name, ["index"], 0)?;
                let list = &mut self.heap.seqs[id];
                self.heap.budget.work(list.items.len() / 64)?;
                let at = position(&at.unwrap_or(Val::Int(-1)), list.items.len())?;
                list.touched = Some(place);
                return Ok(list.items.remove(at));
            }
            "clear" => {
                args.take(name, [], 0)?;
                let list = &mut self.heap.seqs[id];
                list.items.clear();
                list.touched = Some(place);
            }
            "reverse" => {
                args.take(name, [], 0)?;
                let list = &mut self.heap.seqs[id];
                self.heap.budget.work(list.items.len())?;
                list.items.reverse();
                list.touched = Some(place);
            }
            "sort" => {
                let mut items = std::mem::take(&mut self.heap.seqs[id].items);
                self.heap.budget.work(items.len())?;
                let sorted = sort(self, &mut items, args);
                let list = &mut self.heap.seqs[id];
                list.items = items;
                list.touched = Some(place);
                sorted?;
            }
            "copy" => {
                args.take(name, [], 0)?;
                let items = self.items(&Val::List(id))?;
                return self.heap.list(items);
            }
            _ => return self.tuple_method(id, name, args),
        }
        Ok(Val::None)
    }

    pub(super) fn tuple_method(&mut self, id: usize, name: &str, args: Args) -> Res<Val> {
        let item = args.one(name)?;
        if name == "index" {
            let at = self.find(id, &item)?;
            return Ok(Val::Int(i64::try_from(at).unwrap_or(i64::MAX)));
        }
        let mut count = 0;
        for other in self.items(&Val::Tuple(id))? {
            count += i64::from(self.equal(&other, &item)?);
        }
        Ok(Val::Int(count))
    }

    fn find(&mut self, id: usize, item: &Val) -> Res<usize> {
        for (at, other) in self.items(&Val::Tuple(id))?.iter().enumerate() {
            if self.equal(other, item)? {
                return Ok(at);
            }
        }
        let item = self.repr(item)?;
        Err(Fail::new(format!("{item:.60} is not in the list")))
    }

    pub(super) fn dict_method(&mut self, id: usize, name: &str, args: Args) -> Res<Val> {
        match name {
            "get" | "setdefault" => {
                let [key, default] = args.take(name, ["key", "default"], 1)?;
                let key = self.heap.key(&key.unwrap_or(Val::None))?;
                if let Some(value) = self.heap.get(id, &key) {
                    return Ok(value.clone());
                }
                let default = default.unwrap_or(Val::None);
                if name == "setdefault" {
                    self.set_key(id, key, default.clone())?;
                }
                Ok(default)
            }
            "pop" => {
                let [key, default] = args.take(name, ["key", "default"], 1)?;
                let key = self.heap.key(&key.unwrap_or(Val::None))?;
                self.heap.budget.work(self.heap.dicts[id].entries.len())?;
                match (self.heap.remove(id, &key), default) {
                    (Some(value), _) | (None, Some(value)) => Ok(value),
                    (None, None) => Err(self.missing(id, &key)),
                }
            }
            "keys" => {
                args.take(name, [], 0)?;
                let keys = self.heap.keys(id)?;
                self.heap.list(keys)
            }
            "values" => {
                args.take(name, [], 0)?;
                let values = self.values(id)?;
                self.heap.list(values)
            }
            "items" => {
                args.take(name, [], 0)?;
                let keys = self.heap.keys(id)?;
                let mut pairs = Vec::with_capacity(keys.len());
                for (key, value) in keys.into_iter().zip(self.values(id)?) {
                    pairs.push(self.heap.tuple(vec![key, value])?);
                }
                self.heap.list(pairs)
            }
            "update" => {
                self.update(id, args)?;
                Ok(Val::None)
            }
            "clear" => {
                args.take(name, [], 0)?;
                self.heap.dicts[id].entries.clear();
                Ok(Val::None)
            }
            _ => {
                args.take(name, [], 0)?;
                let copy = self.heap.dict(DictKind::Plain)?;
                self.merge(copy, &Val::Dict(id))?;
                Ok(Val::Dict(copy))
            }
        }
    }

    fn values(&mut self, id: usize) -> Res<Vec<Val>> {
        let entries = &self.heap.dicts[id].entries;
        self.heap.budget.work(entries.len())?;
        Ok(entries.values().map(|entry| entry.value.clone()).collect())
    }

    /// `dict(other, name=value)` and `.update(other, name=value)`
    pub(super) fn update(&mut self, id: usize, args: Args) -> Res<()> {
        let Args { positional, named } = args;
        let [other] = Args::of(positional).take("update", ["other"], 0)?;
        if let Some(other) = other {
            self.merge(id, &other)?;
        }
        for (name, value) in named {
            self.set_key(id, Key::Str(name), value)?;
        }
        Ok(())
    }
}
