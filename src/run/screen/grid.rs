//! The rows of a screen that can still change, and the cursor.

use std::collections::VecDeque;

use unicode_width::UnicodeWidthChar;

use super::row::{Row, TAB, TAB_STOP};
use super::steps::steps;
use super::{ESCAPE, Give};

/// Programs that are not told a width take this one.
const USUAL_COLUMNS: usize = 80;

const BACKSPACE: u8 = 0x08;
const LINE_FEED: u8 = b'\n';
const VERTICAL_TAB: u8 = 0x0b;
const FORM_FEED: u8 = 0x0c;
const RETURN: u8 = b'\r';

#[derive(Debug, Clone, Copy, Default)]
struct Position {
    row: usize,
    column: usize,
}

/// The rows that can still change. Rows below the last one that was ever in use do not exist yet.
#[derive(Debug)]
pub(super) struct Grid {
    rows: VecDeque<Row>,
    held: usize,
    /// Movements and edits stay left of this column.
    margin: usize,
    at: Position,
    saved: Position,
}

impl Grid {
    pub(super) fn new(held: u16, columns: u16) -> Self {
        Self {
            rows: VecDeque::new(),
            held: usize::from(held.max(1)),
            margin: margin(columns),
            at: Position::default(),
            saved: Position::default(),
        }
    }

    pub(super) fn resize(&mut self, columns: u16) {
        self.margin = margin(columns);
        self.settle();
    }
}

/// For tests and the fuzzer.
#[cfg(any(test, fuzzing))]
impl Grid {
    /// The row the cursor is in.
    pub(super) fn line(&self) -> Vec<u8> {
        let row = self.rows.get(self.at.row);
        row.map_or_else(Vec::new, |row| row.line().into_owned())
    }

    pub(super) fn column(&self) -> usize {
        self.at.column
    }

    pub(super) fn size(&self) -> usize {
        self.rows.iter().map(Row::size).sum()
    }
}

fn margin(columns: u16) -> usize {
    usize::from(columns).max(USUAL_COLUMNS)
}

/// Writing.
impl Grid {
    /// Writes a part of a line and obeys its controls, up to an escape; says how much that is.
    pub(super) fn write(&mut self, text: &str, give: Give) -> usize {
        let mut rest = text;
        loop {
            let bytes = rest.as_bytes();
            let run = bytes
                .iter()
                .position(|byte| !(b' '..=b'~').contains(byte))
                .unwrap_or(bytes.len());
            self.run(&bytes[..run], give);
            rest = rest.get(run..).unwrap_or_default();
            match rest.chars().next() {
                None => return text.len(),
                Some(c) if c == char::from(ESCAPE) => return text.len() - rest.len(),
                Some(c) => {
                    self.character(c, give);
                    rest = rest.get(c.len_utf8()..).unwrap_or_default();
                }
            }
        }
    }

    /// Writes ASCII without controls.
    fn run(&mut self, run: &[u8], give: Give) {
        let mut rest = run;
        while !rest.is_empty() {
            let column = self.at.column;
            let room = self.row().room(column);
            if room == 0 {
                self.piece(give);
                continue;
            }
            let (part, after) = rest.split_at(rest.len().min(room));
            let row = self.row();
            if row.is_plain_to(column) {
                row.append(part, part.len());
            } else {
                for (nth, byte) in part.iter().enumerate() {
                    row.overwrite(column + nth, &[*byte], 1);
                }
            }
            self.at.column += part.len();
            rest = after;
        }
    }

    pub(super) fn character(&mut self, c: char, give: Give) {
        match u8::try_from(c) {
            Ok(byte) if byte.is_ascii_control() => self.control(byte, give),
            // Those above ASCII, in UTF-8: terminals do not agree on them, none is printed.
            _ if c.is_control() => {}
            _ => {
                let width = c.width().unwrap_or_default().min(2);
                self.put(c.encode_utf8(&mut [0; 4]).as_bytes(), width, give);
            }
        }
    }

    /// Writes one character, or one byte that is none, at the cursor.
    pub(super) fn put(&mut self, text: &[u8], width: usize, give: Give) {
        let mut column = self.at.column;
        if self.row().room(column) < width.max(text.len()) {
            self.piece(give);
            column = 0;
        }
        let row = self.row();
        if row.is_plain_to(column) {
            row.append(text, width);
        } else {
            row.overwrite(column, text, width);
        }
        self.at.column = column + width;
    }

    pub(super) fn control(&mut self, byte: u8, give: Give) {
        match byte {
            LINE_FEED | VERTICAL_TAB | FORM_FEED => self.next_line(give),
            RETURN => self.carriage_return(),
            BACKSPACE => self.at.column = self.at.column.saturating_sub(1),
            TAB => self.tab(give),
            _ => {}
        }
    }

    /// A return before anything else is how progress bars begin: also one that has only its last
    /// state to show is padded, like those that are drawn over.
    fn carriage_return(&mut self) {
        self.at.column = 0;
        let row = self.row();
        if row.is_empty() {
            row.edited = true;
        }
    }

    /// A tab only moves the cursor. At the end of a row it is kept as it is, for the log.
    fn tab(&mut self, give: Give) {
        let column = self.at.column;
        let width = TAB_STOP - column % TAB_STOP;
        if column < self.row().width() {
            self.at.column += width;
        } else if self.row().room(column) < width {
            self.piece(give);
            self.put(&[TAB], TAB_STOP, give);
        } else {
            self.put(&[TAB], width, give);
        }
    }

    pub(super) fn next_line(&mut self, give: Give) {
        self.index(give);
        self.at.column = 0;
    }

    /// One row down; at the last one the screen scrolls.
    fn index(&mut self, give: Give) {
        // The row is there from now on, even when nothing is in it.
        self.row();
        if self.at.row + 1 < self.held {
            self.at.row += 1;
        } else {
            self.give_top(give);
        }
    }

    /// One row up; at the first one the screen scrolls.
    fn reverse_index(&mut self) {
        match self.at.row.checked_sub(1) {
            Some(row) => self.at.row = row,
            None => self.scroll_down(1),
        }
    }

    /// The row that the cursor is in.
    fn row(&mut self) -> &mut Row {
        let missing = (self.at.row + 1).saturating_sub(self.rows.len());
        steps(1 + missing);
        if missing > 0 {
            self.rows.resize_with(self.at.row + 1, Row::default);
        }
        &mut self.rows[self.at.row]
    }
}

/// Giving out.
impl Grid {
    fn give_top(&mut self, give: Give) {
        if let Some(row) = self.rows.pop_front() {
            steps(row.width());
            give(&row.line());
        }
    }

    /// The cursor's row is as long as one may be: it is given out, and those above it before.
    fn piece(&mut self, give: Give) {
        for _ in 0..=self.at.row {
            self.give_top(give);
        }
        self.at = Position::default();
    }

    /// Everything is given out. Rows that were never written, or wiped, at the end are not.
    pub(super) fn flush(&mut self, give: Give) {
        while self.rows.len() > self.at.row
            && let Some(last) = self.rows.back()
        {
            steps(1 + last.width());
            if !last.line().is_empty() {
                break;
            }
            self.rows.pop_back();
        }
        while !self.rows.is_empty() {
            self.give_top(give);
        }
        self.at.row = 0;
        self.settle();
    }

    pub(super) fn reset(&mut self, give: Give) {
        self.flush(give);
        self.at = Position::default();
        self.saved = Position::default();
    }
}

/// Escape sequences.
impl Grid {
    pub(super) fn escape(&mut self, byte: u8, give: Give) {
        match byte {
            b'7' => self.saved = self.at,
            b'8' => self.restore(),
            b'D' => self.index(give),
            b'E' => self.next_line(give),
            b'M' => self.reverse_index(),
            b'c' => self.reset(give),
            _ => {}
        }
        self.settle();
    }

    /// `first` and `second` are 0 where they are not said.
    pub(super) fn csi(&mut self, action: char, first: u16, second: u16, give: Give) {
        let count = usize::from(first.max(1));
        match action {
            'A' => self.at.row = self.at.row.saturating_sub(count),
            'B' => self.go_to_row(self.at.row + count),
            'C' => self.forward(count),
            'D' => self.at.column = self.at.column.saturating_sub(count),
            'E' => {
                self.go_to_row(self.at.row + count);
                self.at.column = 0;
            }
            'F' => {
                self.at.row = self.at.row.saturating_sub(count);
                self.at.column = 0;
            }
            'G' | '`' => self.go_to_column(count - 1),
            'd' => self.go_to_row(count - 1),
            'H' | 'f' => {
                self.go_to_row(count - 1);
                self.go_to_column(usize::from(second.max(1)) - 1);
            }
            'J' => self.erase_in_display(first, give),
            'K' => self.erase_in_line(first),
            'X' => self.edit(|row, at, margin| row.erase(at..margin.min(at + count))),
            'P' => self.edit(|row, at, margin| row.delete(at..margin, count)),
            '@' => self.edit(|row, at, margin| row.insert(at..margin, count)),
            'L' => self.insert_rows(count),
            'M' => self.delete_rows(count),
            'S' => self.scroll_up(count, give),
            'T' => self.scroll_down(count),
            's' => self.saved = self.at,
            'u' => self.restore(),
            _ => {}
        }
        self.settle();
    }

    fn go_to_row(&mut self, row: usize) {
        self.at.row = row.min(self.held - 1);
    }

    fn go_to_column(&mut self, column: usize) {
        self.at.column = column.min(self.margin - 1);
    }

    /// Stays where it is when text has already led past the margin.
    fn forward(&mut self, count: usize) {
        let column = (self.at.column + count).min(self.margin - 1);
        self.at.column = column.max(self.at.column);
    }

    fn restore(&mut self) {
        self.at = self.saved;
    }

    /// Beyond the margin the cursor can only be where there is text: from another row's end, or
    /// from text that is gone, it comes back. Otherwise one more byte would fill the gap.
    fn settle(&mut self) {
        let width = self.rows.get(self.at.row).map_or(0, Row::width);
        self.at.column = self.at.column.min(width.max(self.margin - 1));
    }

    /// Changes the cursor's row, if there is anything in it.
    fn edit(&mut self, change: impl FnOnce(&mut Row, usize, usize)) {
        if let Some(row) = self.rows.get_mut(self.at.row) {
            change(row, self.at.column, self.margin);
        }
    }

    fn erase_in_line(&mut self, which: u16) {
        match which {
            0 => self.edit(|row, at, _| row.truncate(at)),
            1 => self.edit(|row, at, margin| row.erase(0..margin.min(at + 1))),
            2 => self.edit(|row, _, _| row.truncate(0)),
            _ => {}
        }
    }

    fn erase_in_display(&mut self, which: u16, give: Give) {
        match which {
            0 => {
                self.erase_in_line(0);
                self.rows.truncate(self.at.row + 1);
            }
            1 => {
                for row in self.rows.iter_mut().take(self.at.row) {
                    row.truncate(0);
                }
                self.erase_in_line(1);
                steps(self.held);
            }
            // 3 is the scrollback, which is the log.
            2 | 3 => self.flush(give),
            _ => {}
        }
    }

    /// Rows that leave the screen at its lower end are lost, as on a terminal.
    fn insert_rows(&mut self, count: usize) {
        self.at.column = 0;
        let at = self.at.row;
        if at < self.rows.len() {
            let below = self.rows.split_off(at);
            let count = count.min(self.held - at);
            self.rows.resize_with(at + count, Row::default);
            self.rows.extend(below);
            self.rows.truncate(self.held);
            steps(self.held);
        }
    }

    fn delete_rows(&mut self, count: usize) {
        self.at.column = 0;
        let at = self.at.row.min(self.rows.len());
        let end = (at + count).min(self.rows.len());
        self.rows.drain(at..end);
        steps(self.held);
    }

    fn scroll_up(&mut self, count: usize, give: Give) {
        for _ in 0..count.min(self.rows.len()) {
            self.give_top(give);
        }
    }

    fn scroll_down(&mut self, count: usize) {
        for _ in 0..count.min(self.held) {
            self.rows.push_front(Row::default());
        }
        self.rows.truncate(self.held);
        steps(self.held);
    }
}
