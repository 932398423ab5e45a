//! One file's text: reading it with its bounds, and pointing into it.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::ast::Span;
use super::fail::{Fail, Res};

/// Far above any configuration, far below what hurts.
pub(super) const MAX_FILE: u64 = 1 << 20;

#[derive(Debug)]
pub(super) struct Source {
    /// As it was named, for messages and origins.
    pub(super) path: Arc<PathBuf>,
    pub(super) text: String,
    /// Its place among the sources of one evaluation.
    pub(super) index: u32,
    line_starts: Vec<u32>,
}

impl Source {
    pub(super) fn new(path: &Path, text: &str, index: u32) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        // Python knows one line end, whatever the file has.
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let starts = text.bytes().zip(1u32..).filter(|(byte, _)| *byte == b'\n');
        let line_starts = std::iter::once(0)
            .chain(starts.map(|(_, next)| next))
            .collect();
        Self {
            path: Arc::new(path.to_owned()),
            text,
            index,
            line_starts,
        }
    }

    /// Reads a regular file of bounded size: `include('/dev/zero')` must end.
    pub(super) fn read(path: &Path, index: u32) -> Res<Self> {
        let fail =
            |problem: String| Fail::new(format!("cannot read {}: {problem}", path.display()));
        let io = |error: std::io::Error| fail(error.to_string());
        let metadata = std::fs::metadata(path).map_err(io)?;
        if !metadata.is_file() {
            return Err(fail("not a regular file".to_owned()));
        }
        let mut bytes = Vec::new();
        std::fs::File::open(path)
            .and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes))
            .map_err(io)?;
        if bytes.len() as u64 > MAX_FILE {
            return Err(fail("larger than 1 MiB".to_owned()));
        }
        match std::str::from_utf8(&bytes) {
            Ok(text) => Ok(Self::new(path, text, index)),
            Err(error) => {
                let line = bytes[..error.valid_up_to()]
                    .iter()
                    .filter(|b| **b == b'\n')
                    .count()
                    + 1;
                Err(fail(format!("line {line} is not UTF-8")))
            }
        }
    }

    /// The line of an offset, from 1.
    pub(super) fn line(&self, offset: u32) -> u32 {
        let line = self.line_starts.partition_point(|start| *start <= offset);
        u32::try_from(line).unwrap_or(u32::MAX)
    }

    pub(super) fn whole_line(&self, line: u32) -> Span {
        let start = self
            .line_starts
            .get(line as usize - 1)
            .copied()
            .unwrap_or(0);
        let text = self.text.get(start as usize..).unwrap_or("");
        let len = text.lines().next().map_or(0, str::len);
        Span {
            start,
            end: start + u32::try_from(len).unwrap_or(0),
        }
    }

    /// `file:line:column`, the column in characters, from 1.
    pub(super) fn place(&self, span: Span) -> String {
        let line = self.line(span.start);
        let start = self.line_starts[line as usize - 1] as usize;
        let end = self.text.floor_char_boundary(span.start as usize);
        let before = self.text.get(start..end).unwrap_or("");
        format!(
            "{}:{line}:{}",
            self.path.display(),
            before.chars().count() + 1
        )
    }

    /// The first line of the span, with carets below.
    pub(super) fn excerpt(&self, span: Span) -> String {
        /// A generated line of a megabyte is not worth showing whole.
        const AROUND: usize = 100;
        let number = self.line(span.start) as usize;
        let start = self.line_starts[number - 1] as usize;
        let line = self.text[start..].lines().next().unwrap_or("");
        // The parser may point into the middle of a character that it cannot use.
        let from = line.floor_char_boundary(span.start as usize - start);
        let to = line.ceil_char_boundary((span.end as usize).saturating_sub(start));
        let window_start = line.floor_char_boundary(from.saturating_sub(AROUND));
        let window_end = line.ceil_char_boundary(from + AROUND);
        let window = &line[window_start..window_end];
        let to = to.min(window_end).max(from);
        let snippet = Snippet::source(window)
            .line_start(number)
            .annotation(AnnotationKind::Primary.span(from - window_start..to - window_start));
        let group = Group::with_level(Level::ERROR).element(snippet);
        Renderer::plain().render(&[group])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_middle_of_a_character_is_the_character() {
        let source = Source::new(Path::new("f.cfg"), "a\n x捖y", 0);
        for (start, end) in [(4, 5), (5, 6), (5, 99), (6, 6), (7, 8)] {
            let span = Span { start, end };
            let place = source.place(span);
            assert!(
                ["f.cfg:2:3", "f.cfg:2:4"].contains(&place.as_str()),
                "{place}"
            );
            assert!(source.excerpt(span).contains("2 |  x捖y"), "{start}");
        }
    }

    #[test]
    fn places_count_characters_from_one() {
        let source = Source::new(Path::new("f.cfg"), "\u{feff}a\r\nčř = x\rz", 0);
        assert_eq!(source.text, "a\nčř = x\nz");
        let x = u32::try_from(source.text.find('x').expect("in the text")).expect("small");
        assert_eq!(
            source.place(Span {
                start: x,
                end: x + 1
            }),
            "f.cfg:2:6"
        );
        assert_eq!(
            source.excerpt(Span {
                start: x,
                end: x + 1
            }),
            "  |\n2 | čř = x\n  |      ^"
        );
        let end = u32::try_from(source.text.len()).expect("small");
        assert_eq!(source.place(Span { start: end, end }), "f.cfg:3:2");
    }

    #[test]
    fn a_long_line_is_shown_in_part() {
        let text = format!("{}X{}", "a".repeat(5000), "b".repeat(5000));
        let source = Source::new(Path::new("f"), &text, 0);
        let excerpt = source.excerpt(Span {
            start: 5000,
            end: 9000,
        });
        assert!(excerpt.len() < 1000, "{excerpt}");
        assert!(excerpt.contains('X') && excerpt.contains('^'), "{excerpt}");
    }

    #[test]
    fn only_regular_files_are_read() {
        let message = |path: &str| {
            Source::read(Path::new(path), 0)
                .map(|_| ())
                .map_err(|fail| fail.into_error().to_string())
        };
        assert_eq!(
            message("/dev/zero"),
            Err("cannot read /dev/zero: not a regular file".to_owned())
        );
        assert_eq!(
            message("/"),
            Err("cannot read /: not a regular file".to_owned())
        );
    }
}
