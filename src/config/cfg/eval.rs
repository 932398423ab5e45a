//! The evaluator's state: scopes, sources, and the way in and out.
//!
//! Its work is spread over the neighbouring files, by what is evaluated.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::Host;
use super::ast::Span;
use super::fail::{Fail, Res, did_you_mean};
use super::object::{DictKind, Heap, Place, Val};
use super::source::Source;
use super::{builtins, host, instead};
use crate::config::options::Options;

/// Expressions, blocks, calls and includes inside one another. Bounds the stack.
const MAX_DEPTH: usize = 200;

#[derive(Debug, Default)]
pub(super) struct Scope {
    pub(super) names: HashMap<Rc<str>, Val>,
    pub(super) parent: Option<usize>,
    /// Names that `global` or `nonlocal` bind elsewhere.
    pub(super) outer: HashMap<Rc<str>, usize>,
}

#[derive(Debug)]
pub(super) struct Evaluator<'a> {
    pub(super) heap: Heap,
    pub(super) host: &'a Host,
    pub(super) config_dir: &'a Path,
    pub(super) files_read: &'a mut Vec<PathBuf>,
    pub(super) warnings: &'a mut Vec<String>,
    pub(super) scopes: Vec<Scope>,
    pub(super) scope: usize,
    /// All that were read.
    pub(super) sources: Vec<Rc<Source>>,
    /// The one that is being evaluated.
    pub(super) source: Rc<Source>,
    /// Real paths of the files around the current place, outermost first.
    pub(super) open: Vec<PathBuf>,
    /// Real paths of the included files.
    pub(super) seen: Vec<PathBuf>,
    /// The line of the statement being evaluated.
    pub(super) line: u32,
    pub(super) options: usize,
    pub(super) environment: Option<usize>,
    pub(super) uuids: u64,
    /// So far nothing was there to carry out.
    pub(super) only_comments: bool,
    depth: usize,
    order: u64,
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(
        config_dir: &'a Path,
        host: &'a Host,
        options: &Options,
        files_read: &'a mut Vec<PathBuf>,
        warnings: &'a mut Vec<String>,
    ) -> Res<Self> {
        let mut heap = Heap::default();
        let config_opts = heap.import(options)?;
        let mut globals = Scope::default();
        globals
            .names
            .insert("config_opts".into(), Val::Dict(config_opts));
        Ok(Self {
            heap,
            host,
            config_dir,
            files_read,
            warnings,
            scopes: vec![globals],
            scope: 0,
            sources: Vec::new(),
            source: Rc::new(Source::new(Path::new(""), "", 0)),
            open: Vec::new(),
            seen: Vec::new(),
            line: 0,
            options: config_opts,
            environment: None,
            uuids: 0,
            only_comments: true,
            depth: 0,
            order: 0,
        })
    }

    pub(super) fn run(mut self, path: &Path, options: &mut Options) -> Res<()> {
        let real = path
            .canonicalize()
            .map_err(|error| Fail::new(format!("cannot read {}: {error}", path.display())))?;
        self.evaluate_file(path, real)?;
        if !self.only_comments {
            *options = self.export(options)?;
        }
        Ok(())
    }

    /// Goes one level deeper, for as long as `inner` takes.
    pub(super) fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Res<T>) -> Res<T> {
        if self.depth >= MAX_DEPTH {
            return Err(Fail::new("nested too deeply")
                .hint("this may be a function that calls itself without end"));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// The current statement, as the place of an assignment.
    pub(super) fn place(&mut self) -> Place {
        self.place_in_line(self.line)
    }

    pub(super) fn place_in_line(&mut self, line: u32) -> Place {
        self.order += 1;
        Place {
            order: self.order,
            source: self.source.index,
            line,
        }
    }

    pub(super) fn warn(&mut self, span: Option<Span>, text: &str) {
        /// A loop may warn a million times.
        const MAX_WARNINGS: usize = 100;
        if self.warnings.len() < MAX_WARNINGS {
            let place = match span {
                Some(span) => self.source.place(span),
                None => format!("{}:{}", self.source.path.display(), self.line),
            };
            self.warnings.push(format!("{place}: {text}"));
        }
    }

    pub(super) fn lookup(&self, name: &str) -> Res<Val> {
        let mut scope = Some(self.scope);
        while let Some(id) = scope {
            let id = match self.scopes[id].outer.get(name) {
                Some(outer) => *outer,
                None => id,
            };
            if let Some(value) = self.scopes[id].names.get(name) {
                return Ok(value.clone());
            }
            scope = self.scopes[id].parent;
        }
        if let Some(value) = builtins::named(name).or_else(|| host::module(name)) {
            return Ok(value);
        }
        if builtins::REFUSED.contains(&name) {
            return Err(
                Fail::new(format!("`{name}` is not available in configuration files"))
                    .hint(instead::of(name).unwrap_or_else(|| host::ALLOWED.to_owned())),
            );
        }
        let names = self.visible_names();
        let near = || did_you_mean(name, names.iter().map(AsRef::as_ref));
        let hint = instead::of(name).or_else(near);
        Err(Fail::new(format!("name `{name}` is not defined")).maybe_hint(hint))
    }

    fn visible_names(&self) -> Vec<Rc<str>> {
        let mut names: Vec<Rc<str>> = builtins::NAMES
            .iter()
            .chain(host::MODULES)
            .map(|name| Rc::from(*name))
            .collect();
        let mut scope = Some(self.scope);
        while let Some(id) = scope {
            names.extend(self.scopes[id].names.keys().cloned());
            scope = self.scopes[id].parent;
        }
        names
    }

    pub(super) fn bind(&mut self, name: &Rc<str>, value: Val) -> Res<()> {
        self.heap.budget.produce(Heap::ITEM)?;
        let scope = match self.scopes[self.scope].outer.get(name) {
            Some(outer) => *outer,
            None => self.scope,
        };
        self.scopes[scope].names.insert(Rc::clone(name), value);
        Ok(())
    }

    /// Evaluates `inner` in a new scope below `parent`.
    pub(super) fn in_scope<T>(
        &mut self,
        parent: usize,
        inner: impl FnOnce(&mut Self) -> Res<T>,
    ) -> Res<T> {
        self.heap.budget.produce(size_of::<Scope>())?;
        self.scopes.push(Scope {
            parent: Some(parent),
            ..Scope::default()
        });
        let before = std::mem::replace(&mut self.scope, self.scopes.len() - 1);
        let result = inner(self);
        self.scope = before;
        result
    }

    /// `os.environ`: made when it is first asked for.
    pub(super) fn environment(&mut self) -> Res<usize> {
        if let Some(dict) = self.environment {
            return Ok(dict);
        }
        let dict = self.heap.dict(DictKind::Environment)?;
        for (name, value) in &self.host.environment {
            let key = super::object::Key::Str(name.as_str().into());
            let value = self.heap.string(value.clone())?;
            self.heap.insert(dict, key, value, None)?;
        }
        self.environment = Some(dict);
        Ok(dict)
    }
}
