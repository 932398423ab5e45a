//! The end of a program's output, kept for finding the cause of a failure.
//!
//! Bounded in lines and bytes whatever a build prints; the memory of lines that fall off the
//! front is used again, because a gigabyte of output has ten million lines.

use std::collections::VecDeque;

const LINES: usize = 4000;
const BYTES: usize = 512 * 1024;
/// Nothing decisive stands further right, and one minified file must not push out all the rest.
const LINE_BYTES: usize = 4096;

#[derive(Debug, Default)]
pub(super) struct Tail {
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
}

impl Tail {
    pub(super) fn push(&mut self, line: &[u8]) {
        let line = &line[..line.len().min(LINE_BYTES)];
        let mut slot = Vec::new();
        while self.lines.len() >= LINES || self.bytes + line.len() > BYTES {
            let Some(old) = self.lines.pop_front() else {
                break;
            };
            self.bytes -= old.len();
            slot = old;
        }
        slot.clear();
        // A short line in a long line's memory would make the bound a lie.
        if slot.capacity() > 2 * line.len() + 256 {
            slot = Vec::new();
        }
        slot.extend_from_slice(line);
        self.bytes += line.len();
        self.lines.push_back(slot);
    }

    /// The lines as text; bytes that are not UTF-8 are replaced.
    pub(super) fn text(&self) -> Vec<String> {
        self.lines
            .iter()
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_stay() {
        let mut tail = Tail::default();
        for number in 0..LINES + 5 {
            tail.push(number.to_string().as_bytes());
        }
        let text = tail.text();
        assert_eq!(text.len(), LINES);
        assert_eq!(text[0], "5");
        assert_eq!(text[LINES - 1], (LINES + 4).to_string());
    }

    #[test]
    fn long_lines_are_cut_and_bytes_are_bounded() {
        let mut tail = Tail::default();
        for _ in 0..1000 {
            tail.push(&vec![b'x'; 1_000_000]);
        }
        assert_eq!(tail.text().len(), BYTES / LINE_BYTES);
        assert!(tail.text().iter().all(|line| line.len() == LINE_BYTES));
        for _ in 0..LINES {
            tail.push(b"");
        }
        let held: usize = tail.lines.iter().map(Vec::capacity).sum();
        assert!(held <= BYTES, "{held}");
    }

    #[test]
    fn text_is_lossy() {
        let mut tail = Tail::default();
        tail.push(b"caf\xe9");
        assert_eq!(tail.text(), ["caf\u{fffd}"]);
    }
}
