//! The original's `.cfg` files, read without a Python interpreter.
//!
//! The files are programs in a small part of Python that build one dictionary, `config_opts`. The
//! text is parsed ([`syntax`]), and what was parsed is carried out ([`eval`]) on a heap of its
//! own ([`object`]). A configuration sees the machine only through [`Host`], reads files only by
//! `include()`, and its work, memory and nesting are bounded: it ends, with a value or an error.
//! Whatever is not supported is refused with its place and the way to write it instead.

pub(crate) mod aliases;

mod ast;
mod backslash;
mod builtins;
mod call;
mod collection_methods;
mod compare;
mod eval;
mod export;
mod expr;
mod fail;
mod format;
mod host;
mod include;
mod instead;
mod number;
mod object;
mod operators;
mod os_path;
mod percent;
mod repr;
mod sorting;
mod source;
mod stmt;
mod str_methods;
mod subscript;
mod syntax;

#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::options::Options;
use crate::error::{Error, Result};

/// Several times what the deepest evaluation takes, in a build without optimization.
const STACK: usize = 32 << 20;

/// What a configuration may see of the machine. Plain data: evaluation is a function of it, of
/// the files it includes, and of which files exist.
#[derive(Debug, Clone, Default)]
pub(crate) struct Host {
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) user: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Group name -> gid.
    pub(crate) groups: BTreeMap<String, u32>,
    pub(crate) home: PathBuf,
    pub(crate) cwd: PathBuf,
    pub(crate) hostname: String,
    /// The machine's keys of Red Hat subscriptions, by name.
    pub(crate) entitlements: Vec<String>,
    /// What `uuid.uuid4()` is made of: different in each run.
    pub(crate) random_seed: u64,
}

impl Host {
    /// A random UUID that stands for this run.
    pub(crate) fn run_uuid(&self) -> String {
        repr::uuid(host::uuid4(self.random_seed, 0))
    }
}

/// Evaluates one top-level file on top of `options`, which stay as they are if it fails.
///
/// Local variables do not survive to the next file. Every file read, includes too, is added to
/// `files_read` by its real path.
pub(crate) fn evaluate(
    path: &Path,
    config_dir: &Path,
    host: &Host,
    options: &mut Options,
    files_read: &mut Vec<PathBuf>,
    warnings: &mut Vec<String>,
) -> Result<()> {
    let evaluate = || {
        eval::Evaluator::new(config_dir, host, options, files_read, warnings)
            .and_then(|evaluator| evaluator.run(path, options))
            .map_err(fail::Fail::into_error)
    };
    with_stack(evaluate)?
}

thread_local! {
    static HAS_STACK: Cell<bool> = const { Cell::new(false) };
}

/// Works on a thread whose stack is known to suffice: the evaluator recurses, to a bounded depth.
///
/// Whoever evaluates several files does all of it within one, since a thread for each costs more
/// than most files.
pub(crate) fn with_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T> {
    if HAS_STACK.get() {
        return Ok(work());
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let thread = thread.spawn_scoped(scope, || {
            HAS_STACK.set(true);
            work()
        });
        match thread.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(error) => Err(Error::system("cannot start a thread", error)),
        }
    })
}
