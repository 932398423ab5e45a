//! Values while a configuration runs, and the bounds of its work.
//!
//! Lists and dictionaries are shared by reference, as in Python. They live in a heap that only
//! grows, and a value holds no more than a number into it: structures that contain themselves, or
//! are a million deep, are freed like any other, without recursion. What a configuration may make
//! in all is bounded, so nothing is freed before the end.

use std::rc::Rc;

use indexmap::IndexMap;

use super::aliases::canonical;
use super::ast;
use super::fail::{Fail, Res};
use super::source::Source;

/// Evaluated expressions and touched elements. A hundred assignments take less than a thousand.
const MAX_STEPS: u64 = 1_000_000;
/// Bytes of everything ever made, the text of the files included.
const MAX_BYTES: usize = 16 << 20;

#[derive(Debug, Clone)]
pub(super) enum Val {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Rc<str>),
    List(usize),
    Tuple(usize),
    Dict(usize),
    Range(Range),
    Module(&'static str),
    /// A built-in function, type or exception by its full name: `len`, `os.path.join`.
    Native(&'static str),
    Function(usize),
    /// A method taken from its value without calling it.
    Method(Rc<(Val, Rc<str>)>),
    /// A tuple whose members have names too, as of `grp.getgrnam`.
    Record(&'static [&'static str], usize),
    Exception(&'static str, Rc<str>),
    Uuid(u128),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range {
    pub(super) start: i64,
    pub(super) stop: i64,
    pub(super) step: i64,
}

impl Range {
    pub(super) fn len(self) -> u64 {
        let Self { start, stop, step } = self;
        let empty = if step > 0 {
            start >= stop
        } else {
            start <= stop
        };
        match empty {
            true => 0,
            false => (start.abs_diff(stop) - 1) / step.unsigned_abs() + 1,
        }
    }

    pub(super) fn get(self, index: u64) -> i64 {
        let index = i64::try_from(index).unwrap_or(i64::MAX);
        self.start.saturating_add(self.step.saturating_mul(index))
    }
}

impl Val {
    pub(super) fn str(text: &str) -> Self {
        Self::Str(text.into())
    }
}

impl Val {
    /// The type with its article, for messages.
    pub(super) fn described(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool(_) => "a bool",
            Self::Int(_) => "an int",
            Self::Float(_) => "a float",
            Self::Str(_) => "a str",
            Self::List(_) => "a list",
            Self::Tuple(_) | Self::Record(..) => "a tuple",
            Self::Dict(_) => "a dict",
            Self::Range(_) => "a range",
            Self::Module(_) => "a module",
            Self::Native(_) | Self::Function(_) | Self::Method(_) => "a function",
            Self::Exception(..) => "an exception",
            Self::Uuid(_) => "a UUID",
        }
    }

    pub(super) fn type_name(&self) -> &'static str {
        let described = self.described();
        described
            .split_once(' ')
            .map_or(described, |(_, name)| name)
    }
}

/// What a dictionary can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Key {
    None,
    Bool(bool),
    Int(i64),
    Str(Rc<str>),
    Tuple(Rc<[Key]>),
}

/// Where something was assigned or changed, and when in the course of the evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) order: u64,
    pub(super) source: u32,
    pub(super) line: u32,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) value: Val,
    /// `None`: it was there before.
    pub(super) place: Option<Place>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DictKind {
    Plain,
    /// `config_opts`, whose keys have aliases.
    Options,
    /// `os.environ`, a copy.
    Environment,
}

#[derive(Debug)]
pub(super) struct Dict {
    pub(super) entries: IndexMap<Key, Entry>,
    pub(super) kind: DictKind,
}

#[derive(Debug, Default)]
pub(super) struct Seq {
    pub(super) items: Vec<Val>,
    /// The last change in place.
    pub(super) touched: Option<Place>,
}

#[derive(Debug, Clone)]
pub(super) struct Closure {
    pub(super) function: Rc<ast::Function>,
    pub(super) source: Rc<Source>,
    pub(super) scope: usize,
    /// In the order of the parameters.
    pub(super) defaults: Rc<[Option<Val>]>,
}

#[derive(Debug)]
pub(super) struct Budget {
    steps: u64,
    bytes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            steps: MAX_STEPS,
            bytes: MAX_BYTES,
        }
    }
}

impl Budget {
    pub(super) fn work(&mut self, steps: usize) -> Res<()> {
        match self.steps.checked_sub(steps as u64) {
            Some(rest) => {
                self.steps = rest;
                Ok(())
            }
            None => Err(Fail::new("this configuration takes too long to evaluate")
                .hint("it may take a million steps")),
        }
    }

    /// The work of looking through a text.
    pub(super) fn scan(&mut self, bytes: usize) -> Res<()> {
        self.work(bytes / 64 + 1)
    }

    /// Asked for before anything is made.
    pub(super) fn produce(&mut self, bytes: usize) -> Res<()> {
        match self.bytes.checked_sub(bytes) {
            Some(rest) => {
                self.bytes = rest;
                Ok(())
            }
            None => Err(Fail::new("this configuration makes too much data")
                .hint("it may make 16 MiB in all")),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Heap {
    pub(super) seqs: Vec<Seq>,
    pub(super) dicts: Vec<Dict>,
    pub(super) closures: Vec<Closure>,
    pub(super) budget: Budget,
}

impl Heap {
    pub(super) const ITEM: usize = size_of::<Val>();
    pub(super) const ENTRY: usize = 4 * size_of::<Val>();
    const CONTAINER: usize = size_of::<Dict>();

    fn seq(&mut self, items: Vec<Val>) -> Res<usize> {
        self.budget
            .produce(Self::CONTAINER + items.len() * Self::ITEM)?;
        self.seqs.push(Seq {
            items,
            touched: None,
        });
        Ok(self.seqs.len() - 1)
    }

    pub(super) fn list(&mut self, items: Vec<Val>) -> Res<Val> {
        self.seq(items).map(Val::List)
    }

    pub(super) fn tuple(&mut self, items: Vec<Val>) -> Res<Val> {
        self.seq(items).map(Val::Tuple)
    }

    pub(super) fn record(&mut self, names: &'static [&'static str], items: Vec<Val>) -> Res<Val> {
        self.seq(items).map(|id| Val::Record(names, id))
    }

    pub(super) fn dict(&mut self, kind: DictKind) -> Res<usize> {
        self.budget.produce(Self::CONTAINER)?;
        self.dicts.push(Dict {
            entries: IndexMap::new(),
            kind,
        });
        Ok(self.dicts.len() - 1)
    }

    pub(super) fn string(&mut self, text: String) -> Res<Val> {
        self.budget.produce(text.len())?;
        Ok(Val::Str(text.into()))
    }

    /// The key under which a dictionary keeps `key`.
    fn canonical(&self, dict: usize, key: Key) -> Key {
        let Key::Str(name) = &key else { return key };
        if self.dicts[dict].kind != DictKind::Options {
            return key;
        }
        let canonical = canonical(name);
        if canonical == **name {
            return key;
        }
        Key::Str(canonical.as_ref().into())
    }

    pub(super) fn get(&self, dict: usize, key: &Key) -> Option<&Val> {
        let key = self.canonical(dict, key.clone());
        self.dicts[dict].entries.get(&key).map(|entry| &entry.value)
    }

    pub(super) fn insert(
        &mut self,
        dict: usize,
        key: Key,
        value: Val,
        place: Option<Place>,
    ) -> Res<()> {
        let key = self.canonical(dict, key);
        self.budget.produce(Self::ENTRY)?;
        self.dicts[dict].entries.insert(key, Entry { value, place });
        Ok(())
    }

    pub(super) fn remove(&mut self, dict: usize, key: &Key) -> Option<Val> {
        let key = self.canonical(dict, key.clone());
        let entry = self.dicts[dict].entries.shift_remove(&key);
        entry.map(|entry| entry.value)
    }

    pub(super) fn keys(&mut self, dict: usize) -> Res<Vec<Val>> {
        let keys: Vec<Key> = self.dicts[dict].entries.keys().cloned().collect();
        self.budget.work(keys.len())?;
        keys.iter().map(|key| self.key_value(key)).collect()
    }

    pub(super) fn key_value(&mut self, key: &Key) -> Res<Val> {
        Ok(match key {
            Key::None => Val::None,
            Key::Bool(value) => Val::Bool(*value),
            Key::Int(value) => Val::Int(*value),
            Key::Str(value) => Val::Str(Rc::clone(value)),
            Key::Tuple(keys) => {
                let items = keys
                    .iter()
                    .map(|key| self.key_value(key))
                    .collect::<Res<_>>()?;
                self.tuple(items)?
            }
        })
    }

    pub(super) fn key(&mut self, value: &Val) -> Res<Key> {
        self.key_at(value, 0)
    }

    fn key_at(&mut self, value: &Val, depth: usize) -> Res<Key> {
        self.budget.work(1)?;
        Ok(match value {
            Val::None => Key::None,
            Val::Bool(value) => Key::Bool(*value),
            Val::Int(value) => Key::Int(*value),
            Val::Str(value) => {
                self.budget.scan(value.len())?;
                Key::Str(Rc::clone(value))
            }
            Val::Tuple(id) | Val::Record(_, id) => {
                if depth > MAX_DATA_DEPTH {
                    return Err(too_deep());
                }
                let items = self.seqs[*id].items.clone();
                self.budget.produce(items.len() * Self::ITEM)?;
                let keys = items.iter().map(|item| self.key_at(item, depth + 1));
                Key::Tuple(keys.collect::<Res<Vec<Key>>>()?.into())
            }
            other => {
                return Err(Fail::new(format!(
                    "{} cannot be the key of a dictionary",
                    other.described()
                )));
            }
        })
    }
}

/// Data may be nested deeper than it can be printed, compared or exported.
pub(super) const MAX_DATA_DEPTH: usize = 50;

pub(super) fn too_deep() -> Fail {
    Fail::new("this value is nested too deeply, or contains itself")
}
