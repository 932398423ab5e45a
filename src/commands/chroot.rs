//! `--chroot`: a program in the root, without a terminal, logged.

use std::path::PathBuf;

use crate::buildroot::trash::Trash;
use crate::buildroot::{Cx, Inner};
use crate::cli::command::Inside;
use crate::config::Value;
use crate::config::debug::literal;
use crate::error::{Error, Result};
use crate::recipe::{Prepare, Session};
use crate::report::{LogSink, Step};
use crate::sandbox::User;

/// The status shells give to a program they do not find.
const NOT_FOUND: u8 = 127;

pub(super) fn run(cx: Cx<'_>, trash: &Trash, inside: &Inside) -> Result<()> {
    let session = Session::open(cx, trash, Prepare::Enter)?;
    let root = &session.root;
    let words = literal(&Value::List(
        inside
            .words
            .iter()
            .map(|word| Value::from(word.as_str()))
            .collect(),
    ));
    tracing::info!("Running in chroot: {words}");
    let _step = Step::start(format!("chroot {words}"));
    let how = Inner {
        user: if inside.unpriv { root.user } else { User::ROOT },
        cwd: PathBuf::from(inside.cwd.as_deref().unwrap_or("/")),
        ..root.as_root()
    };
    // One word is a line for the shell, several are an argument vector.
    let argv: Vec<&str> = match inside.words.as_slice() {
        [line] => vec!["/bin/sh", "-c", line],
        words => words.iter().map(String::as_str).collect(),
    };
    let mut sink = LogSink::root(true, false);
    match cx.runner.run(&root.inner_cmd(&argv, &how), &mut sink) {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Error::Inner(status.code())),
        Err(Error::Spawn { program, source }) if source.kind() == std::io::ErrorKind::NotFound => {
            tracing::error!("{program}: {source}");
            Err(Error::Inner(NOT_FOUND))
        }
        Err(error) => Err(error),
    }
}
