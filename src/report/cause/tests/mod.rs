//! Logs of failed builds, as the tools print them, and what is to be found in each.

mod check;
mod compile;
mod configure;
mod rpmbuild;
mod script;
mod transaction;

use super::{of_build, of_transaction};

/// Asserts what is found in a build's whole output.
#[track_caller]
fn build(log: &str, section: Option<&str>, cause: &str) {
    let lines: Vec<&str> = log.trim_start_matches('\n').lines().collect();
    let found = of_build(&lines);
    assert_eq!(found.lines.join("\n"), cause.trim_matches('\n'));
    assert_eq!(found.section.as_deref(), section);
}

/// Asserts what is found when `output` is what a section's script printed before it failed.
#[track_caller]
fn section(name: &str, output: &str, cause: &str) {
    let output = output.trim_matches('\n');
    let log = format!(
        "Executing(%prep): /bin/sh -e /var/tmp/rpm-tmp.eTwnb1\n\
         + umask 022\n\
         + cd /builddir/build/BUILD\n\
         old.c:1:1: error: from an earlier section\n\
         + exit 0\n\
         Executing({name}): /bin/sh -e /var/tmp/rpm-tmp.h8aJQ2\n\
         + umask 022\n\
         + cd /builddir/build/BUILD\n\
         {output}\n\
         error: Bad exit status from /var/tmp/rpm-tmp.h8aJQ2 ({name})\n\
         \n\
         RPM build errors:\n    \
             Bad exit status from /var/tmp/rpm-tmp.h8aJQ2 ({name})\n"
    );
    build(&log, Some(name), cause);
}

/// Asserts what is found in a package manager's output.
#[track_caller]
fn transaction(output: &str, cause: &str) {
    let lines: Vec<&str> = output.trim_start_matches('\n').lines().collect();
    assert_eq!(of_transaction(&lines).join("\n"), cause.trim_matches('\n'));
}
