//! What the user and other programs read: console, log files, progress, causes of failures.
//!
//! The only place that prints. Modules say what happens with `tracing` events (root-level
//! messages), [`Step`]s (phases) and [`LogSink`]s (output of programs); one [`place::Place`] for
//! the whole process decides where each of them is shown and stored. Nothing here fails because a
//! reader went away or a disk is full: the work goes on, with one warning.

mod ansi;
pub(crate) mod cause;
mod console;
mod custom;
mod failure;
pub(crate) mod format;
mod log_file;
mod place;
mod progress;
mod router;
mod sink;
mod spinner;
mod status;
mod step;
mod subscriber;
mod summary;
mod tail;
mod terminal;
#[cfg(test)]
mod tests;

use std::path::Path;

use crate::error::Result;
use place::Place;

pub(crate) use custom::Custom;
pub(crate) use failure::{failure, record};
pub(crate) use format::{Formats, Shape, duration};
pub(crate) use place::LogFiles;
pub(crate) use sink::LogSink;
pub(crate) use spinner::Spinner;
pub(crate) use step::Step;
pub(crate) use summary::{Outcome, Summary, summary};

/// How much is said on the console; the log files always get everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verbosity {
    /// Warnings and errors.
    Quiet,
    /// Also phases and information.
    Normal,
    /// Also debug messages, among them the output of programs that is not shown live.
    Verbose,
}

/// What the command line and the terminal say about reporting.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    pub(crate) verbosity: Verbosity,
    /// Lets `tracing::trace!` through as well.
    pub(crate) trace: bool,
    /// Colours are wanted; they are used only together with `stderr_tty`.
    pub(crate) color: bool,
    pub(crate) stderr_tty: bool,
    pub(crate) stdout_tty: bool,
    /// The terminal knows how to move its cursor.
    pub(crate) moves: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            verbosity: Verbosity::Normal,
            trace: false,
            color: false,
            stderr_tty: false,
            stdout_tty: false,
            moves: false,
        }
    }
}

/// Installs the receiver of `tracing` events. A second call only changes the options.
pub(crate) fn init(options: Options) {
    let place = Place::global();
    place.lock().options = options;
    subscriber::install(place, options.trace);
}

/// Opens `state.log`, `build.log` and `root.log` in `dir` for appending and routes into them until
/// the guard drops. When guards nest, the youngest set of files gets everything.
///
/// # Errors
///
/// When one of the files cannot be opened.
pub(crate) fn attach(dir: &Path, formats: &Formats) -> Result<LogFiles> {
    Place::global().attach(dir, formats)
}

/// Writes one line to `build.log`.
pub(crate) fn build_line(text: impl AsRef<str>) {
    Place::global()
        .lock()
        .build_message(text.as_ref().as_bytes());
}

/// Prints `text` on standard output: an answer that was asked for. A reader that went away is
/// nobody's error.
pub(crate) fn print(text: &str) {
    use std::io::Write;
    Place::global().lock().erase_status();
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
