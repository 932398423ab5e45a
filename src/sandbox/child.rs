//! The re-executed children: hidden verbs, and what they report back.
//!
//! Namespaces must be entered between fork and exec. Instead of running code in that gap (which
//! is never safe in a threaded program) mock starts itself again with a hidden verb and the plan;
//! what has to be said on the way back goes through a pipe as one line of JSON.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::fd::RawFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use serde::{Deserialize, Serialize};

use super::{Sandbox, enter, init, userns};
use crate::error::Error;

pub(crate) const ENTER: &str = "__enter";
pub(crate) const INIT: &str = "__init";
pub(crate) const IDMAP: &str = "__idmap";
pub(crate) const SWEEP: &str = "__sweep";

/// The program itself, whatever happened to its path. Works while a `/proc` is mounted.
pub(crate) const SELF: &str = "/proc/self/exe";

/// How the children call themselves in process lists.
pub(crate) const NAME: &str = "mock";

/// What a child is told.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) sandbox: Sandbox,
    /// Write end of the report pipe, inherited.
    pub(crate) report_fd: RawFd,
    /// Parent of the child, as the `/proc` it starts with numbers it: if it is another by the time
    /// the child has asked for a death signal, the parent is gone already.
    pub(crate) parent: i32,
}

/// How the program ended, or why it never started.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Report {
    Exited(u8),
    Signaled(i32),
    NotStarted {
        program: String,
        errno: i32,
    },
    NoDirectory {
        path: PathBuf,
        errno: i32,
    },
    Failed {
        message: String,
        hint: Option<String>,
    },
}

impl From<Error> for Report {
    fn from(error: Error) -> Self {
        Self::Failed {
            message: error.to_string(),
            hint: error.hint(),
        }
    }
}

/// Runs a hidden verb, when `args` (the whole command line) asks for one.
pub(crate) fn dispatch(args: &[OsString]) -> Option<ExitCode> {
    let verb = args.get(1).and_then(|arg| arg.to_str())?;
    if verb.starts_with("__") {
        // Short process lists have it from the path, where it would be "exe".
        let _ = nix::sys::prctl::set_name(c"mock");
    }
    let run: fn(&Plan, &[OsString]) -> Option<Report> = match verb {
        ENTER => enter::run,
        INIT => init::run,
        IDMAP => return Some(userns::map_parent(&args[2..])),
        SWEEP if !is_setuid() => {
            let_go();
            return Some(crate::fs::remove::sweep(&args[2..]));
        }
        _ => return None,
    };
    // A setuid program must not lend its privilege to a plan that somebody else wrote.
    if is_setuid() {
        return Some(ExitCode::from(2));
    }
    let plan = args
        .get(2)
        .and_then(|json| json.to_str())
        .and_then(|json| serde_json::from_str::<Plan>(json).ok());
    let Some(plan) = plan else {
        return Some(ExitCode::from(2));
    };
    close_inherited(plan.report_fd);
    let Ok(mut pipe) = report_pipe(plan.report_fd) else {
        return Some(ExitCode::from(2));
    };
    if let Some(report) = run(&plan, &args[3..])
        && let Ok(line) = serde_json::to_string(&report)
    {
        // When nobody reads any more there is nobody to tell.
        let _ = pipe.write_all(line.as_bytes());
    }
    Some(ExitCode::SUCCESS)
}

/// Starts a process of ours that outlives this one, in the namespaces this one is in. Says whether it
/// could be started.
pub(crate) fn outlive(verb: &str, paths: &[PathBuf]) -> bool {
    #[expect(
        clippy::disallowed_methods,
        reason = "works on mock's own files beside this process, and is not waited for"
    )]
    let started = Command::new(SELF)
        .arg0(NAME)
        .arg(verb)
        .args(paths)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    started.is_ok()
}

/// What such a process does first: neither the end of the terminal nor of the caller's shell concerns
/// it, and it holds nothing of theirs, such as a lock that a script waits for.
pub(crate) fn let_go() {
    let _ = nix::unistd::setsid();
    close_inherited(-1);
}

pub(crate) fn is_setuid() -> bool {
    nix::unistd::getuid() != nix::unistd::geteuid()
}

/// Closes what mock's caller had open, but for the standard streams and `keep`: a directory of the
/// host among it would be a way out of the build root.
fn close_inherited(keep: RawFd) {
    let Ok(entries) = fs_err::read_dir("/proc/self/fd") else {
        return;
    };
    let numbers: Vec<RawFd> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|number| *number > 2 && *number != keep)
        .collect();
    for number in numbers {
        // The one that the list was read from is closed by now.
        let _ = nix::unistd::close(number);
    }
}

/// Opens the inherited pipe anew, so that the program started below does not inherit it.
fn report_pipe(fd: RawFd) -> std::io::Result<fs_err::File> {
    fs_err::File::options()
        .write(true)
        .open(format!("/proc/self/fd/{fd}"))
}

/// The arguments that start `verb`.
pub(crate) fn arguments(
    verb: &str,
    plan: &Plan,
    argv: &[OsString],
) -> Result<Vec<OsString>, Error> {
    let json = serde_json::to_string(plan).map_err(|e| Error::Sandbox {
        message: format!("cannot describe the sandbox: {e}"),
        hint: None,
    })?;
    let mut arguments = vec![OsString::from(verb), OsString::from(json)];
    arguments.extend(argv.iter().map(|arg| OsStr::new(arg).to_owned()));
    Ok(arguments)
}
