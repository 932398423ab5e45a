//! One configuration file's text, and how to point into it.
//!
//! Reading is guarded: only a regular file of a sensible size is a configuration. A path may come
//! from a configuration of someone else, and `/dev/zero` must not be read to its end.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::value::Origin;
use crate::error::{Error, Result};

/// The largest file that is taken for a configuration, in bytes.
const SIZE_LIMIT: u64 = 4 << 20;

#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) path: Arc<PathBuf>,
    pub(super) text: String,
}

impl Source {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let error = |message: String| Error::Config {
            place: path.display().to_string(),
            message,
            excerpt: None,
            hint: None,
        };
        let metadata = path.metadata().map_err(|e| error(e.to_string()))?;
        if !metadata.is_file() || metadata.len() > SIZE_LIMIT {
            let message = "not a configuration file: not a regular file, or too large";
            return Err(error(message.to_owned()));
        }
        let bytes = fs_err::read(path).map_err(|e| error(e.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|e| {
            let before = &e.as_bytes()[..e.utf8_error().valid_up_to()];
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            error(format!("line {line} is not UTF-8"))
        })?;
        Ok(Self {
            path: Arc::new(path.to_owned()),
            text,
        })
    }

    pub(super) fn line(&self, offset: usize) -> u32 {
        line_and_column(&self.text, offset).0
    }

    pub(super) fn origin(&self, offset: usize) -> Origin {
        Origin::File {
            path: Arc::clone(&self.path),
            line: self.line(offset),
        }
    }

    /// An error that shows the place with a caret.
    pub(super) fn error(&self, span: Range<usize>, message: String, hint: Option<String>) -> Error {
        // The end of the file is shown where its last line ends.
        let start = span.start.min(self.text.trim_end().len());
        let span = start..span.end.max(start);
        let (line, column) = line_and_column(&self.text, span.start);
        let path = self.path.display().to_string();
        Error::Config {
            place: format!("{path}:{line}:{column}"),
            message,
            excerpt: Some(excerpt(&self.text, span, &path)),
            hint,
        }
    }
}

/// The line of `text` that `span` points into, with a caret below it.
pub(super) fn excerpt(text: &str, span: Range<usize>, path: &str) -> String {
    // The template engine may point into the middle of a character.
    let start = text.floor_char_boundary(span.start);
    let end = text.ceil_char_boundary(span.end.max(start));
    let snippet = Snippet::source(text)
        .path(path)
        .annotation(AnnotationKind::Primary.span(start..end));
    Renderer::plain().render(&[Group::with_level(Level::ERROR).element(snippet)])
}

/// Counted from one; the column in characters.
fn line_and_column(text: &str, offset: usize) -> (u32, u32) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    let small = |n| u32::try_from(n).unwrap_or(u32::MAX);
    (small(line), small(column))
}
