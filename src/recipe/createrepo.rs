//! Making a directory a repository of packages: `createrepo_command`, as the caller, with the rest
//! of the host read-only.

use std::path::{Path, PathBuf};

use crate::buildroot::{Cx, describe};
use crate::error::{Error, Result};
use crate::fs::remove_tree;
use crate::report::LogSink;
use crate::run::Cmd;
use crate::sandbox::{Network, Sandbox, View};

/// Where createrepo_c puts what it is not done with; while it is there, it starts no second time.
const UNDER_WAY: &str = ".repodata";

/// Lists the packages below `directory`, anew.
pub(crate) fn createrepo(cx: Cx<'_>, directory: &Path) -> Result<()> {
    let cmd = createrepo_cmd(cx, directory)?;
    // Beside another mock with the same repository the one must wait for the other.
    let _alone = cx.identity.as_caller(|| alone(cx, directory))?;
    cx.identity
        .as_caller(|| remove_tree(&directory.join(UNDER_WAY)))?;
    let mut sink = LogSink::capture_only();
    let failed = |why: String, hint: Option<String>| Error::BuildSetup {
        message: format!("cannot make a repository of {}: {why}", directory.display()),
        hint,
    };
    let status = match cx.runner.run(&cmd, &mut sink) {
        Err(Error::Spawn { program, source }) => {
            let hint = "install it: `dnf install createrepo_c`, `apt-get install createrepo-c`";
            return Err(failed(
                format!("{program}: {source}"),
                Some(hint.to_owned()),
            ));
        }
        ended => ended?,
    };
    if status.success() {
        return Ok(());
    }
    let program = cmd.argv[0].to_string_lossy();
    let text = sink.captured_text();
    let text = text.trim_end();
    Err(failed(
        format!("{program} ended with {}\n{text}", describe(status)),
        None,
    ))
}

fn createrepo_cmd(cx: Cx<'_>, directory: &Path) -> Result<Cmd> {
    let config = cx.config;
    let line = &config.rpmbuild.createrepo_command;
    let words = shlex::split(line).filter(|words| !words.is_empty());
    let mut argv = words.ok_or_else(|| Error::Config {
        place: String::new(),
        message: format!("createrepo_command: '{line}' is no command"),
        excerpt: None,
        hint: None,
    })?;
    if directory.join("repodata").is_dir() {
        argv.push("--update".to_owned());
    }
    argv.push(directory.display().to_string());
    let mut env = config.rpmbuild.environment.clone();
    env.insert("HOME".to_owned(), directory.display().to_string());
    let scratch = ["/tmp", "/var/tmp"].map(PathBuf::from).into_iter();
    Ok(Cmd {
        argv: argv.into_iter().map(Into::into).collect(),
        env: env.into_iter().collect(),
        sandbox: Sandbox {
            root: directory.to_owned(),
            view: View::Host {
                writable: scratch.filter(|path| path.is_dir()).collect(),
            },
            network: Network::Private,
            user: cx.identity.owner(),
            ..Sandbox::machine(cx.identity.ids)
        },
        stdio: crate::run::Stdio::Captured,
        timeout: config.logging.opstimeout,
    })
}

/// Held while it lives, on the directory itself: a file of its own would be seen in it.
fn alone(cx: Cx<'_>, directory: &Path) -> Result<fs_err::File> {
    let file = fs_err::File::open(directory).map_err(Error::io("open", directory))?;
    loop {
        match file.file().lock() {
            Ok(()) => return Ok(file),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {
                cx.runner.interrupted()?;
            }
            Err(error) => return Err(Error::io("lock", directory)(error)),
        }
    }
}
