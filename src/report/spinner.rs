//! A sign of life for long steps that print nothing.
//!
//! It shows only where nothing else moves: on a terminal, unless quiet, and not while a program's
//! output is shown live. Messages push it down; lines of a program that is only logged appear
//! behind it, so that a long transaction shows how far it is.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Verbosity;
use super::place::{Place, without_signals};

const TICK: Duration = Duration::from_millis(120);

/// A line with a moving sign; it is taken away when this is dropped.
#[must_use = "the spinner disappears when this is dropped"]
#[derive(Debug)]
pub(crate) struct Spinner {
    bar: Option<ProgressBar>,
}

impl Spinner {
    pub(crate) fn start(what: impl Into<String>) -> Self {
        let mut router = Place::global().lock();
        let options = router.options;
        let fitting = options.stderr_tty && options.verbosity == Verbosity::Normal;
        // One line is enough: an inner step's words are for the outer one to show.
        if !fitting || router.live > 0 || router.spinner.is_some() {
            return Self { bar: None };
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(what.into());
        without_signals(|| bar.enable_steady_tick(TICK));
        router.spinner = Some(bar.clone());
        Self { bar: Some(bar) }
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.take() {
            Place::global().lock().spinner = None;
            bar.finish_and_clear();
        }
    }
}
