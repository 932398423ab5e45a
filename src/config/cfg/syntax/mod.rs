//! From text to the tree: the only place that knows which parser is used.
//!
//! The parser is `ruff_python_parser`. Its trees are walked and dropped recursively, so the text
//! is measured first ([`nesting`]) and refused when its tree could be deep; what passes is
//! converted into the tree of [`super::ast`] and forgotten.

mod expr;
mod nesting;
mod stmt;

use std::rc::Rc;

use ruff_python_ast::Mod;
use ruff_python_ast::StringFlags;
use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{
    LexicalErrorType, Mode, ParseError, ParseErrorType, ParseOptions, Parsed, parse_unchecked,
};
use ruff_text_size::{Ranged, TextRange};

use self::nesting::TooDeep;
use super::ast::{Module, Span, StringToken};
use super::fail::{Fail, Res};
use super::source::Source;

pub(super) fn parse(source: &Rc<Source>) -> Res<Module> {
    if let Some(too_deep) = nesting::too_deep(&source.text) {
        let (start, message) = match too_deep {
            TooDeep::Here(offset) => (offset, "nested too deeply"),
            TooDeep::InBracket(offset) => (
                offset,
                "this bracket is not closed, or what it encloses is nested too deeply",
            ),
        };
        let span = Span {
            start,
            end: start + 1,
        };
        return Err(Fail::new(format!("syntax error: {message}")).at(source, span));
    }
    let parsed = parse_unchecked(&source.text, ParseOptions::from(Mode::Module));
    if let Some(error) = parsed.errors().first() {
        return Err(syntax_error(source, &parsed, error));
    }
    let strings = strings(&parsed);
    let Mod::Module(module) = parsed.into_syntax() else {
        return Err(Fail::new("not a module"));
    };
    Ok(Module {
        body: stmt::block(&module.body),
        strings,
    })
}

fn syntax_error(source: &Rc<Source>, parsed: &Parsed<Mod>, error: &ParseError) -> Fail {
    let mut span = span(error.location);
    let mut hint = None;
    let message = match &error.error {
        ParseErrorType::Lexical(LexicalErrorType::UnclosedStringError) => {
            "this string is not closed".to_owned()
        }
        ParseErrorType::Lexical(LexicalErrorType::UnrecognizedToken { tok }) => {
            if matches!(tok, '\u{201c}' | '\u{201d}' | '\u{2018}' | '\u{2019}') {
                hint = Some("write a plain quotation mark: ' or \"".to_owned());
            }
            format!("unexpected character {tok:?}")
        }
        other => match unclosed_bracket(source, parsed) {
            Some((place, bracket)) => {
                span = place;
                format!("this {bracket:?} is not closed")
            }
            None => {
                let before = &source.text[..source.text.floor_char_boundary(span.start as usize)];
                if before.trim_end().ends_with("print") {
                    hint = Some("write print(...), as Python 3 does".to_owned());
                }
                lower_case_first(&other.to_string())
            }
        },
    };
    Fail::new(format!("syntax error: {message}"))
        .maybe_hint(hint)
        .at(source, span)
}

/// The innermost bracket still open at the end: the parser complains far below it.
fn unclosed_bracket(source: &Source, parsed: &Parsed<Mod>) -> Option<(Span, char)> {
    let mut open = Vec::new();
    for token in parsed.tokens() {
        match token.kind() {
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => open.push(token.range()),
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace => {
                open.pop();
            }
            _ => {}
        }
    }
    let range = open.pop()?;
    let bracket = source
        .text
        .get(range.start().to_usize()..)?
        .chars()
        .next()?;
    Some((span(range), bracket))
}

fn lower_case_first(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}

fn strings(parsed: &Parsed<Mod>) -> Vec<StringToken> {
    let token = |token: &ruff_python_ast::token::Token| {
        let literal = matches!(token.kind(), TokenKind::String | TokenKind::FStringMiddle);
        let flags = token.string_flags().filter(|_| literal)?;
        Some(StringToken {
            span: span(token.range()),
            raw: flags.prefix().is_raw(),
            triple: flags.is_triple_quoted(),
        })
    };
    parsed.tokens().iter().filter_map(token).collect()
}

fn span(range: TextRange) -> Span {
    Span {
        start: range.start().to_u32(),
        end: range.end().to_u32(),
    }
}

fn span_of(node: &impl Ranged) -> Span {
    span(node.range())
}
