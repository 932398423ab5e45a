//! `--shell`: a program on the caller's terminal, in the root.

use std::path::PathBuf;

use crate::buildroot::trash::Trash;
use crate::buildroot::{Cx, Inner};
use crate::cli::command::Inside;
use crate::error::{Error, Result};
use crate::recipe::{Prepare, Session};
use crate::run::Stdio;
use crate::sandbox::User;

pub(super) fn run(cx: Cx<'_>, trash: &Trash, inside: &Inside) -> Result<()> {
    let session = Session::open(cx, trash, Prepare::Enter)?;
    let root = &session.root;
    let unprivileged = inside.unpriv || cx.config.users.no_root_shells;
    let how = Inner {
        user: if unprivileged { root.user } else { User::ROOT },
        cwd: PathBuf::from(inside.cwd.clone().unwrap_or_else(|| root.layout.home(""))),
        stdio: Stdio::Inherited,
        ..root.as_root()
    };
    // The words may be quoted for the root's own shell already; they are joined, as the original does.
    let line = inside.words.join(" ");
    let argv: &[&str] = if line.is_empty() {
        &["/bin/sh", "-i", "-l"]
    } else {
        &["/bin/sh", "-c", &line]
    };
    let status = cx.runner.run(
        &root.inner_cmd(argv, &how),
        &mut crate::report::LogSink::capture_only(),
    )?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::Inner(status.code()))
    }
}
