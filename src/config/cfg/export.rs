//! The option map into the heap, and back with the places of assignment.

use std::collections::hash_map::{Entry, HashMap};
use std::sync::Arc;

use indexmap::IndexMap;

use super::eval::Evaluator;
use super::fail::{Fail, Res};
use super::object::{Budget, DictKind, Heap, Key, MAX_DATA_DEPTH, Place, Val, too_deep};
use crate::config::options::Options;
use crate::config::value::{Origin, Value};

impl Heap {
    /// What earlier files made is not charged to this one.
    pub(super) fn import(&mut self, options: &Options) -> Res<usize> {
        let dict = self.dict(DictKind::Options)?;
        for (key, value) in &options.values {
            let value = self.import_value(value)?;
            self.insert(dict, Key::Str(key.as_str().into()), value, None)?;
        }
        self.budget = Budget::default();
        Ok(dict)
    }

    fn import_value(&mut self, value: &Value) -> Res<Val> {
        Ok(match value {
            Value::None => Val::None,
            Value::Bool(value) => Val::Bool(*value),
            Value::Int(value) => Val::Int(*value),
            Value::Float(value) => Val::Float(*value),
            Value::Str(text) => Val::str(text),
            Value::List(items) => {
                let items = items
                    .iter()
                    .map(|item| self.import_value(item))
                    .collect::<Res<_>>()?;
                self.list(items)?
            }
            Value::Tuple(items) => {
                let items = items
                    .iter()
                    .map(|item| self.import_value(item))
                    .collect::<Res<_>>()?;
                self.tuple(items)?
            }
            Value::Dict(entries) => {
                let dict = self.dict(DictKind::Plain)?;
                for (key, value) in entries {
                    let value = self.import_value(value)?;
                    self.insert(dict, Key::Str(key.as_str().into()), value, None)?;
                }
                Val::Dict(dict)
            }
        })
    }
}

/// One walk over `config_opts`.
struct Export<'a> {
    heap: &'a Heap,
    /// Shared values are copied, so what comes out can be much larger than what is there.
    budget: Budget,
    path: Vec<String>,
    /// Path -> the place of its assignment; `None`: it has been there before.
    places: Vec<(Vec<String>, Option<Place>)>,
    /// The assignment of what is being walked over, to blame.
    last: Option<Place>,
}

impl Evaluator<'_> {
    pub(super) fn export(&mut self, before: &Options) -> Res<Options> {
        let mut export = Export {
            heap: &self.heap,
            budget: Budget::default(),
            path: Vec::new(),
            places: Vec::new(),
            last: None,
        };
        let values = match export.entries(self.options) {
            Ok(values) => values,
            Err(fail) => {
                return Err(match export.last {
                    Some(place) => {
                        let source = &self.sources[place.source as usize];
                        fail.at(source, source.whole_line(place.line))
                    }
                    None => fail,
                });
            }
        };
        let mut paths: HashMap<u32, Arc<std::path::PathBuf>> = HashMap::new();
        let mut origins = IndexMap::new();
        for (path, place) in export.places {
            let origin = match place {
                Some(place) => {
                    let file = match paths.entry(place.source) {
                        Entry::Occupied(entry) => Arc::clone(entry.get()),
                        Entry::Vacant(entry) => {
                            let source = &self.sources[place.source as usize];
                            Arc::clone(entry.insert(Arc::clone(&source.path)))
                        }
                    };
                    Some(Origin::File {
                        path: file,
                        line: place.line,
                    })
                }
                None => before.origins.get(&path).cloned(),
            };
            if let Some(origin) = origin {
                origins.insert(path, origin);
            }
        }
        Ok(Options { values, origins })
    }
}

impl Export<'_> {
    fn entries(&mut self, dict: usize) -> Res<IndexMap<String, Value>> {
        let heap = self.heap;
        let mut entries = IndexMap::new();
        for (key, entry) in &heap.dicts[dict].entries {
            let around = self.last;
            self.last = [around, entry.place]
                .into_iter()
                .flatten()
                .max_by_key(|p| p.order);
            let name = match key {
                Key::Str(name) => name.to_string(),
                Key::Int(value) => value.to_string(),
                _ => {
                    let failed = self.fail("a key that is neither a string nor a number");
                    return Err(failed.hint("str(...) makes a string of a key"));
                }
            };
            self.path.push(name.clone());
            let path_len: usize = self.path.iter().map(String::len).sum();
            self.budget.produce(Heap::ENTRY + path_len)?;
            let touched = match entry.value {
                Val::List(id) => heap.seqs[id].touched,
                _ => None,
            };
            let place = [entry.place, touched]
                .into_iter()
                .flatten()
                .max_by_key(|p| p.order);
            self.places.push((self.path.clone(), place));
            let value = self.value(&entry.value)?;
            self.path.pop();
            self.last = around;
            if entries.insert(name.clone(), value).is_some() {
                self.path.push(name);
                return Err(self.fail("the same key as a string and as a number"));
            }
        }
        Ok(entries)
    }

    fn value(&mut self, value: &Val) -> Res<Value> {
        self.budget.work(1)?;
        Ok(match value {
            Val::None => Value::None,
            Val::Bool(value) => Value::Bool(*value),
            Val::Int(value) => Value::Int(*value),
            Val::Float(value) => Value::Float(*value),
            Val::Str(text) => {
                self.budget.produce(text.len())?;
                Value::Str(text.to_string())
            }
            Val::List(id) => Value::List(self.items(*id)?),
            Val::Tuple(id) | Val::Record(_, id) => Value::Tuple(self.items(*id)?),
            Val::Dict(id) if self.path.len() <= MAX_DATA_DEPTH => Value::Dict(self.entries(*id)?),
            Val::Dict(_) => return Err(too_deep()),
            Val::Range(_)
            | Val::Module(_)
            | Val::Native(_)
            | Val::Function(_)
            | Val::Method(_)
            | Val::Exception(..)
            | Val::Uuid(_) => {
                return Err(self.fail(value.described()).hint(
                    "options are strings, numbers, truth values, lists, tuples and dictionaries",
                ));
            }
        })
    }

    fn items(&mut self, id: usize) -> Res<Vec<Value>> {
        if self.path.len() > MAX_DATA_DEPTH {
            return Err(too_deep());
        }
        let items = &self.heap.seqs[id].items;
        self.budget.produce(items.len() * Heap::ITEM)?;
        // The members of a list have no place of their own, nor have dictionaries in it.
        let places = self.places.len();
        self.path.push("[]".to_owned());
        let values = items.iter().map(|item| self.value(item)).collect();
        self.path.pop();
        self.places.truncate(places);
        values
    }

    fn fail(&self, what: &str) -> Fail {
        match self.path.as_slice() {
            [] => Fail::new(format!("config_opts has {what}")),
            path => Fail::new(format!("option `{}` has {what}", path.join("."))),
        }
    }
}
