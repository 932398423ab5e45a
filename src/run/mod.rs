//! Running programs: a command is a value, its output goes to a sink, one trait carries it out.
//!
//! Everything outside this process is reached through [`Runner::run`]; tests hand in a runner that
//! records. Which namespaces, mounts and user a program gets is said by the [`Sandbox`] in its
//! [`Cmd`], and carried out below `sandbox`.

pub(crate) mod exec;
mod pty;
mod pump;
pub(crate) mod screen;
pub(crate) mod signals;

use std::ffi::OsString;
use std::time::Duration;

use crate::error::Result;
use crate::sandbox::Sandbox;

/// Where the program's three streams lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stdio {
    /// Standard input is empty; output is read line by line and given to the sink.
    Captured,
    /// The same, with output on a pseudo-terminal: the sink's bytes are what a terminal is to show,
    /// its lines what stood there in the end.
    Terminal(Bars),
    /// All three are the caller's own; nothing is logged.
    Inherited,
}

/// How a program draws its progress on a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bars {
    /// On one row, over and over. Standard error is a pipe of its own, so its lines can be told apart.
    Row,
    /// On several rows at once, with either stream: both are on the terminal, which keeps their order.
    Rows,
}

/// One program to run.
#[derive(Debug, Clone)]
pub(crate) struct Cmd {
    pub(crate) argv: Vec<OsString>,
    /// The whole environment: nothing is inherited.
    pub(crate) env: Vec<(String, String)>,
    pub(crate) sandbox: Sandbox,
    pub(crate) stdio: Stdio,
    pub(crate) timeout: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// Receives a program's output while it runs.
pub(crate) trait Sink {
    /// Bytes exactly as they came, as soon as they came: for showing them live.
    fn bytes(&mut self, _stream: Stream, _bytes: &[u8]) {}
    /// One line without its line ending.
    fn line(&mut self, stream: Stream, line: &[u8]);
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Exited(u8),
    Signaled(i32),
}

impl Status {
    pub(crate) fn success(self) -> bool {
        self == Self::Exited(0)
    }

    /// The original's number for it: a signal n is 256 - n.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Exited(code) => code,
            Self::Signaled(signal) => u8::try_from(256 - signal).unwrap_or(u8::MAX),
        }
    }
}

pub(crate) trait Runner {
    /// Runs `cmd` to its end. A non-zero status is not an error here: callers know what it means.
    fn run(&self, cmd: &Cmd, sink: &mut dyn Sink) -> Result<Status>;

    /// An error when a signal asked mock to end; for work that waits for no program.
    fn interrupted(&self) -> Result<()>;
}
