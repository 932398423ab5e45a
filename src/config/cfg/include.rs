//! `include()`: another file, carried out where it is included.
//!
//! The original pastes the text before anything runs; here it is a statement like any other, so
//! it works under an `if`, takes any string, and every error names the file it is in.

use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::backslash;
use super::eval::Evaluator;
use super::fail::{Fail, Res};
use super::source::Source;
use super::stmt::Flow;
use super::syntax;

impl Evaluator<'_> {
    /// Relative names start from the configuration directory, wherever the including file is.
    pub(super) fn include(&mut self, name: &str) -> Res<()> {
        let path = self.config_dir.join(name);
        let real = match path.canonicalize() {
            Ok(real) => real,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Fail::new(format!(
                    "Could not find included config file: {}",
                    path.display()
                )));
            }
            Err(error) => {
                return Err(Fail::new(format!(
                    "cannot read {}: {error}",
                    path.display()
                )));
            }
        };
        if let Some(start) = self.open.iter().position(|open| *open == real) {
            let mut chain: Vec<String> = self.open[start..]
                .iter()
                .map(|p| p.display().to_string())
                .collect();
            chain.push(real.display().to_string());
            return Err(Fail::new(format!(
                "a file includes itself: {}",
                chain.join(" -> ")
            )));
        }
        if self.seen.contains(&real) {
            let text = format!("Multiple inclusion of {}, skipping", path.display());
            self.warnings.push(text);
            return Ok(());
        }
        self.seen.push(real.clone());
        self.deeper(|this| this.evaluate_file(&path, real))
    }

    /// Reads a file and carries it out in the current scope.
    pub(super) fn evaluate_file(&mut self, path: &Path, real: PathBuf) -> Res<()> {
        let index = u32::try_from(self.sources.len()).unwrap_or(u32::MAX);
        let source = Rc::new(Source::read(path, index)?);
        self.heap.budget.produce(source.text.len())?;
        self.sources.push(Rc::clone(&source));
        self.files_read.push(real.clone());
        let module = syntax::parse(&source)?;
        self.only_comments &= module.body.is_empty();
        let included = !self.open.is_empty();
        let before = (std::mem::replace(&mut self.source, source), self.line);
        if included && let Some(place) = backslash::read_differently(&self.source, &module) {
            self.warn(Some(place), backslash::WARNING);
        }
        self.open.push(real);
        let result = self.block(&module.body).and_then(|flow| match flow {
            Flow::Next => Ok(()),
            Flow::Return(_, span) => {
                Err(Fail::new("`return` outside a function").at(&self.source, span))
            }
            Flow::Leave(_, span) => Err(self.outside_loop(span)),
        });
        self.open.pop();
        (self.source, self.line) = before;
        result
    }
}
