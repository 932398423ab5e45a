//! The status line: what is going on, for how long, how far.
//!
//! Below a program's output on a terminal it is drawn on the row under the cursor; by itself, on the
//! cursor's own. It is taken away before each byte of anybody else's, so what programs draw is not
//! disturbed. Nothing of the terminal is changed for it: no mode, no scrolling region, no hidden
//! cursor. Whatever ends mock, at most a line of text is left over.

use std::time::{Duration, Instant};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::progress::Progress;

/// Where it is drawn. The cursor stays where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Row {
    /// The cursor's, which is at its start.
    Own,
    Below,
}

impl Row {
    /// Goes to the start of the row, in the terminal's own colours.
    fn go(self) -> &'static [u8] {
        match self {
            Self::Own => b"\r",
            Self::Below => b"\x1b7\x1b[B\r\x1b[m\x0f",
        }
    }

    fn come_back(self) -> &'static [u8] {
        match self {
            // The echo of a key then comes where the line is taken away.
            Self::Own => b"\r",
            Self::Below => b"\x1b8",
        }
    }

    /// Makes sure that there is such a row.
    fn make_room(self) -> &'static [u8] {
        match self {
            Self::Own => b"",
            // Scrolls where it must, and stays in its column, which a line feed would not.
            Self::Below => b"\x1bD\x1b[A",
        }
    }
}

const CLEAR: &[u8] = b"\x1b[K";

/// Without a phase's name in at least this many columns it is left out.
const SHORTEST: usize = 8;

#[derive(Debug)]
pub(super) struct StatusLine {
    /// What goes on, for want of a phase.
    what: String,
    since: Instant,
    progress: Option<Progress>,
    /// What a program has printed last, when that is not shown otherwise.
    note: String,
    drawn: Option<Row>,
    /// As it is drawn now, or was the last time, and the terminal's width then.
    last: Vec<u8>,
    pub(super) columns: usize,
}

impl StatusLine {
    pub(super) fn new(what: String) -> Self {
        Self {
            what,
            since: Instant::now(),
            progress: None,
            note: String::new(),
            drawn: None,
            last: Vec::new(),
            columns: 0,
        }
    }

    pub(super) fn progress(&mut self, progress: Progress) {
        self.progress = Some(progress);
    }

    pub(super) fn note(&mut self, text: String) {
        self.progress = None;
        self.note = text;
    }

    /// The bytes that draw it as it is now, on a terminal with so many columns; none when it is
    /// there already.
    pub(super) fn draw(
        &mut self,
        row: Row,
        phase: Option<(String, Instant)>,
        columns: usize,
        bold: bool,
    ) -> Vec<u8> {
        self.columns = columns;
        let (name, since) = phase.unwrap_or_else(|| (self.what.clone(), self.since));
        let how_far = match &self.progress {
            Some(progress) => progress.to_string(),
            None => self.note.clone(),
        };
        // A full row would wrap, and the echo of Ctrl-C is to fit.
        let text = text(&name, since.elapsed(), &how_far, columns.saturating_sub(3));
        let text = match bold {
            true => format!("\x1b[1m{text}\x1b[m"),
            false => text,
        };
        let known = std::mem::replace(&mut self.last, text.into_bytes()) == self.last;
        match (self.drawn, known) {
            (Some(_), true) => Vec::new(),
            (Some(row), false) => [row.go(), &self.last, CLEAR, row.come_back()].concat(),
            (None, _) => self.draw_again(row),
        }
    }

    /// The bytes that draw it as it was, if it was.
    pub(super) fn draw_again(&mut self, row: Row) -> Vec<u8> {
        if self.last.is_empty() {
            return Vec::new();
        }
        self.drawn = Some(row);
        let (go, back) = (row.go(), row.come_back());
        [row.make_room(), go, &self.last, CLEAR, back].concat()
    }

    /// The bytes that take it away, and from where.
    pub(super) fn erase(&mut self) -> Option<(Row, Vec<u8>)> {
        let row = self.drawn.take()?;
        Some((row, [row.go(), CLEAR, row.come_back()].concat()))
    }
}

/// `build setup for x.src.rpm  1:23  Installing 12/134 packages`, in at most `columns`.
fn text(name: &str, elapsed: Duration, how_far: &str, columns: usize) -> String {
    let mut rest = clock(elapsed);
    if !how_far.is_empty() {
        rest.push_str(&format!("  {how_far}"));
    }
    let room = columns.saturating_sub(rest.width() + 2);
    let line = match room >= SHORTEST.min(name.width()) {
        true => format!("{}  {rest}", cut(name, room)),
        false => rest,
    };
    cut(&line, columns)
}

/// Minutes and seconds.
fn clock(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// What fits into so many columns, with a mark where something is missing.
fn cut(text: &str, columns: usize) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control()).collect();
    if clean.width() <= columns {
        return clean;
    }
    let Some(room) = columns.checked_sub(1) else {
        return String::new();
    };
    let mut used = 0;
    let fitting = clean.chars().take_while(|c| {
        used += c.width().unwrap_or(0);
        used <= room
    });
    fitting.chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::super::progress::progress_of;
    use super::*;

    #[test]
    fn the_line_fits_the_window() {
        let progress = "Downloading 3/20 packages, 1.2 MB/s";
        let with = |columns| {
            text(
                "build setup for hello-2.12-1.src.rpm",
                Duration::from_secs(83),
                progress,
                columns,
            )
        };
        assert_eq!(
            with(100),
            "build setup for hello-2.12-1.src.rpm  1:23  Downloading 3/20 packages, 1.2 MB/s"
        );
        assert_eq!(
            with(60),
            "build setup for …  1:23  Downloading 3/20 packages, 1.2 MB/s"
        );
        assert_eq!(with(50), "1:23  Downloading 3/20 packages, 1.2 MB/s");
        assert_eq!(with(20), "1:23  Downloading 3…");
        for columns in 0..120 {
            assert!(with(columns).width() <= columns, "{columns}");
            assert!(cut("大きな 包み", columns).width() <= columns, "{columns}");
        }
        let alone = |name, seconds| text(name, Duration::from_secs(seconds), "", 79);
        assert_eq!(alone("init", 3600), "init  60:00");
        assert_eq!(alone("a\nb\x1b[m", 0), "ab[m  0:00");
    }

    fn draw(status: &mut StatusLine, row: Row) -> String {
        String::from_utf8(status.draw(row, None, 80, false)).unwrap()
    }

    #[test]
    fn below_the_cursor_it_is_drawn_once_and_erased_once() {
        let mut status = StatusLine::new("x".to_owned());
        assert_eq!(status.erase(), None);
        assert_eq!(status.draw_again(Row::Below), b"");
        assert_eq!(
            draw(&mut status, Row::Below),
            "\x1bD\x1b[A\x1b7\x1b[B\r\x1b[m\x0fx  0:00\x1b[K\x1b8"
        );
        assert_eq!(draw(&mut status, Row::Below), "");
        status.progress(progress_of("Installing : a 1/2").unwrap());
        assert_eq!(
            draw(&mut status, Row::Below),
            "\x1b7\x1b[B\r\x1b[m\x0fx  0:00  Installing 1/2 packages\x1b[K\x1b8"
        );
        let erased = b"\x1b7\x1b[B\r\x1b[m\x0f\x1b[K\x1b8".to_vec();
        assert_eq!(status.erase(), Some((Row::Below, erased)));
        assert_eq!(status.erase(), None);
    }

    #[test]
    fn by_itself_it_has_a_row() {
        let mut status = StatusLine::new("x".to_owned());
        assert_eq!(draw(&mut status, Row::Own), "\rx  0:00\x1b[K\r");
        status.note("working".to_owned());
        assert_eq!(draw(&mut status, Row::Own), "\rx  0:00  working\x1b[K\r");
        assert_eq!(status.erase(), Some((Row::Own, b"\r\x1b[K\r".to_vec())));
        assert_eq!(status.draw_again(Row::Below)[..4], *b"\x1bD\x1b[");
    }
}
