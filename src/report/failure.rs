//! The last words about an error: what failed, the source excerpt, what to do next.
//!
//! The error says its facts itself; here they only get their form. A command that ran inside the
//! chroot at the user's wish has spoken for itself, so its status alone is nothing to print.

use std::path::Path;

use anstyle::AnsiColor;
use tracing::Level;

use super::Options;
use super::console;
use super::format::here;
use super::place::Place;
use crate::error::Error;
use crate::program;

/// Prints `error` on the console, and to `root.log` if it is open.
pub(crate) fn failure(error: &Error) {
    let Some(parts) = Parts::of(error) else {
        return;
    };
    let mut router = Place::global().lock();
    let text = parts.for_console(&router.options);
    router.say(&text);
    router.record(Level::ERROR, here!(), &parts.for_log());
}

/// Writes `error` to `root.log` only: for those who close the logs before [`failure`] is reached.
pub(crate) fn record(error: &Error) {
    if let Some(parts) = Parts::of(error) {
        let mut router = Place::global().lock();
        router.record(Level::ERROR, here!(), &parts.for_log());
    }
}

struct Parts<'a> {
    message: String,
    excerpt: Option<&'a str>,
    log: Option<&'a Path>,
    hint: Option<String>,
}

impl<'a> Parts<'a> {
    fn of(error: &'a Error) -> Option<Self> {
        let (excerpt, log) = match error {
            Error::Inner(_) => return None,
            Error::Config { excerpt, .. } => (excerpt.as_deref(), None),
            Error::PackageManager { log, .. } | Error::Build { log, .. } => (None, log.as_deref()),
            _ => (None, None),
        };
        Some(Self {
            message: error.to_string(),
            excerpt,
            log,
            hint: error.hint().map(program::commands_in),
        })
    }

    fn for_console(&self, options: &Options) -> String {
        let mut text = console::leveled(options, Level::ERROR, self.message.trim_end());
        if let Some(excerpt) = self.excerpt {
            text.push('\n');
            text.push_str(excerpt.trim_end());
        }
        if let Some(log) = self.log {
            text.push_str(&format!("\n  log: {}", log.display()));
        }
        if let Some(hint) = &self.hint {
            let word = console::painted(options, AnsiColor::Cyan.on_default().bold(), "hint");
            text.push_str(&format!("\n{word}: {}", hint.trim_end()));
        }
        text
    }

    /// Excerpts come with the console's colours; the log has the place in the message.
    fn for_log(&self) -> String {
        let mut text = self.message.trim_end().to_owned();
        if let Some(hint) = &self.hint {
            text.push_str(&format!("\nhint: {}", hint.trim_end()));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn console_text(error: &Error) -> Option<String> {
        Parts::of(error).map(|parts| parts.for_console(&Options::default()))
    }

    #[test]
    fn a_failed_build_ends_with_cause_log_and_hint() {
        let error = Error::Build {
            phase: "%build".to_owned(),
            status: "exit status 1".to_owned(),
            code: 1,
            cause: vec!["hello.c:3:5: error: expected ';'".to_owned()],
            log: Some("/r/build.log".into()),
            hint: Some("mock -r x --shell".to_owned()),
        };
        assert_eq!(
            console_text(&error).unwrap(),
            "ERROR: %build failed with exit status 1\n  hello.c:3:5: error: expected ';'\n  \
             log: /r/build.log\nhint: mock -r x --shell"
        );
        assert_eq!(
            Parts::of(&error).unwrap().for_log(),
            "%build failed with exit status 1\n  hello.c:3:5: error: expected ';'\n\
             hint: mock -r x --shell"
        );
    }

    #[test]
    fn a_configuration_error_shows_its_excerpt() {
        let error = Error::Config {
            place: "site.toml:3:1".to_owned(),
            message: "unknown key `rot`".to_owned(),
            excerpt: Some("3 | rot = 1\n  | ^^^\n".to_owned()),
            hint: Some("did you mean `root`?".to_owned()),
        };
        assert_eq!(
            console_text(&error).unwrap(),
            "ERROR: site.toml:3:1: unknown key `rot`\n3 | rot = 1\n  | ^^^\n\
             hint: did you mean `root`?"
        );
    }

    #[test]
    fn short_errors_are_one_line_and_inner_statuses_none() {
        let error = Error::usage("--spec needs a file");
        assert_eq!(console_text(&error).unwrap(), "ERROR: --spec needs a file");
        assert_eq!(console_text(&Error::Inner(3)), None);
    }
}
