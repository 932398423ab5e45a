//! What a program printed on its terminal, as the lines that the terminal would show. Pure.
//!
//! A program on a terminal draws: progress bars go back to the start of their row, or some rows up,
//! and write over what was there. A log wants the outcome, once. So this is a terminal without
//! glass: `vte` takes escape sequences apart, the rows that a program can still go back to are held
//! here, and a row is given out when it can no longer change.
//!
//! Three things are unlike a terminal, because a log is read later:
//!
//! - Rows do not end at the right margin. Text that is written on and on stays one line. Movements
//!   and edits go no further than the margin, so that few bytes cannot make a large row.
//! - Text that a program wipes off the whole screen is given out first.
//! - A title or another control string that is still open at the end of a line ends there. A stray
//!   `ESC X` would otherwise swallow the rest of the output.
//!
//! A row to whose end alone something was written is the program's own bytes, however they are
//! encoded. Only a row that is written over becomes cells. Each operation costs no more than a row
//! as wide as the terminal, or as many rows as are held; the tests count that (`screen/steps.rs`).

#[path = "screen/grid.rs"]
mod grid;
#[path = "screen/row.rs"]
mod row;
#[path = "screen/steps.rs"]
mod steps;

use std::fmt;
use std::str;

use grid::Grid;

const CANCEL: u8 = 0x18;
const SUBSTITUTE: u8 = 0x1a;
const ESCAPE: u8 = 0x1b;

/// Receives lines.
type Give<'a> = &'a mut dyn FnMut(&[u8]);

/// For tests and the fuzzer.
#[cfg(any(test, fuzzing))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) rows: u16,
    pub(crate) columns: u16,
}

pub(crate) struct Screen {
    /// Without a buffer for titles.
    parser: vte::Parser<0>,
    within: Within,
    /// The beginning of a character whose other bytes have not come yet.
    partial: Vec<u8>,
    grid: Grid,
}

/// What the next byte belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    /// Text; the parser is surely at rest and need not see it.
    Text,
    /// Perhaps an escape sequence: only the parser knows.
    Sequence,
    /// The body of a device control string.
    ControlString,
}

impl Screen {
    /// `held`: how many rows the program can still go back to; 1 = a line is given out as soon as
    /// it is ended.
    pub(crate) fn new(held: u16, columns: u16) -> Self {
        Self {
            // This function exists only without vte's feature `std`, with which the buffer for
            // titles grows until a title ends: should another crate switch it on, this does not
            // compile any more.
            parser: vte::Parser::new_with_size(),
            within: Within::Text,
            partial: Vec::new(),
            grid: Grid::new(held, columns),
        }
    }

    pub(crate) fn resize(&mut self, columns: u16) {
        self.grid.resize(columns);
    }

    /// Gives every line that is final, without colours or line ending.
    pub(crate) fn push(&mut self, bytes: &[u8], mut give: impl FnMut(&[u8])) {
        let mut rest = self.complete(bytes, &mut give);
        if let Ok(text) = str::from_utf8(rest) {
            return self.text(text, &mut give);
        }
        for chunk in rest.utf8_chunks() {
            self.text(chunk.valid(), &mut give);
            rest = &rest[chunk.valid().len() + chunk.invalid().len()..];
            if rest.is_empty() && is_beginning(chunk.invalid()) {
                self.partial.extend_from_slice(chunk.invalid());
            } else {
                self.raw(chunk.invalid(), &mut give);
            }
        }
    }

    /// Gives what is left when the program ended.
    pub(crate) fn finish(&mut self, mut give: impl FnMut(&[u8])) {
        let partial = std::mem::take(&mut self.partial);
        self.raw(&partial, &mut give);
        self.cancel(&mut give);
        self.grid.reset(&mut give);
    }

    /// Completes the character that the last read cut, and returns what comes after it.
    fn complete<'b>(&mut self, bytes: &'b [u8], give: Give) -> &'b [u8] {
        let mut rest = bytes;
        while !self.partial.is_empty()
            && let Some((next, after)) = rest.split_first()
        {
            let mut character = std::mem::take(&mut self.partial);
            character.push(*next);
            if let Ok(text) = str::from_utf8(&character) {
                self.text(text, give);
                rest = after;
            } else if is_beginning(&character) {
                self.partial = character;
                rest = after;
            } else {
                // The last byte is not part of it: it is looked at again, by itself.
                character.pop();
                self.raw(&character, give);
            }
        }
        rest
    }

    fn text(&mut self, text: &str, give: Give) {
        for line in text.split_inclusive('\n') {
            match line.strip_suffix('\n') {
                None => self.part(line, give),
                Some(ended) => {
                    self.part(ended, give);
                    self.cancel(give);
                    self.grid.next_line(give);
                }
            }
        }
    }

    /// Text of one line.
    fn part(&mut self, text: &str, give: Give) {
        let mut rest = text;
        while !rest.is_empty() {
            let taken = match self.within {
                Within::Text => self.plain(rest, give),
                Within::Sequence => self.parse(rest.as_bytes(), None, give),
                Within::ControlString => self.control_string(rest),
            };
            rest = rest.get(taken..).unwrap_or_default();
        }
    }

    /// Writes `text` up to an escape sequence; says how much that is.
    fn plain(&mut self, text: &str, give: Give) -> usize {
        let taken = self.grid.write(text, give);
        if taken < text.len() {
            self.within = Within::Sequence;
        }
        taken
    }

    /// Skips what is in a control string. The parser is not shown it, since it takes the byte 0x9c,
    /// which may be a part of a character, for the string's end.
    fn control_string(&mut self, text: &str) -> usize {
        let is_end = |byte: u8| [CANCEL, SUBSTITUTE, ESCAPE].contains(&byte);
        let end = text.bytes().position(is_end);
        if end.is_some() {
            self.within = Within::Sequence;
        }
        end.unwrap_or(text.len())
    }

    /// Bytes that are not UTF-8. The parser must not have them, but only it knows whether they are
    /// text or inside a sequence: it is given a character in place of each.
    fn raw(&mut self, bytes: &[u8], give: Give) {
        for byte in bytes {
            match self.within {
                Within::Text => self.grid.put(&[*byte], 1, give),
                Within::ControlString => {}
                Within::Sequence => {
                    self.parse("\u{fffd}".as_bytes(), Some(*byte), give);
                }
            }
        }
    }

    /// Ends a sequence that is not complete.
    fn cancel(&mut self, give: Give) {
        if self.within != Within::Text {
            self.parse(&[CANCEL], None, give);
            self.within = Within::Text;
        }
    }

    /// Shows the parser bytes until a sequence ends; says how many that were.
    fn parse(&mut self, bytes: &[u8], raw: Option<u8>, give: Give) -> usize {
        let mut performer = Performer {
            grid: &mut self.grid,
            give,
            raw,
            within: Within::Sequence,
        };
        let taken = self.parser.advance_until_terminated(&mut performer, bytes);
        self.within = performer.within;
        taken
    }
}

/// vte's parser has no `Debug`.
impl fmt::Debug for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Screen")
            .field("within", &self.within)
            .field("partial", &self.partial)
            .field("grid", &self.grid)
            .finish_non_exhaustive()
    }
}

/// Whether a character may begin like this and go on.
fn is_beginning(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

/// Carries out what the parser finds. At the end of a sequence it stops, since text is written
/// faster without the parser. After a character it cannot: the parser may have gone on.
struct Performer<'a> {
    grid: &'a mut Grid,
    give: Give<'a>,
    /// The byte that is meant by the next character.
    raw: Option<u8>,
    within: Within,
}

impl vte::Perform for Performer<'_> {
    fn print(&mut self, c: char) {
        match self.raw.take() {
            Some(byte) => self.grid.put(&[byte], 1, self.give),
            None => self.grid.character(c, self.give),
        }
    }

    fn execute(&mut self, byte: u8) {
        self.grid.control(byte, self.give);
    }

    fn hook(&mut self, _params: &vte::Params, _intermediates: &[u8], _ignore: bool, _action: char) {
        self.within = Within::ControlString;
    }

    fn osc_dispatch(&mut self, _params: &[&[u8]], bell_terminated: bool) {
        if bell_terminated {
            self.within = Within::Text;
        }
    }

    fn csi_dispatch(
        &mut self,
        params: &vte::Params,
        intermediates: &[u8],
        ignore: bool,
        action: char,
    ) {
        self.within = Within::Text;
        match intermediates {
            _ if ignore => {}
            [] => {
                let mut numbers = params.iter().filter_map(|number| number.first().copied());
                let first = numbers.next().unwrap_or_default();
                let second = numbers.next().unwrap_or_default();
                self.grid.csi(action, first, second, self.give);
            }
            [b'?'] if matches!(action, 'h' | 'l') && is_other_screen(params) => {
                self.grid.flush(self.give);
            }
            _ => {}
        }
    }

    fn esc_dispatch(&mut self, intermediates: &[u8], ignore: bool, byte: u8) {
        self.within = Within::Text;
        if intermediates.is_empty() && !ignore {
            self.grid.escape(byte, self.give);
        }
    }

    fn terminated(&self) -> bool {
        self.within != Within::Sequence
    }
}

fn is_other_screen(params: &vte::Params) -> bool {
    params
        .iter()
        .any(|mode| matches!(mode, [47] | [1047] | [1049]))
}

/// For tests and the fuzzer.
#[cfg(any(test, fuzzing))]
impl Screen {
    /// The row the cursor is in, as it stands.
    pub(crate) fn row(&self) -> Vec<u8> {
        self.grid.line()
    }

    /// The cursor's column.
    pub(crate) fn column(&self) -> usize {
        self.grid.column()
    }

    /// What this thread's screens have cost since the last call, in cells and rows touched.
    pub(crate) fn take_steps() -> usize {
        steps::take()
    }

    /// How many cells and bytes are held.
    pub(crate) fn size(&self) -> usize {
        self.grid.size() + self.partial.len()
    }
}

#[cfg(test)]
#[path = "screen_tests.rs"]
mod tests;
