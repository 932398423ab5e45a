//! Sources that do not unpack and patches that do not apply.

use super::text::all;

/// `patch` and `git apply`: the patch, the file, the hunks.
pub(super) fn patch<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let Some(first) = lines.iter().position(|line| is_refused(line)) else {
        return Vec::new();
    };
    let before = &lines[..first];
    let name = before.iter().rev().find(|line| line.starts_with("Patch #"));
    let file = before
        .iter()
        .rev()
        .take(8)
        .find(|line| line.starts_with("patching file ") || line.starts_with("Applying: "));
    let mut found: Vec<&str> = name.into_iter().chain(file).copied().collect();
    found.extend(all(&lines[first..], 6, is_refused));
    found
}

fn is_refused(line: &str) -> bool {
    line.contains(" hunk FAILED -- ")
        || line.contains(" hunks FAILED -- ")
        || line.contains(" hunk ignored")
        || line.contains(" hunks ignored")
        || (line.starts_with("Hunk #") && line.contains(" FAILED at "))
        || line.starts_with("Reversed (or previously applied) patch detected!")
        || line.starts_with("can't find file to patch at input line ")
        || line.contains(": malformed patch at line ")
        || line.starts_with("patch: **** ")
        || line.starts_with("error: patch failed: ")
        || (line.starts_with("error: ")
            && (line.ends_with(": patch does not apply")
                || line.ends_with(": does not exist in index")))
        || line.starts_with("error: corrupt patch at ")
}
