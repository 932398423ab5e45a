//! What a program's output leaves the user's terminal in. Pure.
//!
//! A line of mock's own may come between two reads, and a program may be ended between any two of
//! its bytes. So it is known at each point whether something may be drawn below the cursor, and
//! what has to be sent for the terminal to be as it was before the program.

/// A sequence with more parameters than this is not one of those that count here.
const LONGEST: usize = 16;

/// Where in a sequence of bytes the terminal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum At {
    #[default]
    Ground,
    /// So many bytes of a character are still to come.
    Character(u8),
    Escape,
    /// After `ESC` and an intermediate byte.
    Designation,
    /// After `ESC (`, which chooses the first set of characters.
    First,
    /// After `ESC [`.
    Control,
    /// A window title or the like, which ends with BEL or `ESC \`.
    Text,
}

#[derive(Debug, Default)]
pub(super) struct Terminal {
    at: At,
    parameters: Vec<u8>,
    /// How many rows of the program are below the cursor.
    below: u32,
    /// How much has been printed since the start of the row; none when that is not certain.
    printed: Option<usize>,
    /// It goes back to rows above, so it draws its rows again and again.
    draws_again: bool,
    coloured: bool,
    cursor_hidden: bool,
    /// Line drawing characters are on.
    shifted: bool,
    /// The usual characters are not those of the first set.
    designated: bool,
    /// The program means to go back to where it was.
    saved: bool,
}

impl Terminal {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some((&byte, after)) = rest.split_first() {
            if self.at == At::Ground {
                let plain = rest.iter().position(|byte| !matches!(byte, b' '..=b'~'));
                let length = plain.unwrap_or(rest.len());
                if length > 0 {
                    self.printed = self.printed.map(|printed| printed + length);
                    rest = &rest[length..];
                    continue;
                }
            }
            self.step(byte);
            rest = after;
        }
    }

    fn step(&mut self, byte: u8) {
        self.at = match (self.at, byte) {
            // Cancels any sequence.
            (_, 0x18 | 0x1a) => At::Ground,
            (_, 0x1b) => At::Escape,
            (At::Text, 0x07) => At::Ground,
            (At::Text, _) => At::Text,
            (at, 0x00..=0x1f) => {
                self.control(byte);
                match at {
                    At::Character(_) => At::Ground,
                    at => at,
                }
            }
            (At::Character(left), 0x80..=0xbf) if left > 1 => At::Character(left - 1),
            (At::Ground | At::Character(_), _) => {
                // How wide it is only the terminal knows.
                self.printed = None;
                match byte {
                    0xc2..=0xdf => At::Character(1),
                    0xe0..=0xef => At::Character(2),
                    0xf0..=0xf4 => At::Character(3),
                    _ => At::Ground,
                }
            }
            (At::Escape, b'[') => {
                self.parameters.clear();
                At::Control
            }
            (At::Escape, b']' | b'P' | b'X' | b'^' | b'_') => At::Text,
            (At::Escape, b'(') => At::First,
            (At::First, 0x30..=0x7e) => {
                self.designated = byte != b'B';
                At::Ground
            }
            (At::Escape | At::Designation | At::First, 0x20..=0x2f) => At::Designation,
            (At::Escape, _) => {
                self.escape(byte);
                At::Ground
            }
            (At::Designation | At::First, _) => At::Ground,
            (At::Control, 0x40..=0x7e) => {
                self.sequence(byte);
                At::Ground
            }
            (At::Control, _) => {
                if self.parameters.len() < LONGEST {
                    self.parameters.push(byte);
                }
                At::Control
            }
        };
    }

    fn control(&mut self, byte: u8) {
        self.printed = match byte {
            b'\r' | b'\n' => Some(0),
            0x08 | b'\t' | 0x0b | 0x0c => None,
            _ => self.printed,
        };
        match byte {
            b'\n' | 0x0b | 0x0c => self.below = self.below.saturating_sub(1),
            0x0e => self.shifted = true,
            0x0f => self.shifted = false,
            _ => {}
        }
    }

    fn escape(&mut self, byte: u8) {
        if matches!(byte, b'8' | b'E') {
            self.printed = None;
        }
        match byte {
            b'D' | b'E' => self.below = self.below.saturating_sub(1),
            b'M' => self.below = self.below.saturating_add(1),
            b'7' => self.saved = true,
            b'8' => self.saved = false,
            b'c' => *self = Self::default(),
            _ => {}
        }
    }

    /// `ESC [ parameters last`
    fn sequence(&mut self, last: u8) {
        let number = std::str::from_utf8(&self.parameters)
            .ok()
            .and_then(|text| text.parse().ok());
        let count = number.unwrap_or(1).max(1);
        if !matches!(last, b'A' | b'B' | b'J' | b'K' | b'm' | b'h' | b'l') {
            self.printed = None;
        }
        self.draws_again |= matches!(last, b'A' | b'F');
        match last {
            b'A' | b'F' => self.below = self.below.saturating_add(count),
            b'B' | b'E' => self.below = self.below.saturating_sub(count),
            // To anywhere on the screen.
            b'H' | b'f' | b'd' => self.below = u32::MAX,
            // The rest of the screen, or all of it, is empty now.
            b'J' if number != Some(1) => self.below = 0,
            b's' => self.saved = true,
            b'u' => self.saved = false,
            b'm' => self.coloured = !self.parameters.iter().all(|byte| *byte == b'0'),
            b'l' if self.parameters == b"?25" => self.cursor_hidden = true,
            b'h' if self.parameters == b"?25" => self.cursor_hidden = false,
            _ => {}
        }
    }

    /// Whether the row below the cursor is free, and the terminal, which is so wide, waits for
    /// something new.
    pub(super) fn is_free_below(&self, columns: usize) -> bool {
        self.at == At::Ground && self.below == 0 && !self.saved && !self.is_about_to_wrap(columns)
    }

    /// The next character begins a row. To go away and come back would make the terminal forget
    /// that; who draws the whole row again does not care.
    fn is_about_to_wrap(&self, columns: usize) -> bool {
        let full = |printed: usize| printed > 0 && printed.is_multiple_of(columns.max(1));
        !self.draws_again && self.printed.is_some_and(full)
    }

    /// What makes the terminal as it was before the program; its output is over.
    pub(super) fn settle(&mut self) -> Vec<u8> {
        let this = std::mem::take(self);
        let mut bytes = Vec::new();
        let mut send = |needed: bool, sequence: &[u8]| {
            if needed {
                bytes.extend_from_slice(sequence);
            }
        };
        send(!matches!(this.at, At::Ground | At::Character(_)), b"\x18");
        send(this.coloured, b"\x1b[m");
        send(this.shifted, b"\x0f");
        send(this.designated, b"\x1b(B");
        // Rows that it had not drawn again yet.
        send(this.below > 0, b"\x1b[J");
        send(this.cursor_hidden, b"\x1b[?25h");
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(chunks: &[&[u8]]) -> Terminal {
        let mut terminal = Terminal::default();
        chunks.iter().for_each(|chunk| terminal.push(chunk));
        terminal
    }

    #[test]
    fn nothing_is_drawn_inside_a_sequence() {
        let free = |bytes: &[u8]| after(&[bytes]).is_free_below(40);
        for bytes in [
            b"".as_slice(),
            b"text",
            b"text\n",
            b"\r 5% [==",
            b"\x1b[1mbold",
            b"\x1b(B",
            b"\x1b]0;title\x07",
            b"\x1b]0;title\x1b\\",
            b"caf\xc3\xa9",
            b"\xe2\x82\xac",
            b"\xff\xfe",
            b"\xc3\n",
            b"\x1b[\x18",
        ] {
            assert!(free(bytes), "{:?}", String::from_utf8_lossy(bytes));
        }
        for bytes in [
            b"\x1b".as_slice(),
            b"\x1b[",
            b"\x1b[31",
            b"\x1b(",
            b"\x1b]0;ti",
            b"\x1b]0;ti\x1b",
            b"caf\xc3",
            b"\xe2\x82",
        ] {
            assert!(!free(bytes), "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn where_reads_cut_does_not_matter() {
        let text = b"one\xe2\x82\xac\x1b[1;31mtwo\x1b]0;t\x07\x1b[3A\r\x1b[?25l";
        for cut in 0..text.len() {
            let terminal = after(&[&text[..cut], &text[cut..]]);
            assert_eq!(terminal.below, 3, "{cut}");
            assert!(terminal.coloured && terminal.cursor_hidden, "{cut}");
        }
    }

    #[test]
    fn rows_below_the_cursor_are_the_programs() {
        let free = |bytes: &[u8]| after(&[bytes]).is_free_below(40);
        assert!(!free(b"a\nb\nc\x1b[2A\r"));
        assert!(!free(b"a\nb\nc\x1b[2A\rA\n"));
        assert!(free(b"a\nb\nc\x1b[2A\rA\nB\nC"));
        assert!(free(b"a\nb\x1b[A\x1b[B"));
        assert!(free(b"a\nb\x1b[A\r\x1b[0J"));
        assert!(free(b"a\nb\x1b[A\r\x1b[J"));
        assert!(!free(b"a\nb\x1b[A\r\x1b[1J"));
        assert!(!free(b"\x1b[5;5Hmenu"));
        assert!(free(b"\x1b[H\x1b[2Jtext"));
        assert!(!free(b"\x1b7 away"));
        assert!(free(b"\x1b7 away \x1b8"));
    }

    #[test]
    fn a_full_row_is_left_alone() {
        let free = |bytes: &[u8]| after(&[b"\r", bytes]).is_free_below(5);
        assert!(free(b"1234"));
        assert!(!free(b"12345"));
        assert!(!free(b"\x1b[31m12345\x1b[m"));
        assert!(!free(b"1234567890"));
        assert!(free(b"123456"));
        assert!(free(b"12345\n"));
        assert!(free(b"12345\r"));
        assert!(free(b"1\n2\x1b[A\r\x1b[J12345"));
    }

    #[test]
    fn what_a_program_left_is_undone() {
        let settled = |bytes: &[u8]| after(&[bytes]).settle();
        assert_eq!(settled(b"text\n"), b"");
        assert_eq!(settled(b"\x1b[1mbold\x1b[m\x0f"), b"");
        assert_eq!(settled(b"\x1b[31mred\x1b[0m"), b"");
        assert_eq!(settled(b"\x1b[31mred"), b"\x1b[m");
        assert_eq!(settled(b"\x1b[?25l 5%"), b"\x1b[?25h");
        assert_eq!(settled(b"\x1b[?25l 5%\x1b[?25h"), b"");
        assert_eq!(settled(b"\x0e\x1b[1"), b"\x18\x0f");
        assert_eq!(settled(b"\x1b(0lqk"), b"\x1b(B");
        assert_eq!(settled(b"\x1b(0lqk\x1b(B"), b"");
        assert_eq!(settled(b"a\nb\nc\x1b[2A\r"), b"\x1b[J");
    }
}
