//! An error on its way out of the evaluator.
//!
//! Whoever fails knows what is wrong, the expression around it knows where: the place is added on
//! the way up, by the innermost expression.

use std::rc::Rc;

use super::ast::{Span, Unsupported};
use super::source::Source;
use crate::error::Error;

pub(super) type Res<T> = std::result::Result<T, Fail>;

/// Boxed, because every step of the evaluation returns one.
#[derive(Debug)]
pub(super) struct Fail(Box<Inner>);

#[derive(Debug)]
struct Inner {
    message: String,
    hint: Option<String>,
    place: Option<(Rc<Source>, Span)>,
}

impl Fail {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            message: message.into(),
            hint: None,
            place: None,
        }))
    }

    pub(super) fn unsupported(refused: Unsupported) -> Self {
        Self::new(format!(
            "{} is not supported in configuration files",
            refused.what
        ))
        .hint(refused.instead)
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    pub(super) fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.0.hint = hint.or(self.0.hint);
        self
    }

    /// Says where, unless that is known already.
    pub(super) fn at(mut self, source: &Rc<Source>, span: Span) -> Self {
        self.0
            .place
            .get_or_insert_with(|| (Rc::clone(source), span));
        self
    }

    pub(super) fn into_error(self) -> Error {
        let Inner {
            message,
            hint,
            place,
        } = *self.0;
        let (place, excerpt) = match place {
            Some((source, span)) => (source.place(span), Some(source.excerpt(span))),
            None => (String::new(), None),
        };
        Error::Config {
            place,
            message,
            excerpt,
            hint,
        }
    }
}

/// `did you mean ...?`, when one of the candidates is alike.
pub(super) fn did_you_mean<'a>(
    name: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<String> {
    const ALIKE: f64 = 0.85;
    candidates
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(score, _)| *score >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))
        .map(|(_, candidate)| format!("did you mean `{candidate}`?"))
}
