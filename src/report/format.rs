//! The shapes of lines in log files and on the console, as pure functions.
//!
//! The shapes are those of the original's stock `logging.ini`, where they are called formatters;
//! configuration names one per log, or brings its own ([`super::custom`]). They put something before
//! and after the message, whose bytes stay untouched.

use std::sync::Arc;
use std::time::Duration;

use jiff::ZonedDateTime;
use tracing::Level;

use super::custom::{Custom, Line};

/// A formatter of `logging.ini`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `LEVEL file.rs:12:  message`
    Detailed,
    /// `LEVEL: message`
    Simple,
    /// `message`
    Unadorned,
    /// `2026-11-22 12:17:53,234 - message`
    State,
    /// As a configuration or a `logging.ini` says it.
    Custom(Arc<Custom>),
}

impl Shape {
    /// Finds a formatter by the name of its section.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "detailed" => Some(Self::Detailed),
            "simple" => Some(Self::Simple),
            "unadorned" => Some(Self::Unadorned),
            "state" => Some(Self::State),
            _ => None,
        }
    }

    /// Says what goes before the message and after it; without the second, no message is shown.
    pub(super) fn around(&self, line: Line<'_>) -> (String, Option<String>) {
        let Line { level, origin, .. } = line;
        let before = match self {
            Self::Detailed => root_line(level, origin.file, origin.line, ""),
            Self::Simple => format!("{}: ", level_name(level)),
            Self::Unadorned => String::new(),
            Self::State => state_line(&ZonedDateTime::now(), ""),
            Self::Custom(custom) => return custom.around(line),
        };
        (before, Some(String::new()))
    }
}

/// The shape of each log file, and what marks a program's standard error in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Formats {
    pub(crate) root: Shape,
    pub(crate) build: Shape,
    pub(crate) state: Shape,
    pub(crate) stderr_line_prefix: String,
}

impl Default for Formats {
    fn default() -> Self {
        Self {
            root: Shape::Detailed,
            build: Shape::Unadorned,
            state: Shape::State,
            stderr_line_prefix: String::new(),
        }
    }
}

/// The place in the source a message comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) file: &'a str,
    pub(super) line: u32,
}

/// The [`Origin`] of the line it is written on.
macro_rules! here {
    () => {
        $crate::report::format::Origin {
            file: file!(),
            line: line!(),
        }
    };
}
pub(super) use here;

pub(super) fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARNING",
        Level::INFO => "INFO",
        Level::DEBUG => "DEBUG",
        Level::TRACE => "TRACE",
    }
}

/// A line of `root.log`; only the base name of `file` is used.
pub(super) fn root_line(level: Level, file: &str, line: u32, message: &str) -> String {
    let base = file.rsplit('/').next().unwrap_or(file);
    format!("{} {base}:{line}:  {message}", level_name(level))
}

/// A line of `state.log`, in local time.
pub(super) fn state_line(now: &ZonedDateTime, message: &str) -> String {
    format!("{} - {message}", now.strftime("%Y-%m-%d %H:%M:%S,%3f"))
}

/// Words a stretch of time as the original does: `3 minutes 25 seconds`.
pub(crate) fn duration(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    format!("{} minutes {} seconds", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use jiff::tz::TimeZone;

    #[test]
    fn root_log_lines_carry_level_and_place() {
        assert_eq!(
            root_line(Level::INFO, "src/recipe/init.rs", 42, "Mock Version: 6.7"),
            "INFO init.rs:42:  Mock Version: 6.7"
        );
        assert_eq!(
            root_line(Level::WARN, "lock.rs", 7, "two\nlines"),
            "WARNING lock.rs:7:  two\nlines"
        );
    }

    #[test]
    fn state_log_lines_have_milliseconds_after_a_comma() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let at = date(2026, 11, 22)
            .at(12, 17, 53, 234_999_999)
            .to_zoned_datetime(zone)
            .unwrap();
        assert_eq!(
            state_line(&at, "Start: chroot init"),
            "2026-11-22 12:17:53,234 - Start: chroot init"
        );
        let at = at.with().subsec_nanosecond(4_000_000).build().unwrap();
        assert_eq!(
            state_line(&at, "Finish: run"),
            "2026-11-22 12:17:53,004 - Finish: run"
        );
    }

    #[test]
    fn durations_are_minutes_and_seconds() {
        assert_eq!(duration(Duration::from_millis(900)), "0 minutes 0 seconds");
        assert_eq!(duration(Duration::from_secs(205)), "3 minutes 25 seconds");
        assert_eq!(duration(Duration::from_secs(7265)), "121 minutes 5 seconds");
    }

    #[test]
    fn shapes_are_known_by_the_names_of_logging_ini() {
        for (name, shape) in [
            ("detailed", Some(Shape::Detailed)),
            ("simple", Some(Shape::Simple)),
            ("unadorned", Some(Shape::Unadorned)),
            ("state", Some(Shape::State)),
            ("fancy", None),
        ] {
            assert_eq!(Shape::named(name), shape, "{name}");
        }
    }

    #[test]
    fn every_shape_is_a_prefix() {
        let origin = Origin {
            file: "src/a.rs",
            line: 3,
        };
        let prefix = |shape: Shape, level| {
            let logger = "mockbuild";
            let (before, after) = shape.around(Line {
                logger,
                level,
                origin,
            });
            assert_eq!(after.as_deref(), Some(""));
            before
        };
        assert_eq!(prefix(Shape::Detailed, Level::DEBUG), "DEBUG a.rs:3:  ");
        assert_eq!(prefix(Shape::Simple, Level::WARN), "WARNING: ");
        assert_eq!(prefix(Shape::Unadorned, Level::WARN), "");
        assert!(prefix(Shape::State, Level::WARN).ends_with(" - "));
    }
}
