//! Backslashes that the original reads differently in an included file.
//!
//! It pastes an included file as the replacement of a regular expression, which takes one level
//! of backslashes away. That is not imitated; a file that depends on it is pointed out.

use super::ast::{Module, Span, StringToken};
use super::source::Source;

pub(super) const WARNING: &str = "the original reads this backslash differently, because it \
     takes one level of them away from included files; here the file means what it says";

/// The first such place.
pub(super) fn read_differently(source: &Source, module: &Module) -> Option<Span> {
    module
        .strings
        .iter()
        .find_map(|token| in_string(source, *token))
}

fn in_string(source: &Source, token: StringToken) -> Option<Span> {
    let text = source
        .text
        .get(token.span.start as usize..token.span.end as usize)?;
    let mut chars = text.char_indices().peekable();
    while let Some((offset, char)) = chars.next() {
        if char != '\\' {
            continue;
        }
        let (_, escaped) = chars.next()?;
        let following = chars.peek().map(|(_, following)| *following);
        if differs(escaped, following, token) {
            let start = token.span.start + u32::try_from(offset).ok()?;
            return Some(Span {
                start,
                end: start + 2,
            });
        }
    }
    None
}

fn differs(escaped: char, following: Option<char>, token: StringToken) -> bool {
    match escaped {
        // One backslash is left, in front of what follows.
        '\\' => token.raw || following.is_none_or(starts_escape),
        // These become the character that they stand for already in the pasted text.
        'a' | 'b' | 'f' | 't' | 'v' => token.raw,
        'n' => token.raw || !token.triple,
        // A group reference, or an error.
        _ => escaped.is_ascii_alphanumeric(),
    }
}

fn starts_escape(following: char) -> bool {
    matches!(
        following,
        '\\' | '\'' | '"' | '\n' | 'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v'
    ) || matches!(following, '0'..='7' | 'x' | 'u' | 'U' | 'N')
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::rc::Rc;

    use super::*;
    use crate::config::cfg::syntax;

    fn place(text: &str) -> Option<String> {
        let source = Rc::new(Source::new(Path::new("f"), text, 0));
        let module = syntax::parse(&source).expect("valid");
        read_differently(&source, &module).map(|span| source.place(span))
    }

    #[test]
    fn what_differs() {
        let same = [
            r"x = '\$VERSION_ID'",
            r"x = 'a\\$VERSION_ID'",
            r"x = 'it\'s'",
            r"x = 'a\tb'",
            "x = '''a\\nb'''",
            "x = 'a\\\nb'",
            "x = 1 # \\d",
            r"x = f'{y}\$'",
        ];
        for text in same {
            assert_eq!(place(text), None, "{text}");
        }
        let different = [
            (r"x = 'a\nb'", "f:1:7"),
            (r"x = r'\033[0m'", "f:1:7"),
            (r"x = '\\n'", "f:1:6"),
            (r"x = 'a\\'", "f:1:7"),
            (r"x = '\d'", "f:1:6"),
            (r"x = '\x41'", "f:1:6"),
            (r"x = 'a' '\1'", "f:1:10"),
            (r"x = r'\\$'", "f:1:7"),
            (r"x = f'{y}\d'", "f:1:10"),
            (r"x = '\\\\'", "f:1:6"),
        ];
        for (text, expected) in different {
            assert_eq!(place(text).as_deref(), Some(expected), "{text}");
        }
    }
}
