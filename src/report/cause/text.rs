//! What the rules share: noise, places in sources, and making lines presentable.

use super::MOST;

/// Characters of a line that are shown.
const WIDTH: usize = 200;

/// Makes `line` fit for a terminal: no control characters, not too long.
pub(in crate::report) fn tidy(line: &str) -> String {
    let mut shown = String::new();
    for (count, c) in line.trim_end().chars().enumerate() {
        if count == WIDTH {
            // The mark takes the last character's place, so that the width holds.
            shown.pop();
            shown.push('…');
            break;
        }
        match c {
            '\t' => shown.push(' '),
            c if c.is_control() => shown.push('\u{fffd}'),
            c => shown.push(c),
        }
    }
    shown
}

/// Tidies the lines, drops empty and repeated ones, and keeps as many as may be shown.
pub(super) fn presentable(lines: &[&str]) -> Vec<String> {
    let mut shown: Vec<String> = Vec::new();
    let mut left_out = 0;
    for line in lines {
        let stripped = super::ansi::strip(line.as_bytes());
        let line = tidy(&String::from_utf8_lossy(&stripped));
        if line.trim().is_empty() || shown.contains(&line) {
            continue;
        }
        if shown.len() < MOST {
            shown.push(line);
        } else {
            left_out += 1;
        }
    }
    if left_out > 0 {
        shown.truncate(MOST - 1);
        shown.push(format!("... and {} more lines", left_out + 1));
    }
    shown
}

/// Lines that every failed build has and that explain nothing.
pub(super) fn is_noise(line: &str) -> bool {
    let line = line.trim();
    line.is_empty()
        || [
            "RPM build errors:",
            "RPM build warnings:",
            "error: Bad exit status from ",
            "Bad exit status from ",
            "Child return code was:",
            "Executing command:",
            "ninja: build stopped:",
            "+ RPM_EC=",
            "+ jobs -p",
            "++ jobs -p",
            "+ exit 0",
            "+ umask 022",
            "compilation terminated.",
        ]
        .iter()
        .any(|start| line.starts_with(start))
        || is_make_noise(line)
}

fn is_make_noise(line: &str) -> bool {
    after_make(line).is_some_and(|said| {
        said.starts_with("Entering directory ")
            || said.starts_with("Leaving directory ")
            || said.starts_with("*** Waiting for unfinished jobs")
    })
}

/// What make says in `make: …` or `gmake[2]: …`.
pub(super) fn after_make(line: &str) -> Option<&str> {
    let rest = line.trim_start();
    let rest = rest.strip_prefix('g').unwrap_or(rest);
    let rest = rest.strip_prefix("make")?;
    let rest = match rest.strip_prefix('[') {
        Some(level) => level
            .trim_start_matches(|c: char| c.is_ascii_digit())
            .strip_prefix(']')?,
        None => rest,
    };
    rest.strip_prefix(": ")
}

/// The last `count` lines that are not noise, in their order.
pub(super) fn last_meaningful<'a>(lines: &[&'a str], count: usize) -> Vec<&'a str> {
    let mut found: Vec<&str> = lines
        .iter()
        .rev()
        .copied()
        .filter(|line| !is_noise(line))
        .take(count)
        .collect();
    found.reverse();
    found
}

/// Does `head` end with a place in a file, as in `foo.c:12`, `foo.c:12:5` or `foo.ts(3,5)`?
pub(super) fn is_place(head: &str) -> bool {
    let of_numbers = |text: &str| {
        text.bytes().any(|b| b.is_ascii_digit())
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b',' | b' '))
    };
    let (file, numbers) = match head.strip_suffix(')') {
        Some(open) => match open.rsplit_once('(') {
            Some(split) => split,
            None => return false,
        },
        None => match head.rsplit_once(':') {
            Some(split) => split,
            None => return false,
        },
    };
    // A time of day is no file.
    let first = file.split(':').next().unwrap_or(file);
    of_numbers(numbers) && first.bytes().any(|b| b.is_ascii_alphabetic())
}

/// All lines that `wanted` holds for, the first `most` of them.
pub(super) fn all<'a>(
    lines: &[&'a str],
    most: usize,
    wanted: impl Fn(&str) -> bool,
) -> Vec<&'a str> {
    lines
        .iter()
        .copied()
        .filter(|line| wanted(line))
        .take(most)
        .collect()
}

/// Counts the white space that `line` begins with.
pub(super) fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Is this how Python words an exception: `ModuleNotFoundError: No module named 'x'`?
pub(super) fn is_exception(line: &str) -> bool {
    let name = line.split(':').next().unwrap_or(line);
    let last = name.rsplit('.').next().unwrap_or(name);
    ["Error", "Exception", "Exit", "Interrupt", "Failure"]
        .iter()
        .any(|end| last.ends_with(end))
        && last.starts_with(|c: char| c.is_ascii_uppercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_presentable() {
        assert_eq!(tidy("a\tb\u{7}c  "), "a b\u{fffd}c");
        assert_eq!(tidy(&"ü".repeat(200)), "ü".repeat(200));
        assert_eq!(tidy(&"ü".repeat(201)), format!("{}…", "ü".repeat(199)));
        assert_eq!(
            presentable(&["\x1b[31mred\x1b[m", "", "red", "  two "]),
            ["red", "  two"]
        );
        let many: Vec<String> = (0..20).map(|n| n.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let shown = presentable(&many);
        assert_eq!(shown.len(), MOST);
        assert_eq!(shown[MOST - 2..], ["10", "... and 9 more lines"]);
    }

    #[test]
    fn places_are_files_with_numbers() {
        for place in ["foo.c:12", "src/a b.c:12:5", "x.ts(3,5)", "a.y:3.1-5"] {
            assert!(is_place(place), "{place}");
        }
        for other in ["foo.c", "foo.c:", "12:30:45", "f(x)", "note", ":3", ""] {
            assert!(!is_place(other), "{other}");
        }
    }

    #[test]
    fn make_is_recognised_at_every_level() {
        assert_eq!(after_make("make: *** x"), Some("*** x"));
        assert_eq!(after_make("gmake[12]: Entering"), Some("Entering"));
        assert_eq!(after_make("makefile: x"), None);
        assert_eq!(after_make("make[x]: y"), None);
    }

    #[test]
    fn exceptions_have_class_names() {
        for yes in [
            "ValueError",
            "KeyError: 'x'",
            "a.b.BuildError: c",
            "SystemExit: 1",
        ] {
            assert!(is_exception(yes), "{yes}");
        }
        for no in [
            "error: x",
            "An Error: x",
            "TestFailures: 1",
            "",
            "lowerError: x",
        ] {
            assert!(!is_exception(no), "{no}");
        }
    }
}
