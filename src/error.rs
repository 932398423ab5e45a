//! What can go wrong, said once: the error enum, its exit code, its hint.
//!
//! Variants hold facts; the wording is their `Display`. An error is either returned or logged,
//! never both. Exit codes are the original's table; the match is exhaustive so that a new variant
//! must choose one.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::program;

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The argument parser does not understand the line; exit status 2, as its like everywhere.
    #[error("{message}")]
    CommandLine { message: String },

    /// Something about the command line that the argument parser cannot know.
    #[error("{message}")]
    Usage {
        message: String,
        hint: Option<String>,
    },

    /// A command was given too little, too much, or something it cannot use.
    #[error("{message}")]
    Command {
        message: String,
        hint: Option<String>,
    },

    /// Some packages of a chain were not built.
    #[error("{} of {of} packages could not be built: {}", failed.len(), failed.join(", "))]
    Chain { failed: Vec<String>, of: usize },

    /// `place` is `file:line[:column]`, or empty when no single place is to blame.
    #[error("{}{message}", prefix(place))]
    Config {
        place: String,
        message: String,
        /// Source excerpt with a caret, ready to print.
        excerpt: Option<String>,
        hint: Option<String>,
    },

    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },

    #[error("{action}: {source}")]
    System {
        action: String,
        source: io::Error,
        hint: Option<String>,
    },

    /// The kernel or the machine does not let this user make a sandbox.
    #[error("{message}")]
    Unprivileged { message: String, hint: String },

    #[error("{message}")]
    Sandbox {
        message: String,
        hint: Option<String>,
    },

    #[error("cannot lock {}: {}", path.display(), held_by(holder))]
    Locked { path: PathBuf, holder: Option<u32> },

    #[error("cannot create result directory {}: {source}", path.display())]
    ResultDir {
        path: PathBuf,
        source: io::Error,
        /// Which option chooses another.
        option: &'static str,
    },

    #[error("{message}")]
    Architecture {
        message: String,
        hint: Option<String>,
    },

    /// The source package, or what it produced, is at fault.
    #[error("{message}")]
    Srpm {
        message: String,
        hint: Option<String>,
    },

    /// Something the configuration forbids, or has no provider for.
    #[error("{message}")]
    Refused {
        message: String,
        hint: Option<String>,
    },

    /// The storage of a root: `code` is 25 for LVM and snapshots, 65 for a locked pool, 60 for a
    /// root in use, 20 otherwise.
    #[error("{message}")]
    Storage {
        message: String,
        hint: Option<String>,
        code: u8,
    },

    /// An image of a container cannot be had: 20 for a build root, 90 for what makes one.
    #[error("{message}")]
    Image {
        message: String,
        hint: Option<String>,
        code: u8,
    },
    /// The program for build requirements is not there.
    #[error(
        "{program} is not available: without it nobody knows how to install build requirements"
    )]
    NoBuilddep { program: String },

    /// A requirement from outside the distribution.
    #[error("{message}")]
    External {
        message: String,
        hint: Option<String>,
    },

    /// A file that was named as a source package is none.
    #[error("{message}")]
    Unreadable { message: String },

    /// The package manager failed; `cause` are its own decisive lines.
    #[error("{command} failed with {status}{}", lines(cause))]
    PackageManager {
        command: String,
        status: String,
        cause: Vec<String>,
        log: Option<PathBuf>,
        hint: Option<String>,
    },

    /// A program of the build itself failed.
    #[error("{phase} failed with {status}{}", lines(cause))]
    Build {
        phase: String,
        status: String,
        code: u8,
        cause: Vec<String>,
        log: Option<PathBuf>,
        hint: Option<String>,
    },

    /// A build error that is not the exit status of one program (code 10).
    #[error("{message}")]
    BuildSetup {
        message: String,
        hint: Option<String>,
    },

    #[error("{program}: {source}")]
    Spawn { program: String, source: io::Error },

    #[error("Timeout({}) expired for command:\n # {command}", limit.as_secs())]
    Timeout { command: String, limit: Duration },

    #[error("{}", interrupted(*signal))]
    Interrupted { signal: i32 },

    /// The status of `--shell` and `--chroot` is that of the program inside, and says enough.
    #[error("the command inside the chroot ended with status {0}")]
    Inner(u8),
}

/// The operating system's own error: fs-err's wrapping repeats the path.
fn without_path(error: io::Error) -> io::Error {
    let inner = error.get_ref().and_then(|wrapped| wrapped.source());
    let code = inner.and_then(|inner| inner.downcast_ref::<io::Error>()?.raw_os_error());
    code.map(io::Error::from_raw_os_error).unwrap_or(error)
}

fn prefix(place: &str) -> String {
    if place.is_empty() {
        String::new()
    } else {
        format!("{place}: ")
    }
}

fn held_by(holder: &Option<u32>) -> String {
    match holder {
        Some(pid) => format!("held by process {pid}"),
        None => "held by another process".to_owned(),
    }
}

fn lines(cause: &[String]) -> String {
    cause.iter().map(|line| format!("\n  {line}")).collect()
}

/// Ctrl-C in the original's words.
fn interrupted(signal: i32) -> String {
    match signal {
        2 => "Exiting on user interrupt, <CTRL>-C".to_owned(),
        other => format!("ended by signal {}", signal_name(other)),
    }
}

fn signal_name(signal: i32) -> String {
    nix::sys::signal::Signal::try_from(signal)
        .map_or_else(|_| format!("signal {signal}"), |s| s.as_str().to_owned())
}

impl Error {
    pub(crate) fn io(
        action: &'static str,
        path: impl AsRef<Path>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_owned();
        move |source| Self::Io {
            action,
            path,
            source: without_path(source),
        }
    }

    pub(crate) fn result_dir(path: impl AsRef<Path>, source: io::Error) -> Self {
        Self::ResultDir {
            path: path.as_ref().to_owned(),
            source: without_path(source),
            option: "--resultdir",
        }
    }

    /// The same for the repository of a chain.
    pub(crate) fn local_repo(path: impl AsRef<Path>, source: io::Error) -> Self {
        Self::ResultDir {
            path: path.as_ref().to_owned(),
            source: without_path(source),
            option: "--localrepo",
        }
    }

    pub(crate) fn system(action: impl Into<String>, source: impl Into<io::Error>) -> Self {
        Self::System {
            action: action.into(),
            source: source.into(),
            hint: None,
        }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage {
            message: message.into(),
            hint: None,
        }
    }

    pub(crate) fn command(message: impl Into<String>) -> Self {
        Self::Command {
            message: message.into(),
            hint: None,
        }
    }

    /// The process's exit status: the original's table (`docs/cli.md` lists it).
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::CommandLine { .. } => 2,
            Self::Usage { .. } => 5,
            Self::Command { .. } => 50,
            Self::Chain { .. } => 4,
            Self::Config { .. } => 3,
            Self::Io { .. }
            | Self::System { .. }
            | Self::Spawn { .. }
            | Self::Unreadable { .. }
            | Self::Refused { .. } => 1,
            Self::Unprivileged { .. } => 2,
            Self::Sandbox { .. } => 80,
            Self::Locked { .. } => 60,
            Self::ResultDir { .. } => 70,
            Self::Architecture { .. } => 6,
            Self::Srpm { .. } => 40,
            Self::PackageManager { .. } => 30,
            Self::External { .. } => 31,
            Self::NoBuilddep { .. } => 120,
            Self::Build { code, .. } | Self::Storage { code, .. } | Self::Image { code, .. } => {
                *code
            }
            Self::BuildSetup { .. } => 10,
            Self::Timeout { .. } => 11,
            // 7 is the original's code for Ctrl-C; every other signal is 128+n.
            Self::Interrupted { signal: 2 } => 7,
            Self::Interrupted { signal } => {
                128u8.saturating_add(u8::try_from(*signal).unwrap_or(0))
            }
            Self::Inner(code) => *code,
        }
    }

    /// What to do next, where something can be said.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. }
            | Self::Command { hint, .. }
            | Self::Config { hint, .. }
            | Self::System { hint, .. }
            | Self::Sandbox { hint, .. }
            | Self::Architecture { hint, .. }
            | Self::Srpm { hint, .. }
            | Self::PackageManager { hint, .. }
            | Self::Build { hint, .. }
            | Self::BuildSetup { hint, .. }
            | Self::Refused { hint, .. }
            | Self::External { hint, .. }
            | Self::Storage { hint, .. }
            | Self::Image { hint, .. } => hint.clone(),
            Self::NoBuilddep { .. } => Some(
                "install it: it comes with yum-utils or dnf-utils, and dnf's own `builddep` with \
                 dnf-plugins-core"
                    .to_owned(),
            ),
            Self::CommandLine { .. } => Some(format!("{} --help lists the options", program::name())),
            Self::Unprivileged { hint, .. } => Some(hint.clone()),
            Self::Locked { .. } => {
                Some("another mock uses this root; give --uniqueext to build beside it".to_owned())
            }
            Self::ResultDir { option, .. } => Some(format!(
                "give {option} a directory you can write, such as {option}=~/mock/"
            )),
            // The kernel's word for it is in the message.
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => Some(
                "`mock --scrub=root-cache` drops what is kept of earlier installations, `mock --scrub=all` all of a \
                 root"
                    .to_owned(),
            ),
            Self::Chain { .. }
            | Self::Io { .. }
            | Self::Spawn { .. }
            | Self::Unreadable { .. } => None,
            Self::Timeout { .. } => {
                Some("--rpmbuild_timeout sets the limit, in seconds".to_owned())
            }
            Self::Interrupted { .. } | Self::Inner(_) => None,
        }
    }
}
