//! Takes a program's output: into a log, onto the screen, into memory.
//!
//! Lines go to `build.log` without colours but otherwise byte for byte, to `root.log` as they would
//! stand on a terminal in the end; what is shown live is shown raw, progress bars and all. The end of the output is kept for finding out why a program failed, and
//! all of it, up to a bound, when the caller wants to read it.

use std::borrow::Cow;

use tracing::Level;

use super::ansi;
use super::cause::{self, BuildCause};
use super::format::here;
use super::place::Place;
use super::progress::last_progress;
use super::tail::Tail;
use crate::run::screen::Screen;
use crate::run::{Bars, Sink, Stdio, Stream};

/// More output than this is not kept, only logged.
const CAPTURED: usize = 64 * 1024 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Root,
    Build,
    Nowhere,
}

/// Receives the output of one program, or of several that belong together.
pub(crate) struct LogSink {
    place: &'static Place,
    target: Target,
    live: bool,
    /// What is shown live is shown on a terminal.
    on_terminal: bool,
    capture: bool,
    /// Standard error is part of what is captured.
    capture_stderr: bool,
    pub(super) captured: Vec<u8>,
    tail: Tail,
    /// What was shown live so far ends in the middle of a line.
    midline: bool,
}

impl LogSink {
    /// Lines go to `root.log` as debug messages.
    pub(crate) fn root(live: bool, capture: bool) -> Self {
        Self::on(Place::global(), Target::Root, live, capture)
    }

    /// Lines go to `build.log`.
    pub(crate) fn build(live: bool, capture: bool) -> Self {
        Self::on(Place::global(), Target::Build, live, capture)
    }

    /// Lines are kept and neither logged nor shown.
    pub(crate) fn capture_only() -> Self {
        Self::on(Place::global(), Target::Nowhere, false, true)
    }

    /// Leaves standard error out of what is captured.
    pub(crate) fn without_stderr(mut self) -> Self {
        self.capture_stderr = false;
        self
    }

    pub(super) fn on(place: &'static Place, target: Target, live: bool, capture: bool) -> Self {
        let mut router = place.lock();
        let on_terminal = live && router.options.stdout_tty;
        if on_terminal {
            router.erase_status();
            router.live += 1;
        }
        drop(router);
        Self {
            place,
            target,
            live,
            on_terminal,
            capture,
            capture_stderr: true,
            captured: Vec::new(),
            tail: Tail::default(),
            midline: false,
        }
    }

    /// What a program that draws progress bars gets for its output: a terminal where it will be seen
    /// on one.
    pub(crate) fn stdio(&self, bars: Bars) -> Stdio {
        match self.on_terminal {
            true => Stdio::Terminal(bars),
            false => Stdio::Captured,
        }
    }

    /// Writes a remark about the program into the log its output goes to.
    pub(crate) fn note(&self, text: &str) {
        match self.target {
            Target::Root => self.place.lock().message(Level::DEBUG, here!(), text),
            Target::Build => self.place.lock().build_message(text.as_bytes()),
            Target::Nowhere => {}
        }
    }

    /// The captured output as text; bytes that are not UTF-8 are replaced.
    pub(crate) fn captured_text(&self) -> String {
        String::from_utf8_lossy(&self.captured).into_owned()
    }

    /// The last lines of the output.
    pub(crate) fn tail(&self) -> Vec<String> {
        self.tail.text()
    }

    /// Why rpmbuild failed, by its own output.
    pub(crate) fn build_cause(&self) -> BuildCause {
        let lines = self.tail();
        cause::of_build(&lines.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Why the package manager failed, by its own output.
    pub(crate) fn transaction_cause(&self) -> Vec<String> {
        let lines = self.tail();
        cause::of_transaction(&lines.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

impl Sink for LogSink {
    fn bytes(&mut self, _stream: Stream, bytes: &[u8]) {
        if let (true, Some(last)) = (self.live, bytes.last()) {
            self.midline = *last != b'\n';
            let mut router = self.place.lock();
            if router.status.is_some()
                && self.target == Target::Root
                && let Some(progress) = last_progress(bytes)
            {
                router.progress(progress);
            }
            router.show(bytes);
        }
    }

    fn line(&mut self, stream: Stream, line: &[u8]) {
        let from_stderr = stream == Stream::Stderr;
        if self.capture
            && (self.capture_stderr || !from_stderr)
            && self.captured.len() + line.len() < CAPTURED
        {
            self.captured.extend_from_slice(line);
            self.captured.push(b'\n');
        }
        let line = match self.target {
            Target::Root => in_the_end(line),
            Target::Build | Target::Nowhere => ansi::strip(line),
        };
        self.tail.push(&line);
        if self.target == Target::Nowhere {
            return;
        }
        let mut router = self.place.lock();
        if self.target == Target::Root {
            router.root_output(&line, from_stderr, self.live);
        } else {
            router.build_output(&line, from_stderr);
        }
        self.place.release(router);
    }
}

impl std::fmt::Debug for LogSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogSink")
            .field("target", &self.target)
            .field("live", &self.live)
            .finish_non_exhaustive()
    }
}

impl Drop for LogSink {
    fn drop(&mut self) {
        let mut router = self.place.lock();
        router.flush();
        if self.on_terminal {
            router.settle(self.midline);
            router.live -= 1;
        }
    }
}

/// `line` as it would stand on a terminal in the end; borrows when nothing moves there. Movements end
/// at the usual margin, so that few bytes make no large row.
fn in_the_end(line: &[u8]) -> Cow<'_, [u8]> {
    const MOVES: [u8; 3] = [b'\r', 0x08, 0x1b];
    if !line.iter().any(|byte| MOVES.contains(byte)) {
        return Cow::Borrowed(line);
    }
    let mut shown = Vec::with_capacity(line.len());
    let mut screen = Screen::new(1, 80);
    screen.push(line, |row| shown.extend_from_slice(row));
    screen.finish(|row| shown.extend_from_slice(row));
    Cow::Owned(shown)
}
