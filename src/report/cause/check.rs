//! Failed tests: which, and the first one's complaint where the tool prints it in a known form.

use super::text::{all, is_exception};

/// ctest lists the failed ones at the end.
pub(super) fn ctest<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let Some(at) = lines
        .iter()
        .position(|line| line.starts_with("The following tests FAILED:"))
    else {
        return Vec::new();
    };
    let counted = lines[..at].iter().rev().take(4);
    let mut found: Vec<&str> = counted
        .filter(|line| line.contains("% tests passed, "))
        .copied()
        .collect();
    found.push(lines[at]);
    found.extend(
        lines[at + 1..]
            .iter()
            .take_while(|line| line.trim_start().starts_with(|c: char| c.is_ascii_digit())),
    );
    found
}

/// meson does, too.
pub(super) fn meson<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let Some(at) = lines
        .iter()
        .position(|line| line.starts_with("Summary of Failures:"))
    else {
        return Vec::new();
    };
    lines[at..]
        .iter()
        .copied()
        .take_while(|line| !line.starts_with("Ok:"))
        .collect()
}

pub(super) fn pytest<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let failed = |line: &str| {
        ["FAILED ", "ERROR "].iter().any(|word| {
            line.strip_prefix(word)
                .is_some_and(|test| test.contains("::") || test.contains(".py"))
        })
    };
    let is_counts = |line: &str| {
        line.starts_with("==") && (line.contains(" failed") || line.contains(" error"))
    };
    let mut found = all(lines, 6, failed);
    if found.is_empty() {
        return found;
    }
    found.extend(all(lines, 3, |line| line.starts_with("E   ")));
    found.extend(lines.iter().rev().find(|line| is_counts(line)));
    found
}

pub(super) fn cargo<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let mut found = all(lines, 6, |line| {
        line.starts_with("test ") && line.ends_with(" ... FAILED")
    });
    if found.is_empty() {
        return found;
    }
    let panicked = |line: &&str| line.starts_with("thread '") && line.contains(" panicked at ");
    if let Some(at) = lines.iter().position(panicked) {
        let message = lines[at..].iter().take(3);
        found.extend(message.take_while(|line| !line.starts_with("note: ")));
    }
    found.extend(all(lines, 2, |line| {
        line.starts_with("test result: FAILED")
    }));
    found
}

pub(super) fn go<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let Some(first) = lines
        .iter()
        .position(|line| line.trim_start().starts_with("--- FAIL: "))
    else {
        return all(lines, 6, |line| line.starts_with("FAIL\t"));
    };
    let complaint = lines[first + 1..]
        .iter()
        .take_while(|line| line.starts_with("    ") && !line.trim_start().starts_with("---"))
        .take(3);
    let mut found = vec![lines[first]];
    found.extend(complaint);
    found.extend(all(&lines[first + 1..], 6, |line| {
        line.trim_start().starts_with("--- FAIL: ") || line.starts_with("FAIL\t")
    }));
    found
}

pub(super) fn googletest<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let failed = |line: &str| line.trim_start().starts_with("[  FAILED  ] ");
    if !lines.iter().any(|line| failed(line)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    if let Some(at) = lines.iter().position(|line| line.ends_with(": Failure")) {
        let complaint = lines[at..].iter().take(5);
        found.extend(complaint.take_while(|line| !failed(line)).copied());
    }
    found.extend(all(lines, 6, failed));
    found
}

/// The test harness's report, and the first test's own words.
pub(super) fn perl<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    if !lines.iter().any(|line| line.starts_with("Result: FAIL")) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let own = |line: &&str| line.trim_start().starts_with("#   Failed test ");
    if let Some(at) = lines.iter().position(own) {
        let complaint = lines[at..].iter().take(4);
        found.extend(complaint.take_while(|line| line.trim_start().starts_with('#')));
    }
    found.extend(all(lines, 6, |line| line.contains("(Wstat: ")));
    found.extend(all(lines, 1, |line| line.starts_with("Failed ")));
    found
}

pub(super) fn rspec<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let mut found = all(lines, 8, |line| line.starts_with("rspec ./"));
    if !found.is_empty() {
        found.extend(all(lines, 1, |line| line.contains(" examples, ")));
    }
    found
}

/// Automake's `FAIL: name`, which Python's unittest and others have as well.
pub(super) fn named_failures<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let named = |line: &str| {
        ["FAIL: ", "ERROR: ", "XPASS: "].iter().any(|word| {
            line.strip_prefix(word).is_some_and(|name| {
                // `ERROR: ` is said by everybody; a test has a short name, or a class behind it.
                *word != "ERROR: " || name.starts_with("test") || !name.contains(' ')
            })
        }) || (line.contains(" FAILED (") && line.contains(".at:"))
    };
    let mut found = all(lines, 7, named);
    if found.is_empty() {
        return found;
    }
    // unittest prints the exception below the name; take the first.
    let from = lines.iter().position(|line| named(line)).unwrap_or(0);
    found.extend(lines[from..].iter().find(|line| is_exception(line)));
    found.extend(all(lines, 3, is_count));
    found
}

fn is_count(line: &str) -> bool {
    line.starts_with("FAILED (")
        || ["# FAIL:", "# ERROR:", "# XPASS:"].iter().any(|word| {
            line.strip_prefix(word)
                .is_some_and(|count| count.trim() != "0")
        })
}
