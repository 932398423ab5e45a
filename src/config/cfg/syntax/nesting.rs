//! How deep a text's syntax tree can become, measured on the tokens alone.
//!
//! An upper bound, not a count: within one bracket level, every token that may put the rest of
//! the expression one level deeper counts until something ends its reach. A closing bracket that
//! does not match closes nothing here, so an erroneous text is never taken for a flatter one
//! than the parser's error recovery makes of it.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::Mode;
use ruff_python_parser::lexer::lex;

/// Brackets, operators before an operand, postfix chains and indentation, all together.
const MAX_NESTING: usize = 100;
/// Operators between operands. Their trees lean to the left and are flattened by a loop.
const MAX_CHAIN: usize = 1000;

/// What one bracket level has open.
#[derive(Clone, Copy, Default)]
struct Level {
    closer: Option<TokenKind>,
    /// Operators between operands.
    chain: usize,
    /// `.x`, `(..)`, `[..]` behind an operand: until the next operator.
    postfix: usize,
    /// `not`, `-`, `*` before an operand: until `and`, `or` or a comma.
    prefix: usize,
    /// `if`, `else`, `**`, `:` and the like: until a comma.
    sticky: usize,
    /// `lambda` and `yield`, whose own lists have commas: until the end of the statement.
    lasting: usize,
}

impl Level {
    fn depth(&self) -> usize {
        1 + self.postfix + self.prefix + self.sticky + self.lasting
    }
}

/// A text whose tree could be too deep, and the place to say so at.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TooDeep {
    /// The token with which it becomes too deep.
    Here(u32),
    /// The outermost bracket that is open there. Most likely it was forgotten to close it.
    InBracket(u32),
}

pub(super) fn too_deep(text: &str) -> Option<TooDeep> {
    match exceeds(text)?.outermost {
        // The lexer does not say where a token is, so the place is found by bisection.
        Some(nth) => bisect(text, |part| brackets(part) > nth).map(TooDeep::InBracket),
        None => bisect(text, |part| exceeds(part).is_some()).map(TooDeep::Here),
    }
}

/// The last byte of the shortest beginning of `text` that satisfies `reached`.
fn bisect(text: &str, reached: impl Fn(&str) -> bool) -> Option<u32> {
    let (mut before, mut after) = (0, text.len());
    while before + 1 < after {
        let middle = text.floor_char_boundary(before.midpoint(after));
        if middle <= before {
            break;
        }
        if reached(&text[..middle]) {
            after = middle;
        } else {
            before = middle;
        }
    }
    u32::try_from(before).ok()
}

fn brackets(text: &str) -> usize {
    let mut lexer = lex(text, Mode::Module);
    let mut count = 0;
    loop {
        match lexer.next_token() {
            TokenKind::EndOfFile => return count,
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => count += 1,
            _ => {}
        }
    }
}

struct Excess {
    /// The number of the outermost open bracket among all brackets of the text.
    outermost: Option<usize>,
}

fn exceeds(text: &str) -> Option<Excess> {
    let mut lexer = lex(text, Mode::Module);
    let mut levels = vec![Level::default()];
    let mut indents = 0usize;
    // The sums over all levels but the innermost.
    let (mut outer_depth, mut outer_chain) = (0, 0);
    let mut after_operand = false;
    let mut brackets = 0;
    let mut outermost = None;
    loop {
        let kind = lexer.next_token();
        if kind == TokenKind::EndOfFile {
            return None;
        }
        let alone = levels.len() == 1;
        let level = levels.last_mut()?;
        match kind {
            TokenKind::Comment | TokenKind::NonLogicalNewline => continue,
            TokenKind::Indent => indents += 1,
            TokenKind::Dedent => indents = indents.saturating_sub(1),
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => {
                if after_operand {
                    level.postfix += 1;
                }
                outer_depth += level.depth();
                outer_chain += level.chain;
                if alone {
                    outermost = Some(brackets);
                }
                brackets += 1;
                levels.push(Level {
                    closer: Some(closer(kind)),
                    ..Level::default()
                });
            }
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace => {
                if level.closer == Some(kind) {
                    levels.pop();
                    if let Some(level) = levels.last() {
                        outer_depth -= level.depth();
                        outer_chain -= level.chain;
                    }
                }
            }
            _ => level.count(kind, after_operand),
        }
        after_operand = ends_operand(kind);
        let (depth, chain) = levels
            .last()
            .map_or((0, 0), |level| (level.depth(), level.chain));
        if outer_depth + depth + indents > MAX_NESTING || outer_chain + chain > MAX_CHAIN {
            let outermost = outermost.filter(|_| levels.len() > 1);
            return Some(Excess { outermost });
        }
    }
}

impl Level {
    fn count(&mut self, kind: TokenKind, after_operand: bool) {
        match kind {
            kind if ends_operand(kind) => {}
            TokenKind::FStringStart | TokenKind::FStringMiddle | TokenKind::TStringMiddle => {}
            TokenKind::Newline | TokenKind::Semi => {
                // Only a bracket that is open for the parser too keeps a statement going.
                if self.closer.is_none() {
                    *self = Self::default();
                }
            }
            TokenKind::Comma => {
                *self = Self {
                    closer: self.closer,
                    lasting: self.lasting,
                    ..Self::default()
                };
            }
            TokenKind::And | TokenKind::Or => {
                self.chain += 1;
                self.postfix = 0;
                self.prefix = 0;
            }
            TokenKind::Dot => self.postfix += 1,
            TokenKind::Not | TokenKind::Tilde | TokenKind::Await => self.prefix += 1,
            TokenKind::Lambda | TokenKind::Yield => self.lasting += 1,
            kind if is_left_associative(kind) && after_operand => {
                self.chain += 1;
                self.postfix = 0;
            }
            kind if is_left_associative(kind) => self.prefix += 1,
            _ => self.sticky += 1,
        }
    }
}

fn closer(opener: TokenKind) -> TokenKind {
    match opener {
        TokenKind::Lpar => TokenKind::Rpar,
        TokenKind::Lsqb => TokenKind::Rsqb,
        _ => TokenKind::Rbrace,
    }
}

fn ends_operand(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::Name
            | TokenKind::Int
            | TokenKind::Float
            | TokenKind::Complex
            | TokenKind::String
            | TokenKind::FStringEnd
            | TokenKind::TStringEnd
            | TokenKind::True
            | TokenKind::False
            | TokenKind::None
            | TokenKind::Ellipsis
            | TokenKind::Rpar
            | TokenKind::Rsqb
            | TokenKind::Rbrace
    )
}

fn is_left_associative(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::Plus
            | TokenKind::Minus
            | TokenKind::Star
            | TokenKind::Slash
            | TokenKind::DoubleSlash
            | TokenKind::Percent
            | TokenKind::At
            | TokenKind::Vbar
            | TokenKind::Amper
            | TokenKind::CircumFlex
            | TokenKind::LeftShift
            | TokenKind::RightShift
            | TokenKind::EqEqual
            | TokenKind::NotEqual
            | TokenKind::Less
            | TokenKind::LessEqual
            | TokenKind::Greater
            | TokenKind::GreaterEqual
            | TokenKind::In
            | TokenKind::Is
    )
}

#[cfg(test)]
mod tests {
    use super::{TooDeep, too_deep};

    #[test]
    fn ordinary_texts_pass() {
        let sum = vec!["os.path.join(a, '-b')"; 300].join(" + ");
        let pairs = "(('a', -1), {'b': not c, 'd': x.y.z[0](1)}), ".repeat(5000);
        let lines = "if a in b and c or not d: x = [e if f else g for h in i]\n".repeat(5000);
        let sorted = "sorted(a, key=lambda b: b), ".repeat(200);
        let table = [
            format!("x = {sum}\n"),
            format!("x = [{pairs}]\n"),
            lines,
            format!("x = [{sorted}]\n"),
            format!("x = {}1{}\n", "[".repeat(90), "]".repeat(90)),
            "'\"\"\"[[[['\n".repeat(1000),
        ];
        for text in table {
            assert_eq!(too_deep(&text), None, "{:.80}", text);
        }
    }

    #[test]
    fn deep_texts_are_refused_with_their_place() {
        let many = 100_000;
        assert_eq!(too_deep(&"[".repeat(many)), Some(TooDeep::InBracket(0)));
        let unclosed = format!("a = [1]\nx = (\n{}", "y = 1\n".repeat(many));
        assert_eq!(too_deep(&unclosed), Some(TooDeep::InBracket(12)));
        let negated = format!("x = [1]\ny = {}", "-".repeat(many));
        assert_eq!(too_deep(&negated), Some(TooDeep::Here(110)));
        let nested = [
            "not ",
            "-",
            "~",
            "lambda: ",
            "a if b else ",
            "1 ** ",
            "1 + ",
            "x.",
            "x(",
            "{1: ",
            "[*",
            "await ",
            "f'{",
            "(a := ",
            "x[",
            "yield ",
            "lambda a, b: ",
            "x and lambda: ",
            "a == not ",
            "a + *",
            "([)",
            "a = ",
            "'' % ",
            "x < ",
            "(yield a, ",
        ];
        for part in nested {
            assert!(too_deep(&part.repeat(many)).is_some(), "{part}");
        }
        let indented: String = (0..200)
            .map(|n| format!("{}if a:\n", " ".repeat(n)))
            .collect();
        assert!(too_deep(&indented).is_some());
    }
}
