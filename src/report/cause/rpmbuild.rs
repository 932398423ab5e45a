//! What rpmbuild itself says: which part of the spec file failed, and errors of its own.
//!
//! `Executing(%build): …` opens a part and `error: Bad exit status from … (%build)` closes a failed
//! one. rpm's own errors (missing requirements, unpackaged files, a spec file that does not parse)
//! begin with `error: `, and again, indented, below `RPM build errors:` at the very end.

use std::ops::Range;

/// The part of the output in which the failure is.
pub(super) struct Failed<'a> {
    pub(super) section: Option<&'a str>,
    pub(super) lines: Range<usize>,
    /// A script of the spec file failed, not rpm itself.
    pub(super) script: bool,
}

pub(super) fn failed_part<'a>(lines: &[&'a str]) -> Failed<'a> {
    // The last one: a test may run rpmbuild, too. rpm repeats it, indented, at the very end.
    let bad_exit = lines
        .iter()
        .rposition(|line| line.starts_with("error: Bad exit status from "))
        .or_else(|| {
            lines
                .iter()
                .rposition(|line| bad_exit_section(line).is_some())
        })
        .and_then(|at| Some((at, bad_exit_section(lines[at])?)));
    if let Some((at, section)) = bad_exit {
        let start = lines[..at]
            .iter()
            .rposition(|line| executing(line) == Some(section))
            .map_or(0, |at| at + 1);
        // What a program wrote before rpm's line may be read after it: there are two pipes.
        let end = lines[at..]
            .iter()
            .position(|line| line.starts_with("RPM build "))
            .map_or(lines.len(), |offset| at + offset);
        return Failed {
            section: Some(section),
            lines: start..end,
            script: true,
        };
    }
    let executing_at = lines.iter().rposition(|line| executing(line).is_some());
    let packaging = lines[executing_at.unwrap_or(0)..]
        .iter()
        .any(|line| is_about_files(line));
    Failed {
        section: if packaging {
            Some("%files")
        } else {
            executing_at.and_then(|at| executing(lines[at]))
        },
        lines: executing_at.map_or(0, |at| at + 1)..lines.len(),
        script: false,
    }
}

/// The section in `error: Bad exit status from /var/tmp/rpm-tmp.x (%build)`.
fn bad_exit_section(line: &str) -> Option<&str> {
    let said = line.strip_prefix("error: ").unwrap_or(line).trim();
    let (_, section) = said
        .strip_prefix("Bad exit status from ")?
        .rsplit_once(" (")?;
    section.strip_suffix(')')
}

/// The section in `Executing(%build): /bin/sh -e /var/tmp/rpm-tmp.x`.
fn executing(line: &str) -> Option<&str> {
    let (section, _) = line.strip_prefix("Executing(")?.split_once("):")?;
    section.starts_with('%').then_some(section)
}

fn is_about_files(line: &str) -> bool {
    line.starts_with("Processing files: ")
        || line.starts_with("Checking for unpackaged file(s)")
        || line.starts_with("error: Installed (but unpackaged) file(s) found")
        || line.starts_with("error: File not found: ")
}

/// rpm's own errors with the lines that belong to them.
pub(super) fn own_errors<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut inside = false;
    for line in lines.iter().copied() {
        // From here on everything is said a second time.
        if line.starts_with("RPM build errors:") {
            break;
        }
        if let Some(error) = line.strip_prefix("error: ") {
            found.push(error);
            inside = true;
        } else if inside && line.starts_with([' ', '\t']) && !is_warning(line) {
            found.push(line);
        } else if !line.trim().is_empty() {
            inside = false;
        }
    }
    if found.is_empty() {
        repeated_errors(lines)
    } else {
        found
    }
}

fn repeated_errors<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    lines
        .iter()
        .copied()
        .skip_while(|line| !line.starts_with("RPM build errors:"))
        .skip(1)
        .take_while(|line| line.is_empty() || line.starts_with([' ', '\t']))
        .filter(|line| !is_warning(line))
        .collect()
}

/// Some versions of rpm put warnings among the errors.
fn is_warning(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("warning:")
        || line.ends_with(" does not exist - using root")
        || line.starts_with("Deprecated ")
}
