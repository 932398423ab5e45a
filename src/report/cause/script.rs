//! What stops a script of the spec file when no compiler or test does.

use super::text::{all, indent, is_exception, is_noise, last_meaningful};

/// Checks that rpm's macros run at the end of `%install`.
pub(super) fn packaging_checks<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    all(lines, 8, |line| {
        line.starts_with("*** ERROR: ")
            || line.starts_with("ERROR   0")
            || (line.starts_with("Found '") && line.ends_with("' in installed files; aborting"))
    })
}

/// Python: the innermost place and the exception of the last traceback.
pub(super) fn traceback<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    const TITLE: &str = "Traceback (most recent call last):";
    let Some(at) = lines.iter().rposition(|line| line.trim() == TITLE) else {
        return Vec::new();
    };
    let margin = indent(lines[at]);
    let mut place = None;
    for (offset, line) in lines[at + 1..].iter().copied().enumerate() {
        if line.trim_start().starts_with("File \"") {
            place = Some(line);
        }
        if !line.trim().is_empty() && indent(line) <= margin {
            // A program's own words may follow, or the message's further lines.
            let more = lines[at + 2 + offset..].iter().copied();
            let more = more.filter(|line| !is_noise(line)).take(2);
            let mut found: Vec<&str> = place.into_iter().collect();
            found.push(line);
            if is_exception(line.trim_start()) {
                found.extend(more.take_while(|line| !line.starts_with("+ ")));
            }
            return found;
        }
    }
    Vec::new()
}

/// The shell's own complaint, if the script ended soon after it.
pub(super) fn shell<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let last = last_meaningful(lines, 5);
    let Some(at) = last
        .iter()
        .rposition(|line| line.starts_with("/var/tmp/rpm-tmp.") && line.contains(": "))
    else {
        return Vec::new();
    };
    // The trace shows which command it was about.
    let traced = last[..at].iter().rev().find(|line| line.starts_with("+ "));
    let mut found: Vec<&str> = traced.into_iter().copied().collect();
    found.extend(&last[at..]);
    found
}

/// A line that calls itself an error, near the end, and what follows it.
pub(super) fn said_error<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    const WORDS: &[&str] = &[
        "error:",
        "Error:",
        "ERROR:",
        "fatal:",
        "Fatal:",
        "FATAL:",
        "Fatal error:",
        "fatal error:",
        "*** Error",
        "ERROR ",
    ];
    let last = last_meaningful(lines, 40);
    let says = |line: &&str| {
        let line = line.trim_start();
        WORDS.iter().any(|words| line.starts_with(words)) && !line.contains("cannot be preloaded")
    };
    let Some(at) = last.iter().rposition(says) else {
        return Vec::new();
    };
    // Several in a row belong together.
    let start = last[..at].iter().rposition(|line| !says(line));
    let start = start
        .map_or(0, |before| before + 1)
        .max(at.saturating_sub(5));
    last[start..].iter().copied().take(at - start + 5).collect()
}
