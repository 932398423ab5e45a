//! Why a package manager refused: yum, dnf 4, dnf 5, microdnf.
//!
//! Their decisive words differ by version but stay recognisable one line at a time; a problem's
//! details follow it, indented or with a dash. Retries say everything again, which is shown once.

use super::text::{is_noise, last_meaningful, presentable};

/// Finds why the package manager failed in the last `lines` it printed.
pub(crate) fn of_transaction(lines: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut inside = false;
    // Of the scriptlet that runs; its end is told after what it says.
    let mut output = Vec::new();
    // What rpm found wrong before it began follows, one line each.
    let mut problems = false;
    for line in lines.iter().copied() {
        let said = said(line);
        if said.contains(SCRIPTLET_FAILED) {
            found.retain(|line| !output.contains(line));
            found.append(&mut output);
        }
        output.push(said);
        if is_chatter(said) {
            inside = false;
            output.clear();
        } else if said.starts_with(PROBLEMS) {
            problems = true;
        } else if begins_a_cause(said) {
            found.push(said);
            inside = true;
            problems = false;
        } else if problems && !said.is_empty() {
            found.push(said);
        } else if inside && is_detail(line) {
            found.push(line);
        } else if PARTS.iter().any(|part| said.contains(part)) {
            found.push(said);
            inside = true;
        } else if !said.is_empty() {
            inside = false;
        }
    }
    if found.is_empty() {
        let spoken: Vec<&str> = lines
            .iter()
            .copied()
            .filter(|line| !is_chatter(said(line)))
            .collect();
        found = last_meaningful(&spoken, 8);
    }
    // The bare title says nothing once there is something below it.
    if found.len() > 1 {
        found
            .retain(|line| !matches!(line.trim(), "Error:" | "Failed to resolve the transaction:"));
    }
    same_once(&mut found);
    presentable(&found)
}

/// Retries of a download differ in how long they took and in nothing else. On a full disk every
/// package says what it and those before it need: one tells enough beside the sum, else the last.
fn same_once(found: &mut Vec<&str>) {
    const NEEDS: &str = " more space on the ";
    let mut seen = std::collections::HashSet::new();
    let summed = found
        .iter()
        .any(|line| line.contains("more space needed on the "));
    let mut others = found.iter().filter(|line| line.contains(NEEDS)).count();
    let mut first = true;
    found.retain(|line| {
        if line.contains(NEEDS) {
            others -= 1;
            return if summed {
                std::mem::take(&mut first)
            } else {
                others == 0
            };
        }
        let untimed = line.replace(|c: char| c.is_ascii_digit(), "");
        !line.contains("Curl error") || seen.insert(untimed)
    });
}

/// The words without dnf 5's mark for details of a transaction.
fn said(line: &str) -> &str {
    let line = line.trim();
    line.strip_prefix(">>>").map_or(line, str::trim_start)
}

const PROBLEMS: &str = "Transaction couldn't start:";

const SCRIPTLET_FAILED: &str = " scriptlet failed, ";

fn begins_a_cause(line: &str) -> bool {
    STARTS.iter().any(|start| line.starts_with(start)) || is_problem(line)
}

/// `Problem: …`, `Problem 2: …`.
fn is_problem(line: &str) -> bool {
    line.strip_prefix("Problem").is_some_and(|rest| {
        rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ')
            .starts_with(':')
    })
}

const STARTS: &[&str] = &[
    "Error:",
    "error:",
    "Errors during downloading metadata",
    "Failed to ",
    "No matching package",
    "No match for ",
    "No package ",
    "No Package ",
    "Unable to ",
    "Module or Group ",
    "Missing groups or modules:",
    "missing groups or modules:",
    "Cannot ",
    "Public key for ",
    "GPG Keys are configured as:",
    "PGP check for package ",
    "Signature verification failed",
    "Import of key(s) didn't help",
    "Transaction failed",
    "Transaction check error:",
    "Transaction test error:",
    "Rpm transaction failed",
    "Disk Requirements:",
    "Error in ",
    "Error unpacking ",
    "Librepo error:",
    "Unknown argument ",
    "Unknown option",
    "No such command:",
    "Command line error:",
    "[RPM] ",
    "Failed:",
    "Out of memory",
];

const PARTS: &[&str] = &[
    "nothing provides ",
    " is not available",
    "Curl error (",
    "curl#",
    "GPG check FAILED",
    "Insufficient space",
    "No space left on device",
    "more space needed on the ",
    SCRIPTLET_FAILED,
    "conflicts with file from package",
    "conflicts between attempted installs",
    ": command not found",
    "install failed",
    "unpacking of archive failed",
    " has incorrect checksum",
    " is not signed",
    "No more mirrors to try",
    "[Errno ",
];

/// Continues what a decisive line began.
fn is_detail(line: &str) -> bool {
    !said(line).is_empty() && (line.starts_with([' ', '\t', '-']) || line.starts_with(">>>"))
}

/// Advice and progress, however it is indented.
fn is_chatter(line: &str) -> bool {
    is_noise(line)
        || [
            "(try to ",
            "You can try to ",
            "--skip-",
            "--nobest ",
            "--allowerasing ",
            "Complete!",
            "Last metadata expiration check",
            "Updating and loading repositories",
            "Repositories loaded",
            "Failed loading plugin",
            "The downloaded packages were saved in cache",
            "You can remove cached packages",
            "Trying other mirror.",
            "You could try ",
            "Running ",
            "Preparing  ",
            "Installing  ",
            "Upgrading  ",
            "Erasing  ",
            "Cleanup  ",
            "Verifying  ",
        ]
        .iter()
        .any(|start| line.starts_with(start))
}
