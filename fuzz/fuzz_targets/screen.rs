//! The screen that a program's output is resolved on, with any bytes: where reads cut them makes no
//! difference, what is held and given out is bounded, and the cost is linear.
#![no_main]

#[path = "../../src/run/screen.rs"]
mod screen;

use libfuzzer_sys::fuzz_target;
use screen::{Screen, Size};

const LONGEST: usize = 64 * 1024;

/// What came of some output: lines, and the row and the column before the end.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    lines: Vec<Vec<u8>>,
    row: Vec<u8>,
    column: usize,
}

// The size, the width the terminal gets in the middle, and how reads cut, in front of the output.
fuzz_target!(|data: &[u8]| {
    let Some(([rows, columns, later, cut], bytes)) = data.split_first_chunk() else {
        return;
    };
    let size = Size {
        rows: 1 + u16::from(rows % 8),
        columns: u16::from(*columns),
    };
    let later = u16::from(*later);
    let whole = run(size, later, bytes, &mut usize::MAX.clone());
    assert_eq!(run(size, later, bytes, &mut 1), whole);
    assert_eq!(run(size, later, bytes, &mut usize::from(*cut)), whole);
    if is_plain(bytes) {
        let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        if lines.last().is_some_and(|last| last.is_empty()) {
            lines.pop();
        }
        assert_eq!(whole.lines, lines);
    }
});

/// Without controls, also those that are encoded in two bytes.
fn is_plain(bytes: &[u8]) -> bool {
    bytes.len() < LONGEST
        && bytes
            .iter()
            .all(|byte| matches!(byte, b'\n' | b' '..=b'~' | 0x80..=0xc1 | 0xc3..))
}

fn run(size: Size, later: u16, bytes: &[u8], cut: &mut usize) -> Outcome {
    Screen::take_steps();
    let mut screen = Screen::new(size.rows, size.columns);
    let mut lines = Vec::new();
    let (first, second) = bytes.split_at(bytes.len() / 2);
    push(&mut screen, size, first, cut, &mut lines);
    screen.resize(later);
    push(&mut screen, size, second, cut, &mut lines);
    let (row, column) = (screen.row(), screen.column());
    screen.finish(|line| lines.push(line.to_vec()));

    let width = usize::from(size.columns.max(later).max(80));
    let allowed = (bytes.len() + 1) * (width + usize::from(size.rows) + 16);
    let written: usize = lines.iter().map(|line| line.len() + 1).sum();
    assert!(written <= allowed, "{written} bytes of {}", bytes.len());
    let steps = Screen::take_steps();
    assert!(steps <= allowed, "{steps} steps for {} bytes", bytes.len());
    Outcome { lines, row, column }
}

/// Reads of `cut` bytes and more, each another number.
fn push(screen: &mut Screen, size: Size, bytes: &[u8], cut: &mut usize, lines: &mut Vec<Vec<u8>>) {
    let mut rest = bytes;
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at((*cut).clamp(1, rest.len()));
        screen.push(chunk, |line| lines.push(line.to_vec()));
        assert!(screen.size() <= usize::from(size.rows) * LONGEST + 3);
        rest = after;
        if (2..usize::MAX).contains(cut) {
            *cut = (*cut * 5 + 3) % 61 + 2;
        }
    }
}
