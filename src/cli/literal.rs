//! Python literals on the command line: `--plugin-option bind_mount:dirs=[("/a", "/b")]`.
//!
//! The parser is ruff's, but a command line may come from a web form: before parsing, the tokens
//! are checked to be those of a literal, nested no deeper than a person would. That leaves the
//! parser no operator chain or subscript chain to build a deep tree from.

use indexmap::IndexMap;
use ruff_python_ast::token::TokenKind;
use ruff_python_ast::{Expr, Number, UnaryOp};
use ruff_python_parser::{Mode, lexer, parse_expression};

use crate::config::Value;

const MAX_BYTES: usize = 64 * 1024;
const MAX_DEPTH: usize = 64;

/// The value of `text` if it is a literal made of strings, numbers, `True`, `False`, `None`,
/// tuples, lists and dictionaries with string keys. Anything else, such as bytes, a set, or an
/// integer wider than 64 bits, is `None`.
pub(super) fn python_literal(text: &str) -> Option<Value> {
    let text = text.trim();
    if text.len() > MAX_BYTES || !is_shallow_literal(text) {
        return None;
    }
    value(parse_expression(text).ok()?.expr())
}

fn is_shallow_literal(text: &str) -> bool {
    let mut lexer = lexer::lex(text, Mode::Expression);
    let mut depth = 0;
    // Whether a new value may begin: not directly behind another one.
    let mut value_may_begin = true;
    loop {
        match lexer.next_token() {
            TokenKind::EndOfFile => return depth == 0,
            TokenKind::Newline | TokenKind::NonLogicalNewline => {}
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => {
                depth += 1;
                if depth > MAX_DEPTH || !value_may_begin {
                    return false;
                }
            }
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace => {
                if depth == 0 {
                    return false;
                }
                depth -= 1;
                value_may_begin = false;
            }
            TokenKind::Plus | TokenKind::Minus => {
                if !value_may_begin {
                    return false;
                }
                value_may_begin = false;
            }
            TokenKind::Comma | TokenKind::Colon => value_may_begin = true,
            TokenKind::Int
            | TokenKind::Float
            | TokenKind::String
            | TokenKind::True
            | TokenKind::False
            | TokenKind::None => value_may_begin = false,
            _ => return false,
        }
    }
}

fn value(expr: &Expr) -> Option<Value> {
    match expr {
        Expr::NoneLiteral(_) => Some(Value::None),
        Expr::BooleanLiteral(literal) => Some(Value::Bool(literal.value)),
        Expr::StringLiteral(literal) => Some(Value::Str(literal.value.to_str().to_owned())),
        Expr::NumberLiteral(literal) => match &literal.value {
            Number::Int(int) => int.as_i64().map(Value::Int),
            Number::Float(float) => Some(Value::Float(*float)),
            Number::Complex { .. } => None,
        },
        Expr::UnaryOp(unary) => match (unary.op, value(&unary.operand)?) {
            (UnaryOp::USub, Value::Int(int)) => Some(Value::Int(-int)),
            (UnaryOp::USub, Value::Float(float)) => Some(Value::Float(-float)),
            (UnaryOp::UAdd, number @ (Value::Int(_) | Value::Float(_))) => Some(number),
            _ => None,
        },
        Expr::Tuple(tuple) => values(&tuple.elts).map(Value::Tuple),
        Expr::List(list) => values(&list.elts).map(Value::List),
        Expr::Dict(dict) => {
            let mut map = IndexMap::new();
            for item in &dict.items {
                let Expr::StringLiteral(key) = item.key.as_ref()? else {
                    return None;
                };
                map.insert(key.value.to_str().to_owned(), value(&item.value)?);
            }
            Some(Value::Dict(map))
        }
        _ => None,
    }
}

fn values(elements: &[Expr]) -> Option<Vec<Value>> {
    elements.iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(text: &str) -> Value {
        Value::from(text)
    }

    #[test]
    fn literals() {
        let pair = |a, b| Value::Tuple(vec![s(a), s(b)]);
        let cases = [
            (
                r#"(("/host/wd", "/mnt/wd"), ("/host/res", "/mnt/res"))"#,
                Value::Tuple(vec![
                    pair("/host/wd", "/mnt/wd"),
                    pair("/host/res", "/mnt/res"),
                ]),
            ),
            ("[('a', 'b')]", Value::List(vec![pair("a", "b")])),
            ("'a', 'b',", pair("a", "b")),
            ("[]", Value::List(vec![])),
            ("()", Value::Tuple(vec![])),
            ("('a')", s("a")),
            ("'a' 'b'", s("ab")),
            (r"'a\tb'", s("a\tb")),
            ("True", Value::Bool(true)),
            ("False", Value::Bool(false)),
            ("None", Value::None),
            ("42", Value::Int(42)),
            (" -0x10 ", Value::Int(-16)),
            ("+1_000", Value::Int(1000)),
            ("-1.5e3", Value::Float(-1500.0)),
            (
                "{'a': [1, None], 'b': {}}",
                Value::Dict(IndexMap::from([
                    (
                        "a".to_owned(),
                        Value::List(vec![Value::Int(1), Value::None]),
                    ),
                    ("b".to_owned(), Value::Dict(IndexMap::new())),
                ])),
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(python_literal(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn not_literals() {
        for text in [
            "",
            "4G",
            "/a/b",
            "true",
            "b'bytes'",
            "f'{x}'",
            "{1, 2}",
            "{1: 2}",
            "1 + 2",
            "--1",
            "-'a'",
            "1j",
            "[1][0]",
            "(1)(2)",
            "[1",
            "1]",
            "(1 2)",
            "lambda: 1",
            "not True",
            "99999999999999999999",
            "'unterminated",
        ] {
            assert_eq!(python_literal(text), None, "{text}");
        }
    }

    #[test]
    fn depth_and_length_are_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(python_literal(&nested(MAX_DEPTH)).is_some());
        assert_eq!(python_literal(&nested(MAX_DEPTH + 1)), None);
        for deep in [
            "-".repeat(MAX_BYTES),
            "[".repeat(MAX_BYTES),
            "(1)".repeat(MAX_BYTES / 3),
            "1+".repeat(MAX_BYTES / 2 - 1) + "1",
        ] {
            assert_eq!(python_literal(&deep), None);
        }
        let quoted = |bytes: usize| format!("'{}'", "x".repeat(bytes - 2));
        assert!(python_literal(&quoted(MAX_BYTES)).is_some());
        assert_eq!(python_literal(&quoted(MAX_BYTES + 1)), None);
    }
}
