//! A sign of life for long steps: the status line is shown while one of these lives.

use super::Verbosity;
use super::place::Place;
use super::status::StatusLine;

/// Takes the line away when it is dropped.
#[must_use = "the line disappears when this is dropped"]
#[derive(Debug)]
pub(crate) struct Spinner {
    shown: bool,
}

impl Spinner {
    pub(crate) fn start(what: impl Into<String>) -> Self {
        let place = Place::global();
        let router = place.lock();
        let options = router.options;
        // One line is enough: an inner step's words are for the outer one to show.
        let shown = options.stderr_tty
            && options.moves
            && options.verbosity != Verbosity::Quiet
            && router.status.is_none();
        drop(router);
        if shown {
            place.show_status(StatusLine::new(what.into()));
        }
        Self { shown }
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        if self.shown {
            let mut router = Place::global().lock();
            router.erase_status();
            router.status = None;
        }
    }
}
