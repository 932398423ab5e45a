//! The terminal's side: what is shown at which verbosity, in which colours.
//!
//! All of it goes to standard error; standard output belongs to programs and to answers. A reader
//! that went away is not an error worth stopping a build for, so writing never fails.

use std::io::Write;
use std::os::fd::AsFd;

use anstyle::{AnsiColor, Style};
use tracing::Level;

use super::format::level_name;
use super::{Options, Verbosity};

/// Is a message of this level shown?
pub(super) fn shows(options: &Options, level: Level) -> bool {
    let least = match (options.verbosity, options.trace) {
        (Verbosity::Quiet, _) => Level::WARN,
        (Verbosity::Normal, _) => Level::INFO,
        (Verbosity::Verbose, false) => Level::DEBUG,
        (Verbosity::Verbose, true) => Level::TRACE,
    };
    level <= least
}

/// `LEVEL: message`, with the level's word in colour where colours are wanted.
pub(super) fn leveled(options: &Options, level: Level, message: &str) -> String {
    let word = painted(options, style(level), level_name(level));
    format!("{word}: {message}")
}

/// `word` in `style`, or as it is when there is no terminal or colours are off.
pub(super) fn painted(options: &Options, style: Style, word: &str) -> String {
    if options.color && options.stderr_tty {
        format!("{style}{word}{style:#}")
    } else {
        word.to_owned()
    }
}

fn style(level: Level) -> Style {
    let (color, bold) = match level {
        Level::ERROR => (AnsiColor::Red, true),
        Level::WARN => (AnsiColor::Yellow, true),
        Level::INFO => (AnsiColor::Green, false),
        Level::DEBUG | Level::TRACE => (AnsiColor::Blue, false),
    };
    let style = color.on_default();
    if bold { style.bold() } else { style }
}

/// Writes `text` and a line's end in one go.
pub(super) fn write_line(to: &mut dyn Write, text: &str) {
    let mut line = Vec::with_capacity(text.len() + 1);
    line.extend_from_slice(text.as_bytes());
    line.push(b'\n');
    let _ = to.write_all(&line).and_then(|()| to.flush());
}

/// The width of a terminal. None when another job has it now, and when it has no size: then nobody
/// looks at it but a program that collects what comes.
pub(super) fn columns(terminal: impl AsFd) -> Option<usize> {
    let others = rustix::termios::tcgetpgrp(&terminal)
        .is_ok_and(|group| group.as_raw_nonzero().get() != nix::unistd::getpgrp().as_raw());
    if others {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(&terminal).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbosity_chooses_the_levels() {
        let shown = |verbosity, trace| {
            let options = Options {
                verbosity,
                trace,
                ..Options::default()
            };
            [
                Level::ERROR,
                Level::WARN,
                Level::INFO,
                Level::DEBUG,
                Level::TRACE,
            ]
            .into_iter()
            .filter(|level| shows(&options, *level))
            .map(level_name)
            .collect::<Vec<_>>()
            .join(" ")
        };
        assert_eq!(shown(Verbosity::Quiet, true), "ERROR WARNING");
        assert_eq!(shown(Verbosity::Normal, true), "ERROR WARNING INFO");
        assert_eq!(shown(Verbosity::Verbose, false), "ERROR WARNING INFO DEBUG");
        assert_eq!(
            shown(Verbosity::Verbose, true),
            "ERROR WARNING INFO DEBUG TRACE"
        );
    }

    #[test]
    fn only_the_level_is_coloured_and_only_on_a_terminal() {
        let with = |color, stderr_tty| {
            let options = Options {
                color,
                stderr_tty,
                ..Options::default()
            };
            leveled(&options, Level::WARN, "low\non disk")
        };
        assert_eq!(
            with(true, true),
            "\u{1b}[1m\u{1b}[33mWARNING\u{1b}[0m: low\non disk"
        );
        for (color, tty) in [(true, false), (false, true), (false, false)] {
            assert_eq!(with(color, tty), "WARNING: low\non disk");
        }
    }

    #[test]
    fn a_reader_that_went_away_is_ignored() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
        }
        write_line(&mut Gone, "nobody reads this");
    }
}
