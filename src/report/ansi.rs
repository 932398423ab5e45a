//! Takes colours out of what goes into log files.
//!
//! Only "select graphic rendition" (`ESC [ … m`) and "erase in line" (`ESC [ … K`) go, each with
//! the shift-in byte some terminfo entries put behind it: those are what compilers and package
//! managers print. Everything else stays, so that a log shows what a program really wrote.

use std::borrow::Cow;

const ESCAPE: u8 = 0x1b;
const SHIFT_IN: u8 = 0x0f;

/// Returns `line` without colour and erase sequences; borrows when there are none.
pub(super) fn strip(line: &[u8]) -> Cow<'_, [u8]> {
    if !line.contains(&ESCAPE) {
        return Cow::Borrowed(line);
    }
    let mut kept = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some((&first, after)) = rest.split_first() {
        if first == ESCAPE
            && let Some(length) = sequence_length(rest)
        {
            rest = &rest[length..];
        } else {
            kept.push(first);
            rest = after;
        }
    }
    Cow::Owned(kept)
}

/// The length of the sequence that `bytes` begins with, if it is one that goes.
fn sequence_length(bytes: &[u8]) -> Option<usize> {
    let parameters = bytes.strip_prefix(&[ESCAPE, b'['])?;
    let count = parameters
        .iter()
        .take_while(|byte| matches!(byte, b'0'..=b'9' | b';' | b':'))
        .count();
    if !matches!(parameters.get(count), Some(b'm' | b'K')) {
        return None;
    }
    let end = 2 + count + 1;
    Some(end + usize::from(bytes.get(end) == Some(&SHIFT_IN)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_and_erasing_go_the_rest_stays() {
        let cases: &[(&[u8], &[u8])] = &[
            (b"plain", b"plain"),
            (b"", b""),
            (b"\x1b[01m\x1b[Kfoo.c:1:\x1b[m\x1b[K bad", b"foo.c:1: bad"),
            (b"\x1b[38;5;9mred\x1b[0m", b"red"),
            (b"\x1b[38:2::1:2:3mred\x1b[m", b"red"),
            (b"\x1b[m\x0fshift", b"shift"),
            (b"\x0falone stays", b"\x0falone stays"),
            (b"\x1b[2Jclear stays", b"\x1b[2Jclear stays"),
            (b"\x1b]0;title\x07stays", b"\x1b]0;title\x07stays"),
            (b"cut off \x1b[01", b"cut off \x1b[01"),
            (b"lone \x1b", b"lone \x1b"),
            (b"\x1b\x1b[mtwo", b"\x1btwo"),
            (b"\xff\x1b[mnot utf-8\xfe", b"\xffnot utf-8\xfe"),
        ];
        for (given, wanted) in cases {
            assert_eq!(
                strip(given),
                *wanted,
                "{:?}",
                String::from_utf8_lossy(given)
            );
        }
    }
}
