//! Compilers, linkers and what drives them: make, ninja, cargo, go, maven, npm.
//!
//! The first error counts: later ones are often its consequences, and in a parallel build the
//! driver's own last words come long after it.

use super::text::{after_make, all, is_noise, is_place};

/// gcc, clang and everything that words its errors like them: `foo.c:12:5: error: …`.
pub(super) fn compiler<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let Some(first) = lines.iter().position(|line| is_error(line)) else {
        return Vec::new();
    };
    let before = lines[..first].iter().rev().take(3);
    let mut found: Vec<&str> = before
        .take_while(|line| leads_to_error(line))
        .copied()
        .collect();
    found.reverse();
    found.push(lines[first]);
    found.extend(excerpt(&lines[first + 1..]));
    found.extend(all(&lines[first + 1..], 4, is_error));
    found
}

fn is_error(line: &str) -> bool {
    const WORDS: &[&str] = &[
        ": error: ",
        ": fatal error: ",
        ": internal compiler error: ",
        ": Error: ",
        ": error TS",
    ];
    if line.starts_with("conftest.") || is_link_error(line) {
        return false;
    }
    WORDS.iter().any(|words| match line.split_once(words) {
        Some((head, _)) => is_place(head.trim_start()) || is_compiler(head),
        None => false,
    })
}

/// Errors without a place begin with the program's name.
fn is_compiler(head: &str) -> bool {
    let program = head.rsplit('/').next().unwrap_or(head);
    let program = program.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '-' | '.'));
    matches!(
        program,
        "cc" | "cc1plus"
            | "cc1obj"
            | "gcc"
            | "g++"
            | "c++"
            | "clang"
            | "clang++"
            | "as"
            | "f"
            | "gfortran"
            | "lto"
            | "swiftc"
            | "rustc"
    ) && !head.contains(' ')
}

fn leads_to_error(line: &str) -> bool {
    line.starts_with("In file included from ")
        || line.trim_start().starts_with("from ")
        || (line.ends_with(':')
            && [
                ": In function ",
                ": In member function ",
                ": At global scope",
                ": In ",
            ]
            .iter()
            .any(|words| line.contains(words)))
}

/// The source line with the caret below it, in the new form (`12 | x = y`) or the old one.
fn excerpt<'a>(after: &[&'a str]) -> Vec<&'a str> {
    let margined = |line: &&&str| {
        let line = line.trim_start();
        let line = line.trim_start_matches(|c: char| c.is_ascii_digit());
        line.trim_start().starts_with('|')
    };
    let new_form: Vec<&str> = after.iter().take_while(margined).take(4).copied().collect();
    if !new_form.is_empty() {
        return new_form;
    }
    match after {
        [source, caret, ..] if is_caret(caret) && !is_error(source) => vec![source, caret],
        _ => Vec::new(),
    }
}

fn is_caret(line: &str) -> bool {
    line.contains('^') && line.chars().all(|c| matches!(c, ' ' | '\t' | '^' | '~'))
}

/// The linker: what is missing or twice there, and where it is wanted.
pub(super) fn linker<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let Some(first) = lines.iter().position(|line| is_link_error(line)) else {
        return Vec::new();
    };
    let wanted_in = lines[..first]
        .last()
        .filter(|line| line.contains(": in function "));
    let mut found: Vec<&str> = wanted_in.into_iter().copied().collect();
    found.extend(all(&lines[first..], 7, |line| {
        is_link_error(line)
            || line.contains(": in function ")
            || line.trim_start().starts_with(">>> referenced by ")
    }));
    found
}

fn is_link_error(line: &str) -> bool {
    const WORDS: &[&str] = &[
        "undefined reference to ",
        ": multiple definition of ",
        ": cannot find -l",
        "error: undefined symbol: ",
        "error: duplicate symbol: ",
        "error adding symbols: ",
        ": final link failed: ",
        "recompile with -fPIC",
        "collect2: error: ",
        "ld.lld: error: ",
        "mold: error: ",
        "mold: fatal: ",
        "error: linker command failed ",
    ];
    WORDS.iter().any(|words| line.contains(words)) && !line.contains(": warning: ")
}

/// rustc and cargo: the first error with its excerpt.
pub(super) fn rust<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let is_ours =
        |line: &str| line.starts_with("error[E") || line.starts_with("error: could not compile `");
    if !lines.iter().any(|line| is_ours(line)) {
        return Vec::new();
    }
    let errors = |line: &str| line.starts_with("error[E") || line.starts_with("error: ");
    let Some(first) = lines.iter().position(|line| errors(line)) else {
        return Vec::new();
    };
    let shown = lines[first + 1..]
        .iter()
        .take_while(|line| !line.trim().is_empty() && !errors(line))
        .take(6);
    let mut found = vec![lines[first]];
    found.extend(shown);
    found.extend(all(&lines[first + 1..], 4, errors));
    found
}

/// The go command and its compiler, which says no "error": `./main.go:5:2: undefined: x`.
pub(super) fn go<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let is_place_in_go = |line: &str| {
        line.split_once(".go:").is_some_and(|(file, rest)| {
            rest.starts_with(|c: char| c.is_ascii_digit())
                && rest.contains(": ")
                && !file.contains(char::is_whitespace)
        })
    };
    let is_go = |line: &str| {
        line.strip_prefix("go: ").is_some_and(|said| {
            ![
                "downloading ",
                "finding ",
                "extracting ",
                "added ",
                "upgraded ",
            ]
            .iter()
            .any(|start| said.starts_with(start))
        })
    };
    let found = all(lines, 8, |line| is_place_in_go(line) || is_go(line));
    // Programs log with such places too; the compiler names the package before them.
    let compiled = lines.iter().any(|line| line.starts_with("# "));
    if compiled
        || found
            .iter()
            .any(|line| is_go(line) || line.contains("no required module"))
    {
        found
    } else {
        Vec::new()
    }
}

/// Maven and gradle.
pub(super) fn java<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    if let Some(at) = lines.iter().position(|line| *line == "* What went wrong:") {
        return lines[at + 1..]
            .iter()
            .take_while(|line| !line.starts_with("* "))
            .take(8)
            .copied()
            .collect();
    }
    all(lines, 8, |line| {
        line.strip_prefix("[ERROR] ").is_some_and(|said| {
            !said.trim().is_empty()
                && ![
                    "-> [Help",
                    "To see the full stack",
                    "Re-run Maven",
                    "For more information",
                    "[Help ",
                ]
                .iter()
                .any(|start| said.starts_with(start))
        })
    })
}

pub(super) fn npm<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    all(lines, 8, |line| {
        (line.starts_with("npm ERR! ") || line.starts_with("npm error "))
            && !line.contains("A complete log of this run")
    })
}

/// ninja prints a failed edge, its command, then the command's output.
pub(super) fn ninja<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    if let Some(own) = lines.iter().find(|line| line.starts_with("ninja: error: ")) {
        return vec![own];
    }
    let Some(first) = lines.iter().position(|line| line.starts_with("FAILED: ")) else {
        return Vec::new();
    };
    let output = lines[first + 1..]
        .iter()
        .skip(1)
        .take_while(|line| !line.starts_with('[') && !line.starts_with("ninja: "))
        .filter(|line| !is_noise(line))
        .take(8);
    let mut found = vec![lines[first]];
    found.extend(output);
    found
}

/// make: the first target that failed, and what was said just before.
pub(super) fn make<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let Some(first) = lines.iter().position(|line| is_failed_target(line)) else {
        return Vec::new();
    };
    if lines[first].contains("*** No rule to make target") {
        return vec![lines[first]];
    }
    let mut found = super::text::last_meaningful(&lines[..first], 6);
    found.push(lines[first]);
    found
}

fn is_failed_target(line: &str) -> bool {
    after_make(line).is_some_and(|said| {
        said.starts_with("*** ") && !said.starts_with("*** Waiting") && !said.ends_with("(ignored)")
    }) || line
        .split_once(": *** ")
        .is_some_and(|(head, said)| is_place(head) && said.ends_with(".  Stop."))
}
