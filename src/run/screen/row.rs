//! One row of a screen: what was written, or a cell for each column once it is written over.

use std::borrow::Cow;
use std::ops::Range;

use unicode_width::UnicodeWidthChar;

use super::steps::steps;

/// A line longer than this is given out in pieces, so that a program cannot fill the memory.
/// Counts columns, and bytes where the row is still bytes.
const LONGEST: usize = 64 * 1024;
/// Bytes of one cell: a character, and as many joining marks as fit.
const CELL_BYTES: usize = 14;
pub(super) const TAB: u8 = b'\t';
pub(super) const TAB_STOP: usize = 8;

#[derive(Debug, Default)]
pub(super) struct Row {
    /// Written over or erased. Of such a row spaces at the end are not given out: they are there
    /// to cover what was longer.
    pub(super) edited: bool,
    /// What was written, as long as that was always to the end; how many columns it takes.
    bytes: Vec<u8>,
    width: usize,
    /// In place of the bytes, one for each column.
    cells: Option<Vec<Cell>>,
}

impl Row {
    pub(super) fn width(&self) -> usize {
        self.cells.as_ref().map_or(self.width, Vec::len)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.width() == 0
    }

    /// The row as a line of the log.
    pub(super) fn line(&self) -> Cow<'_, [u8]> {
        match &self.cells {
            None if self.edited => Cow::Borrowed(trimmed(&self.bytes)),
            None => Cow::Borrowed(&self.bytes),
            Some(cells) => {
                let mut line = Vec::with_capacity(cells.len());
                for cell in cells {
                    line.extend_from_slice(cell.bytes());
                }
                line.truncate(trimmed(&line).len());
                Cow::Owned(line)
            }
        }
    }

    /// How many columns, and bytes, there is room for from `column` on.
    pub(super) fn room(&self, column: usize) -> usize {
        let taken = match self.is_plain_to(column) {
            true => self.bytes.len().max(column),
            false => column,
        };
        LONGEST.saturating_sub(taken)
    }

    /// Whether the row is bytes, and ends at `column`.
    pub(super) fn is_plain_to(&self, column: usize) -> bool {
        self.cells.is_none() && self.width == column
    }

    /// Puts more at the end of a row that is bytes.
    pub(super) fn append(&mut self, text: &[u8], width: usize) {
        steps(1);
        self.bytes.extend_from_slice(text);
        self.width += width;
    }

    /// Replaces what is at `column`; without a width, joins what is before it.
    pub(super) fn overwrite(&mut self, column: usize, text: &[u8], width: usize) {
        let cells = self.cells();
        steps(1 + width + column.saturating_sub(cells.len()));
        if width == 0 {
            return join(cells.get_mut(..column).unwrap_or_default(), text);
        }
        let end = column + width;
        cut(cells, column);
        cut(cells, end);
        if cells.len() < end {
            cells.resize(end, Cell::Blank);
        }
        cells[column..end].fill(Cell::Rest);
        cells[column] = Cell::text(text);
    }

    /// Erases all from `column` on.
    pub(super) fn truncate(&mut self, column: usize) {
        if column == 0 {
            // Erasing is what redrawing begins with: the row is bytes again, which is cheap.
            *self = Self {
                edited: true,
                ..Self::default()
            };
        } else if column < self.width() {
            let cells = self.cells();
            cut(cells, column);
            cells.truncate(column);
        }
    }

    pub(super) fn erase(&mut self, columns: Range<usize>) {
        if columns.end >= self.width() {
            self.truncate(columns.start);
        } else if columns.start < columns.end {
            let cells = self.cells();
            steps(columns.len());
            cut(cells, columns.start);
            cut(cells, columns.end);
            cells[columns].fill(Cell::Blank);
        }
    }

    /// Takes `count` cells out at the beginning of `columns`; the others there move left.
    pub(super) fn delete(&mut self, columns: Range<usize>, count: usize) {
        let columns = columns.start..columns.end.min(self.width());
        let count = count.min(columns.len());
        if count > 0 {
            let cells = self.cells();
            steps(columns.len());
            cut(cells, columns.start);
            cut(cells, columns.start + count);
            cut(cells, columns.end);
            let moved = &mut cells[columns];
            blank_tabs(moved);
            moved[..count].fill(Cell::Blank);
            moved.rotate_left(count);
        }
    }

    /// Puts `count` blanks at the beginning of `columns`; the others there move right, and are
    /// lost where `columns` ends.
    pub(super) fn insert(&mut self, columns: Range<usize>, count: usize) {
        let count = count.min(columns.len());
        if count > 0 && columns.start < self.width() {
            let cells = self.cells();
            steps(columns.len());
            if cells.len() < columns.end {
                cells.resize(columns.end.min(cells.len() + count), Cell::Blank);
            }
            let columns = columns.start..columns.end.min(cells.len());
            cut(cells, columns.start);
            cut(cells, columns.end - count);
            cut(cells, columns.end);
            let moved = &mut cells[columns];
            blank_tabs(moved);
            moved.rotate_right(count);
            moved[..count].fill(Cell::Blank);
        }
    }

    #[cfg(any(test, fuzzing))]
    pub(super) fn size(&self) -> usize {
        self.bytes.len() + self.cells.as_ref().map_or(0, Vec::len)
    }

    /// The row as cells, for a change. There are as many as the row has columns, even if bytes that
    /// were none when they came, since a sequence was between them, are a character now.
    fn cells(&mut self) -> &mut Vec<Cell> {
        self.edited = true;
        self.cells.get_or_insert_with(|| {
            steps(self.bytes.len().max(self.width));
            let mut cells = to_cells(&std::mem::take(&mut self.bytes));
            cells.resize(self.width, Cell::Blank);
            cells
        })
    }
}

fn trimmed(line: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| matches!(*byte, b' ' | TAB);
    let end = line.iter().rposition(|byte| !is_blank(byte));
    &line[..end.map_or(0, |last| last + 1)]
}

fn to_cells(bytes: &[u8]) -> Vec<Cell> {
    let mut cells = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            let width = match c {
                '\t' => TAB_STOP - cells.len() % TAB_STOP,
                _ => c.width().unwrap_or_default().min(2),
            };
            let text = &mut [0; 4];
            let text = c.encode_utf8(text).as_bytes();
            if width == 0 {
                join(&mut cells, text);
            } else {
                cells.push(Cell::text(text));
                cells.resize(cells.len() + width - 1, Cell::Rest);
            }
        }
        cells.extend(chunk.invalid().iter().map(|byte| Cell::text(&[*byte])));
    }
    cells
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    /// Nothing was written here, or it was erased.
    Blank,
    /// A character with the marks that join it, or a tab, or a byte that is not UTF-8.
    Text(Text),
    /// Belongs to the wide character or the tab to the left.
    Rest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Text {
    bytes: [u8; CELL_BYTES],
    length: u8,
}

impl Cell {
    fn text(text: &[u8]) -> Self {
        let mut cell = Text {
            bytes: [0; CELL_BYTES],
            length: 0,
        };
        cell.push(text);
        Self::Text(cell)
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Blank => b" ",
            Self::Text(text) => text.as_bytes(),
            Self::Rest => b"",
        }
    }

    fn is_tab(&self) -> bool {
        matches!(self, Self::Text(text) if text.as_bytes() == [TAB])
    }
}

impl Text {
    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// What does not fit is left out.
    fn push(&mut self, more: &[u8]) {
        let start = usize::from(self.length);
        if let Some(place) = self.bytes.get_mut(start..start + more.len()) {
            place.copy_from_slice(more);
            self.length += more.len() as u8;
        }
    }
}

/// Joins a mark to the last character of `cells`. On nothing, or on a tab, it would not be seen.
fn join(cells: &mut [Cell], mark: &[u8]) {
    let last = cells.iter_mut().rfind(|cell| **cell != Cell::Rest);
    if let Some(cell) = last
        && !cell.is_tab()
        && let Cell::Text(text) = cell
    {
        text.push(mark);
    }
}

/// Nothing may span the border on the left of `column`: what does is blanked.
fn cut(cells: &mut [Cell], column: usize) {
    if cells.get(column) == Some(&Cell::Rest) {
        let is_rest = |cell: &Cell| *cell == Cell::Rest;
        let (before, after) = cells.split_at(column);
        let start = before.iter().rposition(|cell| !is_rest(cell)).unwrap_or(0);
        let more = after.iter().take_while(|cell| is_rest(cell)).count();
        cells[start..column + more].fill(Cell::Blank);
    }
}

/// A tab that is moved would have another width: what it stands for is blanks.
fn blank_tabs(cells: &mut [Cell]) {
    let mut within = false;
    for cell in cells {
        within = cell.is_tab() || (within && *cell == Cell::Rest);
        if within {
            *cell = Cell::Blank;
        }
    }
}
