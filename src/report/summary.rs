//! The one line about a package that is read when everything is over.
//!
//! For the console only: the log files have the same facts in the original's words, which the
//! recipes give.

use std::path::Path;
use std::time::Duration;

use anstyle::AnsiColor;
use tracing::Level;

use super::Options;
use super::console;
use super::format::duration;
use super::place::Place;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Built,
    Failed,
}

/// What became of one package.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Summary<'a> {
    pub(crate) package: &'a str,
    pub(crate) outcome: Outcome,
    pub(crate) elapsed: Duration,
    /// Where packages and logs are.
    pub(crate) results: &'a Path,
}

/// Prints the line; when quiet, only for a package that failed.
pub(crate) fn summary(summary: &Summary<'_>) {
    let mut router = Place::global().lock();
    let level = match summary.outcome {
        Outcome::Built => Level::INFO,
        Outcome::Failed => Level::WARN,
    };
    if console::shows(&router.options, level) {
        let text = line(&router.options, summary);
        router.say(&text);
    }
}

/// The path is last and alone: it can be selected with a double click.
fn line(options: &Options, summary: &Summary<'_>) -> String {
    let (word, color) = match summary.outcome {
        Outcome::Built => ("Built", AnsiColor::Green),
        Outcome::Failed => ("Failed", AnsiColor::Red),
    };
    format!(
        "{} {} ({}): {}",
        console::painted(options, color.on_default().bold(), word),
        summary.package,
        duration(summary.elapsed),
        summary.results.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_has_one_line() {
        let options = Options::default();
        let mut summary = Summary {
            package: "hello-2.12-1.fc43.src.rpm",
            outcome: Outcome::Built,
            elapsed: Duration::from_secs(83),
            results: Path::new("/var/lib/mock/fedora-43-x86_64/result"),
        };
        assert_eq!(
            line(&options, &summary),
            "Built hello-2.12-1.fc43.src.rpm (1 minutes 23 seconds): \
             /var/lib/mock/fedora-43-x86_64/result"
        );
        summary.outcome = Outcome::Failed;
        let options = Options {
            color: true,
            stderr_tty: true,
            ..options
        };
        assert_eq!(
            line(&options, &summary),
            "\u{1b}[1m\u{1b}[31mFailed\u{1b}[0m hello-2.12-1.fc43.src.rpm (1 minutes 23 seconds): \
             /var/lib/mock/fedora-43-x86_64/result"
        );
    }
}
