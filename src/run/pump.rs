//! Bytes of a pipe to lines, wherever the reads happen to cut them. Pure.

/// A line longer than this is given out in pieces, so that a program cannot fill the memory.
const LONGEST: usize = 64 * 1024;

/// Collects bytes until a line is whole.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    partial: Vec<u8>,
}

impl Lines {
    /// Gives every line that `bytes` completes, without its line ending.
    pub(crate) fn push(&mut self, bytes: &[u8], mut give: impl FnMut(&[u8])) {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            if self.partial.is_empty() {
                give(without_return(&rest[..end]));
            } else {
                self.partial.extend_from_slice(&rest[..end]);
                give(without_return(&self.partial));
                self.partial.clear();
            }
            rest = &rest[end + 1..];
        }
        self.partial.extend_from_slice(rest);
        if self.partial.len() > LONGEST {
            give(&self.partial);
            self.partial.clear();
        }
    }

    /// Gives what is left when the pipe ends.
    pub(crate) fn finish(&mut self, mut give: impl FnMut(&[u8])) {
        if !self.partial.is_empty() {
            give(without_return(&self.partial));
            self.partial.clear();
        }
    }
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &[&[u8]]) -> Vec<String> {
        let mut lines = Lines::default();
        let mut all = Vec::new();
        for chunk in chunks {
            lines.push(chunk, |line| {
                all.push(String::from_utf8_lossy(line).into_owned())
            });
        }
        lines.finish(|line| all.push(String::from_utf8_lossy(line).into_owned()));
        all
    }

    #[test]
    fn lines_do_not_depend_on_where_reads_cut() {
        let text = b"one\ntwo\r\n\nlast";
        let whole = lines(&[text]);
        assert_eq!(whole, ["one", "two", "", "last"]);
        for cut in 0..text.len() {
            assert_eq!(lines(&[&text[..cut], &text[cut..]]), whole, "cut at {cut}");
        }
    }

    #[test]
    fn a_line_without_end_comes_in_pieces() {
        let chunk = vec![b'x'; 10_000];
        let all = lines(&[chunk.as_slice(); 20]);
        assert_eq!(all.iter().map(String::len).sum::<usize>(), 200_000);
        assert!(all.iter().all(|line| line.len() <= LONGEST + 10_000));
    }
}
